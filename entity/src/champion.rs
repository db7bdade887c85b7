//! A volunteer Digital Champion, from first sign-up to leaving.

use rules::champion::Membership;
use rules::id::{AccountId, ChampionId, ClientId};
use sea_orm::entity::prelude::*;

/// A volunteer Digital Champion, from first sign-up to leaving.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "champion")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChampionId,
    pub number: i32,
    pub account_id: Option<AccountId>,
    pub full_name: String,
    pub known_as: Option<String>,
    /// Both names in lower case, for searching: neither database folds every script by itself.
    pub name_key: String,
    pub email: String,
    pub email_key: String,
    pub email_confirmed_at: Option<DateTimeUtc>,
    pub phone_raw: Option<String>,
    pub phone_e164: Option<String>,
    pub postcode: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub ward: Option<String>,
    pub birth_date: Option<Date>,
    pub membership: Membership,
    pub membership_changed_at: DateTimeUtc,
    pub reach_metres: i32,
    pub remote_only: bool,
    pub most_per_week: Option<i32>,
    pub last_asked_at: Option<DateTimeUtc>,
    pub source_client_id: Option<ClientId>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

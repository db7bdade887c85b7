//! One sign-in on one device: a family of refresh tokens.

use rules::id::{AccountId, SignInId};
use rules::sign_in::{EndReason, Method};
use sea_orm::entity::prelude::*;

/// One sign-in on one device: a family of refresh tokens.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SignInId,
    pub account_id: AccountId,
    pub epoch: i64,
    pub method: Method,
    pub device: String,
    pub generation: i32,
    pub rotated_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub end_reason: Option<EndReason>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

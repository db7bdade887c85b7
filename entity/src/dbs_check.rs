//! A DBS check. What a certificate discloses is never stored, nor its image.

use rules::dbs::{DbsLevel, DbsStatus, DbsWorkforce};
use rules::id::{AccountId, ChampionId, DbsCheckId, OrganisationId};
use sea_orm::entity::prelude::*;

/// A DBS check. What a certificate discloses is never stored, nor its image.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dbs_check")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DbsCheckId,
    pub champion_id: ChampionId,
    pub level: DbsLevel,
    pub workforce: DbsWorkforce,
    pub adults_barred: bool,
    pub children_barred: bool,
    pub status: DbsStatus,
    pub application_reference: Option<String>,
    pub certificate_number: Option<String>,
    pub printed_name: Option<String>,
    pub issued_on: Option<Date>,
    pub seen_by: Option<AccountId>,
    pub seen_at: Option<DateTimeUtc>,
    pub decided_by: Option<AccountId>,
    pub decided_on: Option<Date>,
    pub conditions: Option<String>,
    pub recheck_due_on: Option<Date>,
    pub position: Option<String>,
    pub obtained_by: Option<OrganisationId>,
    pub content_removed_at: Option<DateTimeUtc>,
    pub version: i64,
    pub requested_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! One step of a DBS check; never changed.

use rules::dbs::DbsStatus;
use rules::id::{AccountId, DbsCheckId};
use sea_orm::entity::prelude::*;

/// One step of a DBS check; never changed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dbs_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub check_id: DbsCheckId,
    pub from_status: Option<DbsStatus>,
    pub to_status: DbsStatus,
    pub at: DateTimeUtc,
    pub actor_id: Option<AccountId>,
    pub note: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

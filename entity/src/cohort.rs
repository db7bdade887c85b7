//! A dated training session, with so many seats.

use rules::cohort::CohortStatus;
use rules::id::{AccountId, CohortId, ModuleId};
use sea_orm::entity::prelude::*;

/// A dated training session, with so many seats.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cohort")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CohortId,
    pub module_id: ModuleId,
    pub on_date: Date,
    pub start_time: Time,
    pub place: String,
    pub capacity: i32,
    pub status: CohortStatus,
    pub created_by: Option<AccountId>,
    pub created_at: DateTimeUtc,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

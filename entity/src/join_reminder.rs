//! That an applicant was reminded to join the DBS Update Service. Once.

use rules::id::DbsCheckId;
use sea_orm::entity::prelude::*;

/// That an applicant was reminded to join the DBS Update Service. Once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "join_reminder")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: DbsCheckId,
    pub sent_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

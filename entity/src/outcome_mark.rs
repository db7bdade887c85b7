//! How many learners worked on something, or got somewhere.

use rules::id::OutcomeId;
use rules::outcome::MarkKind;
use sea_orm::entity::prelude::*;

/// How many learners worked on something, or got somewhere.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outcome_mark")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub outcome_id: OutcomeId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: MarkKind,
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub learners: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

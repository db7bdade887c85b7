//! A training module.

use rules::id::ModuleId;
use sea_orm::entity::prelude::*;

/// A training module.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "training_module")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ModuleId,
    pub code: String,
    pub title: String,
    pub summary: String,
    pub minutes: i32,
    pub valid_months: Option<i32>,
    pub version: i32,
    pub active: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

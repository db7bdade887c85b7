//! One version of a requirement of the champion role.

use rules::id::{ModuleId, RequirementId};
use rules::requirement::RequirementKind;
use sea_orm::entity::prelude::*;

/// One version of a requirement of the champion role.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "requirement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RequirementId,
    pub kind: RequirementKind,
    pub name: String,
    pub position: i32,
    pub module_id: Option<ModuleId>,
    pub count: i32,
    pub valid_months: Option<i32>,
    pub in_force_from: Date,
    pub superseded_on: Option<Date>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

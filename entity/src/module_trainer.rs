//! Who may mark a module complete.

use rules::id::{AccountId, ModuleId};
use sea_orm::entity::prelude::*;

/// Who may mark a module complete.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "module_trainer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub module_id: ModuleId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

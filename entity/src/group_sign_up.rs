//! Whether champions take places of a group's sessions by themselves.

use rules::id::GroupId;
use sea_orm::entity::prelude::*;

/// Whether champions take places of a group's sessions by themselves.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "group_sign_up")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: GroupId,
    pub open: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

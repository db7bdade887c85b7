//! Dates on which a group does not meet, both included.

use rules::id::{ClosureId, GroupId};
use sea_orm::entity::prelude::*;

/// Dates on which a group does not meet, both included.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "group_closure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClosureId,
    pub group_id: GroupId,
    pub from_on: Date,
    pub until_on: Date,
    pub name: String,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

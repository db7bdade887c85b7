//! A role of an account; a group leader's also names the group.

use rules::id::{AccountId, GroupId};
use rules::policy::Role;
use sea_orm::entity::prelude::*;

/// A role of an account; a group leader's also names the group.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "role_grant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub account_id: AccountId,
    pub role: Role,
    pub group_id: Option<GroupId>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

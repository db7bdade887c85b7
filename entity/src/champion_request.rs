//! A group leader's request for champions at a session.

use rules::id::{AccountId, GroupId, RequestId, SessionId};
use sea_orm::entity::prelude::*;

/// A group leader's request for champions at a session.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "champion_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RequestId,
    pub number: i32,
    pub group_id: GroupId,
    pub session_id: SessionId,
    pub requested_by: Option<AccountId>,
    pub message: String,
    pub withdrawn_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

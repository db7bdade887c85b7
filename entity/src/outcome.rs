//! What a session did, without anybody's name: one row a step, and the last one stands.

use rules::id::{AccountId, OutcomeId, SessionId};
use sea_orm::entity::prelude::*;

/// What a session did, without anybody's name: one row a step, and the last one stands.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outcome")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutcomeId,
    pub session_id: SessionId,
    pub step: i32,
    pub learners: i32,
    pub recorded_by: Option<AccountId>,
    pub recorded_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

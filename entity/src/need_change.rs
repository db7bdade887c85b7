//! When anything that a session asks of a champion changed last. Triggers write it, so that no writer can forget to.

use rules::id::SessionId;
use sea_orm::entity::prelude::*;

/// When anything that a session asks of a champion changed last; the session of zeros stands for what all share.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "need_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    /// The transaction on PostgreSQL; on SQLite, where one writes at a time, a number that grows.
    pub changed: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

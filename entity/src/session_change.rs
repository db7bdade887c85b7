//! That a session was moved, renamed or called off, and when: what calendars number their versions by.

use rules::id::SessionId;
use rules::session::SessionChangeKind;
use sea_orm::entity::prelude::*;

/// That a session was moved, renamed or called off, and when: what calendars number their versions by.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub kind: SessionChangeKind,
    pub at: DateTimeUtc,
    pub was_starts_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

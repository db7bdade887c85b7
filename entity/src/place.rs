//! One champion needed at a session.

use rules::id::{PlaceId, SessionId};
use rules::session::PlaceKind;
use sea_orm::entity::prelude::*;

/// One champion needed at a session.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "place")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlaceId,
    pub session_id: SessionId,
    pub kind: PlaceKind,
    pub position: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

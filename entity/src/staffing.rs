//! How many of a kind a session needs, and how many would be best.

use rules::id::SessionId;
use rules::session::PlaceKind;
use sea_orm::entity::prelude::*;

/// How many of a kind a session needs, and how many would be best.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "staffing")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: PlaceKind,
    pub minimum: i32,
    pub ideal: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

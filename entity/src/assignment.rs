//! An accepted offer. The session's instants are repeated so that the database itself can refuse a double booking.

use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, OfferId, PlaceId, SessionId};
use sea_orm::entity::prelude::*;

/// An accepted offer. The session's instants are repeated so that the database itself can refuse a double booking.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assignment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssignmentId,
    pub session_id: SessionId,
    pub place_id: PlaceId,
    pub champion_id: ChampionId,
    pub offer_id: Option<OfferId>,
    pub status: AssignmentStatus,
    pub starts_at: DateTimeUtc,
    pub ends_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub ended_reason: Option<String>,
    /// Its session was moved onto another duty of the champion: flagged, and left to people.
    pub clashing: bool,
    /// Its session was moved so near to another duty of the champion that too little time is left to travel: flagged too.
    pub hurried: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

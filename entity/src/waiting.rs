//! A champion who waits for a place at a session that is full.

use rules::id::{ChampionId, OfferId, SessionId, WaitingId};
use rules::session::PlaceKind;
use rules::sign_up::WaitingStatus;
use sea_orm::entity::prelude::*;

/// A champion who waits for a place at a session that is full.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "waiting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WaitingId,
    pub session_id: SessionId,
    pub kind: PlaceKind,
    pub champion_id: ChampionId,
    pub status: WaitingStatus,
    pub offer_id: Option<OfferId>,
    pub joined_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

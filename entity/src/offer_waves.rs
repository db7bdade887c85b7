//! A run of waves: champions asked, the best few first, until a kind of place is filled.

use rules::id::{AccountId, RequestId, SessionId, StandInId, WavesId};
use rules::session::PlaceKind;
use rules::wave::WavesStatus;
use sea_orm::entity::prelude::*;

/// A run of waves: champions asked, the best few first, until a kind of place is filled.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "offer_waves")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WavesId,
    pub request_id: RequestId,
    pub session_id: SessionId,
    pub kind: PlaceKind,
    /// The search for a stand-in it serves; none for places that are open.
    pub stand_in_id: Option<StandInId>,
    pub status: WavesStatus,
    pub urgent: bool,
    pub size: i32,
    pub every_minutes: i32,
    pub message: String,
    pub wave: i32,
    pub next_at: DateTimeUtc,
    pub started_by: Option<AccountId>,
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

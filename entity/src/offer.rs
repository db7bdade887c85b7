//! An invitation to a champion for a kind of place.

use rules::id::{AccountId, ChampionId, OfferBundleId, OfferId, RequestId, SessionId};
use rules::offer::OfferStatus;
use rules::session::PlaceKind;
use sea_orm::entity::prelude::*;

/// An invitation to a champion for a kind of place.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "offer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OfferId,
    pub request_id: RequestId,
    pub session_id: SessionId,
    pub champion_id: ChampionId,
    pub kind: PlaceKind,
    pub status: OfferStatus,
    pub message: String,
    pub sent_by: Option<AccountId>,
    pub sent_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub responded_at: Option<DateTimeUtc>,
    pub decline_reason: Option<String>,
    /// What it was sent with, if several dates were offered at once.
    pub bundle_id: Option<OfferBundleId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

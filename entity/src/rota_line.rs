//! A champion in a place of a planned rota; the offer is there once it is published.

use rules::id::{ChampionId, OfferId, RotaLineId, RotaProposalId, SessionId};
use rules::proposal::LineOrigin;
use rules::session::PlaceKind;
use sea_orm::entity::prelude::*;

/// A champion in a place of a planned rota.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rota_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RotaLineId,
    pub proposal_id: RotaProposalId,
    pub session_id: SessionId,
    pub kind: PlaceKind,
    pub champion_id: ChampionId,
    pub starts_at: DateTimeUtc,
    pub locked: bool,
    pub origin: LineOrigin,
    pub offer_id: Option<OfferId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

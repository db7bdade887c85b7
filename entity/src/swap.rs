//! Two champions exchange their places at two sessions.

use rules::id::{AssignmentId, ChampionId, SwapId};
use rules::swap::SwapStatus;
use sea_orm::entity::prelude::*;

/// Two champions exchange their places at two sessions.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "swap")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SwapId,
    pub proposer_id: ChampionId,
    pub gives_id: AssignmentId,
    pub other_id: ChampionId,
    pub takes_id: AssignmentId,
    pub status: SwapStatus,
    pub message: String,
    pub proposed_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A search for a stand-in; the duty stands until one accepts.

use rules::id::{AssignmentId, ChampionId, SessionId, StandInId};
use rules::stand_in::StandInStatus;
use sea_orm::entity::prelude::*;

/// A search for a stand-in; the duty stands until one accepts.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stand_in")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StandInId,
    pub assignment_id: AssignmentId,
    pub session_id: SessionId,
    pub champion_id: ChampionId,
    pub named_id: Option<ChampionId>,
    pub status: StandInStatus,
    pub reason: Option<String>,
    pub sought_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    /// The assignment of whoever took the duty over.
    pub taken_by: Option<AssignmentId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

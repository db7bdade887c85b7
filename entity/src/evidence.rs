//! Evidence for a requirement: an outcome and a date, never a copy of a document.

use rules::id::{AccountId, ChampionId, EvidenceId, RequirementId};
use rules::requirement::EvidenceOutcome;
use sea_orm::entity::prelude::*;

/// Evidence for a requirement: an outcome and a date, never a copy of a document.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EvidenceId,
    pub champion_id: ChampionId,
    pub requirement_id: RequirementId,
    pub outcome: EvidenceOutcome,
    pub given_on: Date,
    pub note: String,
    pub recorded_by: Option<AccountId>,
    pub recorded_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

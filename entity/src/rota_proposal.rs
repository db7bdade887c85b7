//! A planned rota: what was asked of the planner, how far it is, and what it found.

use rules::id::{AccountId, RotaProposalId};
use rules::proposal::ProposalStatus;
use sea_orm::entity::prelude::*;

/// A planned rota.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rota_proposal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RotaProposalId,
    pub from_date: Date,
    pub until_date: Date,
    pub status: ProposalStatus,
    pub seed: i64,
    pub seconds: i32,
    pub keep_locked_of: Option<RotaProposalId>,
    pub objective: Option<i64>,
    pub bound: Option<i64>,
    pub work: i64,
    pub figures: Option<String>,
    pub requested_by: Option<AccountId>,
    pub published_by: Option<AccountId>,
    pub created_at: DateTimeUtc,
    /// Who plans it: the attempt, not the machine.
    pub runner: Option<Uuid>,
    pub attempts: i32,
    pub heard_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A reference that somebody the champion named is asked for. Who they are goes with the applicant.

use rules::id::{AccountId, ChampionId, EvidenceId, ReferenceId};
use rules::reference::{KnownFor, Recommends, ReferenceLevel, ReferenceStatus};
use sea_orm::entity::prelude::*;

/// A reference that somebody the champion named is asked for. Who they are goes with the applicant.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "referee_reference")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReferenceId,
    pub champion_id: ChampionId,
    pub level: ReferenceLevel,
    pub status: ReferenceStatus,
    pub referee_name: Option<String>,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub how_known: Option<String>,
    pub asked_by: Option<AccountId>,
    pub asked_at: DateTimeUtc,
    pub reminders: i32,
    pub next_at: Option<DateTimeUtc>,
    pub expires_at: DateTimeUtc,
    pub answered_at: Option<DateTimeUtc>,
    pub known_for: Option<KnownFor>,
    pub recommends: Option<Recommends>,
    pub concerns: Option<bool>,
    pub comment: Option<String>,
    pub decided_by: Option<AccountId>,
    pub decided_at: Option<DateTimeUtc>,
    pub evidence_id: Option<EvidenceId>,
    pub removed_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

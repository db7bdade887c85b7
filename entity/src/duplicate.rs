//! Two records that may be one person, why, and what was decided.

use rules::duplicate::DuplicateStatus;
use rules::id::{AccountId, ChampionId, DuplicateId};
use sea_orm::entity::prelude::*;

/// Two records that may be one person, why, and what was decided.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DuplicateId,
    pub first_id: ChampionId,
    pub second_id: ChampionId,
    /// The codes of the reasons, with blanks between.
    pub reasons: String,
    pub status: DuplicateStatus,
    pub found_at: DateTimeUtc,
    pub decided_by: Option<AccountId>,
    pub decided_at: Option<DateTimeUtc>,
    pub survivor_id: Option<ChampionId>,
    pub comment: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A requirement that is not asked of one champion, for a while.

use rules::id::{AccountId, ChampionId, ExemptionId, RequirementId};
use sea_orm::entity::prelude::*;

/// A requirement that is not asked of one champion, for a while.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "exemption")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExemptionId,
    pub champion_id: ChampionId,
    pub requirement_id: RequirementId,
    pub comment: String,
    pub from_on: Date,
    pub until_on: Date,
    pub granted_by: Option<AccountId>,
    pub granted_at: DateTimeUtc,
    pub ended_by: Option<AccountId>,
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A champion's completion of a module. Taking it back is an event of its own on the row; nothing is deleted.

use rules::id::{AccountId, ChampionId, CompletionId, ModuleId};
use sea_orm::entity::prelude::*;

/// A champion's completion of a module. Taking it back is an event of its own on the row; nothing is deleted.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "completion")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CompletionId,
    pub champion_id: ChampionId,
    pub module_id: ModuleId,
    pub module_version: i32,
    pub completed_on: Date,
    pub expires_on: Option<Date>,
    pub trainer_id: Option<AccountId>,
    pub note: String,
    pub recorded_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_by: Option<AccountId>,
    pub revoke_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

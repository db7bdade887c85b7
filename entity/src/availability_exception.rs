//! Leave or extra time on dated days.

use rules::availability::ExceptionKind;
use rules::id::{ChampionId, ExceptionId};
use sea_orm::entity::prelude::*;

/// Leave or extra time on dated days.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "availability_exception")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExceptionId,
    pub champion_id: ChampionId,
    pub kind: ExceptionKind,
    pub first_date: Date,
    pub last_date: Date,
    pub starts: Option<Time>,
    pub ends: Option<Time>,
    pub zone: String,
    pub reason: Option<String>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

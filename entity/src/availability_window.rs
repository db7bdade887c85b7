//! A weekly span of wall-clock time.

use rules::availability::Weekday;
use rules::id::{ChampionId, WindowId};
use rules::session::Modality;
use sea_orm::entity::prelude::*;

/// A weekly span of wall-clock time.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "availability_window")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WindowId,
    pub champion_id: ChampionId,
    pub weekday: Weekday,
    pub starts: Time,
    pub ends: Time,
    pub zone: String,
    pub every_weeks: i32,
    pub valid_from: Date,
    pub valid_until: Option<Date>,
    /// For sessions held in this way alone.
    pub modality: Option<Modality>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! How often a champion wants to be asked and to help.

use rules::id::ChampionId;
use sea_orm::entity::prelude::*;

/// How often a champion wants to be asked and to help.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "champion_pace")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub champion_id: ChampionId,
    pub most_per_month: Option<i32>,
    /// Nobody asks before this.
    pub quiet_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

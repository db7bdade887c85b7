//! When anything that matching reads of a champion changed last. Triggers write it, so that no writer can forget to.

use rules::id::ChampionId;
use sea_orm::entity::prelude::*;

/// When anything that matching reads of a champion changed last.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "champion_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub champion_id: ChampionId,
    /// The transaction on PostgreSQL; on SQLite, where one writes at a time, a number that grows.
    pub changed: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

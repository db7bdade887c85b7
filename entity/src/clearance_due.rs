//! Champions who have to be judged again since a fact about many has changed.

use rules::id::ChampionId;
use sea_orm::entity::prelude::*;

/// A champion who has to be judged again since a fact about many has changed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "clearance_due")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub champion_id: ChampionId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

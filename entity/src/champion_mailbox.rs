//! The mailbox a champion's address reaches, to find who signs up twice.

use rules::id::ChampionId;
use sea_orm::entity::prelude::*;

/// The mailbox a champion's address reaches, to find who signs up twice.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "champion_mailbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub champion_id: ChampionId,
    pub mailbox: String,
    /// When others like them were looked for; none if that is still to be done.
    pub looked_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

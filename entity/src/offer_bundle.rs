//! Several dates of a group, offered to a champion at once.

use rules::id::{ChampionId, GroupId, OfferBundleId};
use sea_orm::entity::prelude::*;

/// Several dates of a group, offered to a champion at once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "offer_bundle")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OfferBundleId,
    pub group_id: GroupId,
    pub champion_id: ChampionId,
    pub message: String,
    pub sent_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A consent as it was given; never changed but for its withdrawal.

use rules::id::{ChampionId, ConsentId};
use rules::input::ConsentPurpose;
use sea_orm::entity::prelude::*;

/// A consent as it was given; never changed but for its withdrawal.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsentId,
    pub champion_id: ChampionId,
    pub purpose: ConsentPurpose,
    pub wording_version: String,
    pub given: bool,
    pub given_at: DateTimeUtc,
    pub channel: String,
    pub withdrawn_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Whom to call in an emergency. Somebody else's data: deleted as soon as the champion leaves.

use rules::id::ChampionId;
use sea_orm::entity::prelude::*;

/// Whom to call in an emergency. Somebody else's data: deleted as soon as the champion leaves.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "emergency_contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub champion_id: ChampionId,
    pub full_name: String,
    pub relation: String,
    pub phone_raw: String,
    pub phone_e164: String,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

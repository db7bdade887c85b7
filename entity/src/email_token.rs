//! A link sent by e-mail. The row alone is worth nothing: the link also carries a MAC under a key the database never sees.

use rules::id::ChampionId;
use sea_orm::entity::prelude::*;

/// A link sent by e-mail. The row alone is worth nothing: the link also carries a MAC under a key the database never sees.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "email_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub champion_id: ChampionId,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Somebody is on the way through the identity provider: one browser, once, for minutes. Hashes only.

use sea_orm::entity::prelude::*;

/// Somebody is on the way through the identity provider: one browser, once, for minutes. Hashes only.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_attempt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub state_hash: String,
    pub browser_hash: String,
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

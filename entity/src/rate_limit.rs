//! How full a bucket of `rules::limit` is; the key is a fingerprint, never an address.

use sea_orm::entity::prelude::*;

/// How full a bucket of `rules::limit` is; the key is a fingerprint, never an address.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_limit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Milliseconds since the epoch.
    pub empty_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

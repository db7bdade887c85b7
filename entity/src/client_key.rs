//! A key or secret of a partner client. It is shown once; its SHA-256 is kept.

use rules::id::{ClientId, ClientKeyId};
use sea_orm::entity::prelude::*;

/// A key or secret of a partner client. It is shown once; its SHA-256 is kept.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "client_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientKeyId,
    pub client_id: ClientId,
    pub hash: String,
    pub prefix: String,
    pub created_at: DateTimeUtc,
    /// When it ends: set when it is rotated, or revoked.
    pub expires_at: Option<DateTimeUtc>,
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

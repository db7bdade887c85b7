//! A sign-in that is under way at an OpenID Connect provider. State, nonce and verifier follow from a secret the caller keeps.

use sea_orm::entity::prelude::*;

/// A sign-in that is under way at an OpenID Connect provider. State, nonce and verifier follow from a secret the caller keeps.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oidc_flow")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub redirect_uri: String,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

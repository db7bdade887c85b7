//! A partner website or app. The key is shown once; its SHA-256 is kept.

use rules::id::{ClientId, OrganisationId};
use rules::policy::ClientKind;
use sea_orm::entity::prelude::*;

/// A partner website or app. The key is shown once; its SHA-256 is kept.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_client")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientId,
    pub organisation_id: Option<OrganisationId>,
    pub name: String,
    pub kind: ClientKind,
    pub key_prefix: String,
    pub key_hash: String,
    pub origins: String,
    /// The scopes its tokens may have, as a JSON list of codes.
    pub scopes: String,
    pub created_at: DateTimeUtc,
    pub disabled_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

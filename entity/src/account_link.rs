//! A link to sign in or to choose a new password. The row alone is worth nothing: the link also carries a MAC.

use rules::id::AccountId;
use rules::sign_in::LinkPurpose;
use sea_orm::entity::prelude::*;

/// A link to sign in or to choose a new password. The row alone is worth nothing: the link also carries a MAC.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "account_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// None if nobody has the address it was asked for: no message goes out.
    pub account_id: Option<AccountId>,
    pub purpose: LinkPurpose,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A refresh token that was given out: its SHA-256, and its place in the family.

use rules::id::SignInId;
use sea_orm::entity::prelude::*;

/// A refresh token that was given out: its SHA-256, and its place in the family.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub sign_in_id: SignInId,
    pub generation: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

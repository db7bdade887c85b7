//! A role that came with a group of the identity provider, and goes with it. Roles without such a row were given by hand.

use sea_orm::entity::prelude::*;

/// A role that came with a group of the identity provider, and goes with it. Roles without such a row were given by hand.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_role")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub grant_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

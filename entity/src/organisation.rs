//! An alliance partner.

use rules::id::OrganisationId;
use rules::input::OrganisationKind;
use sea_orm::entity::prelude::*;

/// An alliance partner.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrganisationId,
    pub slug: String,
    pub name: String,
    pub kind: OrganisationKind,
    pub description: String,
    pub asks_acceptance: bool,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

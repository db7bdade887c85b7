//! A community group that offers digital support.

use rules::id::{GroupId, OrganisationId, VenueId};
use sea_orm::entity::prelude::*;

/// A community group that offers digital support.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "community_group")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GroupId,
    pub organisation_id: OrganisationId,
    pub venue_id: Option<VenueId>,
    pub slug: String,
    pub name: String,
    pub description: String,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Where sessions happen; the point and ward come from the postcode.

use rules::id::{OrganisationId, VenueId};
use sea_orm::entity::prelude::*;

/// Where sessions happen; the point and ward come from the postcode.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "venue")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VenueId,
    pub organisation_id: Option<OrganisationId>,
    pub slug: String,
    pub name: String,
    pub address: String,
    pub postcode: String,
    pub latitude: f64,
    pub longitude: f64,
    pub ward: Option<String>,
    pub step_free: bool,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

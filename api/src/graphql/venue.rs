//! Venues.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::venue;
use rules::directory::{CannotAddVenue, VenueCreateErrorCode};
use rules::geo::areas_of;
use rules::id::VenueId;
use rules::input::{line, spaced_postcode};
use rules::policy::{Action, Relation};

use super::context::Ctx;
use super::id::{self, NodeId};
use super::once::once;
use super::organisation::{Organisation, named};
use super::paging::{Args, connection};
use super::problem::{Problem, settle};
use crate::error::{Refusal, malformed};
use crate::service::directory::{NewVenue, create_venue};
use crate::store::directory::{VENUES, venues};

/// Where sessions happen.
#[derive(Clone, Debug)]
pub struct Venue(pub venue::Model);

/// Where sessions happen.
#[Object]
impl Venue {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Machine name.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// Name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// House and street.
    async fn address(&self) -> &str {
        &self.0.address
    }

    /// Postcode, as people write it.
    async fn postcode(&self) -> String {
        spaced_postcode(&self.0.postcode)
    }

    /// Electoral ward (ONS code); null outside Stockport.
    async fn ward(&self) -> Option<&str> {
        self.0.ward.as_deref()
    }

    /// The areas it lies in, by which champions say where they help: its outward code, and its ward where that is known.
    async fn areas(&self) -> Vec<String> {
        areas_of(&self.0.postcode, self.0.ward.as_deref())
    }

    /// WGS 84 latitude in degrees, to five decimals.
    async fn latitude(&self) -> f64 {
        self.0.latitude
    }

    /// WGS 84 longitude in degrees, to five decimals.
    async fn longitude(&self) -> f64 {
        self.0.longitude
    }

    /// Whether it can be reached without steps.
    async fn step_free(&self) -> bool {
        self.0.step_free
    }

    /// Whose it is, if it is a partner's.
    async fn organisation(&self, ctx: &Context<'_>) -> Option<Result<Organisation>> {
        ctx.rows().maybe(self.0.organisation_id).await.transpose().map(|row| row.map(Organisation))
    }
}

connection!(VenueConnection, VenueEdge, Venue, "venues", venue, |row: &venue::Model| row.name.clone());

/// Queries.
#[derive(Default, Debug)]
pub struct VenueQuery;

#[Object]
impl VenueQuery {
    /// Venues, by name. With a client key, or signed in.
    async fn venues(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<VenueConnection>> {
        if !ctx.may(Action::DirectoryRead, Relation::Other) {
            return None;
        }
        Some(VenueConnection::read(ctx, venues(), VENUES, Args { first, after, last, before }).await)
    }
}

/// Input of `venueCreate`.
#[derive(InputObject, Debug)]
pub struct VenueCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whose it is, if it is a partner's.
    organisation_id: Option<ID>,
    /// Machine name: lower-case letters, digits and single dashes.
    slug: String,
    /// Name, up to 120 characters.
    name: String,
    /// House and street, up to 200 characters.
    address: String,
    /// Postcode in any case and spacing; the point and ward come from it.
    postcode: String,
    /// Whether it can be reached without steps.
    step_free: bool,
}

/// Result of `venueCreate`.
#[derive(SimpleObject, Debug)]
pub struct VenueCreatePayload {
    /// The new venue; null if there are errors.
    venue: Option<Venue>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<VenueCreateErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct VenueMutation;

#[Object]
impl VenueMutation {
    /// Add a venue. Coordinators and administrators.
    async fn venue_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The venue.")] input: VenueCreateInput,
    ) -> Option<Result<VenueCreatePayload>> {
        Some(payload(ctx, input).await)
    }
}

async fn payload(ctx: &Context<'_>, input: VenueCreateInput) -> Result<VenueCreatePayload> {
    let (id, user_errors) = settle(create(ctx, input).await)?;
    Ok(VenueCreatePayload { venue: ctx.rows().maybe(id).await?.map(Venue), user_errors })
}

async fn create(ctx: &Context<'_>, input: VenueCreateInput) -> Result<VenueId, Refusal<CannotAddVenue>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let organisation = input.organisation_id.map(|id| id::at(&id, "organisationId")).transpose()?;
    let new = NewVenue {
        named: named(input.slug, input.name, String::new())?,
        organisation,
        address: line("address", &input.address, 200).map_err(malformed)?,
        location: ctx.app().postcodes.locate("postcode", &input.postcode).map_err(malformed)?,
        step_free: input.step_free,
    };
    create_venue(ctx.app(), ctx.call(), once, new).await
}

//! Organisations.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::organisation;
use rules::directory::{CannotAddOrganisation, OrganisationCreateErrorCode};
use rules::id::OrganisationId;
use rules::input::{self, OrganisationKind};
use rules::policy::{Action, Relation};
use rules::reason::Reason;

use super::context::Ctx;
use super::group::GroupConnection;
use super::id::NodeId;
use super::once::once;
use super::paging::{Args, connection};
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::directory::{Named, create_organisation};
use crate::store::directory::{GROUPS, ORGANISATIONS, groups, organisations};

/// An alliance partner: council, charity, business, school, community body.
#[derive(Clone, Debug)]
pub struct Organisation(pub organisation::Model);

/// An alliance partner: council, charity, business, school, community body.
#[Object]
impl Organisation {
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

    /// What kind of body it is.
    async fn kind(&self) -> OrganisationKind {
        self.0.kind
    }

    /// What it does, for people.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Whether a DBS check that it did not obtain counts at its groups' sessions only once it has accepted the champion
    /// (`acceptanceRecord`).
    async fn asks_acceptance(&self) -> bool {
        self.0.asks_acceptance
    }

    /// Since when it is here.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Its groups, by name.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<GroupConnection> {
        GroupConnection::read(ctx, groups(Some(self.0.id)), GROUPS, Args { first, after, last, before }).await
    }
}

connection!(OrganisationConnection, OrganisationEdge, Organisation, "organisations", organisation, |row: &organisation::Model| row
    .name
    .clone());

/// Queries.
#[derive(Default, Debug)]
pub struct OrganisationQuery;

#[Object]
impl OrganisationQuery {
    /// The directory of alliance partners, by name. With a client key, or signed in.
    async fn organisations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<OrganisationConnection>> {
        if !ctx.may(Action::DirectoryRead, Relation::Other) {
            return None;
        }
        Some(OrganisationConnection::read(ctx, organisations(), ORGANISATIONS, Args { first, after, last, before }).await)
    }
}

/// Input of `organisationCreate`.
#[derive(InputObject, Debug)]
pub struct OrganisationCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Machine name: lower-case letters, digits and single dashes.
    slug: String,
    /// Name, up to 120 characters.
    name: String,
    /// What kind of body it is.
    kind: OrganisationKind,
    /// What it does, for people; up to 2,000 characters.
    #[graphql(default)]
    description: String,
}

/// Result of `organisationCreate`.
#[derive(SimpleObject, Debug)]
pub struct OrganisationCreatePayload {
    /// The new organisation; null if there are errors.
    organisation: Option<Organisation>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OrganisationCreateErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct OrganisationMutation;

#[Object]
impl OrganisationMutation {
    /// Add an alliance partner. Coordinators and administrators.
    async fn organisation_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organisation.")] input: OrganisationCreateInput,
    ) -> Option<Result<OrganisationCreatePayload>> {
        Some(payload(ctx, input).await)
    }
}

async fn payload(ctx: &Context<'_>, input: OrganisationCreateInput) -> Result<OrganisationCreatePayload> {
    let (id, user_errors) = settle(create(ctx, input).await)?;
    Ok(OrganisationCreatePayload { organisation: ctx.rows().maybe(id).await?.map(Organisation), user_errors })
}

async fn create(ctx: &Context<'_>, input: OrganisationCreateInput) -> Result<OrganisationId, Refusal<CannotAddOrganisation>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let named = named(input.slug, input.name, input.description)?;
    create_organisation(ctx.app(), ctx.call(), once, named, input.kind).await
}

/// Slug, name and description, checked.
pub(super) fn named<R: Reason>(slug: String, name: String, description: String) -> Result<Named, Refusal<R>> {
    Ok(Named {
        slug: input::slug("slug", &slug).map_err(malformed)?,
        name: input::line("name", &name, 120).map_err(malformed)?,
        description: input::paragraph("description", &description, 2_000).map_err(malformed)?,
    })
}

//! Organisations, groups and venues.

use entity::{community_group, organisation, venue};
use rules::directory::{CannotAddGroup, CannotAddOrganisation, CannotAddVenue};
use rules::id::{GroupId, OrganisationId, VenueId};
use rules::input::{OrganisationKind, Topic};
use rules::policy::{Action, Relation};
use serde_json::json;

use super::{Once, Subject, answered, audited, done, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::postcodes::Location;
use crate::store::directory::{Slugged, add_group, organisation, slug_taken, venue as find_venue};
use crate::store::{row, transact};

/// What organisations, groups and venues have in common.
#[derive(Clone, Debug)]
pub struct Named {
    /// Machine name.
    pub slug: String,
    /// Name.
    pub name: String,
    /// What it is, for people.
    pub description: String,
}

/// Adds an organisation.
pub async fn create_organisation(
    app: &App,
    call: &Call,
    once: Option<Once>,
    named: Named,
    kind: OrganisationKind,
) -> Result<OrganisationId, Refusal<CannotAddOrganisation>> {
    let action = Action::OrganisationCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<OrganisationId, CannotAddOrganisation>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if slug_taken(&tx, Slugged::Organisation, &named.slug).await? {
            return Err(Refusal::rule(CannotAddOrganisation::SlugTaken));
        }
        let id: OrganisationId = new_id(call.now);
        let Named { slug, name, description } = named.clone();
        row::insert(&tx, organisation::Model { id, slug, name, kind, description, asks_acceptance: false, created_at: call.now }).await?;
        done(&tx, call, action, Subject("Organisation", Some(id.0)), json!({})).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Organisation", None), result).await
}

/// Adds a group.
pub async fn create_group(
    app: &App,
    call: &Call,
    once: Option<Once>,
    named: Named,
    organisation_id: OrganisationId,
    venue_id: Option<VenueId>,
    topics: Vec<Topic>,
) -> Result<GroupId, Refusal<CannotAddGroup>> {
    let action = Action::GroupCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<GroupId, CannotAddGroup>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if organisation(&tx, organisation_id).await?.is_none() {
            return Err(Refusal::not_found("organisationId"));
        }
        if let Some(venue) = venue_id
            && find_venue(&tx, venue).await?.is_none()
        {
            return Err(Refusal::not_found("venueId"));
        }
        if slug_taken(&tx, Slugged::Group, &named.slug).await? {
            return Err(Refusal::rule(CannotAddGroup::SlugTaken));
        }
        let id: GroupId = new_id(call.now);
        let Named { slug, name, description } = named.clone();
        let group = community_group::Model { id, organisation_id, venue_id, slug, name, description, created_at: call.now };
        add_group(&tx, group, &topics).await?;
        done(&tx, call, action, Subject("Group", Some(id.0)), json!({})).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Group", None), result).await
}

/// A venue as it was sent.
#[derive(Clone, Debug)]
pub struct NewVenue {
    /// Slug and name; a venue has no description.
    pub named: Named,
    /// Whose it is.
    pub organisation: Option<OrganisationId>,
    /// House and street.
    pub address: String,
    /// Where the postcode is.
    pub location: Location,
    /// Whether it can be reached without steps.
    pub step_free: bool,
}

/// Adds a venue.
pub async fn create_venue(app: &App, call: &Call, once: Option<Once>, new: NewVenue) -> Result<VenueId, Refusal<CannotAddVenue>> {
    let action = Action::VenueCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<VenueId, CannotAddVenue>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if let Some(owner) = new.organisation
            && organisation(&tx, owner).await?.is_none()
        {
            return Err(Refusal::not_found("organisationId"));
        }
        if slug_taken(&tx, Slugged::Venue, &new.named.slug).await? {
            return Err(Refusal::rule(CannotAddVenue::SlugTaken));
        }
        let id: VenueId = new_id(call.now);
        let place = new.location.clone();
        let venue = venue::Model {
            id,
            organisation_id: new.organisation,
            slug: new.named.slug.clone(),
            name: new.named.name.clone(),
            address: new.address.clone(),
            postcode: place.postcode,
            latitude: place.point.latitude,
            longitude: place.point.longitude,
            ward: place.ward,
            step_free: new.step_free,
            created_at: call.now,
        };
        row::insert(&tx, venue).await?;
        done(&tx, call, action, Subject("Venue", Some(id.0)), json!({})).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Venue", None), result).await
}

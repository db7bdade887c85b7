//! Organisations, groups and venues.

use entity::{community_group, group_topic, organisation, venue};
use rules::id::{GroupId, OrganisationId, VenueId};
use rules::input::Topic;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Select};

use super::paging::Sort;
use super::row;

/// Organisations, by name.
pub const ORGANISATIONS: Sort<organisation::Column> =
    Sort { key: organisation::Column::Name, id: organisation::Column::Id, descending: false };
/// Groups, by name.
pub const GROUPS: Sort<community_group::Column> =
    Sort { key: community_group::Column::Name, id: community_group::Column::Id, descending: false };
/// Venues, by name.
pub const VENUES: Sort<venue::Column> = Sort { key: venue::Column::Name, id: venue::Column::Id, descending: false };

/// Every organisation.
pub fn organisations() -> Select<organisation::Entity> {
    organisation::Entity::find()
}

/// Every venue.
pub fn venues() -> Select<venue::Entity> {
    venue::Entity::find()
}

/// An organisation.
pub async fn organisation(conn: &impl ConnectionTrait, id: OrganisationId) -> Result<Option<organisation::Model>, DbErr> {
    organisation::Entity::find_by_id(id).one(conn).await
}

/// A group.
pub async fn group(conn: &impl ConnectionTrait, id: GroupId) -> Result<Option<community_group::Model>, DbErr> {
    community_group::Entity::find_by_id(id).one(conn).await
}

/// A venue.
pub async fn venue(conn: &impl ConnectionTrait, id: VenueId) -> Result<Option<venue::Model>, DbErr> {
    venue::Entity::find_by_id(id).one(conn).await
}

/// Groups, of one organisation or of all.
pub fn groups(of: Option<OrganisationId>) -> Select<community_group::Entity> {
    let all = community_group::Entity::find();
    match of {
        Some(id) => all.filter(community_group::Column::OrganisationId.eq(id)),
        None => all,
    }
}

/// Whether a slug is taken by an organisation, a group or a venue.
pub async fn slug_taken(conn: &impl ConnectionTrait, kind: Slugged, slug: &str) -> Result<bool, DbErr> {
    let count = match kind {
        Slugged::Organisation => organisation::Entity::find().filter(organisation::Column::Slug.eq(slug)).count(conn).await?,
        Slugged::Group => community_group::Entity::find().filter(community_group::Column::Slug.eq(slug)).count(conn).await?,
        Slugged::Venue => venue::Entity::find().filter(venue::Column::Slug.eq(slug)).count(conn).await?,
    };
    Ok(count > 0)
}

/// What has a slug.
#[derive(Clone, Copy, Debug)]
pub enum Slugged {
    /// An organisation.
    Organisation,
    /// A group.
    Group,
    /// A venue.
    Venue,
}

/// Adds a group with what it helps with.
pub async fn add_group(conn: &impl ConnectionTrait, group: community_group::Model, topics: &[Topic]) -> Result<(), DbErr> {
    let topics = topics.iter().map(|topic| group_topic::Model { group_id: group.id, topic: *topic }).collect();
    row::insert(conn, group).await?;
    row::insert_all(conn, topics).await
}

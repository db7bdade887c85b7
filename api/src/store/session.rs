//! Sessions, their places and topics.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    assignment, community_group, occurrence, organisation, place, place_module, session, session_change, session_topic, training_module,
    venue,
};
use rules::assignment::AssignmentStatus;
use rules::geo::{Point, areas_of};
use rules::id::{ChampionId, GroupId, ModuleId, OrganisationId, PlaceId, SeriesId, SessionId, VenueId};
use rules::input::Topic;
use rules::session::{PlaceKind, SessionStatus};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::paging::Sort;
use super::row::is;

/// Sessions, by their start.
pub const BY_START: Sort<session::Column> = Sort { key: session::Column::StartsAt, id: session::Column::Id, descending: false };

/// A session.
pub async fn find(conn: &impl ConnectionTrait, id: SessionId) -> Result<Option<session::Model>, DbErr> {
    session::Entity::find_by_id(id).one(conn).await
}

/// A session, locked: nobody else takes a place or changes it until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, id: SessionId) -> Result<Option<session::Model>, DbErr> {
    session::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Sessions, locked in the order of their ids.
pub async fn lock_all(conn: &impl ConnectionTrait, ids: &[SessionId]) -> Result<Vec<session::Model>, DbErr> {
    let of = session::Entity::find().filter(session::Column::Id.is_in(ids.iter().copied()));
    of.order_by_asc(session::Column::Id).lock_exclusive().all(conn).await
}

/// The ids of an organisation's groups' sessions that begin after `from`.
pub fn ahead_of(organisation: OrganisationId, from: DateTime<Utc>) -> Select<session::Entity> {
    let groups = community_group::Entity::find().filter(community_group::Column::OrganisationId.eq(organisation));
    let groups = groups.select_only().column(community_group::Column::Id).into_query();
    let sessions = session::Entity::find().filter(session::Column::GroupId.in_subquery(groups));
    sessions.filter(session::Column::StartsAt.gt(from)).select_only().column(session::Column::Id)
}

/// Locks those, in the order of their ids.
pub async fn lock_ahead_of(conn: &impl ConnectionTrait, organisation: OrganisationId, from: DateTime<Utc>) -> Result<(), DbErr> {
    let those = ahead_of(organisation, from).order_by_asc(session::Column::Id).lock_exclusive();
    those.into_tuple::<SessionId>().all(conn).await.map(drop)
}

/// Places and their kinds, by session.
pub type PlacesOf = HashMap<SessionId, Vec<(PlaceId, PlaceKind)>>;
/// Modules and their codes, by place.
pub type ModulesOf = HashMap<PlaceId, Vec<(ModuleId, String)>>;

/// Which sessions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Starting at or after.
    pub from: Option<DateTime<Utc>>,
    /// Starting before.
    pub until: Option<DateTime<Utc>>,
    /// Of these groups; none for all.
    pub groups: Option<Vec<GroupId>>,
    /// At this venue.
    pub venue: Option<VenueId>,
    /// Where this champion is placed.
    pub champion: Option<ChampionId>,
    /// Of this series.
    pub series: Option<SeriesId>,
    /// Only those that will be held.
    pub scheduled_only: bool,
    /// Only those with a place open.
    pub uncovered_only: bool,
}

/// Sessions that pass a filter.
pub fn select(filter: &Filter) -> Select<session::Entity> {
    use session::Column;
    let mut select = session::Entity::find();
    if let Some(from) = filter.from {
        select = select.filter(Column::StartsAt.gte(from));
    }
    if let Some(until) = filter.until {
        select = select.filter(Column::StartsAt.lt(until));
    }
    if let Some(groups) = &filter.groups {
        select = select.filter(Column::GroupId.is_in(groups.iter().copied()));
    }
    if let Some(venue) = filter.venue {
        select = select.filter(Column::VenueId.eq(venue));
    }
    if filter.scheduled_only {
        select = select.filter(is(Column::Status, SessionStatus::Scheduled.code()));
    }
    if let Some(champion) = filter.champion {
        let placed = confirmed().column(assignment::Column::SessionId).and_where(assignment::Column::ChampionId.eq(champion)).to_owned();
        select = select.filter(Column::Id.in_subquery(placed));
    }
    if let Some(series) = filter.series {
        let of = Query::select()
            .column(occurrence::Column::SessionId)
            .from(occurrence::Entity)
            .and_where(occurrence::Column::SeriesId.eq(series))
            .to_owned();
        select = select.filter(Column::Id.in_subquery(of));
    }
    if filter.uncovered_only {
        // Asked of each session: nobody reads every place and assignment there is.
        let of_place = Expr::col((assignment::Entity, assignment::Column::PlaceId)).equals((place::Entity, place::Column::Id));
        let filled = confirmed().expr(Expr::val(1)).and_where(of_place).to_owned();
        let open = Query::select()
            .expr(Expr::val(1))
            .from(place::Entity)
            .and_where(Expr::col((place::Entity, place::Column::SessionId)).equals((session::Entity, Column::Id)))
            .and_where(place::Column::Kind.ne(PlaceKind::Shadow))
            .and_where(Expr::exists(filled).not())
            .to_owned();
        select = select.filter(Expr::exists(open));
    }
    select
}

fn confirmed() -> sea_orm::sea_query::SelectStatement {
    Query::select().from(assignment::Entity).and_where(is(assignment::Column::Status, AssignmentStatus::Confirmed.code())).to_owned()
}

/// Sessions by their ids.
pub async fn many(conn: &impl ConnectionTrait, ids: impl IntoIterator<Item = SessionId>) -> Result<Vec<session::Model>, DbErr> {
    session::Entity::find().filter(session::Column::Id.is_in(ids)).all(conn).await
}

/// Sessions that pass a filter, by their start.
pub async fn in_order(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<session::Model>, DbErr> {
    select(filter).order_by_asc(session::Column::StartsAt).order_by_asc(session::Column::Id).all(conn).await
}

/// Sessions that have begun, and were still to be confirmed.
pub async fn unanswered(conn: &impl ConnectionTrait, now: DateTime<Utc>, most: u64) -> Result<Vec<SessionId>, DbErr> {
    let waiting = session::Entity::find().filter(is(session::Column::Status, SessionStatus::ToConfirm.code()));
    let begun = waiting.filter(session::Column::StartsAt.lte(now)).order_by_asc(session::Column::StartsAt);
    begun.select_only().column(session::Column::Id).limit(most).into_tuple().all(conn).await
}

/// The places of sessions, in order.
pub async fn places(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<place::Model>, DbErr> {
    let of = place::Entity::find().filter(place::Column::SessionId.is_in(sessions.iter().copied()));
    of.order_by_asc(place::Column::SessionId).order_by_asc(place::Column::Position).all(conn).await
}

/// The modules of places.
pub async fn place_modules(conn: &impl ConnectionTrait, places: &[PlaceId]) -> Result<Vec<place_module::Model>, DbErr> {
    place_module::Entity::find().filter(place_module::Column::PlaceId.is_in(places.iter().copied())).all(conn).await
}

/// The places of sessions by session, in order, and the modules each asks for, with their codes.
pub async fn places_asking(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<(PlacesOf, ModulesOf), DbErr> {
    type Row = (SessionId, PlaceId, PlaceKind, Option<ModuleId>, Option<String>);
    let to_asked = place::Entity::belongs_to(place_module::Entity).from(place::Column::Id).to(place_module::Column::PlaceId);
    let to_module =
        place_module::Entity::belongs_to(training_module::Entity).from(place_module::Column::ModuleId).to(training_module::Column::Id);
    let rows: Vec<Row> = place::Entity::find()
        .join(JoinType::LeftJoin, to_asked.into())
        .join(JoinType::LeftJoin, to_module.into())
        .filter(place::Column::SessionId.is_in(sessions.iter().copied()))
        .order_by_asc(place::Column::SessionId)
        .order_by_asc(place::Column::Position)
        .order_by_asc(place::Column::Id)
        .order_by_asc(training_module::Column::Code)
        .select_only()
        .columns([place::Column::SessionId, place::Column::Id, place::Column::Kind])
        .columns([training_module::Column::Id, training_module::Column::Code])
        .into_tuple()
        .all(conn)
        .await?;
    let (mut places, mut modules) = (PlacesOf::new(), ModulesOf::new());
    for (session, id, kind, module, code) in rows {
        let of = places.entry(session).or_default();
        // A row a module: those of a place follow one another.
        if of.last() != Some(&(id, kind)) {
            of.push((id, kind));
        }
        if let Some(asked) = module.zip(code) {
            modules.entry(id).or_default().push(asked);
        }
    }
    Ok((places, modules))
}

/// What a session asks for besides what its own row and its places say.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Where it is.
    pub at: Option<Point>,
    /// What areas that is in.
    pub areas: Vec<String>,
    /// Whose own word on a champion it asks for: the organisation, and its name.
    pub acceptance_of: Option<(OrganisationId, String)>,
    /// What its learners want to work on.
    pub topics: Vec<Topic>,
}

/// What sessions ask for besides: one statement, with a row a topic.
pub async fn beside(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<HashMap<SessionId, Beside>, DbErr> {
    type Row = (SessionId, Option<f64>, Option<f64>, Option<String>, Option<String>, OrganisationId, String, bool, Option<Topic>);
    let to_venue = session::Entity::belongs_to(venue::Entity).from(session::Column::VenueId).to(venue::Column::Id);
    let to_group = session::Entity::belongs_to(community_group::Entity).from(session::Column::GroupId).to(community_group::Column::Id);
    let to_organisation = community_group::Entity::belongs_to(organisation::Entity)
        .from(community_group::Column::OrganisationId)
        .to(organisation::Column::Id);
    let to_topic = session::Entity::belongs_to(session_topic::Entity).from(session::Column::Id).to(session_topic::Column::SessionId);
    let rows: Vec<Row> = session::Entity::find()
        .join(JoinType::LeftJoin, to_venue.into())
        .join(JoinType::InnerJoin, to_group.into())
        .join(JoinType::InnerJoin, to_organisation.into())
        .join(JoinType::LeftJoin, to_topic.into())
        .filter(session::Column::Id.is_in(sessions.iter().copied()))
        .order_by_asc(session::Column::Id)
        .order_by_asc(session_topic::Column::Topic)
        .select_only()
        .column(session::Column::Id)
        .columns([venue::Column::Latitude, venue::Column::Longitude, venue::Column::Postcode, venue::Column::Ward])
        .columns([organisation::Column::Id, organisation::Column::Name, organisation::Column::AsksAcceptance])
        .column(session_topic::Column::Topic)
        .into_tuple()
        .all(conn)
        .await?;
    let mut found: HashMap<SessionId, Beside> = HashMap::with_capacity(sessions.len());
    for (id, latitude, longitude, postcode, ward, organisation, name, asks, topic) in rows {
        let of = found.entry(id).or_insert_with(|| Beside {
            at: latitude.zip(longitude).map(|(latitude, longitude)| Point { latitude, longitude }),
            areas: postcode.map_or_else(Vec::new, |postcode| areas_of(&postcode, ward.as_deref())),
            acceptance_of: asks.then_some((organisation, name)),
            topics: Vec::new(),
        });
        of.topics.extend(topic);
    }
    Ok(found)
}

/// The topics of sessions.
pub async fn topics(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<session_topic::Model>, DbErr> {
    let of = session_topic::Entity::find().filter(session_topic::Column::SessionId.is_in(sessions.iter().copied()));
    of.order_by_asc(session_topic::Column::SessionId).order_by_asc(session_topic::Column::Topic).all(conn).await
}

/// What changed about sessions, oldest first.
pub async fn changes(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<session_change::Model>, DbErr> {
    let of = session_change::Entity::find().filter(session_change::Column::SessionId.is_in(sessions.iter().copied()));
    of.order_by_asc(session_change::Column::SessionId).order_by_asc(session_change::Column::Version).all(conn).await
}

/// Those of these places that nobody ever had.
pub async fn unused(conn: &impl ConnectionTrait, places: &[PlaceId]) -> Result<Vec<PlaceId>, DbErr> {
    let had = Query::select().column(assignment::Column::PlaceId).from(assignment::Entity).to_owned();
    let of = place::Entity::find().filter(place::Column::Id.is_in(places.iter().copied()));
    Ok(of.filter(place::Column::Id.not_in_subquery(had)).all(conn).await?.into_iter().map(|place| place.id).collect())
}

/// Removes places that nobody ever had.
pub async fn remove_places(conn: &impl ConnectionTrait, places: &[PlaceId]) -> Result<(), DbErr> {
    let modules = place_module::Entity::delete_many().filter(place_module::Column::PlaceId.is_in(places.iter().copied()));
    modules.exec(conn).await?;
    place::Entity::delete_many().filter(place::Column::Id.is_in(places.iter().copied())).exec(conn).await.map(|_| ())
}

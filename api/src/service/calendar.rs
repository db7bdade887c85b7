//! What stands in a champion's calendar, and in a group's: a fixed number of statements, however much that is.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use entity::{assignment, champion, community_group, offer, session, session_change, venue};
use rules::assignment::AssignmentStatus;
use rules::feed::{DutyFact, OfferFact, PAST, Part, of_group};
use rules::ical::{Calendar, Event, EventStatus};
use rules::id::{AssignmentId, ChampionId, GroupId, SessionId, VenueId};
use rules::offer::OfferStatus;
use rules::session::{PlaceKind, SessionChangeKind};
use sea_orm::ConnectionTrait;

use super::calendar_feed::Whose;
use super::offer::fact;
use crate::app::App;
use crate::error::Fault;
use crate::store::facts::group as grouped;
use crate::store::{self, calendar, row, stand_in};

/// The calendar an address opens.
pub async fn read(app: &App, whose: Whose, now: DateTime<Utc>) -> Result<Calendar, Fault> {
    let conn = app.db.snapshot().await?;
    match whose {
        Whose::Champion(champion) => of_champion(&conn, champion, now).await,
        Whose::Group(group) => of_a_group(&conn, group, now).await,
    }
}

/// What events of sessions have in common.
struct Around {
    venues: HashMap<VenueId, venue::Model>,
    groups: HashMap<GroupId, community_group::Model>,
    changes: HashMap<SessionId, Vec<session_change::Model>>,
}

impl Around {
    async fn load(conn: &impl ConnectionTrait, sessions: &[session::Model]) -> Result<Self, Fault> {
        let ids: Vec<SessionId> = sessions.iter().map(|s| s.id).collect();
        let venues = row::holding::<venue::Entity>(conn, venue::Column::Id, sessions.iter().filter_map(|s| s.venue_id)).await?;
        let groups =
            row::holding::<community_group::Entity>(conn, community_group::Column::Id, sessions.iter().map(|s| s.group_id)).await?;
        let changes = store::session::changes(conn, &ids).await?;
        Ok(Self {
            venues: venues.into_iter().map(|v| (v.id, v)).collect(),
            groups: groups.into_iter().map(|g| (g.id, g)).collect(),
            changes: grouped(changes.into_iter().map(|change| (change.session_id, change))),
        })
    }

    fn changes(&self, id: SessionId) -> &[session_change::Model] {
        self.changes.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    fn changed_at(&self, session: &session::Model) -> DateTime<Utc> {
        self.changes(session.id).iter().map(|change| change.at).max().unwrap_or(session.created_at)
    }

    fn cancelled_at(&self, id: SessionId) -> Option<DateTime<Utc>> {
        self.changes(id).iter().rev().find(|change| change.kind == SessionChangeKind::Cancelled).map(|change| change.at)
    }

    fn place(&self, session: &session::Model) -> Option<String> {
        let venue = self.venues.get(&session.venue_id?)?;
        Some(format!("{}, {}, {}", venue.name, venue.address, venue.postcode))
    }

    fn group(&self, session: &session::Model) -> &str {
        self.groups.get(&session.group_id).map(|group| group.name.as_str()).unwrap_or_default()
    }

    /// The event of a session, as far as the session itself says.
    fn event(&self, session: &session::Model, uid: String, status: EventStatus) -> Result<Event, Fault> {
        let zone: Tz = session.zone.parse().map_err(|_| anyhow::anyhow!("session {} has no zone that is known", session.id.0))?;
        Ok(Event {
            uid,
            sequence: session.version - 1,
            changed_at: self.changed_at(session),
            starts_at: session.starts_at,
            ends_at: session.ends_at,
            zone,
            summary: session.title.clone(),
            location: self.place(session),
            description: None,
            status,
        })
    }
}

/// How far back offers are read: the longest that a session can lie ahead when somebody is asked for it, and the past that is shown.
const ASKED: TimeDelta = TimeDelta::days(460);

async fn of_champion(conn: &impl ConnectionTrait, id: ChampionId, now: DateTime<Utc>) -> Result<Calendar, Fault> {
    let duties = calendar::assignments(conn, id, now - PAST).await?;
    let offers = calendar::offers(conn, id, now - ASKED).await?;
    let ids = duties.iter().map(|a| a.session_id).chain(offers.iter().map(|o| o.session_id));
    let ids: std::collections::BTreeSet<SessionId> = ids.collect();
    let mut sessions = store::session::many(conn, ids).await?;
    sessions.retain(|s| s.ends_at > now - PAST);
    sessions.sort_by_key(|s| (s.starts_at, s.id));
    let around = Around::load(conn, &sessions).await?;
    let live: Vec<AssignmentId> = duties.iter().filter(|a| a.status == AssignmentStatus::Confirmed).map(|a| a.id).collect();
    let searches: HashMap<SessionId, entity::stand_in::Model> =
        stand_in::of_assignments(conn, &live).await?.into_iter().map(|search| (search.session_id, search)).collect();
    let (duties, offers) = (grouped(duties.into_iter().map(|a| (a.session_id, a))), grouped(offers.into_iter().map(|o| (o.session_id, o))));
    let mut events = Vec::new();
    for session in &sessions {
        let part = part(session, offers.get(&session.id), duties.get(&session.id), now);
        let Some(status) = part.status(now) else { continue };
        let search = searches.get(&session.id);
        let sought = search.map(|search| search.ended_at.unwrap_or(search.sought_at));
        let base = around.event(session, format!("champion-session-{}@digiknow", session.id.0), status)?;
        let changed_at = [part.changed_at(), sought].into_iter().flatten().fold(base.changed_at, DateTime::max);
        let looking = search.is_some_and(|search| search.ended_at.is_none());
        let description = Some(note(around.group(session), status, looking));
        events.push(Event { sequence: part.sequence(), changed_at, description, ..base });
    }
    Ok(Calendar { name: "DigiKnow: my sessions".to_owned(), events })
}

fn note(group: &str, status: EventStatus, looking: bool) -> String {
    match status {
        EventStatus::Tentative => format!("{group} asks for your help. Please answer: yes or no, both are fine."),
        EventStatus::Confirmed if looking => {
            format!("{group}. A stand-in is being looked for; you are expected until somebody has said yes.")
        }
        EventStatus::Confirmed => format!("{group}. You are expected."),
        EventStatus::Cancelled => format!("{group}. You are not expected."),
    }
}

/// A champion's part in a session.
fn part(session: &session::Model, offers: Option<&Vec<offer::Model>>, duties: Option<&Vec<assignment::Model>>, now: DateTime<Utc>) -> Part {
    let asked = |row: &offer::Model| {
        let status = fact(row).status_at(now);
        let lapsed = (status == OfferStatus::Expired).then_some(row.expires_at);
        let settled_at = if status == OfferStatus::Pending { None } else { row.responded_at.or(lapsed).or(Some(row.sent_at)) };
        OfferFact { status, sent_at: row.sent_at, settled_at }
    };
    let duty = |row: &assignment::Model| DutyFact {
        confirmed: row.status == AssignmentStatus::Confirmed,
        from: row.created_at,
        ended_at: row.ended_at,
    };
    Part {
        session: session.status,
        version: session.version,
        offers: offers.into_iter().flatten().map(asked).collect(),
        duties: duties.into_iter().flatten().map(duty).collect(),
    }
}

async fn of_a_group(conn: &impl ConnectionTrait, id: GroupId, now: DateTime<Utc>) -> Result<Calendar, Fault> {
    let name = store::directory::group(conn, id).await?.map(|group| group.name).unwrap_or_default();
    let sessions = calendar::sessions(conn, id, now - PAST).await?;
    let around = Around::load(conn, &sessions).await?;
    let ids: Vec<SessionId> = sessions.iter().map(|s| s.id).collect();
    let rows = row::holding::<assignment::Entity>(conn, assignment::Column::SessionId, ids.iter().copied()).await?;
    let people = rows.iter().filter(|a| a.status == AssignmentStatus::Confirmed).map(|a| a.champion_id);
    let people: std::collections::BTreeSet<ChampionId> = people.collect();
    let names: BTreeMap<ChampionId, String> = row::holding::<champion::Entity>(conn, champion::Column::Id, people)
        .await?
        .into_iter()
        .map(|c| (c.id, rules::champion::display_name(&c.full_name, c.known_as.as_deref())))
        .collect();
    let places = grouped(store::session::places(conn, &ids).await?.into_iter().map(|p| (p.session_id, p)));
    let rows = grouped(rows.into_iter().map(|a| (a.session_id, a)));
    let mut events = Vec::new();
    for session in &sessions {
        let Some(status) = of_group(session.status, around.cancelled_at(session.id), now) else { continue };
        let rows: &[assignment::Model] = rows.get(&session.id).map(Vec::as_slice).unwrap_or_default();
        let base = around.event(session, format!("group-session-{}@digiknow", session.id.0), status)?;
        let staffed = rows.iter().flat_map(|a| [Some(a.created_at), a.ended_at]).flatten().max();
        let wanted = places.get(&session.id).into_iter().flatten().filter(|place| place.kind != PlaceKind::Shadow).count();
        let description = Some(staffing(rows, &names, wanted, status));
        let steps = rows.len() + rows.iter().filter(|a| a.ended_at.is_some()).count();
        events.push(Event {
            sequence: base.sequence + i64::try_from(steps).unwrap_or_default(),
            changed_at: staffed.map_or(base.changed_at, |at| at.max(base.changed_at)),
            description,
            ..base
        });
    }
    Ok(Calendar { name: format!("DigiKnow: {name}"), events })
}

/// Who comes, by the names that leaders see, and how many are still wanted.
fn staffing(rows: &[assignment::Model], names: &BTreeMap<ChampionId, String>, wanted: usize, status: EventStatus) -> String {
    if status == EventStatus::Cancelled {
        return "Called off.".to_owned();
    }
    let mut coming: Vec<&str> = rows
        .iter()
        .filter(|a| a.status == AssignmentStatus::Confirmed)
        .filter_map(|a| names.get(&a.champion_id).map(String::as_str))
        .collect();
    coming.sort_unstable();
    let who = if coming.is_empty() { "Nobody has said yes yet".to_owned() } else { coming.join(", ") };
    let asked = if status == EventStatus::Tentative { " Bank holiday: say whether it is held." } else { "" };
    format!("{who}. Champions wanted: {wanted}.{asked}")
}

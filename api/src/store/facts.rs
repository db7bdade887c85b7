//! Loads what the matching rules read: a fixed number of statements, however many champions or sessions.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    acceptance, assignment, availability_exception, availability_window, champion, champion_area, champion_language, champion_pace,
    champion_topic, completion, dbs_check, evidence, exemption, session, venue,
};
use rules::acceptance::Accepted;
use rules::assignment::AssignmentStatus;
use rules::calendar::Span;
use rules::champion::Membership;
use rules::clearance::{ClearanceRecord, counts_as_date_with_children, may_need_check};
use rules::dbs::{Audience, DbsScope, SessionFacts};
use rules::exemption::Exemption;
use rules::geo::Point;
use rules::id::{ChampionId, GroupId, PlaceId, RequirementId, SessionId};
use rules::input::{Language, Topic};
use rules::matching::{Booking, Bookings, ChampionRecord};
use rules::requirement::{Evidence, EvidenceOutcome, Requirement, RequirementKind};
use rules::session::{Modality, PlaceKind, SessionNeed};
use rules::training::Completion;
use rules::travel::Pace;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, Select};

use super::brief::Named;
use super::row::{self, is};
use super::session::{self as sessions, Beside};
use super::{acceptance as words, availability, dbs, training, travel};
use crate::error::Fault;

/// Which champions to load.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All who belong or may come to. SQL may only narrow: it must not lose anybody the rules would pass.
    Open,
    /// Those who stand so.
    Standing(&'a [Membership]),
    /// These.
    These(&'a [ChampionId]),
}

impl Which<'_> {
    fn narrow<E: EntityTrait>(self, select: Select<E>, column: E::Column) -> Select<E> {
        match self {
            Self::These(ids) => select.filter(column.is_in(ids.iter().copied())),
            Self::Standing(memberships) => {
                let so = champion::Column::Membership.is_in(memberships.iter().copied());
                select.filter(
                    column.in_subquery(Query::select().column(champion::Column::Id).from(champion::Entity).and_where(so).to_owned()),
                )
            }
            Self::Open => {
                let gone = Membership::ALL.iter().copied().filter(|m| !m.is_open());
                let open = Query::select()
                    .column(champion::Column::Id)
                    .from(champion::Entity)
                    .and_where(champion::Column::Membership.is_not_in(gone))
                    .to_owned();
                select.filter(column.in_subquery(open))
            }
        }
    }
}

/// All who belong or may come to, in the order of their ids.
pub async fn open(conn: &impl ConnectionTrait) -> Result<Vec<ChampionId>, DbErr> {
    open_ids().into_tuple().all(conn).await
}

fn open_ids() -> Select<champion::Entity> {
    let all = Which::Open.narrow(champion::Entity::find(), champion::Column::Id).order_by_asc(champion::Column::Id);
    all.select_only().column(champion::Column::Id)
}

/// Locks all of them, in the order of their ids: whoever is saying yes to something has said so before.
pub async fn lock_open(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    open_ids().lock_exclusive().into_tuple::<ChampionId>().all(conn).await.map(drop)
}

/// Champions as the rules read them, in the order of their ids.
pub async fn champions(conn: &impl ConnectionTrait, which: Which<'_>) -> Result<Vec<ChampionRecord>, Fault> {
    Ok(people(conn, which).await?.into_iter().map(|(_, record)| record).collect())
}

/// The same, with who they are.
pub async fn people(conn: &impl ConnectionTrait, which: Which<'_>) -> Result<Vec<(Named, ChampionRecord)>, Fault> {
    let rows = which.narrow(champion::Entity::find(), champion::Column::Id).order_by_asc(champion::Column::Id).all(conn).await?;
    let requirements: Vec<Requirement> = training::requirements(conn).await?.iter().map(training::requirement_fact).collect();
    let mut parts = Parts::default();
    parts.load_shown(conn, which, &requirements).await?;
    parts.load_languages(conn, which).await?;
    parts.load_checks(conn, which).await?;
    parts.load_acceptances(conn, which).await?;
    parts.load_wishes(conn, which).await?;
    Ok(rows.into_iter().map(|row| (Named::from(&row), record(row, &mut parts))).collect())
}

/// A champion with what binds (`Blocker::is_binding`) for a need: clearance, other places, languages. When and where they like to
/// help, and with what, is left out, since whoever says yes has weighed that; so is what the need doesn't ask about.
pub async fn binding(conn: &impl ConnectionTrait, id: ChampionId, need: &SessionNeed) -> Result<ChampionRecord, Fault> {
    let row = super::champion::find(conn, id).await?.ok_or_else(|| DbErr::RecordNotFound("a champion that is locked".to_owned()))?;
    let ids = [id];
    let (which, mut parts) = (Which::These(&ids), Parts::default());
    parts.load_shown(conn, which, &need.requirements).await?;
    if need.language.is_some() {
        parts.load_languages(conn, which).await?;
    }
    if may_need_check(need) {
        parts.load_checks(conn, which).await?;
    }
    if need.acceptance_of.is_some() {
        parts.load_acceptances(conn, which).await?;
    }
    Ok(record(row, &mut parts))
}

/// What hangs on champions, by champion.
#[derive(Default)]
struct Parts {
    languages: HashMap<ChampionId, Vec<Language>>,
    topics: HashMap<ChampionId, Vec<Topic>>,
    areas: HashMap<ChampionId, Vec<String>>,
    evidence: HashMap<ChampionId, Vec<Evidence>>,
    completions: HashMap<ChampionId, Vec<Completion>>,
    exemptions: HashMap<ChampionId, Vec<Exemption>>,
    checks: HashMap<ChampionId, Vec<rules::dbs::DbsRecord>>,
    accepted: HashMap<ChampionId, Vec<Accepted>>,
    windows: HashMap<ChampionId, Vec<rules::availability::Window>>,
    exceptions: HashMap<ChampionId, Vec<rules::availability::Exception>>,
    bookings: HashMap<ChampionId, Bookings>,
    paces: HashMap<ChampionId, entity::champion_pace::Model>,
}

impl Parts {
    /// Evidence, training, exemptions, and the sessions they have said yes to.
    async fn load_shown(&mut self, conn: &impl ConnectionTrait, which: Which<'_>, requirements: &[Requirement]) -> Result<(), Fault> {
        let of = |id: RequirementId| requirements.iter().find(|r| r.id == id);
        let exemptions = which.narrow(exemption::Entity::find(), exemption::Column::ChampionId).all(conn).await?;
        self.exemptions = group(exemptions.iter().filter_map(|r| Some((r.champion_id, exemption_fact(r, of(r.requirement_id)?)?))));
        let given = |(champion, requirement, given_on, outcome)| {
            Some((champion, Evidence { requirement, kind: of(requirement)?.kind, given_on, outcome }))
        };
        self.evidence = group(evidence(conn, which).await?.into_iter().filter_map(given));
        self.completions = group(completions(conn, which).await?);
        for (champion, booking) in bookings(conn, which).await? {
            self.bookings.entry(champion).or_default().push(booking);
        }
        Ok(())
    }

    async fn load_languages(&mut self, conn: &impl ConnectionTrait, which: Which<'_>) -> Result<(), Fault> {
        let rows = which.narrow(champion_language::Entity::find(), champion_language::Column::ChampionId).all(conn).await?;
        self.languages = group(rows.into_iter().filter_map(|r| Some((r.champion_id, Language::from_639_3(&r.language)?))));
        Ok(())
    }

    async fn load_checks(&mut self, conn: &impl ConnectionTrait, which: Which<'_>) -> Result<(), Fault> {
        let rows = which.narrow(dbs_check::Entity::find(), dbs_check::Column::ChampionId).all(conn).await?;
        self.checks = group(rows.iter().map(|r| (r.champion_id, dbs::fact(r))));
        Ok(())
    }

    async fn load_acceptances(&mut self, conn: &impl ConnectionTrait, which: Which<'_>) -> Result<(), Fault> {
        let rows = which.narrow(acceptance::Entity::find(), acceptance::Column::ChampionId).all(conn).await?;
        self.accepted = group(words::standing(rows));
        Ok(())
    }

    /// Topics, areas, windows, leave and extra time.
    async fn load_wishes(&mut self, conn: &impl ConnectionTrait, which: Which<'_>) -> Result<(), Fault> {
        let topics = which.narrow(champion_topic::Entity::find(), champion_topic::Column::ChampionId).all(conn).await?;
        let areas = which.narrow(champion_area::Entity::find(), champion_area::Column::ChampionId).all(conn).await?;
        let windows = which.narrow(availability_window::Entity::find(), availability_window::Column::ChampionId).all(conn).await?;
        let exceptions = which.narrow(availability_exception::Entity::find(), availability_exception::Column::ChampionId).all(conn).await?;
        let paces = which.narrow(champion_pace::Entity::find(), champion_pace::Column::ChampionId).all(conn).await?;
        self.paces = paces.into_iter().map(|row| (row.champion_id, row)).collect();
        self.topics = group(topics.into_iter().map(|r| (r.champion_id, r.topic)));
        self.areas = group(areas.into_iter().map(|r| (r.champion_id, r.area)));
        self.windows = group(collect(windows.iter().map(|r| Ok((r.champion_id, availability::window_fact(r)?))))?);
        self.exceptions = group(collect(exceptions.iter().map(|r| Ok((r.champion_id, availability::exception_fact(r)?))))?);
        Ok(())
    }
}

fn record(row: champion::Model, parts: &mut Parts) -> ChampionRecord {
    let id = row.id;
    ChampionRecord {
        id,
        home: row.latitude.zip(row.longitude).map(|(latitude, longitude)| Point { latitude, longitude }),
        reach_metres: u32::try_from(row.reach_metres).unwrap_or(0),
        areas: take(&mut parts.areas, id),
        remote_only: row.remote_only,
        most_per_week: row.most_per_week.and_then(|n| u32::try_from(n).ok()),
        most_per_month: parts.paces.get(&id).and_then(|pace| u32::try_from(pace.most_per_month?).ok()),
        last_asked_at: row.last_asked_at,
        clearance: ClearanceRecord {
            membership: row.membership,
            birth_date: row.birth_date,
            evidence: take(&mut parts.evidence, id),
            completions: take(&mut parts.completions, id),
            exemptions: take(&mut parts.exemptions, id),
            checks: take(&mut parts.checks, id),
            accepted: take(&mut parts.accepted, id),
            child_dates: Vec::new(),
        },
        languages: take(&mut parts.languages, id),
        topics: take(&mut parts.topics, id),
        windows: take(&mut parts.windows, id),
        exceptions: take(&mut parts.exceptions, id),
        bookings: parts.bookings.remove(&id).unwrap_or_default(),
    }
}

fn take<T>(map: &mut HashMap<ChampionId, Vec<T>>, id: ChampionId) -> Vec<T> {
    map.remove(&id).unwrap_or_default()
}

/// Sorts pairs into lists by their first half.
pub fn group<K: Eq + Hash, V>(pairs: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut map: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in pairs {
        map.entry(key).or_default().push(value);
    }
    map
}

fn collect<T>(items: impl Iterator<Item = Result<T, Fault>>) -> Result<Vec<T>, Fault> {
    items.collect()
}

/// Evidence as the rules read it.
pub fn evidence_fact(row: &evidence::Model, kind: RequirementKind) -> Evidence {
    Evidence { requirement: row.requirement_id, kind, given_on: row.given_on, outcome: row.outcome }
}

/// An exemption as the rules read it; none if it was ended.
pub fn exemption_fact(row: &exemption::Model, requirement: &Requirement) -> Option<Exemption> {
    let standing = Exemption { kind: requirement.kind, module: requirement.module, from: row.from_on, until: row.until_on };
    row.ended_at.is_none().then_some(standing)
}

/// A completion as the rules read it.
pub fn completion_fact(row: &completion::Model) -> Completion {
    Completion { module: row.module_id, completed_on: row.completed_on, expires_on: row.expires_on }
}

type EvidenceRow = (ChampionId, RequirementId, NaiveDate, EvidenceOutcome);

async fn evidence(conn: &impl ConnectionTrait, which: Which<'_>) -> Result<Vec<EvidenceRow>, DbErr> {
    let rows = which.narrow(evidence::Entity::find(), evidence::Column::ChampionId).select_only();
    let rows = rows.columns([evidence::Column::ChampionId, evidence::Column::RequirementId]);
    rows.columns([evidence::Column::GivenOn, evidence::Column::Outcome]).into_tuple().all(conn).await
}

async fn completions(conn: &impl ConnectionTrait, which: Which<'_>) -> Result<Vec<(ChampionId, Completion)>, DbErr> {
    let rows = which.narrow(completion::Entity::find(), completion::Column::ChampionId).filter(completion::Column::RevokedAt.is_null());
    let rows = rows.select_only().columns([completion::Column::ChampionId, completion::Column::ModuleId]);
    let rows = rows.columns([completion::Column::CompletedOn, completion::Column::ExpiresOn]).into_tuple().all(conn).await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(champion, module, completed_on, expires_on)| (champion, Completion { module, completed_on, expires_on })).collect())
}

type BookingRow = (ChampionId, SessionId, GroupId, DateTime<Utc>, DateTime<Utc>, NaiveDate, Audience, Modality, Option<f64>, Option<f64>);

async fn bookings(conn: &impl ConnectionTrait, which: Which<'_>) -> Result<Vec<(ChampionId, Booking)>, DbErr> {
    let to_session = assignment::Entity::belongs_to(session::Entity).from(assignment::Column::SessionId).to(session::Column::Id);
    let to_venue = session::Entity::belongs_to(venue::Entity).from(session::Column::VenueId).to(venue::Column::Id);
    let rows: Vec<BookingRow> = which
        .narrow(assignment::Entity::find(), assignment::Column::ChampionId)
        .filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code()))
        .join(JoinType::InnerJoin, to_session.into())
        .join(JoinType::LeftJoin, to_venue.into())
        .select_only()
        .columns([assignment::Column::ChampionId, assignment::Column::SessionId])
        .column(session::Column::GroupId)
        .columns([assignment::Column::StartsAt, assignment::Column::EndsAt])
        .columns([session::Column::LocalDate, session::Column::Audience, session::Column::Modality])
        .columns([venue::Column::Latitude, venue::Column::Longitude])
        .into_tuple()
        .all(conn)
        .await?;
    let booking = |(champion, session, group, from, until, date, audience, modality, latitude, longitude): BookingRow| {
        let at = latitude.zip(longitude).map(|(latitude, longitude)| Point { latitude, longitude });
        let at = at.filter(|_| modality == Modality::InPerson);
        (champion, Booking { session, group, span: Span { from, until }, date, with_children: counts_as_date_with_children(audience), at })
    };
    Ok(rows.into_iter().map(booking).collect())
}

/// A session with what each kind of its places asks for.
#[derive(Clone, Debug)]
pub struct SessionFactsRow {
    /// The session.
    pub session: session::Model,
    /// Its places: id and kind, in order.
    pub places: Vec<(PlaceId, PlaceKind)>,
    needs: HashMap<PlaceKind, SessionNeed>,
}

impl SessionFactsRow {
    /// What a kind of place asks for, if the session has one.
    pub fn need(&self, kind: PlaceKind) -> Option<&SessionNeed> {
        self.needs.get(&kind)
    }

    /// What one of its places asks for.
    pub fn need_at(&self, place: PlaceId) -> Option<&SessionNeed> {
        self.places.iter().find(|(id, _)| *id == place).and_then(|(_, kind)| self.need(*kind))
    }

    /// Its places of a kind that are not taken, in order.
    pub fn open(&self, kind: PlaceKind, taken: &[PlaceId]) -> Vec<PlaceId> {
        self.places.iter().filter(|(id, k)| *k == kind && !taken.contains(id)).map(|(id, _)| *id).collect()
    }

    /// What it asks for like all others; none of a session without places.
    pub fn shared(&self) -> Option<Shared> {
        self.needs.values().next().map(|need| Shared { requirements: need.requirements.clone(), pace: need.pace })
    }

    /// The kinds of place it has.
    pub fn kinds(&self) -> impl Iterator<Item = PlaceKind> + '_ {
        PlaceKind::ALL.iter().copied().filter(|kind| self.needs.contains_key(kind))
    }
}

/// What all sessions ask for alike.
#[derive(Clone, Debug)]
pub struct Shared {
    requirements: Arc<[Requirement]>,
    pace: Pace,
}

impl Shared {
    async fn read(conn: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let requirements = training::requirements(conn).await?.iter().map(training::requirement_fact).collect();
        Ok(Self { requirements, pace: travel::pace(conn).await? })
    }
}

/// What sessions ask for: four statements, or two for every ten thousand sessions and two more.
pub async fn needs(conn: &impl ConnectionTrait, rows: Vec<session::Model>) -> Result<Vec<SessionFactsRow>, DbErr> {
    let shared = Shared::read(conn).await?;
    needs_beside(conn, rows, &shared).await
}

async fn needs_beside(conn: &impl ConnectionTrait, rows: Vec<session::Model>, shared: &Shared) -> Result<Vec<SessionFactsRow>, DbErr> {
    let mut facts = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<session::Model> = rows.by_ref().take(row::AT_ONCE).collect();
        let ids: Vec<SessionId> = some.iter().map(|s| s.id).collect();
        let (mut places, mut modules) = sessions::places_asking(conn, &ids).await?;
        let mut beside = sessions::beside(conn, &ids).await?;
        facts.extend(some.into_iter().map(|session| {
            let places = places.remove(&session.id).unwrap_or_default();
            let Beside { at, areas, acceptance_of, topics } = beside.remove(&session.id).unwrap_or_default();
            let mut needs = HashMap::new();
            for (place, kind) in &places {
                needs.entry(*kind).or_insert_with(|| SessionNeed {
                    at,
                    areas: areas.clone(),
                    kind: *kind,
                    modules: modules.remove(place).unwrap_or_default(),
                    requirements: shared.requirements.clone(),
                    topics: topics.clone(),
                    acceptance_of: acceptance_of.clone(),
                    pace: shared.pace,
                    ..bare_need(&session)
                });
            }
            SessionFactsRow { session, places, needs }
        }));
    }
    Ok(facts)
}

/// What the session's own row says of a need.
fn bare_need(row: &session::Model) -> SessionNeed {
    let dbs = row.dbs_level.zip(row.dbs_workforce).map(|(level, workforce)| DbsScope {
        level,
        workforce,
        adults_barred: row.dbs_adults_barred,
        children_barred: row.dbs_children_barred,
    });
    SessionNeed {
        session: Some(row.id),
        group: row.group_id,
        span: Span { from: row.starts_at, until: row.ends_at },
        date: row.local_date,
        at: None,
        areas: Vec::new(),
        modality: row.modality,
        setting: row.setting,
        kind: PlaceKind::Helper,
        facts: SessionFacts { audience: row.audience, weekly: row.weekly, handles_money: row.handles_money, overnight: row.overnight },
        responsible_adult: row.responsible_adult,
        dbs,
        acceptance_of: None,
        modules: Vec::new(),
        requirements: Arc::default(),
        language: row.language.clone(),
        topics: Vec::new(),
        pace: Pace::default(),
    }
}

/// What one session asks for.
pub async fn need(conn: &impl ConnectionTrait, row: session::Model) -> Result<SessionFactsRow, DbErr> {
    need_beside(conn, row, &Shared::read(conn).await?).await
}

/// The same, where it is known what all ask for.
pub async fn need_beside(conn: &impl ConnectionTrait, row: session::Model, shared: &Shared) -> Result<SessionFactsRow, DbErr> {
    let mut rows = needs_beside(conn, vec![row], shared).await?;
    rows.pop().ok_or_else(|| DbErr::Custom("a session without its facts".to_owned()))
}

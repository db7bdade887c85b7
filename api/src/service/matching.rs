//! Who could take a place, for a session that is there or one that may come; and what a champion could do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::TimeDelta;
use rules::calendar::Span;
use rules::dbs::DbsScope;
use rules::geo::{Point, areas_of};
use rules::id::{ChampionId, PlaceId, SessionId};
use rules::matching::{Blocker, ChampionRecord, Found, Index, Unlock, Weights, blockers, rank_by, unlocks};
use rules::policy::Action;
use rules::session::{CannotCreateSession, PlaceKind, SessionNeed};
use sea_orm::ConnectionTrait;

use super::session::{NewSession, group_for, judged, modules_for, places};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::store::brief::Named;
use crate::store::candidates::{Matching, Moment, People};
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::session::Filter;
use crate::store::{acceptance, directory, offer, session, training, travel};

/// Who a champion is, and all that matching reads of them.
pub type Person = (Arc<Named>, Arc<ChampionRecord>);

/// The best for a kind of place, and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    /// The best, and how many there are in all and are ruled out.
    pub found: Found,
    /// The best, in their order.
    pub people: Vec<Person>,
}

/// The best champions for a kind of place at a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    pub session: SessionId,
    pub kind: PlaceKind,
    /// How many.
    pub most: usize,
    /// Whether those who are ruled out are counted by reason, for which those far away have to be asked too.
    pub counted: bool,
}

/// Champions ranked for kinds of place at sessions: one statement in all, unless something has changed or is asked for the first time.
/// What a session has no place of is left out.
pub async fn for_sessions(app: &App, call: &Call, wanted: &[Wanted]) -> Result<HashMap<Wanted, Ranked>, Fault> {
    let ids: Vec<SessionId> = wanted.iter().map(|one| one.session).collect();
    let matching = app.db.matching(&ids, call.today()).await?;
    Ok(wanted.iter().filter_map(|one| Some((*one, ranked_for(app, call, &matching, one)?))).collect())
}

/// Champions ranked as of a moment; none if they have changed since.
pub async fn ranked_again(app: &App, call: &Call, moment: &Moment, wanted: &Wanted) -> Result<Option<Option<Ranked>>, Fault> {
    let matching = app.db.again(moment).await?;
    Ok(matching.map(|matching| ranked_for(app, call, &matching, wanted)))
}

/// Champions ranked for a kind of place at a session, if it has one.
fn ranked_for(app: &App, call: &Call, matching: &Matching, wanted: &Wanted) -> Option<Ranked> {
    let need = matching.session(wanted.session)?.need(wanted.kind)?;
    let (people, weights) = (matching.people(), &app.policy.match_weights);
    let rank = if wanted.counted { Index::matches } else { Index::best };
    Some(ranked(people, rank(&people.index, need, weights, call.now, wanted.most)))
}

/// Who they are that were found.
fn ranked(people: &People, mut found: Found) -> Ranked {
    let records = std::mem::take(&mut found.records);
    let people = records.into_iter().filter_map(|record| Some((people.named(record.id)?.clone(), record))).collect();
    Ranked { found, people }
}

/// Champions ranked for a session that does not exist yet, and the check it would ask for.
pub async fn preview(
    app: &App,
    call: &Call,
    new: NewSession,
    most: usize,
) -> Result<(Ranked, Option<DbsScope>), Refusal<CannotCreateSession>> {
    let view = app.db.candidates(call.today()).await?;
    let conn = &view.conn;
    group_for(conn, call, new.group, Action::MatchRead, "groupId").await?;
    let row = judged(conn, call, &new).await?;
    places(conn, call, row.id, &new).await?;
    let need = previewed(conn, &new, &row).await?;
    let people = view.people();
    Ok((ranked(people, people.index.matches(&need, &app.policy.match_weights, call.now, most)), need.dbs))
}

async fn previewed(
    conn: &impl ConnectionTrait,
    new: &NewSession,
    row: &entity::session::Model,
) -> Result<SessionNeed, Refusal<CannotCreateSession>> {
    let places = new.places.first().ok_or(Refusal::rule(CannotCreateSession::Places { most: rules::session::PLACE_LIMIT }))?;
    let venue = match new.venue {
        Some(id) => directory::venue(conn, id).await?,
        None => None,
    };
    let dbs = row.dbs_level.zip(row.dbs_workforce).map(|(level, workforce)| DbsScope {
        level,
        workforce,
        adults_barred: row.dbs_adults_barred,
        children_barred: row.dbs_children_barred,
    });
    Ok(SessionNeed {
        session: None,
        group: new.group,
        span: Span { from: row.starts_at, until: row.ends_at },
        date: row.local_date,
        at: venue.as_ref().map(|v| Point { latitude: v.latitude, longitude: v.longitude }),
        areas: venue.map_or_else(Vec::new, |v| areas_of(&v.postcode, v.ward.as_deref())),
        modality: new.modality,
        setting: new.setting,
        kind: places.kind,
        facts: new.facts,
        responsible_adult: new.responsible_adult,
        dbs,
        acceptance_of: acceptance::asked_by(conn, [new.group]).await?.remove(&new.group),
        modules: modules_for(conn, new, places, 0).await?,
        requirements: training::requirements(conn).await?.iter().map(training::requirement_fact).collect(),
        language: new.language.clone(),
        topics: new.topics.clone(),
        pace: travel::pace(conn).await?,
    })
}

/// A place a champion could take.
#[derive(Clone, Debug)]
pub struct Opportunity {
    /// The session.
    pub session: SessionId,
    /// The kind of place.
    pub kind: PlaceKind,
    /// How well it fits.
    pub found: rules::matching::Match,
}

/// What a champion could do in the weeks ahead, and what would unlock more.
#[derive(Clone, Debug, Default)]
pub struct Opportunities {
    /// Open places without a blocker, soonest first.
    pub open: Vec<Opportunity>,
    /// What one or two things would unlock.
    pub unlocks: Vec<Unlock>,
    /// Sessions with an open place that are blocked.
    pub blocked: Vec<(SessionId, PlaceKind, Vec<Blocker>)>,
}

/// How far ahead opportunities are looked for.
pub const AHEAD: TimeDelta = TimeDelta::days(56);

/// Looks through every session with an open place in the next eight weeks, for each of these champions.
pub async fn opportunities(app: &App, call: &Call, champions: &[ChampionId]) -> Result<HashMap<ChampionId, Opportunities>, Fault> {
    let conn = app.db.snapshot().await?;
    let records = facts::champions(&conn, Which::These(champions)).await?;
    let filter =
        Filter { from: Some(call.now), until: Some(call.now + AHEAD), scheduled_only: true, uncovered_only: true, ..Filter::default() };
    let sessions = facts::needs(&conn, session::in_order(&conn, &filter).await?).await?;
    let ids: Vec<SessionId> = sessions.iter().map(|s| s.session.id).collect();
    let taken: HashSet<PlaceId> = offer::confirmed(&conn, &ids).await?.into_iter().map(|a| a.place_id).collect();
    let mut found = HashMap::new();
    for record in &records {
        found.insert(record.id, for_champion(record, &sessions, &taken, (&app.policy.match_weights, call)).await);
    }
    Ok(found)
}

/// Sessions that are judged before others have their turn: thousands take a while, in which nobody else would be answered, and no time
/// limit could end it.
const AT_A_TIME: usize = 64;

async fn for_champion(
    record: &ChampionRecord,
    sessions: &[SessionFactsRow],
    taken: &HashSet<PlaceId>,
    by: (&Weights, &Call),
) -> Opportunities {
    let mut found = Opportunities::default();
    for (number, facts) in sessions.iter().enumerate() {
        if number % AT_A_TIME == 0 {
            tokio::task::yield_now().await;
        }
        let is_open = |kind: &PlaceKind| facts.places.iter().any(|(id, k)| k == kind && !taken.contains(id));
        sort_kinds(&mut found, facts, record, facts.kinds().filter(is_open).collect(), by);
    }
    let by_session: Vec<(SessionId, Vec<Blocker>)> = found.blocked.iter().map(|(id, _, blockers)| (*id, blockers.clone())).collect();
    found.unlocks = unlocks(&by_session, 5);
    found
}

/// The first kind of place that is open to the champion; else the kind with the fewest blockers stands for the session.
fn sort_kinds(found: &mut Opportunities, facts: &SessionFactsRow, record: &ChampionRecord, kinds: Vec<PlaceKind>, by: (&Weights, &Call)) {
    let mut fewest: Option<(PlaceKind, Vec<Blocker>)> = None;
    for kind in kinds {
        let Some(need) = facts.need(kind) else { continue };
        let blockers = blockers(need, record);
        if blockers.is_empty() {
            let ranked = rank_by(need, std::slice::from_ref(record), by.0, by.1.now);
            found.open.extend(ranked.matches.into_iter().map(|found| Opportunity { session: facts.session.id, kind, found }));
            return;
        }
        if fewest.as_ref().is_none_or(|(_, other)| blockers.len() < other.len()) {
            fewest = Some((kind, blockers));
        }
    }
    found.blocked.extend(fewest.map(|(kind, blockers)| (facts.session.id, kind, blockers)));
}

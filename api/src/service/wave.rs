//! Waves of offers: a run asks the best few, then more as time passes or nobody is left to answer, until the places are filled.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{asking, champion_request, offer_waves};
use rules::id::{ChampionId, OfferId, PlaceId, RequestId, StandInId, WavesId};
use rules::matching::{done_before, rank_by};
use rules::offer::{OfferStatus, can_be_offered};
use rules::policy::Action;
use rules::request::RequestStatus;
use rules::session::PlaceKind;
use rules::wave::{
    Asked, BUDGET_SPAN, CannotStartWaves, CannotStopWaves, Contact, Plan, Progress, Turn, Wave, WavesStatus, expires_at, next, turn,
};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::offer::{Asking, ask, fact, open_places};
use super::team::Teams;
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::{self, offer, row, transact, wave};

/// How a run is to ask.
#[derive(Clone, Debug)]
pub struct Run {
    /// For which kind of place.
    pub kind: PlaceKind,
    /// How many a wave asks.
    pub size: i32,
    /// How long until the next wave.
    pub every_minutes: i32,
    /// Everybody at once.
    pub urgent: bool,
    /// What they should know.
    pub message: String,
    /// The search for a stand-in it serves.
    pub stand_in: Option<StandInId>,
}

impl Run {
    /// The run that looks for a stand-in, or for somebody in the place of one who gave it up late.
    pub(super) fn for_cover(kind: PlaceKind, urgent: bool, stand_in: Option<StandInId>) -> Self {
        Self { kind, size: 5, every_minutes: 240, urgent, message: String::new(), stand_in }
    }
}

/// Starts a run; its first wave goes out at once.
pub async fn start(app: &App, call: &Call, once: Option<Once>, request: RequestId, run: Run) -> Result<WavesId, Refusal<CannotStartWaves>> {
    let action = Action::OfferWavesStart;
    let result = transact!(app.db, |tx| {
        let (request_row, session) = super::request::locked(&tx, call, request, action).await?;
        if let Some(kept) = answered::<WavesId, CannotStartWaves>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if !can_be_offered(session.status, session.starts_at, call.now) {
            return Err(Refusal::rule(CannotStartWaves::SessionClosed));
        }
        if super::request::progress(&tx, &request_row, call).await? == RequestStatus::Withdrawn {
            return Err(Refusal::rule(CannotStartWaves::RequestClosed));
        }
        if wave::running(&tx, session.id).await?.iter().any(|r| r.kind == run.kind && r.stand_in_id.is_none()) {
            return Err(Refusal::rule(CannotStartWaves::AlreadyRunning));
        }
        let facts = facts::need(&tx, session).await?;
        if open_places(&tx, &facts, run.kind).await?.is_empty() {
            return Err(Refusal::rule(CannotStartWaves::NoOpenPlace { kind: run.kind }));
        }
        let id = begin(app, &tx, call, &request_row, &facts, &run, action).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("ChampionRequest", Some(request.0)), result).await
}

/// Writes the run down and asks its first wave; the session is locked.
pub(super) async fn begin(
    app: &App,
    tx: &impl ConnectionTrait,
    call: &Call,
    request: &champion_request::Model,
    facts: &SessionFactsRow,
    run: &Run,
    action: Action,
) -> Result<WavesId, Fault> {
    let id: WavesId = new_id(call.now);
    let row = offer_waves::Model {
        id,
        request_id: request.id,
        session_id: facts.session.id,
        kind: run.kind,
        stand_in_id: run.stand_in,
        status: WavesStatus::Running,
        urgent: run.urgent,
        size: run.size,
        every_minutes: run.every_minutes,
        message: run.message.clone(),
        wave: 0,
        next_at: call.now,
        started_by: call.caller.account,
        started_at: call.now,
        ended_at: None,
    };
    row::insert(tx, row.clone()).await?;
    let detail = json!({ "session": row.session_id, "kind": row.kind, "urgent": row.urgent, "stand_in": row.stand_in_id });
    done(tx, call, action, Subject("OfferWaves", Some(id.0)), detail).await?;
    go_on(app, tx, call, row, request, facts).await?;
    Ok(id)
}

/// The places a run asks for: the duty that a stand-in takes over, or whatever is open.
async fn wanted(tx: &impl ConnectionTrait, row: &offer_waves::Model, facts: &SessionFactsRow) -> Result<Vec<PlaceId>, Fault> {
    let Some(id) = row.stand_in_id else { return open_places(tx, facts, row.kind).await };
    Ok(super::stand_in::duties(tx, &[id]).await?.into_values().map(|duty| duty.place).collect())
}

/// Does what the run's time has come for; the session is locked.
async fn go_on(
    app: &App,
    tx: &impl ConnectionTrait,
    call: &Call,
    mut row: offer_waves::Model,
    request: &champion_request::Model,
    facts: &SessionFactsRow,
) -> Result<usize, Fault> {
    let offers = offer::of_sessions(tx, &[row.session_id]).await?;
    let searches = searches_of(tx, &offers.iter().map(|o| o.id).collect::<Vec<_>>()).await?;
    let waits = |o: &&entity::offer::Model| o.kind == row.kind && searches.get(&o.id).copied() == row.stand_in_id;
    let pending = offers.iter().filter(waits).filter(|o| fact(o).status_at(call.now) == OfferStatus::Pending).count();
    let places = wanted(tx, &row, facts).await?;
    let progress = Progress {
        can_be_offered: can_be_offered(facts.session.status, facts.session.starts_at, call.now),
        withdrawn: request.withdrawn_at.is_some(),
        wanted: places.len(),
        pending,
        next_at: row.next_at,
    };
    match turn(progress, call.now) {
        Turn::Wait => Ok(0),
        Turn::End(status) => end(tx, call, row, status).await.map(|()| 0),
        Turn::Ask => {
            let found = who_is_next(app, tx, call, &row, (facts, &places), &offers).await?;
            if found.asked.is_empty() && pending == 0 {
                end(tx, call, row, WavesStatus::Exhausted).await?;
                return Ok(0);
            }
            row.wave += i32::from(!found.asked.is_empty());
            row.next_at = call.now + TimeDelta::minutes(i64::from(row.every_minutes));
            send(tx, call, &row, facts, &found).await?;
            row::update(tx, row).await?;
            Ok(found.asked.len())
        }
    }
}

async fn who_is_next(
    app: &App,
    tx: &impl ConnectionTrait,
    call: &Call,
    row: &offer_waves::Model,
    (facts, places): (&SessionFactsRow, &[PlaceId]),
    offers: &[entity::offer::Model],
) -> Result<Wave, Fault> {
    let Some(need) = facts.need(row.kind) else { return Ok(Wave::default()) };
    let mut champions = facts::champions(tx, Which::Open).await?;
    // Nobody is asked for what they would be refused.
    let team = Teams::joined_by(tx, champions.iter().map(|c| (facts, c))).await?.beside(facts, places);
    champions.retain(|c| team.welcomes(row.kind, done_before(c, need.span.from)));
    let asked = wave::asked_since(tx, call.now - BUDGET_SPAN).await?;
    let quiet = wave::resting(tx, call.now).await?;
    let contact = |id: ChampionId, last_asked_at| Contact {
        asked: asked.get(&id).copied().unwrap_or_default(),
        last_asked_at,
        quiet_until: quiet.get(&id).copied(),
        earlier: offers.iter().rev().find(|o| o.champion_id == id).map(fact),
    };
    let contacts: HashMap<ChampionId, Contact> = champions.iter().map(|c| (c.id, contact(c.id, c.last_asked_at))).collect();
    let size = usize::try_from(row.size).unwrap_or(1);
    let plan = Plan { size, budget: app.policy.offers_per_week, urgent: row.urgent };
    Ok(next(&rank_by(need, &champions, &app.policy.match_weights, call.now), &contacts, plan, call.now))
}

async fn send(
    tx: &impl ConnectionTrait,
    call: &Call,
    row: &offer_waves::Model,
    facts: &SessionFactsRow,
    found: &Wave,
) -> Result<(), Fault> {
    if found.asked.is_empty() {
        return Ok(());
    }
    let because = |a: &Asked| asking::Model {
        offer_id: OfferId(uuid::Uuid::nil()),
        waves_id: Some(row.id),
        wave: Some(row.wave),
        because: Some(a.because.clone()),
        stand_in_id: row.stand_in_id,
    };
    let who: Vec<ChampionId> = found.asked.iter().map(|a| a.champion).collect();
    store::champion::lock_all(tx, &who).await?;
    let asking = Asking {
        request: row.request_id,
        kind: row.kind,
        message: &row.message,
        expires_at: expires_at(call.now, facts.session.starts_at, row.urgent),
    };
    let whys = found.asked.iter().map(because).collect();
    ask(tx, call, Action::OfferWavesStart, &facts.session, asking, &who, whys).await?;
    let detail = json!({ "wave": row.wave, "asked": who.len(), "passed_over": found.passed_over.iter().map(|(r, n)| (r.code(), n)).collect::<HashMap<_, _>>(), "left": found.left });
    Ok(done(tx, call, Action::OfferWavesStart, Subject("OfferWaves", Some(row.id.0)), detail).await?)
}

pub(super) async fn end(tx: &impl ConnectionTrait, call: &Call, row: offer_waves::Model, to: WavesStatus) -> Result<(), Fault> {
    let (id, session) = (row.id, row.session_id);
    row::update(tx, offer_waves::Model { status: to, ended_at: Some(call.now), ..row }).await?;
    done(tx, call, Action::OfferWavesStop, Subject("OfferWaves", Some(id.0)), json!({ "to": to })).await?;
    emit(tx, call, "waves.ended", json!({ "waves": id, "session": session, "status": to })).await
}

/// Ends the runs that served a search for a stand-in; the session is locked.
pub(super) async fn end_for(
    tx: &impl ConnectionTrait,
    call: &Call,
    search: &entity::stand_in::Model,
    to: WavesStatus,
) -> Result<(), Fault> {
    for run in wave::running(tx, search.session_id).await? {
        if run.stand_in_id == Some(search.id) {
            end(tx, call, run, to).await?;
        }
    }
    Ok(())
}

/// Stops a run; offers that wait for an answer stand.
pub async fn stop(app: &App, call: &Call, id: WavesId) -> Result<WavesId, Refusal<CannotStopWaves>> {
    let action = Action::OfferWavesStop;
    let result = transact!(app.db, |tx| {
        call.require(action, rules::policy::Relation::Own)?;
        let Some(seen) = wave::find(&tx, id).await? else { return Err(Refusal::not_found("wavesId")) };
        let session = store::session::lock(&tx, seen.session_id).await?;
        let theirs = session.is_some_and(|s| call.may(action, call.caller.to_group(s.group_id)));
        let run = wave::find(&tx, id).await?.filter(|_| theirs);
        let Some(run) = run else { return Err(Refusal::not_found("wavesId")) };
        if run.status == WavesStatus::Running {
            end(&tx, call, run, WavesStatus::Stopped).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("OfferWaves", Some(id.0)), result).await
}

/// Asks everybody at once in the place of somebody who can't come so near the start. A run for this kind of place becomes urgent.
pub(super) async fn escalate(
    app: &App,
    tx: &impl ConnectionTrait,
    call: &Call,
    session: entity::session::Model,
    run: Run,
    action: Action,
) -> Result<(), Fault> {
    let request = super::request::ensure(tx, call, &session, action).await?;
    let running = wave::running(tx, session.id).await?.into_iter().find(|r| r.kind == run.kind && r.stand_in_id == run.stand_in);
    let facts = facts::need(tx, session).await?;
    match running {
        None => begin(app, tx, call, &request, &facts, &run, action).await.map(|_| ())?,
        Some(found) => {
            let faster = offer_waves::Model { urgent: run.urgent || found.urgent, next_at: call.now, ..found };
            go_on(app, tx, call, faster, &request, &facts).await?;
        }
    }
    emit(tx, call, "cover.sought", json!({ "session": facts.session.id, "kind": run.kind, "urgent": run.urgent })).await
}

/// The most runs one look goes through.
const MOST: u64 = 100;

/// Sends the waves whose time has come.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("offers.widen", now);
    let mut asked = 0;
    for seen in wave::due(app.db.read(), now, MOST).await? {
        asked += widen(app, &call, &seen).await?;
    }
    Ok(asked)
}

async fn widen(app: &App, call: &Call, seen: &offer_waves::Model) -> Result<usize, Fault> {
    transact!(app.db, |tx| {
        let Some(session) = store::session::lock(&tx, seen.session_id).await? else { return Ok(0) };
        // Read again under the lock: another replica, or a leader, may have been here.
        let run = wave::find(&tx, seen.id).await?.filter(|r| r.status == WavesStatus::Running && r.next_at <= call.now);
        let request = offer::request(&tx, seen.request_id).await?;
        let (Some(run), Some(request)) = (run, request) else { return Ok(0) };
        let facts = facts::need(&tx, session).await?;
        go_on(app, &tx, call, run, &request, &facts).await
    })
}

/// The searches for stand-ins that a session's offers are for.
pub(super) async fn searches_of(tx: &impl ConnectionTrait, offers: &[OfferId]) -> Result<HashMap<OfferId, StandInId>, Fault> {
    let rows = wave::askings(tx, offers).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.offer_id, row.stand_in_id?))).collect())
}

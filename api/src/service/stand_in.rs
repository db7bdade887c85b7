//! "I can't be there": the duty stands until a stand-in has accepted or a coordinator releases the champion.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{asking, assignment, stand_in as row_of};
use rules::assignment::AssignmentStatus;
use rules::calendar::Span;
use rules::id::{AssignmentId, ChampionId, OfferId, PlaceId, StandInId};
use rules::life::{STAND_IN, StandInEvent, after};
use rules::offer::{OfferStatus, can_be_offered, send as judge_send};
use rules::policy::{Action, Relation};
use rules::session::PlaceKind;
use rules::stand_in::{CannotComeAfterAll, CannotSeek, StandInStatus, come_after_all, is_late, seek as judge_seek};
use rules::wave::{WavesStatus, expires_at};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::offer::{Asking, ask, fact};
use super::team::beside;
use super::wave::{Run, end_for, escalate};
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, Which};
use crate::store::{self, offer, row, stand_in, transact, wave};

/// Looks for a stand-in: the champion who is named, or else everybody who could come, in waves.
pub async fn seek(
    app: &App,
    call: &Call,
    once: Option<Once>,
    id: AssignmentId,
    named: Option<i32>,
    reason: Option<String>,
) -> Result<StandInId, Refusal<CannotSeek>> {
    let action = Action::StandInSeek;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let seen = offer::assignment(&tx, id).await?.filter(|a| call.may(action, call.caller.to_champion(a.champion_id)));
        let Some(seen) = seen else { return Err(Refusal::not_found("assignmentId")) };
        if let Some(kept) = answered::<StandInId, CannotSeek>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let Some(session) = store::session::lock(&tx, seen.session_id).await? else { return Err(Refusal::not_found("assignmentId")) };
        let duty = offer::lock_assignment(&tx, id).await?.unwrap_or(seen);
        let seeking = stand_in::seeking_for(&tx, id).await?.is_some();
        judge_seek(duty.status, Span { from: duty.starts_at, until: duty.ends_at }, seeking, call.now).map_err(Refusal::rule)?;
        let search = open(&tx, call, &duty, named, reason.clone()).await?;
        let kind = kind_of(&tx, &duty).await?;
        match search.named_id {
            Some(stand_in) => name(&tx, call, session, (kind, duty.place_id), &search, stand_in).await?,
            None => look_around(app, &tx, call, session, kind, &search).await?,
        }
        keep(&tx, call, once.as_ref(), &search.id).await?;
        Ok(search.id)
    });
    audited(app, call, action, Subject("Assignment", Some(id.0)), result).await
}

/// Writes the search down. Whoever is named must be somebody else who is there.
async fn open(
    tx: &impl ConnectionTrait,
    call: &Call,
    duty: &assignment::Model,
    named: Option<i32>,
    reason: Option<String>,
) -> Result<row_of::Model, Refusal<CannotSeek>> {
    let named_id = match named {
        None => None,
        Some(number) => {
            let found = store::champion::by_number(tx, number).await?.map(|c| c.id).filter(|id| *id != duty.champion_id);
            Some(found.ok_or(Refusal::rule(CannotSeek::StandInNotPossible))?)
        }
    };
    let search = row_of::Model {
        id: new_id(call.now),
        assignment_id: duty.id,
        session_id: duty.session_id,
        champion_id: duty.champion_id,
        named_id,
        status: StandInStatus::Seeking,
        reason,
        sought_at: call.now,
        ended_at: None,
        taken_by: None,
    };
    row::insert(tx, search.clone()).await?;
    let detail = json!({ "assignment": duty.id, "session": duty.session_id, "named": named_id });
    done(tx, call, Action::StandInSeek, Subject("StandIn", Some(search.id.0)), detail).await?;
    emit(tx, call, "stand_in.sought", json!({ "stand_in": search.id, "session": duty.session_id })).await?;
    Ok(search)
}

async fn kind_of(tx: &impl ConnectionTrait, duty: &assignment::Model) -> Result<PlaceKind, Fault> {
    let places = store::session::places(tx, &[duty.session_id]).await?;
    let kind = places.into_iter().find(|p| p.id == duty.place_id).map(|p| p.kind);
    kind.ok_or_else(|| Fault::Other(anyhow::anyhow!("an assignment without its place")))
}

/// Asks the champion who is named, and nobody else; they agree by accepting.
async fn name(
    tx: &impl ConnectionTrait,
    call: &Call,
    session: entity::session::Model,
    (kind, place): (PlaceKind, PlaceId),
    search: &row_of::Model,
    who: ChampionId,
) -> Result<(), Refusal<CannotSeek>> {
    let refused = || Refusal::rule(CannotSeek::StandInNotPossible);
    let request = super::request::ensure(tx, call, &session, Action::StandInSeek).await?;
    let facts = facts::need(tx, session).await?;
    store::champion::lock(tx, who).await?;
    let record = facts::champions(tx, Which::These(&[who])).await?.pop().ok_or_else(refused)?;
    let earlier = offer::of_sessions(tx, &[facts.session.id]).await?.iter().rev().find(|o| o.champion_id == who).map(fact);
    let need = facts.need(kind).ok_or_else(refused)?;
    let team = beside(tx, &facts, &[place], &record).await?;
    judge_send(need, &record, &team, earlier, 0, call.now).map_err(|_| refused())?;
    if !can_be_offered(facts.session.status, facts.session.starts_at, call.now) {
        return Err(refused());
    }
    let message = "";
    let asking = Asking { request: request.id, kind, message, expires_at: expires_at(call.now, facts.session.starts_at, true) };
    let why = asking::Model {
        offer_id: OfferId(uuid::Uuid::nil()),
        waves_id: None,
        wave: None,
        because: Some("named as the stand-in".to_owned()),
        stand_in_id: Some(search.id),
    };
    ask(tx, call, Action::StandInSeek, &facts.session, asking, &[who], vec![why]).await?;
    Ok(())
}

async fn look_around(
    app: &App,
    tx: &impl ConnectionTrait,
    call: &Call,
    session: entity::session::Model,
    kind: PlaceKind,
    search: &row_of::Model,
) -> Result<(), Fault> {
    let urgent = is_late(session.starts_at, call.now, app.policy.late_hours);
    escalate(app, tx, call, session, Run::for_cover(kind, urgent, Some(search.id)), Action::StandInSeek).await
}

/// The champion can come after all; whoever was asked is told.
pub async fn cancel(app: &App, call: &Call, id: StandInId) -> Result<StandInId, Refusal<CannotComeAfterAll>> {
    let action = Action::StandInCancel;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let seen = stand_in::find(&tx, id).await?.filter(|s| call.may(action, call.caller.to_champion(s.champion_id)));
        let Some(seen) = seen else { return Err(Refusal::not_found("standInId")) };
        store::session::lock(&tx, seen.session_id).await?;
        let search = stand_in::find(&tx, id).await?.unwrap_or(seen);
        if come_after_all(search.status).map_err(Refusal::rule)? {
            end(&tx, call, search, StandInEvent::ComeAfterAll, None, action).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("StandIn", Some(id.0)), result).await
}

/// Ends a search; the session is locked. Offers made for it are taken back, unless the place is open now: then they stand.
pub(super) async fn end(
    tx: &impl ConnectionTrait,
    call: &Call,
    search: row_of::Model,
    event: StandInEvent,
    taken_by: Option<AssignmentId>,
    action: Action,
) -> Result<(), Fault> {
    let to = after(STAND_IN, search.status, event)
        .ok_or_else(|| Fault::Other(anyhow::anyhow!("a search that is {} by {event:?}", search.status)))?;
    let (id, session) = (search.id, search.session_id);
    if matches!(to, StandInStatus::Withdrawn | StandInStatus::Covered) {
        end_for(tx, call, &search, if to == StandInStatus::Covered { WavesStatus::Filled } else { WavesStatus::Stopped }).await?;
        let theirs = wave::for_stand_in(tx, id).await?;
        let mut waiting = offer::of_sessions(tx, &[session]).await?;
        waiting.retain(|o| o.status == OfferStatus::Pending && theirs.contains(&o.id));
        super::offer_close::tell_and_close(
            tx,
            call,
            &waiting,
            if to == StandInStatus::Covered { OfferStatus::Expired } else { OfferStatus::Withdrawn },
            action,
        )
        .await?;
    }
    row::update(tx, row_of::Model { status: to, ended_at: Some(call.now), taken_by, ..search }).await?;
    done(tx, call, action, Subject("StandIn", Some(id.0)), json!({ "to": to, "taken_by": taken_by })).await?;
    emit(tx, call, "stand_in.ended", json!({ "stand_in": id, "session": session, "status": to })).await
}

/// The duty ended otherwise: the search for a stand-in does too, and so do its swaps. The session is locked.
pub(super) async fn duty_ended(
    tx: &impl ConnectionTrait,
    call: &Call,
    duty: AssignmentId,
    event: StandInEvent,
    action: Action,
) -> Result<(), Fault> {
    if let Some(search) = stand_in::seeking_for(tx, duty).await? {
        end(tx, call, search, event, None, action).await?;
    }
    for swap in stand_in::swaps_with(tx, &[duty]).await? {
        super::swap::close(tx, call, swap, rules::life::SwapEvent::Lapse, action).await?;
    }
    Ok(())
}

/// What a stand-in would take over.
#[derive(Clone, Debug)]
pub(super) struct Duty {
    /// The search.
    pub search: row_of::Model,
    /// The place.
    pub place: PlaceId,
    /// Whoever is expected until then; none if the place is open by now.
    pub held: Option<assignment::Model>,
}

/// The places that searches are for, where they can still be taken: held by whoever searches, or open since they were released.
/// Four statements, however many.
pub(super) async fn duties(conn: &impl ConnectionTrait, ids: &[StandInId]) -> Result<HashMap<StandInId, Duty>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let searches = stand_in::many(conn, ids.iter().copied()).await?;
    let sessions: Vec<_> = searches.iter().map(|s| s.session_id).collect();
    let taken: HashSet<PlaceId> = offer::confirmed(conn, &sessions).await?.into_iter().map(|a| a.place_id).collect();
    let rows = offer::assignments(conn, searches.iter().map(|s| s.assignment_id)).await?;
    let mut rows: HashMap<AssignmentId, assignment::Model> = rows.into_iter().map(|a| (a.id, a)).collect();
    let duty = |search: row_of::Model| {
        let held = rows.remove(&search.assignment_id)?;
        let place = held.place_id;
        let stands = held.status == AssignmentStatus::Confirmed;
        match search.status {
            StandInStatus::Seeking if stands => Some((search.id, Duty { search, place, held: Some(held) })),
            StandInStatus::Released | StandInStatus::Closed if !taken.contains(&place) => {
                Some((search.id, Duty { search, place, held: None }))
            }
            _ => None,
        }
    };
    Ok(searches.into_iter().filter_map(duty).collect())
}

/// The most searches one look goes through.
const MOST: u64 = 200;

/// Searches whose session begins are closed; where whoever was named said no, everybody else is asked.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("stand_ins.follow", now);
    let mut count = 0;
    for seen in stand_in::seeking(app.db.read(), MOST).await? {
        count += usize::from(follow(app, &call, &seen).await?);
    }
    Ok(count)
}

async fn follow(app: &App, call: &Call, seen: &row_of::Model) -> Result<bool, Fault> {
    transact!(app.db, |tx| {
        let Some(session) = store::session::lock(&tx, seen.session_id).await? else { return Ok(false) };
        let Some(search) = stand_in::find(&tx, seen.id).await?.filter(|s| s.status == StandInStatus::Seeking) else { return Ok(false) };
        if session.starts_at <= call.now {
            end(&tx, call, search, StandInEvent::Close, None, Action::StandInCancel).await?;
            return Ok(true);
        }
        let theirs = wave::for_stand_in(&tx, search.id).await?;
        let waits = |o: &entity::offer::Model| theirs.contains(&o.id) && fact(o).status_at(call.now) == OfferStatus::Pending;
        let waiting = offer::of_sessions(&tx, &[session.id]).await?.iter().any(waits);
        let answered_no = search.named_id.is_some() && !waiting && can_be_offered(session.status, session.starts_at, call.now);
        if !answered_no {
            return Ok(false);
        }
        let Some(duty) = offer::assignment(&tx, search.assignment_id).await? else { return Ok(false) };
        let kind = kind_of(&tx, &duty).await?;
        row::update(&tx, row_of::Model { named_id: None, ..search.clone() }).await?;
        look_around(app, &tx, call, session, kind, &search).await?;
        Ok(true)
    })
}

//! Places that champions take themselves, and the waiting list: whoever has waited longest and still can is offered a place that
//! becomes free, and the next if they don't take it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{asking, session, waiting};
use rules::id::{AssignmentId, ChampionId, GroupId, OfferId, SessionId, WaitingId};
use rules::life::after;
use rules::matching::{Blocker, ChampionRecord, blockers, done_before};
use rules::offer::{OfferStatus, Openings, can_be_offered};
use rules::policy::{Action, Relation};
use rules::reason::Reason;
use rules::session::PlaceKind;
use rules::sign_up::{
    CannotLeaveList, CannotSetGroupSignUp, CannotSetSessionSignUp, CannotTakePlace, CannotWait, WAITING, Waiter, WaitingEvent,
    WaitingStatus, kept_until, moved, next, take as judge_take, wait as judge_wait,
};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::clearance::judge_others;
use super::offer::{Asking, ask, close_others, confirm, fact, open_places};
use super::team::{Teams, beside};
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::{self, directory, offer, row, sign_up, transact};

/// Says whether champions take places of a group's sessions themselves.
pub async fn set_group(app: &App, call: &Call, group: GroupId, open: bool) -> Result<GroupId, Refusal<CannotSetGroupSignUp>> {
    let action = Action::GroupSignUpSet;
    let result = transact!(app.db, |tx| {
        call.require(action, call.caller.to_group(group))?;
        if directory::group(&tx, group).await?.is_none() {
            return Err(Refusal::not_found("groupId"));
        }
        sign_up::set_group(&tx, group, open).await?;
        done(&tx, call, action, Subject("Group", Some(group.0)), json!({ "open": open })).await?;
        Ok(group)
    });
    audited(app, call, action, Subject("Group", Some(group.0)), result).await
}

/// Says whether champions take this session's places themselves; none leaves it to its group.
pub async fn set_session(app: &App, call: &Call, id: SessionId, open: Option<bool>) -> Result<SessionId, Refusal<CannotSetSessionSignUp>> {
    let action = Action::SessionSignUpSet;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(session) = store::session::lock(&tx, id).await? else { return Err(Refusal::not_found("sessionId")) };
        call.require(action, call.caller.to_group(session.group_id))?;
        sign_up::set_session(&tx, id, open).await?;
        done(&tx, call, action, Subject("Session", Some(id.0)), json!({ "open": open })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(id.0)), result).await
}

/// What judging a champion for a session reads, under the locks of both.
struct Door {
    facts: SessionFactsRow,
    open: bool,
    list: Vec<waiting::Model>,
    record: ChampionRecord,
}

impl Door {
    /// How many on the list come before this champion.
    fn ahead(&self, kind: PlaceKind) -> usize {
        self.list.iter().take_while(|w| w.champion_id != self.record.id).filter(|w| w.kind == kind).count()
    }

    async fn openings(&self, tx: &impl ConnectionTrait, kind: PlaceKind) -> Result<Openings, Fault> {
        let places = open_places(tx, &self.facts, kind).await?;
        let team = beside(tx, &self.facts, &places, &self.record).await?;
        Ok(Openings { status: self.facts.session.status, places, team })
    }

    fn entry(&self) -> Option<&waiting::Model> {
        self.list.iter().find(|w| w.champion_id == self.record.id)
    }
}

fn own<R>(call: &Call, action: Action) -> Result<ChampionId, Refusal<R>> {
    call.require(action, Relation::Own)?;
    call.caller.champion.ok_or(Refusal::Forbidden)
}

async fn door<R: Reason>(tx: &impl ConnectionTrait, session: SessionId, champion: ChampionId) -> Result<Door, Refusal<R>> {
    let Some(session) = store::session::lock(tx, session).await? else { return Err(Refusal::not_found("sessionId")) };
    store::champion::lock(tx, champion).await?;
    let open = sign_up::is_open(tx, &session).await?;
    let list = sign_up::on_list(tx, &[session.id]).await?;
    let facts = facts::need(tx, session).await?;
    let record = facts::champions(tx, Which::These(&[champion])).await?.pop().ok_or(Refusal::Forbidden)?;
    Ok(Door { facts, open, list, record })
}

/// Takes a place: judged as an offer that is accepted would be, behind those who wait.
pub async fn take(
    app: &App,
    call: &Call,
    once: Option<Once>,
    session: SessionId,
    kind: PlaceKind,
) -> Result<AssignmentId, Refusal<CannotTakePlace>> {
    let action = Action::PlaceTake;
    let result = transact!(app.db, |tx| {
        let champion = own(call, action)?;
        if let Some(kept) = answered::<AssignmentId, CannotTakePlace>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let door = door(&tx, session, champion).await?;
        let Some(need) = door.facts.need(kind) else { return Err(Refusal::not_found("kind")) };
        let openings = door.openings(&tx, kind).await?;
        let open = openings.places.len();
        let place = judge_take(door.open, openings, door.ahead(kind), need, &door.record, call.now)?;
        let mut mine = offer::of_sessions(&tx, &[session]).await?;
        mine.retain(|o| o.champion_id == champion && o.status == OfferStatus::Pending);
        super::offer_close::close(&tx, call, &mine, OfferStatus::Expired, action).await?;
        let id = confirm(&tx, call, &door.facts.session, place, champion, None).await?;
        if open == 1 {
            close_others(&tx, call, &door.facts, kind).await?;
        }
        done(&tx, call, action, Subject("Assignment", Some(id.0)), json!({ "session": session, "place": place })).await?;
        emit(&tx, call, "assignment.confirmed", json!({ "assignment": id, "session": session, "champion": champion })).await?;
        judge_others(&tx, call, action, &door.record, &door.facts.session).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(session.0)), result).await
}

/// Waits for a place at a session that is full; whoever is on the list already stays where they are.
pub async fn join(app: &App, call: &Call, session: SessionId, kind: PlaceKind) -> Result<WaitingId, Refusal<CannotWait>> {
    let action = Action::WaitingListJoin;
    let result = transact!(app.db, |tx| {
        let champion = own(call, action)?;
        let door = door(&tx, session, champion).await?;
        if let Some(there) = door.entry() {
            return Ok(there.id);
        }
        let Some(need) = door.facts.need(kind) else { return Err(Refusal::not_found("kind")) };
        let openings = door.openings(&tx, kind).await?;
        judge_wait(door.open, &openings, door.ahead(kind), need, &door.record, call.now).map_err(Refusal::rule)?;
        let asked = offer::of_sessions(&tx, &[session]).await?;
        if asked.iter().any(|o| o.champion_id == champion && fact(o).status_at(call.now) == OfferStatus::Pending) {
            return Err(Refusal::rule(CannotWait::AlreadyAsked));
        }
        let id: WaitingId = new_id(call.now);
        let entry = waiting::Model {
            id,
            session_id: session,
            kind,
            champion_id: champion,
            status: WaitingStatus::Waiting,
            offer_id: None,
            joined_at: call.now,
            ended_at: None,
        };
        row::insert(&tx, entry).await?;
        done(&tx, call, action, Subject("Waiting", Some(id.0)), json!({ "session": session, "kind": kind })).await?;
        emit(&tx, call, "waiting.joined", json!({ "waiting": id, "session": session })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(session.0)), result).await
}

/// Leaves a waiting list; a place that was offered goes to the next.
pub async fn leave(app: &App, call: &Call, session: SessionId) -> Result<SessionId, Refusal<CannotLeaveList>> {
    let action = Action::WaitingListLeave;
    let result = transact!(app.db, |tx| {
        let champion = own(call, action)?;
        store::session::lock(&tx, session).await?;
        let list = sign_up::on_list(&tx, &[session]).await?;
        let Some(entry) = list.into_iter().find(|w| w.champion_id == champion) else { return Err(Refusal::not_found("sessionId")) };
        if let Some(id) = entry.offer_id {
            let offered: Vec<_> = offer::find(&tx, id).await?.into_iter().filter(|o| o.status == OfferStatus::Pending).collect();
            super::offer_close::close(&tx, call, &offered, OfferStatus::Withdrawn, action).await?;
        }
        step(&tx, call, entry, WaitingEvent::Leave, action).await?;
        Ok(session)
    });
    audited(app, call, action, Subject("Session", Some(session.0)), result).await
}

/// Moves somebody on the list on; the session is locked.
async fn step(tx: &impl ConnectionTrait, call: &Call, entry: waiting::Model, event: WaitingEvent, action: Action) -> Result<(), Fault> {
    let to = after(WAITING, entry.status, event)
        .ok_or_else(|| Fault::Other(anyhow::anyhow!("somebody waiting who is {} by {event:?}", entry.status)))?;
    let (id, session) = (entry.id, entry.session_id);
    let offer_id = entry.offer_id.filter(|_| to != WaitingStatus::Waiting);
    row::update(tx, waiting::Model { status: to, offer_id, ended_at: (!to.is_on()).then_some(call.now), ..entry }).await?;
    done(tx, call, action, Subject("Waiting", Some(id.0)), json!({ "to": to })).await?;
    emit(tx, call, "waiting.moved", json!({ "waiting": id, "session": session, "status": to })).await
}

/// The most sessions one look goes through; the next goes on.
const MOST: u64 = 200;

/// Offers places that have become free to those who wait, and passes on what was not taken.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("waiting.follow", now);
    let mut count = 0;
    for session in sign_up::sessions_with_list(app.db.read(), MOST).await? {
        count += follow(app, &call, session).await?;
    }
    Ok(count)
}

async fn follow(app: &App, call: &Call, id: SessionId) -> Result<usize, Fault> {
    transact!(app.db, |tx| {
        let Some(session) = store::session::lock(&tx, id).await? else { return Ok(0) };
        let settled = settle(&tx, call, &session).await?;
        Ok(settled + offer_next(&tx, call, session).await?)
    })
}

/// What has become of everybody on the list.
async fn settle(tx: &impl ConnectionTrait, call: &Call, session: &session::Model) -> Result<usize, Fault> {
    let held = can_be_offered(session.status, session.starts_at, call.now);
    let placed: Vec<ChampionId> = offer::confirmed(tx, &[session.id]).await?.into_iter().map(|a| a.champion_id).collect();
    let offers: HashMap<OfferId, entity::offer::Model> =
        offer::of_sessions(tx, &[session.id]).await?.into_iter().map(|o| (o.id, o)).collect();
    let mut count = 0;
    for entry in sign_up::on_list(tx, &[session.id]).await? {
        let theirs = entry.offer_id.and_then(|id| offers.get(&id));
        let waiter = Waiter {
            status: entry.status,
            offer: theirs.map(|o| fact(o).status_at(call.now)),
            filled: theirs.is_some_and(|o| o.status == OfferStatus::Expired && o.responded_at.is_some_and(|at| at < o.expires_at)),
            placed: placed.contains(&entry.champion_id),
        };
        if let Some(event) = moved(&waiter, held) {
            step(tx, call, entry, event, Action::WaitingListMove).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Offers each free place that is not promised to the next who still can; the session is locked.
async fn offer_next(tx: &impl ConnectionTrait, call: &Call, session: session::Model) -> Result<usize, Fault> {
    let list = sign_up::on_list(tx, &[session.id]).await?;
    if list.is_empty() || !can_be_offered(session.status, session.starts_at, call.now) {
        return Ok(0);
    }
    let facts = facts::need(tx, session).await?;
    let who: Vec<ChampionId> = list.iter().map(|w| w.champion_id).collect();
    store::champion::lock_all(tx, &who).await?;
    let records: HashMap<ChampionId, ChampionRecord> =
        facts::champions(tx, Which::These(&who)).await?.into_iter().map(|r| (r.id, r)).collect();
    let asked = offer::of_sessions(tx, &[facts.session.id]).await?;
    let teams = Teams::joined_by(tx, records.values().map(|record| (&facts, record))).await?;
    let mut count = 0;
    for kind in facts.kinds().collect::<Vec<_>>() {
        let Some(need) = facts.need(kind) else { continue };
        let free = open_places(tx, &facts, kind).await?;
        let team = teams.beside(&facts, &free);
        let could = |record: &ChampionRecord| {
            !blockers(need, record).iter().any(Blocker::is_binding) && team.welcomes(kind, done_before(record, need.span.from))
        };
        let can = |champion: ChampionId| {
            let waits = asked.iter().any(|o| o.champion_id == champion && fact(o).status_at(call.now) == OfferStatus::Pending);
            !waits && records.get(&champion).is_some_and(could)
        };
        let of = |status| list.iter().filter(move |w| w.kind == kind && w.status == status);
        let waiting: Vec<(ChampionId, bool)> = of(WaitingStatus::Waiting).map(|w| (w.champion_id, can(w.champion_id))).collect();
        let chosen = next(&waiting, free.len(), of(WaitingStatus::Offered).count());
        if !chosen.is_empty() {
            count += chosen.len();
            offer_to(tx, call, &facts, kind, &list, &chosen).await?;
        }
    }
    Ok(count)
}

async fn offer_to(
    tx: &impl ConnectionTrait,
    call: &Call,
    facts: &SessionFactsRow,
    kind: PlaceKind,
    list: &[waiting::Model],
    chosen: &[ChampionId],
) -> Result<(), Fault> {
    let action = Action::WaitingListMove;
    let request = super::request::ensure(tx, call, &facts.session, action).await?;
    let expires_at = kept_until(call.now, facts.session.starts_at);
    let why = |_: &ChampionId| asking::Model {
        offer_id: OfferId(uuid::Uuid::nil()),
        waves_id: None,
        wave: None,
        because: Some("next on the waiting list".to_owned()),
        stand_in_id: None,
    };
    let asking = Asking { request: request.id, kind, message: "", expires_at };
    let offers = ask(tx, call, action, &facts.session, asking, chosen, chosen.iter().map(why).collect()).await?;
    for (champion, offer) in chosen.iter().zip(offers) {
        if let Some(entry) = list.iter().find(|w| w.champion_id == *champion) {
            step(tx, call, waiting::Model { offer_id: Some(offer), ..entry.clone() }, WaitingEvent::Offer, action).await?;
        }
    }
    Ok(())
}

//! Swaps: two champions exchange their places. Both duties stand until the other has accepted; then both change hands at once.

use chrono::{DateTime, Utc};
use entity::{assignment, swap as row_of};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, SessionId, SwapId};
use rules::life::{SWAP, StandInEvent, SwapEvent, after};
use rules::policy::{Action, Relation};
use rules::reason::Reason;
use rules::swap::{CannotAcceptSwap, CannotDeclineSwap, CannotPropose, CannotTakeSwapBack, Side, SwapStatus, is_possible};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::team::beside;
use super::{Mail, Once, Subject, answered, audited, done, emit, keep, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::{self, offer, row, stand_in, transact};

/// A swap as it is proposed: one's own place for whatever place the other has at a session.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// One's own.
    pub gives: AssignmentId,
    /// The other champion's number.
    pub with: i32,
    /// Where the other has a place.
    pub at: SessionId,
    /// What they should know.
    pub message: String,
}

/// Proposes a swap.
pub async fn propose(app: &App, call: &Call, once: Option<Once>, new: Proposal) -> Result<SwapId, Refusal<CannotPropose>> {
    let action = Action::SwapPropose;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let seen = offer::assignment(&tx, new.gives).await?.filter(|a| call.may(action, call.caller.to_champion(a.champion_id)));
        let Some(gives) = seen else { return Err(Refusal::not_found("assignmentId")) };
        if let Some(kept) = answered::<SwapId, CannotPropose>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if gives.status != AssignmentStatus::Confirmed || gives.starts_at <= call.now {
            return Err(Refusal::rule(CannotPropose::DutyEnded));
        }
        let refused = || Refusal::rule(CannotPropose::NotPossible);
        let other = store::champion::by_number(&tx, new.with).await?.ok_or_else(refused)?.id;
        let there = offer::confirmed(&tx, &[new.at]).await?.into_iter().find(|a| a.champion_id == other).ok_or_else(refused)?;
        let (gives, takes) = lock(&tx, gives, there).await?;
        if !judged(&tx, call, &gives, &takes).await? {
            return Err(refused());
        }
        if stand_in::swaps_with(&tx, &[gives.id]).await?.iter().any(|s| s.gives_id == gives.id && s.takes_id == takes.id) {
            return Err(Refusal::rule(CannotPropose::AlreadyProposed));
        }
        let id = write(&tx, call, &gives, &takes, &new.message).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Assignment", Some(new.gives.0)), result).await
}

async fn write(
    tx: &impl ConnectionTrait,
    call: &Call,
    gives: &assignment::Model,
    takes: &assignment::Model,
    message: &str,
) -> Result<SwapId, Fault> {
    let id: SwapId = new_id(call.now);
    let row = row_of::Model {
        id,
        proposer_id: gives.champion_id,
        gives_id: gives.id,
        other_id: takes.champion_id,
        takes_id: takes.id,
        status: SwapStatus::Proposed,
        message: message.to_owned(),
        proposed_at: call.now,
        ended_at: None,
    };
    row::insert(tx, row).await?;
    mail(tx, call, Mail::SwapProposed { champion: takes.champion_id, swap: id }).await?;
    done(tx, call, Action::SwapPropose, Subject("Swap", Some(id.0)), json!({ "gives": gives.id, "takes": takes.id })).await?;
    emit(tx, call, "swap.proposed", json!({ "swap": id })).await?;
    Ok(id)
}

/// Locks sessions, assignments and champions of both sides, each kind in the order of its ids, and reads the assignments again.
async fn lock(
    tx: &impl ConnectionTrait,
    one: assignment::Model,
    other: assignment::Model,
) -> Result<(assignment::Model, assignment::Model), Fault> {
    let mut sessions = [one.session_id, other.session_id];
    sessions.sort_unstable();
    for session in sessions {
        store::session::lock(tx, session).await?;
    }
    let mut rows = [one.id, other.id];
    rows.sort_unstable();
    for row in rows {
        offer::lock_assignment(tx, row).await?;
    }
    store::champion::lock_all(tx, &[one.champion_id, other.champion_id]).await?;
    Ok((offer::assignment(tx, one.id).await?.unwrap_or(one), offer::assignment(tx, other.id).await?.unwrap_or(other)))
}

/// What a session's places ask for.
async fn asked_at(tx: &impl ConnectionTrait, duty: &assignment::Model) -> Result<Option<SessionFactsRow>, Fault> {
    let Some(session) = store::session::find(tx, duty.session_id).await? else { return Ok(None) };
    Ok(Some(facts::need(tx, session).await?))
}

/// Whether the two may change hands now, by the facts under lock.
async fn judged(tx: &impl ConnectionTrait, call: &Call, gives: &assignment::Model, takes: &assignment::Model) -> Result<bool, Fault> {
    let (Some(here), Some(there)) = (asked_at(tx, gives).await?, asked_at(tx, takes).await?) else { return Ok(false) };
    let (Some(given), Some(taken)) = (here.need_at(gives.place_id), there.need_at(takes.place_id)) else { return Ok(false) };
    let ids = [gives.champion_id, takes.champion_id];
    let records = facts::champions(tx, Which::These(&ids)).await?;
    let record = |id: ChampionId| records.iter().find(|r| r.id == id);
    let (Some(proposer), Some(other)) = (record(gives.champion_id), record(takes.champion_id)) else { return Ok(false) };
    let (joined, left) = (beside(tx, &here, &[gives.place_id], other).await?, beside(tx, &there, &[takes.place_id], proposer).await?);
    let to_other = Side { duty: gives.status, need: given, taker: other, gives: taken, team: &joined };
    let to_proposer = Side { duty: takes.status, need: taken, taker: proposer, gives: given, team: &left };
    Ok(is_possible(to_other, to_proposer, call.now))
}

/// The swap with both places locked, if it is the caller's: `mine` says which side the caller must be.
async fn own<R: Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    id: SwapId,
    action: Action,
    mine: fn(&row_of::Model) -> ChampionId,
) -> Result<(row_of::Model, assignment::Model, assignment::Model), Refusal<R>> {
    call.require(action, Relation::Own)?;
    let gone = || Refusal::not_found("swapId");
    let seen = stand_in::swap(tx, id).await?.filter(|s| call.may(action, call.caller.to_champion(mine(s)))).ok_or_else(gone)?;
    let gives = offer::assignment(tx, seen.gives_id).await?.ok_or_else(gone)?;
    let takes = offer::assignment(tx, seen.takes_id).await?.ok_or_else(gone)?;
    let (gives, takes) = lock(tx, gives, takes).await?;
    let swap = stand_in::swap(tx, id).await?.ok_or_else(gone)?;
    Ok((swap, gives, takes))
}

/// Accepts a swap: both are judged again, then both duties change hands in one transaction.
pub async fn accept(app: &App, call: &Call, id: SwapId) -> Result<SwapId, Refusal<CannotAcceptSwap>> {
    let action = Action::SwapAccept;
    let result = transact!(app.db, |tx| {
        let (swap, gives, takes) = own(&tx, call, id, action, |s| s.other_id).await?;
        match swap.status {
            SwapStatus::Accepted => return Ok(id),
            SwapStatus::Proposed => {}
            status => return Err(Refusal::rule(CannotAcceptSwap::SwapClosed { status })),
        }
        if !judged(&tx, call, &gives, &takes).await? {
            return Err(Refusal::rule(CannotAcceptSwap::NotPossible));
        }
        exchange(&tx, call, &swap, gives, takes).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Swap", Some(id.0)), result).await
}

async fn exchange(
    tx: &impl ConnectionTrait,
    call: &Call,
    swap: &row_of::Model,
    gives: assignment::Model,
    takes: assignment::Model,
) -> Result<(), Fault> {
    let action = Action::SwapAccept;
    close(tx, call, swap.clone(), SwapEvent::Accept, action).await?;
    let to_other = handed(call, &gives, takes.champion_id);
    let to_proposer = handed(call, &takes, gives.champion_id);
    // Both old ones end before the new ones begin, or the constraints would see a double booking.
    for old in [gives, takes] {
        super::stand_in::duty_ended(tx, call, old.id, StandInEvent::Close, action).await?;
        super::assignment::hand_over(tx, call, old, action).await?;
    }
    for new in [to_other, to_proposer] {
        let detail = json!({ "assignment": new.id, "session": new.session_id, "champion": new.champion_id });
        done(tx, call, action, Subject("Assignment", Some(new.id.0)), json!({ "swap": swap.id })).await?;
        row::insert(tx, new).await?;
        emit(tx, call, "assignment.confirmed", detail).await?;
    }
    super::clearance::judge_again(tx, call, action, &[swap.proposer_id, swap.other_id]).await?;
    mail(tx, call, Mail::SwapDone { champion: swap.proposer_id, swap: swap.id }).await
}

/// The same place, another champion.
fn handed(call: &Call, old: &assignment::Model, to: ChampionId) -> assignment::Model {
    assignment::Model {
        id: new_id(call.now),
        champion_id: to,
        offer_id: None,
        created_at: call.now,
        clashing: false,
        hurried: false,
        ..old.clone()
    }
}

/// Moves a swap on.
pub(super) async fn close(
    tx: &impl ConnectionTrait,
    call: &Call,
    swap: row_of::Model,
    event: SwapEvent,
    action: Action,
) -> Result<(), Fault> {
    let id = swap.id;
    let to = after(SWAP, swap.status, event).ok_or_else(|| Fault::Other(anyhow::anyhow!("a swap that is {} by {event:?}", swap.status)))?;
    row::update(tx, row_of::Model { status: to, ended_at: Some(call.now), ..swap }).await?;
    done(tx, call, action, Subject("Swap", Some(id.0)), json!({ "to": to })).await?;
    emit(tx, call, "swap.ended", json!({ "swap": id, "status": to })).await
}

/// Declines a swap: both places stay as they are.
pub async fn decline(app: &App, call: &Call, id: SwapId) -> Result<SwapId, Refusal<CannotDeclineSwap>> {
    let action = Action::SwapDecline;
    let result = transact!(app.db, |tx| {
        let (swap, ..) = own(&tx, call, id, action, |s| s.other_id).await?;
        match swap.status {
            SwapStatus::Declined => {}
            SwapStatus::Proposed => close(&tx, call, swap, SwapEvent::Decline, action).await?,
            status => return Err(Refusal::rule(CannotDeclineSwap::SwapClosed { status })),
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Swap", Some(id.0)), result).await
}

/// Takes a swap back before it is answered.
pub async fn withdraw(app: &App, call: &Call, id: SwapId) -> Result<SwapId, Refusal<CannotTakeSwapBack>> {
    let action = Action::SwapWithdraw;
    let result = transact!(app.db, |tx| {
        let (swap, ..) = own(&tx, call, id, action, |s| s.proposer_id).await?;
        match swap.status {
            SwapStatus::Withdrawn => {}
            SwapStatus::Proposed => close(&tx, call, swap, SwapEvent::TakeBack, action).await?,
            status => return Err(Refusal::rule(CannotTakeSwapBack::SwapClosed { status })),
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Swap", Some(id.0)), result).await
}

/// Swaps that can't come about any more lapse.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("swaps.lapse", now);
    let overtaken = stand_in::swaps_overtaken(app.db.read(), now, 200).await?;
    for seen in &overtaken {
        lapse(app, &call, seen).await?;
    }
    Ok(overtaken.len())
}

async fn lapse(app: &App, call: &Call, seen: &row_of::Model) -> Result<(), Fault> {
    transact!(app.db, |tx| {
        let (gives, takes) = (offer::assignment(&tx, seen.gives_id).await?, offer::assignment(&tx, seen.takes_id).await?);
        if let (Some(gives), Some(takes)) = (gives, takes) {
            lock(&tx, gives, takes).await?;
        }
        match stand_in::swap(&tx, seen.id).await?.filter(|s| s.status == SwapStatus::Proposed) {
            Some(swap) => close(&tx, call, swap, SwapEvent::Lapse, Action::SwapWithdraw).await,
            None => Ok(()),
        }
    })
}

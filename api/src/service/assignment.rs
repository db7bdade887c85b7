//! Assignments: giving one up, releasing a champion. The place is open again at once.

use entity::assignment;
use rules::assignment::{AssignmentStatus, CannotGiveUp, CannotRelease, give_up};
use rules::calendar::Span;
use rules::id::{AssignmentId, PlaceId, SessionId};
use rules::life::StandInEvent;
use rules::policy::{Action, Relation};
use rules::session::PlaceKind;
use rules::stand_in::is_late;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::wave::{Run, escalate};
use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::store::{self, offer, row, transact};

/// A champion withdraws: right up to the start, at no cost, with no reason needed.
pub async fn withdraw(app: &App, call: &Call, id: AssignmentId, reason: Option<String>) -> Result<AssignmentId, Refusal<CannotGiveUp>> {
    let action = Action::AssignmentWithdraw;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let seen = offer::assignment(&tx, id).await?.filter(|a| call.may(action, call.caller.to_champion(a.champion_id)));
        let Some(seen) = seen else { return Err(Refusal::not_found("assignmentId")) };
        let assignment = locked(&tx, seen).await?;
        if give_up(assignment.status, span(&assignment), call.now).map_err(Refusal::rule)? {
            let (session, place) = (assignment.session_id, assignment.place_id);
            super::stand_in::duty_ended(&tx, call, id, StandInEvent::Close, action).await?;
            end(&tx, call, assignment, AssignmentStatus::Withdrawn, reason.clone(), action).await?;
            escalate_if_late(app, &tx, call, session, place).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Assignment", Some(id.0)), result).await
}

/// A coordinator releases a champion.
pub async fn release(app: &App, call: &Call, id: AssignmentId, reason: Option<String>) -> Result<AssignmentId, Refusal<CannotRelease>> {
    let action = Action::AssignmentRelease;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(seen) = offer::assignment(&tx, id).await? else { return Err(Refusal::not_found("assignmentId")) };
        let assignment = locked(&tx, seen).await?;
        if give_up(assignment.status, span(&assignment), call.now).map_err(|r| Refusal::rule(CannotRelease::from(r)))? {
            let (champion, session) = (assignment.champion_id, assignment.session_id);
            super::stand_in::duty_ended(&tx, call, id, StandInEvent::Release, action).await?;
            end(&tx, call, assignment, AssignmentStatus::Released, reason.clone(), action).await?;
            super::mail(&tx, call, super::Mail::NoLongerNeeded { champion, session }).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Assignment", Some(id.0)), result).await
}

/// Somebody gave a place up so near the start that everybody who could come is asked at once.
async fn escalate_if_late(app: &App, tx: &impl ConnectionTrait, call: &Call, session: SessionId, place: PlaceId) -> Result<(), Fault> {
    let Some(session) = store::session::find(tx, session).await? else { return Ok(()) };
    let places = store::session::places(tx, &[session.id]).await?;
    let kind = places.iter().find(|p| p.id == place).map(|p| p.kind).filter(|kind| *kind != PlaceKind::Shadow);
    match kind {
        Some(kind) if is_late(session.starts_at, call.now, app.policy.late_hours) => {
            escalate(app, tx, call, session, Run::for_cover(kind, true, None), Action::AssignmentWithdraw).await
        }
        _ => Ok(()),
    }
}

/// Ends an assignment whose duty somebody else has now; the session is locked.
pub(super) async fn hand_over(tx: &impl ConnectionTrait, call: &Call, old: assignment::Model, action: Action) -> Result<(), Fault> {
    end(tx, call, old, AssignmentStatus::Replaced, None, action).await
}

fn span(row: &assignment::Model) -> Span {
    Span { from: row.starts_at, until: row.ends_at }
}

/// Session first, then the assignment, then the champion: the order everybody locks in.
async fn locked(tx: &impl ConnectionTrait, seen: assignment::Model) -> Result<assignment::Model, Fault> {
    store::session::lock(tx, seen.session_id).await?;
    let assignment = offer::lock_assignment(tx, seen.id).await?.unwrap_or(seen);
    store::champion::lock(tx, assignment.champion_id).await?;
    Ok(assignment)
}

async fn end(
    tx: &impl ConnectionTrait,
    call: &Call,
    row: assignment::Model,
    to: AssignmentStatus,
    reason: Option<String>,
    action: Action,
) -> Result<(), Fault> {
    let (id, session, champion) = (row.id, row.session_id, row.champion_id);
    offer::mark_ended(tx, row.offer_id).await?;
    row::update(tx, assignment::Model { status: to, ended_at: Some(call.now), ended_reason: reason, ..row }).await?;
    done(tx, call, action, Subject("Assignment", Some(id.0)), json!({ "session": session })).await?;
    emit(tx, call, "assignment.ended", json!({ "assignment": id, "session": session, "champion": champion })).await?;
    store::clearance::settle_alerts(tx, &[id], call.now).await?;
    super::clearance::judge_again(tx, call, action, &[champion]).await
}

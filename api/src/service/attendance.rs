//! Who came, and for how long. Each step is a new row, so that a correction keeps what was said before.

use entity::{assignment, attendance};
use rules::attendance::{
    Attendance, AttendanceStatus, CannotApprove, CannotRecordAttendance, Duty, approve as judge_approve, record as judge,
};
use rules::calendar::Span;
use rules::id::AssignmentId;
use rules::policy::{Action, Relation};
use rules::reason::Reason;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, attendance as steps, offer, row, transact};

/// A place whose session and row are locked, and what the caller is to it.
struct Reached {
    row: assignment::Model,
    stands: Option<attendance::Model>,
    /// Whether the caller may act for the group: its leader, or a coordinator.
    by_leader: bool,
    own: bool,
}

impl Reached {
    fn duty(&self) -> Duty {
        Duty { status: self.row.status, span: Span { from: self.row.starts_at, until: self.row.ends_at } }
    }

    fn fact(&self) -> Option<Attendance> {
        self.stands.as_ref().map(steps::fact)
    }
}

async fn reach<R: Reason>(tx: &impl ConnectionTrait, call: &Call, id: AssignmentId, action: Action) -> Result<Reached, Refusal<R>> {
    call.require(action, Relation::Own)?;
    let gone = || Refusal::not_found("assignmentId");
    let seen = offer::assignment(tx, id).await?.ok_or_else(gone)?;
    let session = store::session::lock(tx, seen.session_id).await?.ok_or_else(gone)?;
    let own = call.caller.champion == Some(seen.champion_id);
    let by_leader = call.may(Action::HoursApprove, call.caller.to_group(session.group_id));
    if !(by_leader || own && call.may(action, Relation::Own)) {
        return Err(gone());
    }
    let row = offer::lock_assignment(tx, id).await?.ok_or_else(gone)?;
    let stands = steps::steps(tx, &[id]).await?.pop();
    Ok(Reached { row, stands, by_leader, own })
}

/// Writes a step, if it says anything new.
async fn write(tx: &impl ConnectionTrait, call: &Call, at: &Reached, now: Attendance, action: Action) -> Result<(), Fault> {
    if at.fact() == Some(now) {
        return Ok(());
    }
    let id = at.row.id;
    let step = attendance::Model {
        id: new_id(call.now),
        assignment_id: id,
        step: at.stands.as_ref().map_or(1, |last| last.step + 1),
        status: now.status,
        minutes: now.minutes,
        approved: now.approved,
        recorded_by: call.caller.account,
        recorded_at: call.now,
    };
    let detail = json!({ "step": step.step, "status": now.status, "minutes": now.minutes, "approved": now.approved });
    row::insert(tx, step).await?;
    done(tx, call, action, Subject("Assignment", Some(id.0)), detail).await?;
    emit(tx, call, "attendance.recorded", json!({ "assignment": id, "session": at.row.session_id })).await
}

/// Records whether a champion came: a leader, a coordinator, or the champion themselves.
pub async fn record(
    app: &App,
    call: &Call,
    id: AssignmentId,
    status: AttendanceStatus,
    minutes: Option<i32>,
) -> Result<AssignmentId, Refusal<CannotRecordAttendance>> {
    let action = Action::AttendanceRecord;
    let result = transact!(app.db, |tx| {
        let at = reach(&tx, call, id, action).await?;
        let now = judge(at.duty(), at.fact(), status, minutes, at.by_leader, call.now).map_err(Refusal::rule)?;
        write(&tx, call, &at, now, action).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Assignment", Some(id.0)), result).await
}

/// Approves a champion's hours.
pub async fn approve(app: &App, call: &Call, id: AssignmentId) -> Result<AssignmentId, Refusal<CannotApprove>> {
    let action = Action::HoursApprove;
    let result = transact!(app.db, |tx| {
        let at = reach(&tx, call, id, action).await?;
        let now = judge_approve(at.duty(), at.fact(), at.own, call.now).map_err(Refusal::rule)?;
        write(&tx, call, &at, now, action).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Assignment", Some(id.0)), result).await
}

//! When a group does not meet: closures, bank holidays, and a leader's word on one of those.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{group_calendar, group_closure, session};
use rules::holiday::{BankHolidayPolicy, is_bank_holiday};
use rules::id::{ClosureId, GroupId, SessionId};
use rules::policy::{Action, Relation};
use rules::series::{
    AHEAD, CannotAnswer, CannotClose, CannotReopen, CannotSetHolidays, Closure, close as judge_close, confirm as judge_confirm, lapses,
    occurrences,
};
use rules::session::{SessionChangeKind, SessionStatus};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::call_off::{changed, several};
use super::series::plan;
use super::session::group_for;
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, row, series, transact};

/// Closes a group for some dates: its series skip them, and those of their sessions that are there are called off, with one message a
/// champion.
pub async fn close(
    app: &App,
    call: &Call,
    once: Option<Once>,
    group: GroupId,
    closure: Closure,
    name: String,
) -> Result<(GroupId, ClosureId), Refusal<CannotClose>> {
    let action = Action::GroupClosureAdd;
    let result = transact!(app.db, |tx| {
        group_for(&tx, call, group, action, "groupId").await?;
        if let Some(kept) = answered::<ClosureId, CannotClose>(&tx, call, once.as_ref(), action).await? {
            return Ok((group, kept));
        }
        judge_close(closure, call.today()).map_err(Refusal::rule)?;
        let (id, name) = (new_id::<ClosureId>(call.now), name.clone());
        let (from_on, until_on) = (closure.from, closure.until);
        let reason = Some(name.clone());
        row::insert(&tx, group_closure::Model { id, group_id: group, from_on, until_on, name, created_at: call.now }).await?;
        let ids = series::within(&tx, group, (from_on, until_on), call.now).await?;
        let called_off = several(&tx, call, &ids, reason, action).await?;
        series::set_closed(&tx, &called_off, true).await?;
        let detail = json!({ "closure": id, "sessions": called_off.len() });
        done(&tx, call, action, Subject("Group", Some(group.0)), detail).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok((group, id))
    });
    audited(app, call, action, Subject("Group", Some(group.0)), result).await
}

/// Removes a closure: what it called off is held after all, and dates whose sessions were never made get theirs.
pub async fn reopen(app: &App, call: &Call, id: ClosureId) -> Result<GroupId, Refusal<CannotReopen>> {
    let action = Action::GroupClosureRemove;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(closure) = series::closure(&tx, id).await? else { return Err(Refusal::not_found("closureId")) };
        call.require(action, call.caller.to_group(closure.group_id))?;
        series::remove_closure(&tx, id).await?;
        let count = super::reopen::all(&tx, call, closure.group_id, action).await?;
        series::look_again(&tx, closure.group_id).await?;
        done(&tx, call, action, Subject("Group", Some(closure.group_id.0)), json!({ "closure": id, "sessions": count })).await?;
        Ok(closure.group_id)
    });
    audited(app, call, action, Subject("GroupClosure", Some(id.0)), result).await
}

/// Says what bank holidays mean to a group. Dates that are not in the calendar follow by the clock; what waited for a word that is not
/// needed any more is held. What is there and would not be made any more is called off if that is asked for, and comes back as after a
/// closure.
pub async fn set_holidays(
    app: &App,
    call: &Call,
    group: GroupId,
    policy: BankHolidayPolicy,
    call_off: bool,
) -> Result<GroupId, Refusal<CannotSetHolidays>> {
    let action = Action::GroupBankHolidaysSet;
    let result = transact!(app.db, |tx| {
        group_for(&tx, call, group, action, "groupId").await?;
        let new = group_calendar::Model { group_id: group, bank_holidays: policy };
        match series::holidays(&tx, &[group]).await?.remove(&group) {
            Some(_) => row::update(&tx, new).await?,
            None => row::insert(&tx, new).await?,
        }
        let count = super::reopen::all(&tx, call, group, action).await?;
        let skipped = if call_off { skipped(&tx, call, group).await? } else { Vec::new() };
        let called_off = several(&tx, call, &skipped, Some(BANK_HOLIDAY.to_owned()), action).await?;
        series::set_closed(&tx, &called_off, true).await?;
        series::look_again(&tx, group).await?;
        let detail = json!({ "policy": policy, "sessions": count, "called_off": called_off.len() });
        done(&tx, call, action, Subject("Group", Some(group.0)), detail).await?;
        Ok(group)
    });
    audited(app, call, action, Subject("Group", Some(group.0)), result).await
}

/// Why a session is called off that stood on a bank holiday.
const BANK_HOLIDAY: &str = "The group does not meet on bank holidays.";

/// Sessions on bank holidays that the group's series would not have any more. Whoever moved one there, or put its date in, meant it.
async fn skipped(tx: &impl ConnectionTrait, call: &Call, group: GroupId) -> Result<Vec<SessionId>, Fault> {
    let today = call.today();
    let until = today.checked_add_days(AHEAD).unwrap_or(today);
    let mut found = Vec::new();
    for id in series::live(tx, group).await? {
        let Some(row) = series::lock(tx, id).await?.filter(|row| row.ended_at.is_none()) else { continue };
        let held: HashSet<NaiveDate> = occurrences(&plan(tx, &row).await?, today, until).into_iter().map(|one| one.on).collect();
        let ours = series::occurrences(tx, row.id, today).await?;
        let gone = ours.iter().filter(|one| !one.moved && is_bank_holiday(one.on_date) && !held.contains(&one.on_date));
        found.extend(gone.map(|one| one.session_id));
    }
    Ok(found)
}

/// A leader's word: the session is held on the bank holiday. From now on champions can be asked.
pub async fn confirm(app: &App, call: &Call, id: SessionId) -> Result<SessionId, Refusal<CannotAnswer>> {
    let action = Action::SessionConfirm;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(session) = store::session::lock(&tx, id).await? else { return Err(Refusal::not_found("sessionId")) };
        call.require(action, call.caller.to_group(session.group_id))?;
        if !judge_confirm(session.status, session.starts_at, call.now).map_err(Refusal::rule)? {
            return Ok(id);
        }
        let (version, starts_at) = (session.version + 1, session.starts_at);
        row::update(&tx, session::Model { status: SessionStatus::Scheduled, version, ..session }).await?;
        changed(&tx, call, (id, version), SessionChangeKind::Changed, starts_at).await?;
        done(&tx, call, action, Subject("Session", Some(id.0)), json!({})).await?;
        emit(&tx, call, "session.confirmed", json!({ "session": id, "starts_at": starts_at })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(id.0)), result).await
}

/// The most sessions one run goes through; the next run goes on.
const MOST: u64 = 200;

/// Calls off what nobody has said in time is held; each session in a transaction of its own.
pub async fn lapse_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("sessions.lapse", now);
    let mut count = 0;
    for id in store::session::unanswered(app.db.read(), now, MOST).await? {
        count += usize::from(lapse(app, &call, id).await?);
    }
    Ok(count)
}

async fn lapse(app: &App, call: &Call, id: SessionId) -> Result<bool, Fault> {
    transact!(app.db, |tx| {
        let found = store::session::lock(&tx, id).await?.filter(|s| lapses(s.status, s.starts_at, call.now));
        let Some(session) = found else { return Ok(false) };
        let reason = Some("Nobody said in time that it is held on the bank holiday.".to_owned());
        super::call_off::one(&tx, call, session, reason, Action::SessionLapse).await?;
        Ok(true)
    })
}

//! Series: sessions that repeat. A wall time in a zone, a rule, dates taken out and put in, and what closes the group.
//!
//! An occurrence is known by the date the series gave it, whatever becomes of it: a moved one keeps that date and its id.

mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::calendar::Span;
use crate::holiday::{BankHolidayPolicy, is_bank_holiday};
use crate::life::{SESSION, SessionEvent, after};
use crate::reason::reasons;
use crate::session::{CannotCreateSession, HORIZON_DAYS, LONGEST, Modality, SessionStatus};
use crate::vocabulary::vocabulary;

pub use pattern::Pattern;

/// How many days ahead sessions of a series stand in the calendar.
pub const AHEAD: Days = Days::new(12 * 7);
/// The most dates a series may have taken out, or put in.
pub const EXCEPTIONS: usize = 100;
/// The longest a group may be closed at a time, in days.
pub const LONGEST_CLOSURE: i64 = 366;

vocabulary! {
    /// Which sessions of a series a change is for.
    SeriesScope {
        /// The session that is named and those after it; those before it stay in the old series.
        ThisAndFollowing = "THIS_AND_FOLLOWING",
        /// Every session still to come.
        All = "ALL",
    }
}

/// Dates on which a group does not meet, both included: the time between terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The first date.
    pub from: NaiveDate,
    /// The last date.
    pub until: NaiveDate,
}

/// What says on which dates a series meets.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How it repeats.
    pub pattern: Pattern,
    /// Dates taken out (EXDATE).
    pub skipped: Vec<NaiveDate>,
    /// Dates put in (RDATE): they win over closures and bank holidays, since somebody meant them.
    pub added: Vec<NaiveDate>,
    /// What a bank holiday means.
    pub holidays: BankHolidayPolicy,
    /// When the group is closed.
    pub closures: Vec<Closure>,
}

/// A date on which a series meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The date the series gives it: what it is known by.
    pub on: NaiveDate,
    /// Whether a leader has to say first that it is held.
    pub asks: bool,
}

/// The occurrences from `from` to `to`, both included, by date.
pub fn occurrences(plan: &Plan, from: NaiveDate, to: NaiveDate) -> Vec<Occurrence> {
    let mut found: BTreeMap<NaiveDate, bool> = BTreeMap::new();
    for on in plan.pattern.dates(from, to) {
        let closed = plan.closures.iter().any(|closure| (closure.from..=closure.until).contains(&on));
        match plan.holidays {
            _ if closed => {}
            BankHolidayPolicy::Skip if is_bank_holiday(on) => {}
            BankHolidayPolicy::Ask => _ = found.insert(on, is_bank_holiday(on)),
            BankHolidayPolicy::Skip | BankHolidayPolicy::Run => _ = found.insert(on, false),
        }
    }
    found.extend(plan.added.iter().filter(|on| (from..=to).contains(*on)).map(|on| (*on, false)));
    plan.skipped.iter().for_each(|on| _ = found.remove(on));
    found.into_iter().map(|(on, asks)| Occurrence { on, asks }).collect()
}

reasons! {
    /// Why a series can't be created.
    CannotCreateSeries => SessionSeriesCreateErrorCode {
        /// The rule does not meet on the first date.
        FirstDate at "session.date" => "The rule does not meet on this date: begin on the first date that it does, or change the rule.",
        /// Its first session can't be created; the message says why.
        Session { problem: CannotCreateSession } at session_field(problem) => crate::reason::Reason::message(problem),
    } creates
}

fn session_field(problem: &CannotCreateSession) -> String {
    let inner = crate::reason::Reason::field(problem).unwrap_or_default();
    std::iter::once("session".to_owned()).chain(inner).collect::<Vec<_>>().join(".")
}

reasons! {
    /// Why a session can't be moved.
    CannotMove => SessionMoveErrorCode {
        /// It is over, or has begun.
        Started at "sessionId" => "This session has started: it can't be moved any more.",
        /// It was called off.
        Cancelled at "sessionId" => "This session was called off: create another one.",
        /// The new time lies in the past, or too far ahead.
        OutsideCalendar { most_days: i64 } at "date" => format!("A session starts between now and {most_days} days ahead: choose another date."),
        /// In-person sessions have a venue; the others have none.
        VenueMismatch { modality: Modality } at "venueId" => match modality {
            Modality::InPerson => "An in-person session needs a venue: give venueId.",
            _ => "A phone or video session has no venue: leave venueId out.",
        },
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The session changed since you read it (version is now {current}): read it again."),
    }
}

/// A session's new time and place.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// When it would have been.
    pub was: Span,
    /// When it will be.
    pub to: Span,
    /// How it is held.
    pub modality: Modality,
    /// Whether a venue is named.
    pub has_venue: bool,
}

/// Whether a session may be moved, or everything that stands in the way.
pub fn move_session(status: SessionStatus, step: Move, now: DateTime<Utc>) -> Result<(), Vec<CannotMove>> {
    let mut problems = Vec::new();
    if status == SessionStatus::Cancelled {
        problems.push(CannotMove::Cancelled);
    } else if step.was.from <= now {
        problems.push(CannotMove::Started);
    }
    if step.to.from <= now || step.to.from > now + chrono::TimeDelta::days(HORIZON_DAYS) {
        problems.push(CannotMove::OutsideCalendar { most_days: HORIZON_DAYS });
    }
    let length = step.to.until - step.to.from;
    if length <= chrono::TimeDelta::zero() || length > LONGEST {
        problems.push(crate::reason::Malformed::new("durationMinutes", "A session runs between 1 minute and 12 hours.").into());
    }
    if step.has_venue != (step.modality == Modality::InPerson) {
        problems.push(CannotMove::VenueMismatch { modality: step.modality });
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// When an offer lapses once its session has moved: as before, but early enough before the new start; none if there is no time left
/// to answer.
pub fn offer_follows(expires_at: DateTime<Utc>, starts: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let ends = expires_at.min(starts - crate::offer::ENDS_BEFORE);
    (ends > now).then_some(ends)
}

reasons! {
    /// Why a series can't be changed.
    CannotChangeSeries => SessionSeriesChangeErrorCode {
        /// It has ended.
        Ended at "seriesId" => "This series has ended: create another one.",
        /// The scope needs a session to begin with.
        SessionMissing at "sessionId" => "THIS_AND_FOLLOWING needs the session it begins with: give sessionId.",
        /// The session is not of this series, or has begun.
        NotAhead at "sessionId" => "This session is not of this series, or has begun: choose one that is still to come.",
        /// Nothing was given to change.
        NothingGiven at "" => "Give at least one of title, venueId, startTime, durationMinutes and places.",
        /// In-person sessions have a venue; the others have none.
        VenueMismatch { modality: Modality } at "venueId" => match modality {
            Modality::InPerson => "An in-person series needs a venue: give venueId.",
            _ => "A phone or video series has no venue: leave venueId out.",
        },
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The series changed since you read it (version is now {current}): read it again."),
    }
}

reasons! {
    /// Why a series can't be ended.
    CannotEndSeries => SessionSeriesEndErrorCode {
        /// The last date lies in the past.
        Past at "lastDate" => "The last date lies in the past: leave it out to end the series today.",
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The series changed since you read it (version is now {current}): read it again."),
    }
}

reasons! {
    /// Why a bank holiday can't be answered for.
    CannotAnswer => SessionConfirmErrorCode {
        /// It was called off, or has begun.
        Over at "sessionId" => "This session was called off or has begun: there is nothing to answer.",
    }
}

/// Whether a leader's word changes a session; `Ok(false)` says it is held already.
pub fn confirm(status: SessionStatus, starts: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, CannotAnswer> {
    match status {
        SessionStatus::Scheduled => Ok(false),
        SessionStatus::ToConfirm if starts > now => Ok(true),
        SessionStatus::ToConfirm | SessionStatus::Cancelled => Err(CannotAnswer::Over),
    }
}

/// Whether nobody has said in time that a session is held: it has begun, and was still to be confirmed.
pub fn lapses(status: SessionStatus, starts: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    starts <= now && after(SESSION, status, SessionEvent::Lapse).is_some()
}

/// What happens to a session of a series when its group's closures or bank holidays have changed. `closed` says that a closure called
/// it off, and nothing else; `held` is its date, if the series meets then as things are now. Nothing is taken away: whoever wants that
/// says so.
pub fn comes_back(
    status: SessionStatus,
    closed: bool,
    held: Option<Occurrence>,
    starts: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<SessionEvent> {
    let held = held.filter(|_| starts > now)?;
    match status {
        SessionStatus::Cancelled if closed && held.asks => Some(SessionEvent::AskAgain),
        SessionStatus::Cancelled if closed => Some(SessionEvent::Reopen),
        SessionStatus::ToConfirm if !held.asks => Some(SessionEvent::Confirm),
        _ => None,
    }
}

reasons! {
    /// Why a group can't be closed for a while.
    CannotClose => GroupClosureAddErrorCode {
        /// The dates are in the wrong order, too many, or over.
        Dates { most: i64 } at "untilDate" => format!("A closure ends on or after the day it begins, not before today, and is {most} days long at most."),
    } creates
}

/// Whether a group may be closed on these dates.
pub fn close(closure: Closure, today: NaiveDate) -> Result<(), CannotClose> {
    let days = (closure.until - closure.from).num_days();
    let fits = (0..LONGEST_CLOSURE).contains(&days) && closure.until >= today;
    if fits { Ok(()) } else { Err(CannotClose::Dates { most: LONGEST_CLOSURE }) }
}

reasons! {
    /// Why a closure can't be removed.
    CannotReopen => GroupClosureRemoveErrorCode {}
}

reasons! {
    /// Why a group's bank holidays can't be set.
    CannotSetHolidays => GroupBankHolidaysSetErrorCode {}
}

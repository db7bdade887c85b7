//! A need as the index asks about it, if it is one that columns can answer.

use chrono::{DateTime, NaiveDate, Offset, TimeDelta, Utc};

use super::day::{self, Day};
use crate::session::SessionNeed;

/// The zone the columns are in; champions with times of another are asked about one by one.
pub(super) use crate::calendar::HOME_ZONE as ZONE;
/// Most pieces of evidence of one requirement that columns count.
pub(super) const MOST_PIECES: usize = 4;

/// A span, in seconds since 1970.
pub(super) type Seconds = (i64, i64);

/// A need, with its days and times as columns have them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// What is asked.
    pub need: &'a SessionNeed,
    /// Its date.
    pub on: Day,
    /// Its span, rounded outwards: that makes no difference to spans of whole seconds.
    pub span: Seconds,
    /// The local day it starts on.
    pub first: Day,
    /// The same, from Monday, 0.
    pub weekday: usize,
    /// Local minutes of that day, from midnight, rounded outwards.
    pub minutes: (u16, u16),
    /// When it is asked.
    pub now: DateTime<Utc>,
}

impl<'a> Question<'a> {
    /// None if every champion had better be asked: no session of ours is like that.
    pub fn of(need: &'a SessionNeed, now: DateTime<Utc>) -> Option<Self> {
        let (date, minutes) = local(need)?;
        let first = day::asked(date)?;
        let span = (need.span.from.timestamp(), (need.span.until - TimeDelta::nanoseconds(1)).timestamp() + 1);
        let plain = need.requirements.iter().all(|r| {
            (1..=MOST_PIECES).contains(&r.count) && r.valid_months.is_none_or(|m| m > 0 && day::first_lasting(need.date, m).is_some())
        });
        let on = day::asked(need.date).filter(|_| plain && now.timestamp_nanos_opt().is_some())?;
        Some(Self { need, on, span, first, weekday: usize::from(first % 7), minutes, now })
    }
}

/// The local date of the start, and minutes from its midnight to start and end: if the clocks are steady around the session, and
/// it is at most a day long. Then a window covers it if and only if it does so by the clock on the wall.
fn local(need: &SessionNeed) -> Option<(NaiveDate, (u16, u16))> {
    let length = need.span.until - need.span.from;
    if length <= TimeDelta::zero() || length > TimeDelta::days(1) {
        return None;
    }
    // Two hours: a change moves by one, and moves a time it skips by one more.
    let offset = |at: DateTime<Utc>| at.with_timezone(&ZONE).offset().fix();
    let apart = TimeDelta::hours(2);
    let steady = offset(need.span.from - apart) == offset(need.span.until + apart);
    let from = need.span.from.with_timezone(&ZONE).naive_local();
    let since = (from - from.date().and_time(chrono::NaiveTime::MIN)).num_nanoseconds().filter(|_| steady)?;
    let until = since + length.num_nanoseconds()?;
    let minute = 60_000_000_000;
    Some((from.date(), ((since / minute) as u16, (until + minute - 1).div_euclid(minute) as u16)))
}

//! Weekly windows, leave and extra time: does a champion's availability cover a session?
//!
//! Windows are wall-clock times in a zone, so a weekly 18:00 stays 18:00 when the clocks change. Exceptions win over
//! windows, and leave wins over extra time.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday as ChronoWeekday};
use chrono_tz::Tz;

use crate::calendar::{HOME_ZONE, Span, dates_touching, monday_of, resolve};
use crate::reason::{Malformed, reasons};
use crate::session::Modality;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Days of the week.
    Weekday {
        /// Monday.
        Monday = "MONDAY",
        /// Tuesday.
        Tuesday = "TUESDAY",
        /// Wednesday.
        Wednesday = "WEDNESDAY",
        /// Thursday.
        Thursday = "THURSDAY",
        /// Friday.
        Friday = "FRIDAY",
        /// Saturday.
        Saturday = "SATURDAY",
        /// Sunday.
        Sunday = "SUNDAY",
    }
}

impl From<ChronoWeekday> for Weekday {
    fn from(day: ChronoWeekday) -> Self {
        Self::ALL[day.num_days_from_monday() as usize]
    }
}

vocabulary! {
    /// Whether an exception takes time away or adds it.
    ExceptionKind {
        /// Not available, whatever the weekly windows say.
        Away = "AWAY",
        /// Available, besides the weekly windows.
        Extra = "EXTRA",
    }
}

/// A weekly span of wall-clock time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The day of the week it starts on.
    pub weekday: Weekday,
    /// Wall-clock start.
    pub starts: NaiveTime,
    /// Wall-clock end, later on the same day; midnight means the end of the day.
    pub ends: NaiveTime,
    /// The zone the times are read in.
    pub zone: Tz,
    /// 1 for every week, 2 for every other week, counted from the week of `valid_from`.
    pub every_weeks: u32,
    /// First day it holds.
    pub valid_from: NaiveDate,
    /// Last day it holds; none for ever.
    pub valid_until: Option<NaiveDate>,
    /// For sessions held in this way alone; none for any.
    pub modality: Option<Modality>,
}

impl Window {
    fn holds_on(&self, date: NaiveDate) -> bool {
        let weeks = || (monday_of(date) - monday_of(self.valid_from)).num_weeks();
        Weekday::from(date.weekday()) == self.weekday
            && self.valid_from <= date
            && self.valid_until.is_none_or(|last| date <= last)
            && (self.every_weeks <= 1 || weeks().rem_euclid(i64::from(self.every_weeks)) == 0)
    }
}

/// A dated exception: on each day from `first` to `last`, the whole day or the given times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Takes away or adds.
    pub kind: ExceptionKind,
    /// First day.
    pub first: NaiveDate,
    /// Last day, included.
    pub last: NaiveDate,
    /// Wall-clock start and end on each day; none for whole days.
    pub times: Option<(NaiveTime, NaiveTime)>,
    /// The zone the times are read in.
    pub zone: Tz,
}

/// The weekdays, Monday first, as something that comes every week.
pub const WEEKDAYS: [&str; 7] = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];

/// Hours of a weekday, by the alliance's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    day: ChronoWeekday,
    starts: NaiveTime,
    ends: NaiveTime,
}

impl Hours {
    /// The hours that a session takes.
    pub fn of(span: Span) -> Self {
        let (from, until) = (span.from.with_timezone(&HOME_ZONE), span.until.with_timezone(&HOME_ZONE));
        Self { day: from.weekday(), starts: from.time(), ends: until.time() }
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = WEEKDAYS[self.day.num_days_from_monday() as usize];
        write!(f, "{day} {}-{}", self.starts.format("%H:%M"), self.ends.format("%H:%M"))
    }
}

/// What the availability says about a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole span is covered.
    Free,
    /// Leave lies in it.
    Away,
    /// Some of it is outside every window.
    Uncovered,
}

/// Whether windows and exceptions cover a whole span. Windows that touch count as one.
pub fn verdict(windows: &[Window], exceptions: &[Exception], span: Span) -> Verdict {
    let of_kind = |kind| exceptions.iter().filter(move |e| e.kind == kind).flat_map(move |e| exception_spans(e, span));
    if of_kind(ExceptionKind::Away).any(|away| away.overlaps(span)) {
        return Verdict::Away;
    }
    let mut free: Vec<Span> = windows.iter().flat_map(|w| window_spans(w, span)).chain(of_kind(ExceptionKind::Extra)).collect();
    free.sort();
    let mut covered = span.from;
    for piece in free {
        if piece.from <= covered {
            covered = covered.max(piece.until);
        }
    }
    if covered >= span.until { Verdict::Free } else { Verdict::Uncovered }
}

/// The same for a session held in this way: windows for another way don't count.
pub fn verdict_for(modality: Modality, windows: &[Window], exceptions: &[Exception], span: Span) -> Verdict {
    if windows.iter().all(|w| w.modality.is_none()) {
        return verdict(windows, exceptions, span);
    }
    let fitting: Vec<Window> = windows.iter().filter(|w| w.modality.is_none_or(|of| of == modality)).cloned().collect();
    verdict(&fitting, exceptions, span)
}

/// The most days that slots are worked out for at once.
pub const SLOT_DAYS: i64 = 92;

/// When a champion is free inside a span: windows and extra time, without leave and without what they have said yes to.
/// Spans that touch are one; in order.
pub fn slots(windows: &[Window], exceptions: &[Exception], busy: &[Span], within: Span) -> Vec<Span> {
    let of_kind = |kind| exceptions.iter().filter(move |e| e.kind == kind).flat_map(move |e| exception_spans(e, within));
    let free = windows.iter().flat_map(|w| window_spans(w, within)).chain(of_kind(ExceptionKind::Extra)).collect();
    let taken = of_kind(ExceptionKind::Away).chain(busy.iter().copied()).collect();
    without(&united(free), &united(taken), within)
}

/// The next span in which a champion is free, in the four weeks from `now`; what has begun counts from `now`. `busy` tells what they have
/// said yes to inside a span.
pub fn next_slot(windows: &[Window], exceptions: &[Exception], busy: impl Fn(Span) -> Vec<Span>, now: DateTime<Utc>) -> Option<Span> {
    let first = |days: i64| {
        let within = Span { from: now, until: now + TimeDelta::days(days) };
        (slots(windows, exceptions, &busy(within), within).into_iter().next(), within)
    };
    // Most are free within days, and each day is work. What reaches the end of a span may go on past it.
    let soon = [2, 7].into_iter().find_map(|days| {
        let (slot, within) = first(days);
        slot.filter(|slot| slot.until < within.until)
    });
    soon.or_else(|| first(28).0)
}

/// Spans joined where they touch or overlap, in order.
fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.from < span.until);
    spans.sort();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => joined.push(span),
        }
    }
    joined
}

/// What is left of spans inside another without those taken; both in order and apart.
fn without(free: &[Span], taken: &[Span], within: Span) -> Vec<Span> {
    let mut left = Vec::new();
    for span in free {
        let mut from = span.from.max(within.from);
        let until = span.until.min(within.until);
        for gone in taken {
            if gone.from >= until || gone.until <= from {
                continue;
            }
            if from < gone.from {
                left.push(Span { from, until: gone.from });
            }
            from = from.max(gone.until);
        }
        if from < until {
            left.push(Span { from, until });
        }
    }
    left
}

/// The window's occurrences that can reach into a span.
fn window_spans(window: &Window, span: Span) -> impl Iterator<Item = Span> + '_ {
    dates_touching(span, window.zone)
        .filter(|date| window.holds_on(*date))
        .map(|date| day_span(date, Some((window.starts, window.ends)), window.zone))
}

fn exception_spans(exception: &Exception, span: Span) -> impl Iterator<Item = Span> + '_ {
    dates_touching(span, exception.zone)
        .filter(|date| exception.first <= *date && *date <= exception.last)
        .map(|date| day_span(date, exception.times, exception.zone))
}

/// A day, or a time of it, as a span; an end of midnight or before the start lies on the next day.
fn day_span(date: NaiveDate, times: Option<(NaiveTime, NaiveTime)>, zone: Tz) -> Span {
    let (starts, ends) = times.unwrap_or((NaiveTime::MIN, NaiveTime::MIN));
    let end_date = if ends <= starts { date.succ_opt().unwrap_or(date) } else { date };
    Span { from: resolve(date.and_time(starts), zone), until: resolve(end_date.and_time(ends), zone) }
}

/// Every span an exception takes away or adds; whole days that follow each other are one.
pub(crate) fn stretches(exception: &Exception) -> Vec<Span> {
    let Exception { first, last, times, zone, .. } = *exception;
    if last < first {
        return Vec::new();
    }
    if times.is_none_or(|(starts, ends)| starts == ends) {
        let until = day_span(last, times, zone).until;
        return vec![Span { until, ..day_span(first, times, zone) }];
    }
    first.iter_days().take_while(|date| *date <= last).map(|date| day_span(date, times, zone)).collect()
}

reasons! {
    /// Why the weekly availability can't be replaced.
    CannotReplaceWindows => AvailabilityWindowsReplaceErrorCode {
        /// There are too many windows.
        TooMany { most: usize } at "windows" => format!("Give {most} windows at most."),
    }
}

reasons! {
    /// Why leave or extra time can't be added.
    CannotAddException => AvailabilityExceptionAddErrorCode {
    } creates
}

reasons! {
    /// Why leave or extra time can't be removed.
    CannotRemoveException => AvailabilityExceptionRemoveErrorCode {
    }
}

/// The most windows one champion may have.
pub const WINDOW_LIMIT: usize = 50;

/// Checks one window as it was sent, at `path` inside the input.
pub fn check_window(window: &Window, path: &str) -> Result<(), Malformed> {
    if window.ends <= window.starts && window.ends != NaiveTime::MIN {
        return Err(Malformed::new(
            &format!("{path}.endTime"),
            "The end must be later than the start on the same day; 00:00 means midnight at its end.",
        ));
    }
    if !(1..=8).contains(&window.every_weeks) {
        return Err(Malformed::new(&format!("{path}.everyWeeks"), "Give a number of weeks between 1 and 8."));
    }
    if window.valid_until.is_some_and(|until| until < window.valid_from) {
        return Err(Malformed::new(&format!("{path}.validUntil"), "The last day lies before the first: swap them or leave one out."));
    }
    Ok(())
}

/// The most days one exception may span.
pub const EXCEPTION_DAYS: i64 = 366;

/// Checks an exception as it was sent.
pub fn check_exception(exception: &Exception, today: NaiveDate) -> Result<(), Malformed> {
    if exception.last < exception.first {
        return Err(Malformed::new("lastDate", "The last day lies before the first: swap them."));
    }
    if (exception.last - exception.first).num_days() >= EXCEPTION_DAYS {
        return Err(Malformed::new("lastDate", "This is longer than a year: shorten it, or pause your membership instead."));
    }
    if exception.last < today {
        return Err(Malformed::new("lastDate", "This lies in the past: nothing would change."));
    }
    if exception.times.is_some_and(|(starts, ends)| ends <= starts && ends != NaiveTime::MIN) {
        return Err(Malformed::new("endTime", "The end must be later than the start on the same day; 00:00 means midnight at its end."));
    }
    if exception.kind == ExceptionKind::Extra && exception.times.is_none() {
        return Err(Malformed::new("startTime", "Say from when to when you are free: give startTime and endTime."));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

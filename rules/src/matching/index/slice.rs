//! Weekly windows as slices of a weekday.

use chrono::{NaiveTime, Timelike};

use super::day::{self, Day, LATEST};
use super::question::Question;
use crate::availability::Window;

pub(super) const MIDNIGHT: u16 = 24 * 60;
/// Whose windows make more slices than this is asked about by the rule.
const MOST_SLICES: usize = 200;

/// A window on its weekday, in minutes; an end beyond midnight lies on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slice {
    pub weekday: u8,
    every: u8,
    phase: u8,
    from: Day,
    until: Day,
    pub starts: u16,
    pub ends: u16,
    pub slot: u32,
}

impl Slice {
    fn of(slot: usize, window: &Window) -> Option<Self> {
        let every = u8::try_from(window.every_weeks.max(1)).ok()?;
        let week = day::number(window.valid_from).div_euclid(7);
        let (starts, ends) = (minute(window.starts)?, minute(window.ends)?);
        Some(Self {
            weekday: window.weekday as u8,
            every,
            phase: week.rem_euclid(i64::from(every)) as u8,
            from: day::nearest(window.valid_from),
            until: window.valid_until.map_or(LATEST, day::nearest),
            starts,
            ends: if ends <= starts { ends + MIDNIGHT } else { ends },
            slot: slot as u32,
        })
    }

    /// Whether it holds on a day; not short-circuited, since nobody could predict which half fails.
    fn holds_on(&self, turn: &Turn) -> bool {
        (self.from <= turn.day) & (turn.day <= self.until) & (turn.phases[usize::from(self.every)] == self.phase)
    }

    /// Whether it covers a span on the day it starts on.
    pub fn covers(&self, turn: &Turn, (from, until): (u16, u16)) -> bool {
        (self.starts <= from) & (until <= self.ends) & self.holds_on(turn)
    }

    /// Two that meet within a day as one, on the days both hold; none if they never do.
    fn union(&self, other: &Self) -> Option<Self> {
        let (seldom, often) = if self.every < other.every { (other, self) } else { (self, other) };
        let together = often.every == 1 || (often.every, often.phase) == (seldom.every, seldom.phase);
        let (from, until) = (self.from.max(other.from), self.until.min(other.until));
        let (starts, ends) = (self.starts.min(other.starts), self.ends.max(other.ends));
        (together && from <= until).then_some(Self { from, until, starts, ends, ..*seldom })
    }

    /// Whether all it covers is covered by another.
    fn is_within(&self, other: &Self) -> bool {
        let days = other.from <= self.from && self.until <= other.until;
        let turns = other.every == 1 || (other.every, other.phase) == (self.every, self.phase);
        self.weekday == other.weekday && days && turns && other.starts <= self.starts && self.ends <= other.ends
    }

    /// Whether two can only meet within one day, and then in weeks that [`Slice::union`] can tell.
    pub fn is_simple_with(&self, other: &Self) -> bool {
        let weeks = self.every == 1 || other.every == 1 || self.every == other.every;
        weeks && self.weekday == other.weekday && self.ends <= MIDNIGHT && other.ends <= MIDNIGHT
    }

    /// Whether another slice begins inside this one, or where it ends, in some week.
    pub fn meets(&self, other: &Self) -> bool {
        let in_week = |slice: &Self| i32::from(slice.weekday) * i32::from(MIDNIGHT) + i32::from(slice.starts);
        (in_week(other) - in_week(self)).rem_euclid(7 * i32::from(MIDNIGHT)) <= i32::from(self.ends - self.starts)
    }

    /// The weekdays it has a minute of.
    pub fn weekdays(&self) -> impl Iterator<Item = usize> {
        let weekday = usize::from(self.weekday);
        [Some(weekday), (self.ends > MIDNIGHT).then_some((weekday + 1) % 7)].into_iter().flatten()
    }
}

/// Whole minutes from midnight.
fn minute(time: NaiveTime) -> Option<u16> {
    (time.second() == 0 && time.nanosecond() == 0).then_some((time.hour() * 60 + time.minute()) as u16)
}

/// A day, and which week of every so many it lies in.
pub(super) struct Turn {
    day: Day,
    phases: [u8; 256],
}

impl Turn {
    pub fn of(day: Day) -> Self {
        let phase = |every: usize| usize::from(day / 7).checked_rem(every).unwrap_or(0) as u8;
        Self { day, phases: std::array::from_fn(phase) }
    }
}

/// Whether slices cover a session together.
pub(super) fn weave_covers(slices: &[Slice], question: &Question) -> bool {
    // In minutes from the midnight before, so that a slice which began that day is not negative.
    let (mut covered, until) = (question.minutes.0 + MIDNIGHT, question.minutes.1 + MIDNIGHT);
    let days = [question.first - 1, question.first, question.first + 1].map(Turn::of);
    let starts = [0, MIDNIGHT, 2 * MIDNIGHT];
    let held = days.iter().zip(starts).flat_map(|(turn, start)| {
        let on_day = slices.iter().filter(move |s| Day::from(s.weekday) == turn.day % 7 && s.holds_on(turn));
        on_day.map(move |s| (start + s.starts, start + s.ends))
    });
    loop {
        let furthest = held.clone().filter(|(from, _)| *from <= covered).map(|(_, until)| until).max().unwrap_or(0);
        if furthest >= until || furthest <= covered {
            return furthest >= until;
        }
        covered = furthest;
    }
}

/// A champion's windows as slices, with the unions of those that meet within a day; none if that can't be told.
pub(super) fn united(slot: usize, windows: &[Window]) -> Option<Vec<Slice>> {
    let mut slices: Vec<Slice> = windows.iter().map(|window| Slice::of(slot, window)).collect::<Option<_>>()?;
    let mut at = 0;
    while at < slices.len() {
        let one = slices[at];
        let met = slices[..at].iter().filter(|other| one.is_simple_with(other) && (one.meets(other) || other.meets(&one)));
        let unions: Vec<Slice> = met.filter_map(|other| one.union(other)).collect();
        for union in unions {
            if !slices.iter().any(|slice| union.is_within(slice)) {
                slices.push(union);
            }
        }
        at += 1;
        if slices.len() > MOST_SLICES {
            return None;
        }
    }
    Some((0..slices.len()).filter(|at| !is_idle(&slices, *at)).map(|at| slices[at]).collect())
}

/// Whether a slice lies within another, or within the same again further on.
fn is_idle(slices: &[Slice], at: usize) -> bool {
    let one = &slices[at];
    slices.iter().enumerate().any(|(other, slice)| other != at && one.is_within(slice) && (!slice.is_within(one) || other > at))
}

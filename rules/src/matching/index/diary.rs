//! What everybody has said yes to: clashes, full weeks, load, groups helped, and dates with children.

use std::collections::HashMap;
use std::num::NonZeroU32;

use chrono::{Datelike, NaiveDate};

use super::bits::Bits;
use super::board::Board;
use super::day::{self, Day};
use super::question::Question;
use super::reach::in_space;
use super::room;
use super::timeline::{Timeline, seconds};
use crate::dbs::passes_child_threshold;
use crate::geo::{EARTH_RADIUS, Point, distance_metres};
use crate::id::{GroupId, SessionId};
use crate::matching::factor::LOAD_DAYS;
use crate::matching::{BlockerKind, Bookings, ChampionRecord};
use crate::session::Modality;

/// Seconds.
const MINUTE: i64 = 60;
/// More metres than a distance can be wrong by here, wherever on the globe.
const MARGIN: f64 = 2.0;
/// Over so many metres the ground is longer than the straight line by less than half of one.
const STRAIGHT: f64 = 75_000.0;
/// Days around a date within which sessions with children may add up.
const NEAR: i64 = 30;

/// The diaries of all slots.
#[derive(Clone, Debug)]
pub(super) struct Diary {
    busy: Timeline,
    /// Where anybody is booked, and the number of each place by the bits of its degrees, from 1.
    places: Vec<(Point, [f64; 3])>,
    numbers: HashMap<(u64, u64), NonZeroU32>,
    /// How far the farthest place lies from the first.
    spread: u32,
    placed: Placed,
    helped: HashMap<GroupId, Vec<u32>>,
    /// Who has as many sessions as wanted, by the week since 1900.
    full: HashMap<i64, Bits>,
    /// The same, by the month since the year 0.
    full_months: HashMap<i64, Bits>,
    /// Who wants none at all in a week, or in a month.
    never: [Bits; 2],
    /// From when to when one more session with children makes a fourth in thirty days.
    frequent: Vec<(u32, Day, Day)>,
    /// The days of everybody's bookings in order, end to end.
    days: Vec<Day>,
}

impl Default for Diary {
    fn default() -> Self {
        Self {
            busy: Timeline::new(1),
            places: Vec::new(),
            numbers: HashMap::new(),
            spread: 0,
            placed: Placed::default(),
            helped: HashMap::new(),
            full: HashMap::new(),
            full_months: HashMap::new(),
            never: Default::default(),
            frequent: Vec::new(),
            days: Vec::new(),
        }
    }
}

impl Diary {
    /// Files a champion's bookings. False if one can't be told in seconds.
    pub fn add(&mut self, slot: usize, record: &ChampionRecord) -> bool {
        for booking in record.bookings.iter() {
            self.placed.add(booking.session, slot as u32);
            let helped = self.helped.entry(booking.group).or_default();
            // Most come to one group again and again.
            if helped.last() != Some(&(slot as u32)) {
                room::push(helped, slot as u32);
            }
        }
        let weeks = record.bookings.iter().map(|b| day::number(b.date).div_euclid(7));
        fill(slot, record.most_per_week, weeks, &mut self.full, &mut self.never[0]);
        let months = record.bookings.iter().map(|b| month(b.date));
        fill(slot, record.most_per_month, months, &mut self.full_months, &mut self.never[1]);
        self.frequent.extend(frequent(&record.bookings).into_iter().map(|(from, until)| (slot as u32, from, until)));
        let mut told = true;
        for booking in record.bookings.iter() {
            let place = booking.at.and_then(|at| self.number(at));
            told &= seconds(booking.span).map(|span| self.busy.add_at(slot, span, place)).is_some();
        }
        told
    }

    /// The number of a place.
    fn number(&mut self, at: Point) -> Option<NonZeroU32> {
        let bits = (at.latitude.to_bits(), at.longitude.to_bits());
        if let Some(number) = self.numbers.get(&bits) {
            return Some(*number);
        }
        self.places.push((at, in_space(at)));
        self.spread = self.spread.max(distance_metres(self.places[0].0, at));
        let number = NonZeroU32::new(self.places.len() as u32)?;
        self.numbers.insert(bits, number);
        Some(number)
    }

    /// Files the days of a champion's bookings, and says where.
    pub fn add_days(&mut self, record: &ChampionRecord) -> (u32, u32) {
        let start = self.days.len();
        room::make(&mut self.days, record.bookings.len());
        self.days.extend(record.bookings.iter().map(|b| day::nearest(b.date)));
        self.days[start..].sort_unstable();
        (start as u32, self.days.len() as u32)
    }

    /// Blocks those with a booking in person so near in time that the journey does not fit; where a few metres decide, `judge` does.
    pub fn near(&self, question: &Question, board: &mut Board, judge: impl Fn(usize) -> bool) {
        let need = question.need;
        let Some((at, (origin, _))) = need.at.filter(|_| need.modality == Modality::InPerson).zip(self.places.first()) else { return };
        // By way of the origin, and a metre for each rounding: no journey is longer.
        let reach = need.pace.minutes(i64::from(distance_metres(at, *origin)) + i64::from(self.spread) + 3);
        let ((from, until), here) = (question.span, in_space(at));
        self.busy.each((from - reach * MINUTE, until + reach * MINUTE), |busy| {
            let (Some(number), slot) = (busy.place, busy.slot as usize) else { return };
            let (place, space) = &self.places[number.get() as usize - 1];
            if *place == at || board.is_blocked(BlockerKind::Clash, slot) {
                return;
            }
            let gap = (from - i64::from(busy.until)).max(i64::from(busy.from) - until).div_euclid(MINUTE);
            let (chord, farthest) = (chord(here, *space), need.pace.farthest(gap) as f64);
            // What ends before it begins is the rule's.
            let odd = busy.until <= busy.from;
            let short = if odd { judge(slot) } else { chord - MARGIN > farthest || arc(chord) + MARGIN > farthest && judge(slot) };
            if short {
                board.block(BlockerKind::Clash, slot);
            }
        });
    }

    /// Blocks those who have something on, or enough in that week or month. Whoever is placed at this very session is left to the rule.
    pub fn ask(&self, question: &Question, board: &mut Board) {
        self.busy.overlapping(question.span, |slot, _| board.block(BlockerKind::Clash, slot));
        let week = self.full.get(&i64::from(question.on / 7));
        let month = self.full_months.get(&month(question.need.date));
        for at in board.words() {
            board.block_word(BlockerKind::WeekIsFull, at, self.never[0].word(at) | week.map_or(0, |full| full.word(at)));
            board.block_word(BlockerKind::MonthIsFull, at, self.never[1].word(at) | month.map_or(0, |full| full.word(at)));
        }
    }

    /// Those placed at a session, and perhaps a few more: the rule decides.
    pub fn placed(&self, session: Option<SessionId>) -> impl Iterator<Item = usize> + '_ {
        session.into_iter().flat_map(|session| self.placed.at(session)).map(|slot| slot as usize)
    }

    /// Those for whom a session with children on this date would pass the threshold.
    pub fn frequent(&self, on: Day) -> Bits {
        let mut found = Bits::default();
        let spells = self.frequent.iter().filter(|(_, from, until)| *from <= on && on <= *until);
        spells.for_each(|(slot, ..)| found.set(*slot as usize));
        found
    }

    /// Those with a booking at a group.
    pub fn helped(&self, group: GroupId) -> Bits {
        let mut helped = Bits::default();
        self.helped.get(&group).into_iter().flatten().for_each(|slot| helped.set(*slot as usize));
        helped
    }

    /// How many sessions lie around a day, of those filed here.
    pub fn load(&self, (start, end): (u32, u32), on: Day) -> usize {
        let days = &self.days[start as usize..end as usize];
        let around = LOAD_DAYS as Day;
        // One by one: looking for the ends would wait for one day to know which is next.
        days.iter().map(|day| u16::from(day.wrapping_sub(on - around) <= 2 * around)).sum::<u16>().into()
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        let lists = self.helped.values().map(Vec::capacity).sum::<usize>();
        let full: usize = self.full.values().chain(self.full_months.values()).chain(&self.never).map(Bits::bytes).sum();
        lists * 4
            + self.helped.len() * 48
            + self.placed.bytes()
            + full
            + self.days.capacity() * 2
            + self.busy.bytes()
            + self.frequent.capacity() * 8
            + self.places.capacity() * 96
    }
}

/// Who is placed at which session, by half of the session's id: eight bytes a booking.
#[derive(Clone, Debug)]
struct Placed(Vec<Vec<(u32, u32)>>);

impl Default for Placed {
    fn default() -> Self {
        Self(vec![Vec::new(); 1 << 10])
    }
}

impl Placed {
    /// Which drawer a session is in, and what it is known by there: an id's halves may count up together, so they are stirred.
    fn of(&self, session: SessionId) -> (usize, u32) {
        let (high, low) = session.0.as_u64_pair();
        let stirred = (high.rotate_left(32) ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((stirred >> 32) as usize % self.0.len(), (stirred ^ stirred >> 42) as u32)
    }

    fn add(&mut self, session: SessionId, slot: u32) {
        let (drawer, name) = self.of(session);
        room::push(&mut self.0[drawer], (name, slot));
    }

    fn at(&self, session: SessionId) -> impl Iterator<Item = u32> + '_ {
        let (drawer, name) = self.of(session);
        self.0[drawer].iter().filter(move |(other, _)| *other == name).map(|(_, slot)| *slot)
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Vec::capacity).sum::<usize>() * 8
    }
}

/// Metres between two points in space, straight through the globe: never more than on the ground.
fn chord(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
}

/// Metres on the ground over a chord, to half a metre.
fn arc(chord: f64) -> f64 {
    if chord < STRAIGHT { chord } else { 2.0 * EARTH_RADIUS * (chord / (2.0 * EARTH_RADIUS)).min(1.0).asin() }
}

/// A calendar month, counted from the year 0.
fn month(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// Files a slot under every period in which it has as many as wanted.
fn fill(slot: usize, most: Option<u32>, periods: impl Iterator<Item = i64>, full: &mut HashMap<i64, Bits>, never: &mut Bits) {
    let Some(most) = most else { return };
    if most == 0 {
        return never.set(slot);
    }
    let mut taken: HashMap<i64, u32> = HashMap::new();
    for period in periods {
        let count = taken.entry(period).or_default();
        *count += 1;
        if *count == most {
            full.entry(period).or_default().set(slot);
        }
    }
}

/// The days on which one more session with children would make the fourth date in thirty.
fn frequent(bookings: &Bookings) -> Vec<(Day, Day)> {
    let mut dates: Vec<NaiveDate> = bookings.iter().filter(|b| b.with_children).map(|b| b.date).collect();
    dates.sort_unstable();
    dates.dedup();
    let mut found: Vec<(i64, i64)> = Vec::new();
    for three in dates.windows(3).filter(|three| (three[2] - three[0]).num_days() < NEAR) {
        let (from, until) = (day::number(three[2]) - NEAR + 1, day::number(three[0]) + NEAR - 1);
        match found.last_mut() {
            Some(last) if from <= last.1 => last.1 = until,
            _ => found.push((from, until)),
        }
    }
    // Another session on a date that counts already doesn't make it two dates.
    let same: Vec<i64> = dates.iter().filter(|date| !passes_child_threshold(&dates, **date)).map(|date| day::number(*date)).collect();
    found.into_iter().flat_map(|spell| without(spell, &same)).map(|(from, until)| (clamped(from), clamped(until))).collect()
}

/// What is left of a spell of days without some of them, which are in order.
fn without((from, until): (i64, i64), days: &[i64]) -> Vec<(i64, i64)> {
    let inside = days.iter().filter(|day| (from..=until).contains(*day));
    let starts = std::iter::once(from).chain(inside.clone().map(|day| day + 1));
    let ends = inside.map(|day| day - 1).chain([until]);
    starts.zip(ends).filter(|(from, until)| from <= until).collect()
}

fn clamped(day: i64) -> Day {
    day.clamp(0, i64::from(Day::MAX)) as Day
}

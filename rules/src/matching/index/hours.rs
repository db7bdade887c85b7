//! Weekly windows, leave and extra time of everybody.
//!
//! A window is a slice of a weekday, and windows that meet make one more; who has a slice around the whole session is free. Only
//! somebody with windows that meet at midnight, or with extra time, could be free without one: they are asked about one by one.

use std::collections::HashMap;
use std::sync::Arc;

use super::bits::{Bits, ones};
use super::board::Board;
use super::question::{Question, ZONE};
use super::room;
use super::slice::{MIDNIGHT, Slice, Turn, united, weave_covers};
use super::timeline::{Timeline, seconds};
use crate::availability::{Exception, ExceptionKind, Verdict, stretches, verdict};
use crate::matching::{BlockerKind, ChampionRecord};

/// Minutes of a part of the day.
const PART: u16 = 4 * 60;
const STARTS: usize = (MIDNIGHT / PART) as usize;

/// The slices of a weekday, by the parts of the day in which they start and end: those that can't cover a session are not looked at.
#[derive(Clone, Debug, Default)]
struct Weekday([[Vec<Slice>; 2 * STARTS]; STARTS]);

impl Weekday {
    fn push(&mut self, slice: Slice) {
        room::push(&mut self.0[usize::from(slice.starts / PART)][usize::from((slice.ends - 1) / PART)], slice);
    }

    fn around(&self, (from, until): (u16, u16)) -> impl Iterator<Item = &Vec<Slice>> {
        let ends = usize::from((until - 1) / PART);
        self.0[..=usize::from(from / PART)].iter().flat_map(move |parts| &parts[ends..])
    }

    fn bytes(&self) -> usize {
        self.0.iter().flatten().map(|slices| slices.capacity() * size_of::<Slice>()).sum()
    }
}

/// The hours of every slot.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    slices: [Weekday; 7],
    /// Those that reach into the next day, by that day.
    late: [Vec<Slice>; 7],
    /// Slots with windows that meet on a weekday in other ways than unions tell, and all the slices of each.
    woven: [Bits; 7],
    weaves: HashMap<usize, Vec<Slice>>,
    away: Timeline,
    extra: Timeline,
}

impl Default for Hours {
    fn default() -> Self {
        let timeline = || Timeline::new(7);
        Self {
            slices: Default::default(),
            late: Default::default(),
            woven: Default::default(),
            weaves: HashMap::new(),
            away: timeline(),
            extra: timeline(),
        }
    }
}

impl Hours {
    /// Files a champion's hours; false if they are not such as this can tell, and the champion has to be asked about.
    pub fn add(&mut self, slot: usize, record: &ChampionRecord) -> bool {
        let local =
            record.windows.iter().all(|w| w.zone == ZONE && w.modality.is_none()) && record.exceptions.iter().all(|e| e.zone == ZONE);
        let Some(slices) = local.then(|| united(slot, &record.windows)).flatten() else { return false };
        self.weave(slot, &slices);
        for slice in slices {
            self.slices[usize::from(slice.weekday)].push(slice);
            if slice.ends > MIDNIGHT {
                room::push(&mut self.late[usize::from(slice.weekday + 1) % 7], slice);
            }
        }
        record.exceptions.iter().all(|exception| self.except(slot, exception))
    }

    fn weave(&mut self, slot: usize, slices: &[Slice]) {
        for (at, one) in slices.iter().enumerate() {
            let others = slices.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            for other in others.filter(|other| one.meets(other) && !one.is_simple_with(other)) {
                one.weekdays().chain(other.weekdays()).for_each(|weekday| self.woven[weekday].set(slot));
                self.weaves.entry(slot).or_insert_with(|| slices.to_vec());
            }
        }
    }

    fn except(&mut self, slot: usize, exception: &Exception) -> bool {
        if exception.times.is_some() && (exception.last - exception.first).num_days() > 400 {
            return false;
        }
        let timeline = if exception.kind == ExceptionKind::Away { &mut self.away } else { &mut self.extra };
        stretches(exception).into_iter().all(|stretch| seconds(stretch).map(|span| timeline.add(slot, span)).is_some())
    }

    /// Blocks whoever is on leave, or not available.
    pub fn ask(&self, question: &Question, records: &[Arc<ChampionRecord>], live: &Bits, board: &mut Board) {
        let free = self.covered(question, board.words().len());
        board.only(BlockerKind::NotAvailable, |at| free[at]);
        let woven = &self.woven[question.weekday];
        for slot in board.words().flat_map(|at| ones(woven.word(at) & !free[at] & live.word(at)).map(move |bit| at * 64 + bit)) {
            if self.weaves.get(&slot).is_some_and(|slices| weave_covers(slices, question)) {
                board.unblock(BlockerKind::NotAvailable, slot);
            }
        }
        self.extra.overlapping(question.span, |slot, whole| {
            let record = &records[slot];
            let rule = || verdict(&record.windows, &record.exceptions, question.need.span) == Verdict::Free;
            if live.has(slot) && board.is_blocked(BlockerKind::NotAvailable, slot) && (whole || rule()) {
                board.unblock(BlockerKind::NotAvailable, slot);
            }
        });
        self.away.overlapping(question.span, |slot, _| {
            board.block(BlockerKind::OnLeave, slot);
            board.unblock(BlockerKind::NotAvailable, slot);
        });
    }

    fn covered(&self, question: &Question, words: usize) -> Vec<u64> {
        let mut free = vec![0; words];
        let mut mark = |slices: &[Slice], turn: &Turn, minutes| {
            for slice in slices {
                free[slice.slot as usize / 64] |= u64::from(slice.covers(turn, minutes)) << (slice.slot % 64);
            }
        };
        let (from, until) = question.minutes;
        let (today, yesterday) = (Turn::of(question.first), Turn::of(question.first - 1));
        self.slices[question.weekday].around((from, until)).for_each(|slices| mark(slices, &today, (from, until)));
        mark(&self.late[question.weekday], &yesterday, (from + MIDNIGHT, until + MIDNIGHT));
        free
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        let late = self.late.iter().map(Vec::capacity).sum::<usize>() * size_of::<Slice>();
        late + self.slices.iter().map(Weekday::bytes).sum::<usize>()
            + self.woven.iter().map(Bits::bytes).sum::<usize>()
            + self.away.bytes()
            + self.extra.bytes()
    }
}

//! Who has something on at a time: spans of instants, filed by the days they touch.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::calendar::Span;

const DAY: i64 = 86_400_000_000_000;

/// A span of one slot, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Busy {
    pub from: i64,
    pub until: i64,
    pub slot: u32,
    /// Where, by whatever number its filer gave the place.
    pub place: Option<NonZeroU32>,
}

/// Spans in drawers of so many days.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    drawer: i64,
    drawers: HashMap<i64, Vec<Busy>>,
    /// Those that would fill too many drawers, and those that end before they begin.
    odd: Vec<Busy>,
}

/// A span in nanoseconds, if it lies within the centuries those can tell.
pub(super) fn nanos(span: Span) -> Option<(i64, i64)> {
    span.from.timestamp_nanos_opt().zip(span.until.timestamp_nanos_opt())
}

impl Timeline {
    pub fn new(days: i64) -> Self {
        Self { drawer: days * DAY, drawers: HashMap::new(), odd: Vec::new() }
    }

    pub fn add(&mut self, slot: usize, span: (i64, i64)) {
        self.add_at(slot, span, None);
    }

    pub fn add_at(&mut self, slot: usize, (from, until): (i64, i64), place: Option<NonZeroU32>) {
        let busy = Busy { from, until, slot: slot as u32, place };
        let (first, last) = (from.div_euclid(self.drawer), (until - 1).div_euclid(self.drawer));
        if until <= from || last - first > 60 {
            return self.odd.push(busy);
        }
        for drawer in first..=last {
            self.drawers.entry(drawer).or_default().push(busy);
        }
    }

    /// Every slot with a span that shares an instant with this one, perhaps more than once, and whether it holds all of it.
    pub fn overlapping(&self, (from, until): (i64, i64), mut found: impl FnMut(usize, bool)) {
        self.each((from, until), |busy| found(busy.slot as usize, busy.from <= from && until <= busy.until));
    }

    /// Every span that shares an instant with this one, perhaps more than once.
    pub fn each(&self, (from, until): (i64, i64), mut found: impl FnMut(&Busy)) {
        let drawers = from.div_euclid(self.drawer)..=(until - 1).div_euclid(self.drawer);
        let filed = drawers.filter_map(|drawer| self.drawers.get(&drawer)).chain([&self.odd]).flatten();
        filed.filter(|busy| busy.from < until && from < busy.until).for_each(&mut found);
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        (self.drawers.values().map(Vec::capacity).sum::<usize>() + self.odd.capacity()) * size_of::<Busy>()
    }
}

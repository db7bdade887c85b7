//! Who has something on at a time: spans of instants, filed by the days they touch.

use std::collections::HashMap;

use crate::calendar::Span;

const DAY: i64 = 86_400_000_000_000;

/// A span of one slot, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Busy {
    from: i64,
    until: i64,
    slot: u32,
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

    pub fn add(&mut self, slot: usize, (from, until): (i64, i64)) {
        let busy = Busy { from, until, slot: slot as u32 };
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
        let drawers = from.div_euclid(self.drawer)..=(until - 1).div_euclid(self.drawer);
        for busy in drawers.filter_map(|drawer| self.drawers.get(&drawer)).chain([&self.odd]).flatten() {
            if busy.from < until && from < busy.until {
                found(busy.slot as usize, busy.from <= from && until <= busy.until);
            }
        }
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        (self.drawers.values().map(Vec::capacity).sum::<usize>() + self.odd.capacity()) * size_of::<Busy>()
    }
}

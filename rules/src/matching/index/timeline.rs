//! Who has something on at a time: spans of whole seconds, filed by the days they touch.

use std::collections::HashMap;
use std::num::NonZeroU32;

use chrono::{DateTime, Utc};

use crate::calendar::Span;

use super::question::Seconds;
use super::room;

const DAY: i64 = 86_400;

/// A span of one slot, in seconds since 1970: there are hundreds of thousands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Busy {
    pub from: u32,
    pub until: u32,
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

/// A span in seconds, if it is of whole ones, from 1970 to 2106.
pub(super) fn seconds(span: Span) -> Option<(u32, u32)> {
    let whole = |at: DateTime<Utc>| u32::try_from(at.timestamp()).ok().filter(|_| at.timestamp_subsec_nanos() == 0);
    whole(span.from).zip(whole(span.until))
}

impl Timeline {
    pub fn new(days: i64) -> Self {
        Self { drawer: days * DAY, drawers: HashMap::new(), odd: Vec::new() }
    }

    pub fn add(&mut self, slot: usize, span: (u32, u32)) {
        self.add_at(slot, span, None);
    }

    pub fn add_at(&mut self, slot: usize, (from, until): (u32, u32), place: Option<NonZeroU32>) {
        let busy = Busy { from, until, slot: slot as u32, place };
        let (first, last) = (self.drawer(from.into()), self.drawer(i64::from(until) - 1));
        if until <= from || last - first > 60 {
            return self.odd.push(busy);
        }
        for drawer in first..=last {
            room::push(self.drawers.entry(drawer).or_default(), busy);
        }
    }

    fn drawer(&self, second: i64) -> i64 {
        second.div_euclid(self.drawer)
    }

    /// Every slot with a span that shares an instant with this one, perhaps more than once, and whether it holds all of it.
    pub fn overlapping(&self, (from, until): Seconds, mut found: impl FnMut(usize, bool)) {
        self.each((from, until), |busy| found(busy.slot as usize, i64::from(busy.from) <= from && until <= i64::from(busy.until)));
    }

    /// Every span that shares an instant with this one, perhaps more than once.
    pub fn each(&self, (from, until): Seconds, mut found: impl FnMut(&Busy)) {
        let drawers = self.drawer(from)..=self.drawer(until - 1);
        let filed = drawers.filter_map(|drawer| self.drawers.get(&drawer)).chain([&self.odd]).flatten();
        filed.filter(|busy| i64::from(busy.from) < until && from < i64::from(busy.until)).for_each(&mut found);
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        (self.drawers.values().map(Vec::capacity).sum::<usize>() + self.odd.capacity()) * size_of::<Busy>()
    }
}

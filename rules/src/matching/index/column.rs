//! A pair of days for every slot, tested for all of them at once.

use super::bits::{Bits, ones, pack};
use super::day::{Day, LATEST};
use super::room;

/// From the day `low` on, all the facts of a slot are in, and what counts is whether `high` is late enough. Before that day an
/// earlier fact may decide: such slots, if they have `several` facts, are asked about one by one.
#[derive(Clone, Debug)]
pub(super) struct Column {
    low: Vec<Day>,
    high: Vec<Day>,
    several: Bits,
    /// Whoever has anything at all that counts.
    some: Bits,
    /// The latest `low`, and the earliest `high` of those who have some: most questions are settled by these.
    latest: Day,
    earliest: Day,
}

impl Default for Column {
    fn default() -> Self {
        let none = Vec::new;
        Self { low: none(), high: none(), several: Bits::default(), some: Bits::default(), latest: 0, earliest: LATEST }
    }
}

impl Column {
    pub fn set(&mut self, slot: usize, low: Day, high: Day, several: bool) {
        let padded = (slot / 64 + 1) * 64;
        room::fill(&mut self.low, padded, LATEST);
        room::fill(&mut self.high, padded, 0);
        (self.low[slot], self.high[slot]) = (low, high);
        self.latest = self.latest.max(low);
        if high > 0 {
            self.some.set(slot);
            self.earliest = self.earliest.min(high);
        }
        if several {
            self.several.set(slot);
        }
    }

    /// The latest day that counts for a slot; 0 for none.
    pub fn high(&self, slot: usize) -> Day {
        self.high.get(slot).copied().unwrap_or(0)
    }

    /// The same, if all the facts of the slot are in by that day.
    pub fn high_by(&self, slot: usize, on: Day) -> Day {
        if self.low.get(slot).is_some_and(|low| *low <= on) { self.high(slot) } else { 0 }
    }

    /// Those of one word whose fact, if they have one, was in by that day.
    pub fn held_in(&self, at: usize, on: Day) -> u64 {
        let (lows, _) = self.low.as_chunks::<64>();
        lows.get(at).map_or(0, |low| self.some.word(at) & pack(&low.map(|low| u8::from(low <= on))))
    }

    /// Calls `found` with every word of those for whom `low <= on` and `high >= least`; `judge` settles the doubtful ones.
    pub fn held(&self, on: Day, least: Day, judge: impl FnMut(usize) -> bool, mut found: impl FnMut(usize, u64)) {
        if on < self.latest {
            return self.held_by_both(on, least, judge, found);
        }
        let (highs, _) = self.high.as_chunks::<64>();
        for (at, high) in highs.iter().enumerate() {
            found(at, if least <= self.earliest { self.some.word(at) } else { pack(&high.map(|high| u8::from(high >= least))) });
        }
    }

    fn held_by_both(&self, on: Day, least: Day, mut judge: impl FnMut(usize) -> bool, mut found: impl FnMut(usize, u64)) {
        let ((lows, _), (highs, _)) = (self.low.as_chunks::<64>(), self.high.as_chunks::<64>());
        for (at, (low, high)) in lows.iter().zip(highs).enumerate() {
            let mut bytes = [0; 64];
            for (byte, (low, high)) in bytes.iter_mut().zip(low.iter().zip(high)) {
                *byte = u8::from(*low <= on) & u8::from(*high >= least);
            }
            let mut word = pack(&bytes);
            let doubtful = self.several.word(at) & !word;
            for bit in ones(doubtful).filter(|bit| low[*bit] > on) {
                word |= u64::from(judge(at * 64 + bit)) << bit;
            }
            found(at, word);
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        (self.low.capacity() + self.high.capacity()) * 2 + self.several.bytes() + self.some.bytes()
    }
}

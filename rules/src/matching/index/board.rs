//! What one question finds out about every slot.

use std::collections::BTreeMap;

use super::bits::{Bits, ones};
use super::column::Column;
use super::day::{Day, LATEST};
use crate::matching::BlockerKind;

/// For every kind of blocker, whom it stops.
#[derive(Debug)]
pub(super) struct Board {
    words: usize,
    blocked: Vec<Vec<u64>>,
    /// The last day on which a slot still has what the place asks for, where that is a matter of columns.
    pub lasts: Vec<Day>,
    /// Slots that were settled one by one: columns don't tell all about them, so their marks are read off the record too.
    pub settled: Bits,
}

impl Board {
    pub fn new(words: usize) -> Self {
        let blocked = BlockerKind::ALL.iter().map(|_| vec![0; words]).collect();
        Self { words, blocked, lasts: vec![LATEST; words * 64], settled: Bits::default() }
    }

    pub fn words(&self) -> std::ops::Range<usize> {
        0..self.words
    }

    pub fn block(&mut self, kind: BlockerKind, slot: usize) {
        self.blocked[kind as usize][slot / 64] |= 1 << (slot % 64);
    }

    pub fn block_word(&mut self, kind: BlockerKind, at: usize, word: u64) {
        self.blocked[kind as usize][at] |= word;
    }

    pub fn unblock(&mut self, kind: BlockerKind, slot: usize) {
        self.blocked[kind as usize][slot / 64] &= !(1 << (slot % 64));
    }

    pub fn is_blocked(&self, kind: BlockerKind, slot: usize) -> bool {
        self.blocked[kind as usize][slot / 64] >> (slot % 64) & 1 == 1
    }

    /// Blocks everybody who is not in the set.
    pub fn only(&mut self, kind: BlockerKind, wanted: impl Fn(usize) -> u64) {
        self.blocked[kind as usize].iter_mut().enumerate().for_each(|(at, word)| *word |= !wanted(at));
    }

    /// Blocks everybody who doesn't hold what the column says; `judge` settles the doubtful ones.
    pub fn only_held(&mut self, kind: BlockerKind, column: Option<&Column>, days: (Day, Day), mut judge: impl FnMut(usize) -> bool) {
        let mut held = vec![0; self.words];
        let settled = &mut self.settled;
        let mut settle = |slot| {
            settled.set(slot);
            judge(slot)
        };
        if let Some(column) = column {
            column.held(days.0, days.1, &mut settle, |at, word| held[at] = word);
        }
        self.only(kind, |at| held[at]);
    }

    /// Puts a slot's blockers in place of whatever the columns said.
    pub fn settle(&mut self, slot: usize, kinds: impl Iterator<Item = BlockerKind>) {
        BlockerKind::ALL.iter().for_each(|kind| self.unblock(*kind, slot));
        kinds.for_each(|kind| self.block(kind, slot));
        self.settled.set(slot);
    }

    /// How many of the living each kind stops.
    pub fn counts(&self, live: &Bits) -> BTreeMap<BlockerKind, usize> {
        let count = |words: &Vec<u64>| words.iter().enumerate().map(|(at, word)| (word & live.word(at)).count_ones() as usize).sum();
        BlockerKind::ALL.iter().zip(&self.blocked).map(|(kind, words)| (*kind, count(words))).filter(|(_, count)| *count > 0).collect()
    }

    /// Those of the living whom nothing stops.
    pub fn free<'a>(&'a self, live: &'a Bits) -> impl Iterator<Item = usize> + 'a {
        let word = |at| self.blocked.iter().fold(live.word(at), |free, kind| free & !kind[at]);
        self.words().flat_map(move |at| ones(word(at)).map(move |bit| at * 64 + bit))
    }
}

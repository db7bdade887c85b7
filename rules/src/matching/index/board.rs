//! What one question finds out about every slot.

use std::sync::{Mutex, PoisonError};

use super::bits::{Bits, ones};
use super::column::Column;
use super::day::Day;
use crate::matching::BlockerKind;

/// Boards that were used and may be used again, with all the room they have: a question fills hundreds of kilobytes, and getting
/// those from the system and back each time takes longer than filling them.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Vec<Board>>);

/// As many boards as are kept.
const KEPT: usize = 4;

impl Spare {
    /// A board to be emptied.
    pub fn take(&self) -> Board {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps a board for the next question.
    pub fn keep(&self, board: Board) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(board);
        }
    }
}

impl Clone for Spare {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// For every kind of blocker, whom it stops.
#[derive(Debug, Default)]
pub(super) struct Board {
    words: usize,
    blocked: Vec<Vec<u64>>,
    /// Slots that were settled one by one: columns don't tell all about them, so their marks are read off the record too.
    pub settled: Bits,
    /// Room for sets of slots.
    sets: Vec<Vec<u64>>,
}

impl Board {
    /// Nobody is stopped, of so many words of slots.
    pub fn empty(&mut self, words: usize) {
        self.words = words;
        self.blocked.resize_with(BlockerKind::ALL.len(), Vec::new);
        self.blocked.iter_mut().for_each(|kind| fill(kind, words, 0));
        self.settled.empty();
    }

    /// A set with nobody in it; give it back.
    pub fn set(&mut self) -> Vec<u64> {
        let mut set = self.sets.pop().unwrap_or_default();
        fill(&mut set, self.words, 0);
        set
    }

    /// Keeps the room of a set.
    pub fn give_set(&mut self, set: Vec<u64>) {
        self.sets.push(set);
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
        let mut held = self.set();
        let settled = &mut self.settled;
        let mut settle = |slot| {
            settled.set(slot);
            judge(slot)
        };
        if let Some(column) = column {
            column.held(days.0, days.1, &mut settle, |at, word| held[at] = word);
        }
        self.only(kind, |at| held[at]);
        self.give_set(held);
    }

    /// Puts a slot's blockers in place of whatever the columns said.
    pub fn settle(&mut self, slot: usize, kinds: impl Iterator<Item = BlockerKind>) {
        BlockerKind::ALL.iter().for_each(|kind| self.unblock(*kind, slot));
        kinds.for_each(|kind| self.block(kind, slot));
        self.settled.set(slot);
    }

    /// How many of the living each kind stops.
    pub fn counts<'a>(&'a self, live: &'a Bits) -> impl Iterator<Item = (BlockerKind, usize)> + 'a {
        let count = |words: &Vec<u64>| words.iter().enumerate().map(|(at, word)| (word & live.word(at)).count_ones() as usize).sum();
        BlockerKind::ALL.iter().zip(&self.blocked).map(move |(kind, words)| (*kind, count(words))).filter(|(_, count)| *count > 0)
    }

    /// Those of the living whom nothing stops.
    pub fn free<'a>(&'a self, live: &'a Bits) -> impl Iterator<Item = usize> + 'a {
        self.slots(move |at| self.blocked.iter().fold(live.word(at), |free, kind| free & !kind[at]))
    }

    /// Those of the living whom this stops, and nothing else.
    pub fn stopped_by_alone<'a>(&'a self, kind: BlockerKind, live: &'a Bits) -> impl Iterator<Item = usize> + 'a {
        let others =
            move |at: usize| self.blocked.iter().enumerate().filter(move |(other, _)| *other != kind as usize).map(move |(_, of)| of[at]);
        self.slots(move |at| others(at).fold(live.word(at) & self.blocked[kind as usize][at], |left, other| left & !other))
    }

    fn slots<'a>(&'a self, word: impl Fn(usize) -> u64 + 'a) -> impl Iterator<Item = usize> + 'a {
        self.words().flat_map(move |at| ones(word(at)).map(move |bit| at * 64 + bit))
    }
}

fn fill<T: Copy>(list: &mut Vec<T>, len: usize, with: T) {
    list.clear();
    list.resize(len, with);
}

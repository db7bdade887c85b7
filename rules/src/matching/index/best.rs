//! The best of those whom nothing stops.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::matching::factor::{FACTORS, Marks};
use crate::matching::{ChampionRecord, Match, Weights};

/// So many more than are wanted are gathered before the best are told apart.
const SPARE: usize = 32;

/// Whoever can't be among the best any more is forgotten at once: thousands take no room.
pub(super) struct Best<'a> {
    most: usize,
    points: [f64; FACTORS],
    best: Vec<Candidate<'a>>,
    /// The score to reach.
    least: f64,
    /// How many there are in all.
    pub total: usize,
}

struct Candidate<'a> {
    score: f64,
    marks: Marks,
    record: &'a Arc<ChampionRecord>,
}

/// The higher score; ties go to the smaller id.
fn before(one: &Candidate<'_>, other: &Candidate<'_>) -> Ordering {
    other.score.total_cmp(&one.score).then_with(|| one.record.id.cmp(&other.record.id))
}

impl<'a> Best<'a> {
    pub fn new(weights: &Weights, most: usize) -> Self {
        Self { most, points: weights.points(), best: Vec::new(), least: f64::NEG_INFINITY, total: 0 }
    }

    pub fn add(&mut self, some: impl ExactSizeIterator<Item = (Marks, &'a Arc<ChampionRecord>)>) {
        self.total += some.len();
        if self.most == 0 {
            return;
        }
        let scored = some.map(|(marks, record)| Candidate { score: marks.score(&self.points), marks, record });
        self.best.extend(scored.filter(|one| one.score >= self.least));
        if self.best.len() / 2 > self.most.saturating_add(SPARE) {
            self.best.select_nth_unstable_by(self.most - 1, before);
            self.best.truncate(self.most);
            self.least = self.best.last().map_or(self.least, |one| one.score);
        }
    }

    /// The best with all their scores are made of, best first, and their records.
    pub fn take(mut self, weights: &Weights) -> (Vec<Match>, Vec<Arc<ChampionRecord>>) {
        self.best.sort_unstable_by(before);
        self.best.truncate(self.most);
        self.best.iter().map(|one| (one.marks.weighed(one.record.id, weights), one.record.clone())).unzip()
    }
}

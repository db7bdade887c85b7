//! Everybody's facts in memory, arranged so that one session is matched against all of them at once.
//!
//! Those who live near one another are a district, and have slots in it; every fact is a bit or a day in a column by slot. A
//! question runs over the columns its need names and leaves, for each kind of blocker, the set of slots it stops: counting them,
//! and finding those nothing stops, is then a matter of words. Districts that are too far from a session are not asked who could
//! come, only who is ruled out by what. What columns can't tell (times of another zone, evidence recorded after the session's date, windows
//! that meet) is asked of the rules for those slots alone, and a need like no session of ours (longer than a day, through the
//! night the clocks change, beyond 2077) is asked of everybody by [`rank_by`]. The answer is `rank_by`'s in every case, which the
//! tests hold it to on random boroughs.
//!
//! Slots are never rewritten: who changes gets a new one, and the old one counts as gone until there are enough of those to
//! start over.

mod best;
mod bits;
mod board;
mod cleared;
mod column;
mod day;
mod diary;
mod district;
mod hours;
mod question;
mod reach;
mod room;
mod slice;
mod timeline;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{BlockerKind, ChampionRecord, Match, Ranking, Weights, blockers, rank_by};
use crate::id::ChampionId;
use crate::session::SessionNeed;
use best::Best;
use board::Spare;
use cleared::Lapses;
use district::{District, Square, square};
use question::Question;

/// The best for a place, and how many there are in all and are ruled out, by reason.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The best, best first; ties go to the smaller id.
    pub top: Vec<Match>,
    /// Their records, in the same order.
    pub records: Vec<Arc<ChampionRecord>>,
    /// How many could take the place.
    pub total: usize,
    /// How many champions each reason rules out, if that was asked. One champion may count in several.
    pub blocked: BTreeMap<BlockerKind, usize>,
    /// How many champions are ruled out.
    pub blocked_total: usize,
}

impl From<Found> for Ranking {
    fn from(found: Found) -> Self {
        Self { matches: found.top, blocked: found.blocked, blocked_total: found.blocked_total }
    }
}

/// Champions in memory, by what a session asks of them.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// In which district everybody is, and in which slot.
    homes: HashMap<ChampionId, (u32, u32)>,
    districts: Vec<District>,
    squares: HashMap<Square, usize>,
    spare: Spare,
}

impl Index {
    /// An index of these champions. Of two records of one champion the later counts.
    pub fn build(champions: &[ChampionRecord]) -> Self {
        let mut index = Self::default();
        champions.iter().for_each(|champion| index.add(champion.clone()));
        index
    }

    /// Puts a champion's record in, who was not there before.
    pub fn add(&mut self, champion: ChampionRecord) {
        let id = champion.id;
        self.forget(id);
        if !champion.clearance.membership.is_member() {
            return;
        }
        let new = self.districts.len();
        let at = *self.squares.entry(square(champion.home)).or_insert(new);
        if at == new {
            self.districts.push(District::default());
        }
        let slot = self.districts[at].insert(Arc::new(champion));
        self.homes.insert(id, (at as u32, slot as u32));
    }

    /// Puts a champion's record in place of the one there was, if there was one.
    pub fn update(&mut self, champion: ChampionRecord) {
        self.remove(champion.id);
        self.add(champion);
    }

    /// Takes a champion out.
    pub fn remove(&mut self, champion: ChampionId) {
        if let Some(at) = self.forget(champion)
            && self.districts[at as usize].tidy()
        {
            let homes = self.districts[at as usize].people().map(|(slot, record)| (record.id, (at, slot as u32)));
            self.homes.extend(homes);
        }
    }

    fn forget(&mut self, champion: ChampionId) -> Option<u32> {
        let (at, slot) = self.homes.remove(&champion)?;
        self.districts[at as usize].forget(slot as usize);
        Some(at)
    }

    /// A champion's record.
    pub fn record(&self, champion: ChampionId) -> Option<&Arc<ChampionRecord>> {
        let (at, slot) = self.homes.get(&champion)?;
        self.districts.get(*at as usize)?.record(*slot as usize)
    }

    /// How many champions are in it: who left, was never taken on or is still applying is not.
    pub fn len(&self) -> usize {
        self.homes.len()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.homes.is_empty()
    }

    /// Bytes of the columns, about; the records themselves come on top.
    pub fn bytes(&self) -> usize {
        self.homes.capacity() * 32 + self.districts.iter().map(District::bytes).sum::<usize>()
    }

    fn people(&self) -> impl Iterator<Item = &Arc<ChampionRecord>> {
        self.districts.iter().flat_map(District::people).map(|(_, record)| record)
    }

    /// The best `most` champions for a place, and who is ruled out: what [`rank_by`] says of the same champions.
    pub fn matches(&self, need: &SessionNeed, weights: &Weights, now: DateTime<Utc>, most: usize) -> Found {
        self.found(need, weights, now, (most, true))
    }

    /// The same, but for who is ruled out by what: whoever lives too far away is not asked.
    pub fn best(&self, need: &SessionNeed, weights: &Weights, now: DateTime<Utc>, most: usize) -> Found {
        self.found(need, weights, now, (most, false))
    }

    fn found(&self, need: &SessionNeed, weights: &Weights, now: DateTime<Utc>, (most, counted): (usize, bool)) -> Found {
        let Some(question) = Question::of(need, now) else { return self.one_by_one(need, weights, now, most) };
        let (mut best, mut board, lapses) = (Best::new(weights, most), self.spare.take(), Lapses::of(need));
        let mut blocked = BTreeMap::new();
        for district in self.districts.iter().filter(|district| counted || district.may_reach(need)) {
            let lasting = district.ask(&question, &lapses, &mut board);
            district.gather(&question, &board, &lasting, &mut best);
            if counted {
                district.counts(&board).for_each(|(kind, count)| *blocked.entry(kind).or_default() += count);
            }
        }
        self.spare.keep(board);
        let total = best.total;
        let (top, records) = best.take(weights);
        Found { top, records, total, blocked, blocked_total: self.len() - total }
    }

    fn one_by_one(&self, need: &SessionNeed, weights: &Weights, now: DateTime<Utc>, most: usize) -> Found {
        let everybody = self.people().map(|record| &**record);
        let Ranking { matches: mut top, blocked, blocked_total } = rank_by(need, everybody, weights, now);
        let total = top.len();
        top.truncate(most);
        let records = top.iter().filter_map(|found| self.record(found.champion).cloned()).collect();
        Found { top, records, total, blocked, blocked_total }
    }

    /// Whom nothing but this keeps from a place; none where somebody could take it as they are.
    pub fn stopped_by_alone(&self, kind: BlockerKind, need: &SessionNeed) -> Option<Vec<&ChampionRecord>> {
        let Some(question) = Question::of(need, DateTime::UNIX_EPOCH) else {
            let with = self.people().map(|record| (blockers(need, record), &**record));
            let stopped: Vec<_> = with.filter(|(found, _)| found.iter().all(|b| b.kind() == kind)).collect();
            let nobody = stopped.iter().all(|(found, _)| !found.is_empty());
            return nobody.then(|| stopped.into_iter().map(|(_, record)| record).collect());
        };
        let (mut board, lapses) = (self.spare.take(), Lapses::of(need));
        let mut near = self.districts.iter().filter(|district| kind == BlockerKind::TooFar || district.may_reach(need));
        let stopped = near.try_fold(Vec::new(), |mut stopped, district| {
            district.ask(&question, &lapses, &mut board);
            stopped.extend(district.stopped_by_alone(kind, &board)?);
            Some(stopped)
        });
        self.spare.keep(board);
        stopped
    }
}

#[cfg(test)]
mod tests;

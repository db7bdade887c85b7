//! Everybody's facts in memory, arranged so that one session is matched against all of them at once.
//!
//! Every champion has a slot; every fact is a bit or a day in a column by slot. A question runs over the columns its need
//! names and leaves, for each kind of blocker, the set of slots it stops: counting them, and finding those nothing stops, is
//! then a matter of words. What columns can't tell (times of another zone, evidence recorded after the session's date, windows
//! that meet) is asked of the rules for those slots alone, and a need like no session of ours (longer than a day, through the
//! night the clocks change, beyond 2077) is asked of everybody by [`rank_by`]. The answer is `rank_by`'s in every case, which the
//! tests hold it to on random boroughs.
//!
//! Slots are never rewritten: who changes gets a new one, and the old one counts as gone until there are enough of those to
//! start over.

mod bits;
mod board;
mod cleared;
mod column;
mod day;
mod diary;
mod hours;
mod question;
mod reach;
mod slice;
mod timeline;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};

use super::factor::{FACTORS, Marks};
use super::{Blocker, BlockerKind, Bookings, ChampionRecord, Match, Ranking, Weights, best_first, blockers, rank_by, too_far_apart};
use crate::champion::Membership;
use crate::clearance::ClearanceRecord;
use crate::dbs::Audience;
use crate::id::ChampionId;
use crate::input::Language;
use crate::session::{Modality, SessionNeed};
use bits::Bits;
use board::{Board, Spare};
use cleared::{Cleared, Lasting};
use day::Day;
use diary::Diary;
use hours::Hours;
use question::Question;
use reach::Reach;

/// The best for a place, and how many there are in all and are ruled out, by reason.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Found {
    /// The best, best first; ties go to the smaller id.
    pub top: Vec<Match>,
    /// How many could take the place.
    pub total: usize,
    /// How many champions each reason rules out. One champion may count in several.
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
    slots: HashMap<ChampionId, usize>,
    records: Vec<Arc<ChampionRecord>>,
    live: Bits,
    /// Slots with facts that columns can't tell.
    strange: Bits,
    cleared: Cleared,
    diary: Diary,
    hours: Hours,
    reach: Reach,
    speaks: HashMap<Language, Bits>,
    tastes: Vec<Taste>,
    spare: Spare,
}

/// What the factors read besides columns, side by side: whoever is left is looked up once.
#[derive(Clone, Copy, Debug)]
struct Taste {
    /// Topics, as bits.
    liked: u32,
    asked_at: Option<DateTime<Utc>>,
    /// Where the diary has the days of the bookings.
    booked: (u32, u32),
}

impl Index {
    /// An index of these champions. Of two records of one champion the later counts.
    pub fn build(champions: &[ChampionRecord]) -> Self {
        let mut index = Self::default();
        index.records.reserve(champions.len());
        champions.iter().for_each(|champion| index.add(champion.clone()));
        index
    }

    /// Puts a champion's record in, who was not there before.
    pub fn add(&mut self, champion: ChampionRecord) {
        self.insert(Arc::new(champion));
    }

    /// Takes no more room than it needs, once everybody is in: lists that grew have up to as much again to grow. A copy's have none,
    /// and one part is copied at a time.
    pub fn fit(&mut self) {
        self.cleared = self.cleared.clone();
        self.diary = self.diary.clone();
        self.hours = self.hours.clone();
        self.reach = self.reach.clone();
        self.tastes = self.tastes.clone();
        self.records = self.records.clone();
    }

    /// Puts a champion's record in place of the one there was, if there was one.
    pub fn update(&mut self, champion: ChampionRecord) {
        self.insert(Arc::new(champion));
        self.tidy();
    }

    /// Takes a champion out.
    pub fn remove(&mut self, champion: ChampionId) {
        self.forget(champion);
        self.tidy();
    }

    /// A champion's record.
    pub fn record(&self, champion: ChampionId) -> Option<&Arc<ChampionRecord>> {
        self.slots.get(&champion).and_then(|slot| self.records.get(*slot))
    }

    /// How many champions are in it: who left, was never taken on or is still applying is not.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes of the columns, about; the records themselves come on top.
    pub fn bytes(&self) -> usize {
        let languages: usize = self.speaks.values().map(Bits::bytes).sum();
        let rest = self.slots.capacity() * 32 + self.tastes.capacity() * size_of::<Taste>() + languages;
        rest + self.cleared.bytes() + self.diary.bytes() + self.hours.bytes() + self.reach.bytes()
    }

    /// The best `most` champions for a place, and who is ruled out: what [`rank_by`] says of the same champions.
    pub fn matches(&self, need: &SessionNeed, weights: &Weights, now: DateTime<Utc>, most: usize) -> Found {
        let Some(question) = Question::of(need, now) else { return self.one_by_one(need, weights, now, most) };
        let mut board = self.spare.take(self.records.len().div_ceil(64));
        let lasting = self.ask(&question, &mut board);
        let marks = self.marks(&question, &board, &lasting);
        let (top, total) = self.top(board.free(&self.live), question.on, marks, weights, most);
        let blocked = board.counts(&self.live);
        self.spare.keep(board);
        Found { top, total, blocked, blocked_total: self.len() - total }
    }

    /// Whom nothing but this keeps from a place; none where somebody could take it as they are.
    pub fn stopped_by_alone(&self, kind: BlockerKind, need: &SessionNeed) -> Option<Vec<&ChampionRecord>> {
        let Some(question) = Question::of(need, DateTime::UNIX_EPOCH) else {
            let of = |slot: usize| (blockers(need, &self.records[slot]), &*self.records[slot]);
            let stopped: Vec<_> = self.live.iter().map(of).filter(|(found, _)| found.iter().all(|b| b.kind() == kind)).collect();
            let nobody = stopped.iter().all(|(found, _)| !found.is_empty());
            return nobody.then(|| stopped.into_iter().map(|(_, record)| record).collect());
        };
        let mut board = self.spare.take(self.records.len().div_ceil(64));
        self.ask(&question, &mut board);
        let nobody = board.free(&self.live).next().is_none();
        let stopped = nobody.then(|| board.stopped_by_alone(kind, &self.live).map(|slot| &*self.records[slot]).collect());
        self.spare.keep(board);
        stopped
    }

    fn insert(&mut self, champion: Arc<ChampionRecord>) {
        self.forget(champion.id);
        if !champion.clearance.membership.is_member() {
            return;
        }
        let slot = self.records.len();
        let told = [self.cleared.add(slot, &champion), self.diary.add(slot, &champion), self.hours.add(slot, &champion)];
        if told.contains(&false) {
            self.strange.set(slot);
        }
        self.reach.add(slot, &champion);
        for language in &champion.languages {
            self.speaks.entry(*language).or_default().set(slot);
        }
        let liked = champion.topics.iter().fold(0, |liked, topic| liked | 1 << (*topic as u32));
        let booked = self.diary.add_days(&champion);
        self.tastes.push(Taste { liked, asked_at: champion.last_asked_at, booked });
        self.live.set(slot);
        self.slots.insert(champion.id, slot);
        self.records.push(champion);
    }

    fn forget(&mut self, champion: ChampionId) {
        if let Some(slot) = self.slots.remove(&champion) {
            self.live.clear(slot);
            self.strange.clear(slot);
            self.records[slot] = NOBODY.clone();
        }
    }

    /// Starts over when a third of the slots are gone: then every change has paid for three.
    fn tidy(&mut self) {
        if self.records.len() > 64 + self.len() * 3 / 2 {
            let live: Vec<Arc<ChampionRecord>> = self.live.iter().map(|slot| self.records[slot].clone()).collect();
            *self = Self::default();
            live.into_iter().for_each(|champion| self.insert(champion));
            self.fit();
        }
    }

    fn one_by_one(&self, need: &SessionNeed, weights: &Weights, now: DateTime<Utc>, most: usize) -> Found {
        let Ranking { matches: mut top, blocked, blocked_total } =
            rank_by(need, self.live.iter().map(|slot| &*self.records[slot]), weights, now);
        let total = top.len();
        top.truncate(most);
        Found { top, total, blocked, blocked_total }
    }

    /// Fills the board with everybody's blockers.
    fn ask(&self, question: &Question, board: &mut Board) -> Lasting<'_> {
        let (need, records) = (question.need, &self.records);
        let frequent = (need.facts.audience == Audience::Children).then(|| self.diary.frequent(question.on));
        let lasting = self.cleared.ask(question, records, frequent, board);
        self.diary.ask(question, board);
        self.diary.near(question, board, |slot| too_far_apart(need, &records[slot]).is_some());
        self.hours.ask(question, records, &self.live, board);
        self.reach.ask(need, records, board);
        if let Some(language) = &need.language {
            let speakers = Language::from_639_3(language).and_then(|language| self.speaks.get(&language));
            board.only(BlockerKind::Language, |at| speakers.map_or(0, |bits| bits.word(at)));
        }
        for slot in self.strange.iter().chain(self.diary.placed(need.session).filter(|slot| self.live.has(*slot))) {
            board.settle(slot, blockers(need, &records[slot]).iter().map(Blocker::kind));
        }
        lasting
    }

    /// The marks of somebody nothing stops.
    fn marks<'a>(&'a self, question: &'a Question<'_>, board: &'a Board, lasting: &'a Lasting<'_>) -> impl Fn(Free) -> Marks + 'a {
        let need = question.need;
        let place = if need.modality == Modality::InPerson { need.at.zip(self.reach.place(need)) } else { None };
        let helped = self.diary.helped(need.group);
        move |Free { slot, taste, load }| {
            if board.settled.has(slot) {
                return Marks::of(need, &self.records[slot], question.now);
            }
            Marks {
                in_person: need.modality == Modality::InPerson,
                band: place.and_then(|(at, place)| self.reach.band(slot, place, || self.records[slot].home, at)),
                topics: (need.topics.iter().filter(|t| taste.liked >> (**t as u32) & 1 == 1).count(), need.topics.len()),
                helped: helped.has(slot),
                load,
                asked_hours: taste.asked_at.map(|at| (question.now - at).num_hours()),
                slack_days: Some(i64::from(lasting.until(slot)) - i64::from(question.on)),
            }
        }
    }

    /// What lies far away in memory, of several at once: each by itself would have to be waited for.
    fn look_up(&self, slots: &[usize], on: Day, found: &mut Vec<Free>) {
        found.clear();
        found.extend(slots.iter().map(|slot| Free { slot: *slot, taste: self.tastes[*slot], load: 0 }));
        found.iter_mut().for_each(|free| free.load = self.diary.load(free.taste.booked, on));
    }

    /// The best, and how many there are. Whoever can't be among the best any more is forgotten at once: thousands take no room.
    fn top(
        &self,
        free: impl Iterator<Item = usize>,
        on: Day,
        marks: impl Fn(Free) -> Marks,
        weights: &Weights,
        most: usize,
    ) -> (Vec<Match>, usize) {
        if most == 0 {
            return (Vec::new(), free.count());
        }
        let points: [f64; FACTORS] = weights.points();
        let id = |slot: usize| self.records[slot].id;
        let before = |a: &(f64, Free), b: &(f64, Free)| b.0.total_cmp(&a.0).then_with(|| id(a.1.slot).cmp(&id(b.1.slot)));
        let (mut best, mut total, mut least): (Vec<(f64, Free)>, usize, f64) = (Vec::new(), 0, f64::NEG_INFINITY);
        let (mut slots, mut found) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
        let mut free = free.peekable();
        while free.peek().is_some() {
            slots.clear();
            slots.extend(free.by_ref().take(AT_ONCE));
            total += slots.len();
            self.look_up(&slots, on, &mut found);
            best.extend(found.iter().map(|free| (marks(*free).score(&points), *free)).filter(|(score, _)| *score >= least));
            if best.len() / 2 > most.saturating_add(SPARE) {
                best.select_nth_unstable_by(most - 1, before);
                best.truncate(most);
                least = best.last().map_or(least, |(score, _)| *score);
            }
        }
        best.sort_unstable_by(before);
        best.truncate(most);
        let mut top: Vec<Match> = best.into_iter().map(|(_, free)| marks(free).weighed(id(free.slot), weights)).collect();
        top.sort_by(best_first);
        (top, total)
    }
}

/// Somebody nothing stops.
#[derive(Clone, Copy, Debug)]
struct Free {
    slot: usize,
    taste: Taste,
    /// Sessions around the day.
    load: usize,
}

/// Whoever is in a slot that is gone: a record takes far more room than its slot.
static NOBODY: LazyLock<Arc<ChampionRecord>> = LazyLock::new(|| {
    Arc::new(ChampionRecord {
        id: ChampionId(uuid::Uuid::nil()),
        clearance: ClearanceRecord {
            membership: Membership::Left,
            birth_date: None,
            evidence: Vec::new(),
            completions: Vec::new(),
            exemptions: Vec::new(),
            checks: Vec::new(),
            accepted: Vec::new(),
            child_dates: Vec::new(),
        },
        home: None,
        reach_metres: 0,
        areas: Vec::new(),
        remote_only: true,
        most_per_week: None,
        most_per_month: None,
        languages: Vec::new(),
        topics: Vec::new(),
        windows: Vec::new(),
        exceptions: Vec::new(),
        bookings: Bookings::default(),
        last_asked_at: None,
    })
});

/// So many more than are wanted are gathered before the best are told apart.
const SPARE: usize = 32;
/// So many are looked up together: a processor waits for about as many pieces of memory at a time.
const AT_ONCE: usize = 32;

#[cfg(test)]
mod tests;

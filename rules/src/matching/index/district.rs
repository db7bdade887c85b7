//! The champions who live in one part of the country, in slots, with all that is asked of them in columns by slot.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};

use super::best::Best;
use super::bits::Bits;
use super::board::Board;
use super::cleared::{Cleared, Lapses, Lasting};
use super::day::Day;
use super::diary::Diary;
use super::hours::Hours;
use super::question::Question;
use super::reach::Reach;
use super::room;
use crate::champion::Membership;
use crate::clearance::ClearanceRecord;
use crate::dbs::Audience;
use crate::geo::Point;
use crate::id::ChampionId;
use crate::input::Language;
use crate::matching::factor::Marks;
use crate::matching::{Blocker, BlockerKind, Bookings, ChampionRecord, blockers, too_far_apart};
use crate::session::{Modality, SessionNeed};

/// A square of degrees, some 110 km wide here: whoever lives in one is asked together. A district costs the same few microseconds
/// however few live in it.
const SQUARE: (f64, f64) = (1.0, 1.6);
/// So many are looked up together: a processor waits for about as many pieces of memory at a time.
const AT_ONCE: usize = 32;

/// Where a district lies; none for whoever's home isn't known.
pub(super) type Square = Option<(i16, i16)>;

/// The square a home lies in.
pub(super) fn square(home: Option<Point>) -> Square {
    home.map(|home| ((home.latitude / SQUARE.0).floor() as i16, (home.longitude / SQUARE.1).floor() as i16))
}

/// Champions who live near one another.
#[derive(Clone, Debug, Default)]
pub(super) struct District {
    records: Vec<Arc<ChampionRecord>>,
    live: Bits,
    /// How many slots are nobody's any more.
    gone: usize,
    /// Slots with facts that columns can't tell.
    strange: Bits,
    cleared: Cleared,
    diary: Diary,
    hours: Hours,
    reach: Reach,
    speaks: HashMap<Language, Bits>,
    tastes: Vec<Taste>,
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

impl District {
    /// Puts a member's record in a new slot, and says which.
    pub fn insert(&mut self, champion: Arc<ChampionRecord>) -> usize {
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
        room::push(&mut self.tastes, Taste { liked, asked_at: champion.last_asked_at, booked });
        self.live.set(slot);
        room::push(&mut self.records, champion);
        slot
    }

    /// Takes somebody out.
    pub fn forget(&mut self, slot: usize) {
        self.live.clear(slot);
        self.strange.clear(slot);
        self.records[slot] = NOBODY.clone();
        self.gone += 1;
    }

    /// Starts over when a third of the slots are gone: then every change has paid for three. Whether it did.
    pub fn tidy(&mut self) -> bool {
        let untidy = self.gone * 3 > 64 + self.records.len();
        if untidy {
            let live: Vec<Arc<ChampionRecord>> = self.people().map(|(_, record)| record.clone()).collect();
            *self = Self::default();
            for champion in live {
                self.insert(champion);
            }
        }
        untidy
    }

    /// The record in a slot.
    pub fn record(&self, slot: usize) -> Option<&Arc<ChampionRecord>> {
        self.records.get(slot)
    }

    /// Everybody, with their slots.
    pub fn people(&self) -> impl Iterator<Item = (usize, &Arc<ChampionRecord>)> {
        self.live.iter().map(|slot| (slot, &self.records[slot]))
    }

    /// Bytes of the columns, about.
    pub fn bytes(&self) -> usize {
        let languages: usize = self.speaks.values().map(Bits::bytes).sum();
        let rest = self.tastes.capacity() * size_of::<Taste>() + languages;
        rest + self.cleared.bytes() + self.diary.bytes() + self.hours.bytes() + self.reach.bytes()
    }

    /// Slots there are, and were.
    #[cfg(test)]
    pub fn used(&self) -> usize {
        self.records.len()
    }

    /// Whether a session is near enough for anybody here.
    pub fn may_reach(&self, need: &SessionNeed) -> bool {
        self.reach.may_reach(need)
    }

    /// Fills the board with everybody's blockers.
    pub fn ask<'a>(&'a self, question: &Question, lapses: &'a Lapses, board: &mut Board) -> Lasting<'a> {
        board.empty(self.records.len().div_ceil(64));
        let (need, records) = (question.need, &self.records);
        let frequent = (need.facts.audience == Audience::Children).then(|| self.diary.frequent(question.on));
        let lasting = self.cleared.ask(question, records, frequent, lapses, board);
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

    /// Adds those whom nothing stops.
    pub fn gather<'a>(&'a self, question: &Question, board: &Board, lasting: &Lasting<'_>, best: &mut Best<'a>) {
        let marks = self.marks(question, board, lasting);
        let (mut slots, mut found) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
        let mut free = board.free(&self.live).peekable();
        while free.peek().is_some() {
            slots.clear();
            slots.extend(free.by_ref().take(AT_ONCE));
            self.look_up(&slots, question.on, &mut found);
            best.add(found.iter().map(|free| (marks(*free), &self.records[free.slot])));
        }
    }

    /// How many each kind of blocker stops.
    pub fn counts<'a>(&'a self, board: &'a Board) -> impl Iterator<Item = (BlockerKind, usize)> + 'a {
        board.counts(&self.live)
    }

    /// Whom this stops, and nothing else; none where nothing stops somebody.
    pub fn stopped_by_alone(&self, kind: BlockerKind, board: &Board) -> Option<Vec<&ChampionRecord>> {
        let nobody = board.free(&self.live).next().is_none();
        nobody.then(|| board.stopped_by_alone(kind, &self.live).map(|slot| &*self.records[slot]).collect())
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

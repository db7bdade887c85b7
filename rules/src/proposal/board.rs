//! What a window looks like: open places, champions, and what is agreed already.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::availability::Hours;
use crate::dbs::Audience;
use crate::geo::Point;
use crate::id::{ChampionId, SessionId};
use crate::matching::{Blocker, Booking, ChampionRecord, blockers};
use crate::session::{PlaceKind, SessionNeed, Setting};

/// Open places of one kind at a session.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The session.
    pub session: SessionId,
    /// The kind of place.
    pub kind: PlaceKind,
    /// How many nobody has.
    pub places: usize,
    /// How many of them are missing to the minimum: they are planned before any other.
    pub needed: usize,
    /// How many of them are missing to the ideal: no more are planned. Never fewer than are needed.
    pub wanted: usize,
    /// Lead and helper places of the whole session, taken ones included.
    pub team: usize,
    /// What each asks for.
    pub need: SessionNeed,
    /// Who leads or helps at the session already.
    pub beside: BTreeSet<ChampionId>,
    /// Who was asked and has not answered.
    pub pending: BTreeSet<ChampionId>,
    /// Who said no, or was asked for another kind of place there and has not answered.
    pub declined: BTreeSet<ChampionId>,
}

/// A champion in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The session.
    pub session: SessionId,
    /// The kind of place.
    pub kind: PlaceKind,
    /// Who.
    pub champion: ChampionId,
}

/// Why a line can't stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The session was called off or has begun, or its places went to others.
    PlaceGone,
    /// The champion said no to the session, or has an offer for another kind of place there.
    Declined,
    /// A rule keeps the champion from the place, the other lines counted in.
    Blocked(Blocker),
    /// One of the champion's first sessions, and nobody experienced beside them.
    NewAndAlone,
    /// A home visit for several, with one champion.
    VisitAlone,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PlaceGone => f.write_str("the session was called off or has begun, or its places went to others"),
            Self::Declined => f.write_str("the champion said no to this session, or has an offer for another kind of place there"),
            Self::Blocked(blocker) => blocker.fmt(f),
            Self::NewAndAlone => write!(f, "a champion's first {FIRST_SESSIONS} sessions are beside somebody experienced"),
            Self::VisitAlone => f.write_str("nobody goes to this home visit alone"),
        }
    }
}

/// So many sessions a new champion has beside somebody who has done as many.
pub const FIRST_SESSIONS: usize = 2;

/// All facts of a window.
#[derive(Clone, Debug)]
pub struct Board {
    /// Monday, 00:00, of the window's first week.
    pub start: DateTime<Utc>,
    /// Weeks from there to the window's end.
    pub weeks: i64,
    /// Open places by session, a lead before the helpers of its session.
    pub openings: Vec<Opening>,
    /// Champions, by id; of those at a session already too.
    pub champions: Vec<ChampionRecord>,
    /// Where sessions are that somebody is booked for; others need no journey.
    pub spots: HashMap<SessionId, Point>,
}

/// A session as one of a champion's bookings.
fn booking(need: &SessionNeed, session: SessionId) -> Booking {
    Booking {
        session,
        group: need.group,
        span: need.span,
        date: need.date,
        with_children: need.facts.audience == Audience::Children,
        at: need.at,
    }
}

impl Board {
    /// The opening of a line.
    pub fn opening(&self, session: SessionId, kind: PlaceKind) -> Option<&Opening> {
        self.openings.iter().find(|o| o.session == session && o.kind == kind)
    }

    pub(super) fn of(&self, line: &Line) -> Option<&Opening> {
        self.opening(line.session, line.kind)
    }

    /// The same with other numbers of places; what has none is left out.
    pub(super) fn with_places(&self, places: impl Fn(&Opening) -> usize) -> Cow<'_, Self> {
        if self.openings.iter().all(|o| places(o) == o.places) {
            return Cow::Borrowed(self);
        }
        let limited = self.openings.iter().map(|o| Opening { places: places(o), ..o.clone() });
        Cow::Owned(Self { openings: limited.filter(|o| o.places > 0).collect(), ..self.clone() })
    }

    /// A champion's record.
    pub fn champion(&self, id: ChampionId) -> Option<&ChampionRecord> {
        self.champions.binary_search_by_key(&id, |c| c.id).ok().map(|at| &self.champions[at])
    }

    /// The record with these lines of the champion booked.
    pub(super) fn with_lines<'a>(&self, champion: &'a ChampionRecord, lines: &[Line]) -> Cow<'a, ChampionRecord> {
        let mine = lines.iter().filter(|l| l.champion == champion.id);
        let booked: Vec<Booking> = mine.filter_map(|l| Some(booking(&self.of(l)?.need, l.session))).collect();
        if booked.is_empty() {
            return Cow::Borrowed(champion);
        }
        let mut record = champion.clone();
        record.bookings.extend(booked);
        Cow::Owned(record)
    }

    /// What is wrong with each line, the others agreed: empty means that the champions may accept in any order.
    pub fn troubles(&self, lines: &[Line]) -> Vec<Vec<Trouble>> {
        let mut mine: HashMap<ChampionId, Vec<Line>> = HashMap::new();
        let mut wanted: HashMap<(SessionId, PlaceKind), usize> = HashMap::new();
        for line in lines {
            mine.entry(line.champion).or_default().push(*line);
            *wanted.entry((line.session, line.kind)).or_default() += 1;
        }
        let of_line = |line: &Line| {
            let wanted = wanted.get(&(line.session, line.kind)).copied().unwrap_or_default();
            let Some(opening) = self.of(line).filter(|o| o.places >= wanted) else { return vec![Trouble::PlaceGone] };
            if opening.declined.contains(&line.champion) {
                return vec![Trouble::Declined];
            }
            self.blocked(line, &mine[&line.champion]).into_iter().map(Trouble::Blocked).chain(self.alone(line, lines)).collect()
        };
        lines.iter().map(of_line).collect()
    }

    /// What blocks a line beside the champion's own others.
    fn blocked(&self, line: &Line, mine: &[Line]) -> Vec<Blocker> {
        // A line without a place is said to be one before.
        let Some(opening) = self.of(line) else { return Vec::new() };
        let hours = Hours::of(opening.need.span);
        let Some(champion) = self.champion(line.champion) else { return vec![Blocker::NotAvailable { hours }] };
        let rest: Vec<Line> = mine.iter().filter(|l| *l != line).copied().collect();
        blockers(&opening.need, &self.with_lines(champion, &rest))
    }

    /// Sessions a champion will have done before this one begins.
    fn done_before(&self, champion: ChampionId, begins: DateTime<Utc>, lines: &[Line]) -> usize {
        let booked = self.champion(champion).map_or(0, |c| c.bookings.iter().filter(|b| b.span.until <= begins).count());
        let planned = lines.iter().filter(|l| l.champion == champion && self.of(l).is_some_and(|o| o.need.span.until <= begins));
        booked + planned.count()
    }

    /// Whether somebody who could take an opening would lack company there.
    pub(super) fn lacks_company(&self, opening: &Opening, champion: ChampionId, lines: &[Line]) -> bool {
        self.alone(&Line { session: opening.session, kind: opening.kind, champion }, lines).is_some()
    }

    /// Whether nobody is beside the champion where somebody must be. Whoever watches keeps no company.
    fn alone(&self, line: &Line, lines: &[Line]) -> Option<Trouble> {
        let opening = self.of(line)?;
        let planned = lines.iter().filter(|l| l.session == line.session && l.kind != PlaceKind::Shadow).map(|l| l.champion);
        let beside: BTreeSet<ChampionId> = opening.beside.iter().copied().chain(planned).filter(|c| *c != line.champion).collect();
        let begins = opening.need.span.from;
        let done = |champion| self.done_before(champion, begins, lines);
        if opening.need.setting == Setting::HomeVisit && opening.team > 1 && beside.is_empty() {
            return Some(Trouble::VisitAlone);
        }
        let accompanied = || beside.iter().any(|other| done(*other) >= FIRST_SESSIONS);
        (done(line.champion) < FIRST_SESSIONS && !accompanied()).then_some(Trouble::NewAndAlone)
    }

    /// Those of `wanted` that can stand together. Of two that can't a firm one stays, else the one whose session is first; who
    /// then lacks company goes. Firm lines stand together already.
    pub fn standing(&self, firm: &[Line], wanted: &[Line]) -> Vec<Line> {
        let firm: BTreeSet<&Line> = firm.iter().collect();
        let mut sorted: Vec<Line> = wanted.to_vec();
        sorted.sort_by_key(|l| (!firm.contains(l), self.of(l).map(|o| o.need.span.from), *l));
        let mut by_champion: BTreeMap<ChampionId, Vec<Line>> = BTreeMap::new();
        let mut filled: HashMap<(SessionId, PlaceKind), usize> = HashMap::new();
        let mut kept: Vec<Line> = Vec::new();
        for line in sorted {
            let mine = by_champion.entry(line.champion).or_default();
            let filled = filled.entry((line.session, line.kind)).or_default();
            let open = self.of(&line).is_some_and(|o| o.places > *filled && !o.declined.contains(&line.champion));
            if open && self.joins(line, mine) {
                *filled += 1;
                mine.push(line);
                kept.push(line);
            }
        }
        // Who goes may have been somebody's company or one of their first sessions: until nobody else has to.
        while let Some(at) = kept.iter().position(|line| self.alone(line, &kept).is_some()) {
            kept.remove(at);
        }
        kept
    }

    /// Whether a line can stand beside the champion's others, and they beside it.
    fn joins(&self, line: Line, mine: &[Line]) -> bool {
        let all: Vec<Line> = mine.iter().copied().chain([line]).collect();
        all.iter().rev().all(|one| self.blocked(one, &all).is_empty())
    }
}

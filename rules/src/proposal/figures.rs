//! What a plan says of itself: figures, empty places with their reasons, and where a recruit would help most.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::board::{Board, Line, Opening};
use crate::availability::WEEKDAYS;
use crate::id::{ChampionId, SessionId};
use crate::matching::{Blocker, BlockerKind, Remedy, RemedyKind, blockers};
use crate::session::PlaceKind;

/// What a plan says of itself; kept with it as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Open places that were to be filled.
    pub places: usize,
    /// How many of them have a line.
    pub filled: usize,
    /// How many are missing to the minimum of their sessions.
    #[serde(default)]
    pub needed: usize,
    /// How many of those have a line.
    #[serde(default)]
    pub needed_filled: usize,
    /// Lines of the planner that a rule refused beside the others, and for which it looked again.
    pub dropped: usize,
    /// What the rota travels in all, in metres.
    pub travel_metres: i64,
    /// What the plan of the needed places costs, term by term.
    pub score: Terms,
    /// How the work is spread.
    pub spread: Spread,
    /// Places that stay empty.
    pub unfilled: Vec<Unfilled>,
    /// Where one more champion would fill most.
    pub recruits: Vec<Recruit>,
}

/// What a plan costs, term by term: the objective is the first three less the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Empty places; a lead's counts twice.
    pub unfilled: i64,
    /// Squares of everybody's sessions.
    pub fairness: i64,
    /// Journeys.
    pub travel: i64,
    /// The reward for groups that know the champion.
    pub continuity: i64,
}

/// How the work is spread over champions who have, or could have, any: agreed sessions included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// `loads[k]` champions have k sessions.
    pub loads: Vec<usize>,
    /// The most anybody has.
    pub most: usize,
    /// 0 when all have the same.
    pub unfairness: f64,
}

/// Places of a kind that stay empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfilled {
    /// The session.
    pub session: SessionId,
    /// The kind of place.
    pub kind: PlaceKind,
    /// How many.
    pub missing: usize,
    /// How many of them are missing to the minimum.
    #[serde(default)]
    pub needed: usize,
    /// Nobody leads the session either: it has a lead's place, and that stays empty too.
    pub no_lead: bool,
    /// How many champions each reason rules out; one may count under several.
    pub reasons: Vec<(BlockerKind, usize)>,
    /// Champions whom nothing stops, and who would lack somebody experienced beside them.
    pub lacking_company: usize,
    /// The least that would fill one.
    pub remedy: Option<UnfilledRemedy>,
}

/// Somebody whom one thing alone keeps from a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnfilledRemedy {
    /// Whom to ask.
    pub champion: ChampionId,
    /// What kind of thing.
    pub kind: RemedyKind,
    /// Which one, or how much, in plain words; empty where the kind says it all.
    pub what: String,
}

/// Where one more champion would help.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recruit {
    /// 0 is Monday.
    pub weekday: i64,
    /// The check needed: 0 none, 1 basic, 2 standard, 3 enhanced.
    pub level: i64,
    /// The session nearest to where they are needed.
    pub near: SessionId,
    /// Places they would fill.
    pub fills: i64,
}

impl Recruit {
    /// In plain English; `title` is that of the nearest session.
    pub fn explanation(&self, title: &str) -> String {
        let check = ["", " with a basic DBS check", " with a standard DBS check", " with an enhanced DBS check"];
        let index = |n: i64| usize::try_from(n).unwrap_or(0);
        let day = WEEKDAYS.get(index(self.weekday)).copied().unwrap_or_default();
        let places = if self.fills == 1 { "1 place" } else { &format!("{} places", self.fills) };
        format!("One more champion{} near {title} on {day} fills {places}.", check.get(index(self.level)).copied().unwrap_or_default())
    }
}

/// How hard a remedy is: a word first, then an hour, then a longer journey, then training, then a check.
fn effort(kind: RemedyKind) -> u8 {
    match kind {
        RemedyKind::RaiseWeeklyLimit | RemedyKind::RaiseMonthlyLimit | RemedyKind::Acceptance => 0,
        RemedyKind::AddAvailability => 1,
        RemedyKind::GivePostcode => 2,
        RemedyKind::HelpInPerson => 3,
        RemedyKind::TravelFurther | RemedyKind::ServeArea => 4,
        RemedyKind::CompleteModule => 5,
        RemedyKind::MeetRequirement => 6,
        RemedyKind::DbsCheck => 7,
    }
}

impl Board {
    /// The places that `lines` leave empty, with what keeps champions from them.
    pub fn unfilled(&self, lines: &[Line]) -> Vec<Unfilled> {
        let leaderless = |o: &Opening| {
            let lead = self.openings.iter().find(|l| l.session == o.session && l.kind == PlaceKind::Lead);
            o.kind == PlaceKind::Helper && lead.is_some_and(|l| self.filled(l, lines) == 0)
        };
        let empty = self.openings.iter().filter(|o| self.filled(o, lines) < o.places);
        empty.map(|o| self.empty(o, self.filled(o, lines), leaderless(o), lines)).collect()
    }

    pub(super) fn filled(&self, opening: &Opening, lines: &[Line]) -> usize {
        lines.iter().filter(|l| (l.session, l.kind) == (opening.session, opening.kind)).count()
    }

    fn empty(&self, opening: &Opening, filled: usize, no_lead: bool, lines: &[Line]) -> Unfilled {
        let mut reasons: BTreeMap<BlockerKind, usize> = BTreeMap::new();
        let mut lacking_company = 0;
        let mut best: Option<(u8, ChampionId, Remedy)> = None;
        for champion in self.champions.iter().filter(|c| c.clearance.membership.is_open()) {
            let found = blockers(&opening.need, &self.with_lines(champion, lines));
            lacking_company += usize::from(found.is_empty() && self.lacks_company(opening, champion.id, lines));
            for kind in found.iter().map(Blocker::kind).collect::<BTreeSet<_>>() {
                *reasons.entry(kind).or_default() += 1;
            }
            if let [only] = &found[..]
                && let Some(remedy) = only.remedy()
                && best.as_ref().is_none_or(|b| (effort(remedy.kind), champion.id) < (b.0, b.1))
            {
                best = Some((effort(remedy.kind), champion.id, remedy));
            }
        }
        let remedy = best.map(|(_, champion, r)| UnfilledRemedy { champion, kind: r.kind, what: r.what });
        let reasons = reasons.into_iter().collect();
        let (missing, needed) = (opening.places - filled, opening.needed.saturating_sub(filled));
        Unfilled { session: opening.session, kind: opening.kind, missing, needed, no_lead, reasons, lacking_company, remedy }
    }
}

//! Who could take a place, who could not and why not, and in which order to ask.
//!
//! One engine both ways: blockers for a pair of champion and place, a score for those who have none, and for a champion
//! the few things that would unlock more sessions. No protected characteristic (Equality Act 2010, s. 4) is ever a factor:
//! the facts below hold none but a birth date, which serves the age limits alone. docs/matching.md has the soft factors.
//!
//! [`rank`] says what the answer is, champion by champion; [`Index`] gives the same answer from memory, in microseconds.

mod bookings;
mod factor;
mod index;

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use crate::availability::{self, Exception, Hours, Verdict, Window};
use crate::calendar::{Span, monday_of};
use crate::clearance::{self, ClearanceRecord, Gap};
use crate::geo::{DistanceBand, Point, distance_metres};
use crate::id::{ChampionId, GroupId, SessionId};
use crate::input::{Language, Topic, language_name};
use crate::proposal::FIRST_SESSIONS;
use crate::session::{Modality, SessionNeed};
use crate::vocabulary::vocabulary;

pub use bookings::Bookings;
pub use factor::{Factor, FactorKind, Weights};
pub use index::{Found, Index};

use factor::Marks;

/// A session the champion has said yes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Booking {
    /// The session.
    pub session: SessionId,
    /// The group that holds it.
    pub group: GroupId,
    /// When.
    pub span: Span,
    /// The local date it starts on.
    pub date: NaiveDate,
    /// Whether children are taught.
    pub with_children: bool,
    /// Where; none for phone and video.
    pub at: Option<Point>,
}

/// What matching reads of a champion.
#[derive(Clone, Debug)]
pub struct ChampionRecord {
    /// Who.
    pub id: ChampionId,
    /// What clearance reads; `child_dates` is filled from `bookings`.
    pub clearance: ClearanceRecord,
    /// Home, if the postcode is known; never shown.
    pub home: Option<Point>,
    /// How far the champion goes, in metres.
    pub reach_metres: u32,
    /// Areas served in person however far from home, as in [`SessionNeed::areas`].
    pub areas: Vec<String>,
    /// Phone and video only.
    pub remote_only: bool,
    /// Most sessions in a week (Monday to Sunday); none for no limit.
    pub most_per_week: Option<u32>,
    /// Most sessions in a calendar month; none for no limit.
    pub most_per_month: Option<u32>,
    /// What they help in.
    pub languages: Vec<Language>,
    /// Topics the champion likes to help with.
    pub topics: Vec<Topic>,
    /// Weekly windows.
    pub windows: Vec<Window>,
    /// Leave and extra time.
    pub exceptions: Vec<Exception>,
    /// Confirmed sessions, past and to come.
    pub bookings: Bookings,
    /// When the champion was last asked.
    pub last_asked_at: Option<DateTime<Utc>>,
}

/// Days before a session's date in which bookings say anything but where somebody has helped: its month, the dates with children that
/// add up, and the load around it all lie within.
const LOOK_BACK: TimeDelta = TimeDelta::days(62);

impl ChampionRecord {
    /// Leaves out what matching from a date on never reads: of bookings long past all but one a group, and as many as make somebody
    /// experienced. Takes no more room than that.
    pub fn matched_from(mut self, date: NaiveDate) -> Self {
        let (mut helped, mut kept): (HashSet<GroupId>, usize) = Default::default();
        self.bookings.retain(|b| {
            let stays = b.date >= date - LOOK_BACK || helped.insert(b.group) || kept < FIRST_SESSIONS;
            kept += usize::from(stays && b.date < date - LOOK_BACK);
            stays
        });
        // A copy's lists have no room to grow, and it lies in one place.
        self.clone()
    }
}

/// Why a champion can't take a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocker {
    /// Not cleared on the date.
    Clearance(Gap),
    /// Has this very session already.
    AlreadyPlaced,
    /// Has another session at that time.
    Clash { with: SessionId },
    /// Has another session so near in time that there are too few minutes to get from one to the other.
    TooFarApart { with: SessionId, minutes: i64 },
    /// On leave.
    Away,
    /// Outside the weekly windows.
    NotAvailable { hours: Hours },
    /// Further than the champion goes; with the place's area, for those who name the areas they serve.
    TooFar { metres: u32, reach: u32, area: Option<String> },
    /// Where the champion lives is not known, so the distance is not.
    NoPostcode,
    /// Helps by phone and video only.
    RemoteOnly,
    /// Does not speak the language.
    Language { needed: String },
    /// Has as many sessions in that week as they want.
    WeekIsFull { most: u32, taken: u32 },
    /// Has as many sessions in that calendar month as they want.
    MonthIsFull { most: u32, taken: u32 },
}

vocabulary! {
    /// Why champions are ruled out, coarsely enough to count for a group leader.
    BlockerKind {
        /// Not an active member, for whatever reason.
        NotActive = "NOT_ACTIVE",
        /// Too young for this kind of session on its date.
        Age = "AGE",
        /// A requirement of the role is not met on the date.
        Onboarding = "ONBOARDING",
        /// A training module is not held on the date.
        Training = "TRAINING",
        /// No sufficient DBS check is in place on the date.
        DbsCheck = "DBS_CHECK",
        /// A sufficient DBS check is in place, but the organisation counts it only with its own acceptance, which is not given.
        Acceptance = "ACCEPTANCE",
        /// Placed at another session at that time or with too little time to travel, or at this one.
        Clash = "CLASH",
        /// On leave.
        OnLeave = "ON_LEAVE",
        /// Not available at that time.
        NotAvailable = "NOT_AVAILABLE",
        /// Too far away, or phone and video only.
        TooFar = "TOO_FAR",
        /// Does not speak the language asked for.
        Language = "LANGUAGE",
        /// Has as many sessions that week as they want.
        WeekIsFull = "WEEK_IS_FULL",
        /// Has as many sessions that calendar month as they want.
        MonthIsFull = "MONTH_IS_FULL",
    }
}

impl Blocker {
    /// The category it counts in.
    pub fn kind(&self) -> BlockerKind {
        match self {
            Self::Clearance(Gap::Membership { .. }) => BlockerKind::NotActive,
            Self::Clearance(Gap::Age { .. }) => BlockerKind::Age,
            Self::Clearance(Gap::Requirement { .. }) => BlockerKind::Onboarding,
            Self::Clearance(Gap::Module { .. }) => BlockerKind::Training,
            Self::Clearance(Gap::Dbs { .. }) => BlockerKind::DbsCheck,
            Self::Clearance(Gap::Acceptance { .. }) => BlockerKind::Acceptance,
            Self::AlreadyPlaced | Self::Clash { .. } | Self::TooFarApart { .. } => BlockerKind::Clash,
            Self::Away => BlockerKind::OnLeave,
            Self::NotAvailable { .. } => BlockerKind::NotAvailable,
            Self::TooFar { .. } | Self::NoPostcode | Self::RemoteOnly => BlockerKind::TooFar,
            Self::Language { .. } => BlockerKind::Language,
            Self::WeekIsFull { .. } => BlockerKind::WeekIsFull,
            Self::MonthIsFull { .. } => BlockerKind::MonthIsFull,
        }
    }

    /// Whether it stands even when the champion says yes: clearance and clashes do; preferences are the champion's own.
    pub fn is_binding(&self) -> bool {
        let clash = matches!(self, Self::AlreadyPlaced | Self::Clash { .. } | Self::TooFarApart { .. });
        clash || matches!(self, Self::Clearance(_) | Self::Language { .. })
    }

    /// What would remove it, if the champion or the alliance can do something about it before the day.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::Clearance(Gap::Module { code, .. }) => Remedy::of(RemedyKind::CompleteModule, code),
            Self::Clearance(Gap::Dbs { needed }) => Remedy::of(RemedyKind::DbsCheck, needed),
            Self::Clearance(Gap::Acceptance { name, .. }) => Remedy::of(RemedyKind::Acceptance, name),
            Self::Clearance(Gap::Requirement { name, .. }) => Remedy::of(RemedyKind::MeetRequirement, name),
            Self::NotAvailable { hours } => Remedy::of(RemedyKind::AddAvailability, hours),
            Self::TooFar { area: Some(area), .. } => Remedy::of(RemedyKind::ServeArea, area),
            Self::TooFar { metres, .. } => {
                let much = metres.div_ceil(1000);
                Remedy { much, ..Remedy::of(RemedyKind::TravelFurther, format_args!("up to {much} km")) }
            }
            Self::NoPostcode => Remedy::of(RemedyKind::GivePostcode, ""),
            Self::RemoteOnly => Remedy::of(RemedyKind::HelpInPerson, ""),
            Self::WeekIsFull { taken, .. } => {
                let much = taken.saturating_add(1);
                Remedy { much, ..Remedy::of(RemedyKind::RaiseWeeklyLimit, format_args!("{much} sessions a week")) }
            }
            Self::MonthIsFull { taken, .. } => {
                let much = taken.saturating_add(1);
                Remedy { much, ..Remedy::of(RemedyKind::RaiseMonthlyLimit, format_args!("{much} sessions a month")) }
            }
            _ => return None,
        })
    }
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clearance(gap) => gap.fmt(f),
            Self::AlreadyPlaced => f.write_str("already placed at this session"),
            Self::Clash { .. } => f.write_str("placed at another session at that time"),
            Self::TooFarApart { minutes, .. } => {
                write!(f, "placed at another session, and {minutes} minutes are missing to get from one to the other")
            }
            Self::Away => f.write_str("on leave"),
            Self::NotAvailable { .. } => f.write_str("outside the weekly availability"),
            Self::TooFar { metres, reach, .. } => {
                write!(f, "{:.1} km away, and {:.1} km is the furthest", f64::from(*metres) / 1000.0, f64::from(*reach) / 1000.0)
            }
            Self::NoPostcode => f.write_str("the postcode is not known, so neither is the distance"),
            Self::RemoteOnly => f.write_str("helps by phone and video only"),
            Self::Language { needed } => write!(f, "does not speak {}", language_name(needed)),
            Self::WeekIsFull { most, .. } => write!(f, "has {most} sessions that week, as many as wanted"),
            Self::MonthIsFull { most, .. } => write!(f, "has {most} sessions that month, as many as wanted"),
        }
    }
}

/// Everything that stops a champion from taking a place; empty means they could.
pub fn blockers(need: &SessionNeed, champion: &ChampionRecord) -> Vec<Blocker> {
    let mut blockers: Vec<Blocker> = clearance_gaps(need, champion).into_iter().map(Blocker::Clearance).collect();
    blockers.extend(booking_blocker(need, champion));
    blockers.extend(match availability::verdict_for(need.modality, &champion.windows, &champion.exceptions, need.span) {
        Verdict::Free => None,
        Verdict::Away => Some(Blocker::Away),
        Verdict::Uncovered => Some(Blocker::NotAvailable { hours: Hours::of(need.span) }),
    });
    blockers.extend(distance_blocker(need, champion));
    let speaks = |code: &&String| champion.languages.iter().any(|language| language.to_639_3() == code.as_str());
    if let Some(needed) = need.language.as_ref().filter(|needed| !speaks(needed)) {
        blockers.push(Blocker::Language { needed: needed.clone() });
    }
    blockers.extend(week_blocker(need, champion));
    blockers.extend(month_blocker(need, champion));
    blockers
}

/// What clearance alone says of a champion for a place, the dates of their other sessions with children included.
pub fn clearance_gaps(need: &SessionNeed, champion: &ChampionRecord) -> Vec<Gap> {
    clearance::gaps(need, &for_clearance(need, champion))
}

/// What clearance reads of a champion for a place.
pub fn for_clearance(need: &SessionNeed, champion: &ChampionRecord) -> ClearanceRecord {
    let others = champion.bookings.iter().filter(|b| b.with_children && Some(b.session) != need.session);
    ClearanceRecord { child_dates: others.map(|b| b.date).collect(), ..champion.clearance.clone() }
}

fn booking_blocker(need: &SessionNeed, champion: &ChampionRecord) -> Option<Blocker> {
    if champion.bookings.iter().any(|b| Some(b.session) == need.session) {
        return Some(Blocker::AlreadyPlaced);
    }
    overlap(need, champion).or_else(|| too_far_apart(need, champion))
}

/// Another session of the champion at that time.
pub fn overlap(need: &SessionNeed, champion: &ChampionRecord) -> Option<Blocker> {
    others(need, champion).find(|b| b.span.overlaps(need.span)).map(|b| Blocker::Clash { with: b.session })
}

/// Of the champion's other sessions that leave too little time to travel, the one that leaves least.
pub fn too_far_apart(need: &SessionNeed, champion: &ChampionRecord) -> Option<Blocker> {
    let here = (need.span, need.at.filter(|_| need.modality == Modality::InPerson)?);
    let short = others(need, champion).filter_map(|b| Some((need.pace.missing(here, (b.span, b.at?))?, b.session)));
    short.max().map(|(minutes, with)| Blocker::TooFarApart { with, minutes })
}

/// How many sessions a champion will have done by an instant.
pub fn done_before(champion: &ChampionRecord, at: DateTime<Utc>) -> usize {
    champion.bookings.iter().filter(|b| b.span.until <= at).count()
}

fn others(need: &SessionNeed, champion: &ChampionRecord) -> impl Iterator<Item = Booking> {
    let session = need.session;
    champion.bookings.iter().filter(move |b| Some(b.session) != session)
}

fn distance_blocker(need: &SessionNeed, champion: &ChampionRecord) -> Option<Blocker> {
    if need.modality != Modality::InPerson {
        return None;
    }
    if champion.remote_only {
        return Some(Blocker::RemoteOnly);
    }
    if need.areas.iter().any(|area| champion.areas.contains(area)) {
        return None;
    }
    match (champion.home, need.at) {
        (Some(home), Some(at)) => {
            let (metres, reach) = (distance_metres(home, at), champion.reach_metres);
            let area = || need.areas.first().filter(|_| !champion.areas.is_empty()).cloned();
            (metres > reach).then(|| Blocker::TooFar { metres, reach, area: area() })
        }
        _ => Some(Blocker::NoPostcode),
    }
}

fn week_blocker(need: &SessionNeed, champion: &ChampionRecord) -> Option<Blocker> {
    let most = champion.most_per_week?;
    let week = monday_of(need.date);
    let taken = champion.bookings.iter().filter(|b| monday_of(b.date) == week && Some(b.session) != need.session).count();
    (taken >= most as usize).then_some(Blocker::WeekIsFull { most, taken: u32::try_from(taken).unwrap_or(u32::MAX) })
}

fn month_blocker(need: &SessionNeed, champion: &ChampionRecord) -> Option<Blocker> {
    let most = champion.most_per_month?;
    let month = |date: NaiveDate| (date.year(), date.month());
    let counts = |b: &Booking| month(b.date) == month(need.date) && Some(b.session) != need.session;
    let taken = champion.bookings.iter().filter(counts).count();
    (taken >= most as usize).then_some(Blocker::MonthIsFull { most, taken: u32::try_from(taken).unwrap_or(u32::MAX) })
}

/// A champion who could take the place.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Who.
    pub champion: ChampionId,
    /// 0 to 100; comparable inside one session only.
    pub score: f64,
    /// What it is made of.
    pub factors: Vec<Factor>,
    /// How far, for in-person sessions.
    pub distance: Option<DistanceBand>,
}

/// Who could take a place, best first, and how many could not, by reason.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Ranking {
    /// Those without a blocker, best first; ties go to the smaller id, so the order is always the same.
    pub matches: Vec<Match>,
    /// How many champions each reason rules out. One champion may count in several.
    pub blocked: BTreeMap<BlockerKind, usize>,
    /// How many champions are ruled out.
    pub blocked_total: usize,
}

/// Ranks every champion for a place by the default weights. Who left, was never taken on or is still applying does not
/// appear at all.
pub fn rank(need: &SessionNeed, champions: &[ChampionRecord], now: DateTime<Utc>) -> Ranking {
    rank_by(need, champions, &Weights::default(), now)
}

/// Ranks every champion for a place by these weights.
pub fn rank_by<'a>(
    need: &SessionNeed,
    champions: impl IntoIterator<Item = &'a ChampionRecord>,
    weights: &Weights,
    now: DateTime<Utc>,
) -> Ranking {
    let mut ranking = Ranking::default();
    for champion in champions.into_iter().filter(|c| c.clearance.membership.is_member()) {
        let kinds: BTreeSet<BlockerKind> = blockers(need, champion).iter().map(Blocker::kind).collect();
        if kinds.is_empty() {
            ranking.matches.push(Marks::of(need, champion, now).weighed(champion.id, weights));
            continue;
        }
        ranking.blocked_total += 1;
        for kind in kinds {
            *ranking.blocked.entry(kind).or_default() += 1;
        }
    }
    ranking.matches.sort_by(best_first);
    ranking
}

/// Higher scores first; ties go to the smaller id.
fn best_first(a: &Match, b: &Match) -> Ordering {
    b.score.total_cmp(&a.score).then(a.champion.cmp(&b.champion))
}

vocabulary! {
    /// What a champion or the alliance can do about a blocker.
    RemedyKind {
        /// Complete a training module, or take it again.
        CompleteModule = "COMPLETE_MODULE",
        /// Have a DBS check of this kind.
        DbsCheck = "DBS_CHECK",
        /// Have this organisation accept the champion: a leader of its groups or a coordinator records that.
        Acceptance = "ACCEPTANCE",
        /// Meet a requirement of the role.
        MeetRequirement = "MEET_REQUIREMENT",
        /// Be available at more times.
        AddAvailability = "ADD_AVAILABILITY",
        /// Travel further.
        TravelFurther = "TRAVEL_FURTHER",
        /// Serve this area too.
        ServeArea = "SERVE_AREA",
        /// Tell us the postcode.
        GivePostcode = "GIVE_POSTCODE",
        /// Help in person too.
        HelpInPerson = "HELP_IN_PERSON",
        /// Take more sessions a week.
        RaiseWeeklyLimit = "RAISE_WEEKLY_LIMIT",
        /// Take more sessions a month.
        RaiseMonthlyLimit = "RAISE_MONTHLY_LIMIT",
    }
}

/// One thing that would remove a blocker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remedy {
    /// What kind of thing.
    pub kind: RemedyKind,
    /// Which one, or how much: a module's code, a check, an organisation, a requirement, hours of a weekday, how far to travel, an area, how many
    /// sessions a week; empty where the kind says it all.
    pub what: String,
    /// Kilometres to travel, sessions a week: more of it does what less would. 0 where there is no more or less.
    pub much: u32,
}

impl Remedy {
    fn of(kind: RemedyKind, what: impl std::fmt::Display) -> Self {
        Self { kind, what: what.to_string(), much: 0 }
    }

    /// Whether this does what the other would.
    fn covers(&self, other: &Self) -> bool {
        self == other || (self.kind == other.kind && other.much > 0 && self.much >= other.much)
    }
}

/// One or two things that together unlock sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlock {
    /// What to do.
    pub remedies: Vec<Remedy>,
    /// The sessions it opens, in the order given.
    pub sessions: Vec<SessionId>,
}

/// Remedies tried in pairs.
const PAIRED: usize = 30;
/// Sessions that are weighed against one another: the first so many.
pub const WEIGHED: usize = 500;

/// For each session a champion can't take, its blockers: which one or two remedies would unlock most of the first [`WEIGHED`]?
///
/// Answers the best few, most sessions first: what single sessions ask for, and the pair that opens most together.
pub fn unlocks(blocked: &[(SessionId, Vec<Blocker>)], most: usize) -> Vec<Unlock> {
    let asked: Vec<(SessionId, BTreeSet<Remedy>)> =
        blocked.iter().filter_map(|(session, blockers)| Some((*session, remedies(blockers)?))).take(WEIGHED).collect();
    let does = |wanted: &BTreeSet<Remedy>, needs: &BTreeSet<Remedy>| needs.iter().all(|need| wanted.iter().any(|w| w.covers(need)));
    let open = |wanted: &BTreeSet<Remedy>| -> Vec<SessionId> {
        asked.iter().filter(|(_, needs)| does(wanted, needs)).map(|(session, _)| *session).collect()
    };
    let mut all: Vec<&Remedy> = asked.iter().flat_map(|(_, needs)| needs).collect::<BTreeSet<_>>().into_iter().collect();
    // The pair that opens most is among what is asked for most.
    all.sort_by_cached_key(|r| (Reverse(asked.iter().filter(|(_, needs)| needs.iter().any(|n| r.covers(n))).count()), *r));
    all.truncate(PAIRED);
    let pairs = (0..all.len()).flat_map(|i| (0..i).map(move |j| (i, j))).filter(|(i, j)| all[*i].kind != all[*j].kind || all[*i].much == 0);
    let pairs = pairs.map(|(i, j)| BTreeSet::from([all[i].clone(), all[j].clone()]));
    let best_pair = pairs.max_by_key(|pair| open(pair).len());
    let candidates: BTreeSet<BTreeSet<Remedy>> = asked.iter().map(|(_, needs)| needs.clone()).chain(best_pair).collect();
    let mut unlocks: Vec<Unlock> =
        candidates.into_iter().map(|set| Unlock { sessions: open(&set), remedies: set.into_iter().collect() }).collect();
    unlocks.sort_by(|a, b| {
        b.sessions.len().cmp(&a.sessions.len()).then(a.remedies.len().cmp(&b.remedies.len())).then(a.remedies.cmp(&b.remedies))
    });
    unlocks.truncate(most);
    unlocks
}

/// What would remove every blocker, if one or two things do.
fn remedies(blockers: &[Blocker]) -> Option<BTreeSet<Remedy>> {
    let remedies: Option<BTreeSet<Remedy>> = blockers.iter().map(Blocker::remedy).collect();
    remedies.filter(|set| (1..=2).contains(&set.len()))
}

#[cfg(test)]
pub(crate) mod borough;
#[cfg(test)]
pub(crate) mod tests;

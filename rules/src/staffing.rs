//! How many champions a session needs, how many would be best, and whether it has them.

use chrono::{DateTime, Utc};

use crate::proposal::FIRST_SESSIONS;
use crate::reason::reasons;
use crate::session::{PlaceKind, SessionStatus, Setting};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// How well a kind of place is staffed.
    StaffingLevel {
        /// Fewer than are needed: the session is at risk.
        BelowMinimum = "BELOW_MINIMUM",
        /// As many as are needed, and fewer than would be best.
        Enough = "ENOUGH",
        /// As many as would be best.
        Ideal = "IDEAL",
    }
}

/// What is asked for of a kind of place. The places themselves are the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// So many are needed.
    pub minimum: usize,
    /// So many would be best.
    pub ideal: usize,
}

impl Wanted {
    /// Where nobody has said otherwise: everybody but those who only watch.
    pub fn default_of(kind: PlaceKind, places: usize) -> Self {
        Self { minimum: if kind == PlaceKind::Shadow { 0 } else { places }, ideal: places }
    }

    /// Of so many places that nobody has, how many are missing to the minimum, and how many to the ideal.
    pub fn missing(self, filled: usize, open: usize) -> (usize, usize) {
        (self.minimum.saturating_sub(filled).min(open), self.ideal.saturating_sub(filled).min(open))
    }

    /// How well so many meet it.
    pub fn level(self, filled: usize) -> StaffingLevel {
        match filled {
            filled if filled < self.minimum => StaffingLevel::BelowMinimum,
            filled if filled < self.ideal => StaffingLevel::Enough,
            _ => StaffingLevel::Ideal,
        }
    }
}

/// Whom a champion would join at a session: the rest of those who lead and help, and the room beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// How many sessions each of the others will have done before this one.
    pub others: Vec<usize>,
    /// Lead and helper places that would still be open.
    pub open: usize,
}

impl Team {
    /// Whether somebody who will have done so many sessions may join. Somebody new does where somebody experienced is or could still
    /// come, so the first of two may say yes; only what leaves no such place is refused. Whoever watches needs no company. A home visit
    /// for several always leaves a place to the one who is first.
    pub fn welcomes(&self, kind: PlaceKind, done: usize) -> bool {
        let experienced = |done: usize| done >= FIRST_SESSIONS;
        kind == PlaceKind::Shadow || experienced(done) || self.open > 0 || self.others.iter().any(|other| experienced(*other))
    }
}

/// Who is without company where somebody must be. It is refused only where it would be for good ([`Team::welcomes`]), or the first
/// to say yes could never be; leaders and coordinators are told before the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// One champion at a home visit for several.
    Visit,
    /// Somebody's first sessions, and nobody experienced beside them.
    New,
}

impl std::fmt::Display for Alone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Visit => f.write_str("Nobody goes to this home visit alone: one more is to come."),
            Self::New => write!(
                f,
                "Somebody new is without company: a champion's first {FIRST_SESSIONS} sessions are beside somebody who has done as many."
            ),
        }
    }
}

/// Who is without company at a session with so many lead and helper places; `done` is how many sessions each of those who lead or
/// help will have done before. The planner keeps the same rule.
pub fn alone(setting: Setting, team: usize, done: &[usize]) -> Vec<Alone> {
    let visit = setting == Setting::HomeVisit && team > 1 && done.len() == 1;
    let new = !done.is_empty() && done.iter().all(|done| *done < FIRST_SESSIONS);
    [(visit, Alone::Visit), (new, Alone::New)].into_iter().filter(|(is, _)| *is).map(|(_, why)| why).collect()
}

/// Whether a place has to stay open when places go: only new champions would be left otherwise, and nobody experienced could join them.
/// `done` is how many sessions each of those who lead or help will have done before, `open` what would stay open.
pub fn keeps_room(done: &[usize], open: usize) -> bool {
    open == 0 && !done.is_empty() && done.iter().all(|done| *done < FIRST_SESSIONS)
}

vocabulary! {
    /// What puts a session at risk: leaders and coordinators are told once of each, and again if it was mended and breaks anew.
    RiskCause {
        /// Fewer lead than are needed.
        LeadMissing = "LEAD_MISSING",
        /// Fewer help than are needed.
        HelperMissing = "HELPER_MISSING",
        /// Fewer watch than are needed.
        ShadowMissing = "SHADOW_MISSING",
        /// One champion at a home visit for several.
        VisitAlone = "VISIT_ALONE",
        /// Somebody new, and nobody experienced beside them.
        NewAlone = "NEW_ALONE",
    }
}

impl RiskCause {
    /// In a sentence, without numbers: they may have changed when it is read.
    pub fn sentence(self) -> String {
        match self {
            Self::LeadMissing => "nobody leads it yet, or too few do.".to_owned(),
            Self::HelperMissing => "too few are there to help.".to_owned(),
            Self::ShadowMissing => "too few are there to watch.".to_owned(),
            Self::VisitAlone => Alone::Visit.to_string(),
            Self::NewAlone => Alone::New.to_string(),
        }
    }
}

/// What puts a session at risk, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// So many of a kind are missing to its minimum.
    Short { kind: PlaceKind, missing: usize },
    /// Somebody is without company.
    Alone(Alone),
}

impl Risk {
    /// What it counts as.
    pub fn cause(self) -> RiskCause {
        match self {
            Self::Short { kind: PlaceKind::Lead, .. } => RiskCause::LeadMissing,
            Self::Short { kind: PlaceKind::Helper, .. } => RiskCause::HelperMissing,
            Self::Short { kind: PlaceKind::Shadow, .. } => RiskCause::ShadowMissing,
            Self::Alone(Alone::Visit) => RiskCause::VisitAlone,
            Self::Alone(Alone::New) => RiskCause::NewAlone,
        }
    }
}

impl std::fmt::Display for Risk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short { kind, missing: 1 } => write!(f, "1 more {kind} place is to be filled."),
            Self::Short { kind, missing } => write!(f, "{missing} more {kind} places are to be filled."),
            Self::Alone(alone) => alone.fmt(f),
        }
    }
}

/// How many of a kind there are, of how many places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The kind of place.
    pub kind: PlaceKind,
    /// What is asked for.
    pub wanted: Wanted,
    /// Places there are.
    pub places: usize,
    /// Places somebody has.
    pub filled: usize,
}

/// Everything that puts a session at risk; `done` is how many sessions each of those who lead or help will have done before.
pub fn risks(setting: Setting, counts: &[Count], done: &[usize]) -> Vec<Risk> {
    let short = counts.iter().filter(|c| c.wanted.level(c.filled) == StaffingLevel::BelowMinimum);
    let short = short.map(|c| Risk::Short { kind: c.kind, missing: c.wanted.minimum - c.filled });
    let team = counts.iter().filter(|c| c.kind != PlaceKind::Shadow).map(|c| c.places).sum();
    short.chain(alone(setting, team, done).into_iter().map(Risk::Alone)).collect()
}

reasons! {
    /// Why it can't be said how many champions a session needs.
    CannotSetStaffing => SessionStaffingSetErrorCode {
        /// The session has no place of this kind.
        NoPlaces { kind: PlaceKind } at "kind" => format!("This session has no {kind} place."),
        /// The numbers don't fit: minimum, ideal and places come in that order.
        OutOfOrder { places: usize } at "minimum" => format!("Give a minimum and an ideal that is no less, neither above the {places} places there are."),
        /// The session is over, has begun or was called off.
        SessionClosed at "sessionId" => "This session was called off or has begun: nothing would change.",
    }
}

/// What is asked for from now on.
pub fn set(
    (kind, places): (PlaceKind, usize),
    minimum: i32,
    ideal: i32,
    status: SessionStatus,
    starts_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Wanted, CannotSetStaffing> {
    if status == SessionStatus::Cancelled || starts_at <= now {
        return Err(CannotSetStaffing::SessionClosed);
    }
    if places == 0 {
        return Err(CannotSetStaffing::NoPlaces { kind });
    }
    match (usize::try_from(minimum), usize::try_from(ideal)) {
        (Ok(minimum), Ok(ideal)) if minimum <= ideal && ideal <= places => Ok(Wanted { minimum, ideal }),
        _ => Err(CannotSetStaffing::OutOfOrder { places }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stays_open_beside_new_champions_alone() {
        for (done, open, keeps) in
            [(vec![], 0, false), (vec![0, 1], 0, true), (vec![0], 1, false), (vec![0, 2], 0, false), (vec![5], 0, false)]
        {
            assert_eq!(keeps_room(&done, open), keeps, "{done:?} {open}");
            let beside = Team { others: done.clone(), open };
            assert!(!keeps || !beside.welcomes(PlaceKind::Helper, 0), "whoever is new could not join either");
        }
    }

    #[test]
    fn what_is_missing_is_never_more_than_is_open() {
        let wanted = Wanted { minimum: 2, ideal: 3 };
        for (filled, open, missing) in [(0, 4, (2, 3)), (1, 3, (1, 2)), (2, 2, (0, 1)), (3, 1, (0, 0)), (4, 0, (0, 0)), (0, 1, (1, 1))] {
            assert_eq!(wanted.missing(filled, open), missing, "{filled} filled, {open} open");
        }
    }

    #[test]
    fn levels_follow_minimum_and_ideal() {
        let wanted = Wanted { minimum: 1, ideal: 3 };
        for (filled, level) in [
            (0, StaffingLevel::BelowMinimum),
            (1, StaffingLevel::Enough),
            (2, StaffingLevel::Enough),
            (3, StaffingLevel::Ideal),
            (4, StaffingLevel::Ideal),
        ] {
            assert_eq!(wanted.level(filled), level, "{filled}");
        }
        assert_eq!(Wanted::default_of(PlaceKind::Helper, 2).level(1), StaffingLevel::BelowMinimum);
        assert_eq!(Wanted::default_of(PlaceKind::Shadow, 2).level(0), StaffingLevel::Enough, "nobody waits for those who watch");
    }

    #[test]
    fn nobody_visits_alone_and_nobody_new_is_without_company() {
        use Setting::{Group, HomeVisit};
        for (setting, team, done, expected) in [
            (HomeVisit, 2, vec![9], vec![Alone::Visit]),
            (HomeVisit, 2, vec![9, 0], vec![]),
            (HomeVisit, 1, vec![9], vec![]),
            (HomeVisit, 2, vec![0], vec![Alone::Visit, Alone::New]),
            (Group, 3, vec![0, 1], vec![Alone::New]),
            (Group, 3, vec![0, 2], vec![]),
            (Group, 3, vec![], vec![]),
        ] {
            assert_eq!(alone(setting, team, &done), expected, "{setting} {done:?}");
        }
    }

    #[test]
    fn a_session_is_at_risk_for_each_cause_once() {
        use Setting::{Group, HomeVisit};
        let count = |kind, minimum, places, filled| Count { kind, wanted: Wanted { minimum, ideal: places }, places, filled };
        let helper = |minimum, filled| count(PlaceKind::Helper, minimum, 3, filled);
        let nobody_leads = Risk::Short { kind: PlaceKind::Lead, missing: 1 };
        let short = |missing| Risk::Short { kind: PlaceKind::Helper, missing };
        for (setting, counts, done, expected) in [
            (Group, vec![helper(2, 2)], vec![9, 0], vec![]),
            (Group, vec![helper(2, 0)], vec![], vec![short(2)]),
            (Group, vec![helper(2, 1)], vec![0], vec![short(1), Risk::Alone(Alone::New)]),
            (HomeVisit, vec![helper(1, 1), count(PlaceKind::Lead, 1, 1, 0)], vec![9], vec![nobody_leads, Risk::Alone(Alone::Visit)]),
            (HomeVisit, vec![count(PlaceKind::Helper, 1, 1, 1), count(PlaceKind::Shadow, 0, 1, 1)], vec![9], vec![]),
        ] {
            assert_eq!(risks(setting, &counts, &done), expected, "{setting} {counts:?}");
        }
        assert_eq!(short(1).to_string(), "1 more helper place is to be filled.");
        assert_eq!(short(2).to_string(), "2 more helper places are to be filled.");
        let causes: Vec<RiskCause> = PlaceKind::ALL.iter().map(|kind| Risk::Short { kind: *kind, missing: 1 }.cause()).collect();
        assert_eq!(causes, RiskCause::ALL[..3]);
    }

    #[test]
    fn numbers_come_in_order() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let (now, starts, status) = (at("2026-12-01T09:00:00Z"), at("2026-12-01T10:00:00Z"), SessionStatus::Scheduled);
        let helper = |places| (PlaceKind::Helper, places);
        for (places, minimum, ideal, fits) in [(3, 1, 2, true), (3, 0, 0, true), (3, 2, 1, false), (3, 1, 4, false), (3, -1, 1, false)] {
            assert_eq!(set(helper(places), minimum, ideal, status, starts, now).is_ok(), fits, "{minimum} to {ideal} of {places}");
        }
        assert_eq!(set(helper(0), 0, 0, status, starts, now), Err(CannotSetStaffing::NoPlaces { kind: PlaceKind::Helper }));
        assert_eq!(set(helper(2), 1, 1, status, starts, starts), Err(CannotSetStaffing::SessionClosed));
    }

    #[test]
    fn somebody_new_joins_where_somebody_experienced_is_or_could_come() {
        use PlaceKind::{Helper, Lead, Shadow};
        for (others, open, kind, done, welcome) in [
            (vec![], 1, Helper, 0, true),
            (vec![0], 1, Helper, 1, true),
            (vec![0], 0, Helper, 1, false),
            (vec![0], 0, Helper, 2, true),
            (vec![1, 2], 0, Lead, 0, true),
            (vec![], 0, Helper, 0, false),
            (vec![], 0, Lead, 2, true),
            (vec![], 0, Shadow, 0, true),
        ] {
            assert_eq!(Team { others: others.clone(), open }.welcomes(kind, done), welcome, "{done} beside {others:?}, {open} open");
        }
    }

    proptest::proptest! {
        /// Whoever says yes, gives up or hands over, in whatever order: the session can still be completed so that nobody new is
        /// alone; and nobody is refused where it could.
        #[test]
        fn a_session_can_always_be_completed(places in 1usize..7, steps in proptest::collection::vec((0usize..5, 0usize..8, 0usize..8), 0..40)) {
            let complete = |held: &[usize]| alone(Setting::Group, places, held).is_empty() || held.len() < places;
            let mut held: Vec<usize> = Vec::new();
            for (done, what, whose) in steps {
                let at = whose.checked_rem(held.len());
                let mut next = held.clone();
                match (what, at) {
                    // A champion gives a place up.
                    (0, Some(at)) => { held.swap_remove(at); continue }
                    // A stand-in, or the other side of a swap, takes one over.
                    (1 | 2, Some(at)) => { next.swap_remove(at); }
                    _ if held.len() == places => continue,
                    _ => {}
                }
                let team = Team { others: next.clone(), open: places - next.len() - 1 };
                next.push(done);
                proptest::prop_assert_eq!(team.welcomes(PlaceKind::Helper, done), complete(&next) || done >= FIRST_SESSIONS);
                if team.welcomes(PlaceKind::Helper, done) {
                    held = next;
                }
                proptest::prop_assert!(complete(&held), "{held:?} of {places}");
            }
        }
    }
}

//! Clearance: whether a champion meets every requirement of a place *on the session's date*, and if not, why.
//!
//! Everything is judged for the date given, never for now. What is unknown is not clear.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use uuid::Uuid;

use crate::acceptance::{Accepted, is_accepted};
use crate::calendar::{Span, age_on};
use crate::champion::Membership;
use crate::dbs::{Audience, DbsRecord, DbsScope, SessionFacts, passes_child_threshold, permitted};
use crate::exemption::Exemption;
use crate::id::{GroupId, ModuleId, OrganisationId, RequirementId};
use crate::requirement::{self, Evidence, Requirement, RequirementKind, Standing};
use crate::session::{Modality, PlaceKind, SessionNeed, Setting};
use crate::training::{self, Completion, ModuleStanding};

pub mod outlook;

/// What clearance reads of a champion.
#[derive(Clone, Debug)]
pub struct ClearanceRecord {
    /// Where the champion stands.
    pub membership: Membership,
    /// Birth date, if known.
    pub birth_date: Option<NaiveDate>,
    /// Evidence given.
    pub evidence: Vec<Evidence>,
    /// Modules completed.
    pub completions: Vec<Completion>,
    /// Requirements that are not asked of this champion, for a while.
    pub exemptions: Vec<Exemption>,
    /// DBS checks.
    pub checks: Vec<DbsRecord>,
    /// The organisations that have accepted the champion.
    pub accepted: Vec<Accepted>,
    /// Local dates of the champion's other confirmed sessions that teach children.
    pub child_dates: Vec<NaiveDate>,
}

/// One thing that stands between a champion and a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Gap {
    /// The membership does not allow this kind of place.
    Membership { membership: Membership, kind: PlaceKind },
    /// Too young on the date, or the age is not known.
    Age { needed: i32, age: Option<i32> },
    /// A requirement of the role is not met.
    Requirement { requirement: RequirementId, kind: RequirementKind, name: String, standing: Standing },
    /// A module is not held on the date.
    Module { module: ModuleId, code: String, standing: ModuleStanding },
    /// No check that is sufficient is clear on the date.
    Dbs { needed: DbsScope },
    /// A sufficient check is clear, but the organisation has neither obtained it nor accepted the champion by the date.
    Acceptance { organisation: OrganisationId, name: String },
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Membership { membership: Membership::OnTrial, kind } => {
                write!(f, "on trial, so shadow places only, and this is a {kind} place")
            }
            Self::Membership { membership, .. } => write!(f, "membership is {membership}"),
            Self::Age { needed, age: Some(age) } => write!(f, "{age} years old on the day; {needed} is needed"),
            Self::Age { needed, age: None } => write!(f, "date of birth not known; {needed} years are needed"),
            Self::Requirement { name, standing: Standing::Lapsed, .. } => write!(f, "{name} has to be done again"),
            Self::Requirement { name, standing: Standing::Partly { have, need }, .. } => write!(f, "{name}: {have} of {need} are there"),
            Self::Requirement { name, .. } => write!(f, "{name} is missing"),
            Self::Module { code, standing: ModuleStanding::Lapsed { last }, .. } => {
                write!(f, "training module {code} runs out on {last}, before the session")
            }
            Self::Module { code, .. } => write!(f, "training module {code} is not completed"),
            Self::Dbs { needed } => write!(f, "{needed} is not in place on the day"),
            Self::Acceptance { name, .. } => write!(f, "{name} has yet to accept the DBS check, which it did not obtain itself"),
        }
    }
}

/// Everything that is missing for a place on its date; empty means cleared.
pub fn gaps(need: &SessionNeed, record: &ClearanceRecord) -> Vec<Gap> {
    let mut gaps = Vec::new();
    gaps.extend(membership_gap(need, record));
    gaps.extend(age_gap(need, record));
    gaps.extend(requirement_gaps(need, record));
    gaps.extend(need.modules.iter().filter_map(|(module, code)| module_gap(*module, code, record, need.date)));
    gaps.extend(dbs_gap(need, record));
    gaps
}

/// Whether a date at a session for these counts among a champion's dates with children, and so bears on what their other sessions
/// ask for.
pub fn counts_as_date_with_children(audience: Audience) -> bool {
    audience == Audience::Children
}

/// The least that any place asks for: helping at a public session for adults with others present. Being cleared for it is
/// being cleared "in general".
pub fn least(requirements: Arc<[Requirement]>, on: NaiveDate) -> SessionNeed {
    let midnight = on.and_time(NaiveTime::MIN).and_utc();
    SessionNeed {
        session: None,
        group: GroupId(Uuid::nil()),
        span: Span { from: midnight, until: midnight },
        date: on,
        at: None,
        areas: Vec::new(),
        modality: Modality::Phone,
        setting: Setting::Group,
        kind: PlaceKind::Helper,
        facts: SessionFacts { audience: Audience::AdultsPublic, weekly: false, handles_money: false, overnight: false },
        responsible_adult: true,
        dbs: Some(DbsScope::BASIC),
        acceptance_of: None,
        modules: Vec::new(),
        requirements,
        language: None,
        topics: Vec::new(),
        pace: crate::travel::TOWN,
    }
}

fn membership_gap(need: &SessionNeed, record: &ClearanceRecord) -> Option<Gap> {
    let allowed = match record.membership {
        Membership::Active => true,
        Membership::OnTrial => need.kind == PlaceKind::Shadow,
        _ => false,
    };
    (!allowed).then_some(Gap::Membership { membership: record.membership, kind: need.kind })
}

/// 18 for one-to-one work, home visits and anything without a responsible adult; 16 for the rest.
pub(crate) fn age_needed(need: &SessionNeed) -> i32 {
    if need.setting == Setting::Group && need.responsible_adult { 16 } else { 18 }
}

/// An unknown age is never enough.
fn age_gap(need: &SessionNeed, record: &ClearanceRecord) -> Option<Gap> {
    let needed = age_needed(need);
    let age = record.birth_date.map(|birth| age_on(birth, need.date));
    (age.is_none_or(|age| age < needed)).then_some(Gap::Age { needed, age })
}

/// The requirements a place asks for on its date.
pub(crate) fn asked(need: &SessionNeed) -> impl Iterator<Item = &Requirement> {
    // Shadowing is how the induction and the trial are done: they can't come before it.
    let asked = |kind| need.kind != PlaceKind::Shadow || !matches!(kind, RequirementKind::Induction | RequirementKind::Trial);
    need.requirements.iter().filter(move |r| r.in_force_on(need.date) && asked(r.kind))
}

fn requirement_gaps<'a>(need: &'a SessionNeed, record: &'a ClearanceRecord) -> impl Iterator<Item = Gap> + 'a {
    let exempt = |r: &&Requirement| record.exemptions.iter().any(|e| e.covers(r, need.date));
    asked(need).filter(move |r| !exempt(r)).filter_map(move |r| match (r.kind, r.module) {
        (RequirementKind::Training, Some(module)) => module_gap(module, &r.name, record, need.date),
        (RequirementKind::Training | RequirementKind::Dbs, _) => None,
        _ => match requirement::standing(r, &record.evidence, need.date) {
            Standing::Met { .. } => None,
            standing => Some(Gap::Requirement { requirement: r.id, kind: r.kind, name: r.name.clone(), standing }),
        },
    })
}

fn module_gap(module: ModuleId, code: &str, record: &ClearanceRecord, on: NaiveDate) -> Option<Gap> {
    match training::standing(module, &record.completions, on) {
        ModuleStanding::Held { .. } => None,
        standing => Some(Gap::Module { module, code: code.to_owned(), standing }),
    }
}

/// The check asked for, raised to the regulated level when this date makes the champion's fourth with children in 30 days.
fn dbs_needed(need: &SessionNeed, record: &ClearanceRecord) -> Option<DbsScope> {
    let frequent = need.facts.audience == Audience::Children && passes_child_threshold(&record.child_dates, need.date);
    if frequent { Some(permitted(need.facts, true).scope) } else { need.dbs }
}

/// Whether the session's organisation lets a check count: it asks for no word of its own, obtained the check, or has given its word.
fn is_relied_on(check: &DbsRecord, need: &SessionNeed, record: &ClearanceRecord) -> bool {
    let Some((organisation, _)) = &need.acceptance_of else { return true };
    check.obtained_by == Some(*organisation) || is_accepted(&record.accepted, *organisation, need.date)
}

/// Whether a need may ask anybody for a check: where it may not, checks need not be read.
pub fn may_need_check(need: &SessionNeed) -> bool {
    need.dbs.is_some() || need.facts.audience == Audience::Children
}

pub(crate) fn dbs_gap(need: &SessionNeed, record: &ClearanceRecord) -> Option<Gap> {
    let needed = dbs_needed(need, record)?;
    let clear: Vec<&DbsRecord> = record.checks.iter().filter(|check| check.clears_on(needed, need.date)).collect();
    if clear.is_empty() {
        return Some(Gap::Dbs { needed });
    }
    let (organisation, name) = need.acceptance_of.clone().filter(|_| !clear.iter().any(|check| is_relied_on(check, need, record)))?;
    Some(Gap::Acceptance { organisation, name })
}

/// The first last day among what the place asks for and the champion has on its date: modules, requirements, the check. None
/// if nothing of it ever lapses.
pub fn lasts_until(need: &SessionNeed, record: &ClearanceRecord) -> Option<NaiveDate> {
    let held = |module| match training::standing(module, &record.completions, need.date) {
        ModuleStanding::Held { until } => until,
        _ => None,
    };
    let modules = need.modules.iter().filter_map(|(module, _)| held(*module));
    let exempt = |r: &Requirement| record.exemptions.iter().filter(|e| e.covers(r, need.date)).map(|e| e.until).max();
    let requirements = asked(need).filter_map(|r| match (r.kind, r.module) {
        _ if exempt(r).is_some() => exempt(r),
        (RequirementKind::Training, Some(module)) => held(module),
        (RequirementKind::Training | RequirementKind::Dbs, _) => None,
        _ => match requirement::standing(r, &record.evidence, need.date) {
            Standing::Met { until } => until,
            _ => None,
        },
    });
    let check = dbs_needed(need, record).and_then(|needed| {
        let counts = |c: &&DbsRecord| c.clears_on(needed, need.date) && is_relied_on(c, need, record);
        record.checks.iter().filter(counts).filter_map(|c| c.recheck_due_on).max()
    });
    modules.chain(requirements).chain(check).min()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::dbs::{DbsLevel, DbsStatus, DbsWorkforce};

    pub(crate) fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// A public drop-in on 1 December 2026 that asks for module 1 and a basic check.
    pub(crate) fn need() -> SessionNeed {
        SessionNeed {
            session: None,
            group: GroupId(Uuid::from_u128(1)),
            span: Span {
                from: "2026-12-01T10:00:00Z".parse().expect("an instant"),
                until: "2026-12-01T12:00:00Z".parse().expect("an instant"),
            },
            date: date("2026-12-01"),
            at: None,
            areas: vec![],
            modality: Modality::InPerson,
            setting: Setting::Group,
            kind: PlaceKind::Helper,
            facts: SessionFacts { audience: Audience::AdultsPublic, weekly: true, handles_money: false, overnight: false },
            responsible_adult: true,
            dbs: Some(DbsScope::BASIC),
            acceptance_of: None,
            modules: vec![(ModuleId(Uuid::from_u128(1)), "SUP".into())],
            requirements: Arc::default(),
            language: None,
            topics: vec![],
            pace: crate::travel::TOWN,
        }
    }

    /// Somebody who is cleared for [`need`].
    pub(crate) fn cleared() -> ClearanceRecord {
        ClearanceRecord {
            membership: Membership::Active,
            birth_date: Some(date("1960-02-29")),
            evidence: vec![],
            completions: vec![Completion {
                module: ModuleId(Uuid::from_u128(1)),
                completed_on: date("2026-01-10"),
                expires_on: Some(date("2026-12-01")),
            }],
            exemptions: vec![],
            checks: vec![DbsRecord {
                scope: DbsScope::BASIC,
                status: DbsStatus::Cleared,
                issued_on: Some(date("2026-01-01")),
                decided_on: Some(date("2026-01-10")),
                recheck_due_on: Some(date("2029-01-01")),
                obtained_by: None,
            }],
            accepted: vec![],
            child_dates: vec![],
        }
    }

    #[test]
    fn each_gap_alone_is_found() {
        assert_eq!(gaps(&need(), &cleared()), []);
        let lapsed = SessionNeed { date: date("2026-12-02"), ..need() };
        assert!(
            matches!(gaps(&lapsed, &cleared())[..], [Gap::Module { standing: ModuleStanding::Lapsed { .. }, .. }]),
            "the day after the last"
        );
        assert!(matches!(gaps(&need(), &ClearanceRecord { checks: vec![], ..cleared() })[..], [Gap::Dbs { .. }]));
        assert!(matches!(gaps(&need(), &ClearanceRecord { birth_date: None, ..cleared() })[..], [Gap::Age { age: None, .. }]));
        assert!(matches!(gaps(&need(), &ClearanceRecord { membership: Membership::Paused, ..cleared() })[..], [Gap::Membership { .. }]));
    }

    #[test]
    fn age_is_judged_on_the_sessions_date() {
        let born = |birth| ClearanceRecord { birth_date: Some(date(birth)), ..cleared() };
        let alone = SessionNeed { setting: Setting::OneToOne, ..need() };
        assert_eq!(gaps(&alone, &born("2008-12-01")), [], "eighteen on the day");
        assert_eq!(gaps(&alone, &born("2008-12-02")), [Gap::Age { needed: 18, age: Some(17) }]);
        assert_eq!(gaps(&need(), &born("2010-12-01")), [], "sixteen, in a group with a responsible adult");
        assert_eq!(
            gaps(&SessionNeed { responsible_adult: false, ..need() }, &born("2010-12-01")),
            [Gap::Age { needed: 18, age: Some(16) }]
        );
    }

    #[test]
    fn on_trial_means_shadow_places_only() {
        let trial = ClearanceRecord { membership: Membership::OnTrial, ..cleared() };
        let induction = crate::requirement::Requirement {
            id: RequirementId(Uuid::from_u128(9)),
            kind: RequirementKind::Induction,
            name: "Induction".into(),
            module: None,
            count: 1,
            valid_months: None,
            in_force_from: date("2020-01-01"),
            superseded_on: None,
        };
        let shadow = SessionNeed { kind: PlaceKind::Shadow, requirements: [induction.clone()].into(), ..need() };
        assert_eq!(gaps(&shadow, &trial), [], "shadowing comes before the induction");
        assert_eq!(gaps(&SessionNeed { requirements: [induction].into(), ..need() }, &cleared()).len(), 1);
        assert_eq!(gaps(&need(), &trial), [Gap::Membership { membership: Membership::OnTrial, kind: PlaceKind::Helper }]);
    }

    #[test]
    fn a_check_that_others_obtained_counts_once_the_organisation_has_accepted_it() {
        let [ours, other] = [1, 2].map(|n| OrganisationId(Uuid::from_u128(n)));
        let yes = |by, since| Accepted { by, since: date(since) };
        let later = |obtained_by| DbsRecord { obtained_by, ..cleared().checks[0] };
        let lapsed = DbsRecord { recheck_due_on: Some(date("2026-11-30")), ..later(Some(ours)) };
        let missing = Gap::Acceptance { organisation: ours, name: "Ours".into() };
        // Whether it asks for its word, whose checks there are, whose word: what is missing.
        type Case = (bool, Vec<DbsRecord>, Vec<Accepted>, Option<Gap>);
        let cases: [Case; 11] = [
            (false, vec![later(None)], vec![], None),
            (false, vec![later(Some(other))], vec![], None),
            (true, vec![later(None)], vec![], Some(missing.clone())),
            (true, vec![later(Some(other))], vec![], Some(missing.clone())),
            (true, vec![later(Some(ours))], vec![], None),
            (true, vec![later(Some(other)), later(Some(ours))], vec![], None),
            (true, vec![later(None)], vec![yes(ours, "2026-12-01")], None),
            (true, vec![later(None)], vec![yes(ours, "2026-12-02")], Some(missing.clone())),
            (true, vec![later(None)], vec![yes(other, "2026-01-01")], Some(missing.clone())),
            (true, vec![later(None), lapsed], vec![], Some(missing)),
            (true, vec![lapsed], vec![yes(ours, "2026-01-01")], Some(Gap::Dbs { needed: DbsScope::BASIC })),
        ];
        for (asks, checks, accepted, gap) in cases {
            let need = SessionNeed { acceptance_of: asks.then(|| (ours, "Ours".into())), ..need() };
            let record = ClearanceRecord { checks, accepted, ..cleared() };
            assert_eq!(gaps(&need, &record), gap.into_iter().collect::<Vec<_>>(), "{asks} {record:?}");
            let none = SessionNeed { dbs: None, ..need };
            assert_eq!(gaps(&none, &record), [], "nothing to accept where no check is asked for");
        }
    }

    #[test]
    fn the_fourth_date_with_children_in_thirty_days_raises_the_check() {
        let child = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child);
        let facts = SessionFacts { audience: Audience::Children, weekly: false, handles_money: false, overnight: false };
        let once = SessionNeed { facts, dbs: Some(child), ..need() };
        let mut record = cleared();
        record.checks[0].scope = child;
        record.child_dates = vec![date("2026-11-10"), date("2026-11-20")];
        assert_eq!(gaps(&once, &record), []);
        record.child_dates.push(date("2026-11-25"));
        assert_eq!(gaps(&once, &record), [Gap::Dbs { needed: DbsScope { children_barred: true, ..child } }]);
    }
}

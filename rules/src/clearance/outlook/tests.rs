use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::acceptance::Accepted;
use crate::clearance::tests::{cleared, date, need};
use crate::dbs::{Audience, DbsLevel, DbsRecord, DbsScope, DbsStatus, DbsWorkforce, SessionFacts};
use crate::exemption::Exemption;
use crate::id::{ModuleId, OrganisationId, RequirementId};
use crate::matching::RemedyKind;
use crate::requirement::{Evidence, EvidenceOutcome, Requirement, RequirementKind};
use crate::training::Completion;

fn day(n: i64) -> NaiveDate {
    date("2026-01-01") + TimeDelta::days(n)
}

fn requirement(n: u128, kind: RequirementKind, valid_months: Option<u32>, superseded_on: Option<NaiveDate>) -> Requirement {
    let module = (kind == RequirementKind::Training).then_some(ModuleId(Uuid::from_u128(n)));
    Requirement {
        id: RequirementId(Uuid::from_u128(n)),
        kind,
        name: kind.to_string(),
        module,
        count: 1,
        valid_months,
        in_force_from: date("2020-01-01"),
        superseded_on,
    }
}

#[test]
fn the_verdict_turns_the_day_after_the_last_and_back_on_the_day_of_the_renewal() {
    let mut record = cleared();
    let module = need().modules[0].0;
    record.completions.push(Completion { module, completed_on: date("2026-12-20"), expires_on: None });
    let found = timeline(&need(), &record, date("2026-11-21"), date("2027-11-20"));
    let spans: Vec<_> = found.iter().map(|p| (p.from.to_string(), p.until.to_string(), p.gaps.is_empty())).collect();
    assert_eq!(
        spans,
        [
            ("2026-11-21".to_owned(), "2026-12-01".to_owned(), true),
            ("2026-12-02".to_owned(), "2026-12-19".to_owned(), false),
            ("2026-12-20".to_owned(), "2027-11-20".to_owned(), true),
        ]
    );
    assert_eq!(cleared_until(&found, date("2027-11-20")), Some(date("2026-12-01")));
    assert_eq!(cleared_until(&found[2..], date("2027-11-20")), None, "it holds beyond the year");
    assert_eq!(cleared_until(&found[1..], date("2027-11-20")), None, "it does not hold");
}

#[test]
fn one_remedy_that_serves_many_comes_first_and_what_cannot_be_mended_is_not_promised() {
    let (ada, bob) = (ChampionId(Uuid::from_u128(1)), ChampionId(Uuid::from_u128(2)));
    let module = |on: &str| gaps(&SessionNeed { date: date(on), ..need() }, &cleared());
    let older = Gap::Age { needed: 18, age: Some(17) };
    let broken = |n, champion, on: &str, gaps| Break { assignment: AssignmentId(Uuid::from_u128(n)), champion, on: date(on), gaps };
    let breaks = [
        broken(1, ada, "2027-01-10", module("2027-01-10")),
        broken(2, ada, "2027-01-05", module("2027-01-05")),
        broken(3, bob, "2027-01-01", vec![Gap::Dbs { needed: DbsScope::BASIC }]),
        broken(4, bob, "2027-01-02", vec![Gap::Dbs { needed: DbsScope::BASIC }, older]),
    ];
    let found = preventions(&breaks);
    let told: Vec<_> = found.iter().map(|p| (p.champion, p.remedy.kind, p.by, p.serves.len(), p.alone.len())).collect();
    assert_eq!(told, [(ada, RemedyKind::CompleteModule, date("2027-01-05"), 2, 2), (bob, RemedyKind::DbsCheck, date("2027-01-01"), 1, 1),]);
}

/// Facts of every kind, on days around the year that is asked about.
#[derive(Clone, Debug)]
struct Life {
    birth: i64,
    completions: Vec<(i64, Option<i64>)>,
    evidence: Vec<(i64, bool, bool)>,
    superseded: Option<i64>,
    months: Option<u32>,
    exemption: Option<(i64, i64)>,
    check: (i64, i64),
    /// Whether the organisation asks for its acceptance, and the day it was given.
    acceptance: (bool, Option<i64>),
    child_dates: Vec<i64>,
    children: bool,
}

fn life() -> impl Strategy<Value = Life> {
    let days = -500i64..600;
    (
        -7_000i64..-5_500,
        proptest::collection::vec((days.clone(), proptest::option::of(0i64..700)), 0..4),
        proptest::collection::vec((days.clone(), any::<bool>(), any::<bool>()), 0..4),
        proptest::option::of(days.clone()),
        proptest::option::of(1u32..20),
        proptest::option::of((days.clone(), 0i64..300)),
        (days.clone(), 0i64..900),
        (any::<bool>(), proptest::option::of(days)),
        proptest::collection::vec(0i64..200, 0..6),
        any::<bool>(),
    )
        .prop_map(|(birth, completions, evidence, superseded, months, exemption, check, acceptance, child_dates, children)| Life {
            birth,
            completions,
            evidence,
            superseded,
            months,
            exemption,
            check,
            acceptance,
            child_dates,
            children,
        })
}

fn facts(life: &Life) -> (SessionNeed, ClearanceRecord) {
    let superseded = life.superseded.map(day);
    let mut next = requirement(8, RequirementKind::Agreement, life.months, None);
    next.in_force_from = superseded.unwrap_or(NaiveDate::MAX);
    let requirements = vec![
        requirement(7, RequirementKind::Agreement, life.months, superseded),
        next,
        requirement(9, RequirementKind::Training, None, None),
    ];
    let facts = SessionFacts { audience: Audience::Children, weekly: false, handles_money: false, overnight: false };
    let child = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child);
    let organisation = OrganisationId(Uuid::from_u128(5));
    let acceptance_of = life.acceptance.0.then(|| (organisation, "Ours".to_owned()));
    let need = SessionNeed { requirements: requirements.into(), acceptance_of, ..need() };
    let need = if life.children { SessionNeed { facts, dbs: Some(child), ..need } } else { need };
    let mut record = cleared();
    record.birth_date = Some(day(life.birth));
    record.completions = (0..)
        .zip(&life.completions)
        .map(|(index, (on, lasts))| Completion {
            module: ModuleId(Uuid::from_u128(if index % 2 == 0 { 1 } else { 9 })),
            completed_on: day(*on),
            expires_on: lasts.map(|lasts| day(on + lasts)),
        })
        .collect();
    record.evidence = life
        .evidence
        .iter()
        .map(|(on, new, yes)| Evidence {
            requirement: RequirementId(Uuid::from_u128(if *new { 8 } else { 7 })),
            kind: RequirementKind::Agreement,
            given_on: day(*on),
            outcome: if *yes { EvidenceOutcome::Satisfied } else { EvidenceOutcome::NotSatisfied },
        })
        .collect();
    record.exemptions = life
        .exemption
        .iter()
        .map(|(from, lasts)| Exemption {
            kind: RequirementKind::Training,
            module: Some(ModuleId(Uuid::from_u128(9))),
            from: day(*from),
            until: day(from + lasts),
        })
        .collect();
    let (decided, lasts) = life.check;
    record.checks = vec![DbsRecord {
        scope: child,
        status: DbsStatus::Cleared,
        issued_on: Some(day(decided)),
        decided_on: Some(day(decided)),
        recheck_due_on: Some(day(decided + lasts)),
        obtained_by: None,
    }];
    record.accepted = life.acceptance.1.iter().map(|since| Accepted { by: organisation, since: day(*since) }).collect();
    record.child_dates = life.child_dates.iter().copied().map(day).collect();
    (need, record)
}

/// The verdict of one day, without the timeline.
fn verdict(need: &SessionNeed, record: &ClearanceRecord, on: NaiveDate) -> Vec<Gap> {
    gaps(&SessionNeed { date: on, ..need.clone() }, record)
}

proptest! {
    /// The timeline says for each day what the verdict of that day says: right on both sides of every expiry.
    #[test]
    fn the_timeline_is_the_verdict_of_each_day(life in life()) {
        let (need, record) = facts(&life);
        let periods = timeline(&need, &record, day(0), day(365));
        prop_assert_eq!(periods.first().map(|p| p.from), Some(day(0)));
        prop_assert_eq!(periods.last().map(|p| p.until), Some(day(365)));
        for pair in periods.windows(2) {
            prop_assert_eq!(pair[0].until + Days::new(1), pair[1].from);
            prop_assert!(pair[0].gaps != pair[1].gaps, "neighbours differ");
        }
        for period in &periods {
            for on in period.from.iter_days().take_while(|on| *on <= period.until) {
                prop_assert_eq!(&verdict(&need, &record, on), &period.gaps, "{}", on);
            }
        }
    }

    /// More that speaks for somebody never takes clearance away: a completion, a yes, an exemption, a check, an acceptance.
    #[test]
    fn monotone_in_evidence(life in life(), more in (-500i64..600, 0i64..700), which in 0usize..5, on in 0i64..365) {
        let (need, mut record) = facts(&life);
        record.evidence.retain(|e| e.outcome == EvidenceOutcome::Satisfied);
        let before = verdict(&need, &record, day(on)).len();
        let (from, lasts) = more;
        match which {
            0 => record.completions.push(Completion { module: need.modules[0].0, completed_on: day(from), expires_on: Some(day(from + lasts)) }),
            1 => record.exemptions.push(Exemption { kind: RequirementKind::Agreement, module: None, from: day(from), until: day(from + lasts) }),
            2 => record.accepted.push(Accepted { by: OrganisationId(Uuid::from_u128(5)), since: day(from) }),
            3 => record.checks.push(DbsRecord { decided_on: Some(day(from)), recheck_due_on: Some(day(from + lasts)), ..record.checks[0] }),
            _ => record.evidence.push(Evidence {
                requirement: RequirementId(Uuid::from_u128(8)),
                kind: RequirementKind::Agreement,
                given_on: day(from),
                outcome: EvidenceOutcome::Satisfied,
            }),
        }
        prop_assert!(verdict(&need, &record, day(on)).len() <= before);
    }

    /// What is unknown never clears: a check without decision or date, a module nobody marked, no birth date.
    #[test]
    fn unknown_is_never_clear(life in life(), which in 0usize..4, on in 0i64..365) {
        let (need, mut record) = facts(&life);
        match which {
            0 => record.checks.iter_mut().for_each(|c| c.decided_on = None),
            1 => record.checks.iter_mut().for_each(|c| c.recheck_due_on = None),
            2 => record.completions.clear(),
            _ => record.birth_date = None,
        }
        prop_assert!(!verdict(&need, &record, day(on)).is_empty());
    }
}

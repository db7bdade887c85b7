//! One session against a borough of champions: the index against asking everybody, in one run. benches/README.md says how to repeat.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use rules::availability::{Exception, ExceptionKind, Weekday, Window};
use rules::calendar::Span;
use rules::champion::Membership;
use rules::clearance::ClearanceRecord;
use rules::dbs::{Audience, DbsLevel, DbsRecord, DbsScope, DbsStatus, DbsWorkforce, SessionFacts};
use rules::geo::Point;
use rules::id::{ChampionId, GroupId, ModuleId, RequirementId, SessionId};
use rules::input::{Language, Topic};
use rules::matching::{Booking, ChampionRecord, Index, Weights, rank_by};
use rules::requirement::{Evidence, EvidenceOutcome, Requirement, RequirementKind};
use rules::session::{Modality, PlaceKind, SessionNeed, Setting};
use rules::training::Completion;
use uuid::Uuid;

const ZONE: chrono_tz::Tz = chrono_tz::Europe::London;
/// How many sessions take turns.
const SESSIONS: usize = 64;
/// How many matches a page shows.
const PAGE: usize = 25;
const EVIDENCE: [RequirementKind; 9] = [
    RequirementKind::Conversation,
    RequirementKind::Reference,
    RequirementKind::Identity,
    RequirementKind::RightToVolunteer,
    RequirementKind::SafeguardingDeclaration,
    RequirementKind::Agreement,
    RequirementKind::CodeOfConduct,
    RequirementKind::PrivacyNotice,
    RequirementKind::Induction,
];
const CHILD: DbsScope = DbsScope { children_barred: true, ..DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child) };

/// A source of choices (SplitMix64); the same seed makes the same borough.
struct Seed(u64);

impl Seed {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn percent(&mut self, of_100: u64) -> bool {
        self.below(100) < of_100
    }

    /// Somewhere in a borough of 13 by 13 kilometres.
    fn point(&mut self) -> Point {
        Point { latitude: 53.35 + self.below(12_000) as f64 / 1e5, longitude: -2.25 + self.below(20_000) as f64 / 1e5 }
    }

    fn quarter(&mut self, from: u64, hours: u64) -> NaiveTime {
        let minutes = from * 60 + 15 * self.below(hours * 4);
        NaiveTime::MIN + TimeDelta::minutes(minutes as i64)
    }
}

fn id(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n))
}

fn now() -> DateTime<Utc> {
    today().and_time(NaiveTime::MIN).and_utc()
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date")
}

/// Nine in ten have each thing, and some have it until a day soon.
fn clearance(seed: &mut Seed) -> ClearanceRecord {
    let given = |seed: &mut Seed| today() - Days::new(30 + seed.below(800));
    let mut evidence = Vec::new();
    for kind in EVIDENCE {
        for _ in 0..if kind == RequirementKind::Reference { 2 } else { 1 + seed.below(2) } {
            let outcome = if seed.percent(2) { EvidenceOutcome::NotSatisfied } else { EvidenceOutcome::Satisfied };
            evidence.push(Evidence { requirement: RequirementId(id(kind as u64)), kind, given_on: given(seed), outcome });
        }
    }
    let mut completions = Vec::new();
    for module in 0..12 {
        if module >= 4 && seed.percent(40) || seed.percent(5) {
            continue;
        }
        let completed_on = given(seed);
        completions.push(Completion { module: ModuleId(id(module)), completed_on, expires_on: Some(completed_on + Days::new(1_000)) });
    }
    let scope = if seed.percent(50) { CHILD } else { DbsScope::BASIC };
    let decided = given(seed);
    let check = DbsRecord {
        scope,
        status: DbsStatus::Cleared,
        issued_on: Some(decided),
        decided_on: Some(decided),
        recheck_due_on: Some(decided + Days::new(1_095)),
        obtained_by: None,
    };
    ClearanceRecord {
        membership: if seed.percent(92) { Membership::Active } else { Membership::Paused },
        birth_date: Some(today() - Days::new(5_900 + seed.below(22_000))),
        evidence,
        completions,
        exemptions: vec![],
        checks: vec![check],
        accepted: vec![],
        child_dates: vec![],
    }
}

fn window(seed: &mut Seed) -> Window {
    let starts = seed.quarter(9, 9);
    Window {
        weekday: Weekday::ALL[seed.below(7) as usize],
        starts,
        ends: starts + TimeDelta::minutes(120 + 15 * seed.below(12) as i64),
        zone: ZONE,
        every_weeks: if seed.percent(10) { 2 } else { 1 },
        valid_from: today() - Days::new(seed.below(700)),
        valid_until: None,
        modality: None,
    }
}

/// Where a group meets; three in ten do by phone or video.
fn place(group: u64) -> Option<Point> {
    (group % 10 < 7).then(|| Seed(group).point())
}

/// About one a week at one of a champion's groups: forty in the past, six to come; five champions a session.
fn booking(seed: &mut Seed, size: u64, groups: &[u64]) -> Booking {
    let date = today() - Days::new(280) + Days::new(seed.below(322));
    let from = date.and_time(seed.quarter(9, 9)).and_utc();
    let group = groups[seed.below(groups.len() as u64) as usize];
    Booking {
        session: SessionId(id(seed.below(size * 9))),
        group: GroupId(id(group)),
        span: Span { from, until: from + TimeDelta::minutes(120) },
        date,
        with_children: seed.percent(15),
        at: place(group),
    }
}

fn leave(seed: &mut Seed) -> Exception {
    let first = today() - Days::new(60) + Days::new(seed.below(180));
    let kind = if seed.percent(10) { ExceptionKind::Extra } else { ExceptionKind::Away };
    let times = (kind == ExceptionKind::Extra).then(|| (NaiveTime::MIN + TimeDelta::hours(9), NaiveTime::MIN + TimeDelta::hours(17)));
    Exception { kind, first, last: first + Days::new(seed.below(14)), times, zone: ZONE }
}

/// One of a hundred and twenty; two in ten name some.
fn area(seed: &mut Seed) -> String {
    format!("A{}", seed.below(120))
}

fn champion(seed: &mut Seed, n: u64, size: u64) -> ChampionRecord {
    let other = [Language::Urd, Language::Pol, Language::Bfi, Language::Ara, Language::Pan][seed.below(5) as usize];
    let groups: Vec<u64> = (0..1 + seed.below(3)).map(|_| seed.below(400)).collect();
    ChampionRecord {
        id: ChampionId(id(n)),
        clearance: clearance(seed),
        home: (!seed.percent(2)).then(|| seed.point()),
        reach_metres: 2_000 + 1_000 * seed.below(9) as u32,
        areas: (0..seed.below(10).saturating_sub(7)).map(|_| area(seed)).collect(),
        remote_only: seed.percent(5),
        most_per_month: seed.percent(10).then_some(4),
        most_per_week: (!seed.percent(30)).then(|| 1 + seed.below(3) as u32),
        languages: if seed.percent(20) { vec![Language::Eng, other] } else { vec![Language::Eng] },
        topics: (0..4).map(|_| Topic::ALL[seed.below(Topic::ALL.len() as u64) as usize]).collect(),
        windows: (0..2 + seed.below(4)).map(|_| window(seed)).collect(),
        exceptions: (0..seed.below(3)).map(|_| leave(seed)).collect(),
        bookings: (0..46).map(|_| booking(seed, size, &groups)).collect(),
        last_asked_at: (!seed.percent(10)).then(|| now() - TimeDelta::hours(seed.below(2_000) as i64)),
    }
}

/// The role's fourteen requirements: four modules, nine kinds of evidence, a check.
fn requirements() -> Vec<Requirement> {
    let requirement = |n: u64, kind, module| Requirement {
        id: RequirementId(id(n)),
        kind,
        name: "a requirement".into(),
        module,
        count: if kind == RequirementKind::Reference { 2 } else { 1 },
        valid_months: (kind == RequirementKind::SafeguardingDeclaration).then_some(36),
        in_force_from: today() - Days::new(1_000),
        superseded_on: None,
    };
    let evidence = EVIDENCE.iter().map(|kind| requirement(*kind as u64, *kind, None));
    let modules = (0..4).map(|n| requirement(100 + n, RequirementKind::Training, Some(ModuleId(id(n)))));
    evidence.chain(modules).chain([requirement(200, RequirementKind::Dbs, None)]).collect()
}

/// A session in the eight weeks to come: most in person, some for children, some in a language.
fn need(seed: &mut Seed, size: u64) -> SessionNeed {
    let date = today() + Days::new(1 + seed.below(56));
    let from = date.and_time(seed.quarter(9, 8)).and_utc();
    let (in_person, children) = (seed.percent(70), seed.percent(25));
    let audience = if children { Audience::Children } else { Audience::AdultsPublic };
    SessionNeed {
        session: Some(SessionId(id(seed.below(size * 9)))),
        group: GroupId(id(seed.below(400))),
        span: Span { from, until: from + TimeDelta::minutes(60 + 30 * seed.below(3) as i64) },
        date,
        at: in_person.then(|| seed.point()),
        areas: if in_person { vec![area(seed), area(seed)] } else { vec![] },
        modality: if in_person { Modality::InPerson } else { Modality::Video },
        setting: Setting::Group,
        kind: PlaceKind::Helper,
        facts: SessionFacts { audience, weekly: true, handles_money: false, overnight: false },
        responsible_adult: true,
        dbs: Some(if children { CHILD } else { DbsScope::BASIC }),
        acceptance_of: None,
        modules: vec![(ModuleId(id(4 + seed.below(8))), "M".into())],
        requirements: requirements().into(),
        language: seed.percent(10).then(|| "urd".into()),
        topics: (0..seed.below(4)).map(|_| Topic::ALL[seed.below(Topic::ALL.len() as u64) as usize]).collect(),
        pace: rules::travel::TOWN,
    }
}

fn against(criterion: &mut Criterion, size: u64) {
    let mut seed = Seed(size);
    let champions: Vec<ChampionRecord> = (0..size).map(|n| champion(&mut seed, n, size)).collect();
    let needs: Vec<SessionNeed> = (0..SESSIONS).map(|_| need(&mut seed, size)).collect();
    let index = Index::build(&champions);
    let weights = Weights::default();
    let free: usize = needs.iter().map(|need| index.matches(need, &weights, now(), 0).total).sum();
    eprintln!("{size} champions: {} KiB of columns; {} could come on average", index.bytes() / 1024, free / SESSIONS);

    let mut group = criterion.benchmark_group("one session");
    group.sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(500)).sample_size(20);
    let mut turn = (0..SESSIONS).cycle();
    group.bench_function(BenchmarkId::new("index", size), |bench| {
        bench.iter(|| index.matches(black_box(&needs[turn.next().unwrap_or(0)]), &weights, now(), PAGE));
    });
    let mut turn = (0..SESSIONS).cycle();
    group.bench_function(BenchmarkId::new("the best alone", size), |bench| {
        bench.iter(|| index.best(black_box(&needs[turn.next().unwrap_or(0)]), &weights, now(), PAGE));
    });
    group.bench_function(BenchmarkId::new("asking everybody", size), |bench| {
        bench.iter(|| rank_by(black_box(&needs[turn.next().unwrap_or(0)]), &champions, &weights, now()));
    });
    group.finish();

    let mut group = criterion.benchmark_group("keeping the index");
    group.sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(500)).sample_size(10);
    group.bench_function(BenchmarkId::new("build", size), |bench| bench.iter(|| Index::build(black_box(&champions))));
    let mut index = index;
    let mut turn = champions.iter().cycle();
    group.bench_function(BenchmarkId::new("update one", size), |bench| {
        bench.iter(|| turn.next().into_iter().for_each(|champion| index.update(champion.clone())));
    });
    group.finish();
}

fn matching(criterion: &mut Criterion) {
    [1_000, 10_000, 50_000].into_iter().for_each(|size| against(criterion, size));
}

criterion_group!(benches, matching);
criterion_main!(benches);

//! Boroughs out of a seed: champions and sessions with all that can be odd about them, near the dates where rules turn.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Booking, ChampionRecord};
use crate::acceptance::Accepted;
use crate::availability::{Exception, ExceptionKind, Weekday, Window};
use crate::calendar::Span;
use crate::champion::Membership;
use crate::clearance::ClearanceRecord;
use crate::dbs::{Audience, DbsLevel, DbsRecord, DbsScope, DbsStatus, DbsWorkforce, SessionFacts};
use crate::exemption::Exemption;
use crate::geo::Point;
use crate::id::{ChampionId, GroupId, ModuleId, OrganisationId, RequirementId, SessionId};
use crate::input::{Language, Topic};
use crate::requirement::{Evidence, EvidenceOutcome, Requirement, RequirementKind};
use crate::session::{Modality, PlaceKind, SessionNeed, Setting};
use crate::travel::Pace;

const KINDS: [RequirementKind; 5] = [
    RequirementKind::Reference,
    RequirementKind::Agreement,
    RequirementKind::Identity,
    RequirementKind::Induction,
    RequirementKind::SafeguardingDeclaration,
];
const LANGUAGES: [Language; 3] = [Language::Eng, Language::Urd, Language::Bfi];
const AREAS: [&str; 3] = ["SK4", "E05015027", "M1"];
/// A common Tuesday, the Sundays the clocks change, a leap day and a turn of the year.
const DATES: [&str; 6] = ["2026-12-01", "2027-03-28", "2027-10-31", "2028-02-29", "2026-12-31", "2027-03-27"];

/// A source of choices (SplitMix64); the same seed makes the same borough.
pub(crate) struct Seed(pub u64);

impl Seed {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    pub fn odds(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    pub fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    fn some<T>(&mut self, most: u64, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    /// A date at most so many days from another, and often that very one or the next.
    fn near(&mut self, date: NaiveDate, days: u64) -> NaiveDate {
        let apart = if self.odds(3) { self.below(3) as i64 - 1 } else { self.below(2 * days + 1) as i64 - days as i64 };
        date + TimeDelta::days(apart)
    }

    fn before(&mut self, date: NaiveDate, days: u64) -> NaiveDate {
        if self.odds(12) { self.near(date, 20) } else { date - Days::new(self.below(days)) }
    }

    fn until(&mut self, date: NaiveDate, days: u64) -> Option<NaiveDate> {
        if self.odds(4) { None } else { Some(self.near(date, days) + Days::new(self.below(days))) }
    }

    fn time(&mut self) -> NaiveTime {
        let minute = self.of(&[0, 0, 0, 15, 30, 45, 7]);
        let second = if self.odds(200) { 30 } else { 0 };
        NaiveTime::from_hms_opt(self.below(24) as u32, minute, second).expect("a time")
    }

    fn zone(&mut self) -> chrono_tz::Tz {
        if self.odds(60) { chrono_tz::Asia::Karachi } else { chrono_tz::Europe::London }
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

/// The date a borough is about.
pub(crate) fn date_of(seed: &mut Seed) -> NaiveDate {
    seed.of(&DATES).parse().expect("a date")
}

fn point(seed: &mut Seed) -> Point {
    Point { latitude: 53.35 + seed.below(1_000) as f64 / 10_000.0, longitude: -2.2 + seed.below(1_500) as f64 / 10_000.0 }
}

fn scope(seed: &mut Seed) -> DbsScope {
    let child = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child);
    let both = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::ChildAndAdult);
    seed.of(&[DbsScope::BASIC, DbsScope::BASIC, child, DbsScope { children_barred: true, ..child }, both])
}

fn window(seed: &mut Seed, date: NaiveDate) -> Window {
    let starts = seed.time();
    let whole = seed.odds(3);
    Window {
        weekday: seed.of(&[Weekday::ALL, &[Weekday::from(chrono::Datelike::weekday(&date)); 7]].concat()),
        starts: if whole { NaiveTime::MIN } else { starts },
        ends: if whole { NaiveTime::MIN } else { seed.time() },
        zone: seed.zone(),
        every_weeks: seed.of(&[1, 1, 1, 1, 2, 3, 0]),
        valid_from: seed.before(date, 300),
        valid_until: if seed.odds(3) { seed.until(date, 30) } else { None },
        modality: if seed.odds(30) { Some(seed.of(Modality::ALL)) } else { None },
    }
}

fn exception(seed: &mut Seed, date: NaiveDate) -> Exception {
    let first = seed.near(date, 10);
    Exception {
        kind: seed.of(&[ExceptionKind::Away, ExceptionKind::Extra]),
        first,
        last: first + TimeDelta::days(seed.below(5) as i64 - 1),
        times: if seed.odds(3) { None } else { Some((seed.time(), seed.time())) },
        zone: seed.zone(),
    }
}

fn span(seed: &mut Seed, date: NaiveDate) -> Span {
    let from = date.and_hms_opt(seed.below(24) as u32, seed.of(&[0, 0, 30, 5]), 0).expect("a time").and_utc();
    // A few not in whole seconds; aside, so that the rest of a borough is as it would be without.
    let mut aside = Seed(seed.0.rotate_left(17));
    let mut odd = || TimeDelta::milliseconds(if aside.odds(30) { 999 - 500 * aside.below(4) as i64 } else { 0 });
    Span { from: from + odd(), until: from + odd() + TimeDelta::minutes(30 * (1 + seed.below(5) as i64)) }
}

fn booking(seed: &mut Seed, date: NaiveDate) -> Booking {
    let on = if seed.odds(3) { date } else { seed.near(date, 40) };
    Booking {
        session: SessionId(Uuid::from_u128(u128::from(seed.below(30)))),
        group: GroupId(Uuid::from_u128(u128::from(seed.below(9)))),
        span: span(seed, on),
        date: on,
        with_children: !seed.odds(3),
        at: if seed.odds(4) { Some(point(seed)) } else { None },
    }
}

fn evidence(seed: &mut Seed, date: NaiveDate) -> Evidence {
    Evidence {
        requirement: RequirementId(Uuid::from_u128(u128::from(seed.below(4)))),
        kind: seed.of(&KINDS),
        given_on: if seed.odds(3) { seed.near(date - Days::new(365), 5) } else { seed.before(date, 700) },
        outcome: if seed.odds(6) { EvidenceOutcome::NotSatisfied } else { EvidenceOutcome::Satisfied },
    }
}

fn exemption(seed: &mut Seed, date: NaiveDate) -> Exemption {
    let module = Some(ModuleId(Uuid::from_u128(u128::from(seed.below(3)))));
    let kind = seed.of(&[RequirementKind::Training, KINDS[0], KINDS[1]]);
    let module = module.filter(|_| kind == RequirementKind::Training);
    Exemption { kind, module, from: seed.before(date, 30), until: seed.near(date, 20) }
}

fn organisation(n: u64) -> OrganisationId {
    OrganisationId(Uuid::from_u128(u128::from(n)))
}

fn clearance(seed: &mut Seed, date: NaiveDate) -> ClearanceRecord {
    use crate::training::Completion;
    let completion = |seed: &mut Seed| Completion {
        module: ModuleId(Uuid::from_u128(u128::from(seed.below(3)))),
        completed_on: seed.before(date, 500),
        expires_on: seed.until(date, 60),
    };
    let check = |seed: &mut Seed| DbsRecord {
        scope: scope(seed),
        status: seed.of(&[DbsStatus::Cleared, DbsStatus::Cleared, DbsStatus::ClearedWithConditions, DbsStatus::Issued]),
        issued_on: None,
        decided_on: if seed.odds(9) { None } else { Some(seed.before(date, 400)) },
        recheck_due_on: if seed.odds(9) { None } else { seed.until(date, 60) },
        obtained_by: if seed.odds(3) { Some(organisation(seed.below(2))) } else { None },
    };
    let word = |seed: &mut Seed, n| if seed.odds(2) { None } else { Some(Accepted { by: organisation(n), since: seed.before(date, 90) }) };
    let young = date - Days::new(365 * seed.of(&[16, 18]) + 4);
    let members =
        [[Membership::Active; 6].as_slice(), &[Membership::OnTrial, Membership::Paused, Membership::Left, Membership::Applied]].concat();
    ClearanceRecord {
        membership: seed.of(&members),
        birth_date: if seed.odds(9) { None } else { Some(if seed.odds(3) { seed.near(young, 6) } else { young - Days::new(9_000) }) },
        evidence: seed.some(9, |seed| evidence(seed, date)),
        completions: seed.some(6, completion),
        exemptions: if seed.odds(5) { seed.some(2, |seed| exemption(seed, date)) } else { vec![] },
        checks: seed.some(4, check),
        accepted: (0..2).filter_map(|n| word(seed, n)).collect(),
        child_dates: vec![],
    }
}

/// Champion `n` of a borough around a date.
pub(crate) fn champion(seed: &mut Seed, n: u64, date: NaiveDate) -> ChampionRecord {
    ChampionRecord {
        id: ChampionId(Uuid::from_u128(u128::from(n))),
        clearance: clearance(seed, date),
        home: if seed.odds(9) { None } else { Some(point(seed)) },
        reach_metres: seed.of(&[0, 2_000, 5_000, 9_000, 20_000, u32::MAX]),
        areas: if seed.odds(3) { seed.some(2, |seed| seed.of(&AREAS).to_owned()) } else { vec![] },
        remote_only: seed.odds(9),
        most_per_week: if seed.odds(2) { None } else { Some(seed.below(4) as u32) },
        most_per_month: if seed.odds(8) { Some(seed.below(6) as u32) } else { None },
        languages: seed.some(3, |seed| seed.of(&LANGUAGES)),
        topics: seed.some(4, |seed| seed.of(Topic::ALL)),
        windows: seed.some(6, |seed| window(seed, date)),
        exceptions: if seed.odds(2) { vec![] } else { seed.some(3, |seed| exception(seed, date)) },
        bookings: if seed.odds(2) { Default::default() } else { seed.some(7, |seed| booking(seed, date)).into() },
        last_asked_at: if seed.odds(3) { None } else { Some(now() - TimeDelta::minutes(seed.below(60_000) as i64 - 99)) },
    }
}

fn requirement(seed: &mut Seed, date: NaiveDate) -> Requirement {
    let kind = seed.of(&[KINDS.as_slice(), &[RequirementKind::Training, RequirementKind::Dbs]].concat());
    Requirement {
        id: RequirementId(Uuid::from_u128(u128::from(seed.below(4)))),
        kind,
        name: kind.to_string(),
        module: (kind == RequirementKind::Training).then(|| ModuleId(Uuid::from_u128(u128::from(seed.below(3))))),
        count: seed.of(&[1, 1, 2, 3]),
        valid_months: if seed.odds(2) { None } else { Some(12) },
        in_force_from: date - Days::new(seed.below(50)),
        superseded_on: if seed.odds(4) { Some(seed.near(date, 5)) } else { None },
    }
}

/// A session on about that date; most ask for little, so that somebody can come.
pub(crate) fn need(seed: &mut Seed, date: NaiveDate) -> SessionNeed {
    let modality = seed.of(Modality::ALL);
    let on = if seed.odds(3) { seed.near(date, 8) } else { date };
    let span = span(seed, on);
    let module = |seed: &mut Seed| (ModuleId(Uuid::from_u128(u128::from(seed.below(4)))), "M".to_owned());
    SessionNeed {
        session: if seed.odds(4) { None } else { Some(SessionId(Uuid::from_u128(u128::from(seed.below(30))))) },
        group: GroupId(Uuid::from_u128(u128::from(seed.below(9)))),
        span: if seed.odds(40) { Span { until: span.until + TimeDelta::days(2), ..span } } else { span },
        date: if seed.odds(400) { on + Days::new(90_000) } else { on },
        at: (modality == Modality::InPerson && !seed.odds(20)).then(|| point(seed)),
        areas: if modality == Modality::InPerson { seed.some(2, |seed| seed.of(&AREAS).to_owned()) } else { vec![] },
        modality,
        setting: seed.of(Setting::ALL),
        kind: seed.of(PlaceKind::ALL),
        facts: SessionFacts {
            audience: seed.of(Audience::ALL),
            weekly: seed.odds(3),
            handles_money: seed.odds(9),
            overnight: seed.odds(9),
        },
        responsible_adult: !seed.odds(3),
        dbs: if seed.odds(2) { None } else { Some(scope(seed)) },
        acceptance_of: if seed.odds(3) { Some((organisation(seed.below(3)), "Ours".to_owned())) } else { None },
        modules: if seed.odds(2) { vec![] } else { seed.some(2, module) },
        requirements: if seed.odds(2) { Arc::default() } else { seed.some(3, |seed| requirement(seed, date)).into() },
        language: if seed.odds(3) { Some(seed.of(&LANGUAGES).to_639_3().to_owned()) } else { None },
        topics: seed.some(3, |seed| seed.of(Topic::ALL)),
        pace: Pace { buffer: seed.of(&[15, 15, 0, 90]), speed: seed.of(&[300, 300, 60]) },
    }
}

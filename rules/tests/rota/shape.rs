//! Malformed input is named; reasons, remedies and shadow prices say what they should.
use crate::solve::plan;
use rules::rota::{Assignment, Blocker, Broken, Champion, Fairness, Instance, Malformed, Options, Role, Session, Weights, price};

type Spoil<T> = fn(&mut T);

fn champion(id: usize) -> Champion {
    Champion {
        id,
        x: 0,
        y: 0,
        max_travel: 5000,
        dbs: 2,
        dbs_until: 100,
        modules: vec![(1, 100)],
        availability: vec![(1, 540, 1020)],
        max_per_week: 1,
        groups: vec![],
    }
}

fn session(id: usize, start: i64) -> Session {
    let roles = vec![Role { role: "lead".into(), places: 1, modules: vec![1] }];
    Session { id, group: 0, x: 1000, y: 0, start, end: start + 60, priority: 2, dbs: 2, remote: false, roles }
}

/// One champion, one session on the first Tuesday at ten.
fn tiny() -> Instance {
    let weights = Weights { unfilled: 100_000, fairness: 2000, travel_unit: 10, continuity: 300 };
    Instance { weeks: 1, buffer: 15, speed: 300, weights, champions: vec![champion(0)], sessions: vec![session(0, 1440 + 600)] }
}

#[test]
fn malformed_input_is_named() {
    let faults: [(Malformed, Spoil<Instance>); 9] = [
        (Malformed::Horizon, |i| i.weeks = 0),
        (Malformed::Weights, |i| i.weights.fairness = -1),
        (Malformed::Weights, |i| i.weights.travel_unit = 0),
        (Malformed::ChampionId { champion: 0 }, |i| i.champions[0].id = 4),
        (Malformed::Availability { champion: 0 }, |i| i.champions[0].availability[0].0 = 7),
        (Malformed::SessionId { session: 0 }, |i| i.sessions[0].id = 1),
        (Malformed::SessionTime { session: 0 }, |i| i.sessions[0].end = 0),
        (Malformed::SessionRange { session: 0 }, |i| i.sessions[0].priority = 6),
        (Malformed::Roles { session: 0 }, |i| i.sessions[0].roles.insert(0, Role { role: "helper".into(), places: 1, modules: vec![] })),
    ];
    for (fault, spoil) in faults {
        let mut i = tiny();
        assert_eq!(i.check(), Ok(()));
        spoil(&mut i);
        assert_eq!(i.check(), Err(fault));
    }
}

#[test]
fn one_session_one_champion() {
    let s = plan(&tiny(), &Options::default());
    assert_eq!(s.assign, [Assignment { champion: 0, session: 0, role: 0 }]);
    assert_eq!((s.score.objective(), s.bound, s.gap()), (2100, 2100, 0.0));
}

#[test]
fn each_rule_in_the_way_is_named_with_its_remedy() {
    let ways: [(Blocker, Spoil<Champion>); 4] = [
        (Blocker::TooFar, |c| c.max_travel = 600),
        (Blocker::Dbs, |c| c.dbs = 1),
        (Blocker::Modules, |c| c.modules.clear()),
        (Blocker::Unavailable, |c| c.availability[0].2 = 620),
    ];
    for (blocker, spoil) in ways {
        let mut i = tiny();
        spoil(&mut i.champions[0]);
        let s = plan(&i, &Options::default());
        assert_eq!(s.unfilled[0].blocked, [(blocker, 1)]);
        assert_eq!(s.unfilled[0].remedy.map(|r| (r.champion, r.lift, r.metres)), Some((0, blocker, 1000)));
    }
}

#[test]
fn a_full_week_is_the_reason_and_one_more_champion_is_worth_the_place() {
    let mut i = tiny();
    i.sessions.push(session(1, 1440 + 800));
    let s = plan(&i, &Options::default());
    assert_eq!(s.unfilled[0].blocked, [(Blocker::WeekFull, 1)]);
    let best = s.shadows[0];
    assert_eq!((best.weekday, best.dbs, best.fills, best.worth), (1, 2, 1, 198_000));
    assert_eq!(
        price(&i, &[s.assign[0], Assignment { session: s.unfilled[0].session, ..s.assign[0] }]),
        Err(Broken::WeekFull(Assignment { session: s.unfilled[0].session, ..s.assign[0] }))
    );
}

#[test]
fn fairness_counts_everyone() {
    let f = Fairness::of_loads(&[2, 2, 0]);
    assert_eq!((f.loads, f.max, f.squares), (vec![1, 0, 2], 2, 8));
    assert!((f.unfairness - (8.0f64 - 16.0 / 3.0).sqrt()).abs() < 1e-9);
}

/// Timefold Solver's manual, "Load balancing and fairness": fifteen tasks, five people, from most to least fair.
#[test]
fn published_examples_come_out_in_their_order() {
    let schedules =
        [[3, 3, 3, 3, 3], [4, 4, 3, 2, 2], [5, 3, 3, 2, 2], [5, 5, 2, 2, 1], [6, 3, 3, 2, 1], [5, 6, 2, 1, 1], [11, 1, 1, 1, 1]];
    let ranks: Vec<_> = schedules.iter().map(|s| Fairness::of_loads(s).rank()).collect();
    assert!(ranks.windows(2).all(|w| w[0] < w[1]), "{ranks:?}");
}

use std::collections::HashSet;

use super::*;
use crate::geo::Point;
use crate::matching::borough::{self, Seed, date_of, now};
use crate::matching::factor::Marks;
use crate::matching::{Booking, blockers};
use chrono::TimeDelta;
use proptest::prelude::*;

/// Somebody of one of several boroughs, each too far from the next to go there; few would go that far.
fn champion(seed: &mut Seed, n: u64, date: chrono::NaiveDate) -> ChampionRecord {
    let champion = borough::champion(seed, n, date);
    let reach_metres = if seed.odds(40) { u32::MAX } else { champion.reach_metres.min(20_000) };
    ChampionRecord { home: champion.home.map(|home| elsewhere(seed, home)), reach_metres, ..champion }
}

/// A session in one of those.
fn need(seed: &mut Seed, date: chrono::NaiveDate) -> SessionNeed {
    let need = borough::need(seed, date);
    let areas = if seed.odds(2) { need.areas } else { vec![] };
    SessionNeed { at: need.at.map(|at| elsewhere(seed, at)), areas, ..need }
}

fn elsewhere(seed: &mut Seed, from: Point) -> Point {
    let mut steps = || if seed.odds(2) { 0.0 } else { seed.below(3) as f64 };
    Point { latitude: from.latitude + 0.7 * steps(), longitude: from.longitude + 1.1 * steps() }
}

/// What an index answers is what asking everybody answers, to the bit.
fn agrees(index: &Index, champions: &[ChampionRecord], need: &SessionNeed, most: usize) -> Result<usize, TestCaseError> {
    let found = index.matches(need, &Weights::default(), now(), most);
    let Ranking { mut matches, blocked, blocked_total } = rank_by(need, champions, &Weights::default(), now());
    let total = matches.len();
    matches.truncate(most);
    prop_assert_eq!(&found.blocked, &blocked, "{:?}", need);
    prop_assert_eq!((found.total, found.blocked_total), (total, blocked_total), "{:?}", need);
    prop_assert_eq!(&found.top, &matches, "{:?}", need);
    let best = index.best(need, &Weights::default(), now(), most);
    prop_assert_eq!((&best.top, best.total, best.blocked_total), (&matches, total, blocked_total), "{:?}", need);
    for found in [found, best] {
        let ids: Vec<ChampionId> = found.records.iter().map(|record| record.id).collect();
        prop_assert_eq!(ids, matches.iter().map(|found| found.champion).collect::<Vec<_>>());
    }
    for kind in BlockerKind::ALL {
        let stopped: HashSet<ChampionId> = champions
            .iter()
            .filter(|c| index.record(c.id).is_some())
            .filter(|c| blockers(need, c).iter().all(|b| b.kind() == *kind))
            .map(|c| c.id)
            .collect();
        let found = index.stopped_by_alone(*kind, need).map(|found| found.iter().map(|c| c.id).collect());
        prop_assert_eq!(found, (total == 0).then_some(stopped), "{:?}", need);
    }
    Ok(total)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_index_agrees_with_asking_everybody(seed: u64, size in 1u64..200) {
        let mut seed = Seed(seed);
        let date = date_of(&mut seed);
        let champions: Vec<ChampionRecord> = (0..size).map(|n| champion(&mut seed, n, date)).collect();
        let index = Index::build(&champions);
        for most in [0, 1, 5, 50, 500] {
            agrees(&index, &champions, &need(&mut seed, date), most)?;
        }
    }

    #[test]
    fn and_goes_on_agreeing_as_champions_change(seed: u64) {
        let mut seed = Seed(seed);
        let date = date_of(&mut seed);
        let mut champions: BTreeMap<u64, ChampionRecord> = (0..60).map(|n| (n, champion(&mut seed, n, date))).collect();
        let mut index = Index::build(&champions.values().cloned().collect::<Vec<_>>());
        for step in 0..160 {
            let n = seed.below(80);
            if seed.odds(4) {
                index.remove(ChampionId(uuid::Uuid::from_u128(u128::from(n))));
                champions.remove(&n);
            } else {
                let changed = champion(&mut seed, n, date);
                index.update(changed.clone());
                champions.insert(n, changed);
            }
            if step % 20 == 0 {
                agrees(&index, &champions.values().cloned().collect::<Vec<_>>(), &need(&mut seed, date), 7)?;
            }
        }
        let piled = |district: &District| (district.used() - district.people().count()) * 3 > 64 + district.used();
        prop_assert!(!index.districts.iter().any(piled), "what is gone does not pile up");
    }
}

proptest! {
    #[test]
    fn what_is_left_out_of_a_record_says_nothing_of_sessions_from_the_date_on(seed: u64, ahead in 0i64..60) {
        let mut seed = Seed(seed);
        let date = date_of(&mut seed);
        for n in 0..20 {
            let mut full = champion(&mut seed, n, date);
            // As much again, long ago.
            let ago = TimeDelta::days(70 + i64::try_from(seed.below(400)).expect("days"));
            let past: Vec<Booking> = full.bookings.iter().map(|b| Booking {
                session: crate::id::SessionId(uuid::Uuid::from_u128(u128::from(seed.below(u64::MAX)))),
                span: crate::calendar::Span { from: b.span.from - ago, until: b.span.until - ago },
                date: b.date - ago,
                ..b
            }).collect();
            full.bookings = past.into_iter().chain(full.bookings.iter()).collect();
            let kept = full.clone().matched_from(date - TimeDelta::days(ahead));
            let need = need(&mut seed, date);
            prop_assert_eq!(blockers(&need, &kept), blockers(&need, &full));
            prop_assert_eq!(Marks::of(&need, &kept, now()), Marks::of(&need, &full, now()));
            let done = |record: &ChampionRecord| crate::matching::done_before(record, need.span.from).min(crate::proposal::FIRST_SESSIONS);
            prop_assert_eq!(done(&kept), done(&full));
            prop_assert!(kept.bookings.len() <= full.bookings.len());
        }
    }
}

#[test]
fn what_was_known_of_somebody_before_takes_no_room() {
    let mut seed = Seed(7);
    let date = date_of(&mut seed);
    let champions: Vec<ChampionRecord> = (0..50).map(|n| champion(&mut seed, n, date)).collect();
    let mut index = Index::build(&champions);
    let id = champions.iter().find(|c| index.record(c.id).is_some()).expect("somebody").id;
    let before = Arc::downgrade(index.record(id).expect("a record"));
    index.update(champions.iter().find(|c| c.id == id).expect("the same").clone());
    assert!(index.record(id).is_some() && before.upgrade().is_none());
    let last = Arc::downgrade(index.record(id).expect("a record"));
    index.remove(id);
    assert!(index.record(id).is_none() && last.upgrade().is_none());
}

#[test]
fn there_is_a_little_room_to_grow() {
    let mut seed = Seed(11);
    let date = date_of(&mut seed);
    let home = Some(crate::geo::Point { latitude: 53.4, longitude: -2.15 });
    let champions: Vec<_> = (0..2_000).map(|n| ChampionRecord { home, ..champion(&mut seed, n, date) }).collect();
    let mut index = Index::build(&champions);
    champions.iter().step_by(50).for_each(|champion| index.update(champion.clone()));
    // A copy's lists have no room to grow.
    let (with_room, without) = (index.bytes(), index.clone().bytes());
    assert!(with_room < without * 9 / 8, "{with_room} bytes, {without} without room to grow");
}

#[test]
fn boroughs_are_not_all_empty() {
    let mut seed = Seed(1);
    let mut most_found = 0;
    let (mut kinds, mut some) = (std::collections::BTreeSet::new(), 0);
    for _ in 0..200 {
        let date = date_of(&mut seed);
        let champions: Vec<ChampionRecord> = (0..100).map(|n| borough::champion(&mut seed, n, date)).collect();
        let ranking = rank_by(&borough::need(&mut seed, date), &champions, &Weights::default(), now());
        most_found = most_found.max(ranking.matches.len());
        some += usize::from(!ranking.matches.is_empty());
        kinds.extend(ranking.blocked.into_keys());
    }
    assert!(most_found > 5 && some > 60, "{most_found} at best, {some} of 200 with somebody");
    assert_eq!(kinds.len(), BlockerKind::ALL.len(), "every kind of blocker comes up");
}

#[test]
fn a_country_has_districts_and_some_sessions_concern_few_of_them() {
    let mut seed = Seed(3);
    let date = date_of(&mut seed);
    let index = Index::build(&(0..100).map(|n| champion(&mut seed, n, date)).collect::<Vec<_>>());
    let needs: Vec<SessionNeed> = (0..100).map(|_| need(&mut seed, date)).collect();
    let asked = |need: &SessionNeed| index.districts.iter().filter(|district| district.may_reach(need)).count();
    let all = needs.iter().filter(|need| asked(need) == index.districts.len()).count();
    let few = needs.iter().filter(|need| asked(need) * 2 < index.districts.len()).count();
    assert!(index.districts.len() > 6 && all > 20 && few > 10, "of {}, {all} concern all and {few} few", index.districts.len());
}

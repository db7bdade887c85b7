//! No broken rule anywhere, the same answer twice, and wishes heeded.
use crate::boroughs::borough;
use rules::rota::{Instance, Options, Solution, price, solve};
use std::ops::ControlFlow;

pub fn plan(i: &Instance, options: &Options) -> Solution {
    solve(i, options, &mut |_| ControlFlow::Continue(())).expect("the pins keep the rules")
}

fn sound(i: &Instance, s: &Solution, seed: u64) {
    let checked = price(i, &s.assign).unwrap_or_else(|b| panic!("borough {seed}: {b:?}"));
    assert_eq!(checked.objective(), s.score.objective(), "borough {seed}");
    assert!(s.bound <= checked.objective(), "borough {seed}: bound {} above {}", s.bound, checked.objective());
    let missing: i64 = s.unfilled.iter().map(|u| u.missing).sum();
    let places: i64 = i.sessions.iter().flat_map(|s| &s.roles).map(|r| r.places).sum();
    assert_eq!(missing, places - s.assign.len() as i64, "borough {seed}");
}

#[test]
fn no_broken_rule_in_ten_thousand_boroughs() {
    for seed in 0..10_000 {
        let i = borough(seed, 12, 12);
        assert_eq!(i.check(), Ok(()), "borough {seed}");
        sound(&i, &plan(&i, &Options { seed, ..Options::default() }), seed);
    }
}

#[test]
fn larger_boroughs_stopped_anywhere_keep_the_rules() {
    for seed in 0..40 {
        let i = borough(seed * 7 + 1, 150, 120);
        for work in [0, 30_000, u64::MAX] {
            sound(&i, &plan(&i, &Options { work, ..Options::default() }), seed);
        }
        let cut = solve(&i, &Options::default(), &mut |_| ControlFlow::Break(())).expect("no pins");
        sound(&i, &cut, seed);
    }
}

#[test]
fn same_seed_same_work_same_answer() {
    for seed in 0..30 {
        let i = borough(seed * 5 + 2, 120, 100);
        let options = Options { seed, work: 60_000, ..Options::default() };
        assert_eq!(plan(&i, &options), plan(&i, &options));
    }
}

#[test]
fn what_is_published_stays_where_nothing_is_gained() {
    for seed in 0..200 {
        let i = borough(seed, 30, 25);
        let first = plan(&i, &Options { seed: 1, ..Options::default() });
        let again = plan(&i, &Options { seed: 2, published: first.assign.clone(), ..Options::default() });
        assert!(again.score.objective() <= first.score.objective(), "borough {seed}");
        if again.score.objective() == first.score.objective() {
            assert_eq!(again.score.change, 0, "borough {seed}");
        }
    }
}

#[test]
fn barred_pairs_are_not_used_unless_pinned() {
    for seed in 0..200 {
        let i = borough(seed, 12, 12);
        let first = plan(&i, &Options::default());
        let barred: Vec<(usize, usize)> = first.assign.iter().map(|a| (a.champion, a.session)).collect();
        let pins: Vec<_> = first.assign.iter().filter(|a| a.role == 0).take(1).copied().collect();
        let s = plan(&i, &Options { barred, pins: pins.clone(), ..Options::default() });
        assert!(
            s.assign.iter().all(|a| !first.assign.iter().any(|b| (a.champion, a.session) == (b.champion, b.session)) || pins.contains(a))
        );
        assert!(pins.iter().all(|p| s.assign.contains(p)));
    }
}

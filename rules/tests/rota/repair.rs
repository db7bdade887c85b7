//! After a drop-out: rules kept, and no single replacement or swap does better.
use crate::boroughs::borough;
use crate::solve::plan;
use rules::rota::{Assignment, Instance, Options, Repairer, price, repair};

/// The best rota that one champion's one step can bring: nobody, someone for the place, or someone out of another place.
fn one_step(i: &Instance, rest: &[Assignment], dropped: Assignment) -> Option<i64> {
    let mut best = price(i, rest).ok().map(|s| s.objective());
    for champion in (0..i.champions.len()).filter(|c| *c != dropped.champion) {
        let joined: Vec<Assignment> = rest.iter().copied().chain([Assignment { champion, ..dropped }]).collect();
        let swaps = joined[..rest.len()].iter().filter(|a| a.champion == champion && a.role > 0);
        let without = swaps.map(|gone| joined.iter().filter(|a| *a != gone).copied().collect::<Vec<_>>());
        for rota in without.chain([joined.clone()]) {
            let cost = price(i, &rota).ok().map(|s| s.objective());
            best = best.into_iter().chain(cost).min();
        }
    }
    best
}

#[test]
fn the_chain_keeps_the_rules_and_beats_every_single_step() {
    let mut chains = 0;
    for seed in 0..400 {
        let i = borough(seed, 20, 20);
        let current = plan(&i, &Options::default()).assign;
        let Some(dropped) = current.get(seed as usize % current.len().max(1)).copied() else { continue };
        let r = repair(&i, &current, dropped, &[], &[]).expect("it is in the rota");
        let score = price(&i, &r.assign).unwrap_or_else(|b| panic!("borough {seed}: {b:?}"));
        assert_eq!(score, r.score);
        assert!(!r.assign.contains(&dropped) && r.removed[0] == dropped);
        let rest: Vec<Assignment> = current.iter().filter(|a| **a != dropped).copied().collect();
        if let Some(best) = one_step(&i, &rest, dropped) {
            assert!(score.objective() <= best, "borough {seed}: {} over {best}", score.objective());
        }
        chains += usize::from(r.added.len() > 1);
    }
    assert!(chains > 5, "{chains}");
}

#[test]
fn pinned_places_stay() {
    for seed in 0..200 {
        let i = borough(seed, 20, 20);
        let current = plan(&i, &Options::default()).assign;
        let Some(dropped) = current.first().copied() else { continue };
        let pins: Vec<Assignment> = current[1..].iter().filter(|a| a.session != dropped.session).copied().collect();
        let r = repair(&i, &current, dropped, &pins, &[]).expect("it is in the rota");
        assert!(pins.iter().all(|p| r.assign.contains(p)), "borough {seed}");
    }
}

#[test]
fn drop_outs_one_after_another_leave_a_rota_in_order() {
    let mut repaired = 0;
    for seed in 0..150 {
        let i = borough(seed, 20, 20);
        let mut kept = Repairer::new(&i, &plan(&i, &Options::default()).assign, &[], &[]);
        let mut barred = Vec::new();
        for drop in 0..6 {
            let Some(dropped) = kept.assign().get((seed as usize * 7 + drop * 3) % kept.assign().len().max(1)).copied() else { break };
            let found = kept.repair(dropped).expect("it is in the rota");
            assert_eq!(kept.repair(dropped), Ok(found.clone()), "borough {seed}: nothing changes before it is adopted");
            let fresh = Repairer::new(&i, kept.assign(), &[], &barred).repair(dropped).expect("it is in the rota");
            assert_eq!(found.score.objective(), fresh.score.objective(), "borough {seed}: what is kept is what is there");
            kept.adopt(&found);
            barred.push((dropped.champion, dropped.session));
            assert_eq!(price(&i, kept.assign()), Ok(found.score), "borough {seed}");
            assert!(found.assign.iter().all(|a| !barred.contains(&(a.champion, a.session))), "borough {seed}: nobody is asked back");
            repaired += usize::from(!found.added.is_empty());
        }
    }
    assert!(repaired > 100, "{repaired}");
}

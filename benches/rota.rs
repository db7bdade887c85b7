//! The planner and its repair in one interleaved run, on instances in the file format: `cargo bench -p rules --bench rota -- FILE..`.
//! Without a file it makes a borough of its own. benches/rota.md has figures.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints what it measured")]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rules::rota::{Champion, Instance, Options, Role, Session, Solution, Weights, repair, solve};

/// Times each instance is solved, its repairs between.
const ROUNDS: usize = 7;
/// Drop-outs repaired after each solve.
const DROPS: usize = 60;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    println!("| instance | objective | bound | gap | solve, median | repair, median | slowest in twenty | repair / solve |");
    println!("|---|---|---|---|---|---|---|---|");
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a file that can be read");
        let instance: Instance = serde_json::from_str(&text).expect("an instance in the format");
        instance.check().expect("well formed");
        measure(file.rsplit('/').next().unwrap_or(file), &instance);
    }
    if files.is_empty() {
        for (champions, sessions) in [(500, 375), (2_000, 1_500), (8_000, 6_000)] {
            measure(&format!("borough of {champions} x {sessions}"), &borough(champions, sessions));
        }
    }
}

fn measure(name: &str, instance: &Instance) {
    let (mut solves, mut repairs): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    let mut last: Option<Solution> = None;
    for round in 0..ROUNDS {
        let start = Instant::now();
        let solution = solve(instance, &Options::default(), &mut |_| ControlFlow::Continue(())).expect("no pins");
        solves.push(start.elapsed());
        for drop in 0..DROPS.min(solution.assign.len()) {
            let dropped = solution.assign[(drop * 7_919 + round * 104_729) % solution.assign.len()];
            let start = Instant::now();
            let repaired = repair(instance, &solution.assign, dropped, &[], &[]).expect("it is in the rota");
            repairs.push(start.elapsed());
            assert!(!repaired.assign.contains(&dropped));
        }
        assert!(last.as_ref().is_none_or(|before| *before == solution), "the same seed, the same rota");
        last = Some(solution);
    }
    let Some(solution) = last else { return };
    let (solve, fix, slow) = (part(&mut solves, 0.5), part(&mut repairs, 0.5), part(&mut repairs, 0.95));
    println!(
        "| {name} | {} | {} | {:.3}% | {solve:.1?} | {fix:.2?} | {slow:.2?} | {:.2}% |",
        solution.score.objective(),
        solution.bound,
        100.0 * solution.gap(),
        100.0 * fix.as_secs_f64() / solve.as_secs_f64()
    );
}

/// The value that so large a part of all does not pass.
fn part(all: &mut [Duration], share: f64) -> Duration {
    all.sort_unstable();
    all.get((all.len() as f64 * share) as usize).copied().unwrap_or_default()
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as i64
    }
}

/// Towns apart, four hundred champions each, two weeks of sessions of an hour or two.
fn borough(champions: i64, sessions: i64) -> Instance {
    let d = &mut Dice(1);
    let towns: Vec<(i64, i64)> = (0..(champions / 400).max(1)).map(|_| (d.roll(90_000), d.roll(90_000))).collect();
    let near = |d: &mut Dice| {
        let (x, y) = towns[d.roll(towns.len() as i64) as usize];
        (x + d.roll(9_000) - 4_500, y + d.roll(9_000) - 4_500)
    };
    Instance {
        weeks: 2,
        buffer: 15,
        speed: 300,
        weights: Weights { unfilled: 100_000, fairness: 2_000, travel_unit: 10, continuity: 300 },
        champions: (0..champions as usize).map(|id| champion(d, id, near)).collect(),
        sessions: (0..sessions as usize).map(|id| session(d, id, near)).collect(),
    }
}

fn champion(d: &mut Dice, id: usize, near: impl Fn(&mut Dice) -> (i64, i64)) -> Champion {
    let (x, y) = near(d);
    let modules = (0..10).filter(|_| d.roll(10) < 6).collect::<Vec<_>>();
    let days = (0..7).filter(|_| d.roll(7) < 3).collect::<Vec<_>>();
    Champion {
        id,
        x,
        y,
        max_travel: 500 * (6 + d.roll(18)),
        dbs: d.roll(4),
        dbs_until: 700,
        modules: modules.into_iter().map(|m| (m, 1 + d.roll(900))).collect(),
        availability: days.into_iter().map(|day| (day, 480 + 15 * d.roll(20), 900 + 15 * d.roll(22))).collect(),
        max_per_week: 1 + d.roll(3),
        groups: (0..d.roll(3)).map(|_| d.roll(400)).collect(),
    }
}

fn session(d: &mut Dice, id: usize, near: impl Fn(&mut Dice) -> (i64, i64)) -> Session {
    let (x, y) = near(d);
    let start = d.roll(14) * 1_440 + 540 + 15 * d.roll(32);
    let role = |d: &mut Dice, role: &str, places| Role { role: role.into(), places, modules: vec![d.roll(5)] };
    let helpers = 1 + d.roll(2);
    let roles = vec![role(d, "lead", 1), role(d, "helper", helpers)];
    Session {
        id,
        group: d.roll(400),
        x,
        y,
        start,
        end: start + 60 + 30 * d.roll(3),
        priority: 1 + d.roll(5),
        dbs: d.roll(3),
        remote: false,
        roles,
    }
}

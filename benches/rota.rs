//! The planner and its repair in one interleaved run, on instances in the file format: `cargo bench -p rules --bench rota -- FILE..`.
//! Without a file it makes boroughs of its own. `--out=DIR` writes the rotas there, for a checker, and plans each instance once more,
//! alone: time and memory of that. benches/rota.md has figures and says how they are measured.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints what it measured")]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rules::rota::{Assignment, Champion, Instance, Options, Repair, Repairer, Role, Session, Solution, Weights, price, repair, solve};

/// Times each instance is solved, its repairs between.
const ROUNDS: usize = 7;
/// Drop-outs repaired after each solve.
const DROPS: usize = 60;
/// Drop-outs after which everything is planned anew too, to see what the chain misses.
const ANEW: usize = 10;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let files = || args.iter().filter(|a| !a.starts_with("--"));
    let out = args.iter().find_map(|a| a.strip_prefix("--out="));
    if out.is_none() {
        println!(
            "| instance | objective | bound | gap | solve | its processor time | getting ready | repair | slowest in twenty | of a solve's | from nothing | of a solve's | above planning anew |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    }
    for file in files() {
        let text = std::fs::read_to_string(file).expect("a file that can be read");
        let instance: Instance = serde_json::from_str(&text).expect("an instance in the format");
        instance.check().expect("well formed");
        let name = file.rsplit('/').next().unwrap_or(file);
        match out {
            Some(dir) => write(name, &instance, dir),
            None => measure(name, &instance),
        }
    }
    if files().next().is_none() {
        for (champions, sessions) in [(500, 375), (2_000, 1_500), (8_000, 6_000)] {
            measure(&format!("borough of {champions} x {sessions}"), &borough(champions, sessions));
        }
    }
}

/// To the end: a limit in seconds would make rotas differ where the machine is busy.
fn plan(instance: &Instance, options: &Options) -> Solution {
    solve(instance, options, &mut |_| ControlFlow::Continue(())).expect("no pins")
}

fn write(name: &str, instance: &Instance, dir: &str) {
    let (before, start) = (cpu(), Instant::now());
    let solution = plan(instance, &Options::default());
    let (used, took) = (cpu() - before, start.elapsed());
    let score = price(instance, &solution.assign).expect("every rule is kept");
    assert_eq!(score.objective(), solution.score.objective(), "priced twice");
    let assign: Vec<Assignment> = solution.assign.clone();
    std::fs::write(format!("{dir}/{name}.rota"), serde_json::json!({ "assign": assign }).to_string()).expect("a folder to write to");
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    println!(
        "| {name} | {} | {} | {:.4}% | {took:.2?}, {used:.2?} of a processor | {peak} |",
        score.objective(),
        solution.bound,
        100.0 * solution.gap()
    );
}

/// Processor time of this process; where the system does not tell, nothing.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

/// Runs it; adds the time it took.
fn timed<T>(all: &mut Vec<Duration>, f: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = f();
    all.push(start.elapsed());
    value
}

fn measure(name: &str, instance: &Instance) {
    let (mut solves, mut readies, mut repairs, mut colds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last: Option<Solution> = None;
    let (mut used, mut drops) = ([Duration::MAX, Duration::ZERO, Duration::ZERO], 0);
    for round in 0..ROUNDS {
        let before = cpu();
        let solution = timed(&mut solves, || plan(instance, &Options::default()));
        used[0] = used[0].min(cpu() - before);
        let dropped = |drop: usize| solution.assign[(drop * 7_919 + round * 104_729) % solution.assign.len()];
        let these = || (0..DROPS.min(solution.assign.len())).map(dropped);
        let mut ready = timed(&mut readies, || Repairer::new(instance, &solution.assign, &[], &[]));
        let before = cpu();
        let warm: Vec<Repair> = these().map(|d| timed(&mut repairs, || ready.repair(d).expect("it is in the rota"))).collect();
        let between = cpu();
        for (dropped, warm) in these().zip(warm) {
            let cold = timed(&mut colds, || repair(instance, &solution.assign, dropped, &[], &[]).expect("it is in the rota"));
            assert!(!warm.assign.contains(&dropped) && !cold.assign.contains(&dropped));
            assert!(warm.score.objective() <= cold.score.objective(), "who looks longer finds no worse");
        }
        used = [used[0], used[1] + (between - before), used[2] + (cpu() - between)];
        drops += these().count() as u32;
        assert!(last.as_ref().is_none_or(|before| *before == solution), "the same seed, the same rota");
        last = Some(solution);
    }
    let Some(solution) = last else { return };
    let middle = |all: &mut Vec<Duration>| part(all, 0.5);
    let share = |used_by: Duration| 100.0 * used_by.as_secs_f64() / f64::from(drops.max(1)) / used[0].as_secs_f64();
    println!(
        "| {name} | {} | {} | {:.3}% | {:.1?} | {:.1?} | {:.2?} | {:.2?} | {:.2?} | {:.2}% | {:.2?} | {:.2}% | {} |",
        solution.score.objective(),
        solution.bound,
        100.0 * solution.gap(),
        middle(&mut solves),
        used[0],
        middle(&mut readies),
        middle(&mut repairs),
        part(&mut repairs, 0.95),
        share(used[1]),
        middle(&mut colds),
        share(used[2]),
        anew(instance, &solution)
    );
}

/// What the rota costs more after a chain than after planning everything anew without the pair: the median and the most.
fn anew(instance: &Instance, solution: &Solution) -> String {
    let mut ready = Repairer::new(instance, &solution.assign, &[], &[]);
    let mut more: Vec<i64> = Vec::new();
    for drop in 0..ANEW.min(solution.assign.len()) {
        let dropped = solution.assign[(drop * 7_919) % solution.assign.len()];
        let chain = ready.repair(dropped).expect("it is in the rota").score.objective();
        let barred = vec![(dropped.champion, dropped.session)];
        more.push(chain - plan(instance, &Options { barred, ..Options::default() }).score.objective());
    }
    more.sort_unstable();
    format!("{}, {}", more.get(more.len() / 2).unwrap_or(&0), more.last().unwrap_or(&0))
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

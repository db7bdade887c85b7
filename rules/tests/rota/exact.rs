//! Every rota of a small borough, to know the best one for certain.
use crate::boroughs::borough;
use crate::slow::{allowed, clash, slow};
use rules::rota::{Assignment, Instance, Options, solve};
use std::ops::ControlFlow;

struct Exhaustive<'a> {
    instance: &'a Instance,
    /// One entry a place: session, role, and who may take it.
    places: Vec<(usize, usize, Vec<usize>)>,
    pins: &'a [Assignment],
    rota: Vec<Assignment>,
    best: i64,
}

/// The least objective of all rotas that keep the rules and hold `pins`.
pub fn optimum(instance: &Instance, pins: &[Assignment]) -> i64 {
    let mut places = Vec::new();
    for s in &instance.sessions {
        for (r, role) in s.roles.iter().enumerate() {
            let may: Vec<usize> = (0..instance.champions.len())
                .filter(|&champion| allowed(instance, Assignment { champion, session: s.id, role: r }))
                .collect();
            places.extend((0..role.places).map(|_| (s.id, r, may.clone())));
        }
    }
    let mut e = Exhaustive { instance, places, pins, rota: Vec::new(), best: i64::MAX };
    e.place(0);
    e.best
}

impl Exhaustive<'_> {
    fn place(&mut self, at: usize) {
        let Some((session, role, may)) = self.places.get(at).cloned() else {
            if self.pins.iter().all(|p| self.rota.contains(p)) {
                self.best = self.best.min(slow(self.instance, &self.rota).unwrap_or(i64::MAX));
            }
            return;
        };
        self.place(at + 1);
        for champion in may {
            let a = Assignment { champion, session, role };
            let mine = self.rota.iter().filter(|b| b.champion == champion);
            if mine.clone().all(|b| !clash(self.instance, b.session, session)) {
                self.rota.push(a);
                self.place(at + 1);
                self.rota.pop();
            }
        }
    }
}

fn small(seed: u64) -> Option<Instance> {
    let i = borough(seed, 5, 5);
    let places: i64 = i.sessions.iter().flat_map(|s| &s.roles).map(|r| r.places).sum();
    (places > 0 && places <= 7 && !i.champions.is_empty()).then_some(i)
}

#[test]
fn the_bound_never_exceeds_the_optimum_and_the_rota_reaches_it() {
    let (mut cases, mut best, mut proven) = (0, 0, 0);
    for i in (0..).filter_map(small).take(1500) {
        let s = solve(&i, &Options::default(), &mut |_| ControlFlow::Continue(())).expect("no pins");
        let optimum = optimum(&i, &[]);
        assert!(s.bound <= optimum && optimum <= s.score.objective(), "{} {optimum} {}", s.bound, s.score.objective());
        cases += 1;
        best += u32::from(s.score.objective() == optimum);
        proven += u32::from(s.bound == optimum);
    }
    assert!(best * 100 >= cases * 99 && proven * 100 >= cases * 95, "{best} best, {proven} proven of {cases}");
}

#[test]
fn with_pins_too() {
    let (mut cases, mut best) = (0, 0);
    for i in (5000..).filter_map(small).take(600) {
        let free = solve(&i, &Options { seed: 3, ..Options::default() }, &mut |_| ControlFlow::Break(())).expect("no pins");
        let pins: Vec<Assignment> = free.assign.iter().filter(|a| a.role == 0).step_by(2).copied().collect();
        let s = solve(&i, &Options { pins: pins.clone(), ..Options::default() }, &mut |_| ControlFlow::Continue(())).expect("pins hold");
        let optimum = optimum(&i, &pins);
        assert!(pins.iter().all(|p| s.assign.contains(p)));
        assert!(s.bound <= optimum && optimum <= s.score.objective());
        cases += 1;
        best += u32::from(s.score.objective() == optimum);
    }
    assert!(best * 100 >= cases * 99, "{best} best of {cases}");
}

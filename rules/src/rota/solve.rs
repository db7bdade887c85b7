//! Plans a rota from start to end.
use super::engine::{Control, Engine};
use super::explain::{Unfilled, explain};
use super::fairness::Fairness;
use super::graph::{Graph, Wishes};
use super::instance::{Assignment, Instance};
use super::order::Arranged;
use super::polish::polish;
use super::price::{Broken, Score, score, verify};
use super::shadow::{Shadow, shadows};
use super::state::Held;
use crate::rng::Rng;
use std::ops::ControlFlow;

/// What the caller decides besides the instance.
#[derive(Clone, Debug)]
pub struct Options {
    /// Same seed, same instance, same budget: same rota.
    pub seed: u64,
    /// Pairs to look at before stopping; the rota is whole long before on most instances.
    pub work: u64,
    /// Assignments that must stay, such as accepted ones. Each must be allowed. A pinned helper stays even when no lead is found.
    pub pins: Vec<Assignment>,
    /// What is published: kept where the objective is the same.
    pub published: Vec<Assignment>,
    /// `(champion, session)` pairs that must not be, such as offers declined. A pin outranks it.
    pub barred: Vec<(usize, usize)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, work: u64::MAX, pins: Vec::new(), published: Vec::new(), barred: Vec::new() }
    }
}

/// How far a solve is. Costs are in the objective's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Pairs looked at.
    pub work: u64,
    /// Objective of the rota in hand.
    pub objective: i64,
    /// Proven lower bound so far; `i64::MIN` until there is one.
    pub bound: i64,
}

/// A rota and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The rota, sorted.
    pub assign: Vec<Assignment>,
    /// The objective by term.
    pub score: Score,
    /// No rota has an objective below this.
    pub bound: i64,
    /// Empty places, with reasons.
    pub unfilled: Vec<Unfilled>,
    /// Where one more champion would fill most.
    pub shadows: Vec<Shadow>,
    /// How evenly the work is spread.
    pub fairness: Fairness,
    /// Pairs looked at.
    pub work: u64,
}

/// Attempts at a neighbourhood without gain before the rota counts as finished.
const RUINS: u32 = 1500;

impl Solution {
    /// The objective above the bound, as a share of the bound: 0 is proven best.
    pub fn gap(&self) -> f64 {
        (self.score.objective() - self.bound) as f64 / (self.bound.abs().max(1)) as f64
    }
}

struct Caller<'a> {
    progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    budget: u64,
    scale: i64,
    next: u64,
    /// Work before the present stage, which counts its own from 0.
    base: u64,
    bound: i64,
    stopped: bool,
}

impl Control for Caller<'_> {
    fn stop(&mut self, work: u64, objective: i64) -> bool {
        let work = work + self.base;
        if work >= self.next && !self.stopped {
            self.next = work + 20_000;
            let p = Progress { work, objective: objective.div_euclid(self.scale), bound: self.bound };
            self.stopped = work > self.budget || (self.progress)(p).is_break();
        }
        self.stopped
    }
}

/// Plans the rota. `progress` is asked now and then and can end the work early; the rota keeps every hard rule even then.
/// The instance must have passed [`Instance::check`]. Errs if the pins by themselves break a hard rule.
pub fn solve(instance: &Instance, options: &Options, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Solution, Broken> {
    verify(instance, &options.pins)?;
    let map = Arranged::new(instance);
    let inside = |all: &[Assignment]| -> Vec<Assignment> { all.iter().map(|a| map.inside(a)).collect() };
    let (pinned, published) = (inside(&options.pins), inside(&known(instance, &options.published)));
    let outranked = |&(champion, session): &(usize, usize)| pinned.iter().any(|p| (p.champion, p.session) == (champion, session));
    let exists = |b: &&(usize, usize)| b.0 < instance.champions.len() && b.1 < instance.sessions.len();
    let barred = options.barred.iter().filter(exists).map(|&(c, s)| map.inside(&(c, s, 0).into())).map(|a| (a.champion, a.session));
    let barred: Vec<(usize, usize)> = barred.filter(|b| !outranked(b)).collect();
    let g = Graph::new(&map.instance, &Wishes { barred: &barred, published: &published });
    let mut caller = Caller { progress, budget: options.work, scale: g.scale, next: 0, base: 0, bound: i64::MIN, stopped: false };
    let mut e = Engine::new(&g, instance.champions.len(), &pins(&g, &pinned));
    let queue = e.vacancies();
    if e.settle(queue, &mut caller) {
        e.st.commit();
        e.improve(&mut caller);
        refine(&mut e, options.seed, &mut caller);
    }
    if caller.stopped {
        e.top_up();
        let mut plain = Engine::new(&g, instance.champions.len(), &pins(&g, &pinned));
        plain.top_up();
        e.take_if_better(plain);
    }
    caller.next = e.s.work;
    caller.base = e.s.work;
    let bound = polish(&g, &e.st, &mut caller);
    let mut assign: Vec<Assignment> = e.st.assignments(&g).iter().map(|a| map.outside(a)).collect();
    assign.sort_unstable();
    if let Some(published) = better(instance, options, &assign) {
        assign = published;
    }
    let price = |session: usize, role: usize| e.st.price[(g.first[map.session(session)] + role as u32) as usize].div_euclid(g.scale);
    Ok(Solution {
        score: Score { change: lost(&options.published, &assign), ..score(instance, &assign) },
        bound: bound.div_euclid(g.scale) + i64::from(bound.rem_euclid(g.scale) > 0),
        unfilled: explain(instance, &assign, &options.barred),
        shadows: shadows(instance, &assign, &price),
        fairness: Fairness::of(instance.champions.len(), &assign),
        work: e.s.work,
        assign,
    })
}

/// What is published, where it still keeps every rule and wish and the plan is no better: then nothing changes.
fn better(instance: &Instance, options: &Options, assign: &[Assignment]) -> Option<Vec<Assignment>> {
    let mut published = options.published.clone();
    published.sort_unstable();
    let wished = options.pins.iter().all(|p| published.binary_search(p).is_ok())
        && !published.iter().any(|a| !options.pins.contains(a) && options.barred.contains(&(a.champion, a.session)));
    let cost = super::price::price(instance, &published).ok()?.objective();
    (wished && cost <= score(instance, assign).objective()).then_some(published)
}

fn lost(published: &[Assignment], assign: &[Assignment]) -> i64 {
    published.iter().filter(|a| assign.binary_search(a).is_err()).count() as i64
}

/// Prices and rota by turns, then neighbourhoods around what still does not fit.
fn refine(e: &mut Engine, seed: u64, caller: &mut Caller) {
    let mut rng = Rng::new(seed);
    for _ in 0..3 {
        let _ = e.mend(1, caller) && e.improve(caller);
    }
    e.mend(2, caller);
    let mut faults = e.faults();
    let mut patience = RUINS;
    while !faults.is_empty() && patience > 0 && !caller.stopped {
        patience -= 1;
        if e.ruin(&faults, &mut rng, caller) {
            let _ = e.improve(caller) && e.mend(2, caller);
            faults = e.faults();
            patience = RUINS;
        }
    }
}

/// Published assignments to champions, sessions and roles that still exist.
fn known(instance: &Instance, published: &[Assignment]) -> Vec<Assignment> {
    let role = |a: &Assignment| instance.sessions.get(a.session).is_some_and(|s| a.role < s.roles.len());
    published.iter().filter(|a| a.champion < instance.champions.len() && role(a)).copied().collect()
}

fn pins(g: &Graph, pins: &[Assignment]) -> Vec<(u32, Held)> {
    let held = |a: &Assignment| {
        let post = g.first[a.session] + a.role as u32;
        let edge = g.by_champion.row(a.champion).iter().find(|e| e.to == post)?;
        Some((a.champion as u32, Held { post, cost: edge.cost(), fixed: true }))
    };
    pins.iter().filter_map(held).collect()
}

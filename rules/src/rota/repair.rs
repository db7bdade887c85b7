//! Someone drops out: the best chain of replacements, without planning anew.
use super::chain::Chain;
use super::eligible::extra;
use super::graph::{Edge, Graph};
use super::grid::Grid;
use super::instance::{Assignment, Instance};
use super::price::{Broken, Score, score};
use super::state::{Held, State};
use std::collections::{BTreeMap, HashSet};

/// The rota after a drop-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The rota, sorted; one place shorter if nobody can come.
    pub assign: Vec<Assignment>,
    /// Taken away, the dropped assignment first.
    pub removed: Vec<Assignment>,
    /// New assignments.
    pub added: Vec<Assignment>,
    /// The objective by term, afterwards.
    pub score: Score,
}

/// Pairs looked at where each has to be found out first.
const HURRIED: usize = 2_500;

/// Refills what `dropped` leaves, from nothing. Whoever keeps a [`Repairer`] beside the rota gets better chains in a fraction of the time.
pub fn repair(
    instance: &Instance,
    current: &[Assignment],
    dropped: Assignment,
    pins: &[Assignment],
    barred: &[(usize, usize)],
) -> Result<Repair, Broken> {
    let mut once = Repairer::new(instance, current, pins, barred);
    once.chain.looks = HURRIED;
    once.repair(dropped)
}

/// A rota in force, ready for drop-outs: loads, clashes and who could come where are kept from one to the next.
#[derive(Debug)]
pub struct Repairer<'a> {
    instance: &'a Instance,
    pub(super) g: Graph,
    grid: Grid,
    pub(super) st: State,
    barred: HashSet<(usize, usize)>,
    /// Who could take each post, found when first asked.
    rows: Vec<Option<Box<[Edge]>>>,
    assign: Vec<Assignment>,
    score: Score,
    chain: Chain,
}

impl<'a> Repairer<'a> {
    /// `current` must keep the hard rules; `pins` stay; `barred` pairs are not used. The instance must have passed [`Instance::check`].
    pub fn new(instance: &'a Instance, current: &[Assignment], pins: &[Assignment], barred: &[(usize, usize)]) -> Self {
        let g = Graph::posts(instance, 0);
        let mut st = State::new(&g, instance.champions.len());
        let pins: HashSet<&Assignment> = pins.iter().collect();
        let mut assign = current.to_vec();
        assign.sort_unstable();
        for a in &assign {
            let post = g.first[a.session] + a.role as u32;
            st.join(&g, a.champion as u32, Held { post, cost: g.cost(instance, a), fixed: pins.contains(a) });
        }
        st.commit();
        Self {
            instance,
            grid: Grid::new(instance),
            rows: vec![None; g.posts.len()],
            chain: Chain::new(g.posts.len()),
            g,
            st,
            barred: barred.iter().copied().collect(),
            score: score(instance, &assign),
            assign,
        }
    }

    /// The rota in force, sorted.
    pub fn assign(&self) -> &[Assignment] {
        &self.assign
    }

    /// Refills what `dropped` leaves by the cheapest chain of at most six champions; each takes one place and may leave another. The
    /// champion does not come back to that session. Nothing changes before it is adopted. Errs if `dropped` is not in the rota.
    pub fn repair(&mut self, dropped: Assignment) -> Result<Repair, Broken> {
        if self.assign.binary_search(&dropped).is_err() {
            return Err(Broken::Unknown(dropped));
        }
        let (champion, post) = (dropped.champion as u32, self.g.first[dropped.session] + dropped.role as u32);
        let (held, holders) = (self.st.held[champion as usize].clone(), self.st.holders[post as usize].clone());
        self.st.held[champion as usize].retain(|h| h.post != post);
        self.st.holders[post as usize].retain(|c| *c != champion);
        let (removed, added) = self.refill(post, dropped);
        self.st.held[champion as usize] = held;
        self.st.holders[post as usize] = holders;
        let mut assign = self.assign.clone();
        replace(&mut assign, &removed, &added);
        Ok(Repair { assign, score: self.scored(&removed, &added), removed, added })
    }

    /// Puts a repair of this rota in force; the champion who dropped out is not asked for that session again.
    pub fn adopt(&mut self, repair: &Repair) {
        for a in &repair.removed {
            self.st.leave(&self.g, a.champion as u32, self.g.first[a.session] + a.role as u32);
        }
        for a in &repair.added {
            let held = Held { post: self.g.first[a.session] + a.role as u32, cost: self.g.cost(self.instance, a), fixed: false };
            self.st.join(&self.g, a.champion as u32, held);
        }
        self.st.commit();
        if let Some(dropped) = repair.removed.first() {
            self.barred.insert((dropped.champion, dropped.session));
            self.rows[self.g.first[dropped.session] as usize..self.g.first[dropped.session + 1] as usize].fill(None);
        }
        (self.assign, self.score) = (repair.assign.clone(), repair.score);
    }

    /// What goes and what comes, the place of `dropped` already empty.
    fn refill(&mut self, post: u32, dropped: Assignment) -> (Vec<Assignment>, Vec<Assignment>) {
        let mut chain = std::mem::take(&mut self.chain);
        let links = chain.search(self, post, (dropped.champion as u32, dropped.session as u32));
        self.chain = chain;
        let (mut removed, mut added) = (vec![dropped], Vec::new());
        for link in &links {
            removed.extend(link.leaves.map(|left| self.g.assignment(link.champion, left)));
            added.push(self.g.assignment(link.champion, link.takes));
        }
        if links.is_empty() {
            removed.extend(self.helpers_of(post));
        }
        (removed, added)
    }

    /// Who goes with a lead that nobody takes.
    fn helpers_of(&self, lead: u32) -> Vec<Assignment> {
        if !self.g.posts[lead as usize].leads || !self.st.holders[lead as usize].is_empty() {
            return Vec::new();
        }
        let holders = self.g.siblings(lead as usize).skip(1).flat_map(|p| self.st.holders[p].iter().map(move |c| (*c, p as u32)));
        let free = holders.filter(|(c, p)| self.st.held[*c as usize].iter().any(|h| h.post == *p && !h.fixed));
        free.map(|(c, p)| self.g.assignment(c, p)).collect()
    }

    /// The score with these gone and those come.
    fn scored(&self, removed: &[Assignment], added: &[Assignment]) -> Score {
        let (mut score, mut loads, w) = (self.score, BTreeMap::<usize, i64>::new(), &self.instance.weights);
        for (a, sign) in removed.iter().map(|a| (a, -1)).chain(added.iter().map(|a| (a, 1))) {
            let s = &self.instance.sessions[a.session];
            let (travel, known) = extra(w, &self.instance.champions[a.champion], s);
            score.unfilled -= sign * w.unfilled * s.priority;
            score.travel += sign * travel;
            score.continuity += sign * i64::from(known) * w.continuity;
            *loads.entry(a.champion).or_default() += sign;
        }
        for (champion, more) in loads {
            let load = self.st.held[champion].len() as i64;
            score.fairness += w.fairness * ((load + more) * (load + more) - load * load);
        }
        score
    }

    /// Who could take the post. Give it back by `put_row`.
    pub(super) fn take_row(&mut self, post: u32) -> Box<[Edge]> {
        self.rows[post as usize].take().unwrap_or_else(|| {
            let candidates = Graph::candidates(self.instance, &self.grid, self.g.session(post) as usize, &self.barred);
            let mut row = self.g.edges(self.instance, post, &candidates, &HashSet::new());
            // The cheapest first is all the order that a chain asks for.
            if let Some(least) = (0..row.len()).min_by_key(|&at| row[at].cost()) {
                row.swap(0, least);
            }
            row.into()
        })
    }

    pub(super) fn put_row(&mut self, post: u32, row: Box<[Edge]>) {
        self.rows[post as usize] = Some(row);
    }

    /// The most that one place can be cheaper for a group the champion knows.
    pub(super) fn reward(&self) -> i64 {
        self.instance.weights.continuity * self.g.scale
    }
}

/// Takes out and puts in, and keeps the order.
fn replace(assign: &mut Vec<Assignment>, removed: &[Assignment], added: &[Assignment]) {
    for a in removed {
        if let Ok(at) = assign.binary_search(a) {
            assign.remove(at);
        }
    }
    for a in added {
        if let Err(at) = assign.binary_search(a) {
            assign.insert(at, *a);
        }
    }
}

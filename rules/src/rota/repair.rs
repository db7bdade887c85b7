//! Someone drops out: the best chain of replacements, without planning anew.
use super::graph::{Edge, Graph};
use super::grid::Grid;
use super::instance::{Assignment, Instance};
use super::price::{Broken, Score, score};
use super::state::{Held, State};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;

/// Champions in a chain at most.
const LINKS: usize = 6;
/// Pairs looked at before the best chain so far is taken.
const LOOKS: usize = 3_000;

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

/// A post to refill, reached by a chain.
struct Link {
    post: u32,
    cost: i64,
    depth: usize,
    /// The link before, and who takes its post.
    from: Option<(usize, u32, i64)>,
}

/// Refills what `dropped` leaves by the cheapest chain of at most six champions; each takes one place and may leave another.
/// `current` must keep the hard rules; `pins` stay; `barred` pairs are not used, nor is the dropped one. Errs if `dropped`
/// is not in `current`.
pub fn repair(
    instance: &Instance,
    current: &[Assignment],
    dropped: Assignment,
    pins: &[Assignment],
    barred: &[(usize, usize)],
) -> Result<Repair, Broken> {
    if !current.contains(&dropped) {
        return Err(Broken::Unknown(dropped));
    }
    let mut r = Repairer::new(instance, current, dropped, pins, barred);
    let start = r.g.first[dropped.session] + dropped.role as u32;
    r.st.leave(&r.g, dropped.champion as u32, start);
    r.search(start);
    let chain = r.chain();
    for &(champion, post, cost, left) in &chain {
        left.iter().for_each(|&p| r.leave(champion, p));
        r.st.join(&r.g, champion, Held { post, cost, fixed: false });
    }
    if chain.is_empty() {
        r.release_helpers(start);
    }
    let assign = r.st.assignments(&r.g);
    let rest = r.lost.iter().copied().filter(|a| assign.binary_search(a).is_err());
    let removed = std::iter::once(dropped).chain(rest).collect();
    let added = chain.iter().map(|&(champion, post, ..)| r.g.assignment(champion, post)).collect();
    Ok(Repair { removed, added, score: score(instance, &assign), assign })
}

struct Repairer<'a> {
    instance: &'a Instance,
    g: Graph,
    grid: Grid,
    st: State,
    barred: HashSet<(usize, usize)>,
    rows: HashMap<u32, Rc<[Edge]>>,
    lost: Vec<Assignment>,
    links: Vec<Link>,
    best: (i64, Option<(usize, Option<Edge>)>),
}

impl<'a> Repairer<'a> {
    fn new(instance: &'a Instance, current: &[Assignment], dropped: Assignment, pins: &[Assignment], barred: &[(usize, usize)]) -> Self {
        let g = Graph::posts(instance, 0);
        let mut st = State::new(&g, instance.champions.len());
        let pins: HashSet<&Assignment> = pins.iter().collect();
        for a in current {
            let cost = g.cost(instance, a);
            let post = g.first[a.session] + a.role as u32;
            st.join(&g, a.champion as u32, Held { post, cost, fixed: pins.contains(a) });
        }
        let mut barred: HashSet<(usize, usize)> = barred.iter().copied().collect();
        barred.insert((dropped.champion, dropped.session));
        Self {
            instance,
            grid: Grid::new(instance),
            g,
            st,
            barred,
            rows: HashMap::new(),
            lost: Vec::new(),
            links: Vec::new(),
            best: (0, None),
        }
    }

    fn leave(&mut self, champion: u32, post: u32) {
        self.st.leave(&self.g, champion, post);
        self.lost.push(self.g.assignment(champion, post));
    }

    fn row(&mut self, post: u32) -> Rc<[Edge]> {
        if let Some(row) = self.rows.get(&post) {
            return row.clone();
        }
        let candidates = self.g.candidates(self.instance, &self.grid, self.g.session(post) as usize, &self.barred);
        let row: Rc<[Edge]> = self.g.edges(self.instance, post, &candidates, &HashSet::new()).into();
        self.rows.insert(post, row.clone());
        row
    }

    /// Cheapest first. Labels may fall again, for costs along a chain can be negative; its length is what ends it.
    fn search(&mut self, start: u32) {
        self.links.push(Link { post: start, cost: 0, depth: 0, from: None });
        self.best.0 = self.loss(start);
        let mut label: HashMap<u32, i64> = HashMap::from([(start, 0)]);
        let mut heap = BinaryHeap::from([Reverse((0i64, 0usize))]);
        let mut looks = 0;
        while let Some(Reverse((cost, at))) = heap.pop() {
            let (post, depth) = (self.links[at].post, self.links[at].depth);
            // Whoever ends the chain takes a place more: no cheaper than the least step of fairness and the cheapest for this post.
            let least = cost + self.g.step(1);
            let reward = self.instance.weights.continuity * self.g.scale;
            if looks > LOOKS || label.get(&post) != Some(&cost) || depth >= LINKS || least - reward > self.best.0 {
                continue;
            }
            let row = self.row(post);
            if depth > 0 && least + row.first().map_or(0, |e| e.cost()) > self.best.0 {
                continue;
            }
            looks += row.len();
            for e in row.iter() {
                self.visit(at, *e, &mut label, &mut heap);
            }
        }
    }

    /// What an empty place costs; of a lead, what goes with the helpers too.
    fn loss(&self, post: u32) -> i64 {
        let p = &self.g.posts[post as usize];
        if !p.leads || !self.st.holders[post as usize].is_empty() {
            return p.penalty;
        }
        let holders = self.g.siblings(post as usize).skip(1).flat_map(|h| self.st.holders[h].iter().map(move |&c| (h, c)));
        let freed = holders.map(|(h, c)| {
            let mine = &self.st.held[c as usize];
            let cost: i64 = mine.iter().filter(|x| x.post as usize == h).map(|x| x.cost).sum();
            p.penalty - cost - self.g.step(mine.len())
        });
        p.penalty + freed.sum::<i64>()
    }

    /// A chain may end in a lesser place left empty, but not by taking a lead from helpers.
    fn give_up(&mut self, at: usize) {
        let link = &self.links[at];
        let cost = link.cost + self.g.posts[link.post as usize].penalty;
        if !self.g.posts[link.post as usize].leads && cost < self.best.0 {
            self.best = (cost, Some((at, None)));
        }
    }

    fn visit(&mut self, at: usize, e: Edge, label: &mut HashMap<u32, i64>, heap: &mut BinaryHeap<Reverse<(i64, usize)>>) {
        let (post, cost, depth) = (self.links[at].post, self.links[at].cost, self.links[at].depth);
        let mine = &self.st.held[e.to as usize];
        if mine.iter().any(|h| h.post == post) || self.in_chain(at, e.to) {
            return;
        }
        let o = self.st.obstacles(&self.g, e.to, post);
        let full = o.week >= self.g.caps[e.to as usize];
        let added = cost + e.cost() + self.g.step(mine.len() + 1);
        if o.clashes == 0 && !full && added < self.best.0 {
            self.best = (added, Some((at, Some(e))));
        }
        let mut found = Vec::new();
        for (i, h) in mine.iter().enumerate() {
            let freed = !full || self.g.week(h.post) == self.g.week(post);
            let next = cost + e.cost() - h.cost;
            let better = next < *label.get(&h.post).unwrap_or(&i64::MAX);
            if !h.fixed && freed && o.clashes <= 1 && (o.clashes == 0 || o.first == i) && better {
                label.insert(h.post, next);
                found.push(Link { post: h.post, cost: next, depth: depth + 1, from: Some((at, e.to, e.cost())) });
            }
        }
        for link in found {
            heap.push(Reverse((link.cost, self.links.len())));
            self.links.push(link);
            self.give_up(self.links.len() - 1);
        }
    }

    fn in_chain(&self, at: usize, champion: u32) -> bool {
        let next = |&(before, _, _): &(usize, u32, i64)| self.links[before].from;
        std::iter::successors(self.links[at].from, next).any(|l| l.1 == champion)
    }

    /// Who takes which post at what cost, leaving which.
    fn chain(&self) -> Vec<(u32, u32, i64, Option<u32>)> {
        let mut out = Vec::new();
        let Some((mut at, end)) = self.best.1 else { return out };
        if let Some(e) = end {
            out.push((e.to, self.links[at].post, e.cost(), None));
        }
        while let Some((before, champion, cost)) = self.links[at].from {
            out.push((champion, self.links[before].post, cost, Some(self.links[at].post)));
            at = before;
        }
        out
    }

    fn release_helpers(&mut self, lead: u32) {
        if !self.g.posts[lead as usize].leads || !self.st.holders[lead as usize].is_empty() {
            return;
        }
        for p in self.g.siblings(lead as usize).skip(1) {
            for c in self.st.holders[p].clone() {
                if self.st.held[c as usize].iter().any(|h| h.post as usize == p && !h.fixed) {
                    self.leave(c, p as u32);
                }
            }
        }
    }
}

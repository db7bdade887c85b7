//! The problem as the search sees it: posts (a role of a session), champions, and the priced pairs that are allowed.
use super::eligible::{extra, trained};
use super::geometry::{Pace, Slot};
use super::grid::Grid;
use super::instance::{Assignment, Instance};
use std::collections::HashSet;

/// An allowed pair seen from one end: the other end and the price beside fairness, scaled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub to: u32,
    cost: i32,
}

impl Edge {
    pub fn cost(self) -> i64 {
        i64::from(self.cost)
    }
}

/// Rows of edges, packed.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    first: Vec<u32>,
    edges: Vec<Edge>,
}

impl Rows {
    pub fn row(&self, at: usize) -> &[Edge] {
        &self.edges[self.first[at] as usize..self.first[at + 1] as usize]
    }

    /// The same pairs from the other end.
    fn flipped(&self, rows: usize) -> Self {
        let mut first = vec![0u32; rows + 1];
        for e in &self.edges {
            first[e.to as usize + 1] += 1;
        }
        for i in 0..rows {
            first[i + 1] += first[i];
        }
        let mut next = first.clone();
        let mut edges = vec![Edge { to: 0, cost: 0 }; self.edges.len()];
        for from in 0..self.first.len() - 1 {
            for e in self.row(from) {
                edges[next[e.to as usize] as usize] = Edge { to: from as u32, cost: e.cost };
                next[e.to as usize] += 1;
            }
        }
        Self { first, edges }
    }
}

/// A role of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post {
    pub slot: Slot,
    pub role: u32,
    pub places: u32,
    /// Cost of leaving one place empty, scaled.
    pub penalty: i64,
    /// A lead with helpers behind it.
    pub leads: bool,
    /// A helper behind a lead.
    pub led: bool,
}

/// Champions and posts with their allowed pairs.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Every cost is multiplied by this: it leaves room for prices between integers and for least change below them.
    pub scale: i64,
    pub fairness: i64,
    pub pace: Pace,
    pub posts: Vec<Post>,
    /// Posts of session `s` are `first[s]..first[s + 1]`.
    pub first: Vec<u32>,
    pub caps: Vec<u32>,
    /// Metres each champion travels at most.
    pub reach: Vec<i64>,
    pub by_post: Rows,
    pub by_champion: Rows,
}

/// What the caller adds to the instance: pairs that must not be, pairs better kept.
pub(crate) struct Wishes<'a> {
    pub barred: &'a [(usize, usize)],
    pub published: &'a [Assignment],
}

impl Graph {
    pub fn new(instance: &Instance, wishes: &Wishes) -> Self {
        let mut g = Self::posts(instance, wishes.published.len());
        let (barred, kept) = (wishes.barred.iter().copied().collect(), wishes.published.iter().copied().collect());
        let grid = Grid::new(instance);
        g.by_post.first.push(0);
        for s in &instance.sessions {
            let candidates = Self::candidates(instance, &grid, s.id, &barred);
            for p in g.first[s.id]..g.first[s.id + 1] {
                let mut row = g.edges(instance, p, &candidates, &kept);
                row.sort_unstable_by_key(|e| (e.cost, e.to));
                g.by_post.edges.extend(row);
                g.by_post.first.push(g.by_post.edges.len() as u32);
            }
        }
        g.by_champion = g.by_post.flipped(instance.champions.len());
        g
    }

    /// Above the number of published assignments, so that all of them together stay below one unit; but costs keep to 32 bits.
    fn scale(instance: &Instance, published: usize) -> i64 {
        let reach = instance.champions.iter().map(|c| c.max_travel).max().unwrap_or(0);
        let most = reach / instance.weights.travel_unit + instance.weights.continuity + 2;
        (published as i64 + 1).clamp(16, 1 << 16).min(i64::from(i32::MAX) / most)
    }

    /// Posts alone, without pairs.
    pub fn posts(instance: &Instance, published: usize) -> Self {
        let scale = Self::scale(instance, published);
        let mut g = Self {
            scale,
            fairness: instance.weights.fairness * scale,
            pace: Pace { buffer: instance.buffer, speed: instance.speed },
            posts: Vec::new(),
            first: vec![0],
            caps: instance.champions.iter().map(|c| c.max_per_week as u32).collect(),
            reach: instance.champions.iter().map(|c| c.max_travel).collect(),
            by_post: Rows::default(),
            by_champion: Rows::default(),
        };
        for s in &instance.sessions {
            let (slot, penalty) = (super::price::slot(s), instance.weights.unfilled * s.priority * scale);
            for (r, role) in s.roles.iter().enumerate() {
                let (leads, led) = (r == 0 && s.roles.len() > 1, r > 0);
                g.posts.push(Post { slot, role: r as u32, places: role.places as u32, penalty, leads, led });
            }
            g.first.push(g.posts.len() as u32);
        }
        g
    }

    /// Who may come to the session at all, modules aside.
    pub fn candidates(instance: &Instance, grid: &Grid, session: usize, barred: &HashSet<(usize, usize)>) -> Vec<u32> {
        let may = |c: &u32| barred.is_empty() || !barred.contains(&(*c as usize, session));
        grid.around(&instance.sessions[session]).filter(may).collect()
    }

    /// The allowed pairs of one post.
    pub fn edges(&self, instance: &Instance, post: u32, candidates: &[u32], kept: &HashSet<Assignment>) -> Vec<Edge> {
        let p = &self.posts[post as usize];
        let s = &instance.sessions[p.slot.session as usize];
        let role = &s.roles[p.role as usize];
        let mut row: Vec<Edge> = Vec::new();
        if role.places == 0 {
            return row;
        }
        for &c in candidates {
            let champion = &instance.champions[c as usize];
            if trained(champion, role, s.day()) {
                let a = Assignment { champion: c as usize, session: s.id, role: p.role as usize };
                let keep = !kept.is_empty() && kept.contains(&a);
                row.push(Edge { to: c, cost: (self.cost(instance, &a) - i64::from(keep)) as i32 });
            }
        }
        row
    }

    pub fn assignment(&self, champion: u32, post: u32) -> Assignment {
        let p = &self.posts[post as usize];
        Assignment { champion: champion as usize, session: p.slot.session as usize, role: p.role as usize }
    }

    /// The price of a pair known to be allowed.
    pub fn cost(&self, instance: &Instance, a: &Assignment) -> i64 {
        let (travel, known) = extra(&instance.weights, &instance.champions[a.champion], &instance.sessions[a.session]);
        (travel - if known { instance.weights.continuity } else { 0 }) * self.scale
    }

    /// Posts of the session that `post` belongs to.
    pub fn siblings(&self, post: usize) -> std::ops::Range<usize> {
        let s = self.posts[post].slot.session as usize;
        self.first[s] as usize..self.first[s + 1] as usize
    }

    pub fn clash(&self, a: u32, b: u32) -> bool {
        self.pace.clash(&self.posts[a as usize].slot, &self.posts[b as usize].slot)
    }

    pub fn session(&self, post: u32) -> u32 {
        self.posts[post as usize].slot.session
    }

    pub fn week(&self, post: u32) -> u32 {
        self.posts[post as usize].slot.week
    }

    /// What the load-th place of a champion adds to fairness: squares grow by odd numbers.
    pub fn step(&self, load: usize) -> i64 {
        self.fairness * (2 * load as i64 - 1)
    }
}

//! Shortest chains of replacements under prices: the workspace that both directions share.
use super::graph::Graph;
use super::state::{Held, State};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The post loses one: empty up the chain, a champion freed down it.
    GiveUp,
    /// A champion takes the post besides what is held.
    Add { champion: u32, cost: i64 },
    /// A champion takes the post and lets two others go.
    Split { champion: u32, cost: i64 },
    /// The champion holding the post drops it.
    Drop { champion: u32 },
}

/// The best end so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Best {
    pub key: (i64, u32),
    pub post: u32,
    pub end: End,
}

impl Best {
    pub fn offer(&mut self, dist: i64, hops: u32, post: u32, end: End) {
        if (dist, hops) < self.key {
            *self = Self { key: (dist, hops), post, end };
        }
    }
}

/// One champion's part in a chain.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub champion: u32,
    pub add: Option<(u32, i64)>,
    pub drop: Vec<u32>,
}

/// Labels of the posts reached in this round; of equal lengths the chain with fewer links wins, which keeps schedules feasible.
#[derive(Debug)]
pub(crate) struct Search {
    label: Vec<(i64, u32)>,
    stamp: Vec<u32>,
    from: Vec<(u32, u32, i64)>,
    round: u32,
    seen: Vec<u32>,
    heap: BinaryHeap<Reverse<(i64, u32, u32)>>,
    /// Pairs not to be used again for the same post.
    ban: Vec<(u32, u32)>,
    /// Pairs looked at so far: the measure of work.
    pub work: u64,
    /// How often two places may still make way for one of each post: without an end to it they take turns for ever.
    pub splits: Vec<u8>,
    /// Prices only: nobody is going to move.
    pub still: bool,
    /// An end this much farther than the nearest is good enough. Grows while searches are long.
    pub near: i64,
    settled: i64,
}

impl Search {
    pub fn new(posts: usize) -> Self {
        Self {
            label: vec![(0, 0); posts],
            stamp: vec![0; posts],
            from: vec![(0, 0, 0); posts],
            round: 0,
            seen: Vec::new(),
            heap: BinaryHeap::new(),
            ban: Vec::new(),
            work: 0,
            splits: vec![3; posts],
            still: false,
            near: 0,
            settled: 0,
        }
    }

    pub fn begin(&mut self, post: u32) {
        self.round += 1;
        self.seen.clear();
        self.heap.clear();
        self.relax(post, (0, 0), (u32::MAX, 0, 0));
    }

    /// `from`: the post before, the champion between, and the cost of what that champion takes.
    pub fn relax(&mut self, post: u32, key: (i64, u32), from: (u32, u32, i64)) {
        let p = post as usize;
        let fresh = self.stamp[p] != self.round;
        if fresh || key < self.label[p] {
            if fresh {
                self.seen.push(post);
            }
            self.stamp[p] = self.round;
            self.label[p] = key;
            self.from[p] = from;
            self.heap.push(Reverse((key.0, key.1, post)));
        }
    }

    /// The next post for good, unless the best end is nearer.
    pub fn pop(&mut self, best: &Best) -> Option<(i64, u32, u32)> {
        while let Some(Reverse((d, hops, post))) = self.heap.pop() {
            if (d + self.near, hops) >= best.key {
                self.settled = d.min(best.key.0);
                return None;
            }
            if self.label[post as usize] == (d, hops) {
                return Some((d, hops, post));
            }
        }
        self.settled = best.key.0;
        None
    }

    pub fn banned(&self, post: u32, champion: u32) -> bool {
        !self.ban.is_empty() && self.ban.contains(&(post, champion))
    }

    /// Moves every label's post by what it is nearer than the end: prices under which the chain costs nothing, or next to it.
    pub fn reprice(&self, g: &Graph, st: &mut State, sign: i64) {
        for &p in &self.seen {
            let less = self.settled - self.label[p as usize].0;
            if less > 0 {
                st.set_price(g, p, st.price[p as usize] + sign * less);
            }
        }
    }

    /// Links before `post`, the first one last. `up`: a champion takes the earlier post and drops the later.
    pub fn chain(&self, post: u32, up: bool, moves: &mut Vec<Move>) {
        let mut at = post;
        loop {
            let (before, champion, cost) = self.from[at as usize];
            if before == u32::MAX {
                return;
            }
            let (add, drop) = if up { (before, at) } else { (at, before) };
            moves.push(Move { champion, add: Some((add, cost)), drop: vec![drop] });
            at = before;
        }
    }

    /// Carries the chain out. A chain that meets a champion twice may break that champion's rules: then nothing
    /// happens, the pair is banned and the caller looks again.
    pub fn apply(&mut self, g: &Graph, st: &mut State, moves: &[Move]) -> bool {
        for (i, m) in moves.iter().enumerate() {
            let again = moves[..i].iter().any(|n| n.champion == m.champion);
            if again && !feasible(g, st, m.champion, moves) {
                self.ban.push((m.add.map_or(m.drop[0], |a| a.0), m.champion));
                return false;
            }
        }
        for m in moves {
            m.drop.iter().for_each(|&p| st.leave(g, m.champion, p));
        }
        for m in moves {
            if let Some((post, cost)) = m.add {
                st.join(g, m.champion, Held { post, cost, fixed: false });
            }
        }
        self.ban.clear();
        true
    }

    /// Gives the next search a clean slate, or stops a hopeless one.
    pub fn exhausted(&mut self) -> bool {
        let over = self.ban.len() > 8;
        if over {
            self.ban.clear();
        }
        over
    }
}

/// Would the champion's schedule after all moves keep the rules?
fn feasible(g: &Graph, st: &State, champion: u32, moves: &[Move]) -> bool {
    let mine = || moves.iter().filter(|m| m.champion == champion);
    let mut set = st.held[champion as usize].clone();
    set.retain(|h| !mine().any(|m| m.drop.contains(&h.post)));
    set.extend(mine().filter_map(|m| m.add).map(|(post, cost)| Held { post, cost, fixed: false }));
    State::fits(g, champion, &set)
}

//! The cheapest chain of champions that refills one post, each taking one place and perhaps leaving another.
use super::graph::Edge;
use super::repair::Repairer;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Champions in a chain at most.
const LINKS: usize = 6;
/// Pairs looked at as a rule: a town's worth.
const LOOKS: usize = 20_000;

/// One champion's part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub champion: u32,
    pub takes: u32,
    pub leaves: Option<u32>,
}

/// A post to refill, reached by a chain.
#[derive(Clone, Copy, Debug)]
struct Node {
    post: u32,
    cost: i64,
    depth: usize,
    /// The node before, and who takes its post.
    from: Option<(usize, u32)>,
}

/// Working memory of a search.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// Pairs looked at before the best so far is taken.
    pub looks: usize,
    nodes: Vec<Node>,
    heap: BinaryHeap<Reverse<(i64, usize)>>,
    /// The cheapest way to each post; `i64::MAX` where none is known.
    label: Vec<i64>,
    cost: i64,
    /// The node where the best chain ends, and who takes its post: nobody if it stays empty.
    best: Option<(usize, Option<u32>)>,
}

impl Chain {
    pub fn new(posts: usize) -> Self {
        Self { looks: LOOKS, label: vec![i64::MAX; posts], ..Self::default() }
    }

    /// Cheapest first. Labels may fall again, for costs along a chain can be negative; its length is what ends it. Who has
    /// dropped out does not take a place at that session.
    pub fn search(&mut self, r: &mut Repairer, start: u32, dropped: (u32, u32)) -> Vec<Link> {
        (self.best, self.cost) = (None, loss(r, start));
        self.reach(Node { post: start, cost: 0, depth: 0, from: None });
        let mut looks = 0;
        while let Some(Reverse((cost, at))) = self.heap.pop() {
            let Node { post, depth, .. } = self.nodes[at];
            // Whoever ends the chain takes a place more: no cheaper than the least step of fairness and the cheapest for this post.
            let least = cost + r.g.step(1);
            if looks > self.looks || least - r.reward() > self.cost {
                break;
            }
            if self.label[post as usize] != cost || depth >= LINKS {
                continue;
            }
            let row = r.take_row(post);
            if depth == 0 || least + row.first().map_or(0, |e| e.cost()) <= self.cost {
                looks += row.len();
                let may = |e: &&Edge| (e.to, r.g.session(post)) != dropped;
                row.iter().filter(may).for_each(|e| self.visit(r, at, *e));
            }
            r.put_row(post, row);
        }
        let links = self.links();
        self.heap.clear();
        self.nodes.drain(..).for_each(|n| self.label[n.post as usize] = i64::MAX);
        links
    }

    fn reach(&mut self, node: Node) {
        self.label[node.post as usize] = node.cost;
        self.heap.push(Reverse((node.cost, self.nodes.len())));
        self.nodes.push(node);
    }

    fn visit(&mut self, r: &Repairer, at: usize, e: Edge) {
        let Node { post, cost, depth, .. } = self.nodes[at];
        let mine = &r.st.held[e.to as usize];
        if mine.iter().any(|h| h.post == post) || self.has(at, e.to) {
            return;
        }
        let o = r.st.obstacles(&r.g, e.to, post);
        let full = o.week >= r.g.caps[e.to as usize];
        let added = cost + e.cost() + r.g.step(mine.len() + 1);
        if o.clashes == 0 && !full && added < self.cost {
            (self.cost, self.best) = (added, Some((at, Some(e.to))));
        }
        for (i, h) in mine.iter().enumerate() {
            let freed = !full || r.g.week(h.post) == r.g.week(post);
            let next = cost + e.cost() - h.cost;
            let better = next < self.label[h.post as usize];
            if !h.fixed && freed && o.clashes <= 1 && (o.clashes == 0 || o.first == i) && better {
                self.reach(Node { post: h.post, cost: next, depth: depth + 1, from: Some((at, e.to)) });
                self.give_up(r, self.nodes.len() - 1);
            }
        }
    }

    /// A chain may end in a lesser place left empty, but not by taking a lead from helpers.
    fn give_up(&mut self, r: &Repairer, at: usize) {
        let p = &r.g.posts[self.nodes[at].post as usize];
        let cost = self.nodes[at].cost + p.penalty;
        if !p.leads && cost < self.cost {
            (self.cost, self.best) = (cost, Some((at, None)));
        }
    }

    fn has(&self, at: usize, champion: u32) -> bool {
        let next = |&(before, _): &(usize, u32)| self.nodes[before].from;
        std::iter::successors(self.nodes[at].from, next).any(|from| from.1 == champion)
    }

    /// The best chain, its end first.
    fn links(&self) -> Vec<Link> {
        let mut out = Vec::new();
        let Some((mut at, end)) = self.best else { return out };
        out.extend(end.map(|champion| Link { champion, takes: self.nodes[at].post, leaves: None }));
        while let Some((before, champion)) = self.nodes[at].from {
            out.push(Link { champion, takes: self.nodes[before].post, leaves: Some(self.nodes[at].post) });
            at = before;
        }
        out
    }
}

/// What an empty place costs; of a lead, what goes with the helpers too.
fn loss(r: &Repairer, post: u32) -> i64 {
    let p = &r.g.posts[post as usize];
    if !p.leads || !r.st.holders[post as usize].is_empty() {
        return p.penalty;
    }
    let holders = r.g.siblings(post as usize).skip(1).flat_map(|h| r.st.holders[h].iter().map(move |&c| (h, c)));
    let freed = holders.map(|(h, c)| {
        let mine = &r.st.held[c as usize];
        let cost: i64 = mine.iter().filter(|x| x.post as usize == h).map(|x| x.cost).sum();
        p.penalty - cost - r.g.step(mine.len())
    });
    p.penalty + freed.sum::<i64>()
}

//! Keeps a rota and its prices consistent while posts are filled and sessions open or close.
use super::graph::Graph;
use super::lower::lower;
use super::raise::{Raised, raise};
use super::search::Search;
use super::state::{Held, State};

/// Pairs looked at in one search that count as many.
const LONG: u64 = 40_000;
/// The same, so many that time matters more than the last of the objective.
const TOO_LONG: u64 = 160_000;

/// Asked now and then whether to go on.
pub(crate) trait Control {
    fn stop(&mut self, work: u64, objective: i64) -> bool;
}

#[derive(Debug)]
pub(crate) struct Engine<'a> {
    pub g: &'a Graph,
    pub st: State,
    pub s: Search,
}

impl<'a> Engine<'a> {
    /// Pins in place, prices at the cheapest entry, sessions without any possible lead closed.
    pub fn new(g: &'a Graph, champions: usize, pins: &[(u32, Held)]) -> Self {
        let mut st = State::new(g, champions);
        for (c, h) in pins {
            st.join(g, *c, *h);
        }
        for p in 0..g.posts.len() as u32 {
            let price = st.entry(g, p).min(st.limit(g, p, 0));
            st.set_price(g, p, price);
            if g.posts[p as usize].leads && g.by_post.row(p as usize).is_empty() {
                st.open[g.posts[p as usize].slot.session as usize] = false;
            }
        }
        st.commit();
        Self { g, st, s: Search::new(g.posts.len()) }
    }

    /// Every vacancy, dearest first from the end; leads before them all, for a lead's worth depends on its helpers' prices.
    pub fn vacancies(&self) -> Vec<u32> {
        let mut queue = Vec::new();
        for p in 0..self.g.posts.len() as u32 {
            if self.st.vacant(self.g, p) && !self.g.by_post.row(p as usize).is_empty() {
                let missing = self.g.posts[p as usize].places as usize - self.st.holders[p as usize].len();
                queue.extend(std::iter::repeat_n(p, missing));
            }
        }
        queue.sort_by_key(|&p| {
            let post = &self.g.posts[p as usize];
            (!post.leads, post.penalty)
        });
        queue
    }

    /// Fills what can be filled at a price its session would pay, from the end of `queue`. `false` if stopped.
    pub fn settle(&mut self, mut queue: Vec<u32>, control: &mut dyn Control) -> bool {
        while let Some(p) = queue.pop() {
            if control.stop(self.s.work, self.st.objective) {
                return false;
            }
            if !self.st.vacant(self.g, p) {
                continue;
            }
            let before = self.s.work;
            let raised = raise(self.g, &mut self.st, &mut self.s, p);
            self.pace(self.s.work - before);
            match raised {
                Raised::Filled => {}
                Raised::GaveUp(q) => self.gave_up(q),
                Raised::Split(a, b) => queue.extend([b, a]),
            }
        }
        true
    }

    /// Where long searches are the rule, as in dense towns, ends nearly as good are taken: the objective hardly
    /// suffers, and what it does is mended later.
    fn pace(&mut self, looked: u64) {
        let most = self.g.fairness.max(40 * self.g.scale);
        self.s.near = match looked {
            0..LONG => self.s.near * 7 / 8,
            LONG..TOO_LONG => (self.s.near * 9 / 8 + self.g.scale).min(most / 16),
            _ => (self.s.near * 2 + self.g.scale).min(most / 2),
        };
    }

    fn gave_up(&mut self, post: u32) {
        let p = &self.g.posts[post as usize];
        if p.leads && self.st.holders[post as usize].is_empty() {
            self.close(p.slot.session);
        }
    }

    /// The session does not take place: all but the pinned are freed.
    pub fn close(&mut self, session: u32) {
        self.st.set_open(session, false);
        for p in self.g.first[session as usize]..self.g.first[session as usize + 1] {
            while lower(self.g, &mut self.st, &mut self.s, p) {}
        }
    }

    /// After a stop: leads first, helpers without a lead go so that no rule stays broken, then whoever is free.
    pub fn top_up(&mut self) {
        let mut order: Vec<u32> = (0..self.g.posts.len() as u32).collect();
        order.sort_by_key(|&p| (!self.g.posts[p as usize].leads, -self.g.posts[p as usize].penalty));
        let leads = order.partition_point(|&p| self.g.posts[p as usize].leads);
        order[..leads].iter().for_each(|&p| self.greedy(p));
        self.tidy();
        order[leads..].iter().for_each(|&p| self.greedy(p));
        self.st.commit();
    }

    /// The other's rota, if it costs less, under our own prices.
    pub fn take_if_better(&mut self, mut other: Engine) {
        if other.st.objective < self.st.objective {
            other.st.price = std::mem::take(&mut self.st.price);
            self.st = other.st;
        }
    }

    /// Free champions for the post, the cheapest first, while they cost less than the empty place.
    fn greedy(&mut self, post: u32) {
        let p = self.g.posts[post as usize];
        if p.led && self.st.holders[self.g.siblings(post as usize).start].is_empty() {
            return;
        }
        while self.st.holders[post as usize].len() < p.places as usize {
            let row = self.g.by_post.row(post as usize).iter();
            let free = row.filter_map(|e| self.joining(post, e.to).map(|step| (step + e.cost(), *e)));
            match free.min_by_key(|(cost, e)| (*cost, e.to)) {
                Some((cost, e)) if cost < p.penalty => self.st.join(self.g, e.to, Held { post, cost: e.cost(), fixed: false }),
                _ => return,
            }
        }
    }

    fn joining(&self, post: u32, champion: u32) -> Option<i64> {
        let o = self.st.obstacles(self.g, champion, post);
        let free = o.clashes == 0 && o.week < self.g.caps[champion as usize];
        free.then(|| self.g.step(self.st.held[champion as usize].len() + 1))
    }

    fn tidy(&mut self) {
        for s in 0..self.g.first.len() - 1 {
            let posts = self.g.first[s]..self.g.first[s + 1];
            let lead = self.g.posts.get(posts.start as usize).is_some_and(|p| p.leads);
            if !lead || !self.st.holders[posts.start as usize].is_empty() {
                continue;
            }
            for p in posts.skip(1) {
                for c in self.st.holders[p as usize].clone() {
                    if self.st.held[c as usize].iter().any(|h| h.post == p && !h.fixed) {
                        self.st.leave(self.g, c, p);
                    }
                }
            }
        }
    }
}

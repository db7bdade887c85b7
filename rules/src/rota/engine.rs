//! Keeps a rota and its prices consistent while posts are filled and sessions open or close.
use super::graph::Graph;
use super::lower::lower;
use super::raise::{Raised, raise};
use super::search::Search;
use super::state::{Held, State};

/// Pairs looked at in one search that count as many.
const LONG: u64 = 40_000;

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
                Raised::Split(a, b) => {
                    self.s.splits -= 1;
                    queue.extend([b, a]);
                }
            }
        }
        true
    }

    /// Where long searches are the rule, as in dense towns, ends nearly as good are taken: the objective hardly
    /// suffers, and what it does is mended later.
    fn pace(&mut self, looked: u64) {
        self.s.near = match looked {
            0..LONG => self.s.near * 7 / 8,
            _ => (self.s.near * 9 / 8 + self.g.scale).min(self.g.fairness.max(40 * self.g.scale) / 16),
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

    /// After a stop: helpers without a lead go, so that no rule stays broken.
    pub fn tidy(&mut self) {
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

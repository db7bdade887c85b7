//! A rota under construction: who holds what, the price of each post, and a log to take steps back.
use super::graph::{Edge, Graph};
use super::instance::Assignment;

/// A place a champion holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub post: u32,
    pub cost: i64,
    pub fixed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Joined(u32, Held),
    Left(u32, Held),
    Priced(u32, i64),
    Opened(u32, bool),
}

/// Schedules, prices and which led sessions take place. `objective` is scaled and always current.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub held: Vec<Vec<Held>>,
    pub holders: Vec<Vec<u32>>,
    pub price: Vec<i64>,
    /// No post gets into a champion's schedule for less than this, its own cost aside.
    pub floor: Vec<i64>,
    pub open: Vec<bool>,
    pub objective: i64,
    log: Vec<Step>,
}

impl State {
    pub fn new(g: &Graph, champions: usize) -> Self {
        Self {
            held: vec![Vec::new(); champions],
            holders: vec![Vec::new(); g.posts.len()],
            price: vec![0; g.posts.len()],
            floor: vec![g.fairness; champions],
            open: vec![true; g.first.len() - 1],
            objective: g.posts.iter().map(|p| p.penalty * i64::from(p.places)).sum(),
            log: Vec::new(),
        }
    }

    pub fn join(&mut self, g: &Graph, c: u32, h: Held) {
        self.put(g, c, h);
        self.log.push(Step::Joined(c, h));
    }

    pub fn leave(&mut self, g: &Graph, c: u32, post: u32) {
        if let Some(h) = self.held[c as usize].iter().find(|h| h.post == post).copied() {
            self.take(g, c, h);
            self.log.push(Step::Left(c, h));
        }
    }

    fn put(&mut self, g: &Graph, c: u32, h: Held) {
        let mine = &mut self.held[c as usize];
        mine.push(h);
        self.objective += h.cost + g.step(mine.len()) - g.posts[h.post as usize].penalty;
        self.holders[h.post as usize].push(c);
        self.refloor(g, c);
    }

    fn take(&mut self, g: &Graph, c: u32, h: Held) {
        let mine = &mut self.held[c as usize];
        self.objective -= h.cost + g.step(mine.len()) - g.posts[h.post as usize].penalty;
        mine.retain(|x| x.post != h.post);
        self.holders[h.post as usize].retain(|&x| x != c);
        self.refloor(g, c);
    }

    /// The cheaper of one more step of fairness and what the least of the held places would have to be left for.
    fn refloor(&mut self, g: &Graph, c: u32) {
        let mine = &self.held[c as usize];
        let swap = mine.iter().map(|h| self.worth(h.post, h.cost)).min().unwrap_or(i64::MAX);
        self.floor[c as usize] = swap.min(g.step(mine.len() + 1));
    }

    pub fn set_price(&mut self, g: &Graph, post: u32, price: i64) {
        self.log.push(Step::Priced(post, self.price[post as usize]));
        self.reprice(g, post, price);
    }

    fn reprice(&mut self, g: &Graph, post: u32, price: i64) {
        self.price[post as usize] = price;
        for i in 0..self.holders[post as usize].len() {
            self.refloor(g, self.holders[post as usize][i]);
        }
    }

    pub fn set_open(&mut self, session: u32, open: bool) {
        self.log.push(Step::Opened(session, self.open[session as usize]));
        self.open[session as usize] = open;
    }

    /// Forgets the way back.
    pub fn commit(&mut self) {
        self.log.clear();
    }

    /// Undoes everything since the last commit.
    pub fn roll_back(&mut self, g: &Graph) {
        while let Some(step) = self.log.pop() {
            match step {
                Step::Joined(c, h) => self.take(g, c, h),
                Step::Left(c, h) => self.put(g, c, h),
                Step::Priced(p, old) => self.reprice(g, p, old),
                Step::Opened(s, old) => self.open[s as usize] = old,
            }
        }
    }

    /// Places of the post still to fill; none in a session that does not take place.
    pub fn vacant(&self, g: &Graph, post: u32) -> bool {
        let p = &g.posts[post as usize];
        (self.open[p.slot.session as usize] || !(p.leads || p.led)) && self.holders[post as usize].len() < p.places as usize
    }

    /// The price at which the session would rather have only `kept` in the post. A first lead is worth its helpers too.
    pub fn limit(&self, g: &Graph, post: u32, kept: usize) -> i64 {
        let p = &g.posts[post as usize];
        if !p.leads || kept > 0 {
            return p.penalty;
        }
        let rest = g.siblings(post as usize).skip(1);
        p.penalty + rest.map(|h| i64::from(g.posts[h].places) * (p.penalty - self.price[h]).max(0)).sum::<i64>()
    }

    /// What the champion gains by the edge at today's price, before fairness.
    pub fn worth(&self, post: u32, cost: i64) -> i64 {
        self.price[post as usize] - cost
    }

    /// Could one champion hold all of these?
    pub fn fits(g: &Graph, c: u32, set: &[Held]) -> bool {
        set.iter().enumerate().all(|(i, a)| {
            let same = set.iter().filter(|b| g.week(b.post) == g.week(a.post)).count();
            same <= g.caps[c as usize] as usize && set[..i].iter().all(|b| !g.clash(a.post, b.post))
        })
    }

    /// Which held places must go for `e.post` to fit, and whether the week is full besides. Stops caring past two.
    pub fn obstacles(&self, g: &Graph, c: u32, post: u32) -> Obstacles {
        let mut o = Obstacles { clashes: 0, first: 0, second: 0, week: 0 };
        for (i, h) in self.held[c as usize].iter().enumerate() {
            o.week += u32::from(g.week(h.post) == g.week(post));
            if g.clash(h.post, post) {
                match o.clashes {
                    0 => o.first = i,
                    _ => o.second = i,
                }
                o.clashes += 1;
            }
        }
        o
    }

    pub fn assignments(&self, g: &Graph) -> Vec<Assignment> {
        let all = self.held.iter().enumerate().flat_map(|(c, mine)| mine.iter().map(move |h| g.assignment(c as u32, h.post)));
        let mut out: Vec<Assignment> = all.collect();
        out.sort_unstable();
        out
    }

    /// The cheapest entry to the post, looking at its own champions only: a price no champion has answered yet.
    pub fn entry(&self, g: &Graph, post: u32) -> i64 {
        let prices = g.by_post.row(post as usize).iter().filter_map(|e| self.entry_at(g, post, e));
        prices.min().unwrap_or(i64::MAX / 4)
    }

    /// The price at which champion `e.to` would take the post, if it can; `None` if it holds it or cannot.
    pub fn entry_at(&self, g: &Graph, post: u32, e: &Edge) -> Option<i64> {
        let mine = &self.held[e.to as usize];
        let o = self.obstacles(g, e.to, post);
        let full = o.week >= g.caps[e.to as usize];
        if mine.iter().any(|h| h.post == post) {
            return None;
        }
        if o.clashes == 0 && !full {
            return Some(e.cost() + g.step(mine.len() + 1));
        }
        let swaps = mine.iter().enumerate().filter(|(i, h)| {
            let freed = !full || g.week(h.post) == g.week(post);
            !h.fixed && freed && (o.clashes == 0 || (o.clashes == 1 && o.first == *i))
        });
        swaps.map(|(_, h)| e.cost() + self.worth(h.post, h.cost)).min()
    }
}

/// See [`State::obstacles`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Obstacles {
    pub clashes: u32,
    pub first: usize,
    pub second: usize,
    pub week: u32,
}

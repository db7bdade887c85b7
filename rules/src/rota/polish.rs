//! Lifts the lower bound: wherever a champion or a session would rather do otherwise than the rota says, prices give way.
use super::bound::{session, worth};
use super::engine::Control;
use super::graph::Graph;
use super::schedule::{OWN, Scheduler};
use super::state::State;
use std::collections::HashMap;

/// Prices on the move, with what each champion could make of them.
struct Polish<'a> {
    g: &'a Graph,
    st: &'a State,
    price: Vec<i64>,
    value: Vec<i64>,
    stale: Vec<bool>,
    queue: Vec<u32>,
    scheduler: Scheduler,
    looks: usize,
    /// Sessions whose helpers are paid differently, and what they cost.
    closed: HashMap<usize, i64>,
}

/// Schedules recomputed before the bound is good enough.
const LOOKS: usize = 60_000;

/// Best bound found, scaled. Projects the prices onto one violated wish after another (Kaczmarz' method):
/// the gap is the sum of the violations, so prices that leave none prove the rota best.
pub(crate) fn polish(g: &Graph, st: &State, control: &mut dyn Control) -> i64 {
    let n = st.held.len();
    let (value, stale, queue) = (vec![0; n], vec![true; n], (0..n as u32).collect());
    let mut p =
        Polish { g, st, price: st.price.clone(), value, stale, queue, scheduler: Scheduler::default(), looks: 0, closed: HashMap::new() };
    let first = p.bound();
    p.discriminate();
    let mut best = p.bound().max(first);
    let mut since = 0;
    // Champions looked at, not rounds, so that large instances get fewer of them.
    while p.looks < LOOKS && since < 30 && st.objective - best >= g.scale && !control.stop(20 * p.looks as u64, st.objective) {
        p.round();
        since += 1;
        let now = p.bound();
        if now > best {
            since = if now - best > (st.objective - best) / 50 { 0 } else { since };
            best = now;
        }
    }
    best
}

impl Polish<'_> {
    /// Brings every stale value up to date; the queue is left with the champions who are not content.
    fn bound(&mut self) -> i64 {
        let queue = std::mem::take(&mut self.queue);
        self.looks += queue.len();
        for c in queue {
            let held = &self.st.held[c as usize];
            self.stale[c as usize] = false;
            self.value[c as usize] = self.scheduler.best(self.g, &self.price, c, held);
            if self.value[c as usize] > worth(self.g, &self.price, held) {
                self.stale[c as usize] = true;
                self.queue.push(c);
            }
        }
        let mut take = Vec::new();
        let cost = |s: usize| self.closed.get(&s).copied().unwrap_or_else(|| session(self.g, &self.price, self.st, s, &mut take));
        let sessions: i64 = (0..self.g.first.len() - 1).map(cost).sum();
        sessions - self.value.iter().sum::<i64>()
    }

    /// One price for all helpers lets a closed session pretend that each comes as cheaply as the cheapest: the weakness of the linear
    /// relaxation. So each is paid what it would take to have just that champion, and the bound may pass the relaxation's.
    fn discriminate(&mut self) {
        let mut take = Vec::new();
        for s in 0..self.g.first.len() - 1 {
            let posts = self.g.first[s]..self.g.first[s + 1];
            let idle = posts.len() > 1 && posts.clone().all(|p| self.st.holders[p as usize].is_empty());
            let empty: i64 = posts.clone().map(|p| self.actual(p as usize)).sum();
            if idle && session(self.g, &self.price, self.st, s, &mut take) < empty {
                let lead = posts.start;
                let gain = self.g.posts[lead as usize].penalty - self.price[lead as usize];
                let more = gain.max(0) * (i64::from(self.g.posts[lead as usize].places) - 1);
                let helpers: i64 = posts.skip(1).map(|p| self.pay_each(p)).sum();
                self.closed.insert(s, empty - (gain + more + helpers).max(0));
            }
        }
    }

    /// Sets the champions' own prices; the most the session gains from them.
    fn pay_each(&mut self, post: u32) -> i64 {
        let (penalty, places) = (self.g.posts[post as usize].penalty, self.g.posts[post as usize].places as usize);
        self.shift(post, 0);
        self.price[post as usize] = OWN;
        let mut gains = Vec::new();
        for e in self.g.by_post.row(post as usize) {
            let pay = self.st.entry_at(self.g, post, e).unwrap_or(penalty).min(penalty);
            self.scheduler.own.insert((post, e.to), pay);
            gains.push(penalty - pay);
        }
        gains.sort_unstable_by(|a, b| b.cmp(a));
        gains.into_iter().take(places).sum()
    }

    fn round(&mut self) {
        for c in self.queue.clone() {
            self.content(c);
        }
        for s in 0..self.g.first.len() - 1 {
            self.settle(s);
        }
    }

    fn shift(&mut self, post: u32, by: i64) {
        if self.price[post as usize] == OWN {
            return;
        }
        self.price[post as usize] += by;
        for e in self.g.by_post.row(post as usize) {
            if !std::mem::replace(&mut self.stale[e.to as usize], true) {
                self.queue.push(e.to);
            }
        }
    }

    /// Prices under which the champion would as soon have what the rota gives: dearer what is held, cheaper what is wanted.
    fn content(&mut self, c: u32) {
        let held = &self.st.held[c as usize];
        let lost = self.scheduler.best(self.g, &self.price, c, held) - worth(self.g, &self.price, held);
        if lost <= 0 {
            return;
        }
        let wanted = std::mem::take(&mut self.scheduler.chosen);
        let gone: Vec<u32> = held.iter().map(|h| h.post).filter(|p| !wanted.contains(p)).collect();
        let new: Vec<u32> = wanted.iter().copied().filter(|p| !held.iter().any(|h| h.post == *p)).collect();
        let step = lost / (gone.len() + new.len()).max(1) as i64 + 1;
        gone.iter().for_each(|&p| self.shift(p, step));
        new.iter().for_each(|&p| self.shift(p, -step));
        self.scheduler.chosen = wanted;
    }

    /// The same for a session: cheaper what it should take, dearer what it should leave.
    fn settle(&mut self, s: usize) {
        if self.closed.contains_key(&s) {
            return;
        }
        let mut take = Vec::new();
        let cost = session(self.g, &self.price, self.st, s, &mut take);
        let posts = self.g.first[s] as usize..self.g.first[s + 1] as usize;
        let now: i64 = posts.clone().map(|p| self.actual(p)).sum();
        let apart: Vec<i64> = posts.clone().map(|p| i64::from(take[p - posts.start]) - self.st.holders[p].len() as i64).collect();
        let norm: i64 = apart.iter().map(|a| a * a).sum();
        if now > cost && norm > 0 {
            let step = (now - cost) / norm + 1;
            posts.zip(apart).filter(|(_, a)| *a != 0).for_each(|(p, a)| self.shift(p as u32, step * a));
        }
    }

    fn actual(&self, p: usize) -> i64 {
        let (places, filled) = (i64::from(self.g.posts[p].places), self.st.holders[p].len() as i64);
        self.g.posts[p].penalty * (places - filled) + self.price[p] * filled
    }
}

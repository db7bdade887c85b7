//! Puts prices right without moving anyone. Where somebody would rather do otherwise than the rota says, the posts concerned
//! get cheaper or dearer, and so do the posts that their holders would leave them for, until something gives.
use super::bound::{session, worth};
use super::engine::{Control, Engine};
use super::graph::Graph;
use super::schedule::Scheduler;
use super::search::{Best, End, Search};
use super::state::State;
use super::{lower, raise};

/// Raises the post's price by up to `by`; the rise that nobody answers by leaving the rota.
fn lift(g: &Graph, st: &mut State, s: &mut Search, post: u32, by: i64) -> i64 {
    let holders = st.holders[post as usize].len();
    let room = if holders == 0 { by } else { by.min(st.limit(g, post, holders - 1) - st.price[post as usize]) };
    s.still = true;
    let best = raise::explore(g, st, s, post, until(post, room));
    s.still = false;
    s.reprice(g, st, 1);
    best.key.0
}

/// Lowers the price by up to `by`, likewise.
fn sink(g: &Graph, st: &mut State, s: &mut Search, post: u32, by: i64) -> i64 {
    let best = lower::explore(g, st, s, post, until(post, by));
    s.reprice(g, st, -1);
    best.key.0
}

fn until(post: u32, by: i64) -> Best {
    Best { key: (by.max(0), 0), post, end: End::GiveUp }
}

impl Engine<'_> {
    /// Rounds over everyone discontent. `false` if stopped.
    pub fn mend(&mut self, rounds: usize, control: &mut dyn Control) -> bool {
        let mut scheduler = Scheduler::default();
        for _ in 0..rounds {
            let mut lost = 0;
            for c in 0..self.st.held.len() as u32 {
                if control.stop(self.s.work, self.st.objective) {
                    return false;
                }
                lost += self.mend_champion(c, &mut scheduler);
            }
            lost += (0..self.st.open.len()).map(|s| self.mend_session(s)).sum::<i64>();
            self.st.commit();
            if lost == 0 {
                break;
            }
        }
        true
    }

    fn mend_champion(&mut self, c: u32, scheduler: &mut Scheduler) -> i64 {
        let held = &self.st.held[c as usize];
        let lost = scheduler.best(self.g, &self.st.price, c, held) - worth(self.g, &self.st.price, held);
        if lost <= 0 {
            return 0;
        }
        let gone: Vec<u32> = held.iter().map(|h| h.post).filter(|p| !scheduler.chosen.contains(p)).collect();
        let new: Vec<u32> = scheduler.chosen.iter().copied().filter(|p| !held.iter().any(|h| h.post == *p)).collect();
        let mut left = lost;
        for p in new {
            left -= sink(self.g, &mut self.st, &mut self.s, p, left);
        }
        for p in gone {
            left -= lift(self.g, &mut self.st, &mut self.s, p, left);
        }
        lost
    }

    fn mend_session(&mut self, s: usize) -> i64 {
        let mut take = Vec::new();
        let cost = session(self.g, &self.st.price, &self.st, s, &mut take);
        let posts = self.g.first[s]..self.g.first[s + 1];
        let lost = posts.clone().map(|p| self.actual(p as usize)).sum::<i64>() - cost;
        let mut left = lost;
        for (p, want) in posts.zip(take) {
            let apart = i64::from(want) - self.st.holders[p as usize].len() as i64;
            if left > 0 && apart > 0 {
                left -= apart * lift(self.g, &mut self.st, &mut self.s, p, (left + apart - 1) / apart);
            } else if left > 0 && apart < 0 {
                left += apart * sink(self.g, &mut self.st, &mut self.s, p, (left - apart - 1) / -apart);
            }
        }
        lost
    }

    /// What the session's side pays for the post as it stands.
    pub fn actual(&self, p: usize) -> i64 {
        let (places, filled) = (i64::from(self.g.posts[p].places), self.st.holders[p].len() as i64);
        self.g.posts[p].penalty * (places - filled) + self.st.price[p] * filled
    }
}

//! Ruin and recreate: empties a neighbourhood around a fault, forgets its prices and fills it again in another order.
use super::bound::{session, worth};
use super::engine::{Control, Engine};
use super::schedule::Scheduler;
use crate::rng::Rng;

impl Engine<'_> {
    /// Posts where somebody would rather do otherwise: the gap is there, and so is the improvement if there is one.
    pub fn faults(&self) -> Vec<u32> {
        let (mut out, mut take, mut scheduler) = (Vec::new(), Vec::new(), Scheduler::default());
        for (c, held) in self.st.held.iter().enumerate() {
            let lost = scheduler.best(self.g, &self.st.price, c as u32, held) - worth(self.g, &self.st.price, held);
            if lost > self.g.scale {
                out.extend(scheduler.chosen.iter().filter(|p| !held.iter().any(|h| h.post == **p)));
                out.extend(held.iter().map(|h| h.post).filter(|p| !scheduler.chosen.contains(p)));
            }
        }
        for s in 0..self.st.open.len() {
            let cost = session(self.g, &self.st.price, &self.st, s, &mut take);
            let posts = self.g.first[s]..self.g.first[s + 1];
            if posts.clone().map(|p| self.actual(p as usize)).sum::<i64>() > cost + self.g.scale {
                out.extend(posts);
            }
        }
        out
    }

    /// One attempt around one of `faults`. `true` if the rota got better.
    pub fn ruin(&mut self, faults: &[u32], rng: &mut Rng, control: &mut dyn Control) -> bool {
        let before = self.st.objective;
        let size = 4 + rng.below(40);
        let region = self.region(faults[rng.below(faults.len())], size, rng);
        self.attempt(control, |e, control| {
            let mut queue = e.empty(&region);
            for i in (1..queue.len()).rev() {
                queue.swap(i, rng.below(i + 1));
            }
            if rng.below(4) > 0 {
                queue.sort_by_key(|&p| !e.g.posts[p as usize].leads);
            }
            e.settle(queue, control)
        });
        self.st.objective < before
    }

    /// Posts reached from `start` by way of champions who could swap, up to about `size`.
    fn region(&self, start: u32, size: usize, rng: &mut Rng) -> Vec<u32> {
        let mut region: Vec<u32> = self.g.siblings(start as usize).map(|p| p as u32).collect();
        for _ in 0..size * 4 {
            let row = self.g.by_post.row(region[rng.below(region.len())] as usize);
            if row.is_empty() {
                continue;
            }
            let champion = row[rng.below(row.len())].to;
            let held = self.st.held[champion as usize].iter().map(|h| h.post);
            let vacant = self.g.by_champion.row(champion as usize).iter().map(|e| e.to).filter(|p| self.st.holders[*p as usize].is_empty());
            for p in held.chain(vacant.take(4)).flat_map(|p| self.g.siblings(p as usize)) {
                if !region.contains(&(p as u32)) {
                    region.push(p as u32);
                }
            }
            if region.len() >= size {
                break;
            }
        }
        region
    }

    /// Unfills the posts, opens their sessions, sets their prices to the cheapest entry. Returns the places to fill.
    fn empty(&mut self, region: &[u32]) -> Vec<u32> {
        for &p in region {
            for c in self.st.holders[p as usize].clone() {
                if self.st.held[c as usize].iter().any(|h| h.post == p && !h.fixed) {
                    self.st.leave(self.g, c, p);
                }
            }
        }
        let mut queue = Vec::new();
        for &p in region {
            let lead = self.g.siblings(p as usize).start;
            let possible = !self.g.posts[p as usize].led || !self.g.by_post.row(lead).is_empty();
            if possible && !self.g.by_post.row(p as usize).is_empty() {
                self.st.set_open(self.g.session(p), true);
                let entry = self.st.entry(self.g, p).min(self.st.limit(self.g, p, 0));
                self.st.set_price(self.g, p, entry);
                let missing = self.g.posts[p as usize].places as usize - self.st.holders[p as usize].len();
                queue.extend(std::iter::repeat_n(p, missing));
            }
        }
        queue
    }
}

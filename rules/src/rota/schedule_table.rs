//! The best schedule of one champion where weeks may clash or caps are large: a table over sessions in time order.
use super::graph::Graph;
use super::schedule::{NONE, Scheduler};

impl Scheduler {
    /// `best[i][j][k]`: the last session is i, the j-th of its week and the k-th of all.
    pub(super) fn table(&mut self, g: &Graph, cap: usize) -> i64 {
        self.offers.sort_unstable_by_key(|o| (g.posts[o.post as usize].slot.start, o.post));
        let n = self.offers.len();
        let (weekly, all) = (cap.min(n), self.longest());
        self.best.clear();
        self.best.resize(n * weekly * all, NONE);
        self.before.clear();
        self.before.resize(n * weekly * all, u32::MAX);
        for i in 0..n {
            self.best[i * weekly * all] = self.offers[i].worth;
            for earlier in 0..i {
                if !g.clash(self.offers[earlier].post, self.offers[i].post) {
                    self.extend(g, earlier, i, weekly, all);
                }
            }
        }
        self.choose(weekly, all)
    }

    /// No schedule longer than this pays: the k-th best offer must outweigh the k-th step of fairness.
    fn longest(&self) -> usize {
        let mut worth: Vec<i64> = self.offers.iter().map(|o| o.worth).collect();
        worth.sort_unstable_by(|a, b| b.cmp(a));
        worth.iter().enumerate().take_while(|(k, w)| **w > self.fairness * (2 * *k as i64 + 1)).count().max(1)
    }

    fn extend(&mut self, g: &Graph, from: usize, to: usize, weekly: usize, all: usize) {
        let same = g.week(self.offers[from].post) == g.week(self.offers[to].post);
        for j in 0..weekly {
            let place = if same { j + 1 } else { 0 };
            if place >= weekly {
                break;
            }
            for k in 0..all - 1 {
                let source = (from * weekly + j) * all + k;
                let target = (to * weekly + place) * all + k + 1;
                let value = self.best[source] + self.offers[to].worth;
                if self.best[source] > NONE && value > self.best[target] {
                    self.best[target] = value;
                    self.before[target] = source as u32;
                }
            }
        }
    }

    fn choose(&mut self, weekly: usize, all: usize) -> i64 {
        let (mut value, mut at) = (0, u32::MAX);
        for (i, &sum) in self.best.iter().enumerate().filter(|(_, s)| **s > NONE) {
            let k = (i % all + 1) as i64;
            let net = sum - self.fairness * k * k;
            if net > value {
                (value, at) = (net, i as u32);
            }
        }
        while at != u32::MAX {
            self.chosen.push(self.offers[at as usize / (weekly * all)].post);
            at = self.before[at as usize];
        }
        value
    }
}

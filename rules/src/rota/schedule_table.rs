//! The best schedule of one champion where weeks may clash, caps are large or most sessions overlap: a table over sessions in time order.
use super::graph::Graph;
use super::schedule::{NONE, Scheduler};

/// The best way to each state, and the cell of the table it ends in.
#[derive(Debug, Default)]
pub(super) struct Front(Vec<(i64, u32)>);

impl Front {
    fn clear(&mut self, states: usize) {
        self.0.clear();
        self.0.resize(states, (NONE, u32::MAX));
    }

    fn offer(&mut self, state: usize, way: (i64, u32)) {
        if way.0 > self.0[state].0 {
            self.0[state] = way;
        }
    }
}

/// How many sessions a week and in all the table tells apart.
#[derive(Clone, Copy, Debug)]
struct Shape {
    weekly: usize,
    all: usize,
}

impl Shape {
    fn states(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.weekly).flat_map(move |j| (0..self.all).map(move |k| (j, k)))
    }

    fn cell(self, i: usize, j: usize, k: usize) -> usize {
        (i * self.weekly + j) * self.all + k
    }
}

impl Scheduler {
    /// `best[i][j][k]`: the last session is i, the j-th of its week and the k-th of all. Only sessions too close to be reached
    /// from anywhere are tested pair by pair; of all before those the best is known.
    pub(super) fn table(&mut self, g: &Graph, champion: u32, cap: usize) -> i64 {
        self.offers.sort_unstable_by_key(|o| (g.posts[o.post as usize].slot.start, o.post));
        let (n, all) = (self.offers.len(), self.longest());
        let shape = Shape { weekly: cap.min(n).min(all), all };
        self.best.clear();
        self.best.resize(n * shape.weekly * all, NONE);
        self.before.clear();
        self.before.resize(n * shape.weekly * all, u32::MAX);
        self.week.clear(shape.weekly * all);
        self.past.clear(all);
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        for i in 0..n {
            if i > 0 && g.week(self.offers[i - 1].post) != g.week(self.offers[i].post) {
                shape.states().for_each(|(j, k)| self.past.offer(k, self.week.0[j * all + k]));
                self.week.clear(shape.weekly * all);
            }
            near.retain(|&earlier| {
                let far = self.apart(g, champion, earlier, i);
                if far {
                    self.settle(g, shape, earlier, i);
                }
                !far
            });
            self.add(g, shape, &near, i);
            near.push(i);
        }
        self.near = near;
        self.choose(shape)
    }

    /// Whether `i` can be reached from `earlier` even between the champion's two farthest ends.
    fn apart(&self, g: &Graph, champion: u32, earlier: usize, i: usize) -> bool {
        let slot = |at: usize| &g.posts[self.offers[at].post as usize].slot;
        let spare = slot(i).start - slot(earlier).end - g.pace.buffer;
        spare >= 0 && g.pace.speed * spare >= g.reach[champion as usize] * 2 + 2
    }

    /// From `i` on, nothing clashes with `earlier`.
    fn settle(&mut self, g: &Graph, shape: Shape, earlier: usize, i: usize) {
        let same = g.week(self.offers[earlier].post) == g.week(self.offers[i].post);
        for (j, k) in shape.states() {
            let cell = shape.cell(earlier, j, k);
            let way = (self.best[cell], cell as u32);
            if same {
                self.week.offer(j * shape.all + k, way);
            } else {
                self.past.offer(k, way);
            }
        }
    }

    /// The best schedules that end with `i`.
    fn add(&mut self, g: &Graph, shape: Shape, near: &[usize], i: usize) {
        self.best[shape.cell(i, 0, 0)] = self.offers[i].worth;
        for k in 0..shape.all {
            self.extend(shape, self.past.0[k], i, (0, k + 1));
        }
        for (j, k) in shape.states() {
            self.extend(shape, self.week.0[j * shape.all + k], i, (j + 1, k + 1));
        }
        for &earlier in near {
            let (from, to) = (self.offers[earlier].post, self.offers[i].post);
            if !g.clash(from, to) {
                let same = usize::from(g.week(from) == g.week(to));
                for (j, k) in shape.states() {
                    let cell = shape.cell(earlier, j, k);
                    self.extend(shape, (self.best[cell], cell as u32), i, (same * (j + 1), k + 1));
                }
            }
        }
    }

    fn extend(&mut self, shape: Shape, (value, from): (i64, u32), i: usize, (j, k): (usize, usize)) {
        if value > NONE && j < shape.weekly && k < shape.all {
            let (target, value) = (shape.cell(i, j, k), value + self.offers[i].worth);
            if value > self.best[target] {
                (self.best[target], self.before[target]) = (value, from);
            }
        }
    }

    /// No schedule longer than this pays: the k-th best offer must outweigh the k-th step of fairness.
    fn longest(&self) -> usize {
        let mut worth: Vec<i64> = self.offers.iter().map(|o| o.worth).collect();
        worth.sort_unstable_by(|a, b| b.cmp(a));
        worth.iter().enumerate().take_while(|(k, w)| **w > self.fairness * (2 * *k as i64 + 1)).count().max(1)
    }

    fn choose(&mut self, shape: Shape) -> i64 {
        let (mut value, mut at) = (0, u32::MAX);
        for (i, &sum) in self.best.iter().enumerate().filter(|(_, s)| **s > NONE) {
            let k = (i % shape.all + 1) as i64;
            let net = sum - self.fairness * k * k;
            if net > value {
                (value, at) = (net, i as u32);
            }
        }
        while at != u32::MAX {
            self.chosen.push(self.offers[at as usize / (shape.weekly * shape.all)].post);
            at = self.before[at as usize];
        }
        value
    }
}

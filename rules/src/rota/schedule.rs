//! The best schedule of one champion under given prices, by dynamic programming over the champion's sessions in time order.
use super::graph::Graph;
use super::state::Held;

/// A session the champion would be paid for.
#[derive(Clone, Copy, Debug)]
struct Offer {
    post: u32,
    worth: i64,
}

/// Reusable working memory.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    offers: Vec<Offer>,
    best: Vec<i64>,
    before: Vec<u32>,
    fairness: i64,
    /// The schedule found last.
    pub chosen: Vec<u32>,
}

/// Room below one unit of value for every held place.
fn fine(held: &[Held]) -> i64 {
    held.len() as i64 + 1
}

const NONE: i64 = i64::MIN / 4;

impl Scheduler {
    /// The most that price less cost less fairness can come to. Ties go to what `held` has. Only neighbours in time are
    /// tested for clashes: a looser rule, so the value is never too low, and exact whenever the journey by way of a third
    /// session is no shortcut.
    pub fn best(&mut self, g: &Graph, price: &[i64], champion: u32, held: &[Held]) -> i64 {
        self.chosen.clear();
        let big = self.collect(g, price, champion, held);
        let value = match self.offers.len() {
            0 => 0,
            1 => self.single(),
            _ => self.table(g, g.caps[champion as usize]),
        };
        let fixed = held.iter().filter(|h| h.fixed).count() as i64;
        (value - fixed * big).div_euclid(fine(held))
    }

    /// Offers above the least step of fairness, spread out so that one more for what is held settles ties only; pins by an amount nothing outweighs.
    fn collect(&mut self, g: &Graph, price: &[i64], champion: u32, held: &[Held]) -> i64 {
        self.offers.clear();
        let fine = fine(held);
        self.fairness = fine * g.fairness;
        for e in g.by_champion.row(champion as usize) {
            let worth = price[e.to as usize] - e.cost;
            let mine = held.iter().find(|h| h.post == e.to);
            if worth > g.fairness || (mine.is_some() && worth >= g.fairness) || mine.is_some_and(|h| h.fixed) {
                self.offers.push(Offer { post: e.to, worth: fine * worth + i64::from(mine.is_some()) });
            }
        }
        if !held.iter().any(|h| h.fixed) {
            return 0;
        }
        let n = self.offers.len() as i64;
        let big = 1 + self.offers.iter().map(|o| o.worth.abs()).sum::<i64>() + self.fairness * n * n;
        for o in &mut self.offers {
            if held.iter().any(|h| h.fixed && h.post == o.post) {
                o.worth += big;
            }
        }
        big
    }

    fn single(&mut self) -> i64 {
        let value = self.offers[0].worth - self.fairness;
        if value > 0 {
            self.chosen.push(self.offers[0].post);
        }
        value.max(0)
    }

    /// `best[i][j][k]`: the last session is i, the j-th of its week and the k-th of all.
    fn table(&mut self, g: &Graph, cap: u32) -> i64 {
        self.offers.sort_unstable_by_key(|o| (g.posts[o.post as usize].slot.start, o.post));
        let n = self.offers.len();
        let (weekly, all) = ((cap as usize).min(n), self.longest());
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

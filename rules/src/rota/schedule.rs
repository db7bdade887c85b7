//! The best schedule of one champion under given prices: week by week where weeks cannot clash, else by a table.
use super::graph::Graph;
use super::schedule_table::Front;
use super::schedule_week::{WEEKLY, Week};
use super::state::Held;
use std::collections::HashMap;

/// A session the champion would be paid for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub post: u32,
    pub worth: i64,
}

/// Reusable working memory.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    pub(super) offers: Vec<Offer>,
    pub(super) best: Vec<i64>,
    pub(super) before: Vec<u32>,
    pub(super) fairness: i64,
    weeks: Vec<Week>,
    /// The table's: of this week and of those before, and sessions too close to be sure of.
    pub(super) week: Front,
    pub(super) past: Front,
    pub(super) near: Vec<usize>,
    /// What posts priced [`OWN`] pay each champion.
    pub own: HashMap<(u32, u32), i64>,
    /// The schedule found last.
    pub chosen: Vec<u32>,
}

/// Stands for the price of a post that pays each champion differently.
pub(crate) const OWN: i64 = i64::MIN / 8;

/// No such schedule.
pub(super) const NONE: i64 = i64::MIN / 4;

/// Room below one unit of value for every held place.
fn fine(held: &[Held]) -> i64 {
    held.len() as i64 + 1
}

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
            _ => self.several(g, champion),
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
            let paid = match price[e.to as usize] {
                OWN => self.own.get(&(e.to, champion)).copied().unwrap_or(0),
                price => price,
            };
            let worth = paid - e.cost();
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

    fn several(&mut self, g: &Graph, champion: u32) -> i64 {
        let cap = g.caps[champion as usize] as usize;
        self.offers.sort_unstable_by_key(|o| (g.week(o.post), -o.worth, o.post));
        let by_week = if cap <= WEEKLY && self.weeks_apart(g, champion) { self.by_week(g, cap) } else { None };
        by_week.unwrap_or_else(|| self.table(g, champion, cap))
    }

    /// No session of one week can clash with one of another, even at the champion's two farthest ends.
    fn weeks_apart(&self, g: &Graph, champion: u32) -> bool {
        let slot = |o: &Offer| &g.posts[o.post as usize].slot;
        let weeks = || self.offers.chunk_by(|a, b| g.week(a.post) == g.week(b.post));
        weeks().zip(weeks().skip(1)).all(|(a, b)| {
            let end = a.iter().map(|o| slot(o).end).max().unwrap_or(0);
            let start = b.iter().map(|o| slot(o).start).min().unwrap_or(0);
            g.pace.speed * (start - end - g.pace.buffer) >= g.reach[champion as usize] * 2 + 2 && end + g.pace.buffer <= start
        })
    }

    /// The best 1, 2, .. of each week, then over all weeks the largest gains first: gains fall within a week only by
    /// and large, so weeks are joined by trying every count. None where a week has too many that overlap.
    fn by_week(&mut self, g: &Graph, cap: usize) -> Option<i64> {
        let mut weeks = std::mem::take(&mut self.weeks);
        weeks.clear();
        let found = self.offers.chunk_by(|a, b| g.week(a.post) == g.week(b.post)).map(|w| Week::best(g, w, cap));
        let whole = found.map(|week| week.map(|week| weeks.push(week))).collect::<Option<()>>();
        let value = whole.map(|()| self.join(&weeks, cap));
        self.weeks = weeks;
        value
    }

    /// `best[w][k]`: k places in the first w weeks.
    fn join(&mut self, weeks: &[Week], cap: usize) -> i64 {
        let all = weeks.len() * cap + 1;
        self.best.clear();
        self.best.resize((weeks.len() + 1) * all, NONE);
        self.before.clear();
        self.before.resize((weeks.len() + 1) * all, 0);
        self.best[0] = 0;
        for (w, week) in weeks.iter().enumerate() {
            for k in 0..=w * cap {
                for (n, sum) in std::iter::once(&0).chain(&week.sum).enumerate().filter(|(_, s)| **s > NONE) {
                    let value = self.best[w * all + k] + sum;
                    let target = (w + 1) * all + k + n;
                    if self.best[w * all + k] > NONE && value > self.best[target] {
                        self.best[target] = value;
                        self.before[target] = n as u32;
                    }
                }
            }
        }
        self.trace(weeks, all)
    }

    fn trace(&mut self, weeks: &[Week], all: usize) -> i64 {
        let last = &self.best[weeks.len() * all..];
        let net = |k: usize| last[k] - self.fairness * (k * k) as i64;
        let mut k = (0..all).filter(|&k| last[k] > NONE).max_by_key(|&k| (net(k), std::cmp::Reverse(k))).unwrap_or(0);
        let value = net(k);
        for w in (0..weeks.len()).rev() {
            let n = self.before[(w + 1) * all + k] as usize;
            if n > 0 {
                self.chosen.extend(&weeks[w].pick[n - 1][..n]);
            }
            k -= n;
        }
        value
    }
}

//! The best one, two and three sessions of one week: pairs and triples in order of worth, cut off as soon as none can win.
use super::graph::Graph;
use super::schedule::{NONE, Offer};

/// Caps above this go to the table.
pub(crate) const WEEKLY: usize = 3;

/// Pairs and triples tried for each offer, on average: more where nearly all overlap, and then a table is quicker.
const TRIES: usize = 24;

/// For each count of sessions the best sum and who makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Week {
    pub sum: [i64; WEEKLY],
    pub pick: [[u32; WEEKLY]; WEEKLY],
    tries: usize,
}

impl Week {
    /// `offers` of one week, the most worth first. None if that takes too long.
    pub fn best(g: &Graph, offers: &[Offer], cap: usize) -> Option<Self> {
        let mut week = Self { sum: [NONE; WEEKLY], pick: [[0; WEEKLY]; WEEKLY], tries: TRIES * (offers.len() + 8) };
        if cap > 0 {
            week.sum[0] = offers[0].worth;
            week.pick[0][0] = offers[0].post;
        }
        if cap > 1 {
            week.more(g, offers, cap);
        }
        (week.tries > 0).then_some(week)
    }

    fn more(&mut self, g: &Graph, offers: &[Offer], cap: usize) {
        for (i, a) in offers.iter().enumerate() {
            let Some(next) = offers.get(i + 1) else { return };
            let third = offers.get(i + 2).map_or(NONE, |o| a.worth + next.worth + o.worth);
            if a.worth + next.worth <= self.sum[1] && (cap < 3 || third <= self.sum[2]) {
                return;
            }
            self.with(g, a, &offers[i + 1..], cap);
            if self.tries == 0 {
                return;
            }
        }
    }

    fn with(&mut self, g: &Graph, a: &Offer, rest: &[Offer], cap: usize) {
        for (j, b) in rest.iter().enumerate() {
            self.tries = self.tries.saturating_sub(1);
            let third = rest.get(j + 1).map_or(NONE, |o| a.worth + b.worth + o.worth);
            let triple = cap > 2 && third > self.sum[2];
            if self.tries == 0 || (a.worth + b.worth <= self.sum[1] && !triple) {
                return;
            }
            if g.clash(a.post, b.post) {
                continue;
            }
            if a.worth + b.worth > self.sum[1] {
                self.sum[1] = a.worth + b.worth;
                self.pick[1] = [a.post, b.post, 0];
            }
            if triple {
                self.triple(g, a, b, &rest[j + 1..]);
            }
        }
    }

    fn triple(&mut self, g: &Graph, a: &Offer, b: &Offer, rest: &[Offer]) {
        for c in rest {
            self.tries = self.tries.saturating_sub(1);
            let sum = a.worth + b.worth + c.worth;
            if sum <= self.sum[2] || self.tries == 0 {
                return;
            }
            if !g.clash(a.post, c.post) && !g.clash(b.post, c.post) {
                self.sum[2] = sum;
                self.pick[2] = [a.post, b.post, c.post];
                return;
            }
        }
    }
}

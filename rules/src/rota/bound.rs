//! A lower bound from prices alone: every champion and every session does what is best for itself.
//!
//! Integers throughout, so no rounding can lift it above the optimum.
use super::graph::Graph;
use super::state::{Held, State};

/// What a session does under prices: how many to take in each post beyond the pinned, and at what cost.
pub(crate) fn session(g: &Graph, price: &[i64], st: &State, session: usize, take: &mut Vec<u32>) -> i64 {
    let posts = g.first[session] as usize..g.first[session + 1] as usize;
    take.clear();
    let (mut cost, mut first, mut rest) = (0, i64::MAX, 0);
    for p in posts.clone() {
        let post = &g.posts[p];
        let pinned = pinned(st, p) as i64;
        let (gain, free) = (post.penalty - price[p], i64::from(post.places) - pinned);
        let takes = if gain > 0 { free.max(0) } else { 0 };
        cost += post.penalty * i64::from(post.places) - gain * pinned;
        take.push((pinned + takes) as u32);
        if post.leads && pinned == 0 && free > 0 {
            first = gain;
            rest += gain.max(0) * (free - 1);
        } else if post.leads && pinned == 0 {
            first = 0;
            rest = i64::MIN / 4;
        } else {
            rest += gain * takes;
        }
    }
    if first == i64::MAX {
        return cost - rest;
    }
    if first + rest <= 0 {
        posts.enumerate().for_each(|(i, p)| take[i] = pinned(st, p) as u32);
        return cost;
    }
    take[0] = take[0].max(1);
    cost - first - rest
}

fn pinned(st: &State, post: usize) -> usize {
    let fixed = |c: &&u32| st.held[**c as usize].iter().any(|h| h.post as usize == post && h.fixed);
    st.holders[post].iter().filter(fixed).count()
}

/// What a schedule is worth under prices.
pub(crate) fn worth(g: &Graph, price: &[i64], held: &[Held]) -> i64 {
    let sum: i64 = held.iter().map(|h| price[h.post as usize] - h.cost).sum();
    sum - g.fairness * (held.len() * held.len()) as i64
}

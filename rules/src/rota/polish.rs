//! Lifts the lower bound: wherever a champion or a session would rather do otherwise than the rota says, prices give way a little.
use super::bound::{bound, session, worth};
use super::engine::Control;
use super::graph::Graph;
use super::schedule::Scheduler;
use super::state::State;

/// Best bound found and its prices. Projects the prices onto one violated wish after another (Kaczmarz' method): the gap is
/// the sum of the violations, so prices that leave none prove the rota best.
pub(crate) fn polish(g: &Graph, st: &State, rounds: u32, control: &mut dyn Control) -> (i64, Vec<i64>) {
    let mut scheduler = Scheduler::default();
    let mut price = st.price.clone();
    let mut best = (bound(g, st, &price, &mut scheduler), price.clone());
    for round in 0..rounds {
        if best.0 >= st.objective || control.stop(0, st.objective) {
            break;
        }
        champions(g, st, &mut price, &mut scheduler);
        sessions(g, st, &mut price);
        if round % 4 == 3 || round < 8 {
            let now = bound(g, st, &price, &mut scheduler);
            if now > best.0 {
                best = (now, price.clone());
            }
        }
    }
    best
}

fn champions(g: &Graph, st: &State, price: &mut [i64], scheduler: &mut Scheduler) {
    for (c, held) in st.held.iter().enumerate() {
        let lost = scheduler.best(g, price, c as u32, held) - worth(g, price, held);
        if lost <= 0 {
            continue;
        }
        let wanted = &scheduler.chosen;
        let gone = held.iter().map(|h| h.post).filter(|p| !wanted.contains(p)).count();
        let new = wanted.iter().filter(|p| !held.iter().any(|h| h.post == **p)).count();
        let step = lost / (gone + new).max(1) as i64 + 1;
        for h in held.iter().filter(|h| !wanted.contains(&h.post)) {
            price[h.post as usize] += step;
        }
        for p in wanted.iter().filter(|p| !held.iter().any(|h| h.post == **p)) {
            price[*p as usize] -= step;
        }
    }
}

fn sessions(g: &Graph, st: &State, price: &mut [i64]) {
    let mut take = Vec::new();
    for s in 0..g.first.len() - 1 {
        let cost = session(g, price, st, s, &mut take);
        let posts = g.first[s] as usize..g.first[s + 1] as usize;
        let now: i64 = posts.clone().map(|p| actual(g, st, price, p)).sum();
        let apart = |p: usize| i64::from(take[p - posts.start]) - st.holders[p].len() as i64;
        let norm: i64 = posts.clone().map(|p| apart(p) * apart(p)).sum();
        if now > cost && norm > 0 {
            let step = (now - cost) / norm + 1;
            posts.clone().for_each(|p| price[p] += step * apart(p));
        }
    }
}

fn actual(g: &Graph, st: &State, price: &[i64], p: usize) -> i64 {
    let (places, filled) = (i64::from(g.posts[p].places), st.holders[p].len() as i64);
    g.posts[p].penalty * (places - filled) + price[p] * filled
}

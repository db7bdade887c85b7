//! Frees a place of a post: lowers prices until a champion rests, or a chain of champions ends in a vacancy.
use super::graph::Graph;
use super::search::{Best, End, Move, Search};
use super::state::State;

/// Takes one champion off `post` and finds the best use of the freedom. `false` if every holder is pinned.
pub(crate) fn lower(g: &Graph, st: &mut State, s: &mut Search, post: u32) -> bool {
    loop {
        let best = explore(g, st, s, post, Best { key: (i64::MAX, u32::MAX), post, end: End::GiveUp });
        let mut moves: Vec<Move> = Vec::new();
        match best.end {
            End::Drop { champion } => moves.push(Move { champion, add: None, drop: vec![best.post] }),
            End::Add { .. } => {}
            _ => return false,
        }
        s.chain(best.post, false, &mut moves);
        if s.apply(g, st, &moves) {
            s.reprice(g, st, -1);
            return true;
        }
        if s.exhausted() {
            return rest(g, st, post);
        }
    }
}

/// The plain way: the dearest champion of the post rests.
fn rest(g: &Graph, st: &mut State, post: u32) -> bool {
    let free = |c: &&u32| st.held[**c as usize].iter().any(|h| h.post == post && !h.fixed);
    match st.holders[post as usize].iter().find(free).copied() {
        Some(c) => {
            st.leave(g, c, post);
            true
        }
        None => false,
    }
}

/// Labels posts by how much cheaper `start` gets before they do; returns the nearest end, or `best` if none is nearer.
pub(crate) fn explore(g: &Graph, st: &State, s: &mut Search, start: u32, mut best: Best) -> Best {
    s.begin(start);
    while let Some((d, hops, q)) = s.pop(&best) {
        // A vacancy that was reached ends the chain: nobody needs to leave it.
        if q != start && st.vacant(g, q) {
            best.offer(d, hops, q, End::Add { champion: 0, cost: 0 });
            continue;
        }
        for &c in &st.holders[q as usize] {
            visit(g, st, s, (d, hops, q), c, &mut best);
        }
    }
    best
}

/// What champion `c` could do instead of holding `q`.
fn visit(g: &Graph, st: &State, s: &mut Search, (d, hops, q): (i64, u32, u32), c: u32, best: &mut Best) {
    let mine = &st.held[c as usize];
    let Some(at) = mine.iter().position(|h| h.post == q && !h.fixed) else { return };
    if s.banned(q, c) {
        return;
    }
    let worth = st.worth(q, mine[at].cost);
    best.offer(d + (worth - g.step(mine.len())).max(0), hops + 1, q, End::Drop { champion: c });
    for e in g.by_champion.row(c as usize) {
        s.work += 1;
        let mut key = (d + (worth - st.worth(e.to, e.cost())).max(0), hops + 1);
        if key >= best.key || e.to == q || mine.iter().any(|h| h.post == e.to) || s.banned(e.to, c) {
            continue;
        }
        let o = st.obstacles(g, c, e.to);
        let week = o.week - u32::from(g.week(q) == g.week(e.to));
        let fits = o.clashes == 0 || (o.clashes == 1 && o.first == at);
        if !fits || week >= g.caps[c as usize] {
            continue;
        }
        if st.vacant(g, e.to) {
            key.0 += (st.limit(g, e.to, st.holders[e.to as usize].len()) - st.price[e.to as usize]).max(0);
        } else if st.holders[e.to as usize].is_empty() {
            continue; // a session that does not take place
        }
        if key < best.key {
            s.relax(e.to, key, (q, c, e.cost()));
        }
    }
}

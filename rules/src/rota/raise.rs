//! Fills a post: raises prices until some chain of champions moves up by one, or a post gives up its place.
use super::graph::{Edge, Graph};
use super::search::{Best, End, Move, Search};
use super::state::{Held, State};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Raised {
    Filled,
    /// This post has a place fewer than it could have: perhaps the one asked for.
    GaveUp(u32),
    /// Filled, and these two lost a place each.
    Split(u32, u32),
}

/// One more champion for `post`, which must be vacant, by the cheapest chain.
pub(crate) fn raise(g: &Graph, st: &mut State, s: &mut Search, post: u32) -> Raised {
    loop {
        let slack = st.limit(g, post, st.holders[post as usize].len()) - st.price[post as usize];
        let best = explore(g, st, s, post, Best { key: (slack.max(0), 1), post, end: End::GiveUp });
        let mut moves: Vec<Move> = Vec::new();
        let result = ending(g, st, &best, &mut moves);
        s.chain(best.post, true, &mut moves);
        if s.apply(g, st, &moves) {
            s.reprice(g, st, 1);
            if let Raised::Split(..) = result {
                s.splits[best.post as usize] -= 1;
            }
            return result;
        }
        if s.exhausted() {
            return Raised::GaveUp(post);
        }
    }
}

/// Labels posts by how much dearer `start` gets before they do; returns the nearest end, or `best` if none is nearer.
pub(crate) fn explore(g: &Graph, st: &State, s: &mut Search, start: u32, mut best: Best) -> Best {
    s.begin(start);
    while let Some((d, hops, q)) = s.pop(&best) {
        if q != start {
            let slack = st.limit(g, q, st.holders[q as usize].len() - 1) - st.price[q as usize];
            best.offer(d + slack.max(0), hops + 1, q, End::GiveUp);
        }
        let least = d + g.fairness - st.price[q as usize];
        for e in g.by_post.row(q as usize) {
            if least + e.cost() > best.key.0 {
                break;
            }
            s.work += 1;
            let beyond = d - st.price[q as usize] + st.floor[e.to as usize] + e.cost() > best.key.0;
            if !beyond && !s.banned(q, e.to) {
                visit(g, st, s, (d, hops, q), e, &mut best);
            }
        }
    }
    best
}

/// What champion `e.to` could do for post `q`.
fn visit(g: &Graph, st: &State, s: &mut Search, (d, hops, q): (i64, u32, u32), e: &Edge, best: &mut Best) {
    let mine = &st.held[e.to as usize];
    let worth = st.worth(q, e.cost());
    if mine.is_empty() {
        return best.offer(d + (g.step(1) - worth).max(0), hops + 1, q, End::Add { champion: e.to, cost: e.cost() });
    }
    if mine.iter().any(|h| h.post == q) {
        return;
    }
    let o = st.obstacles(g, e.to, q);
    let full = o.week >= g.caps[e.to as usize];
    if o.clashes == 0 && !full {
        best.offer(d + (g.step(mine.len() + 1) - worth).max(0), hops + 1, q, End::Add { champion: e.to, cost: e.cost() });
    }
    if o.clashes <= 1 {
        for (i, h) in mine.iter().enumerate() {
            let freed = !full || g.week(h.post) == g.week(q);
            if h.fixed || !freed || (o.clashes == 1 && o.first != i) {
                continue;
            }
            let key = (d + (st.worth(h.post, h.cost) - worth).max(0), hops + 1);
            if key < best.key {
                s.relax(h.post, key, (q, e.to, e.cost()));
            }
        }
    }
    if o.clashes > 0 && (s.still || s.splits[q as usize] > 0) {
        split(g, st, s, (d, hops, q), e, best);
    }
}

/// Two places make way. Where nobody is to move it is enough that the one with more room gets dearer.
fn split(g: &Graph, st: &State, s: &mut Search, (d, hops, q): (i64, u32, u32), e: &Edge, best: &mut Best) {
    let Some((a, b)) = pair(g, st, e.to, q) else { return };
    let lost = st.worth(a.post, a.cost) + st.worth(b.post, b.cost) - g.step(st.held[e.to as usize].len());
    let key = (d + (lost - st.worth(q, e.cost())).max(0), hops + 1);
    if !s.still {
        return best.offer(key.0, key.1, q, End::Split { champion: e.to, cost: e.cost() });
    }
    let room = |h: &Held| st.limit(g, h.post, st.holders[h.post as usize].len() - 1) - st.price[h.post as usize];
    let dearer = if room(&a) >= room(&b) { a } else { b };
    if key < best.key {
        s.relax(dearer.post, key, (q, e.to, e.cost()));
    }
}

/// The two held places that must go together for `q` to fit, if it takes two.
fn pair(g: &Graph, st: &State, c: u32, q: u32) -> Option<(Held, Held)> {
    let mine = &st.held[c as usize];
    let o = st.obstacles(g, c, q);
    let full = o.week >= g.caps[c as usize];
    let in_week = |h: &Held| g.week(h.post) == g.week(q);
    let (a, b) = match o.clashes {
        2 => (mine[o.first], mine[o.second]),
        1 if full && !in_week(&mine[o.first]) => {
            let others = mine.iter().filter(|h| in_week(h) && !h.fixed);
            (mine[o.first], *others.min_by_key(|h| (st.worth(h.post, h.cost), h.post))?)
        }
        _ => return None,
    };
    let left = o.week - u32::from(in_week(&a)) - u32::from(in_week(&b));
    (!a.fixed && !b.fixed && left < g.caps[c as usize]).then_some((a, b))
}

fn ending(g: &Graph, st: &State, best: &Best, moves: &mut Vec<Move>) -> Raised {
    match best.end {
        End::Add { champion, cost } => {
            moves.push(Move { champion, add: Some((best.post, cost)), drop: Vec::new() });
            Raised::Filled
        }
        End::Split { champion, cost } => match pair(g, st, champion, best.post) {
            Some((a, b)) => {
                moves.push(Move { champion, add: Some((best.post, cost)), drop: vec![a.post, b.post] });
                Raised::Split(a.post, b.post)
            }
            None => Raised::GaveUp(best.post),
        },
        _ => Raised::GaveUp(best.post),
    }
}

//! What one more champion would be worth, and where: from the empty places and the prices that went with them.
use super::geometry::{Pace, Slot};
use super::instance::{Assignment, Instance};
use super::price::slot;
use std::collections::{BTreeMap, HashMap};

/// Sessions within one square of this many metres count as one place to recruit for.
const SQUARE: i64 = 10_000;

/// "One more champion cleared to level 2 here on Tuesdays fills 6." The champion is taken to hold every module and to have
/// the whole weekday each week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// 0 is Monday.
    pub weekday: i64,
    /// DBS level that all of these sessions accept.
    pub dbs: i64,
    /// Mean position of the sessions in metres.
    pub x: i64,
    /// The same, north.
    pub y: i64,
    /// Places filled over the horizon, those of helpers included who only lack a lead.
    pub fills: i64,
    /// What the objective falls by, at most about this.
    pub worth: i64,
}

/// An empty place as a recruit sees it.
#[derive(Clone, Copy)]
struct Chance {
    slot: Slot,
    dbs: i64,
    fills: i64,
    worth: i64,
}

/// Where recruiting pays, the most worth first. `price` is what one more champion in a role costs today, if anyone can come.
pub(crate) fn shadows(instance: &Instance, rota: &[Assignment], price: &dyn Fn(usize, usize) -> i64) -> Vec<Shadow> {
    let mut groups: BTreeMap<(i64, i64, i64), Vec<Chance>> = BTreeMap::new();
    for (session, chance) in chances(instance, rota, price) {
        let s = &instance.sessions[session];
        groups.entry((s.x.div_euclid(SQUARE), s.y.div_euclid(SQUARE), s.day() % 7)).or_default().push(chance);
    }
    let pace = Pace { buffer: instance.buffer, speed: instance.speed };
    let mut out = Vec::new();
    for ((_, _, weekday), all) in groups {
        let mut last = 0;
        for dbs in 0..=3 {
            let mut open: Vec<Chance> = all.iter().filter(|c| c.dbs <= dbs).copied().collect();
            open.sort_by_key(|c| c.slot.start);
            let (worth, fills) = best(pace, instance.weights.fairness, &open);
            if worth > last {
                last = worth;
                let n = open.len() as i64;
                let mean = |f: fn(&Chance) -> i64| open.iter().map(f).sum::<i64>() / n;
                out.push(Shadow { weekday, dbs, x: mean(|c| c.slot.x), y: mean(|c| c.slot.y), fills, worth });
            }
        }
    }
    out.sort_by_key(|s| (-s.worth, s.x, s.y, s.weekday, s.dbs));
    out
}

/// The best place of each session that has one to offer.
fn chances(instance: &Instance, rota: &[Assignment], price: &dyn Fn(usize, usize) -> i64) -> Vec<(usize, Chance)> {
    let mut taken: HashMap<(usize, usize), i64> = HashMap::new();
    for a in rota {
        *taken.entry((a.session, a.role)).or_default() += 1;
    }
    let mut out = Vec::new();
    for s in &instance.sessions {
        let missing = |r: usize| s.roles[r].places - taken.get(&(s.id, r)).copied().unwrap_or(0);
        let penalty = instance.weights.unfilled * s.priority;
        let first = (0..s.roles.len()).find(|&r| missing(r) > 0);
        let Some(role) = first.filter(|_| penalty > 0) else { continue };
        let (mut fills, mut worth) = (1, penalty);
        if role == 0 && s.roles.len() > 1 && missing(0) == s.roles[0].places {
            for r in (1..s.roles.len()).filter(|&r| price(s.id, r) < penalty) {
                fills += missing(r);
                worth += missing(r) * (penalty - price(s.id, r));
            }
        }
        out.push((s.id, Chance { slot: slot(s), dbs: s.dbs, fills, worth }));
    }
    out
}

/// The chain of sessions worth most, and what it fills. `open` is in order of time.
fn best(pace: Pace, fairness: i64, open: &[Chance]) -> (i64, i64) {
    let mut ends: Vec<(i64, i64)> = Vec::with_capacity(open.len());
    for (i, c) in open.iter().enumerate() {
        let before = (0..i).filter(|&j| !pace.clash(&open[j].slot, &c.slot)).map(|j| ends[j]).max().unwrap_or((0, 0));
        ends.push((before.0 + c.worth - fairness, before.1 + c.fills));
    }
    ends.into_iter().max().unwrap_or((0, 0))
}

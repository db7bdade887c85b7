//! The format's rules written a second time, plainly and with floating point, to check the checker.
use crate::boroughs::{Dice, borough};
use rules::rota::{Assignment, Instance, price};

fn distance(ax: i64, ay: i64, bx: i64, by: i64) -> i64 {
    f64::hypot((ax - bx) as f64, (ay - by) as f64).round_ties_even() as i64
}

pub fn clash(i: &Instance, a: usize, b: usize) -> bool {
    let (mut a, mut b) = (&i.sessions[a], &i.sessions[b]);
    if a.start > b.start {
        (a, b) = (b, a);
    }
    let gap = b.start - a.end;
    a.id == b.id || gap < i.buffer || distance(a.x, a.y, b.x, b.y) > i.speed * (gap - i.buffer)
}

pub fn allowed(i: &Instance, a: Assignment) -> bool {
    let (c, s) = (&i.champions[a.champion], &i.sessions[a.session]);
    let day = s.start / 1440;
    let holds = |m: &i64| c.modules.iter().rfind(|h| h.0 == *m).is_some_and(|h| h.1 >= day);
    let open = |&(d, from, to): &(i64, i64, i64)| d == day % 7 && from <= s.start - day * 1440 && s.end - day * 1440 <= to;
    distance(c.x, c.y, s.x, s.y) <= c.max_travel
        && (s.dbs == 0 || (c.dbs >= s.dbs && c.dbs_until >= day))
        && s.roles[a.role].modules.iter().all(holds)
        && c.availability.iter().any(open)
}

/// The objective, or nothing if a rule is broken.
pub fn slow(i: &Instance, rota: &[Assignment]) -> Option<i64> {
    let places = |s: usize, r: usize| rota.iter().filter(|a| (a.session, a.role) == (s, r)).count() as i64;
    for (n, a) in rota.iter().enumerate() {
        let mine: Vec<usize> = rota.iter().filter(|b| b.champion == a.champion).map(|b| b.session).collect();
        let week = mine.iter().filter(|s| i.sessions[**s].start / 10_080 == i.sessions[a.session].start / 10_080).count();
        let clashes = rota[..n].iter().any(|b| b.champion == a.champion && clash(i, a.session, b.session));
        let full = places(a.session, a.role) > i.sessions[a.session].roles[a.role].places;
        let alone = a.role > 0 && places(a.session, 0) == 0;
        if !allowed(i, *a) || clashes || full || alone || week as i64 > i.champions[a.champion].max_per_week {
            return None;
        }
    }
    let mut cost = 0;
    for s in &i.sessions {
        cost += s.roles.iter().enumerate().map(|(r, role)| (role.places - places(s.id, r)) * s.priority * i.weights.unfilled).sum::<i64>();
    }
    for c in &i.champions {
        let load = rota.iter().filter(|a| a.champion == c.id).count() as i64;
        cost += i.weights.fairness * load * load;
    }
    Some(cost + rota.iter().map(|a| extra(i, a)).sum::<i64>())
}

fn extra(i: &Instance, a: &Assignment) -> i64 {
    let (c, s) = (&i.champions[a.champion], &i.sessions[a.session]);
    let known = if c.groups.contains(&s.group) { i.weights.continuity } else { 0 };
    distance(c.x, c.y, s.x, s.y) / i.weights.travel_unit - known
}

#[test]
fn the_checker_agrees_with_a_plain_reading_of_the_format() {
    let (mut kept, mut broken) = (0, 0);
    for seed in 0..4000 {
        let i = borough(seed, 5, 5);
        let d = &mut Dice(seed + 99);
        let mut rota: Vec<Assignment> = Vec::new();
        for s in i.sessions.iter().filter(|s| !s.roles.is_empty()) {
            for _ in 0..d.roll(3) {
                if !i.champions.is_empty() {
                    let (champion, role) = (d.roll(i.champions.len() as i64) as usize, d.roll(s.roles.len() as i64) as usize);
                    let a = Assignment { champion, session: s.id, role };
                    if allowed(&i, a) || d.roll(20) == 0 {
                        rota.push(a);
                    }
                }
            }
        }
        assert_eq!(price(&i, &rota).ok().map(|s| s.objective()), slow(&i, &rota), "borough {seed}");
        if slow(&i, &rota).is_some() { kept += 1 } else { broken += 1 }
    }
    assert!(kept > 500 && broken > 500, "{kept} {broken}");
}

//! The checker: verifies a rota against every hard rule and prices it, from the instance alone.
use super::eligible::{allowed, extra};
use super::geometry::{Pace, Slot};
use super::instance::{Assignment, Instance, Session};
use std::collections::{HashMap, HashSet};

/// The objective by term, each already multiplied by its weight. Lower is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Unfilled places times priority times the weight.
    pub unfilled: i64,
    /// Sum of squared loads times the weight.
    pub fairness: i64,
    /// Travel units.
    pub travel: i64,
    /// Reward for continuity, zero or more; it is subtracted.
    pub continuity: i64,
    /// Published assignments that are gone. Last in order: it never outweighs a unit of the objective, and is not in it.
    pub change: i64,
}

impl Score {
    /// The integer that is minimised.
    pub fn objective(&self) -> i64 {
        self.unfilled + self.fairness + self.travel - self.continuity
    }
}

/// The first hard rule found broken, and by which assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// No such champion, session or role.
    Unknown(Assignment),
    /// Too far, not cleared, not trained or not available.
    NotAllowed(Assignment),
    /// A second place in the same session.
    Twice(Assignment),
    /// More sessions in the week than the champion's cap.
    WeekFull(Assignment),
    /// Too close to another of the champion's sessions.
    Clash(Assignment),
    /// More champions than places.
    Overfilled(Assignment),
    /// A helper in a session whose lead place is empty.
    NoLead(Assignment),
}

pub(crate) fn slot(s: &Session) -> Slot {
    Slot { start: s.start, end: s.end, x: s.x, y: s.y, session: s.id as u32, week: s.week() as u32, remote: s.remote }
}

/// Verifies and prices a rota. The instance must have passed [`Instance::check`].
pub fn price(instance: &Instance, rota: &[Assignment]) -> Result<Score, Broken> {
    verify(instance, rota)?;
    let leads: HashSet<usize> = rota.iter().filter(|a| a.role == 0).map(|a| a.session).collect();
    match rota.iter().find(|a| a.role > 0 && !leads.contains(&a.session)) {
        Some(a) => Err(Broken::NoLead(*a)),
        None => Ok(score(instance, rota)),
    }
}

/// Every rule but the lead's.
pub(crate) fn verify(instance: &Instance, rota: &[Assignment]) -> Result<(), Broken> {
    let pace = Pace { buffer: instance.buffer, speed: instance.speed };
    let mut held: HashMap<usize, Vec<Slot>> = HashMap::new();
    let mut taken: HashMap<(usize, usize), i64> = HashMap::new();
    for a in rota {
        let (c, s) = (instance.champions.get(a.champion), instance.sessions.get(a.session));
        let (Some(c), Some(s)) = (c, s) else { return Err(Broken::Unknown(*a)) };
        let role = s.roles.get(a.role).ok_or(Broken::Unknown(*a))?;
        if !allowed(c, s, role) {
            return Err(Broken::NotAllowed(*a));
        }
        let filled = taken.entry((a.session, a.role)).or_default();
        *filled += 1;
        if *filled > role.places {
            return Err(Broken::Overfilled(*a));
        }
        let mine = held.entry(a.champion).or_default();
        join(pace, mine, slot(s), c.max_per_week, *a)?;
    }
    Ok(())
}

fn join(pace: Pace, mine: &mut Vec<Slot>, new: Slot, cap: i64, a: Assignment) -> Result<(), Broken> {
    if mine.iter().any(|h| h.session == new.session) {
        return Err(Broken::Twice(a));
    }
    if mine.iter().any(|h| pace.clash(h, &new)) {
        return Err(Broken::Clash(a));
    }
    mine.push(new);
    let week = mine.iter().filter(|h| h.week == new.week).count() as i64;
    if week > cap { Err(Broken::WeekFull(a)) } else { Ok(()) }
}

/// The terms of a rota already verified.
pub(crate) fn score(instance: &Instance, rota: &[Assignment]) -> Score {
    let w = &instance.weights;
    let mut load = vec![0i64; instance.champions.len()];
    let wanted = |s: &Session| s.priority * s.roles.iter().map(|r| r.places).sum::<i64>();
    let mut out = Score { unfilled: instance.sessions.iter().map(wanted).sum(), ..Score::default() };
    for a in rota {
        let (c, s) = (&instance.champions[a.champion], &instance.sessions[a.session]);
        let (travel, known) = extra(w, c, s);
        load[a.champion] += 1;
        out.unfilled -= s.priority;
        out.travel += travel;
        out.continuity += i64::from(known) * w.continuity;
    }
    out.unfilled *= w.unfilled;
    out.fairness = w.fairness * load.iter().map(|l| l * l).sum::<i64>();
    out
}

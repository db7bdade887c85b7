//! Is an instance well formed? Asked once, so that the planner need not.
use super::instance::{Champion, Instance, Session};

/// Largest coordinate, radius, minute or weight accepted: keeps every sum and square within 64 bits.
const WIDE: i64 = 1 << 29;

/// Why an instance was refused. `champion` and `session` are indexes in the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Weeks under 1, buffer or speed negative, or beyond what the arithmetic holds.
    Horizon,
    /// A negative weight, a travel unit under 1, or beyond what the arithmetic holds.
    Weights,
    /// `id` is not the index.
    ChampionId { champion: usize },
    /// Position, reach, weekly cap or DBS level out of range.
    ChampionRange { champion: usize },
    /// Weekday outside 0 to 6, or a window that ends before it starts.
    Availability { champion: usize },
    /// `id` is not the index.
    SessionId { session: usize },
    /// Position, priority (1 to 5) or DBS level out of range.
    SessionRange { session: usize },
    /// Ends no later than it starts, or starts outside the horizon.
    SessionTime { session: usize },
    /// Several roles and the first is not the only `lead`, or places out of range.
    Roles { session: usize },
}

impl Instance {
    /// The first fault found, or nothing. [`super::solve`] and [`super::price`] expect an instance that passed.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.weeks < 1 || self.weeks > 520 || !small(self.buffer) || !small(self.speed) {
            return Err(Malformed::Horizon);
        }
        let w = &self.weights;
        if ![w.unfilled, w.fairness, w.continuity].into_iter().all(small) || w.travel_unit < 1 {
            return Err(Malformed::Weights);
        }
        self.champions.iter().enumerate().try_for_each(|(i, c)| champion(i, c))?;
        self.sessions.iter().enumerate().try_for_each(|(i, s)| session(i, s, self.weeks))?;
        if self.worst() < 1 << 45 { Ok(()) } else { Err(Malformed::Weights) }
    }
}

impl Instance {
    /// No rota's objective is beyond this, and no sum on the way to it.
    fn worst(&self) -> i128 {
        let w = &self.weights;
        let reach = self.champions.iter().map(|c| c.max_travel).max().unwrap_or(0);
        let of = |s: &Session| s.roles.iter().map(|r| i128::from(r.places)).sum::<i128>();
        let places: i128 = self.sessions.iter().map(of).sum();
        let penalties: i128 = self.sessions.iter().map(|s| of(s) * i128::from(s.priority * w.unfilled)).sum();
        let longest = self.sessions.len() as i128;
        penalties + places * (i128::from(w.fairness) * 2 * longest.min(places) + i128::from(reach / w.travel_unit + w.continuity))
    }
}

fn small(v: i64) -> bool {
    (0..=WIDE).contains(&v)
}

fn placed(x: i64, y: i64) -> bool {
    x.abs() <= WIDE && y.abs() <= WIDE
}

fn champion(at: usize, c: &Champion) -> Result<(), Malformed> {
    if c.id != at {
        return Err(Malformed::ChampionId { champion: at });
    }
    if !placed(c.x, c.y) || !small(c.max_travel) || !small(c.max_per_week) || !(0..=3).contains(&c.dbs) {
        return Err(Malformed::ChampionRange { champion: at });
    }
    if c.availability.iter().any(|&(day, from, to)| !(0..7).contains(&day) || from > to) {
        return Err(Malformed::Availability { champion: at });
    }
    Ok(())
}

fn session(at: usize, s: &Session, weeks: i64) -> Result<(), Malformed> {
    if s.id != at {
        return Err(Malformed::SessionId { session: at });
    }
    if !placed(s.x, s.y) || !(1..=5).contains(&s.priority) || !(0..=3).contains(&s.dbs) {
        return Err(Malformed::SessionRange { session: at });
    }
    if s.end <= s.start || s.end > WIDE || !(0..weeks * 10_080).contains(&s.start) {
        return Err(Malformed::SessionTime { session: at });
    }
    let leads = s.roles.iter().filter(|r| r.role == "lead").count();
    let led = s.roles.len() < 2 || (leads == 1 && s.roles[0].role == "lead");
    if !led || s.roles.iter().any(|r| !(0..=1000).contains(&r.places)) {
        return Err(Malformed::Roles { session: at });
    }
    Ok(())
}

//! May this champion take this place at all? One rule for the planner, the checker and the reasons.
use super::geometry::{square, within};
use super::instance::{Champion, Role, Session};

/// A hard rule that keeps a champion from a place, the dearest to put right first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blocker {
    /// The session is farther than the champion travels.
    TooFar,
    /// DBS level too low or lapsed by the day.
    Dbs,
    /// A needed module is missing or lapsed by the day.
    Modules,
    /// No single window of availability covers the session.
    Unavailable,
    /// The caller excluded the pair.
    Barred,
    /// Another session of the champion is too close.
    Clash,
    /// The week's cap is reached.
    WeekFull,
    /// Free, but the objective does better without.
    NotWorth,
}

pub(crate) fn near(c: &Champion, s: &Session) -> bool {
    within(square(c.x, c.y, s.x, s.y), c.max_travel)
}

pub(crate) fn cleared(c: &Champion, s: &Session) -> bool {
    s.dbs == 0 || (c.dbs >= s.dbs && c.dbs_until >= s.day())
}

pub(crate) fn trained(c: &Champion, role: &Role, day: i64) -> bool {
    role.modules.iter().all(|m| c.modules.iter().rev().find(|h| h.0 == *m).is_some_and(|h| h.1 >= day))
}

/// One window covers the session, which may run past midnight only if the window does.
pub(crate) fn available(c: &Champion, s: &Session) -> bool {
    let day = s.day();
    let (from, to) = (s.start - day * 1440, s.end - day * 1440);
    c.availability.iter().any(|&(d, a, b)| d == day % 7 && a <= from && to <= b)
}

/// All four at once, the cheapest test first.
pub(crate) fn allowed(c: &Champion, s: &Session, role: &Role) -> bool {
    near(c, s) && cleared(c, s) && available(c, s) && trained(c, role, s.day())
}

/// The price of the pair beside fairness: travel in units less continuity.
pub(crate) fn extra(weights: &super::Weights, c: &Champion, s: &Session) -> (i64, bool) {
    let travel = if s.remote { 0 } else { super::geometry::metres(square(c.x, c.y, s.x, s.y)) / weights.travel_unit };
    (travel, c.groups.contains(&s.group))
}

//! Distances in whole metres, and when two sessions are too close for one champion.

pub(crate) use crate::travel::Pace;

/// Square of the distance in metres.
pub(crate) fn square(ax: i64, ay: i64, bx: i64, by: i64) -> i64 {
    let (dx, dy) = (ax - bx, ay - by);
    dx * dx + dy * dy
}

/// Does the root of `square`, rounded to the nearest integer, stay within `reach`? A root is never exactly a half.
pub(crate) fn within(square: i64, reach: i64) -> bool {
    let reach = reach.min(1 << 31);
    square <= reach * reach + reach
}

/// The root of `square` rounded to the nearest integer.
pub(crate) fn metres(square: i64) -> i64 {
    let low = square.isqrt();
    low + i64::from(square > low * low + low)
}

/// Where and when a session is: what a clash is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub start: i64,
    pub end: i64,
    pub x: i64,
    pub y: i64,
    pub session: u32,
    pub week: u32,
    pub remote: bool,
}

impl Pace {
    /// May one champion not take both? A session clashes with itself. A plan leaves the buffer everywhere, even where nobody
    /// travels: that is never less than what [`Pace::missing`] asks.
    pub(crate) fn clash(self, a: &Slot, b: &Slot) -> bool {
        let (a, b) = if a.start <= b.start { (a, b) } else { (b, a) };
        let spare = b.start - a.end - self.buffer;
        let afoot = !a.remote && !b.remote;
        a.session == b.session || spare < 0 || (afoot && !within(square(a.x, a.y, b.x, b.y), self.speed * spare))
    }
}

//! Getting from one session to another: one rule for offering, accepting, stand-ins, swaps and the planner.
//!
//! Two sessions in person need a straight-line journey between them and some minutes besides; at the same place nobody
//! travels, and phone and video only must not overlap.

use crate::calendar::Span;
use crate::geo::{Point, distance_metres};

/// How fast champions get from one session to another, and how long they need besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pace {
    /// Minutes between two sessions besides the journey.
    pub buffer: i64,
    /// Metres of a straight line that are travelled in a minute.
    pub speed: i64,
}

/// A bus in town, and a quarter of an hour to pack up and settle in.
pub const TOWN: Pace = Pace { buffer: 15, speed: 300 };

impl Default for Pace {
    fn default() -> Self {
        TOWN
    }
}

impl Pace {
    /// A pace within reason: up to four hours besides the journey, and from a stroll to a fast train.
    pub fn new(buffer: i64, speed: i64) -> Option<Self> {
        ((0..=240).contains(&buffer) && (10..=5_000).contains(&speed)).then_some(Self { buffer, speed })
    }

    /// Minutes from the end of a session to the beginning of one so far away.
    pub fn minutes(self, metres: i64) -> i64 {
        let speed = self.speed.max(1);
        self.buffer + (metres + speed - 1).div_euclid(speed)
    }

    /// Metres to the farthest place that can be reached in so many minutes between two sessions; below nothing if none can.
    pub fn farthest(self, minutes: i64) -> i64 {
        (minutes - self.buffer) * self.speed.max(1)
    }

    /// How many minutes are missing between two sessions in person; none if one can do both, or if they overlap: that is
    /// another matter.
    pub fn missing(self, one: (Span, Point), other: (Span, Point)) -> Option<i64> {
        let ((first, from), (second, to)) = if one.0.from <= other.0.from { (one, other) } else { (other, one) };
        if from == to || first.overlaps(second) {
            return None;
        }
        let gap = (second.from - first.until).num_minutes();
        let missing = self.minutes(i64::from(distance_metres(from, to))) - gap;
        (missing > 0).then_some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    const STOCKPORT: Point = Point { latitude: 53.4066, longitude: -2.1569 };
    /// 6.4 km to the east: 22 minutes by the bus.
    const MARPLE: Point = Point { latitude: 53.3943, longitude: -2.0632 };

    fn span(from: &str, until: &str) -> Span {
        let at = |text: &str| format!("2026-12-01T{text}:00Z").parse::<DateTime<Utc>>().expect("an instant");
        Span { from: at(from), until: at(until) }
    }

    #[test]
    fn a_journey_takes_its_time_and_the_order_does_not_matter() {
        let morning = (span("10:00", "12:00"), STOCKPORT);
        for (from, until, at, missing) in [
            ("12:37", "14:00", MARPLE, None),
            ("12:36", "14:00", MARPLE, Some(1)),
            ("12:00", "14:00", MARPLE, Some(37)),
            ("12:00", "14:00", STOCKPORT, None),
            ("11:59", "14:00", MARPLE, None),
            ("08:00", "09:23", MARPLE, None),
            ("08:00", "09:24", MARPLE, Some(1)),
        ] {
            let other = (span(from, until), at);
            assert_eq!(TOWN.missing(morning, other), missing, "{from} to {until}");
            assert_eq!(TOWN.missing(other, morning), missing, "{from} to {until}, the other way round");
        }
    }

    #[test]
    fn pace_is_set_within_reason() {
        let car = Pace::new(5, 800).expect("a pace");
        assert_eq!(car.missing((span("10:00", "12:00"), STOCKPORT), (span("12:10", "13:00"), MARPLE)), Some(3));
        for (buffer, speed) in [(-1, 300), (241, 300), (15, 9), (15, 5_001)] {
            assert_eq!(Pace::new(buffer, speed), None, "{buffer} and {speed}");
        }
    }

    proptest! {
        /// The planner's idea of a clash is this one, on whole metres.
        #[test]
        fn the_planner_agrees(gap in 0i64..200, metres in 0i64..60_000, buffer in 0i64..60, speed in 10i64..1_000) {
            use crate::rota::Slot;
            let pace = Pace { buffer, speed };
            let slot = |start, end, x, session| Slot { start, end, x, y: 0, session, week: 0, remote: false };
            let clash = pace.clash(&slot(0, 60, 0, 1), &slot(60 + gap, 120 + gap, metres, 2));
            prop_assert_eq!(clash, pace.minutes(metres) > gap);
        }

        #[test]
        fn more_time_never_hurts(gap in 0i64..300, more in 0i64..60, east in 0.0..0.2f64) {
            let there = Point { longitude: STOCKPORT.longitude + east, ..STOCKPORT };
            let first = span("08:00", "09:00");
            let second = |gap| { let from = first.until + TimeDelta::minutes(gap); Span { from, until: from + TimeDelta::hours(1) } };
            let missing = |gap| TOWN.missing((first, STOCKPORT), (second(gap), there)).unwrap_or(0);
            prop_assert!(missing(gap + more) <= missing(gap));
        }
    }
}

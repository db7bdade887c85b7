//! How often something may be done: a bucket that each try fills and time drains (the generic cell rate algorithm).
//!
//! The bucket's whole state is one number, the instant at which it will be empty, so that a database can judge and fill it
//! in one statement. Times are milliseconds since the epoch.

/// A bucket: how much it holds, and how long a unit takes to drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What fits at once.
    pub most: i64,
    /// Milliseconds until one unit has drained.
    pub each_ms: i64,
}

impl Limit {
    /// So much at once, and after that one more every so many seconds.
    pub const fn new(most: i64, each_seconds: i64) -> Self {
        Self { most, each_ms: each_seconds * 1000 }
    }

    /// How far ahead of now a full bucket's end lies.
    pub const fn room_ms(self) -> i64 {
        self.most * self.each_ms
    }

    /// What is left in a bucket that is empty at `empty_at`.
    pub fn left(self, empty_at: i64, now: i64) -> i64 {
        ((now + self.room_ms() - empty_at.max(now)) / self.each_ms).max(0)
    }
}

/// The bucket is full: what was asked for fits after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Milliseconds.
    pub ms: i64,
}

impl Wait {
    /// Whole seconds, as `Retry-After` has them; at least one.
    pub fn seconds(self) -> i64 {
        ((self.ms + 999) / 1000).max(1)
    }
}

/// Fills a bucket that is empty at `empty_at` by `cost`: its new end, or how long to wait. A refusal fills nothing.
pub fn take(limit: Limit, empty_at: i64, cost: i64, now: i64) -> Result<i64, Wait> {
    let filled = empty_at.max(now) + cost * limit.each_ms;
    let over = filled - (now + limit.room_ms());
    if over <= 0 { Ok(filled) } else { Err(Wait { ms: over }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIVE: Limit = Limit::new(5, 60);

    #[test]
    fn a_bucket_fills_and_drains() {
        let start = 1_000_000;
        // Seconds since the start, cost, and what is left after it; or how many seconds to wait.
        let cases = [
            (0, 1, Ok(4)),
            (0, 4, Ok(0)),
            (0, 1, Err(60)),
            (59, 1, Err(1)),
            (60, 1, Ok(0)),
            (60, 2, Err(120)),
            (180, 2, Ok(0)),
            (3_600, 5, Ok(0)),
            (3_600, 6, Err(360)),
        ];
        let mut empty_at = 0;
        for (at, cost, expected) in cases {
            let now = start + at * 1000;
            let outcome = take(FIVE, empty_at, cost, now);
            if let Ok(end) = outcome {
                empty_at = end;
            }
            assert_eq!(outcome.map(|end| FIVE.left(end, now)).map_err(Wait::seconds), expected, "at {at}, cost {cost}");
        }
    }

    #[test]
    fn a_wait_is_at_least_a_second() {
        assert_eq!([0, 1, 999, 1000, 1001].map(|ms| Wait { ms }.seconds()), [1, 1, 1, 1, 2]);
    }

    proptest! {
        #[test]
        fn whoever_waits_as_told_gets_through(empty_at in 0i64..10_000_000, cost in 1i64..=5, now in 0i64..10_000_000) {
            if let Err(wait) = take(FIVE, empty_at, cost, now) {
                prop_assert!(take(FIVE, empty_at, cost, now + wait.ms).is_ok());
                prop_assert!(take(FIVE, empty_at, cost, now + wait.ms - 1).is_err());
            }
        }

        #[test]
        fn no_order_of_tries_gets_more_than_the_bucket_and_its_drain(tries in proptest::collection::vec((0i64..120_000, 1i64..=5), 1..60)) {
            let (mut now, mut empty_at, mut got) = (0, 0, 0);
            for (pause, cost) in tries {
                now += pause;
                if let Ok(end) = take(FIVE, empty_at, cost, now) {
                    empty_at = end;
                    got += cost;
                }
                prop_assert!(got <= FIVE.most + now / FIVE.each_ms);
            }
        }
    }
}

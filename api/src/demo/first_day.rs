//! The demo's own calendar and ids: everything follows from its first day, so the same day gives the same data.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::{Builder, Uuid};

/// The day the demo starts on; the data is told in days before and after it.
#[derive(Clone, Copy, Debug)]
pub struct FirstDay(pub NaiveDate);

impl FirstDay {
    /// The date `days` after the first day, or before it.
    pub fn date(self, days: i64) -> NaiveDate {
        let distance = Days::new(days.unsigned_abs());
        if days < 0 { self.0 - distance } else { self.0 + distance }
    }

    /// An hour (UTC) of the date `days` after the first day.
    pub fn at(self, days: i64, hour: i64) -> DateTime<Utc> {
        self.date(days).and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(hour)
    }

    /// How many days after the first day a date is.
    pub fn days_to(self, date: NaiveDate) -> i64 {
        (date - self.0).num_days()
    }
}

/// Makes ids in the shape of UUID v7: the first day's midnight, then a counter.
#[derive(Clone, Debug)]
pub struct Ids {
    millis: u64,
    given: u64,
}

impl Ids {
    /// Starts counting.
    pub fn new(first: FirstDay) -> Self {
        Self { millis: u64::try_from(first.at(0, 0).timestamp_millis()).unwrap_or_default(), given: 0 }
    }

    /// The next id.
    pub fn next<T: From<Uuid>>(&mut self) -> T {
        self.given += 1;
        let mut bytes = [0; 10];
        bytes[4..].copy_from_slice(&self.given.to_be_bytes()[2..]);
        Builder::from_unix_timestamp_millis(self.millis, &bytes).into_uuid().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_they_are_made_and_repeat_on_the_same_day() {
        let first = FirstDay(NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date"));
        let make = || -> Vec<Uuid> {
            let mut ids = Ids::new(first);
            (0..70_000).map(|_| ids.next()).collect()
        };
        let made = make();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!(made, make());
        assert_eq!(made[0].get_version_num(), 7);
    }

    #[test]
    fn days_count_both_ways() {
        let first = FirstDay(NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date"));
        assert_eq!(first.date(-21).to_string(), "2026-10-31");
        assert_eq!(first.at(1, -2).to_rfc3339(), "2026-11-21T22:00:00+00:00");
        assert_eq!(first.days_to(first.date(40)), 40);
    }
}

//! Calendar arithmetic: months, local wall time, half-open spans.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Where the alliance is.
pub const HOME_ZONE: Tz = chrono_tz::Europe::London;

/// A half-open span of instants: `from` is inside, `until` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First instant inside.
    pub from: DateTime<Utc>,
    /// First instant after.
    pub until: DateTime<Utc>,
}

impl Span {
    /// Whether the two share an instant; spans that only touch do not.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

/// The date `months` calendar months later; a day that month lacks becomes its last: 29 February + 12 is 28 February.
pub fn add_months(date: NaiveDate, months: u32) -> Option<NaiveDate> {
    date.checked_add_months(Months::new(months))
}

/// Full years lived on a date; one born on 29 February has the birthday on 1 March in a common year
/// (the day the person has lived the full year, as for coming of age in England).
pub fn age_on(birth: NaiveDate, on: NaiveDate) -> i32 {
    let before_birthday = (on.month(), on.day()) < (birth.month(), birth.day());
    on.year() - birth.year() - i32::from(before_birthday)
}

/// The instant of a wall-clock time (RFC 5545, 3.3.5): a time the spring change skips is read with the offset before it,
/// so it moves forward; a time the autumn change repeats is its first occurrence.
pub fn resolve(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        chrono::LocalResult::Single(at) | chrono::LocalResult::Ambiguous(at, _) => at.to_utc(),
        chrono::LocalResult::None => {
            // No zone skips more than a day: the offset a day earlier is the one before the gap.
            let day_before = resolve(local - TimeDelta::days(1), zone);
            let offset = (local - TimeDelta::days(1)) - day_before.naive_utc();
            (local - offset).and_utc()
        }
    }
}

/// The dates from the day before the span's first local date to its last: every date whose local times can reach into it.
pub fn dates_touching(span: Span, zone: Tz) -> impl Iterator<Item = NaiveDate> {
    let first = span.from.with_timezone(&zone).date_naive();
    let last = span.until.with_timezone(&zone).date_naive();
    first.checked_sub_days(Days::new(1)).unwrap_or(first).iter_days().take_while(move |date| *date <= last)
}

/// The Monday of a date's week.
pub fn monday_of(date: NaiveDate) -> NaiveDate {
    date - Days::new(u64::from(date.weekday().num_days_from_monday()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn months_keep_within_the_month() {
        for (from, months, expected) in [
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2026-08-31", 6, "2027-02-28"),
            ("2026-01-15", 36, "2029-01-15"),
        ] {
            assert_eq!(add_months(date(from), months), Some(date(expected)), "{from} + {months}");
        }
    }

    #[test]
    fn age_turns_on_the_birthday() {
        for (birth, on, age) in [
            ("2008-11-21", "2026-11-20", 17),
            ("2008-11-21", "2026-11-21", 18),
            ("2008-02-29", "2026-02-28", 17),
            ("2008-02-29", "2026-03-01", 18),
        ] {
            assert_eq!(age_on(date(birth), date(on)), age, "{birth} on {on}");
        }
    }

    #[test]
    fn local_times_around_the_clock_changes_of_2027() {
        let london = chrono_tz::Europe::London;
        let cases = [
            ("2027-03-27T18:00", "2027-03-27T18:00:00Z"),
            ("2027-03-28T01:30", "2027-03-28T01:30:00Z"), // skipped: moves forward to 02:30 BST
            ("2027-03-28T18:00", "2027-03-28T17:00:00Z"),
            ("2027-10-31T01:30", "2027-10-31T00:30:00Z"), // repeated: the first
            ("2027-10-31T18:00", "2027-10-31T18:00:00Z"),
        ];
        for (local, utc) in cases {
            let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M").expect("a time");
            assert_eq!(resolve(local, london), utc.parse::<DateTime<Utc>>().expect("an instant"), "{local}");
        }
    }

    #[test]
    fn a_skipped_time_elsewhere_moves_forward_too() {
        let local = NaiveDateTime::parse_from_str("2026-10-04T02:15", "%Y-%m-%dT%H:%M").expect("a time");
        assert_eq!(resolve(local, chrono_tz::Australia::Lord_Howe).to_rfc3339(), "2026-10-03T15:45:00+00:00");
    }

    #[test]
    fn touching_spans_do_not_overlap() {
        let at = |hour| Utc.with_ymd_and_hms(2026, 11, 21, hour, 0, 0).single().expect("an instant");
        let span = |from, until| Span { from: at(from), until: at(until) };
        assert!(!span(9, 11).overlaps(span(11, 12)));
        assert!(span(9, 11).overlaps(span(10, 12)));
    }
}

//! A zone as a calendar has it: the offsets in force over a span, and each change between them.

use chrono::{DateTime, Duration, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

use super::{Lines, text};

/// An offset, and since when it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Observance {
    since: DateTime<Utc>,
    before: i32,
    offset: i32,
    name: String,
    daylight: bool,
}

/// Puts down a zone with what is in force from `from` to `until`.
pub fn put(lines: &mut Lines, zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) {
    lines.put("BEGIN:VTIMEZONE");
    lines.put(&format!("TZID:{}", zone.name()));
    for one in observances(zone, from, until) {
        let kind = if one.daylight { "DAYLIGHT" } else { "STANDARD" };
        // When it begins, on the clock as it was before.
        let local = one.since.naive_utc() + TimeDelta::seconds(i64::from(one.before));
        lines.put(&format!("BEGIN:{kind}"));
        lines.put(&format!("DTSTART:{}", local.format("%Y%m%dT%H%M%S")));
        lines.put(&format!("TZOFFSETFROM:{}", offset(one.before)));
        lines.put(&format!("TZOFFSETTO:{}", offset(one.offset)));
        lines.put(&format!("TZNAME:{}", text(&one.name)));
        lines.put(&format!("END:{kind}"));
    }
    lines.put("END:VTIMEZONE");
}

fn offset(seconds: i32) -> String {
    let (sign, rest) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let minutes = format!("{sign}{:02}{:02}", rest / 3600, rest / 60 % 60);
    if rest % 60 == 0 { minutes } else { format!("{minutes}{:02}", rest % 60) }
}

fn seconds(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

fn observance(zone: Tz, since: DateTime<Utc>, before: i32) -> Observance {
    let found = zone.offset_from_utc_datetime(&since.naive_utc());
    let name = found.abbreviation().unwrap_or_else(|| zone.name()).to_owned();
    Observance { since, before, offset: found.fix().local_minus_utc(), name, daylight: found.dst_offset() != Duration::zero() }
}

/// What is in force at the beginning, and each change up to the end.
fn observances(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Observance> {
    let mut found = vec![observance(zone, from, seconds(zone, from))];
    let mut day = from;
    while day < until {
        let next = day + TimeDelta::days(1);
        let (was, is) = (seconds(zone, day), seconds(zone, next));
        if was != is {
            found.push(observance(zone, change(zone, day, next), was));
        }
        day = next;
    }
    found
}

/// The first second with another offset than at `from`; `until` has one.
fn change(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
    let (mut before, mut after) = (from, until);
    while after - before > TimeDelta::seconds(1) {
        let middle = before + (after - before) / 2;
        if seconds(zone, middle) == seconds(zone, from) { before = middle } else { after = middle }
    }
    // The halves may have left fractions of a second.
    DateTime::from_timestamp(after.timestamp(), 0).unwrap_or(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_2027_are_found_to_the_second() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let found = observances(chrono_tz::Europe::London, at("2027-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
        let shown: Vec<_> = found.iter().map(|o| (o.since.to_rfc3339(), o.name.as_str(), o.daylight, offset(o.offset))).collect();
        assert_eq!(
            shown,
            [
                ("2027-01-01T00:00:00+00:00".to_owned(), "GMT", false, "+0000".to_owned()),
                ("2027-03-28T01:00:00+00:00".to_owned(), "BST", true, "+0100".to_owned()),
                ("2027-10-31T01:00:00+00:00".to_owned(), "GMT", false, "+0000".to_owned()),
            ]
        );
        let south = observances(chrono_tz::America::Santiago, at("2027-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
        assert_eq!(south.iter().map(|o| offset(o.offset)).collect::<Vec<_>>(), ["-0300", "-0400", "-0300"]);
    }
}

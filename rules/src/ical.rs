//! Calendars as text, by RFC 5545 and 7986: pure, so that the same facts always give the same bytes.
//!
//! Written by hand: the crates at hand escape some properties and not others, and let a bare carriage return through. Here every
//! value a person wrote goes through one function, `text`, and every line through another, `Lines::put`.

mod zone;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// Whether an event is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// Asked, or waiting for a word.
    Tentative,
    /// It will be.
    Confirmed,
    /// It won't be.
    Cancelled,
}

impl EventStatus {
    fn code(self) -> &'static str {
        match self {
            Self::Tentative => "TENTATIVE",
            Self::Confirmed => "CONFIRMED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// One entry of a calendar.
#[derive(Clone, Debug)]
pub struct Event {
    /// Stable: the same for the same thing, whatever becomes of it. Made of letters, digits, `-`, `.` and `@`.
    pub uid: String,
    /// Raised by every change.
    pub sequence: i64,
    /// When it last changed: a calendar that nothing changed in is the same text again.
    pub changed_at: DateTime<Utc>,
    /// When it starts.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// The zone whose wall clock it goes by.
    pub zone: Tz,
    /// What it is.
    pub summary: String,
    /// Where.
    pub location: Option<String>,
    /// What else there is to know.
    pub description: Option<String>,
    /// Whether it is certain.
    pub status: EventStatus,
}

/// A calendar.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// What it is called.
    pub name: String,
    /// What stands in it.
    pub events: Vec<Event>,
}

impl Calendar {
    /// The whole calendar, lines ended by CRLF.
    pub fn to_text(&self) -> String {
        let mut lines = Lines::default();
        lines.put("BEGIN:VCALENDAR");
        lines.put("VERSION:2.0");
        lines.put("PRODID:-//DigiKnow//Calendar//EN");
        lines.put("CALSCALE:GREGORIAN");
        lines.put("METHOD:PUBLISH");
        lines.put(&format!("NAME:{}", text(&self.name)));
        lines.put(&format!("X-WR-CALNAME:{}", text(&self.name)));
        lines.put("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
        lines.put("X-PUBLISHED-TTL:PT1H");
        let zones: BTreeSet<&str> = self.events.iter().map(|event| event.zone.name()).collect();
        for name in zones {
            let of: Vec<&Event> = self.events.iter().filter(|event| event.zone.name() == name).collect();
            let (first, last) = (of.iter().map(|e| e.starts_at).min(), of.iter().map(|e| e.ends_at).max());
            if let (Some(first), Some(last), Some(event)) = (first, last, of.first()) {
                zone::put(&mut lines, event.zone, first - TimeDelta::days(1), last + TimeDelta::days(1));
            }
        }
        self.events.iter().for_each(|event| event.put(&mut lines));
        lines.put("END:VCALENDAR");
        lines.0
    }
}

impl Event {
    fn put(&self, lines: &mut Lines) {
        let utc = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
        lines.put("BEGIN:VEVENT");
        lines.put(&format!("UID:{}", text(&self.uid)));
        lines.put(&format!("SEQUENCE:{}", self.sequence.max(0)));
        lines.put(&format!("DTSTAMP:{}", utc(self.changed_at)));
        lines.put(&format!("LAST-MODIFIED:{}", utc(self.changed_at)));
        let local = self.starts_at.with_timezone(&self.zone).format("%Y%m%dT%H%M%S");
        lines.put(&format!("DTSTART;TZID={}:{local}", self.zone.name()));
        // An end on the wall clock is not clear in the hour that the autumn change repeats; a length is.
        lines.put(&format!("DURATION:PT{}M", (self.ends_at - self.starts_at).num_minutes().max(0)));
        lines.put(&format!("SUMMARY:{}", text(&self.summary)));
        for (name, value) in [("LOCATION", &self.location), ("DESCRIPTION", &self.description)] {
            if let Some(value) = value {
                lines.put(&format!("{name}:{}", text(value)));
            }
        }
        lines.put(&format!("STATUS:{}", self.status.code()));
        lines.put(if self.status == EventStatus::Confirmed { "TRANSP:OPAQUE" } else { "TRANSP:TRANSPARENT" });
        lines.put("END:VEVENT");
    }
}

/// A value somebody wrote, as TEXT (3.3.11): line ends become `\n`, `\ ; ,` are escaped, and what is no character to read is left out.
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let one_end = value.replace("\r\n", "\n");
    for c in one_end.chars() {
        match c {
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push_str("\\n"),
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The longest line, in octets, without its end.
const LONGEST: usize = 75;

/// Content lines as they are put down.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    /// Puts a line down, folded at 75 octets between two characters.
    fn put(&mut self, line: &str) {
        let mut room = LONGEST;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LONGEST - 1;
            }
            room -= c.len_utf8();
            self.0.push(c);
        }
        let _ = write!(self.0, "\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn event(summary: &str) -> Event {
        Event {
            uid: "session-1@digiknow".into(),
            sequence: 3,
            changed_at: at("2026-11-21T09:00:00Z"),
            starts_at: at("2027-03-28T17:00:00Z"),
            ends_at: at("2027-03-28T19:00:00Z"),
            zone: chrono_tz::Europe::London,
            summary: summary.into(),
            location: None,
            description: None,
            status: EventStatus::Confirmed,
        }
    }

    #[test]
    fn what_people_write_stays_inside_its_line() {
        for (written, escaped) in [
            ("Tea, cake; more", "Tea\\, cake\\; more"),
            ("a\\b", "a\\\\b"),
            ("x\r\nEND:VEVENT", "x\\nEND:VEVENT"),
            ("x\rATTENDEE:y", "x\\nATTENDEE:y"),
            ("x\nBEGIN:VALARM", "x\\nBEGIN:VALARM"),
            ("x\u{2028}y\u{85}z", "x\\ny\\nz"),
            ("bell\u{7}\u{0}\tend", "bell end"),
        ] {
            assert_eq!(text(written), escaped, "{written:?}");
        }
    }

    #[test]
    fn a_calendar_reads_as_the_rfc_has_it() {
        let calendar = Calendar { name: "DigiKnow".into(), events: vec![event("Digital desk")] };
        let text = calendar.to_text();
        for line in [
            "DTSTART;TZID=Europe/London:20270328T180000",
            "DURATION:PT120M",
            "SEQUENCE:3",
            "DTSTAMP:20261121T090000Z",
            "STATUS:CONFIRMED",
            "TZID:Europe/London",
            "TZOFFSETTO:+0100",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
        assert_eq!(text, calendar.to_text());
    }

    proptest! {
        /// However hostile the text: lines of 75 octets at most, ended by CRLF and nothing else, and no line but ours.
        #[test]
        fn no_text_makes_a_line_of_its_own(summary in any::<String>(), location in "\\PC{0,200}", description in "[\\r\\n:;,\\\\A-Z]{0,200}") {
            let one = Event { location: Some(location), description: Some(description), ..event(&summary) };
            let text = Calendar { name: summary, events: vec![one] }.to_text();
            prop_assert!(text.ends_with("\r\n"));
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
            prop_assert!(text.split("\r\n").all(|line| line.len() <= LONGEST));
            let unfolded = text.replace("\r\n ", "");
            let begins = unfolded.split("\r\n").filter(|line| line.starts_with("BEGIN:VEVENT") || line.starts_with("BEGIN:VALARM")).count();
            prop_assert_eq!(begins, 1);
        }
    }
}

//! How a series repeats: an RRULE of RFC 5545, of which sessions need the calendar part alone.
//!
//! A rule is expanded as dates, with no zone: the wall time is put to each date afterwards, so that a weekly 18:00 stays 18:00
//! and clock changes are `calendar::resolve`'s alone.

use chrono::{Datelike, Days, Month, NaiveDate, NaiveTime, TimeDelta, Weekday};
use rrule::{Frequency, NWeekday, RRule, Tz, Unvalidated};

use crate::reason::Malformed;

/// The longest rule that is read, in characters.
const LONGEST: usize = 200;
/// The most dates COUNT may ask for.
const MOST_DATES: u32 = 366;
/// The most days, weeks or months between two dates.
const MOST_APART: u16 = 52;
/// The most dates one look answers.
const MOST_ANSWERED: usize = 1_000;

/// How a series repeats. COUNT and UNTIL are read into `until`, so that a series can be cut at any date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The first date.
    pub first: NaiveDate,
    /// The rule, without COUNT and UNTIL.
    pub rule: String,
    /// The last date it may meet on; none if it goes on.
    pub until: Option<NaiveDate>,
}

impl Pattern {
    /// Reads a rule that begins on a date; what is wrong names `field`.
    pub fn read(field: &str, text: &str, first: NaiveDate) -> Result<Self, Malformed> {
        let parts = Parts::read(text).map_err(|message| Malformed::new(field, message))?;
        let endless = Self { first, rule: parts.text(), until: None };
        let until = match (parts.count, parts.until) {
            (Some(_), Some(_)) => return Err(Malformed::new(field, "Give COUNT or UNTIL, not both.")),
            (Some(count), None) => {
                // A date in a year or two that the rule never reaches ends the count early.
                let dates: Vec<NaiveDate> = endless.expand(parts.rule().count(count)).take(count as usize).collect();
                dates.last().copied().or(Some(first))
            }
            (None, until) => until,
        };
        if until.is_some_and(|until| until < first) {
            return Err(Malformed::new(field, "UNTIL lies before the first date: choose a later one."));
        }
        Ok(Self { until, ..endless })
    }

    /// Whether the rule meets on its first date.
    pub fn begins_on_its_first_date(&self) -> bool {
        Parts::read(&self.rule).ok().and_then(|parts| self.expand(parts.rule()).next()) == Some(self.first)
    }

    /// The dates from `from` to `to`, both included.
    pub fn dates(&self, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        let end = self.until.map_or(to, |until| until.min(to));
        let Ok(parts) = Parts::read(&self.rule) else { return Vec::new() };
        if end < self.first || end < from {
            return Vec::new();
        }
        let dates = self.expand(parts.rule().until(noon(end)));
        dates.skip_while(|date| *date < from).take_while(|date| *date <= end).take(MOST_ANSWERED).collect()
    }

    /// Whether it is weekly or more often, or on four days in 30: what makes some work with children regulated activity.
    pub fn is_frequent(&self) -> bool {
        let parts = Parts::read(&self.rule).ok();
        let often = parts.is_some_and(|parts| match parts.frequency {
            Frequency::Daily => parts.interval <= 7,
            Frequency::Weekly => parts.interval == 1,
            _ => false,
        });
        let dates = self.dates(self.first, self.first.checked_add_days(Days::new(366)).unwrap_or(self.first));
        often || dates.windows(4).any(|four| four[3] - four[0] < TimeDelta::days(30))
    }

    /// The dates of a rule from the first date on. The library gives up on a rule that never meets.
    fn expand(&self, rule: RRule<Unvalidated>) -> impl Iterator<Item = NaiveDate> + use<> {
        let set = rule.build(noon(self.first)).ok().map(rrule::RRuleSet::limit);
        set.map(|set| (&set).into_iter()).into_iter().flatten().map(|at| at.date_naive())
    }
}

/// Dates are noons of UTC to the library, which knows no dates without a time.
fn noon(date: NaiveDate) -> chrono::DateTime<Tz> {
    date.and_time(NaiveTime::MIN + TimeDelta::hours(12)).and_utc().with_timezone(&Tz::UTC)
}

/// The parts of a rule that a session may have.
#[derive(Clone, Debug)]
struct Parts {
    frequency: Frequency,
    interval: u16,
    count: Option<u32>,
    until: Option<NaiveDate>,
    weekdays: Vec<(i16, Weekday)>,
    month_days: Vec<i8>,
    months: Vec<u32>,
    positions: Vec<i32>,
    week_start: Weekday,
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

fn code(day: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(_, weekday)| *weekday == day).map_or("MO", |(code, _)| *code)
}

fn weekday(text: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(code, _)| *code == text).map(|(_, weekday)| *weekday)
}

impl Parts {
    /// Reads a rule, or says which part is wrong and what to write.
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_prefix("RRULE:").unwrap_or(&text);
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("Write a rule of up to {LONGEST} characters, like FREQ=WEEKLY;BYDAY=MO."));
        }
        let mut parts = Self {
            frequency: Frequency::Weekly,
            interval: 1,
            count: None,
            until: None,
            weekdays: Vec::new(),
            month_days: Vec::new(),
            months: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Mon,
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in text.split(';') {
            let (name, value) =
                part.split_once('=').ok_or("Write each part as NAME=VALUE, with a semicolon between two: FREQ=WEEKLY;BYDAY=MO.")?;
            if seen.contains(&name) {
                return Err(format!("{} stands twice: give it once.", shown(name)));
            }
            seen.push(name);
            parts.take(name, value)?;
        }
        if !seen.contains(&"FREQ") {
            return Err("FREQ is missing: begin with FREQ=DAILY, FREQ=WEEKLY or FREQ=MONTHLY.".to_owned());
        }
        parts.fit().map(|()| parts)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "FREQ" => {
                self.frequency = match value {
                    "DAILY" => Frequency::Daily,
                    "WEEKLY" => Frequency::Weekly,
                    "MONTHLY" => Frequency::Monthly,
                    _ => return Err("FREQ is DAILY, WEEKLY or MONTHLY: a series has one session on a day, at startTime.".to_owned()),
                }
            }
            "INTERVAL" => self.interval = number(name, value, 1, i64::from(MOST_APART))?,
            "COUNT" => self.count = Some(number(name, value, 1, i64::from(MOST_DATES))?),
            "UNTIL" => self.until = Some(until(value)?),
            "BYDAY" => self.weekdays = list(value, nth)?,
            "BYMONTHDAY" => self.month_days = list(value, |day| signed(name, day, 31))?,
            "BYMONTH" => self.months = list(value, |month| number(name, month, 1, 12))?,
            "BYSETPOS" => self.positions = list(value, |at| signed(name, at, 31))?,
            "WKST" => self.week_start = weekday(value).ok_or("WKST is one of MO, TU, WE, TH, FR, SA and SU.")?,
            _ => {
                return Err(format!(
                    "{} is not taken here: use FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, and COUNT or UNTIL. The time of day is startTime.",
                    shown(name)
                ));
            }
        }
        Ok(())
    }

    /// What goes together.
    fn fit(&self) -> Result<(), String> {
        let monthly = self.frequency == Frequency::Monthly;
        if !monthly && self.weekdays.iter().any(|(nth, _)| *nth != 0) {
            return Err("BYDAY has a number, like 2MO, only with FREQ=MONTHLY.".to_owned());
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return Err("BYMONTHDAY does not go with FREQ=WEEKLY: use BYDAY, or FREQ=MONTHLY.".to_owned());
        }
        if !self.positions.is_empty() && !(monthly && !(self.weekdays.is_empty() && self.month_days.is_empty())) {
            return Err("BYSETPOS picks among the days that BYDAY or BYMONTHDAY names, with FREQ=MONTHLY.".to_owned());
        }
        Ok(())
    }

    fn rule(&self) -> RRule<Unvalidated> {
        let days = self.weekdays.iter().map(|(nth, day)| if *nth == 0 { NWeekday::Every(*day) } else { NWeekday::Nth(*nth, *day) });
        let months: Vec<Month> = self.months.iter().filter_map(|month| u8::try_from(*month).ok()?.try_into().ok()).collect();
        RRule::new(self.frequency)
            .interval(self.interval)
            .week_start(self.week_start)
            .by_weekday(days.collect())
            .by_month_day(self.month_days.clone())
            .by_month(&months)
            .by_set_pos(self.positions.clone())
    }

    /// As it is kept: in one order, without COUNT and UNTIL.
    fn text(&self) -> String {
        fn joined<T: ToString>(name: &str, values: &[T]) -> Option<String> {
            let values: Vec<String> = values.iter().map(T::to_string).collect();
            (!values.is_empty()).then(|| format!("{name}={}", values.join(",")))
        }
        let days: Vec<String> =
            self.weekdays.iter().map(|(nth, day)| if *nth == 0 { code(*day).to_owned() } else { format!("{nth}{}", code(*day)) }).collect();
        let parts = [
            Some(format!("FREQ={}", self.frequency)),
            (self.interval > 1).then(|| format!("INTERVAL={}", self.interval)),
            joined("BYDAY", &days),
            joined("BYMONTHDAY", &self.month_days),
            joined("BYMONTH", &self.months),
            joined("BYSETPOS", &self.positions),
            (self.week_start != Weekday::Mon).then(|| format!("WKST={}", code(self.week_start))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(";")
    }
}

/// A name as it is said back: short, and letters alone.
fn shown(name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(20).collect();
    if plain.is_empty() { "A part without a name".to_owned() } else { plain }
}

fn number<T: TryFrom<i64>>(name: &str, text: &str, least: i64, most: i64) -> Result<T, String> {
    let found = text.parse::<i64>().ok().filter(|n| (least..=most).contains(n)).and_then(|n| T::try_from(n).ok());
    found.ok_or_else(|| format!("{name} is a number from {least} to {most}."))
}

/// A place counted from the front, or from the back with a minus.
fn signed<T: TryFrom<i64>>(name: &str, text: &str, most: i64) -> Result<T, String> {
    let found = text.parse::<i64>().ok().filter(|n| *n != 0 && n.abs() <= most).and_then(|n| T::try_from(n).ok());
    found.ok_or_else(|| format!("{name} has numbers from 1 to {most}, or from -1 to -{most} counted from the end."))
}

fn list<T>(value: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    value.split(',').map(|one| read(one.trim())).collect()
}

/// `MO`, or `2MO` and `-1FR` of a month.
fn nth(text: &str) -> Result<(i16, Weekday), String> {
    let wrong = || "BYDAY has days like MO or, with FREQ=MONTHLY, 2MO and -1FR.".to_owned();
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let (number, day) = text.split_at(at);
    let day = weekday(day).ok_or_else(wrong)?;
    if number.is_empty() {
        return Ok((0, day));
    }
    let number: i16 = number.parse().ok().filter(|n: &i16| *n != 0 && n.abs() <= 5).ok_or_else(wrong)?;
    Ok((number, day))
}

/// The date of UNTIL: `20270331`, or with a time, which a series of dates does not need.
fn until(text: &str) -> Result<NaiveDate, String> {
    let date = text.get(..8).filter(|_| matches!(text.len(), 8 | 15 | 16)).and_then(|date| NaiveDate::parse_from_str(date, "%Y%m%d").ok());
    date.filter(|date| (2000..2200).contains(&date.year())).ok_or_else(|| "UNTIL is a date like 20270331.".to_owned())
}

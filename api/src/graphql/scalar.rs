//! Scalars with a published form.

use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use chrono_tz::Tz;

fn text<T: ScalarType + InputType>(value: Value, what: &str) -> Result<String, InputValueError<T>> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(InputValueError::custom(format!("{what} is written as a string."))),
    }
}

/// An exact instant, RFC 3339 with an offset to UTC. Fractions of a second are optional on the way in; the server answers
/// in UTC with milliseconds: `2026-11-21T18:21:14.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// An exact instant, RFC 3339 with an offset to UTC. Fractions of a second are optional on the way in; the server answers in UTC with milliseconds: `2026-11-21T18:21:14.000Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/chillicream/date-time.html")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(value, "An instant")?;
        let at = chrono::DateTime::parse_from_rfc3339(&text);
        at.map(|at| Self(at.to_utc()))
            .map_err(|_| InputValueError::custom(format!("{text:?} is not an instant: write it like 2026-11-21T18:21:14Z.")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// A calendar date with no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDate(pub NaiveDate);

/// A calendar date with no time zone: `2026-11-21`.
#[Scalar(name = "LocalDate", specified_by_url = "https://scalars.graphql.org/chillicream/local-date.html")]
impl ScalarType for LocalDate {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(value, "A date")?;
        let date = if text.len() == 10 { NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok() } else { None };
        date.map(Self).ok_or_else(|| InputValueError::custom(format!("{text:?} is not a date of the calendar: write it like 2026-11-21.")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// A wall-clock time with no date or zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(pub NaiveTime);

/// A wall-clock time with no date or zone, read in the zone given beside it: `14:30:00`. Seconds may be left out on the way in.
#[Scalar(name = "LocalTime", specified_by_url = "https://scalars.graphql.org/chillicream/local-time.html")]
impl ScalarType for LocalTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(value, "A time")?;
        let time = match text.len() {
            5 => NaiveTime::parse_from_str(&text, "%H:%M").ok(),
            8 => NaiveTime::parse_from_str(&text, "%H:%M:%S").ok(),
            _ => None,
        };
        // A second numbered 60 would be a leap second, which no clock on a wall shows.
        time.filter(|time| time.nanosecond() < 1_000_000_000)
            .map(Self)
            .ok_or_else(|| InputValueError::custom(format!("{text:?} is not a time of day: write it like 14:30.")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%H:%M:%S").to_string())
    }
}

/// A time zone by its IANA name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(pub Tz);

impl Default for TimeZone {
    fn default() -> Self {
        Self(crate::clock::HOME_ZONE)
    }
}

/// An IANA time zone name: `Europe/London`.
#[Scalar(name = "TimeZone", specified_by_url = "https://www.iana.org/time-zones")]
impl ScalarType for TimeZone {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(value, "A time zone")?;
        text.parse()
            .map(Self)
            .map_err(|_| InputValueError::custom(format!("{text:?} is not a time zone: use an IANA name like Europe/London.")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.name().to_owned())
    }
}

//! Reading the invented data in `data/`.

use anyhow::{Context, Result};
use chrono::{NaiveDate, NaiveTime};
use rules::availability::Weekday;
use rules::champion::Membership;
use rules::dbs::Audience;
use rules::input::{OrganisationKind, Topic};
use rules::session::Modality;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A partner organisation.
#[derive(Debug, Deserialize)]
pub struct Partner {
    pub slug: String,
    pub name: String,
    pub kind: OrganisationKind,
    pub description: String,
}

/// A place where sessions happen.
#[derive(Debug, Deserialize)]
pub struct Place {
    pub slug: String,
    pub name: String,
    pub partner_slug: String,
    pub address: String,
    pub postcode: String,
    pub step_free: bool,
}

/// A group and its weekly slot.
#[derive(Debug, Deserialize)]
pub struct Group {
    pub slug: String,
    pub name: String,
    pub partner_slug: String,
    pub venue_slug: Option<String>,
    pub topics: String,
    pub modality: Modality,
    pub weekday: Weekday,
    pub start: String,
    pub minutes: i32,
    pub helpers: usize,
    pub lead: usize,
    pub audience: Audience,
    pub description: String,
}

/// A volunteer.
#[derive(Debug, Deserialize)]
pub struct Person {
    pub full_name: String,
    pub known_as: Option<String>,
    pub birth_date: NaiveDate,
    pub postcode: String,
    pub languages: String,
    pub topics: String,
    pub max_distance_km: i32,
    pub areas: String,
    pub stage: Membership,
    pub availability: String,
    pub modules: String,
    pub dbs: String,
}

/// The partners.
pub fn partners() -> Result<Vec<Partner>> {
    rows(include_str!("data/partners.csv"))
}

/// The places.
pub fn places() -> Result<Vec<Place>> {
    rows(include_str!("data/venues.csv"))
}

/// The groups.
pub fn groups() -> Result<Vec<Group>> {
    rows(include_str!("data/groups.csv"))
}

/// The volunteers.
pub fn people() -> Result<Vec<Person>> {
    rows(include_str!("data/champions.csv"))
}

fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().context("the demo data has a broken row")
}

/// The parts of a list split by `|`.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').filter(|part| !part.is_empty())
}

/// A list of topics.
pub fn topics(text: &str) -> Result<Vec<Topic>> {
    list(text).map(|code| Topic::from_code(code).with_context(|| format!("the demo data names no topic {code:?}"))).collect()
}

/// `CODE@-120`: what, and how many days after the first day.
pub fn dated(text: &str) -> Result<(&str, i64)> {
    let (what, days) = text.rsplit_once('@').with_context(|| format!("{text:?} has no date"))?;
    Ok((what, days.parse().with_context(|| format!("{text:?} has no number of days"))?))
}

/// `09:30`.
pub fn time(text: &str) -> Result<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").with_context(|| format!("{text:?} is no time"))
}

/// `MON 09:30-12:00`.
pub fn window(text: &str) -> Result<(Weekday, NaiveTime, NaiveTime)> {
    let broken = || format!("{text:?} is no window");
    let (day, times) = text.split_once(' ').with_context(broken)?;
    let (from, until) = times.split_once('-').with_context(broken)?;
    let weekday = Weekday::ALL.iter().copied().find(|w| w.code().starts_with(day)).with_context(broken)?;
    Ok((weekday, time(from)?, time(until)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sheet_reads() {
        let counts = (partners().expect("rows").len(), places().expect("rows").len(), groups().expect("rows").len());
        assert_eq!((counts, people().expect("rows").len()), ((13, 30, 35), 60));
        let postcodes = crate::postcodes::Postcodes::load().expect("the shipped data");
        for person in people().expect("rows") {
            assert!(list(&person.availability).all(|w| window(w).is_ok()), "{}", person.availability);
            assert!(list(&person.modules).all(|m| dated(m).is_ok()), "{}", person.modules);
            assert!(topics(&person.topics).is_ok(), "{}", person.topics);
            assert!(list(&person.areas).all(|area| postcodes.area("areas", area).is_ok()), "{}", person.areas);
        }
    }
}

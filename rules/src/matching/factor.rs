//! The soft factors: what makes one champion who could take a place a better one to ask than another.
//!
//! docs/matching.md says what each means and why it weighs what it does. Every figure is coarse on purpose where it is about
//! a person: a group leader sees the score, and may not work out a home or the end of a check from it.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::{ChampionRecord, Match, for_clearance};
use crate::clearance::lasts_until;
use crate::geo::{DistanceBand, band, distance_metres};
use crate::id::ChampionId;
use crate::session::{Modality, SessionNeed};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What a score is made of.
    FactorKind {
        /// How near the champion lives; full marks for phone and video.
        Distance = "DISTANCE",
        /// How many of the topics the champion likes to help with.
        Topics = "TOPICS",
        /// Whether the champion speaks the session's language; full marks if it asks for none.
        Language = "LANGUAGE",
        /// Whether the champion has helped this group before.
        Continuity = "CONTINUITY",
        /// How few sessions the champion has had or has ahead, within 28 days.
        Fairness = "FAIRNESS",
        /// How long ago the champion was last asked.
        LeastRecentlyAsked = "LEAST_RECENTLY_ASKED",
        /// How long after the session all the place asks for stays valid.
        Slack = "SLACK",
    }
}

/// How much each factor weighs: parts of their sum, so a score lies between 0 and 100 whatever they add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Parts for [`FactorKind::Distance`].
    pub distance: u16,
    /// Parts for [`FactorKind::Topics`].
    pub topics: u16,
    /// Parts for [`FactorKind::Language`].
    pub language: u16,
    /// Parts for [`FactorKind::Continuity`].
    pub continuity: u16,
    /// Parts for [`FactorKind::Fairness`].
    pub fairness: u16,
    /// Parts for [`FactorKind::LeastRecentlyAsked`].
    pub least_recently_asked: u16,
    /// Parts for [`FactorKind::Slack`].
    pub slack: u16,
}

impl Default for Weights {
    /// They add up to 100, so each is the points it can add.
    fn default() -> Self {
        Self { distance: 25, topics: 20, language: 5, continuity: 15, fairness: 20, least_recently_asked: 10, slack: 5 }
    }
}

impl Weights {
    /// The most points each factor can add, in the order of [`FactorKind::ALL`]; all nothing if every part is.
    pub fn points(&self) -> [f64; FACTORS] {
        let parts = [self.distance, self.topics, self.language, self.continuity, self.fairness, self.least_recently_asked, self.slack]
            .map(f64::from);
        let sum: f64 = parts.iter().sum();
        parts.map(|part| if sum > 0.0 { 100.0 * part / sum } else { 0.0 })
    }
}

impl FromStr for Weights {
    type Err = String;

    /// `distance=25,topics=20`: what is not named keeps its default.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights = Self::default();
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let (name, parts) = one.split_once('=').ok_or_else(|| format!("{one:?} is not name=parts"))?;
            let parts = parts.trim().parse().map_err(|_| format!("{name} needs a whole number from 0 to {}", u16::MAX))?;
            *weights.named(name.trim())? = parts;
        }
        if weights.points() == [0.0; FACTORS] {
            return Err("something has to weigh more than nothing".into());
        }
        Ok(weights)
    }
}

impl Weights {
    fn named(&mut self, name: &str) -> Result<&mut u16, String> {
        Ok(match name {
            "distance" => &mut self.distance,
            "topics" => &mut self.topics,
            "language" => &mut self.language,
            "continuity" => &mut self.continuity,
            "fairness" => &mut self.fairness,
            "least_recently_asked" => &mut self.least_recently_asked,
            "slack" => &mut self.slack,
            _ => {
                return Err(format!(
                    "no factor is called {name:?}; there are {}",
                    FactorKind::ALL.iter().map(|k| k.code().to_lowercase()).collect::<Vec<_>>().join(", ")
                ));
            }
        })
    }
}

/// One part of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// What is scored.
    pub kind: FactorKind,
    /// The most it can add.
    pub weight: f64,
    /// How well the champion does, 0 to 1.
    pub value: f64,
}

/// How many factors there are.
pub(super) const FACTORS: usize = FactorKind::ALL.len();
/// Sessions this many days before and after count as load.
pub(super) const LOAD_DAYS: i64 = 28;
/// Being asked this many hours ago, or longer, is as good as never.
const ASKED_HOURS: i64 = 28 * 24;
/// Slack counts in whole fortnights up to this many.
const SLACK_FORTNIGHTS: i64 = 6;
/// Slack of so many days, or more, is as good as for ever.
pub(super) const SLACK_DAYS: i64 = SLACK_FORTNIGHTS * 14;

/// What the factors read of a champion for one place: small whole numbers, so that every way of finding them agrees to the bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Marks {
    /// Whether somebody has to get there.
    pub in_person: bool,
    /// How far, for in-person sessions, if the home is known.
    pub band: Option<DistanceBand>,
    /// How many of the session's topics the champion likes, and how many it has.
    pub topics: (usize, usize),
    /// Whether the champion has a booking with the group.
    pub helped: bool,
    /// Sessions within [`LOAD_DAYS`].
    pub load: usize,
    /// Whole hours since the champion was last asked.
    pub asked_hours: Option<i64>,
    /// Days from the session to the first lapse of what the place asks for.
    pub slack_days: Option<i64>,
}

impl Marks {
    /// Reads them off a champion's record.
    pub fn of(need: &SessionNeed, champion: &ChampionRecord, now: DateTime<Utc>) -> Self {
        let metres = match (need.modality, champion.home, need.at) {
            (Modality::InPerson, Some(home), Some(at)) => Some(distance_metres(home, at)),
            _ => None,
        };
        let liked = need.topics.iter().filter(|t| champion.topics.contains(t)).count();
        let load = champion.bookings.iter().filter(|b| (b.date - need.date).num_days().abs() <= LOAD_DAYS).count();
        let until = lasts_until(need, &for_clearance(need, champion));
        Self {
            in_person: need.modality == Modality::InPerson,
            band: metres.map(band),
            topics: (liked, need.topics.len()),
            helped: champion.bookings.iter().any(|b| b.group == need.group),
            load,
            asked_hours: champion.last_asked_at.map(|at| (now - at).num_hours()),
            slack_days: until.map(|day| (day - need.date).num_days()),
        }
    }

    /// How well the champion does by each factor, 0 to 1, in the order of [`FactorKind::ALL`].
    fn values(&self) -> [f64; FACTORS] {
        let distance = match self.band {
            None if self.in_person => 0.1,
            None | Some(DistanceBand::Under2Km) => 1.0,
            Some(DistanceBand::From2To5Km) => 0.7,
            Some(DistanceBand::From5To10Km) => 0.35,
            Some(DistanceBand::Over10Km) => 0.1,
        };
        let topics = if self.topics.1 == 0 { 1.0 } else { self.topics.0 as f64 / self.topics.1 as f64 };
        // Who doesn't speak the language asked for is blocked. Where none is asked for, languages say nothing about the place
        // and too much about the person.
        let language = 1.0;
        let fairness = 1.0 / (1.0 + self.load as f64);
        let asked = self.asked_hours.map_or(1.0, |hours| hours.clamp(0, ASKED_HOURS) as f64 / ASKED_HOURS as f64);
        let slack = self.slack_days.map_or(1.0, |days| (days.max(0) / 14).min(SLACK_FORTNIGHTS) as f64 / SLACK_FORTNIGHTS as f64);
        [distance, topics, language, f64::from(u8::from(self.helped)), fairness, asked, slack]
    }

    /// The score by the points each factor can add.
    pub fn score(&self, points: &[f64; FACTORS]) -> f64 {
        let sum: f64 = self.values().iter().zip(points).map(|(value, most)| value * most).sum();
        sum.min(100.0)
    }

    /// The score and all it is made of.
    pub fn weighed(&self, champion: ChampionId, weights: &Weights) -> Match {
        let points = weights.points();
        let factors = FactorKind::ALL.iter().zip(points).zip(self.values());
        let factors = factors.map(|((kind, weight), value)| Factor { kind: *kind, weight, value }).collect();
        Match { champion, score: self.score(&points), factors, distance: self.band }
    }
}

#[cfg(test)]
mod tests;

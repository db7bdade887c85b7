//! What a planner is given: champions, sessions, weights. Every number is an integer; metres and minutes.
use serde::{Deserialize, Serialize};

/// One planning problem, instance format version 1. Minute 0 is a Monday, 00:00.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Length of the horizon in weeks; every session starts within it.
    pub weeks: i64,
    /// Minutes a champion needs between two sessions besides the journey.
    pub buffer: i64,
    /// Metres a champion travels in a minute.
    pub speed: i64,
    /// What each term of the objective costs.
    pub weights: Weights,
    /// The champions, each at the index that is its `id`.
    pub champions: Vec<Champion>,
    /// The sessions, each at the index that is its `id`.
    pub sessions: Vec<Session>,
}

/// Prices of the objective's terms, all zero or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// For each unfilled place, times the session's priority.
    pub unfilled: i64,
    /// For each champion, times the square of the places taken.
    pub fairness: i64,
    /// Metres of travel that cost 1; at least 1.
    pub travel_unit: i64,
    /// Reward for an assignment to a group the champion has served.
    pub continuity: i64,
}

/// A volunteer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Champion {
    /// Its index.
    pub id: usize,
    /// Metres east.
    pub x: i64,
    /// Metres north.
    pub y: i64,
    /// The farthest session taken, metres in a straight line.
    pub max_travel: i64,
    /// Level of the DBS check held: 0 none to 3.
    pub dbs: i64,
    /// The last day on which that check counts; -1 when there is none.
    pub dbs_until: i64,
    /// Modules held, each with its last valid day; of two entries for one module the later in the list counts.
    pub modules: Vec<(i64, i64)>,
    /// `(weekday, from, to)`: 0 is Monday, minutes of the day, the same each week.
    pub availability: Vec<(i64, i64, i64)>,
    /// The most sessions in a week.
    pub max_per_week: i64,
    /// Groups served before.
    pub groups: Vec<i64>,
}

/// A session that wants champions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its index.
    pub id: usize,
    /// The group it is for.
    pub group: i64,
    /// Metres east.
    pub x: i64,
    /// Metres north.
    pub y: i64,
    /// First minute.
    pub start: i64,
    /// The minute after the last.
    pub end: i64,
    /// 1 to 5; multiplies the price of an unfilled place.
    pub priority: i64,
    /// DBS level needed by everyone who takes a place.
    pub dbs: i64,
    /// Held by phone or video: nobody travels to it, and no journey lies between it and another session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remote: bool,
    /// Kinds of place. Where there are several the first is `lead`, and the others may be taken only once it is.
    pub roles: Vec<Role>,
}

/// A kind of place in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// `lead` or any other name.
    pub role: String,
    /// How many champions it takes.
    pub places: i64,
    /// Modules needed, all of them.
    pub modules: Vec<i64>,
}

/// A champion in a place. Written `[champion, session, role]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(usize, usize, usize)", into = "(usize, usize, usize)")]
pub struct Assignment {
    /// Index of the champion.
    pub champion: usize,
    /// Index of the session.
    pub session: usize,
    /// Index of the role in the session.
    pub role: usize,
}

impl From<(usize, usize, usize)> for Assignment {
    fn from((champion, session, role): (usize, usize, usize)) -> Self {
        Self { champion, session, role }
    }
}

impl From<Assignment> for (usize, usize, usize) {
    fn from(a: Assignment) -> Self {
        (a.champion, a.session, a.role)
    }
}

impl Session {
    /// The day of its first minute, from 0.
    pub fn day(&self) -> i64 {
        self.start.div_euclid(1440)
    }

    /// The week of its first minute, from 0: weekly caps count by it.
    pub fn week(&self) -> i64 {
        self.start.div_euclid(10_080)
    }
}

//! A window as the planner's instance. Each kind of place is a session and a module of its own, held by exactly those champions
//! whom [`crate::matching::blockers`] passes: so the planner's idea of "allowed" is the matcher's, whatever the rules become. What
//! depends on other lines beyond clashes and weeks is left to the rounds of [`super::plan`].

use std::collections::{BTreeSet, HashMap};

use super::board::{Board, Line, Opening};
use crate::dbs::DbsLevel;
use crate::geo::Point;
use crate::id::{ChampionId, GroupId, SessionId};
use crate::matching::{Booking, ChampionRecord, Index, Weights};
use crate::rota::{self, slot};
use crate::session::{Modality, PlaceKind};
use crate::travel::Pace;

/// Nobody is given more in a week, even without a limit of their own: one a day.
const MOST_A_WEEK: u32 = 7;
/// A date that no plan reaches.
const ALWAYS: i64 = 1 << 28;
/// One empty place outweighs any fairness of a window, a step of fairness any journey, a journey the wish for a known face.
const WEIGHTS: rota::Weights = rota::Weights { unfilled: 200_000, fairness: 3_000, travel_unit: 10, continuity: 300 };

/// The instance and how to read its answers: sessions and modules have the index of their opening.
pub(super) struct Posed {
    pub instance: rota::Instance,
    /// Agreed sessions, each a session of its own after those to plan.
    pub agreed: Vec<rota::Assignment>,
    champions: HashMap<ChampionId, usize>,
    openings: HashMap<(SessionId, PlaceKind), usize>,
}

impl Posed {
    /// The line of an assignment; none for what is agreed already.
    pub fn line(&self, board: &Board, a: &rota::Assignment) -> Option<Line> {
        let opening = board.openings.get(a.session)?;
        Some(Line { session: opening.session, kind: opening.kind, champion: board.champions[a.champion].id })
    }

    /// The assignment of a line, if the planner may make it.
    pub fn assignment(&self, line: &Line) -> Option<rota::Assignment> {
        let champion = *self.champions.get(&line.champion)?;
        let session = *self.openings.get(&(line.session, line.kind))?;
        let held = self.instance.champions[champion].modules.iter().any(|m| m.0 == session as i64);
        held.then_some(rota::Assignment { champion, session, role: 0 })
    }
}

/// Metres east and north of the borough's middle, on a plane: true to a metre or so over a borough.
fn project(at: Option<Point>) -> (i64, i64) {
    const MIDDLE: Point = Point { latitude: 53.4, longitude: -2.15 };
    const DEGREE: f64 = 111_195.0;
    let Some(at) = at else { return (0, 0) };
    let east = (at.longitude - MIDDLE.longitude) * DEGREE * MIDDLE.latitude.to_radians().cos();
    (east.round() as i64, ((at.latitude - MIDDLE.latitude) * DEGREE).round() as i64)
}

fn level(opening: &Opening) -> i64 {
    opening.need.dbs.map_or(0, |scope| match scope.level {
        DbsLevel::Basic => 1,
        DbsLevel::Standard => 2,
        _ => 3,
    })
}

impl Board {
    /// The window as an instance.
    pub(super) fn pose(&self) -> Posed {
        let groups = self.groups();
        let mut posed = Posed {
            instance: rota::Instance {
                weeks: self.weeks + 1,
                buffer: self.pace().buffer,
                speed: self.pace().speed,
                weights: WEIGHTS,
                champions: Vec::new(),
                sessions: self.openings.iter().enumerate().map(|(id, o)| self.pose_opening(id, o, groups[&o.need.group])).collect(),
            },
            agreed: Vec::new(),
            champions: self.champions.iter().enumerate().map(|(i, c)| (c.id, i)).collect(),
            openings: self.openings.iter().enumerate().map(|(i, o)| ((o.session, o.kind), i)).collect(),
        };
        let free = self.free();
        for (id, record) in self.champions.iter().enumerate() {
            let agreed = self.pose_agreed(&mut posed, id, record, &groups);
            let posts = free.get(&record.id).map_or(&[][..], Vec::as_slice);
            let champion = pose_champion(&posed.instance.sessions, (id, record), posts, &agreed, &groups);
            posed.instance.champions.push(champion);
        }
        posed
    }

    /// The openings each champion could take, had they no other line.
    fn free(&self) -> HashMap<ChampionId, Vec<usize>> {
        let index = Index::build(&self.champions);
        let mut free: HashMap<ChampionId, Vec<usize>> = HashMap::new();
        for (at, o) in self.openings.iter().enumerate() {
            let found = index.matches(&o.need, &Weights::default(), self.start, usize::MAX);
            let may: BTreeSet<ChampionId> = found.top.iter().map(|m| m.champion).filter(|c| !o.declined.contains(c)).collect();
            may.into_iter().for_each(|champion| free.entry(champion).or_default().push(at));
        }
        free
    }

    /// How champions travel: what every session says.
    fn pace(&self) -> Pace {
        self.openings.first().map(|o| o.need.pace).unwrap_or_default()
    }

    fn groups(&self) -> HashMap<GroupId, i64> {
        let mut groups = HashMap::new();
        let held = self.champions.iter().flat_map(|c| c.bookings.iter().map(|b| b.group));
        for group in self.openings.iter().map(|o| o.need.group).chain(held) {
            let next = groups.len() as i64;
            groups.entry(group).or_insert(next);
        }
        groups
    }

    fn minute(&self, at: chrono::DateTime<chrono::Utc>) -> i64 {
        (at - self.start).num_minutes()
    }

    /// A lead's place counts twice a helper's: where one champion could be either, the session is led.
    fn pose_opening(&self, id: usize, opening: &Opening, group: i64) -> rota::Session {
        let (x, y) = project(opening.need.at);
        rota::Session {
            id,
            group,
            x,
            y,
            start: self.minute(opening.need.span.from),
            end: self.minute(opening.need.span.until),
            priority: if opening.kind == PlaceKind::Lead { 2 } else { 1 },
            dbs: level(opening),
            remote: opening.need.modality != Modality::InPerson,
            roles: vec![rota::Role { role: opening.kind.code().to_lowercase(), places: opening.places as i64, modules: vec![id as i64] }],
        }
    }

    /// What the champion has agreed to in these weeks, each as a session of one place: it counts for clashes, weeks and fairness.
    fn pose_agreed(
        &self,
        posed: &mut Posed,
        champion: usize,
        record: &ChampionRecord,
        groups: &HashMap<GroupId, i64>,
    ) -> Vec<rota::Session> {
        let mut mine: Vec<rota::Session> = Vec::new();
        let inside = |b: &Booking| (0..self.weeks * 10_080).contains(&self.minute(b.span.from));
        for b in record.bookings.iter().filter(inside) {
            let (x, y) = project(b.at);
            let (start, end) = (self.minute(b.span.from), self.minute(b.span.until));
            let id = posed.instance.sessions.len();
            let roles = vec![rota::Role { role: "agreed".to_owned(), places: 1, modules: vec![id as i64] }];
            let remote = b.at.is_none();
            let session = rota::Session { id, group: groups[&b.group], x, y, start, end, priority: 1, dbs: 0, remote, roles };
            // Champions may agree to less time between sessions than a plan would give them: that is no fault of the plan.
            if mine.iter().any(|m| self.pace().clash(&slot(m), &slot(&session))) {
                continue;
            }
            posed.agreed.push(rota::Assignment { champion, session: id, role: 0 });
            posed.instance.sessions.push(session.clone());
            mine.push(session);
        }
        mine
    }
}

fn pose_champion(
    sessions: &[rota::Session],
    (id, record): (usize, &ChampionRecord),
    posts: &[usize],
    agreed: &[rota::Session],
    groups: &HashMap<GroupId, i64>,
) -> rota::Champion {
    let (x, y) = project(record.home);
    let held: Vec<usize> = posts.iter().copied().chain(agreed.iter().map(|s| s.id)).collect();
    // The matcher has judged the distance: the planner must not judge it again on its plane.
    let reach = held.iter().map(|s| (sessions[*s].x - x).abs() + (sessions[*s].y - y).abs()).max().unwrap_or(0);
    let in_week = |s: &rota::Session| agreed.iter().filter(|a| a.week() == s.week()).count() as i64;
    let most = agreed.iter().map(in_week).max().unwrap_or(0);
    let known: BTreeSet<i64> = record.bookings.iter().map(|b| groups[&b.group]).collect();
    rota::Champion {
        id,
        x,
        y,
        max_travel: reach + 1,
        dbs: 3,
        dbs_until: ALWAYS,
        modules: held.into_iter().map(|s| (s as i64, ALWAYS)).collect(),
        availability: (0..7).map(|day| (day, 0, ALWAYS)).collect(),
        max_per_week: i64::from(record.most_per_week.unwrap_or(MOST_A_WEEK)).max(most),
        groups: known.into_iter().collect(),
    }
}

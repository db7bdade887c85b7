//! What came of the sessions that have been: who came, for how long, what it did; and one group whose places champions take
//! themselves, with a full session that somebody waits for.

use chrono::TimeDelta;
use entity::{assignment, attendance, group_sign_up, outcome, outcome_mark, waiting};
use rules::attendance::AttendanceStatus;
use rules::id::{AccountId, GroupId};
use rules::matching::{Blocker, blockers};
use rules::outcome::MarkKind;
use rules::session::PlaceKind;
use rules::sign_up::WaitingStatus;
use sea_orm::{ConnectionTrait, DbErr};

use super::rota::Rota;
use crate::store::facts::SessionFactsRow;
use crate::store::row;

/// Rows of those who took part.
#[derive(Debug, Default)]
pub struct TakingPart {
    attendance: Vec<attendance::Model>,
    outcomes: Vec<outcome::Model>,
    marks: Vec<outcome_mark::Model>,
    open: Vec<group_sign_up::Model>,
    waiting: Vec<waiting::Model>,
}

impl TakingPart {
    /// Writes every row.
    pub async fn save(self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        row::insert_all(conn, self.attendance).await?;
        row::insert_all(conn, self.outcomes).await?;
        row::insert_all(conn, self.marks).await?;
        row::insert_all(conn, self.open).await?;
        row::insert_all(conn, self.waiting).await
    }
}

/// Leaders approve the hours of sessions that lie so many days back.
const APPROVED_AFTER: i64 = 7;
/// Days after the first day in which the full session lies.
const FULL: std::ops::Range<i64> = 7..35;
/// How many wait for it.
const WAITERS: usize = 3;

impl Rota<'_> {
    /// What came of the sessions before the first day, and who waits for one after it. `never` is a group that asks its champions.
    pub fn taking_part(&mut self, never: Option<GroupId>) -> TakingPart {
        let mut rows = TakingPart::default();
        for index in 0..self.sessions.len() {
            if self.first.days_to(self.sessions[index].session.local_date) < 0 {
                self.been(index, &mut rows);
            }
        }
        self.full(never, &mut rows);
        rows
    }

    fn been(&mut self, index: usize, rows: &mut TakingPart) {
        let session = &self.sessions[index].session;
        let by = self.senders.get(&session.group_id).copied();
        let there: Vec<assignment::Model> = self.assignments.iter().filter(|a| a.session_id == session.id).cloned().collect();
        for (at, one) in there.iter().enumerate() {
            self.came(one, index * 7 + at, by, rows);
        }
        if !there.is_empty() && index % 4 != 3 {
            self.did(index, by, rows);
        }
    }

    /// Nearly everybody came; some stayed longer.
    fn came(&mut self, place: &assignment::Model, variety: usize, by: Option<AccountId>, rows: &mut TakingPart) {
        let runs = i32::try_from((place.ends_at - place.starts_at).num_minutes()).unwrap_or(0);
        let (status, minutes) = match variety % 41 {
            40 => (AttendanceStatus::NoShow, 0),
            n if n % 6 == 5 => (AttendanceStatus::Present, runs + 15),
            _ => (AttendanceStatus::Present, runs),
        };
        let step = |id, step, approved, recorded_at| attendance::Model {
            id,
            assignment_id: place.id,
            step,
            status,
            minutes,
            approved,
            recorded_by: by,
            recorded_at,
        };
        rows.attendance.push(step(self.ids.next(), 1, false, place.ends_at));
        if place.ends_at + TimeDelta::days(APPROVED_AFTER) < self.first.at(0, 0) && status == AttendanceStatus::Present {
            rows.attendance.push(step(self.ids.next(), 2, true, place.ends_at + TimeDelta::days(2)));
        }
    }

    fn did(&mut self, index: usize, by: Option<AccountId>, rows: &mut TakingPart) {
        let sessions = self.sessions;
        let facts = &sessions[index];
        let learners = 3 + i32::try_from(index % 9).unwrap_or(0);
        let id = self.ids.next();
        rows.outcomes.push(outcome::Model {
            id,
            session_id: facts.session.id,
            step: 1,
            learners,
            recorded_by: by,
            recorded_at: facts.session.ends_at + TimeDelta::hours(1),
        });
        let topics = facts.kinds().next().and_then(|kind| facts.need(kind)).map(|need| need.topics.clone()).unwrap_or_default();
        let mut marks: Vec<(MarkKind, String, i32)> =
            topics.iter().take(2).map(|topic| (MarkKind::Topic, topic.code().to_owned(), learners - 1)).collect();
        marks.extend([
            (MarkKind::Device, ["ANDROID", "IPAD", "WINDOWS"][index % 3].to_owned(), learners),
            (MarkKind::Practised, "BEING_SAFE".to_owned(), learners - 1),
            (MarkKind::Unaided, "BEING_SAFE".to_owned(), learners / 2),
            (MarkKind::Before, "2".to_owned(), learners),
            (MarkKind::After, "4".to_owned(), learners - 1),
        ]);
        rows.marks.extend(marks.into_iter().map(|(kind, code, learners)| outcome_mark::Model { outcome_id: id, kind, code, learners }));
    }

    /// The first session whose helpers' places are all taken and that others could come to: they wait for it.
    fn full(&mut self, never: Option<GroupId>, rows: &mut TakingPart) {
        let soon = |facts: &SessionFactsRow| FULL.contains(&self.first.days_to(facts.session.local_date));
        let others = |facts: &&SessionFactsRow| Some(facts.session.group_id) != never && soon(facts) && self.is_full(facts);
        let sessions = self.sessions;
        let Some(facts) = sessions.iter().filter(others).find(|facts| self.could_come(facts).len() >= WAITERS) else { return };
        rows.open.push(group_sign_up::Model { group_id: facts.session.group_id, open: true });
        for (hours, champion_id) in (1..).zip(self.could_come(facts).into_iter().take(WAITERS)) {
            rows.waiting.push(waiting::Model {
                id: self.ids.next(),
                session_id: facts.session.id,
                kind: PlaceKind::Helper,
                champion_id,
                status: WaitingStatus::Waiting,
                offer_id: None,
                joined_at: self.first.at(-2, hours),
                ended_at: None,
            });
        }
    }

    fn is_full(&self, facts: &SessionFactsRow) -> bool {
        let mut helpers = facts.places.iter().filter(|(_, kind)| *kind == PlaceKind::Helper).peekable();
        let taken = |place| self.assignments.iter().any(|a| a.place_id == place);
        helpers.peek().is_some() && helpers.all(|(place, _)| taken(*place))
    }

    /// Those who could take a helper's place, were one free, and have not been asked.
    fn could_come(&self, facts: &SessionFactsRow) -> Vec<rules::id::ChampionId> {
        let Some(need) = facts.need(PlaceKind::Helper) else { return Vec::new() };
        let asked = |id| self.offers.iter().any(|o| o.session_id == facts.session.id && o.champion_id == id);
        let can = self.people.iter().filter(|p| !blockers(need, p).iter().any(Blocker::is_binding) && !asked(p.id));
        can.map(|p| p.id).collect()
    }
}

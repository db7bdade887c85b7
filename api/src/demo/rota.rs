//! Who is placed where: offers and the assignments they led to, given to those the rules would pass at that point.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{assignment, offer};
use rules::champion::Membership;
use rules::id::{AccountId, ChampionId, GroupId, PlaceId, RequestId, SessionId};
use rules::matching::{Booking, ChampionRecord, rank};
use rules::session::{PlaceKind, SessionNeed};

use super::first_day::{FirstDay, Ids};
use super::offer::{Letter, Timing};
use crate::store::facts::SessionFactsRow;

/// An offer that is still to be answered keeps its place free.
#[derive(Debug)]
pub struct Reserved {
    /// The index of the session.
    pub session: usize,
    /// The place.
    pub place: PlaceId,
    /// What it is for.
    pub kind: PlaceKind,
    /// Who was asked.
    pub champion: ChampionId,
}

/// The rota in the making.
#[derive(Debug)]
pub struct Rota<'a> {
    pub first: FirstDay,
    pub ids: Ids,
    /// Sessions in the order they happen.
    pub sessions: &'a [SessionFactsRow],
    /// Volunteers as the rules read them, with bookings kept up to date.
    pub people: Vec<ChampionRecord>,
    /// Who stopped helping, from which day, and where they stand now.
    pub stopped: HashMap<ChampionId, (NaiveDate, Membership)>,
    /// The request of each session.
    pub requests: HashMap<SessionId, RequestId>,
    /// Who asks on behalf of each group.
    pub senders: &'a HashMap<GroupId, AccountId>,
    /// Places that stay free: some always do, and some wait for an answer.
    pub kept_free: HashSet<PlaceId>,
    /// Places nobody has, by session.
    pub open: Vec<(usize, PlaceId, PlaceKind)>,
    pub offers: Vec<offer::Model>,
    pub assignments: Vec<assignment::Model>,
    /// When each volunteer was last asked.
    pub asked: HashMap<ChampionId, DateTime<Utc>>,
}

impl Rota<'_> {
    /// Fills the places of the sessions whose dates lie `from` to `until` days after the first day (not included).
    pub fn fill(&mut self, from: i64, until: i64) {
        for index in 0..self.sessions.len() {
            let session = &self.sessions[index];
            if (from..until).contains(&self.first.days_to(session.session.local_date)) {
                self.let_go(session.session.local_date);
                for kind in session.kinds() {
                    self.fill_kind(index, kind);
                }
            }
        }
    }

    /// Those who paused, left or were stood down helped up to that day.
    fn let_go(&mut self, date: NaiveDate) {
        for person in &mut self.people {
            if let Some((from, membership)) = self.stopped.get(&person.id) {
                person.clearance.membership = if date < *from { Membership::Active } else { *membership };
            }
        }
    }

    fn fill_kind(&mut self, index: usize, kind: PlaceKind) {
        let session = &self.sessions[index];
        let Some(need) = session.need(kind) else { return };
        let timing = Timing::new(self.first, index, need.span);
        let mut willing = self.willing(need, timing.sent_at).into_iter();
        for (place, _) in session.places.iter().filter(|(_, k)| *k == kind) {
            let taker = if self.kept_free.contains(place) { None } else { willing.next() };
            match taker {
                Some(champion) => self.take(index, *place, need, champion, &timing),
                None => self.open.push((index, *place, kind)),
            }
        }
        if let Some(asked) = willing.next().filter(|_| kind != PlaceKind::Shadow) {
            self.turned_down(index, need, asked, &timing);
        }
    }

    /// Who could take a place, best first. Shadow places are for those on trial.
    pub fn willing(&self, need: &SessionNeed, at: DateTime<Utc>) -> Vec<ChampionId> {
        let on_trial = |id: &ChampionId| self.person(*id).is_some_and(|p| p.clearance.membership == Membership::OnTrial);
        let all = rank(need, &self.people, at).matches.into_iter().map(|m| m.champion);
        all.filter(|id| on_trial(id) == (need.kind == PlaceKind::Shadow)).collect()
    }

    fn person(&self, id: ChampionId) -> Option<&ChampionRecord> {
        self.people.iter().find(|p| p.id == id)
    }

    /// Writes a session into a volunteer's diary.
    pub fn book(&mut self, champion: ChampionId, index: usize) {
        let row = &self.sessions[index].session;
        let booking = Booking {
            session: row.id,
            group: row.group_id,
            span: rules::calendar::Span { from: row.starts_at, until: row.ends_at },
            date: row.local_date,
            with_children: row.audience == rules::dbs::Audience::Children,
        };
        if let Some(person) = self.people.iter_mut().find(|p| p.id == champion) {
            person.bookings.push(booking);
        }
    }

    fn take(&mut self, index: usize, place: PlaceId, need: &SessionNeed, champion: ChampionId, timing: &Timing) {
        let Some(offer_id) = self.send(index, need.kind, champion, &Letter::accepted(timing)) else { return };
        self.book(champion, index);
        let id = self.ids.next();
        self.assignments.push(assignment::Model {
            id,
            session_id: self.sessions[index].session.id,
            place_id: place,
            champion_id: champion,
            offer_id: Some(offer_id),
            status: rules::assignment::AssignmentStatus::Confirmed,
            starts_at: need.span.from,
            ends_at: need.span.until,
            created_at: timing.answered_at,
            ended_at: None,
            ended_reason: None,
        });
    }

    /// Now and then somebody was asked first and said no, or did not answer before the place went.
    fn turned_down(&mut self, index: usize, need: &SessionNeed, champion: ChampionId, timing: &Timing) {
        match index % 50 {
            11 => self.send(index, need.kind, champion, &Letter::declined(timing)),
            36 => self.send(index, need.kind, champion, &Letter::expired(timing)),
            _ => None,
        };
    }

    /// Notes when somebody was asked.
    pub fn ask(&mut self, champion: ChampionId, at: DateTime<Utc>) {
        let last = self.asked.entry(champion).or_insert(at);
        *last = at.max(*last);
        if let Some(person) = self.people.iter_mut().find(|p| p.id == champion) {
            person.last_asked_at = Some(*last);
        }
    }
}

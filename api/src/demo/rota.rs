//! Who is placed where: offers and the assignments they led to, given to those the rules would pass at that point.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{assignment, offer};
use rules::assignment::AssignmentStatus;
use rules::calendar::Span;
use rules::champion::Membership;
use rules::dbs::Audience;
use rules::id::{AccountId, ChampionId, GroupId, PlaceId, RequestId, SessionId};
use rules::matching::{Booking, ChampionRecord, rank};
use rules::session::{PlaceKind, SessionNeed};

use super::first_day::{FirstDay, Ids};
use super::offer::{Letter, Timing};
use crate::store::facts::SessionFactsRow;

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
    /// Places that wait for an answer.
    pub kept_free: HashSet<PlaceId>,
    pub offers: Vec<offer::Model>,
    pub assignments: Vec<assignment::Model>,
    /// When each volunteer was last asked.
    pub asked: HashMap<ChampionId, DateTime<Utc>>,
}

impl Rota<'_> {
    /// Fills the places of the sessions whose dates lie `from` to `until` days after the first day (not included).
    pub fn fill(&mut self, from: i64, until: i64) {
        for days in from..until {
            let date = self.first.date(days);
            let of_the_day = (0..self.sessions.len()).filter(|index| self.sessions[*index].session.local_date == date);
            let places = of_the_day.flat_map(|index| self.sessions[index].kinds().map(move |kind| (index, kind)));
            let mut places: Vec<(usize, PlaceKind)> = places.collect();
            self.let_go(date);
            places.sort_by_cached_key(|(index, kind)| self.choice(*index, *kind));
            for (index, kind) in places {
                self.fill_kind(index, kind);
            }
        }
    }

    /// How many could take a kind of place, for each place there is: where the choice is small, it is made first.
    fn choice(&self, index: usize, kind: PlaceKind) -> usize {
        let session = &self.sessions[index];
        let places = session.places.iter().filter(|(_, k)| *k == kind).count().max(1);
        session.need(kind).map_or(0, |need| self.willing(need, self.first.at(0, 0)).len() * 10 / places)
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
        let wanted = session.places.iter().filter(|(place, k)| *k == kind && !self.kept_free.contains(place));
        let wanted: Vec<PlaceId> = wanted.map(|(place, _)| *place).collect();
        for (place, champion) in wanted.into_iter().zip(willing.by_ref()) {
            self.take(index, place, need, champion, &timing);
        }
        if let Some(asked) = willing.next().filter(|_| kind == PlaceKind::Helper && session.need(PlaceKind::Lead).is_none()) {
            self.turned_down(index, need, asked, &timing);
        }
    }

    /// Who could take a place, best first. Shadow places are for those on trial.
    pub fn willing(&self, need: &SessionNeed, at: DateTime<Utc>) -> Vec<ChampionId> {
        let on_trial: HashSet<ChampionId> =
            self.people.iter().filter(|p| p.clearance.membership == Membership::OnTrial).map(|p| p.id).collect();
        let all = rank(need, &self.people, at).matches.into_iter().map(|m| m.champion);
        all.filter(|id| on_trial.contains(id) == (need.kind == PlaceKind::Shadow)).collect()
    }

    /// Writes a session into a volunteer's diary.
    pub fn book(&mut self, champion: ChampionId, index: usize) {
        let row = &self.sessions[index].session;
        let booking = Booking {
            session: row.id,
            group: row.group_id,
            span: Span { from: row.starts_at, until: row.ends_at },
            date: row.local_date,
            with_children: row.audience == Audience::Children,
            at: self.sessions[index].kinds().next().and_then(|kind| self.sessions[index].need(kind)?.at),
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
            status: AssignmentStatus::Confirmed,
            starts_at: need.span.from,
            ends_at: need.span.until,
            created_at: timing.answered_at,
            ended_at: None,
            ended_reason: None,
            clashing: false,
            hurried: false,
        });
    }

    /// Now and then somebody was asked first and said no, or did not answer before the place went.
    fn turned_down(&mut self, index: usize, need: &SessionNeed, champion: ChampionId, timing: &Timing) {
        match index % 25 {
            11 => self.send(index, need.kind, champion, &Letter::declined(timing)),
            18 => self.send(index, need.kind, champion, &Letter::expired(timing)),
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

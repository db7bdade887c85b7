//! Offers: when they were sent, what became of them, and those that wait for an answer.

use chrono::{DateTime, TimeDelta, Utc};
use entity::offer;
use rules::calendar::Span;
use rules::id::{ChampionId, OfferId, SessionId};
use rules::offer::{OfferStatus, expires_at};
use rules::session::PlaceKind;

use super::first_day::FirstDay;
use super::rota::Rota;

/// When an offer was sent and answered.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub sent_at: DateTime<Utc>,
    pub answered_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Timing {
    /// Ten days before the session, but never after the first day began; `variety` spreads the days and hours.
    pub fn new(first: FirstDay, variety: usize, session: Span) -> Self {
        let spread = i64::try_from(variety % 5).unwrap_or_default();
        let sent_at = (session.from - TimeDelta::days(10)).min(first.at(-3 - spread, 9 + spread));
        Self { sent_at, answered_at: sent_at + TimeDelta::hours(3 + 7 * spread), expires_at: expires_at(sent_at, session.from) }
    }
}

/// An offer and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    status: OfferStatus,
    sent_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    responded_at: Option<DateTime<Utc>>,
    decline_reason: Option<&'static str>,
}

impl Letter {
    /// The volunteer said yes.
    pub fn accepted(timing: &Timing) -> Self {
        Self::answered(timing, OfferStatus::Accepted)
    }

    /// The volunteer said no.
    pub fn declined(timing: &Timing) -> Self {
        Self { decline_reason: Some("Not this time, sorry."), ..Self::answered(timing, OfferStatus::Declined) }
    }

    /// Nobody answered before the place went.
    pub fn expired(timing: &Timing) -> Self {
        Self::answered(timing, OfferStatus::Expired)
    }

    fn answered(timing: &Timing, status: OfferStatus) -> Self {
        let responded_at = Some(timing.answered_at);
        Self { status, sent_at: timing.sent_at, expires_at: timing.expires_at, responded_at, decline_reason: None }
    }

    fn pending(sent_at: DateTime<Utc>, session: Span) -> Self {
        let expires_at = expires_at(sent_at, session.from);
        Self { status: OfferStatus::Pending, sent_at, expires_at, responded_at: None, decline_reason: None }
    }
}

/// Days after the first day that the offers waiting for an answer are for: near, but not so near that they lapse at once.
const SOON: std::ops::Range<i64> = 5..14;
/// How many offers wait for the `champion@` account.
const FOR_GUEST: usize = 3;
/// How many wait for others.
const FOR_OTHERS: usize = 6;

/// A place that waits for a volunteer's answer.
#[derive(Clone, Copy, Debug)]
pub struct Reserved {
    index: usize,
    champion: ChampionId,
}

impl Rota<'_> {
    /// Sends an offer, if the session has a request.
    pub fn send(&mut self, index: usize, kind: PlaceKind, champion_id: ChampionId, letter: &Letter) -> Option<OfferId> {
        let row = &self.sessions[index].session;
        let request_id = *self.requests.get(&row.id)?;
        let (id, session_id) = (self.ids.next(), row.id);
        self.offers.push(offer::Model {
            id,
            request_id,
            session_id,
            champion_id,
            kind,
            status: letter.status,
            message: String::new(),
            sent_by: self.senders.get(&row.group_id).copied(),
            sent_at: letter.sent_at,
            expires_at: letter.expires_at,
            responded_at: letter.responded_at,
            decline_reason: letter.decline_reason.map(str::to_owned),
            bundle_id: None,
        });
        self.ask(champion_id, letter.sent_at);
        Some(id)
    }

    /// Keeps a few helper places free for those who have yet to answer: some for `guest`, one each for others. They have
    /// the session in the diary for now, so that nothing else is put at the same time.
    pub fn reserve(&mut self, guest: Option<ChampionId>) -> Vec<Reserved> {
        let mut reserved = Vec::new();
        for index in self.soon() {
            let mine = reserved.iter().filter(|r: &&Reserved| Some(r.champion) == guest).count();
            let willing = self.willing_to_help(index);
            if let Some(guest) = guest.filter(|guest| mine < FOR_GUEST && willing.contains(guest)) {
                reserved.extend(self.reserve_one(index, guest));
            } else if reserved.len() - mine < FOR_OTHERS && index % 5 == 2 {
                let free = willing.into_iter().find(|id| Some(*id) != guest && reserved.iter().all(|r| r.champion != *id));
                reserved.extend(free.and_then(|champion| self.reserve_one(index, champion)));
            }
        }
        reserved
    }

    fn willing_to_help(&self, index: usize) -> Vec<ChampionId> {
        let need = self.sessions[index].need(PlaceKind::Helper);
        need.map(|need| self.willing(need, self.first.at(0, 0))).unwrap_or_default()
    }

    fn reserve_one(&mut self, index: usize, champion: ChampionId) -> Option<Reserved> {
        let (place, _) = self.sessions[index].places.iter().find(|(_, kind)| *kind == PlaceKind::Helper)?;
        self.kept_free.insert(*place);
        self.book(champion, index);
        Some(Reserved { index, champion })
    }

    /// Sends the offers that wait for an answer.
    pub fn send_pending(&mut self, reserved: Vec<Reserved>) {
        for (hours, Reserved { index, champion }) in (1..).zip(reserved) {
            let row = &self.sessions[index].session;
            let letter = Letter::pending(self.first.at(0, -3 - hours), Span { from: row.starts_at, until: row.ends_at });
            self.unbook(champion, row.id);
            self.send(index, PlaceKind::Helper, champion, &letter);
        }
    }

    fn unbook(&mut self, champion: ChampionId, session: SessionId) {
        if let Some(person) = self.people.iter_mut().find(|p| p.id == champion) {
            person.bookings.retain(|b| b.session != session);
        }
    }

    /// The sessions that offers still wait for, in order.
    fn soon(&self) -> Vec<usize> {
        let near = |index: &usize| SOON.contains(&self.first.days_to(self.sessions[*index].session.local_date));
        (0..self.sessions.len()).filter(near).collect()
    }
}

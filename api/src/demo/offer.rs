//! Offers: when they were sent, what became of them, and those that wait for an answer.

use chrono::{DateTime, TimeDelta, Utc};
use entity::offer;
use rules::calendar::Span;
use rules::id::{ChampionId, OfferId};
use rules::offer::{OfferStatus, expires_at};
use rules::session::PlaceKind;

use super::first_day::FirstDay;
use super::rota::{Reserved, Rota};

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
        Self { decline_reason: Some("I have something on that day, sorry."), ..Self::answered(timing, OfferStatus::Declined) }
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
const SOON: std::ops::Range<i64> = 3..14;
/// How many offers wait for the `champion@` account.
const FOR_GUEST: usize = 3;
/// How many wait for others.
const FOR_OTHERS: usize = 6;

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
        });
        self.ask(champion_id, letter.sent_at);
        Some(id)
    }

    /// Keeps a few helper places free for one volunteer, who has yet to answer. They are in the diary for now, so that
    /// nothing else is put at the same time.
    pub fn reserve_for(&mut self, guest: ChampionId) -> Vec<Reserved> {
        let mut reserved = Vec::new();
        for index in self.soon() {
            let Some(need) = self.sessions[index].need(PlaceKind::Helper) else { continue };
            if reserved.len() == FOR_GUEST || !self.willing(need, self.first.at(0, 0)).contains(&guest) {
                continue;
            }
            let Some((place, kind)) = self.sessions[index].places.iter().find(|(_, k)| *k == PlaceKind::Helper) else { continue };
            self.kept_free.insert(*place);
            reserved.push(Reserved { session: index, place: *place, kind: *kind, champion: guest });
            self.book(guest, index);
        }
        reserved
    }

    /// Sends the offers that wait for an answer: those reserved, and some for places that are still open.
    pub fn send_pending(&mut self, reserved: Vec<Reserved>) {
        for one in &reserved {
            let id = self.sessions[one.session].session.id;
            if let Some(person) = self.people.iter_mut().find(|p| p.id == one.champion) {
                person.bookings.retain(|b| b.session != id);
            }
        }
        let mut busy: Vec<ChampionId> = reserved.iter().map(|r| r.champion).collect();
        let mut pending: Vec<(usize, PlaceKind, ChampionId)> = reserved.iter().map(|r| (r.session, r.kind, r.champion)).collect();
        let soon: Vec<usize> = self.soon().collect();
        for (index, place, kind) in self.open.clone() {
            if pending.len() == reserved.len() + FOR_OTHERS || !soon.contains(&index) || reserved.iter().any(|r| r.place == place) {
                continue;
            }
            let Some(need) = self.sessions[index].need(kind) else { continue };
            let asked = self.willing(need, self.first.at(0, 0)).into_iter().find(|id| !busy.contains(id));
            if let Some(champion) = asked {
                busy.push(champion);
                pending.push((index, kind, champion));
            }
        }
        for (hours, (index, kind, champion)) in (1..).zip(pending) {
            let row = &self.sessions[index].session;
            let letter = Letter::pending(self.first.at(0, -hours), Span { from: row.starts_at, until: row.ends_at });
            self.send(index, kind, champion, &letter);
        }
    }

    fn soon(&self) -> impl Iterator<Item = usize> + use<> {
        let first = self.first;
        let near = self.sessions.iter().enumerate().filter(move |(_, s)| SOON.contains(&first.days_to(s.session.local_date)));
        near.map(|(index, _)| index).collect::<Vec<_>>().into_iter()
    }
}

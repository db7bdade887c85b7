//! What stands in whose calendar: as what, for how long, and how often it has changed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ical::EventStatus;
use crate::limit::Limit;
use crate::offer::OfferStatus;
use crate::reason::reasons;
use crate::session::SessionStatus;

/// How long what is over for somebody stays in the calendar as cancelled.
pub const KEPT: TimeDelta = TimeDelta::days(30);
/// How far back calendars go.
pub const PAST: TimeDelta = TimeDelta::days(90);
/// The most live addresses of an account.
pub const MOST: usize = 10;
/// How often one address may ask for calendars that there are not.
pub const WRONG: Limit = Limit::new(30, 20);

/// What a calendar reads of an offer.
#[derive(Clone, Copy, Debug)]
pub struct OfferFact {
    /// Where it stands at the instant that is asked about.
    pub status: OfferStatus,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// When it was settled, if it was: answered, taken back, or lapsed.
    pub settled_at: Option<DateTime<Utc>>,
}

/// What a calendar reads of an assignment.
#[derive(Clone, Copy, Debug)]
pub struct DutyFact {
    /// Whether the champion is expected.
    pub confirmed: bool,
    /// When the champion said yes.
    pub from: DateTime<Utc>,
    /// When it ended, if it did.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A champion's part in one session.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where the session stands.
    pub session: SessionStatus,
    /// The session's version.
    pub version: i64,
    /// The champion's offers.
    pub offers: Vec<OfferFact>,
    /// The champion's assignments.
    pub duties: Vec<DutyFact>,
}

impl Part {
    /// As what the session stands in the champion's calendar; none if it does not.
    pub fn status(&self, now: DateTime<Utc>) -> Option<EventStatus> {
        if self.duties.iter().any(|duty| duty.confirmed) {
            return Some(EventStatus::Confirmed);
        }
        if self.session == SessionStatus::Scheduled && self.offers.iter().any(|offer| offer.status == OfferStatus::Pending) {
            return Some(EventStatus::Tentative);
        }
        let over = self.duties.iter().filter_map(|duty| duty.ended_at).chain(self.offers.iter().filter_map(|offer| offer.settled_at)).max();
        over.filter(|over| *over + KEPT > now).map(|_| EventStatus::Cancelled)
    }

    /// Raised by every change of the session and of the champion's part in it; never lowered, since nothing of it is ever forgotten.
    pub fn sequence(&self) -> i64 {
        let settled = self.offers.iter().filter(|offer| offer.settled_at.is_some()).count();
        let ended = self.duties.iter().filter(|duty| duty.ended_at.is_some()).count();
        let steps = self.offers.len() + settled + self.duties.len() + ended;
        self.version - 1 + i64::try_from(steps).unwrap_or(i64::MAX).saturating_sub(1)
    }

    /// When the champion's part last changed.
    pub fn changed_at(&self) -> Option<DateTime<Utc>> {
        let offers = self.offers.iter().flat_map(|offer| [Some(offer.sent_at), offer.settled_at]);
        let duties = self.duties.iter().flat_map(|duty| [Some(duty.from), duty.ended_at]);
        offers.chain(duties).flatten().max()
    }
}

/// As what a session stands in its group's calendar; none if it was called off too long ago.
pub fn of_group(session: SessionStatus, cancelled_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<EventStatus> {
    match session {
        SessionStatus::Scheduled => Some(EventStatus::Confirmed),
        SessionStatus::ToConfirm => Some(EventStatus::Tentative),
        SessionStatus::Cancelled => cancelled_at.filter(|at| *at + KEPT > now).map(|_| EventStatus::Cancelled),
    }
}

reasons! {
    /// Why a calendar can't have an address.
    CannotAddFeed => CalendarFeedCreateErrorCode {
        /// The account is no champion's, so it has no calendar of its own.
        NoCalendar at "groupId" => "Only champions have a calendar of their own: name a group.",
        /// The account has as many as it may.
        TooMany { most: usize } at "" => format!("You have {most} calendar addresses: revoke one you don't use."),
    } creates
}

reasons! {
    /// Why a calendar can't have a new address.
    CannotResetFeed => CalendarFeedResetErrorCode {}
}

reasons! {
    /// Why a calendar's address can't be ended.
    CannotRevokeFeed => CalendarFeedRevokeErrorCode {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-12-{text}:00:00Z").parse().expect("an instant")
    }

    fn part(offers: Vec<OfferFact>, duties: Vec<DutyFact>) -> Part {
        Part { session: SessionStatus::Scheduled, version: 1, offers, duties }
    }

    fn offer(status: OfferStatus, settled: Option<&str>) -> OfferFact {
        OfferFact { status, sent_at: at("01T09"), settled_at: settled.map(at) }
    }

    #[test]
    fn the_sequence_rises_with_every_step_and_the_status_follows() {
        let duty = DutyFact { confirmed: true, from: at("02T09"), ended_at: None };
        let over = DutyFact { confirmed: false, ended_at: Some(at("03T09")), ..duty };
        let accepted = offer(OfferStatus::Accepted, Some("02T09"));
        let steps = [
            (part(vec![offer(OfferStatus::Pending, None)], vec![]), EventStatus::Tentative),
            (part(vec![accepted], vec![duty]), EventStatus::Confirmed),
            (Part { version: 2, ..part(vec![accepted], vec![duty]) }, EventStatus::Confirmed),
            (Part { version: 2, ..part(vec![accepted], vec![over]) }, EventStatus::Cancelled),
            (Part { version: 2, ..part(vec![accepted, offer(OfferStatus::Pending, None)], vec![over]) }, EventStatus::Tentative),
        ];
        let mut last = -1;
        for (part, status) in &steps {
            assert_eq!(part.status(at("04T09")), Some(*status));
            assert!(part.sequence() > last, "{part:?}");
            last = part.sequence();
        }
        assert_eq!(steps[0].0.sequence(), 0);
        assert_eq!(steps[3].0.changed_at(), Some(at("03T09")));
    }

    #[test]
    fn what_is_over_is_kept_as_cancelled_for_thirty_days() {
        let declined = part(vec![offer(OfferStatus::Declined, Some("02T09"))], vec![]);
        assert_eq!(declined.status(at("31T09")), Some(EventStatus::Cancelled));
        assert_eq!(declined.status(at("02T09") + KEPT), None);
        assert_eq!(of_group(SessionStatus::Cancelled, Some(at("02T09")), at("31T09")), Some(EventStatus::Cancelled));
        assert_eq!(of_group(SessionStatus::Cancelled, Some(at("02T09")), at("02T09") + KEPT), None);
        assert_eq!(of_group(SessionStatus::ToConfirm, None, at("02T09")), Some(EventStatus::Tentative));
    }

    #[test]
    fn an_offer_for_a_session_that_is_off_is_no_invitation() {
        let off = Part { session: SessionStatus::Cancelled, ..part(vec![offer(OfferStatus::Pending, None)], vec![]) };
        assert_eq!(off.status(at("02T09")), None);
    }
}

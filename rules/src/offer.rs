//! Offers: an invitation to a champion for a kind of place at a session, and what becomes of it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::champion::Membership;
use crate::clearance::Gap;
use crate::id::{PlaceId, SessionId};
use crate::matching::{Blocker, ChampionRecord, blockers, done_before};
use crate::reason::reasons;
use crate::session::{PlaceKind, SessionNeed, SessionStatus};
use crate::staffing::Team;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Life of an offer.
    OfferStatus {
        /// Waiting for an answer.
        Pending = "PENDING",
        /// The champion said yes.
        Accepted = "ACCEPTED",
        /// The champion said no.
        Declined = "DECLINED",
        /// Nobody answered in time, or the places were filled.
        Expired = "EXPIRED",
        /// Taken back.
        Withdrawn = "WITHDRAWN",
        /// The champion said yes, and the place it led to has ended since: given up, released, passed on or called off.
        Ended = "ENDED",
    }
}

/// An offer as the rules read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Where it stands.
    pub status: OfferStatus,
    /// It lapses at this instant.
    pub expires_at: DateTime<Utc>,
}

impl Offer {
    /// Where it stands at an instant: a pending offer lapses by itself.
    pub fn status_at(&self, now: DateTime<Utc>) -> OfferStatus {
        if self.status == OfferStatus::Pending && self.expires_at <= now { OfferStatus::Expired } else { self.status }
    }
}

/// How long an offer stands, and how long before the session it ends at the latest.
pub const STANDS: TimeDelta = TimeDelta::days(7);
/// An offer for a session that is near ends this long before it starts.
pub const ENDS_BEFORE: TimeDelta = TimeDelta::minutes(15);

/// When an offer sent at `now` for a session lapses.
pub fn expires_at(now: DateTime<Utc>, session_starts: DateTime<Utc>) -> DateTime<Utc> {
    (now + STANDS).min(session_starts - ENDS_BEFORE)
}

/// Whether anybody can still be asked for a session: it will be held, and leaves time to answer.
pub fn can_be_offered(status: SessionStatus, session_starts: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    status == SessionStatus::Scheduled && expires_at(now, session_starts) > now
}

reasons! {
    /// Why offers can't be sent. All are sent, or none.
    CannotSend => OfferSendErrorCode {
        /// The session was called off, or begins within 15 minutes.
        SessionClosed at "requestId" => "This session was called off, or begins too soon for anybody to answer.",
        /// The request is closed: filled or withdrawn.
        RequestClosed at "requestId" => "This request is filled or withdrawn: nobody needs to be asked.",
        /// The session has no place of this kind that is open.
        NoOpenPlace { kind: PlaceKind } at "kind" => format!("There is no open {kind} place at this session."),
        /// A champion can't take this place. Why is theirs and the coordinators' to know: a leader is told counts, never who.
        CannotTakePlace { index: usize } at format!("championIds.{index}") => "This champion can't take this place: the matches of the session list those who can.",
        /// One of a champion's first sessions, and no place would be left for somebody experienced beside them.
        NewAndAlone { index: usize } at format!("championIds.{index}") => "This champion's first sessions are beside somebody who has done some, and no place would be left for them: ask somebody experienced first.",
        /// A champion was asked for this session already, and has not answered or has said no.
        AlreadyAsked { index: usize, status: OfferStatus } at format!("championIds.{index}") => format!("This champion was asked already; the offer is {status}."),
        /// A champion asked for quiet for a while.
        Resting { index: usize } at format!("championIds.{index}") => "This champion said \"not now\" a few days ago: ask somebody else.",
        /// The list is empty, too long, or names somebody twice.
        ListSize { most: usize } at "championIds" => format!("Name between 1 and {most} champions, each once."),
        /// Each line of the list must be found.
        UnknownChampion { index: usize } at format!("championIds.{index}") => "There is no champion with this id: check the list.",
    } creates
}

/// The most champions asked at once.
pub const ASK_LIMIT: usize = 20;

/// Why a champion is not one to ask for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// They were asked already, and have not answered or have said no.
    AlreadyAsked { status: OfferStatus },
    /// Something stops them.
    CannotTakePlace,
    /// One of their first sessions, and no place would be left for somebody experienced.
    NewAndAlone,
}

/// Whether a champion is one to ask for a place, beside this team. `earlier` is their last offer for this session.
pub fn fit(need: &SessionNeed, champion: &ChampionRecord, team: &Team, earlier: Option<Offer>, now: DateTime<Utc>) -> Result<(), Unfit> {
    if let Some(status @ (OfferStatus::Pending | OfferStatus::Declined)) = earlier.map(|offer| offer.status_at(now)) {
        return Err(Unfit::AlreadyAsked { status });
    }
    if !blockers(need, champion).is_empty() {
        return Err(Unfit::CannotTakePlace);
    }
    let welcome = team.welcomes(need.kind, done_before(champion, need.span.from));
    if welcome { Ok(()) } else { Err(Unfit::NewAndAlone) }
}

/// Whether one champion of a list may be asked for a place.
pub fn send(
    need: &SessionNeed,
    champion: &ChampionRecord,
    team: &Team,
    earlier: Option<Offer>,
    index: usize,
    now: DateTime<Utc>,
) -> Result<(), CannotSend> {
    fit(need, champion, team, earlier, now).map_err(|unfit| match unfit {
        Unfit::AlreadyAsked { status } => CannotSend::AlreadyAsked { index, status },
        Unfit::CannotTakePlace => CannotSend::CannotTakePlace { index },
        Unfit::NewAndAlone => CannotSend::NewAndAlone { index },
    })
}

/// What somebody new is told where nobody experienced could be beside them.
pub(crate) const NEW_AND_ALONE: &str = "Your first sessions are beside somebody who has done some, and no place would be left for them: \
    choose another session, or ask the group leader to find somebody experienced first.";

reasons! {
    /// Why an offer can't be accepted.
    CannotAccept => OfferAcceptErrorCode {
        /// The offer was declined, taken back or has lapsed, or the place it led to was given up.
        OfferClosed { status: OfferStatus } at "offerId" => match status {
            OfferStatus::Ended => "You accepted this offer before, and the place has ended since: ask the group leader for a new one.".to_owned(),
            status => format!("This offer is {status}: ask the group leader for a new one."),
        },
        /// The session was called off.
        SessionCancelled at "offerId" => "This session was called off.",
        /// The session has begun.
        SessionStarted at "offerId" => "This session has begun.",
        /// Somebody else took the last place.
        PlacesFilled at "offerId" => "Somebody else took the last place. Thank you for answering.",
        /// The champion has a place at this session already.
        AlreadyPlaced at "offerId" => "You have a place at this session already.",
        /// The champion has another session at that time.
        Clashes { with: SessionId } at "offerId" => "You have another session at that time: withdraw from it first.",
        /// The champion has another session so near in time that too few minutes are left to travel.
        TooLittleTime { with: SessionId, minutes: i64 } at "offerId" => format!("You have another session that day, and {minutes} more minutes are needed to get from one to the other: withdraw from it first."),
        /// One of the champion's first sessions, and no place would be left for somebody experienced beside them.
        NewAndAlone at "offerId" => NEW_AND_ALONE,
        /// The membership does not allow this place.
        NotActive { membership: Membership } at "offerId" => format!("Your membership is {membership}, which does not allow this place: ask a coordinator."),
        /// Too young for this kind of session on its date.
        Age { gap: Gap } at "offerId" => format!("Age: {gap}."),
        /// A requirement of the role is not met on the session's date.
        RequirementNotMet { gap: Gap } at "offerId" => format!("On the day of the session: {gap}."),
        /// A training module is not held on the session's date.
        TrainingNotHeld { gap: Gap } at "offerId" => format!("On the day of the session: {gap}."),
        /// No sufficient DBS check is in place on the session's date.
        DbsNotInPlace { gap: Gap } at "offerId" => format!("On the day of the session: {gap}."),
        /// The organisation that holds the session has not accepted a DBS check that it did not obtain.
        NotAccepted { gap: Gap } at "offerId" => format!("{gap}: ask the group leader or a coordinator to record it."),
        /// The session asks for a language the champion does not list.
        Language { needed: String } at "offerId" => format!("This session asks for a language you don't list: {needed}."),
    }
}

/// What accepting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// The champion takes this place.
    Takes(PlaceId),
    /// The offer was accepted before: the answer is the same.
    Already,
}

/// The session and places as accepting reads them, under lock.
#[derive(Clone, Debug)]
pub struct Openings {
    /// Whether the session will be held.
    pub status: SessionStatus,
    /// Open places of the offer's kind, in order.
    pub places: Vec<PlaceId>,
    /// Whom the champion would join in the first of them.
    pub team: Team,
}

/// Whether a champion may accept an offer now.
///
/// Facts are judged at the session's date. What is the champion's own wish (availability, distance, a weekly limit) does
/// not stop a champion who says yes; clearance, clashes and the last place do.
pub fn accept(
    offer: Offer,
    openings: &Openings,
    need: &SessionNeed,
    champion: &ChampionRecord,
    now: DateTime<Utc>,
) -> Result<Acceptance, Vec<CannotAccept>> {
    match offer.status_at(now) {
        OfferStatus::Accepted if champion.bookings.iter().any(|b| Some(b.session) == need.session) => return Ok(Acceptance::Already),
        OfferStatus::Ended if openings.status == SessionStatus::Cancelled => return Err(vec![CannotAccept::SessionCancelled]),
        OfferStatus::Pending => {}
        // An offer that lapsed because the places went is told the reason, not the state.
        OfferStatus::Expired if openings.places.is_empty() => return Err(vec![CannotAccept::PlacesFilled]),
        status => return Err(vec![CannotAccept::OfferClosed { status }]),
    }
    takes(openings, need, champion, now).map(Acceptance::Takes)
}

/// The place a champion takes, if they may: one rule for an accepted offer and for a place they take themselves.
pub fn takes(openings: &Openings, need: &SessionNeed, champion: &ChampionRecord, now: DateTime<Utc>) -> Result<PlaceId, Vec<CannotAccept>> {
    if openings.status != SessionStatus::Scheduled {
        return Err(vec![CannotAccept::SessionCancelled]);
    }
    if need.span.from <= now {
        return Err(vec![CannotAccept::SessionStarted]);
    }
    let mut problems: Vec<CannotAccept> = blockers(need, champion).into_iter().filter(Blocker::is_binding).filter_map(refusal).collect();
    let Some(place) = openings.places.first() else {
        problems.insert(0, CannotAccept::PlacesFilled);
        return Err(problems);
    };
    if !openings.team.welcomes(need.kind, done_before(champion, need.span.from)) {
        problems.push(CannotAccept::NewAndAlone);
    }
    if problems.is_empty() { Ok(*place) } else { Err(problems) }
}

fn refusal(blocker: Blocker) -> Option<CannotAccept> {
    Some(match blocker {
        Blocker::Clearance(Gap::Membership { membership, .. }) => CannotAccept::NotActive { membership },
        Blocker::Clearance(gap @ Gap::Age { .. }) => CannotAccept::Age { gap },
        Blocker::Clearance(gap @ Gap::Requirement { .. }) => CannotAccept::RequirementNotMet { gap },
        Blocker::Clearance(gap @ Gap::Module { .. }) => CannotAccept::TrainingNotHeld { gap },
        Blocker::Clearance(gap @ Gap::Dbs { .. }) => CannotAccept::DbsNotInPlace { gap },
        Blocker::Clearance(gap @ Gap::Acceptance { .. }) => CannotAccept::NotAccepted { gap },
        Blocker::Clash { with } => CannotAccept::Clashes { with },
        Blocker::TooFarApart { with, minutes } => CannotAccept::TooLittleTime { with, minutes },
        Blocker::Language { needed } => CannotAccept::Language { needed },
        Blocker::AlreadyPlaced => CannotAccept::AlreadyPlaced,
        _ => return None,
    })
}

reasons! {
    /// Why an offer can't be declined.
    CannotDecline => OfferDeclineErrorCode {
        /// It was accepted: withdraw from the session instead.
        AlreadyAccepted at "offerId" => "You accepted this offer: withdraw from the session instead, at no cost to you.",
        /// It was taken back or has lapsed; nothing needs doing.
        OfferClosed { status: OfferStatus } at "offerId" => format!("This offer is {status}: nothing needs doing."),
    }
}

/// Whether an offer may be declined; `Ok(false)` says it was before, which is fine.
pub fn decline(offer: Offer, now: DateTime<Utc>) -> Result<bool, CannotDecline> {
    match offer.status_at(now) {
        OfferStatus::Pending => Ok(true),
        OfferStatus::Declined => Ok(false),
        OfferStatus::Accepted => Err(CannotDecline::AlreadyAccepted),
        status => Err(CannotDecline::OfferClosed { status }),
    }
}

reasons! {
    /// Why an offer can't be taken back.
    CannotTakeBack => OfferWithdrawErrorCode {
        /// It was accepted: ask a coordinator to release the champion.
        AlreadyAccepted at "offerId" => "The champion has accepted: a coordinator can release them from the session.",
        /// It was declined or has lapsed; nothing needs doing.
        OfferClosed { status: OfferStatus } at "offerId" => format!("This offer is {status}: nothing needs doing."),
    }
}

/// Whether an offer may be taken back; `Ok(false)` says it was before, which is fine.
pub fn take_back(offer: Offer, now: DateTime<Utc>) -> Result<bool, CannotTakeBack> {
    match offer.status_at(now) {
        OfferStatus::Pending => Ok(true),
        OfferStatus::Withdrawn => Ok(false),
        OfferStatus::Accepted => Err(CannotTakeBack::AlreadyAccepted),
        status => Err(CannotTakeBack::OfferClosed { status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::champion::Membership;
    use crate::clearance::tests::{cleared, need};
    use crate::id::ChampionId;
    use crate::matching::Booking;
    use uuid::Uuid;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn champion() -> ChampionRecord {
        ChampionRecord {
            id: ChampionId(Uuid::from_u128(1)),
            clearance: cleared(),
            home: None,
            reach_metres: 0,
            areas: vec![],
            remote_only: false,
            most_per_week: None,
            most_per_month: None,
            languages: vec![],
            topics: vec![],
            windows: vec![],
            exceptions: vec![],
            bookings: Default::default(),
            last_asked_at: None,
        }
    }

    fn offer(status: OfferStatus) -> Offer {
        Offer { status, expires_at: at("2026-11-28T12:00:00Z") }
    }

    fn one_place() -> Openings {
        Openings { status: SessionStatus::Scheduled, places: vec![PlaceId(Uuid::from_u128(4))], team: ROOM }
    }

    /// A session with another place.
    const ROOM: Team = Team { others: Vec::new(), open: 1 };

    const NOW: &str = "2026-11-21T12:00:00Z";

    #[test]
    fn a_cleared_champion_takes_the_place_wherever_they_live() {
        let taken = accept(offer(OfferStatus::Pending), &one_place(), &need(), &champion(), at(NOW));
        assert_eq!(taken, Ok(Acceptance::Takes(PlaceId(Uuid::from_u128(4)))), "availability and distance are the champion's own affair");
    }

    #[test]
    fn accepting_twice_is_the_same_answer_until_the_place_is_given_up() {
        let session = SessionId(Uuid::from_u128(8));
        let need = SessionNeed { session: Some(session), ..need() };
        let here = Booking { session, group: need.group, span: need.span, date: need.date, with_children: false, at: None };
        let placed = ChampionRecord { bookings: vec![here].into(), ..champion() };
        let again = |champion: &ChampionRecord, status| {
            let offered = if champion.bookings.is_empty() { OfferStatus::Ended } else { OfferStatus::Accepted };
            accept(offer(offered), &Openings { places: vec![], status, team: ROOM }, &need, champion, at(NOW))
        };
        assert_eq!(again(&placed, SessionStatus::Scheduled), Ok(Acceptance::Already));
        let closed = CannotAccept::OfferClosed { status: OfferStatus::Ended };
        assert_eq!(again(&champion(), SessionStatus::Scheduled), Err(vec![closed]), "given up since");
        assert_eq!(again(&champion(), SessionStatus::Cancelled), Err(vec![CannotAccept::SessionCancelled]));
    }

    #[test]
    fn each_refusal_has_its_own_reason() {
        let pending = offer(OfferStatus::Pending);
        let refused = |offer, openings: &Openings, need: &SessionNeed, champion: &ChampionRecord, now| {
            accept(offer, openings, need, champion, at(now)).expect_err("refused")
        };
        assert_eq!(refused(pending, &Openings { places: vec![], ..one_place() }, &need(), &champion(), NOW), [CannotAccept::PlacesFilled]);
        assert_eq!(
            refused(pending, &Openings { status: SessionStatus::Cancelled, ..one_place() }, &need(), &champion(), NOW),
            [CannotAccept::SessionCancelled]
        );
        assert_eq!(
            refused(pending, &one_place(), &need(), &champion(), "2026-11-28T12:00:00Z"),
            [CannotAccept::OfferClosed { status: OfferStatus::Expired }],
            "lapses at the instant"
        );
        assert_eq!(
            refused(offer(OfferStatus::Declined), &one_place(), &need(), &champion(), NOW),
            [CannotAccept::OfferClosed { status: OfferStatus::Declined }]
        );
        let full = Team { others: vec![1], open: 0 };
        assert_eq!(refused(pending, &Openings { team: full, ..one_place() }, &need(), &champion(), NOW), [CannotAccept::NewAndAlone]);
        let late = Offer { expires_at: at("2027-01-01T00:00:00Z"), ..pending };
        assert_eq!(refused(late, &one_place(), &need(), &champion(), "2026-12-01T10:00:00Z"), [CannotAccept::SessionStarted]);
        let with = SessionId(Uuid::from_u128(8));
        let busy = ChampionRecord {
            bookings: [Booking {
                session: with,
                group: need().group,
                span: need().span,
                date: need().date,
                with_children: false,
                at: None,
            }]
            .into_iter()
            .collect(),
            ..champion()
        };
        assert_eq!(refused(pending, &one_place(), &need(), &busy, NOW), [CannotAccept::Clashes { with }]);
        let mut lapsed = champion();
        lapsed.clearance.completions[0].expires_on = "2026-11-30".parse().ok();
        assert!(matches!(refused(pending, &one_place(), &need(), &lapsed, NOW)[..], [CannotAccept::TrainingNotHeld { .. }]));
        let mut paused = champion();
        paused.clearance.membership = Membership::Paused;
        assert_eq!(refused(pending, &one_place(), &need(), &paused, NOW), [CannotAccept::NotActive { membership: Membership::Paused }]);
    }

    #[test]
    fn an_answer_given_again_is_safe() {
        for (status, expected) in [
            (OfferStatus::Pending, Some(true)),
            (OfferStatus::Declined, Some(false)),
            (OfferStatus::Accepted, None),
            (OfferStatus::Withdrawn, None),
        ] {
            assert_eq!(decline(offer(status), at(NOW)).ok(), expected, "{status}");
        }
        for (status, expected) in [(OfferStatus::Pending, Some(true)), (OfferStatus::Withdrawn, Some(false)), (OfferStatus::Accepted, None)]
        {
            assert_eq!(take_back(offer(status), at(NOW)).ok(), expected, "{status}");
        }
    }

    #[test]
    fn nobody_is_asked_twice_unless_the_offer_lapsed_unanswered() {
        let everywhere = ChampionRecord { remote_only: false, ..champion() };
        for (earlier, asked) in
            [(OfferStatus::Pending, true), (OfferStatus::Declined, true), (OfferStatus::Expired, false), (OfferStatus::Withdrawn, false)]
        {
            let refused =
                matches!(send(&need(), &everywhere, &ROOM, Some(offer(earlier)), 0, at(NOW)), Err(CannotSend::AlreadyAsked { .. }));
            assert_eq!(refused, asked, "{earlier}");
        }
    }

    #[test]
    fn an_offer_ends_before_its_session() {
        assert_eq!(expires_at(at(NOW), at("2026-12-24T10:00:00Z")), at("2026-11-28T12:00:00Z"));
        assert_eq!(expires_at(at(NOW), at("2026-11-21T13:00:00Z")), at("2026-11-21T12:45:00Z"));
        for (starts, open) in [("2026-11-21T12:16:00Z", true), ("2026-11-21T12:15:00Z", false), ("2026-11-21T11:00:00Z", false)] {
            assert_eq!(can_be_offered(SessionStatus::Scheduled, at(starts), at(NOW)), open, "{starts}");
        }
        assert!(!can_be_offered(SessionStatus::Cancelled, at("2026-12-24T10:00:00Z"), at(NOW)));
    }
}

//! Places that champions take themselves where a group lets them, and the waiting list of a session that is full.

use chrono::{DateTime, TimeDelta, Utc};

use crate::champion::Membership;
use crate::clearance::Gap;
use crate::id::{ChampionId, PlaceId, SessionId};
use crate::life::Step;
use crate::matching::{Blocker, ChampionRecord, blockers};
use crate::offer::{CannotAccept, ENDS_BEFORE, NEW_AND_ALONE, OfferStatus, Openings, can_be_offered, takes};
use crate::reason::reasons;
use crate::session::SessionNeed;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where somebody on a waiting list stands.
    WaitingStatus {
        /// Waiting for a place.
        Waiting = "WAITING",
        /// A place is free and offered: accept it before the offer lapses.
        Offered = "OFFERED",
        /// Has a place now.
        Placed = "PLACED",
        /// Left the list.
        Left = "LEFT",
        /// Said no, or did not answer in time: the place was offered to the next.
        Passed = "PASSED",
        /// The session was called off, or begins.
        Closed = "CLOSED",
    }
}

/// What happens to somebody on a waiting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingEvent {
    /// A place is free, and it is their turn.
    Offer,
    /// They have a place: by the offer, or in another way.
    Place,
    /// They leave the list.
    Leave,
    /// They said no, or did not answer.
    Pass,
    /// The place that was offered went to somebody else: they wait on, where they were.
    Fill,
    /// The session was called off, or begins.
    Close,
}

/// The life of somebody on a waiting list.
pub const WAITING: &[Step<WaitingStatus, WaitingEvent>] = &[
    (WaitingStatus::Waiting, WaitingEvent::Offer, WaitingStatus::Offered),
    (WaitingStatus::Waiting, WaitingEvent::Place, WaitingStatus::Placed),
    (WaitingStatus::Waiting, WaitingEvent::Leave, WaitingStatus::Left),
    (WaitingStatus::Waiting, WaitingEvent::Close, WaitingStatus::Closed),
    (WaitingStatus::Offered, WaitingEvent::Place, WaitingStatus::Placed),
    (WaitingStatus::Offered, WaitingEvent::Leave, WaitingStatus::Left),
    (WaitingStatus::Offered, WaitingEvent::Pass, WaitingStatus::Passed),
    (WaitingStatus::Offered, WaitingEvent::Fill, WaitingStatus::Waiting),
    (WaitingStatus::Offered, WaitingEvent::Close, WaitingStatus::Closed),
];

impl WaitingStatus {
    /// Whether they are on the list.
    pub fn is_on(self) -> bool {
        matches!(self, Self::Waiting | Self::Offered)
    }
}

/// Whether champions take a session's places themselves: what the session says, else what its group says, else no.
pub fn is_open(group: Option<bool>, session: Option<bool>) -> bool {
    session.or(group).unwrap_or(false)
}

reasons! {
    /// Why a place can't be taken.
    CannotTakePlace => PlaceTakeErrorCode {
        /// Champions are asked for this session; they don't sign up themselves.
        NotOpen at "sessionId" => "This group asks champions: wait for an offer, or write to it.",
        /// The session was called off.
        SessionCancelled at "sessionId" => "This session was called off.",
        /// The session has begun.
        SessionStarted at "sessionId" => "This session has begun.",
        /// Every place of this kind is taken, or promised to those on the waiting list.
        PlacesFilled at "kind" => "Every place is taken or promised to somebody who waits: join the waiting list.",
        /// The champion has a place at this session already.
        AlreadyPlaced at "sessionId" => "You have a place at this session already.",
        /// The champion has another session at that time.
        Clashes { with: SessionId } at "sessionId" => "You have another session at that time: withdraw from it first.",
        /// The champion has another session so near in time that too few minutes are left to travel.
        TooLittleTime { with: SessionId, minutes: i64 } at "sessionId" => format!("You have another session that day, and {minutes} more minutes are needed to get from one to the other: withdraw from it first."),
        /// One of the champion's first sessions, and no place would be left for somebody experienced beside them.
        NewAndAlone at "sessionId" => NEW_AND_ALONE,
        /// The membership does not allow this place.
        NotActive { membership: Membership } at "sessionId" => format!("Your membership is {membership}, which does not allow this place: ask a coordinator."),
        /// Too young for this kind of session on its date.
        Age { gap: Gap } at "sessionId" => format!("Age: {gap}."),
        /// A requirement of the role is not met on the session's date.
        RequirementNotMet { gap: Gap } at "sessionId" => format!("On the day of the session: {gap}."),
        /// A training module is not held on the session's date.
        TrainingNotHeld { gap: Gap } at "sessionId" => format!("On the day of the session: {gap}."),
        /// No sufficient DBS check is in place on the session's date.
        DbsNotInPlace { gap: Gap } at "sessionId" => format!("On the day of the session: {gap}."),
        /// The organisation that holds the session has not accepted a DBS check that it did not obtain.
        NotAccepted { gap: Gap } at "sessionId" => format!("{gap}: ask the group leader or a coordinator to record it."),
        /// The session asks for a language the champion does not list.
        Language { needed: String } at "sessionId" => format!("This session asks for a language you don't list: {needed}."),
    } creates
}

impl From<CannotAccept> for CannotTakePlace {
    fn from(reason: CannotAccept) -> Self {
        match reason {
            CannotAccept::OfferClosed { .. } | CannotAccept::PlacesFilled => Self::PlacesFilled,
            CannotAccept::SessionCancelled => Self::SessionCancelled,
            CannotAccept::SessionStarted => Self::SessionStarted,
            CannotAccept::AlreadyPlaced => Self::AlreadyPlaced,
            CannotAccept::Clashes { with } => Self::Clashes { with },
            CannotAccept::TooLittleTime { with, minutes } => Self::TooLittleTime { with, minutes },
            CannotAccept::NewAndAlone => Self::NewAndAlone,
            CannotAccept::NotActive { membership } => Self::NotActive { membership },
            CannotAccept::Age { gap } => Self::Age { gap },
            CannotAccept::RequirementNotMet { gap } => Self::RequirementNotMet { gap },
            CannotAccept::TrainingNotHeld { gap } => Self::TrainingNotHeld { gap },
            CannotAccept::DbsNotInPlace { gap } => Self::DbsNotInPlace { gap },
            CannotAccept::NotAccepted { gap } => Self::NotAccepted { gap },
            CannotAccept::Language { needed } => Self::Language { needed },
            CannotAccept::Invalid(malformed) => Self::Invalid(malformed),
            CannotAccept::NotFound { field } => Self::NotFound { field },
        }
    }
}

/// Whether a champion may take a place now, and which: by the rule of an accepted offer, and behind those who wait.
pub fn take(
    open: bool,
    mut openings: Openings,
    ahead: usize,
    need: &SessionNeed,
    champion: &ChampionRecord,
    now: DateTime<Utc>,
) -> Result<PlaceId, Vec<CannotTakePlace>> {
    if !open {
        return Err(vec![CannotTakePlace::NotOpen]);
    }
    // Those who wait come first: theirs are the first places.
    openings.places.drain(..ahead.min(openings.places.len()));
    takes(&openings, need, champion, now).map_err(|reasons| reasons.into_iter().map(CannotTakePlace::from).collect())
}

reasons! {
    /// Why somebody can't join a waiting list.
    CannotWait => WaitingListJoinErrorCode {
        /// Champions are asked for this session; they don't sign up themselves.
        NotOpen at "sessionId" => "This group asks champions: wait for an offer, or write to it.",
        /// The session was called off, or begins too soon.
        SessionClosed at "sessionId" => "This session was called off, or begins too soon for a place to become free.",
        /// A place is free: no need to wait.
        PlaceIsFree at "kind" => "A place is free: take it.",
        /// The champion has a place at this session already.
        AlreadyPlaced at "sessionId" => "You have a place at this session already.",
        /// The champion is asked already.
        AlreadyAsked at "sessionId" => "You have an offer for this session: accept it.",
        /// The champion could not take a place if one became free.
        CannotCome { why: String } at "sessionId" => format!("You could not take a place if one became free: {why}."),
    }
}

/// Whether a champion may wait for a place.
pub fn wait(
    open: bool,
    openings: &Openings,
    ahead: usize,
    need: &SessionNeed,
    champion: &ChampionRecord,
    now: DateTime<Utc>,
) -> Result<(), CannotWait> {
    if !open {
        return Err(CannotWait::NotOpen);
    }
    if !can_be_offered(openings.status, need.span.from, now) {
        return Err(CannotWait::SessionClosed);
    }
    match blockers(need, champion).into_iter().find(Blocker::is_binding) {
        Some(Blocker::AlreadyPlaced) => return Err(CannotWait::AlreadyPlaced),
        Some(blocker) => return Err(CannotWait::CannotCome { why: blocker.to_string() }),
        None => {}
    }
    if openings.places.len() > ahead { Err(CannotWait::PlaceIsFree) } else { Ok(()) }
}

reasons! {
    /// Why somebody can't leave a waiting list.
    CannotLeaveList => WaitingListLeaveErrorCode {
    }
}

reasons! {
    /// Why it can't be said who takes places of a group.
    CannotSetGroupSignUp => GroupSignUpSetErrorCode {
    }
}

reasons! {
    /// Why it can't be said who takes places of a session.
    CannotSetSessionSignUp => SessionSignUpSetErrorCode {
    }
}

/// How long a place is kept for the next on the list: a day, half of the time that is left if that is less.
pub fn kept_until(now: DateTime<Utc>, session_starts: DateTime<Utc>) -> DateTime<Utc> {
    let left = (session_starts - ENDS_BEFORE) - now;
    now + TimeDelta::hours(24).min(left / 2).max(TimeDelta::zero())
}

/// Somebody on a list.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// Where they stand.
    pub status: WaitingStatus,
    /// What became of their offer.
    pub offer: Option<OfferStatus>,
    /// Whether it ended before its time, since somebody else took the place.
    pub filled: bool,
    /// Whether they have a place at the session.
    pub placed: bool,
}

/// What has happened to somebody on a list since they were last looked at.
pub fn moved(waiter: &Waiter, held: bool) -> Option<WaitingEvent> {
    if !waiter.status.is_on() {
        return None;
    }
    if waiter.placed {
        return Some(WaitingEvent::Place);
    }
    if !held {
        return Some(WaitingEvent::Close);
    }
    match (waiter.status, waiter.offer) {
        (WaitingStatus::Offered, Some(OfferStatus::Expired)) if waiter.filled => Some(WaitingEvent::Fill),
        (WaitingStatus::Offered, Some(OfferStatus::Pending)) => None,
        (WaitingStatus::Offered, _) => Some(WaitingEvent::Pass),
        _ => None,
    }
}

/// Who of those that wait is offered a place next: in the order they joined, as many as places are free and not promised, and
/// only who still can.
pub fn next(waiting: &[(ChampionId, bool)], free: usize, promised: usize) -> Vec<ChampionId> {
    let open = free.saturating_sub(promised);
    waiting.iter().filter(|(_, can)| *can).map(|(champion, _)| *champion).take(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_session_says_otherwise_than_its_group() {
        for (group, session, open) in [
            (None, None, false),
            (Some(true), None, true),
            (Some(true), Some(false), false),
            (Some(false), Some(true), true),
            (None, Some(true), true),
        ] {
            assert_eq!(is_open(group, session), open, "{group:?} {session:?}");
        }
    }

    #[test]
    fn the_first_who_still_can_is_next_and_nobody_is_promised_a_place_twice() {
        let id = |n: u128| ChampionId(Uuid::from_u128(n));
        let waiting = [(id(1), false), (id(2), true), (id(3), true)];
        for (free, promised, expected) in [(0, 0, vec![]), (1, 0, vec![id(2)]), (1, 1, vec![]), (3, 1, vec![id(2), id(3)]), (1, 4, vec![])]
        {
            assert_eq!(next(&waiting, free, promised), expected, "{free} free, {promised} promised");
        }
    }

    #[test]
    fn a_place_is_kept_for_a_day_or_half_of_what_is_left() {
        let now = at("2026-11-21T12:00:00Z");
        for (starts, kept) in [
            ("2026-12-21T12:00:00Z", "2026-11-22T12:00:00Z"),
            ("2026-11-21T16:15:00Z", "2026-11-21T14:00:00Z"),
            ("2026-11-21T12:10:00Z", "2026-11-21T12:00:00Z"),
        ] {
            assert_eq!(kept_until(now, at(starts)), at(kept), "{starts}");
        }
    }

    #[test]
    fn an_offer_that_is_not_taken_passes_to_the_next() {
        use OfferStatus::{Accepted, Declined, Expired, Pending, Withdrawn};
        use WaitingStatus::{Left, Offered, Waiting};
        for (status, offer, placed, held, event) in [
            (Waiting, None, false, true, None),
            (Waiting, None, true, true, Some(WaitingEvent::Place)),
            (Waiting, None, false, false, Some(WaitingEvent::Close)),
            (Offered, Some(Pending), false, true, None),
            (Offered, Some(Accepted), true, true, Some(WaitingEvent::Place)),
            (Offered, Some(Declined), false, true, Some(WaitingEvent::Pass)),
            (Offered, Some(Withdrawn), false, true, Some(WaitingEvent::Pass)),
            (Left, None, true, false, None),
        ] {
            let waiter = Waiter { status, offer, placed, filled: false };
            assert_eq!(moved(&waiter, held), event, "{status} {offer:?}");
        }
        let expired = |filled| Waiter { status: Offered, offer: Some(Expired), filled, placed: false };
        assert_eq!(moved(&expired(false), true), Some(WaitingEvent::Pass), "nobody answered");
        assert_eq!(moved(&expired(true), true), Some(WaitingEvent::Fill), "somebody else was quicker");
    }

    #[test]
    fn the_machine_is_sound() {
        for (index, (from, by, _)) in WAITING.iter().enumerate() {
            assert!(from.is_on() && WAITING[..index].iter().all(|(f, b, _)| (f, b) != (from, by)), "{from} by {by:?}");
        }
    }
}

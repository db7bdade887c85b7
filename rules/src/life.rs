//! The state machines of a rota's life, as tables: what may become what, and by which event. What is not here can't happen.

use crate::assignment::AssignmentStatus;
use crate::offer::OfferStatus;
use crate::session::SessionStatus;
use crate::stand_in::StandInStatus;
use crate::swap::SwapStatus;

/// One line of a machine: in this state, this event leads to that state.
pub type Step<S, E> = (S, E, S);

/// Where an event leads; none where it can't happen.
pub fn after<S: Copy + PartialEq, E: Copy + PartialEq>(machine: &[Step<S, E>], state: S, event: E) -> Option<S> {
    machine.iter().find(|(from, by, _)| *from == state && *by == event).map(|(_, _, to)| *to)
}

/// Whether some event leads from one state straight to another.
pub fn leads<S: Copy + PartialEq, E>(machine: &[Step<S, E>], from: S, to: S) -> bool {
    machine.iter().any(|(a, _, b)| *a == from && *b == to)
}

/// What happens to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferEvent {
    /// The champion says yes.
    Accept,
    /// The champion says no.
    Decline,
    /// Whoever asked takes it back, or the session is called off.
    TakeBack,
    /// Its time runs out.
    Lapse,
    /// Somebody else takes the last place.
    Fill,
    /// The place it led to ends.
    End,
}

/// The life of an offer.
pub const OFFER: &[Step<OfferStatus, OfferEvent>] = &[
    (OfferStatus::Pending, OfferEvent::Accept, OfferStatus::Accepted),
    (OfferStatus::Pending, OfferEvent::Decline, OfferStatus::Declined),
    (OfferStatus::Pending, OfferEvent::TakeBack, OfferStatus::Withdrawn),
    (OfferStatus::Pending, OfferEvent::Lapse, OfferStatus::Expired),
    (OfferStatus::Pending, OfferEvent::Fill, OfferStatus::Expired),
    (OfferStatus::Accepted, OfferEvent::End, OfferStatus::Ended),
];

/// What happens to an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentEvent {
    /// The champion gives it up.
    GiveUp,
    /// A coordinator releases the champion.
    Release,
    /// A stand-in has accepted, or the two sides of a swap have.
    HandOver,
    /// The session is called off.
    CallOff,
}

/// The life of an assignment.
pub const ASSIGNMENT: &[Step<AssignmentStatus, AssignmentEvent>] = &[
    (AssignmentStatus::Confirmed, AssignmentEvent::GiveUp, AssignmentStatus::Withdrawn),
    (AssignmentStatus::Confirmed, AssignmentEvent::Release, AssignmentStatus::Released),
    (AssignmentStatus::Confirmed, AssignmentEvent::HandOver, AssignmentStatus::Replaced),
    (AssignmentStatus::Confirmed, AssignmentEvent::CallOff, AssignmentStatus::SessionCancelled),
];

/// What happens to a search for a stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandInEvent {
    /// A stand-in accepts: the duty passes on.
    Accept,
    /// The champion can come after all.
    ComeAfterAll,
    /// A coordinator releases the champion.
    Release,
    /// The duty ends in another way: given up, swapped or called off; or the session begins.
    Close,
}

/// The life of a search for a stand-in.
pub const STAND_IN: &[Step<StandInStatus, StandInEvent>] = &[
    (StandInStatus::Seeking, StandInEvent::Accept, StandInStatus::Covered),
    (StandInStatus::Seeking, StandInEvent::ComeAfterAll, StandInStatus::Withdrawn),
    (StandInStatus::Seeking, StandInEvent::Release, StandInStatus::Released),
    (StandInStatus::Seeking, StandInEvent::Close, StandInStatus::Closed),
];

/// What happens to a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwapEvent {
    /// The other champion says yes: both duties change hands.
    Accept,
    /// The other champion says no.
    Decline,
    /// Whoever proposed it takes it back.
    TakeBack,
    /// One of the duties ends, or one of the sessions begins.
    Lapse,
}

/// The life of a swap.
pub const SWAP: &[Step<SwapStatus, SwapEvent>] = &[
    (SwapStatus::Proposed, SwapEvent::Accept, SwapStatus::Accepted),
    (SwapStatus::Proposed, SwapEvent::Decline, SwapStatus::Declined),
    (SwapStatus::Proposed, SwapEvent::TakeBack, SwapStatus::Withdrawn),
    (SwapStatus::Proposed, SwapEvent::Lapse, SwapStatus::Lapsed),
];

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// A leader says that it is held on the bank holiday.
    Confirm,
    /// Its leader, its series or a closure calls it off.
    CallOff,
    /// Its time comes, and nobody has said that it is held.
    Lapse,
    /// The closure that called it off is gone.
    Reopen,
    /// The same, on a bank holiday: somebody has to say first that it is held.
    AskAgain,
}

/// The life of a session. One on a bank holiday may begin where somebody has to say first that it is held.
pub const SESSION: &[Step<SessionStatus, SessionEvent>] = &[
    (SessionStatus::ToConfirm, SessionEvent::Confirm, SessionStatus::Scheduled),
    (SessionStatus::ToConfirm, SessionEvent::CallOff, SessionStatus::Cancelled),
    (SessionStatus::ToConfirm, SessionEvent::Lapse, SessionStatus::Cancelled),
    (SessionStatus::Scheduled, SessionEvent::CallOff, SessionStatus::Cancelled),
    (SessionStatus::Cancelled, SessionEvent::Reopen, SessionStatus::Scheduled),
    (SessionStatus::Cancelled, SessionEvent::AskAgain, SessionStatus::ToConfirm),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// One answer to each event in each state, and no way out of where things end.
    fn sound<S: Copy + PartialEq + std::fmt::Debug, E: Copy + PartialEq + std::fmt::Debug>(machine: &[Step<S, E>], ends: &[S]) {
        for (index, (from, by, _)) in machine.iter().enumerate() {
            assert!(machine[..index].iter().all(|(f, b, _)| (f, b) != (from, by)), "{from:?} by {by:?} twice");
            assert!(!ends.contains(from), "{from:?} is an end");
        }
        assert!(ends.iter().all(|end| machine.iter().any(|(_, _, to)| to == end)), "an end nobody reaches");
    }

    #[test]
    fn every_machine_is_sound() {
        sound(OFFER, &[OfferStatus::Declined, OfferStatus::Withdrawn, OfferStatus::Expired, OfferStatus::Ended]);
        sound(ASSIGNMENT, &AssignmentStatus::ALL[1..]);
        sound(STAND_IN, &StandInStatus::ALL[1..]);
        sound(SWAP, &SwapStatus::ALL[1..]);
        sound(SESSION, &[]);
    }

    #[test]
    fn what_has_ended_stays_so() {
        assert_eq!(after(OFFER, OfferStatus::Declined, OfferEvent::Accept), None);
        assert_eq!(after(STAND_IN, StandInStatus::Seeking, StandInEvent::Accept), Some(StandInStatus::Covered));
        assert!(!leads(ASSIGNMENT, AssignmentStatus::Released, AssignmentStatus::Confirmed));
        assert_eq!(after(SESSION, SessionStatus::Scheduled, SessionEvent::Lapse), None, "what is held does not lapse");
    }
}

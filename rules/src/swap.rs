//! Swaps: two champions exchange their places at two sessions. A swap refers to the places, not to times, so it follows a session
//! that is moved.

use chrono::{DateTime, Utc};

use crate::assignment::AssignmentStatus;
use crate::matching::{Blocker, ChampionRecord, blockers, done_before};
use crate::reason::reasons;
use crate::session::SessionNeed;
use crate::staffing::Team;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a swap stands.
    SwapStatus {
        /// Waiting for the other champion's answer; both duties stand as they were.
        Proposed = "PROPOSED",
        /// Both duties have changed hands.
        Accepted = "ACCEPTED",
        /// The other champion said no.
        Declined = "DECLINED",
        /// Whoever proposed it took it back.
        Withdrawn = "WITHDRAWN",
        /// One of the duties ended in another way, or one of the sessions began.
        Lapsed = "LAPSED",
    }
}

reasons! {
    /// Why a swap can't be proposed.
    CannotPropose => SwapProposeErrorCode {
        /// The place is not one's own any more, or its session has begun.
        DutyEnded at "assignmentId" => "This place has ended, or its session has begun: there is nothing to swap.",
        /// The other champion has no place there, or one of the two can't take the other's; which, is theirs to know.
        NotPossible at "withReference" => "This swap can't be made: nobody with this reference has a place there, or one of you can't take the other's.",
        /// The same two places are proposed already.
        AlreadyProposed at "assignmentId" => "This swap is proposed already: wait for the answer, or take it back.",
    } creates
}

reasons! {
    /// Why a swap can't be accepted.
    CannotAcceptSwap => SwapAcceptErrorCode {
        /// It was declined, taken back or has lapsed.
        SwapClosed { status: SwapStatus } at "swapId" => format!("This swap is {status}: ask for a new one."),
        /// One of the two can't take the other's place any more; which, and why, is theirs to know.
        NotPossible at "swapId" => "One of you can't take the other's place on that day any more: both places stay as they are.",
    }
}

reasons! {
    /// Why a swap can't be declined.
    CannotDeclineSwap => SwapDeclineErrorCode {
        /// It was accepted, taken back or has lapsed.
        SwapClosed { status: SwapStatus } at "swapId" => format!("This swap is {status}: nothing needs doing."),
    }
}

reasons! {
    /// Why a swap can't be taken back.
    CannotTakeSwapBack => SwapWithdrawErrorCode {
        /// It was answered or has lapsed.
        SwapClosed { status: SwapStatus } at "swapId" => format!("This swap is {status}: nothing needs doing."),
    }
}

/// One side of a swap: the place, and whoever would take it over.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Where the place stands.
    pub duty: AssignmentStatus,
    /// What it asks for.
    pub need: &'a SessionNeed,
    /// Whoever would take it over.
    pub taker: &'a ChampionRecord,
    /// What that one gives for it.
    pub gives: &'a SessionNeed,
    /// Whom the taker would join.
    pub team: &'a Team,
}

impl Side<'_> {
    /// Whether the place stands, its session is still to come, and the taker is cleared for it, free once their own is gone,
    /// and not alone there as somebody new.
    fn can_be_taken(&self, now: DateTime<Utc>) -> bool {
        let mut taker = self.taker.clone();
        taker.bookings.retain(|b| Some(b.session) != self.gives.session);
        let stands = self.duty == AssignmentStatus::Confirmed && self.need.span.from > now;
        let welcome = self.team.welcomes(self.need.kind, done_before(&taker, self.need.span.from));
        stands && welcome && !blockers(self.need, &taker).iter().any(Blocker::is_binding)
    }
}

/// Whether two places may change hands. Wishes (availability, distance, limits) are the champions' own affair.
pub fn is_possible(one: Side<'_>, other: Side<'_>, now: DateTime<Utc>) -> bool {
    one.need.session != other.need.session && one.taker.id != other.taker.id && one.can_be_taken(now) && other.can_be_taken(now)
}

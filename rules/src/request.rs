//! Requests: a group leader asking for champions. Where a request stands follows from its places and offers.

use chrono::{DateTime, Utc};

use crate::reason::reasons;
use crate::session::{CannotCreateSession, SessionStatus};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a request stands.
    RequestStatus {
        /// Nobody has been asked yet.
        Open = "OPEN",
        /// Somebody has been asked; no place is filled.
        Offered = "OFFERED",
        /// Some places are filled.
        PartlyFilled = "PARTLY_FILLED",
        /// Every place is filled.
        Filled = "FILLED",
        /// The leader took it back, or the session was called off.
        Withdrawn = "WITHDRAWN",
        /// The session began with places open.
        Expired = "EXPIRED",
    }
}

/// What the status follows from.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The leader took it back.
    pub withdrawn: bool,
    /// Whether the session will be held.
    pub session: SessionStatus,
    /// When it starts.
    pub starts_at: DateTime<Utc>,
    /// Places asked for.
    pub places: usize,
    /// Places filled.
    pub filled: usize,
    /// Offers waiting for an answer.
    pub pending: usize,
}

/// Where a request stands at an instant.
pub fn status(progress: Progress, now: DateTime<Utc>) -> RequestStatus {
    if progress.withdrawn || progress.session == SessionStatus::Cancelled {
        return RequestStatus::Withdrawn;
    }
    if progress.filled >= progress.places {
        return RequestStatus::Filled;
    }
    if progress.starts_at <= now {
        return RequestStatus::Expired;
    }
    match (progress.filled, progress.pending) {
        (0, 0) => RequestStatus::Open,
        (0, _) => RequestStatus::Offered,
        _ => RequestStatus::PartlyFilled,
    }
}

reasons! {
    /// Why champions can't be asked for.
    CannotAsk => ChampionRequestCreateErrorCode {
        /// The session has a request already.
        AlreadyAsked at "target.sessionId" => "Champions were asked for already: open that request.",
        /// The session was called off, has begun, or waits for a leader to say that it is held.
        SessionClosed at "target.sessionId" => "This session was called off, has begun, or has yet to be confirmed: see its status.",
        /// The new session can't be created; `problem` says why.
        Session { problem: CannotCreateSession } at session_field(problem) => crate::reason::Reason::message(problem),
    } creates
}

fn session_field(problem: &CannotCreateSession) -> String {
    let inner = crate::reason::Reason::field(problem).unwrap_or_default();
    ["target".to_owned(), "newSession".to_owned()].into_iter().chain(inner).collect::<Vec<_>>().join(".")
}

reasons! {
    /// Why a request can't be taken back.
    CannotWithdraw => ChampionRequestWithdrawErrorCode {
        /// Every place is filled: call the session off instead, or ask a coordinator.
        Filled at "requestId" => "Every place is filled: call the session off instead, or ask a coordinator to release somebody.",
        /// The session has begun.
        Started at "requestId" => "This session has begun.",
    }
}

/// Whether a request may be taken back; `Ok(false)` says it was before, which is fine.
pub fn withdraw(status: RequestStatus) -> Result<bool, CannotWithdraw> {
    match status {
        RequestStatus::Withdrawn => Ok(false),
        RequestStatus::Filled => Err(CannotWithdraw::Filled),
        RequestStatus::Expired => Err(CannotWithdraw::Started),
        RequestStatus::Open | RequestStatus::Offered | RequestStatus::PartlyFilled => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_places_and_offers() {
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let later = now + chrono::TimeDelta::days(1);
        let base = Progress { withdrawn: false, session: SessionStatus::Scheduled, starts_at: later, places: 2, filled: 0, pending: 0 };
        for (progress, expected) in [
            (base, RequestStatus::Open),
            (Progress { pending: 3, ..base }, RequestStatus::Offered),
            (Progress { filled: 1, ..base }, RequestStatus::PartlyFilled),
            (Progress { filled: 2, ..base }, RequestStatus::Filled),
            (Progress { filled: 2, starts_at: now, ..base }, RequestStatus::Filled),
            (Progress { filled: 1, starts_at: now, ..base }, RequestStatus::Expired),
            (Progress { withdrawn: true, filled: 1, ..base }, RequestStatus::Withdrawn),
            (Progress { session: SessionStatus::Cancelled, filled: 2, ..base }, RequestStatus::Withdrawn),
        ] {
            assert_eq!(status(progress, now), expected, "{progress:?}");
        }
    }
}

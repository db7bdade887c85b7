//! Assignments: an accepted offer, kept or given up. A volunteer may withdraw right up to the start, at no cost.

use chrono::{DateTime, Utc};

use crate::calendar::Span;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Life of an assignment.
    AssignmentStatus {
        /// The champion is expected.
        Confirmed = "CONFIRMED",
        /// The champion withdrew.
        Withdrawn = "WITHDRAWN",
        /// A coordinator released the champion.
        Released = "RELEASED",
        /// Somebody else has the duty now: a stand-in, or the other side of a swap.
        Replaced = "REPLACED",
        /// The session was called off.
        SessionCancelled = "SESSION_CANCELLED",
    }
}

reasons! {
    /// Why an assignment can't be given up.
    CannotGiveUp => AssignmentWithdrawErrorCode {
        /// The session has begun.
        SessionStarted at "assignmentId" => "This session has begun: tell the group leader by telephone.",
        /// The session was called off; nothing needs doing.
        SessionCancelled at "assignmentId" => "This session was called off: nothing needs doing.",
    }
}

reasons! {
    /// Why a champion can't be released.
    CannotRelease => AssignmentReleaseErrorCode {
        /// The session has begun.
        SessionStarted at "assignmentId" => "This session has begun.",
        /// The session was called off; nothing needs doing.
        SessionCancelled at "assignmentId" => "This session was called off: nothing needs doing.",
    }
}

impl From<CannotGiveUp> for CannotRelease {
    fn from(reason: CannotGiveUp) -> Self {
        match reason {
            CannotGiveUp::SessionStarted => Self::SessionStarted,
            CannotGiveUp::SessionCancelled => Self::SessionCancelled,
            CannotGiveUp::Invalid(malformed) => Self::Invalid(malformed),
            CannotGiveUp::NotFound { field } => Self::NotFound { field },
        }
    }
}

/// Whether an assignment may be given up now; `Ok(false)` says it was before, which is fine.
pub fn give_up(status: AssignmentStatus, span: Span, now: DateTime<Utc>) -> Result<bool, CannotGiveUp> {
    match status {
        AssignmentStatus::Withdrawn | AssignmentStatus::Released | AssignmentStatus::Replaced => Ok(false),
        AssignmentStatus::SessionCancelled => Err(CannotGiveUp::SessionCancelled),
        AssignmentStatus::Confirmed if span.from <= now => Err(CannotGiveUp::SessionStarted),
        AssignmentStatus::Confirmed => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_up_is_free_until_the_start() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let span = Span { from: at("2026-12-01T10:00:00Z"), until: at("2026-12-01T12:00:00Z") };
        for (status, now, expected) in [
            (AssignmentStatus::Confirmed, "2026-12-01T09:59:59Z", Ok(true)),
            (AssignmentStatus::Confirmed, "2026-12-01T10:00:00Z", Err(CannotGiveUp::SessionStarted)),
            (AssignmentStatus::Withdrawn, "2026-12-02T10:00:00Z", Ok(false)),
            (AssignmentStatus::Released, "2026-12-01T09:00:00Z", Ok(false)),
            (AssignmentStatus::SessionCancelled, "2026-12-01T09:00:00Z", Err(CannotGiveUp::SessionCancelled)),
        ] {
            assert_eq!(give_up(status, span, at(now)), expected, "{status} at {now}");
        }
    }
}

//! "I can't be there": the duty stays until a stand-in has accepted it or a coordinator releases the champion.

use chrono::{DateTime, TimeDelta, Utc};

use crate::assignment::AssignmentStatus;
use crate::calendar::Span;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a search for a stand-in stands.
    StandInStatus {
        /// Somebody is being looked for; the champion is still expected.
        Seeking = "SEEKING",
        /// A stand-in has taken the duty over.
        Covered = "COVERED",
        /// The champion can come after all.
        Withdrawn = "WITHDRAWN",
        /// A coordinator released the champion.
        Released = "RELEASED",
        /// The duty ended in another way, or the session began.
        Closed = "CLOSED",
    }
}

reasons! {
    /// Why a stand-in can't be sought.
    CannotSeek => StandInSeekErrorCode {
        /// The champion is not expected there any more.
        DutyEnded { status: AssignmentStatus } at "assignmentId" => format!("This place is {status}: nothing needs doing."),
        /// The session has begun.
        SessionStarted at "assignmentId" => "This session has begun: tell the group leader by telephone.",
        /// A stand-in is being looked for already.
        AlreadySeeking at "assignmentId" => "A stand-in is being looked for already: name somebody else by taking that search back first.",
        /// Whoever is named can't take the place; why is theirs to know.
        StandInNotPossible at "standInReference" => "Nobody with this reference can take your place on that day: check it, or leave it out and we ask around.",
    } creates
}

reasons! {
    /// Why a search for a stand-in can't be taken back.
    CannotComeAfterAll => StandInCancelErrorCode {
        /// It has ended.
        SearchEnded { status: StandInStatus } at "standInId" => match status {
            StandInStatus::Covered => "Somebody has taken your place: you are free.".to_owned(),
            status => format!("This search is {status}: nothing needs doing."),
        },
    }
}

/// Whether a stand-in may be looked for.
pub fn seek(duty: AssignmentStatus, span: Span, seeking: bool, now: DateTime<Utc>) -> Result<(), CannotSeek> {
    match duty {
        AssignmentStatus::Confirmed if span.from <= now => Err(CannotSeek::SessionStarted),
        AssignmentStatus::Confirmed if seeking => Err(CannotSeek::AlreadySeeking),
        AssignmentStatus::Confirmed => Ok(()),
        status => Err(CannotSeek::DutyEnded { status }),
    }
}

/// Whether the champion may say that they come after all; `Ok(false)` says they did before.
pub fn come_after_all(status: StandInStatus) -> Result<bool, CannotComeAfterAll> {
    match status {
        StandInStatus::Seeking => Ok(true),
        StandInStatus::Withdrawn => Ok(false),
        status => Err(CannotComeAfterAll::SearchEnded { status }),
    }
}

/// Whether it is so late that everybody who could come is asked at once.
pub fn is_late(starts_at: DateTime<Utc>, now: DateTime<Utc>, late_hours: i64) -> bool {
    starts_at - now <= TimeDelta::hours(late_hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_that_stands_may_be_passed_on_until_it_begins() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let span = Span { from: at("2026-12-01T10:00:00Z"), until: at("2026-12-01T12:00:00Z") };
        let ended = AssignmentStatus::Replaced;
        for (duty, seeking, now, expected) in [
            (AssignmentStatus::Confirmed, false, "2026-12-01T09:59:59Z", Ok(())),
            (AssignmentStatus::Confirmed, true, "2026-12-01T09:00:00Z", Err(CannotSeek::AlreadySeeking)),
            (AssignmentStatus::Confirmed, false, "2026-12-01T10:00:00Z", Err(CannotSeek::SessionStarted)),
            (ended, false, "2026-12-01T09:00:00Z", Err(CannotSeek::DutyEnded { status: ended })),
        ] {
            assert_eq!(seek(duty, span, seeking, at(now)), expected, "{duty} at {now}");
        }
        assert!(is_late(span.from, at("2026-11-29T10:00:00Z"), 48) && !is_late(span.from, at("2026-11-29T09:59:59Z"), 48));
    }
}

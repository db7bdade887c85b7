//! What a session did: how many learners, what they worked on, and how sure they felt before and after. Numbers alone, and no
//! field for words, so that nobody can be named.

use chrono::{DateTime, Utc};

use crate::input::Topic;
use crate::reason::{Malformed, reasons};
use crate::session::SessionStatus;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What a number of learners is about.
    MarkKind {
        /// A topic they worked on; the code is a topic's.
        Topic = "TOPIC",
        /// A device they used.
        Device = "DEVICE",
        /// A skill they practised.
        Practised = "PRACTISED",
        /// A skill they used without help in the end.
        Unaided = "UNAIDED",
        /// Where they were sent on to.
        Referral = "REFERRAL",
        /// How sure they felt before, 1 to 5.
        Before = "BEFORE",
        /// How sure they felt after, 1 to 5.
        After = "AFTER",
    }
}

vocabulary! {
    /// What learners use.
    Device {
        /// A phone or tablet with Android.
        Android = "ANDROID",
        /// An iPhone.
        Iphone = "IPHONE",
        /// An iPad.
        Ipad = "IPAD",
        /// A computer with Windows.
        Windows = "WINDOWS",
        /// A Mac.
        Mac = "MAC",
        /// A Chromebook.
        Chromebook = "CHROMEBOOK",
        /// Something else, a smart television for one.
        Other = "OTHER",
    }
}

vocabulary! {
    /// Skills for life online, by the categories of the Essential Digital Skills framework.
    Skill {
        /// Turning a device on, using its controls, connecting it.
        Foundation = "FOUNDATION",
        /// Communicating.
        Communicating = "COMMUNICATING",
        /// Handling information and content.
        HandlingInformation = "HANDLING_INFORMATION",
        /// Transacting.
        Transacting = "TRANSACTING",
        /// Problem solving.
        ProblemSolving = "PROBLEM_SOLVING",
        /// Being safe and legal online.
        BeingSafe = "BEING_SAFE",
    }
}

vocabulary! {
    /// Where learners are sent on to.
    Referral {
        /// Another session or group.
        AnotherSession = "ANOTHER_SESSION",
        /// The device and data lending library.
        DeviceLibrary = "DEVICE_LIBRARY",
        /// The helpline.
        Helpline = "HELPLINE",
        /// A course.
        Course = "COURSE",
        /// Work or benefits advice.
        Advice = "ADVICE",
        /// A health service.
        Health = "HEALTH",
    }
}

/// The most learners of one session.
pub const MOST_LEARNERS: i32 = 500;
/// A number of learners smaller than this might point to somebody: others than coordinators are not told it.
pub const SMALL: i64 = 5;

/// So many learners, for a code of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// What the number is about.
    pub kind: MarkKind,
    /// Which one: a topic, a device, a skill, a place to go, or a number from 1 to 5.
    pub code: String,
    /// How many.
    pub learners: i32,
}

reasons! {
    /// Why an outcome can't be recorded.
    CannotRecordOutcome => OutcomeRecordErrorCode {
        /// The session has not begun.
        NotBegun at "sessionId" => "This session has not begun: record what it did afterwards.",
        /// The session was called off.
        SessionCancelled at "sessionId" => "This session was called off.",
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("This changed since you read it (version is now {current}): read it again."),
    }
}

/// Whether an outcome may be recorded now; `version` is what stands, 0 for nothing yet.
pub fn record(
    status: SessionStatus,
    starts_at: DateTime<Utc>,
    version: i64,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), CannotRecordOutcome> {
    match status {
        SessionStatus::Cancelled => Err(CannotRecordOutcome::SessionCancelled),
        SessionStatus::Scheduled | SessionStatus::ToConfirm if now < starts_at => Err(CannotRecordOutcome::NotBegun),
        SessionStatus::Scheduled | SessionStatus::ToConfirm if expected.is_some_and(|expected| expected != version) => {
            Err(CannotRecordOutcome::Stale { current: version })
        }
        SessionStatus::Scheduled | SessionStatus::ToConfirm => Ok(()),
    }
}

/// What is wrong with the numbers: each code comes once, and nothing counts more learners than there were.
pub fn check(learners: i32, marks: &[Mark]) -> Result<(), Malformed> {
    if !(0..=MOST_LEARNERS).contains(&learners) {
        return Err(Malformed::new("learners", format!("Give a number between 0 and {MOST_LEARNERS}.")));
    }
    for (index, mark) in marks.iter().enumerate() {
        let field = field(mark.kind);
        if marks[..index].iter().any(|m| (m.kind, &m.code) == (mark.kind, &mark.code)) {
            return Err(Malformed::new(field, format!("{} comes twice: add the numbers up.", mark.code)));
        }
        if !(1..=learners).contains(&mark.learners) {
            return Err(Malformed::new(field, format!("{}: give between 1 learner and as many as there were.", mark.code)));
        }
    }
    let sure = |kind| marks.iter().filter(|m| m.kind == kind).map(|m| m.learners).sum::<i32>();
    if sure(MarkKind::Before) > learners || sure(MarkKind::After) > learners {
        return Err(Malformed::new("confidence", "More learners said how sure they felt than there were."));
    }
    Ok(())
}

/// The field of the input that a kind of number stands in.
fn field(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Topic => "topics",
        MarkKind::Device => "devices",
        MarkKind::Practised | MarkKind::Unaided => "skills",
        MarkKind::Referral => "referrals",
        MarkKind::Before | MarkKind::After => "confidence",
    }
}

/// Whether a code means something for its kind.
pub fn is_known(kind: MarkKind, code: &str) -> bool {
    match kind {
        MarkKind::Topic => Topic::from_code(code).is_some(),
        MarkKind::Device => Device::from_code(code).is_some(),
        MarkKind::Practised | MarkKind::Unaided => Skill::from_code(code).is_some(),
        MarkKind::Referral => Referral::from_code(code).is_some(),
        MarkKind::Before | MarkKind::After => matches!(code, "1" | "2" | "3" | "4" | "5"),
    }
}

/// A number of learners as somebody sees it: whoever may not see small ones is told nothing between 1 and 4.
pub fn shown(learners: i64, sees_small: bool) -> Option<i64> {
    (sees_small || learners == 0 || learners >= SMALL).then_some(learners)
}

/// The mean of how sure learners felt, in hundredths; none if nobody said.
pub fn mean(marks: &[Mark], kind: MarkKind) -> Option<(i64, i64)> {
    let of: Vec<(i64, i64)> =
        marks.iter().filter(|m| m.kind == kind).filter_map(|m| Some((m.code.parse().ok()?, i64::from(m.learners)))).collect();
    let learners: i64 = of.iter().map(|(_, n)| n).sum();
    let sum: i64 = of.iter().map(|(sure, n)| sure * n).sum();
    (learners > 0).then(|| (sum * 100 / learners, learners))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: MarkKind, code: &str, learners: i32) -> Mark {
        Mark { kind, code: code.to_owned(), learners }
    }

    #[test]
    fn an_outcome_is_recorded_once_the_session_has_begun() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let (starts, status) = (at("2026-12-01T10:00:00Z"), SessionStatus::Scheduled);
        assert_eq!(record(status, starts, 0, None, at("2026-12-01T09:59:59Z")), Err(CannotRecordOutcome::NotBegun));
        assert_eq!(record(status, starts, 2, Some(2), starts), Ok(()));
        assert_eq!(record(status, starts, 2, Some(1), starts), Err(CannotRecordOutcome::Stale { current: 2 }));
        assert_eq!(record(SessionStatus::Cancelled, starts, 0, None, starts), Err(CannotRecordOutcome::SessionCancelled));
    }

    #[test]
    fn numbers_fit_together() {
        let good = [mark(MarkKind::Topic, "EMAIL", 3), mark(MarkKind::Before, "2", 3), mark(MarkKind::After, "4", 2)];
        assert_eq!(check(3, &good), Ok(()));
        for (learners, marks, field) in [
            (-1, vec![], "learners"),
            (501, vec![], "learners"),
            (2, vec![mark(MarkKind::Topic, "EMAIL", 3)], "topics"),
            (2, vec![mark(MarkKind::Device, "MAC", 0)], "devices"),
            (2, vec![mark(MarkKind::Unaided, "TRANSACTING", 1), mark(MarkKind::Unaided, "TRANSACTING", 1)], "skills"),
            (2, vec![mark(MarkKind::Before, "1", 2), mark(MarkKind::Before, "2", 1)], "confidence"),
        ] {
            assert_eq!(check(learners, &marks).expect_err("refused").field, [field]);
        }
    }

    #[test]
    fn small_numbers_are_kept_from_those_they_might_point_somebody_out_to() {
        for (learners, told) in [(0, Some(0)), (1, None), (4, None), (5, Some(5))] {
            assert_eq!(shown(learners, false), told);
            assert_eq!(shown(learners, true), Some(learners));
        }
    }

    #[test]
    fn the_mean_counts_learners() {
        let marks = [mark(MarkKind::Before, "1", 3), mark(MarkKind::Before, "5", 1), mark(MarkKind::After, "4", 2)];
        assert_eq!(mean(&marks, MarkKind::Before), Some((200, 4)));
        assert_eq!(mean(&marks[2..], MarkKind::Before), None);
        assert!(is_known(MarkKind::After, "5") && !is_known(MarkKind::After, "6") && !is_known(MarkKind::Topic, "SOMEBODY"));
    }
}

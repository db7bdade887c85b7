//! Who came, and for how long. A champion who did not come is a fact and no fault: no rule of matching reads it, since
//! [`crate::matching::ChampionRecord`] does not hold it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::assignment::AssignmentStatus;
use crate::calendar::Span;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Whether a champion came.
    AttendanceStatus {
        /// Came.
        Present = "PRESENT",
        /// Did not come. No reason is asked for, and nothing follows from it.
        NoShow = "NO_SHOW",
    }
}

/// The most minutes of one session: the longest it may run, and some for coming early and staying on.
pub const MOST_MINUTES: i32 = 14 * 60;
/// How early somebody may be checked in.
pub const EARLY: TimeDelta = TimeDelta::minutes(30);

reasons! {
    /// Why attendance can't be recorded.
    CannotRecordAttendance => AttendanceRecordErrorCode {
        /// The session has not begun.
        NotBegun at "assignmentId" => "This session has not begun: check in from half an hour before it, and say who did not come once it has begun.",
        /// The place was given up, handed over or called off.
        DutyEnded { status: AssignmentStatus } at "assignmentId" => format!("This place is {status}: there is nothing to record."),
        /// The hours are approved: only a leader or coordinator corrects them.
        Approved at "assignmentId" => "These hours are approved: ask the group leader or a coordinator to correct them.",
        /// Only a leader or coordinator says that somebody did not come.
        NotYours at "status" => "Only the group's leaders and coordinators say that somebody did not come.",
        /// Minutes are for those who came.
        Minutes { most: i32 } at "minutes" => format!("Give between 1 and {most} minutes for somebody who came, and none for somebody who did not."),
    }
}

reasons! {
    /// Why hours can't be approved.
    CannotApprove => HoursApproveErrorCode {
        /// Nobody has recorded who came.
        NotRecorded at "assignmentId" => "Record first whether the champion came.",
        /// One's own hours are approved by somebody else.
        OneOfYours at "assignmentId" => "These are your own hours: somebody else approves them.",
        /// The session is not over.
        NotOver at "assignmentId" => "This session is not over: approve its hours afterwards.",
    }
}

/// What stands of somebody's attendance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// Whether they came.
    pub status: AttendanceStatus,
    /// For how long.
    pub minutes: i32,
    /// Whether a leader or coordinator has approved it.
    pub approved: bool,
}

/// The place somebody has, or had.
#[derive(Clone, Copy, Debug)]
pub struct Duty {
    /// Where it stands.
    pub status: AssignmentStatus,
    /// When.
    pub span: Span,
}

/// What is recorded now, if it may be; `by_leader` says that it is not the champion themselves. Saying the same again changes nothing.
pub fn record(
    duty: Duty,
    stands: Option<Attendance>,
    status: AttendanceStatus,
    minutes: Option<i32>,
    by_leader: bool,
    now: DateTime<Utc>,
) -> Result<Attendance, CannotRecordAttendance> {
    if duty.status != AssignmentStatus::Confirmed {
        return Err(CannotRecordAttendance::DutyEnded { status: duty.status });
    }
    let from = if status == AttendanceStatus::Present && minutes.is_none() { duty.span.from - EARLY } else { duty.span.from };
    if now < from {
        return Err(CannotRecordAttendance::NotBegun);
    }
    if status == AttendanceStatus::NoShow && !by_leader {
        return Err(CannotRecordAttendance::NotYours);
    }
    if stands.is_some_and(|a| a.approved) && !by_leader {
        return Err(CannotRecordAttendance::Approved);
    }
    let session = i32::try_from((duty.span.until - duty.span.from).num_minutes()).unwrap_or(MOST_MINUTES);
    let minutes = match (status, minutes) {
        (AttendanceStatus::NoShow, None | Some(0)) => 0,
        (AttendanceStatus::Present, None) => stands.filter(|a| a.minutes > 0).map_or(session, |a| a.minutes),
        (AttendanceStatus::Present, Some(given)) if (1..=MOST_MINUTES).contains(&given) => given,
        _ => return Err(CannotRecordAttendance::Minutes { most: MOST_MINUTES }),
    };
    // What is corrected is to be approved again.
    let approved = stands.is_some_and(|a| a.approved && a.status == status && a.minutes == minutes);
    Ok(Attendance { status, minutes, approved })
}

/// What stands once the hours are approved; `own` says that they are the approver's own.
pub fn approve(duty: Duty, stands: Option<Attendance>, own: bool, now: DateTime<Utc>) -> Result<Attendance, CannotApprove> {
    let Some(stands) = stands else { return Err(CannotApprove::NotRecorded) };
    if own {
        return Err(CannotApprove::OneOfYours);
    }
    if now < duty.span.until {
        return Err(CannotApprove::NotOver);
    }
    Ok(Attendance { approved: true, ..stands })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-12-01T{text}:00Z").parse().expect("an instant")
    }

    fn duty() -> Duty {
        Duty { status: AssignmentStatus::Confirmed, span: Span { from: at("10:00"), until: at("12:00") } }
    }

    const PRESENT: AttendanceStatus = AttendanceStatus::Present;
    const ABSENT: AttendanceStatus = AttendanceStatus::NoShow;

    #[test]
    fn attendance_is_recorded_once_it_can_be_known() {
        let came = Attendance { status: PRESENT, minutes: 120, approved: false };
        let absent = Attendance { status: ABSENT, minutes: 0, approved: false };
        for (status, minutes, by_leader, now, expected) in [
            (PRESENT, None, false, "09:30", Ok(came)),
            (PRESENT, None, false, "09:29", Err(CannotRecordAttendance::NotBegun)),
            (PRESENT, Some(90), true, "09:59", Err(CannotRecordAttendance::NotBegun)),
            (PRESENT, Some(90), false, "12:00", Ok(Attendance { minutes: 90, ..came })),
            (PRESENT, Some(0), true, "12:00", Err(CannotRecordAttendance::Minutes { most: MOST_MINUTES })),
            (PRESENT, Some(841), true, "12:00", Err(CannotRecordAttendance::Minutes { most: MOST_MINUTES })),
            (ABSENT, None, true, "10:00", Ok(absent)),
            (ABSENT, None, true, "09:59", Err(CannotRecordAttendance::NotBegun)),
            (ABSENT, None, false, "10:00", Err(CannotRecordAttendance::NotYours)),
            (ABSENT, Some(30), true, "10:00", Err(CannotRecordAttendance::Minutes { most: MOST_MINUTES })),
        ] {
            assert_eq!(record(duty(), None, status, minutes, by_leader, at(now)), expected, "{status} {minutes:?} at {now}");
        }
        let gone = Duty { status: AssignmentStatus::Withdrawn, ..duty() };
        assert_eq!(
            record(gone, None, PRESENT, None, true, at("11:00")),
            Err(CannotRecordAttendance::DutyEnded { status: AssignmentStatus::Withdrawn })
        );
    }

    #[test]
    fn a_correction_is_approved_again_and_the_same_again_is_not() {
        let stands = Attendance { status: PRESENT, minutes: 90, approved: true };
        let now = at("13:00");
        assert_eq!(record(duty(), Some(stands), PRESENT, Some(90), true, now), Ok(stands));
        assert_eq!(record(duty(), Some(stands), PRESENT, None, true, now), Ok(stands), "checking in again keeps the minutes");
        assert_eq!(record(duty(), Some(stands), PRESENT, Some(60), true, now), Ok(Attendance { minutes: 60, approved: false, ..stands }));
        assert_eq!(record(duty(), Some(stands), PRESENT, Some(200), false, now), Err(CannotRecordAttendance::Approved));
    }

    #[test]
    fn hours_are_approved_by_somebody_else_afterwards() {
        let stands = Some(Attendance { status: PRESENT, minutes: 90, approved: false });
        assert_eq!(approve(duty(), stands, false, at("12:00")), Ok(Attendance { status: PRESENT, minutes: 90, approved: true }));
        assert_eq!(approve(duty(), stands, true, at("12:00")), Err(CannotApprove::OneOfYours));
        assert_eq!(approve(duty(), stands, false, at("11:59")), Err(CannotApprove::NotOver));
        assert_eq!(approve(duty(), None, false, at("12:00")), Err(CannotApprove::NotRecorded));
    }
}

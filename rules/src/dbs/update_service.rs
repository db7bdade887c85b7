//! The DBS Update Service: who may be asked about, what an answer means, and what follows from it.
//!
//! Fail closed: only two codes, compared exactly and about the very certificate that was seen, keep somebody cleared. The
//! difference between those two, whether the certificate was blank, is dropped here and kept nowhere.

use chrono::{Days, NaiveDate, TimeDelta};

use super::{DbsLevel, DbsStatus, Recorder};
use crate::calendar::add_months;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a subscription to the Update Service stands.
    UpdateState {
        /// The applicant has joined and agreed to be asked about; nobody has asked yet.
        Joined = "JOINED",
        /// The last answer: nothing new since the certificate.
        Current = "CURRENT",
        /// The last answer: there is something new. No proof of wrongdoing; a new application is asked for.
        NewInformation = "NEW_INFORMATION",
        /// The last answer: nobody found. Mistyped, or lapsed: the applicant is asked.
        NoMatch = "NO_MATCH",
        /// The applicant has left, or no longer agrees.
        Left = "LEFT",
    }
}

vocabulary! {
    /// What an answer of the Update Service comes to.
    UpdateAnswer {
        /// Nothing new since the certificate.
        Current = "CURRENT",
        /// Something new.
        NewInformation = "NEW_INFORMATION",
        /// Nobody found.
        NoMatch = "NO_MATCH",
        /// Anything else, an error included: nothing is known.
        Unknown = "UNKNOWN",
    }
}

/// The fields of an answer, as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusCheckResult {
    /// `SUCCESS`, or something else.
    pub result_type: String,
    /// The code.
    pub status: String,
    /// The surname the certificate was printed for.
    pub surname: Option<String>,
    /// The certificate's date.
    pub print_date: Option<String>,
}

/// What an answer comes to, about a certificate of this date printed for this surname.
///
/// The codes hold one another as parts (`BLANK_NO_NEW_INFO` is in `NON_BLANK_NO_NEW_INFO`, `NEW_INFO` in both), so they are
/// compared whole.
pub fn read(result: &StatusCheckResult, issued_on: NaiveDate, surname: &str) -> UpdateAnswer {
    if result.result_type != "SUCCESS" {
        return UpdateAnswer::Unknown;
    }
    match result.status.as_str() {
        "BLANK_NO_NEW_INFO" | "NON_BLANK_NO_NEW_INFO" if is_about(result, issued_on, surname) => UpdateAnswer::Current,
        "NEW_INFO" => UpdateAnswer::NewInformation,
        "NO_MATCH_FOUND" => UpdateAnswer::NoMatch,
        _ => UpdateAnswer::Unknown,
    }
}

/// Whether an answer is about the certificate that was seen: another date is another certificate.
fn is_about(result: &StatusCheckResult, issued_on: NaiveDate, surname: &str) -> bool {
    let date = result.print_date.as_deref().and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    let same_name = result.surname.as_deref().is_some_and(|name| name.to_lowercase() == surname.to_lowercase());
    date == Some(issued_on) && same_name
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Where the subscription stands now; none leaves it as it was.
    pub state: Option<UpdateState>,
    /// Whether what is known is now stale.
    pub stale: bool,
    /// Whether the check is stood down, the safeguarding lead told and a new application asked for.
    pub suspends: bool,
    /// Whether the applicant is asked whether number and subscription are right.
    pub asks_applicant: bool,
    /// The last day before the next answer is due, if the check is good until then.
    pub recheck_due_on: Option<NaiveDate>,
    /// When to ask again; none waits for a person.
    pub ask_again_in: Option<TimeDelta>,
}

/// Days before a yearly answer is due that the next one is asked for: time for failures.
const EARLY: i64 = 30;
/// The longest wait after failures.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(7);

/// What follows from an answer, the `failures`-th without one in a row if it is unknown. Members are asked about every `months`.
pub fn judge(answer: UpdateAnswer, failures: u32, months: u32, today: NaiveDate) -> Consequence {
    let nothing =
        Consequence { state: None, stale: false, suspends: false, asks_applicant: false, recheck_due_on: None, ask_again_in: None };
    match answer {
        UpdateAnswer::Current => {
            let due = add_months(today, months);
            let wait = due.map(|due| TimeDelta::days(((due - today).num_days() - EARLY).max(1)));
            Consequence { state: Some(UpdateState::Current), recheck_due_on: due, ask_again_in: wait, ..nothing }
        }
        UpdateAnswer::NewInformation => Consequence { state: Some(UpdateState::NewInformation), suspends: true, ..nothing },
        UpdateAnswer::NoMatch => Consequence { state: Some(UpdateState::NoMatch), asks_applicant: true, ..nothing },
        UpdateAnswer::Unknown => Consequence { stale: true, ask_again_in: Some(wait_after(failures)), ..nothing },
    }
}

/// An hour, two, four.. up to a week.
fn wait_after(failures: u32) -> TimeDelta {
    TimeDelta::hours(1i64 << failures.min(8)).min(LONGEST_WAIT)
}

/// The last day on which somebody may join with a certificate of this date.
pub fn join_by(issued_on: NaiveDate) -> NaiveDate {
    issued_on.checked_add_days(Days::new(30)).unwrap_or(issued_on)
}

reasons! {
    /// Why a subscription to the Update Service can't be recorded.
    CannotJoin => DbsUpdateServiceJoinErrorCode {
        /// The Update Service is not for basic checks.
        NotForBasic at "checkId" => "The Update Service is not for BASIC checks.",
        /// Nobody asks about a certificate that nobody has seen.
        NotSeen { status: DbsStatus } at "checkId" => format!("The certificate has to be seen first, and not stood down or refused: this check is {status}."),
        /// The applicant has to agree.
        ConsentMissing at "consent" => "The applicant has to agree to be asked about: without consent nothing is asked.",
        /// Certificates can join within 30 days.
        TooLate { by: NaiveDate } at "joinedOn" => format!("With this certificate somebody could join until {by}: a new application is needed."),
        /// The date lies in the future, or before the certificate.
        OutOfRange { from: NaiveDate, until: NaiveDate } at "joinedOn" => format!("Give a day between {from} and {until}."),
        /// Nobody handles their own check.
        OwnCheck at "checkId" => "You can't record this for yourself: ask another safeguarding lead.",
    }
}

reasons! {
    /// Why the end of a subscription can't be recorded.
    CannotLeave => DbsUpdateServiceLeaveErrorCode {
        /// There is none.
        NotJoined at "checkId" => "No subscription is recorded for this check.",
    }
}

reasons! {
    /// Why the Update Service can't be asked.
    CannotAsk => DbsStatusCheckErrorCode {
        /// There is no subscription, or it has ended.
        NotJoined at "checkId" => "No subscription is recorded for this check: record it with dbsUpdateServiceJoin.",
        /// The service is not set up to ask.
        Off at "checkId" => "Asking the Update Service is turned off here: look the status up by hand.",
    }
}

/// What is known of a check when a subscription is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Joining {
    /// The level.
    pub level: DbsLevel,
    /// Where the check stands.
    pub status: DbsStatus,
    /// The certificate's date.
    pub issued_on: Option<NaiveDate>,
    /// Whether the applicant agreed to be asked about.
    pub consent: bool,
    /// The day the applicant joined.
    pub joined_on: NaiveDate,
    /// Who records it.
    pub by: Recorder,
}

/// Whether a subscription may be recorded.
pub fn join(joining: Joining, today: NaiveDate) -> Result<(), Vec<CannotJoin>> {
    let mut problems = Vec::new();
    if joining.by == Recorder::Applicant {
        problems.push(CannotJoin::OwnCheck);
    }
    if joining.level == DbsLevel::Basic {
        problems.push(CannotJoin::NotForBasic);
    }
    if !joining.consent {
        problems.push(CannotJoin::ConsentMissing);
    }
    let seen = joining.status.clears() || matches!(joining.status, DbsStatus::Seen | DbsStatus::RiskAssessment);
    match joining.issued_on.filter(|_| seen) {
        None => problems.push(CannotJoin::NotSeen { status: joining.status }),
        Some(issued) if joining.joined_on < issued || joining.joined_on > today => {
            problems.push(CannotJoin::OutOfRange { from: issued, until: today.min(join_by(issued)) });
        }
        Some(issued) if joining.joined_on > join_by(issued) => problems.push(CannotJoin::TooLate { by: join_by(issued) }),
        Some(_) => {}
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn result(kind: &str, status: &str, surname: Option<&str>, print_date: Option<&str>) -> StatusCheckResult {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        StatusCheckResult { result_type: kind.into(), status: status.into(), surname: owned(surname), print_date: owned(print_date) }
    }

    #[test]
    fn none_but_the_two_current_codes_about_the_certificate_seen_ever_clear() {
        let (name, day) = (Some("OKONJO"), Some("2026-05-01"));
        let cases = [
            ("SUCCESS", "BLANK_NO_NEW_INFO", name, day, UpdateAnswer::Current),
            ("SUCCESS", "NON_BLANK_NO_NEW_INFO", name, day, UpdateAnswer::Current),
            ("SUCCESS", "BLANK_NO_NEW_INFO", Some("Okonjo"), day, UpdateAnswer::Current),
            ("SUCCESS", "NEW_INFO", name, day, UpdateAnswer::NewInformation),
            ("SUCCESS", "NEW_INFO", None, None, UpdateAnswer::NewInformation),
            ("SUCCESS", "NO_MATCH_FOUND", None, None, UpdateAnswer::NoMatch),
            ("SUCCESS", "BLANK_NO_NEW_INFO", name, Some("2026-05-02"), UpdateAnswer::Unknown),
            ("SUCCESS", "BLANK_NO_NEW_INFO", name, None, UpdateAnswer::Unknown),
            ("SUCCESS", "BLANK_NO_NEW_INFO", name, Some("01/05/2026"), UpdateAnswer::Unknown),
            ("SUCCESS", "BLANK_NO_NEW_INFO", Some("SOMEBODY"), day, UpdateAnswer::Unknown),
            ("SUCCESS", "NO_NEW_INFO", name, day, UpdateAnswer::Unknown),
            ("SUCCESS", "blank_no_new_info", name, day, UpdateAnswer::Unknown),
            ("SUCCESS", " BLANK_NO_NEW_INFO", name, day, UpdateAnswer::Unknown),
            ("SUCCESS", "BLANK_NO_NEW_INFO_2", name, day, UpdateAnswer::Unknown),
            ("SUCCESS", "", name, day, UpdateAnswer::Unknown),
            ("FAILURE", "BLANK_NO_NEW_INFO", name, day, UpdateAnswer::Unknown),
            ("", "NEW_INFO", name, day, UpdateAnswer::Unknown),
        ];
        for (kind, status, surname, print_date, expected) in cases {
            let found = read(&result(kind, status, surname, print_date), date("2026-05-01"), "Okonjo");
            assert_eq!(found, expected, "{kind} {status} {surname:?} {print_date:?}");
        }
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let today = date("2026-11-21");
        let current = judge(UpdateAnswer::Current, 0, 12, today);
        assert_eq!((current.state, current.recheck_due_on), (Some(UpdateState::Current), Some(date("2027-11-21"))));
        assert_eq!(current.ask_again_in, Some(TimeDelta::days(335)), "a month before it is due");
        let new = judge(UpdateAnswer::NewInformation, 0, 12, today);
        assert!(new.suspends && new.ask_again_in.is_none() && new.recheck_due_on.is_none());
        let nobody = judge(UpdateAnswer::NoMatch, 0, 12, today);
        assert!(nobody.asks_applicant && !nobody.suspends && nobody.recheck_due_on.is_none(), "never suspends by itself, never clears");
        let unknown = judge(UpdateAnswer::Unknown, 0, 12, today);
        assert!(unknown.stale && unknown.state.is_none() && !unknown.suspends && unknown.recheck_due_on.is_none(), "state kept");
    }

    #[test]
    fn failures_wait_longer_each_time_and_a_week_at_most() {
        let waits: Vec<i64> = [0, 1, 2, 7, 8, 40].into_iter().map(|n| wait_after(n).num_hours()).collect();
        assert_eq!(waits, [1, 2, 4, 128, 168, 168]);
    }

    #[test]
    fn joining_takes_a_seen_certificate_consent_and_thirty_days() {
        let today = date("2026-11-21");
        let good = Joining {
            level: DbsLevel::Enhanced,
            status: DbsStatus::Cleared,
            issued_on: Some(date("2026-11-01")),
            consent: true,
            joined_on: date("2026-11-10"),
            by: Recorder::Other,
        };
        let old = Joining { issued_on: Some(date("2026-10-01")), ..good };
        let cases = [
            (good, Ok(())),
            (Joining { status: DbsStatus::Seen, ..good }, Ok(())),
            (Joining { joined_on: date("2026-10-31"), ..old }, Ok(())),
            (Joining { joined_on: date("2026-11-01"), ..old }, Err(vec![CannotJoin::TooLate { by: date("2026-10-31") }])),
            (
                Joining { joined_on: date("2026-11-22"), ..good },
                Err(vec![CannotJoin::OutOfRange { from: date("2026-11-01"), until: today }]),
            ),
            (Joining { level: DbsLevel::Basic, ..good }, Err(vec![CannotJoin::NotForBasic])),
            (Joining { consent: false, ..good }, Err(vec![CannotJoin::ConsentMissing])),
            (Joining { by: Recorder::Applicant, ..good }, Err(vec![CannotJoin::OwnCheck])),
            (Joining { status: DbsStatus::Issued, ..good }, Err(vec![CannotJoin::NotSeen { status: DbsStatus::Issued }])),
            (Joining { status: DbsStatus::Suspended, ..good }, Err(vec![CannotJoin::NotSeen { status: DbsStatus::Suspended }])),
        ];
        for (joining, expected) in cases {
            assert_eq!(join(joining, today), expected, "{joining:?}");
        }
    }
}

//! Sessions, their places, and what each place asks of a champion.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::Span;
use crate::dbs::{Audience, DbsScope, RULES_VERSION, SessionFacts, permitted};
use crate::geo::Point;
use crate::id::{GroupId, ModuleId, OrganisationId, SessionId};
use crate::input::Topic;
use crate::reason::{Malformed, reasons};
use crate::requirement::Requirement;
use crate::travel::Pace;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// How a session is held.
    Modality {
        /// At a venue.
        InPerson = "IN_PERSON",
        /// By telephone.
        Phone = "PHONE",
        /// By video.
        Video = "VIDEO",
    }
}

vocabulary! {
    /// How champions and learners work together.
    Setting {
        /// Several learners, others present.
        Group = "GROUP",
        /// One champion and one learner.
        OneToOne = "ONE_TO_ONE",
        /// At the learner's home.
        HomeVisit = "HOME_VISIT",
    }
}

vocabulary! {
    /// What a place is for.
    PlaceKind {
        /// Leads the session.
        Lead = "LEAD",
        /// Helps learners.
        Helper = "HELPER",
        /// Watches and learns; may not lead or help alone.
        Shadow = "SHADOW",
    }
}

vocabulary! {
    /// What has just happened to a session, for screens that show it.
    SessionChangeKind {
        /// It was created.
        Created = "CREATED",
        /// Its time, place or description changed.
        Changed = "CHANGED",
        /// It was called off.
        Cancelled = "CANCELLED",
        /// Somebody was placed at it, or no longer is.
        Cover = "COVER",
        /// A request for champions or one of its offers changed. For the group's leaders and coordinators.
        Request = "REQUEST",
        /// Something may have been missed: read again what you show.
        Missed = "MISSED",
    }
}

impl SessionChangeKind {
    /// What an event of this topic says of its session; nothing for topics that say nothing of one.
    pub fn of_topic(topic: &str) -> Option<Self> {
        match topic {
            "session.created" => Some(Self::Created),
            "session.cancelled" => Some(Self::Cancelled),
            _ => match topic.split_once('.')?.0 {
                "session" => Some(Self::Changed),
                "assignment" => Some(Self::Cover),
                "request" | "offer" => Some(Self::Request),
                _ => None,
            },
        }
    }
}

vocabulary! {
    /// Life of a session.
    SessionStatus {
        /// It will be held, or was.
        Scheduled = "SCHEDULED",
        /// It falls on a bank holiday, and a leader has yet to say whether it is held: nobody is asked to come.
        ToConfirm = "TO_CONFIRM",
        /// It was called off.
        Cancelled = "CANCELLED",
    }
}

vocabulary! {
    /// How well a session is staffed.
    Cover {
        /// It asks for nobody.
        NotNeeded = "NOT_NEEDED",
        /// Nobody is placed.
        Uncovered = "UNCOVERED",
        /// Some places are filled.
        PartlyCovered = "PARTLY_COVERED",
        /// Every place is filled.
        Covered = "COVERED",
    }
}

/// How well a session is staffed; shadow places don't count, since nobody waits for them.
pub fn cover(places: usize, filled: usize) -> Cover {
    match (places, filled) {
        (0, _) => Cover::NotNeeded,
        (_, 0) => Cover::Uncovered,
        (places, filled) if filled < places => Cover::PartlyCovered,
        _ => Cover::Covered,
    }
}

/// What a place of a session asks of a champion.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionNeed {
    /// The session; none in a preview.
    pub session: Option<SessionId>,
    /// The group that holds it.
    pub group: GroupId,
    /// When.
    pub span: Span,
    /// The local date it starts on: the date clearance is judged for.
    pub date: NaiveDate,
    /// Where; none for phone and video.
    pub at: Option<Point>,
    /// The areas that place lies in, see [`crate::geo::areas_of`].
    pub areas: Vec<String>,
    /// How it is held.
    pub modality: Modality,
    /// How champions and learners work together.
    pub setting: Setting,
    /// What the place is for.
    pub kind: PlaceKind,
    /// What the session is, for the law.
    pub facts: SessionFacts,
    /// Whether a responsible adult is present throughout.
    pub responsible_adult: bool,
    /// The check asked for; none asks for no check.
    pub dbs: Option<DbsScope>,
    /// The organisation, with its name, without whose acceptance a check that it did not obtain does not count; none if any counts.
    pub acceptance_of: Option<(OrganisationId, String)>,
    /// Modules the place asks for, with their codes.
    pub modules: Vec<(ModuleId, String)>,
    /// Requirements of the champion role.
    pub requirements: Arc<[Requirement]>,
    /// A language the champion has to speak (ISO 639-3); none if any will do.
    pub language: Option<String>,
    /// What learners want to work on; a wish, never a bar.
    pub topics: Vec<Topic>,
    /// How champions get here from another session.
    pub pace: Pace,
}

/// Modules (by code) that a place asks for beyond the role's own, by the alliance's default policy.
pub fn module_codes(kind: PlaceKind, modality: Modality, setting: Setting, audience: Audience) -> Vec<&'static str> {
    if kind == PlaceKind::Shadow {
        return Vec::new();
    }
    let rows = [
        (kind == PlaceKind::Lead, "SUP"),
        (modality != Modality::InPerson, "REM"),
        (audience == Audience::Children, "SGC1"),
        (setting == Setting::HomeVisit, "LWP"),
    ];
    rows.into_iter().filter(|(asked, _)| *asked).map(|(_, code)| code).collect()
}

reasons! {
    /// Why a session can't be created.
    CannotCreateSession => SessionCreateErrorCode {
        /// It lies in the past, or too far ahead.
        OutsideCalendar { most_days: i64 } at "date" => format!("A session starts between now and {most_days} days ahead: choose another date."),
        /// In-person sessions have a venue; the others have none.
        VenueMismatch { modality: Modality } at "venueId" => match modality {
            Modality::InPerson => "An in-person session needs a venue: give venueId.",
            _ => "A phone or video session has no venue: leave venueId out.",
        },
        /// The law does not permit this check for this session.
        MoreThanPermitted { permitted: DbsScope, reason: &'static str } at "dbs" => format!("Ask for {permitted} at most: {reason} (rules {RULES_VERSION})."),
        /// The session is regulated activity; less will not do.
        LessThanRequired { required: DbsScope, reason: &'static str } at "dbs" => format!("This session needs {required}: {reason} (rules {RULES_VERSION}). Leave dbs out to ask for it."),
        /// It asks for nobody, or for too many.
        Places { most: usize } at "places" => format!("Ask for between 1 and {most} champions."),
    } creates
}

/// The longest a session may run.
pub const LONGEST: TimeDelta = TimeDelta::hours(12);
/// How far ahead a session may lie, in days.
pub const HORIZON_DAYS: i64 = 366;
/// The most places of one session.
pub const PLACE_LIMIT: usize = 20;

/// A session as it is asked for.
#[derive(Clone, Debug)]
pub struct Draft {
    /// When.
    pub span: Span,
    /// How it is held.
    pub modality: Modality,
    /// Whether a venue is named.
    pub has_venue: bool,
    /// What it is, for the law.
    pub facts: SessionFacts,
    /// The check asked for: left out for what the law permits, or `Some(None)` for none.
    pub dbs: Option<Option<DbsScope>>,
    /// How many champions it asks for.
    pub places: usize,
}

/// The check a session asks for, or everything that is wrong with the draft.
pub fn create(draft: &Draft, now: DateTime<Utc>) -> Result<Option<DbsScope>, Vec<CannotCreateSession>> {
    let mut problems = Vec::new();
    if draft.span.from <= now || draft.span.from > now + TimeDelta::days(HORIZON_DAYS) {
        problems.push(CannotCreateSession::OutsideCalendar { most_days: HORIZON_DAYS });
    }
    let length = draft.span.until - draft.span.from;
    if length <= TimeDelta::zero() || length > LONGEST {
        problems.push(Malformed::new("durationMinutes", "A session runs between 1 minute and 12 hours.").into());
    }
    if draft.has_venue != (draft.modality == Modality::InPerson) {
        problems.push(CannotCreateSession::VenueMismatch { modality: draft.modality });
    }
    if !(1..=PLACE_LIMIT).contains(&draft.places) {
        problems.push(CannotCreateSession::Places { most: PLACE_LIMIT });
    }
    match check_to_ask_for(draft.facts, draft.dbs) {
        Ok(dbs) if problems.is_empty() => return Ok(dbs),
        Ok(_) => {}
        Err(problem) => problems.push(problem),
    }
    Err(problems)
}

/// The level is capped by what the session is; regulated activity can't be asked for with less.
fn check_to_ask_for(facts: SessionFacts, asked: Option<Option<DbsScope>>) -> Result<Option<DbsScope>, CannotCreateSession> {
    let most = permitted(facts, false);
    let Some(asked) = asked else { return Ok(Some(most.scope)) };
    let too_little = CannotCreateSession::LessThanRequired { required: most.scope, reason: most.reason };
    match asked {
        None if most.regulated => Err(too_little),
        None => Ok(None),
        Some(scope) if !scope.is_coherent() => Err(Malformed::new(
            "dbs",
            "Barred lists need an ENHANCED check of that workforce, and a BASIC check has workforce OTHER and none.",
        )
        .into()),
        Some(scope) if !most.scope.suffices_for(scope) => {
            Err(CannotCreateSession::MoreThanPermitted { permitted: most.scope, reason: most.reason })
        }
        Some(scope) if most.regulated && !scope.suffices_for(most.scope) => Err(too_little),
        Some(scope) => Ok(Some(scope)),
    }
}

reasons! {
    /// Why a session can't be called off.
    CannotCancel => SessionCancelErrorCode {
        /// It is over, or has begun.
        Started at "sessionId" => "This session has started: it can't be called off any more.",
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The session changed since you read it (version is now {current}): read it again."),
    }
}

/// Whether a session may be called off now; `Ok(false)` says it was before, which is fine.
pub fn cancel(status: SessionStatus, span: Span, now: DateTime<Utc>) -> Result<bool, CannotCancel> {
    match status {
        SessionStatus::Cancelled => Ok(false),
        SessionStatus::Scheduled | SessionStatus::ToConfirm if span.from <= now => Err(CannotCancel::Started),
        SessionStatus::Scheduled | SessionStatus::ToConfirm => Ok(true),
    }
}

/// The span of a session from its local start and length.
pub fn span(date: NaiveDate, starts: chrono::NaiveTime, minutes: i64, zone: Tz) -> Span {
    let from = crate::calendar::resolve(date.and_time(starts), zone);
    Span { from, until: from + TimeDelta::minutes(minutes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_say_what_happened_to_a_session() {
        use SessionChangeKind::{Cancelled, Changed, Cover, Created, Request};
        for (topic, kind) in [
            ("session.created", Some(Created)),
            ("session.cancelled", Some(Cancelled)),
            ("session.moved", Some(Changed)),
            ("assignment.confirmed", Some(Cover)),
            ("assignment.ended", Some(Cover)),
            ("offer.sent", Some(Request)),
            ("request.withdrawn", Some(Request)),
            ("champion.status_changed", None),
            ("dbs.status_changed", None),
            ("mail", None),
        ] {
            assert_eq!(SessionChangeKind::of_topic(topic), kind, "{topic}");
        }
    }
    use crate::dbs::{DbsLevel, DbsWorkforce};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn draft() -> Draft {
        Draft {
            span: Span { from: at("2026-12-01T10:00:00Z"), until: at("2026-12-01T12:00:00Z") },
            modality: Modality::InPerson,
            has_venue: true,
            facts: SessionFacts { audience: Audience::AdultsPublic, weekly: true, handles_money: false, overnight: false },
            dbs: None,
            places: 2,
        }
    }

    const NOW: &str = "2026-11-21T12:00:00Z";

    #[test]
    fn the_check_defaults_to_what_the_law_permits() {
        assert_eq!(create(&draft(), at(NOW)), Ok(Some(DbsScope::BASIC)));
        assert_eq!(create(&Draft { dbs: Some(None), ..draft() }, at(NOW)), Ok(None));
    }

    #[test]
    fn asking_for_more_than_permitted_or_less_than_required_is_refused() {
        let enhanced = DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Adult);
        let more = create(&Draft { dbs: Some(Some(enhanced)), ..draft() }, at(NOW)).expect_err("refused");
        assert!(matches!(more[..], [CannotCreateSession::MoreThanPermitted { permitted: DbsScope::BASIC, .. }]), "{more:?}");
        let children = SessionFacts { audience: Audience::Children, ..draft().facts };
        for dbs in [None, Some(DbsScope::BASIC), Some(DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child))] {
            let less = create(&Draft { facts: children, dbs: Some(dbs), ..draft() }, at(NOW)).expect_err("refused");
            assert!(matches!(less[..], [CannotCreateSession::LessThanRequired { .. }]), "{less:?}");
        }
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let bad = Draft { span: Span { from: at(NOW), until: at(NOW) }, has_venue: false, places: 0, ..draft() };
        assert_eq!(create(&bad, at(NOW)).expect_err("refused").len(), 4);
    }

    #[test]
    fn places_ask_for_modules_by_what_they_are() {
        let codes = |kind, modality, setting, audience| module_codes(kind, modality, setting, audience);
        assert_eq!(codes(PlaceKind::Lead, Modality::InPerson, Setting::Group, Audience::AdultsPublic), ["SUP"]);
        assert_eq!(codes(PlaceKind::Helper, Modality::Video, Setting::OneToOne, Audience::Children), ["REM", "SGC1"]);
        assert_eq!(codes(PlaceKind::Helper, Modality::InPerson, Setting::HomeVisit, Audience::AdultsPublic), ["LWP"]);
        assert!(codes(PlaceKind::Shadow, Modality::Video, Setting::HomeVisit, Audience::Children).is_empty());
    }

    #[test]
    fn cancelling_twice_is_safe_and_too_late_is_refused() {
        let span = draft().span;
        assert_eq!(cancel(SessionStatus::Scheduled, span, at(NOW)), Ok(true));
        assert_eq!(cancel(SessionStatus::Cancelled, span, at(NOW)), Ok(false));
        assert_eq!(cancel(SessionStatus::Scheduled, span, span.from), Err(CannotCancel::Started));
    }

    #[test]
    fn cover_counts_places() {
        for (places, filled, expected) in
            [(0, 0, Cover::NotNeeded), (2, 0, Cover::Uncovered), (2, 1, Cover::PartlyCovered), (2, 2, Cover::Covered)]
        {
            assert_eq!(cover(places, filled), expected);
        }
    }
}

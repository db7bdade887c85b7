//! References: whom a champion may name, what becomes of an answer, when a referee is reminded, and when an earlier answer will do.
//!
//! What a referee says is somebody else's data. A concern never clears by itself: the safeguarding lead decides.

use chrono::{DateTime, TimeDelta, Utc};

use crate::champion::Membership;
use crate::id::ReferenceId;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What a reference is asked for. One that was accepted will do for this and everything before it.
    ReferenceLevel {
        /// Helping with others present.
        General = "GENERAL",
        /// One-to-one work and home visits.
        LoneWork = "LONE_WORK",
        /// Regulated work with children or adults.
        Regulated = "REGULATED",
    }
}

vocabulary! {
    /// State of a reference.
    ReferenceStatus {
        /// The referee has been asked.
        Asked = "ASKED",
        /// They answered; a coordinator decides.
        Answered = "ANSWERED",
        /// They raised a concern or don't recommend; the safeguarding lead decides.
        Concern = "CONCERN",
        /// It counts.
        Accepted = "ACCEPTED",
        /// It does not count.
        NotAccepted = "NOT_ACCEPTED",
        /// The referee would rather not say anything.
        Declined = "DECLINED",
        /// Nobody answered in time.
        Expired = "EXPIRED",
        /// It was taken back before an answer came.
        Withdrawn = "WITHDRAWN",
    }
}

impl ReferenceStatus {
    /// What the champion is shown: that an answer is there, never how it is weighed.
    pub fn to_champion(self) -> Self {
        match self {
            Self::Concern | Self::NotAccepted => Self::Answered,
            other => other,
        }
    }

    /// Whether the referee need not be asked again: the answer is awaited, weighed or counts.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Asked | Self::Answered | Self::Concern | Self::Accepted)
    }
}

vocabulary! {
    /// For how long a referee has known the champion.
    KnownFor {
        /// Less than a year.
        UnderOneYear = "UNDER_ONE_YEAR",
        /// One to two years.
        OneToTwoYears = "ONE_TO_TWO_YEARS",
        /// Two to five years.
        TwoToFiveYears = "TWO_TO_FIVE_YEARS",
        /// More than five years.
        OverFiveYears = "OVER_FIVE_YEARS",
    }
}

vocabulary! {
    /// Whether a referee recommends the champion.
    Recommends {
        /// Yes, gladly.
        Yes = "YES",
        /// Yes, with reservations.
        WithReservations = "WITH_RESERVATIONS",
        /// No: the safeguarding lead looks at it.
        No = "NO",
    }
}

/// What a referee answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// For how long they have known the champion.
    pub known_for: KnownFor,
    /// Whether they recommend them.
    pub recommends: Recommends,
    /// Whether they know a reason for concern.
    pub concerns: bool,
    /// What they add, up to 2,000 characters.
    pub comment: String,
}

impl Answer {
    /// Where the answer goes: a concern to the safeguarding lead, the rest to a coordinator. Nothing accepts itself.
    pub fn goes_to(&self) -> ReferenceStatus {
        if self.concerns || self.recommends == Recommends::No { ReferenceStatus::Concern } else { ReferenceStatus::Answered }
    }
}

/// A reference as the rules read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Its id.
    pub id: ReferenceId,
    /// The referee's mailbox; none once it was removed.
    pub mailbox: Option<String>,
    /// What it was asked for.
    pub level: ReferenceLevel,
    /// Where it stands.
    pub status: ReferenceStatus,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
}

/// Somebody who is named as a referee.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    /// Their mailbox.
    pub mailbox: &'a str,
    /// Whether they are a relative.
    pub is_relative: bool,
    /// What the reference is for.
    pub level: ReferenceLevel,
}

/// Of whom a reference is asked.
#[derive(Clone, Debug)]
pub struct Applicant<'a> {
    /// Their own mailbox.
    pub mailbox: &'a str,
    /// Where they stand.
    pub membership: Membership,
    /// The references asked for before.
    pub references: &'a [Reference],
}

/// What asking comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A message goes out.
    Ask,
    /// The same referee's answer was accepted for this or more, not long ago: it will do, and nobody is troubled.
    Reuse(ReferenceId),
}

/// The most references that may be awaited or weighed at a time.
pub const MOST_OPEN: usize = 4;

reasons! {
    /// Why a reference can't be asked for.
    CannotAskReference => ReferenceRequestErrorCode {
        /// A relative can't be a referee.
        Relative at "isRelative" => "A relative can't be a referee: name somebody who knows you from work, study or the community.",
        /// Nobody is their own referee.
        OwnAddress at "email" => "This is the champion's own address: name somebody else.",
        /// This referee is asked already, or their answer is being weighed.
        AlreadyAsked at "email" => "This person has been asked already: wait for the answer, or name somebody else.",
        /// Enough are being asked.
        TooMany { most: usize } at "championId" => format!("{most} references are open already: wait for an answer, or take one back."),
        /// The person has left, or was not taken on.
        NotAMember { membership: Membership } at "championId" => format!("This person is {membership}: no reference is asked for."),
    } creates
}

/// Whether to ask somebody for a reference, or to use what they said before. An answer is good for `reuse_days`.
pub fn ask(named: &Named<'_>, of: &Applicant<'_>, reuse_days: i64, now: DateTime<Utc>) -> Result<Asking, Vec<CannotAskReference>> {
    let theirs = || of.references.iter().filter(|r| r.mailbox.as_deref() == Some(named.mailbox));
    let recent = |r: &&Reference| r.decided_at.is_some_and(|at| now < at + TimeDelta::days(reuse_days));
    let accepted = theirs().filter(|r| r.status == ReferenceStatus::Accepted && r.level >= named.level).find(recent);
    let awaited = theirs().any(|r| r.status.is_live() && r.status != ReferenceStatus::Accepted);
    let open = of.references.iter().filter(|r| r.status.is_live() && r.status != ReferenceStatus::Accepted).count();
    let problems = [
        named.is_relative.then_some(CannotAskReference::Relative),
        (named.mailbox == of.mailbox).then_some(CannotAskReference::OwnAddress),
        awaited.then_some(CannotAskReference::AlreadyAsked),
        (open >= MOST_OPEN && accepted.is_none()).then_some(CannotAskReference::TooMany { most: MOST_OPEN }),
        (!of.membership.is_open()).then_some(CannotAskReference::NotAMember { membership: of.membership }),
    ];
    let problems: Vec<CannotAskReference> = problems.into_iter().flatten().collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(accepted.map_or(Asking::Ask, |r| Asking::Reuse(r.id)))
}

reasons! {
    /// Why a reference can't be decided.
    CannotDecideReference => ReferenceDecideErrorCode {
        /// There is no answer to weigh.
        NotAnswered { status: ReferenceStatus } at "referenceId" => format!("This reference is {status}: there is no answer to decide about."),
        /// A concern was raised.
        ForSafeguardingLead at "referenceId" => "The referee raised a concern: the safeguarding lead decides.",
        /// It was decided otherwise before.
        AlreadyDecided at "referenceId" => "This reference was decided before: ask for another if it no longer holds.",
        /// Nobody decides about their own.
        OwnReference at "referenceId" => "You can't decide about your own reference: ask somebody else.",
    }
}

/// Who decides.
#[derive(Clone, Copy, Debug)]
pub struct Decider {
    /// It is their own reference.
    pub own: bool,
    /// They are the safeguarding lead.
    pub is_lead: bool,
}

/// Where a decision takes a reference. The same decision twice is the same answer.
pub fn decide(status: ReferenceStatus, accept: bool, by: Decider) -> Result<ReferenceStatus, CannotDecideReference> {
    use ReferenceStatus::*;
    let to = if accept { Accepted } else { NotAccepted };
    match status {
        _ if by.own => Err(CannotDecideReference::OwnReference),
        Answered => Ok(to),
        Concern if by.is_lead => Ok(to),
        Concern => Err(CannotDecideReference::ForSafeguardingLead),
        decided if decided == to => Ok(to),
        Accepted | NotAccepted => Err(CannotDecideReference::AlreadyDecided),
        status => Err(CannotDecideReference::NotAnswered { status }),
    }
}

reasons! {
    /// Why a reference can't be taken back.
    CannotWithdrawReference => ReferenceWithdrawErrorCode {
        /// It is over.
        NotOpen { status: ReferenceStatus } at "referenceId" => format!("This reference is {status}: it can't be taken back any more."),
    }
}

/// Whether a reference may be taken back; false if it was before.
pub fn withdraw(status: ReferenceStatus) -> Result<bool, CannotWithdrawReference> {
    match status {
        ReferenceStatus::Asked => Ok(true),
        ReferenceStatus::Withdrawn => Ok(false),
        // Whoever may take it back may not learn how an answer is weighed.
        status => Err(CannotWithdrawReference::NotOpen { status: status.to_champion() }),
    }
}

/// When a referee is reminded, and how long they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Days after asking, rising.
    pub reminder_days: Vec<i64>,
    /// Days until it is over.
    pub days: i64,
}

impl Plan {
    /// When the link ends.
    pub fn expires_at(&self, asked_at: DateTime<Utc>) -> DateTime<Utc> {
        asked_at + TimeDelta::days(self.days)
    }

    /// When something is to be done next, after so many reminders: the next one, or the end.
    pub fn next_at(&self, asked_at: DateTime<Utc>, reminders: usize, expires_at: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.reminder_days.get(reminders).map(|days| asked_at + TimeDelta::days(*days));
        next.map_or(expires_at, |at| at.min(expires_at))
    }

    /// How many reminders would have gone out by now: after a stop of the service one is sent, not all at once.
    pub fn reminders_due(&self, asked_at: DateTime<Utc>, now: DateTime<Utc>) -> usize {
        self.reminder_days.iter().filter(|days| asked_at + TimeDelta::days(**days) <= now).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    fn reference(mailbox: &str, level: ReferenceLevel, status: ReferenceStatus, decided: Option<i64>) -> Reference {
        Reference { id: ReferenceId(Uuid::from_u128(1)), mailbox: Some(mailbox.into()), level, status, decided_at: decided.map(at) }
    }

    fn asked(
        named: (&str, bool, ReferenceLevel),
        references: &[Reference],
        membership: Membership,
    ) -> Result<Asking, Vec<CannotAskReference>> {
        let (mailbox, is_relative, level) = named;
        ask(&Named { mailbox, is_relative, level }, &Applicant { mailbox: "me@example.org", membership, references }, 730, at(1_000))
    }

    #[test]
    fn who_may_be_asked() {
        use ReferenceLevel::General;
        let waiting = [reference("a@example.org", General, ReferenceStatus::Asked, None)];
        let many: Vec<Reference> =
            (0..4).map(|n| reference(&format!("{n}@example.org"), General, ReferenceStatus::Answered, None)).collect();
        for (named, there, membership, expected) in [
            (("a@example.org", false, General), &[][..], Membership::Applied, Ok(Asking::Ask)),
            (("a@example.org", true, General), &[], Membership::Applied, Err(vec![CannotAskReference::Relative])),
            (("me@example.org", false, General), &[], Membership::Applied, Err(vec![CannotAskReference::OwnAddress])),
            (("a@example.org", false, General), &waiting, Membership::Applied, Err(vec![CannotAskReference::AlreadyAsked])),
            (("b@example.org", false, General), &waiting, Membership::Applied, Ok(Asking::Ask)),
            (("b@example.org", false, General), &many, Membership::Applied, Err(vec![CannotAskReference::TooMany { most: 4 }])),
            (
                ("a@example.org", false, General),
                &[],
                Membership::Left,
                Err(vec![CannotAskReference::NotAMember { membership: Membership::Left }]),
            ),
        ] {
            assert_eq!(asked(named, there, membership), expected, "{named:?} {membership}");
        }
    }

    #[test]
    fn an_answer_is_used_again_for_its_level_and_those_before_and_not_for_ever() {
        use ReferenceLevel::*;
        let reuse = Ok(Asking::Reuse(ReferenceId(Uuid::from_u128(1))));
        for (level, decided, asked_for, expected) in [
            (LoneWork, 900, General, reuse.clone()),
            (LoneWork, 900, LoneWork, reuse.clone()),
            (LoneWork, 900, Regulated, Ok(Asking::Ask)),
            (LoneWork, 271, General, reuse),
            (LoneWork, 270, General, Ok(Asking::Ask)),
        ] {
            let there = [reference("a@example.org", level, ReferenceStatus::Accepted, Some(decided))];
            assert_eq!(
                asked(("a@example.org", false, asked_for), &there, Membership::Active),
                expected,
                "{level} for {asked_for}, {decided}"
            );
        }
        let refused = [reference("a@example.org", Regulated, ReferenceStatus::NotAccepted, Some(990))];
        assert_eq!(
            asked(("a@example.org", false, General), &refused, Membership::Active),
            Ok(Asking::Ask),
            "what did not count is not used"
        );
    }

    #[test]
    fn a_concern_never_clears_by_itself() {
        let (coordinator, lead) = (Decider { own: false, is_lead: false }, Decider { own: false, is_lead: true });
        for recommends in Recommends::ALL {
            for concerns in [false, true] {
                let answer = Answer { known_for: KnownFor::OverFiveYears, recommends: *recommends, concerns, comment: String::new() };
                let goes_to = answer.goes_to();
                assert!(!matches!(goes_to, ReferenceStatus::Accepted), "nothing accepts itself");
                let worrying = concerns || *recommends == Recommends::No;
                assert_eq!(decide(goes_to, true, coordinator).is_err(), worrying, "{answer:?}");
                assert_eq!(decide(goes_to, true, lead), Ok(ReferenceStatus::Accepted));
            }
        }
    }

    #[test]
    fn decisions_are_made_once() {
        use ReferenceStatus::*;
        let lead = Decider { own: false, is_lead: true };
        for (status, accept, expected) in [
            (Accepted, true, Ok(Accepted)),
            (NotAccepted, false, Ok(NotAccepted)),
            (Accepted, false, Err(CannotDecideReference::AlreadyDecided)),
            (Asked, true, Err(CannotDecideReference::NotAnswered { status: Asked })),
            (Declined, true, Err(CannotDecideReference::NotAnswered { status: Declined })),
        ] {
            assert_eq!(decide(status, accept, lead), expected, "{status}");
        }
        assert_eq!(decide(Answered, true, Decider { own: true, is_lead: true }), Err(CannotDecideReference::OwnReference));
        for status in ReferenceStatus::ALL.iter().filter(|s| **s != Asked && **s != Withdrawn) {
            assert!(withdraw(*status).is_err(), "{status}");
        }
    }

    #[test]
    fn the_champion_never_learns_how_an_answer_is_weighed() {
        use ReferenceStatus::*;
        let shown: Vec<_> = [Answered, Concern, NotAccepted].map(ReferenceStatus::to_champion).into();
        assert_eq!(shown, [Answered; 3]);
    }

    #[test]
    fn reminders_come_on_their_days_and_then_the_end() {
        let plan = Plan { reminder_days: vec![7, 14, 40], days: 28 };
        let end = plan.expires_at(at(0));
        let next: Vec<_> = (0..4).map(|sent| plan.next_at(at(0), sent, end)).collect();
        assert_eq!(next, [at(7), at(14), at(28), at(28)]);
        assert_eq!([6, 7, 20].map(|day| plan.reminders_due(at(0), at(day))), [0, 1, 2]);
    }
}

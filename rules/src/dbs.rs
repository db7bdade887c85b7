//! DBS checks: what a session permits, what is sufficient, and the pipeline of a check.
//!
//! Rules version 2026-09. Levels and regulated activity: Safeguarding Vulnerable Groups Act 2006 as amended, Police Act
//! 1997 (Criminal Records) Regulations, Rehabilitation of Offenders Act 1974 (Exceptions) Order 1975. This is the
//! alliance's reading, not legal advice.

use chrono::{Days, NaiveDate};

use crate::calendar::{add_months, age_on};
use crate::id::OrganisationId;
use crate::reason::reasons;
use crate::vocabulary::vocabulary;

pub mod position;
pub mod update_service;

pub use position::Position;

/// Which reading of the law the derivations below follow; answers carry it.
pub const RULES_VERSION: &str = "2026-09";

/// Years of age below which no check is asked for.
pub const MINIMUM_AGE: i32 = 16;

vocabulary! {
    /// DBS levels in England and Wales.
    DbsLevel {
        /// Unspent convictions and conditional cautions.
        Basic = "BASIC",
        /// Spent ones too, unless protected.
        Standard = "STANDARD",
        /// What the police hold as relevant, too; the only level that can look at barred lists.
        Enhanced = "ENHANCED",
    }
}

vocabulary! {
    /// The workforce a standard or enhanced check was made for.
    DbsWorkforce {
        /// Adult workforce.
        Adult = "ADULT",
        /// Child workforce.
        Child = "CHILD",
        /// Both.
        ChildAndAdult = "CHILD_AND_ADULT",
        /// Neither; a basic check has this.
        Other = "OTHER",
    }
}

vocabulary! {
    /// The lists of people barred from regulated activity.
    BarredList {
        /// The adults' barred list.
        Adults = "ADULTS",
        /// The children's barred list.
        Children = "CHILDREN",
    }
}

/// What a check covers, or what a session asks for. Sufficiency between two of these is a partial order, not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DbsScope {
    /// The level.
    pub level: DbsLevel,
    /// The workforce.
    pub workforce: DbsWorkforce,
    /// Whether the adults' barred list is looked at.
    pub adults_barred: bool,
    /// Whether the children's barred list is looked at.
    pub children_barred: bool,
}

impl DbsScope {
    /// A scope without barred lists.
    pub const fn of(level: DbsLevel, workforce: DbsWorkforce) -> Self {
        Self { level, workforce, adults_barred: false, children_barred: false }
    }

    /// A basic check.
    pub const BASIC: Self = Self::of(DbsLevel::Basic, DbsWorkforce::Other);

    /// Whether a check of this scope serves where `need` is asked for: level, workforce and every barred list must do.
    pub fn suffices_for(self, need: Self) -> bool {
        let workforce = need.level == DbsLevel::Basic
            || self.workforce == need.workforce
            || (self.workforce == DbsWorkforce::ChildAndAdult && need.workforce != DbsWorkforce::Other);
        self.level >= need.level
            && workforce
            && (self.adults_barred || !need.adults_barred)
            && (self.children_barred || !need.children_barred)
    }

    /// Whether this can be asked for at all: barred lists go with an enhanced check of that workforce.
    pub fn is_coherent(self) -> bool {
        use DbsWorkforce::*;
        let adults = !self.adults_barred || matches!(self.workforce, Adult | ChildAndAdult);
        let children = !self.children_barred || matches!(self.workforce, Child | ChildAndAdult);
        let enhanced = self.level == DbsLevel::Enhanced || !(self.adults_barred || self.children_barred);
        let basic = self.level != DbsLevel::Basic || self.workforce == Other;
        adults && children && enhanced && basic
    }

    /// The scope that serves for both.
    fn join(self, other: Self) -> Self {
        let workforce = match (self.level, other.level) {
            (DbsLevel::Basic, _) => other.workforce,
            (_, DbsLevel::Basic) => self.workforce,
            _ if self.workforce == other.workforce => self.workforce,
            _ => DbsWorkforce::ChildAndAdult,
        };
        Self {
            level: self.level.max(other.level),
            workforce,
            adults_barred: self.adults_barred || other.adults_barred,
            children_barred: self.children_barred || other.children_barred,
        }
    }
}

impl std::fmt::Display for DbsScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.level == DbsLevel::Basic {
            return f.write_str("a basic check");
        }
        let lists = match (self.adults_barred, self.children_barred) {
            (false, false) => "",
            (true, false) => " with the adults' barred list",
            (false, true) => " with the children's barred list",
            (true, true) => " with both barred lists",
        };
        write!(f, "an {} {} workforce check{lists}", self.level, self.workforce)
    }
}

vocabulary! {
    /// Who a session is for.
    Audience {
        /// Adults, any member of the public.
        AdultsPublic = "ADULTS_PUBLIC",
        /// Mainly adults who receive health or social care.
        AdultsReceivingCare = "ADULTS_RECEIVING_CARE",
        /// Children are taught or supervised.
        Children = "CHILDREN",
        /// Adults who may bring children; nobody teaches or minds the children.
        Families = "FAMILIES",
    }
}

/// What a session is, as the law sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// Who it is for.
    pub audience: Audience,
    /// Whether it repeats weekly or more often.
    pub weekly: bool,
    /// Whether champions handle an adult's cash, bills or shopping because of age, illness or disability.
    pub handles_money: bool,
    /// Whether it runs between 2 a.m. and 6 a.m. with children.
    pub overnight: bool,
}

/// The highest check a session permits, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// The most that may be asked for.
    pub scope: DbsScope,
    /// Whether it is regulated activity: then nothing less will do.
    pub regulated: bool,
    /// The reason, for people.
    pub reason: &'static str,
}

/// The highest check a session permits by what it is.
///
/// `frequent` says that the champion's own child-facing dates pass the threshold of [`passes_child_threshold`], which makes
/// the same session regulated activity for that champion.
pub fn permitted(facts: SessionFacts, frequent: bool) -> Permitted {
    let by_audience = match facts.audience {
        Audience::AdultsPublic => {
            Permitted { scope: DbsScope::BASIC, regulated: false, reason: "a public session for adults permits a basic check at most" }
        }
        Audience::Families => Permitted {
            scope: DbsScope::BASIC,
            regulated: false,
            reason: "children are merely present, which is not regulated activity: a basic check at most",
        },
        Audience::AdultsReceivingCare if facts.weekly => Permitted {
            scope: DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Adult),
            regulated: false,
            reason: "regular contact with adults who receive care permits an enhanced adult-workforce check",
        },
        Audience::AdultsReceivingCare => Permitted {
            scope: DbsScope::BASIC,
            regulated: false,
            reason: "a single session with adults who receive care permits a basic check at most",
        },
        Audience::Children if facts.weekly || facts.overnight || frequent => Permitted {
            scope: DbsScope { children_barred: true, ..DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child) },
            regulated: true,
            reason: "teaching children weekly, overnight or on more than 3 days in any 30 is regulated activity",
        },
        Audience::Children => Permitted {
            scope: DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Child),
            regulated: false,
            reason: "teaching children below the regulated threshold permits an enhanced child-workforce check",
        },
    };
    if !facts.handles_money {
        return by_audience;
    }
    let money = DbsScope { adults_barred: true, ..DbsScope::of(DbsLevel::Enhanced, DbsWorkforce::Adult) };
    Permitted {
        scope: by_audience.scope.join(money),
        regulated: true,
        reason: "handling an adult's cash, bills or shopping because of age, illness or disability is regulated activity, even once",
    }
}

/// Whether more than three of `dates` lie within some 30 days that include `on`: the threshold of regulated activity with
/// children (Safeguarding Vulnerable Groups Act 2006, schedule 4). `on` itself counts as one of them.
pub fn passes_child_threshold(dates: &[NaiveDate], on: NaiveDate) -> bool {
    let mut near: Vec<NaiveDate> = dates.iter().copied().chain([on]).filter(|d| (*d - on).num_days().abs() < 30).collect();
    near.sort();
    near.dedup();
    near.windows(4).any(|four| four[0] + Days::new(30) > four[3])
}

/// Whether one more date takes any of `dates` over the threshold of [`passes_child_threshold`]: what those ask for changes then, and
/// only then.
pub fn raises_others(dates: &[NaiveDate], added: NaiveDate) -> bool {
    let with: Vec<NaiveDate> = dates.iter().copied().chain([added]).collect();
    dates.iter().any(|on| passes_child_threshold(&with, *on) && !passes_child_threshold(dates, *on))
}

vocabulary! {
    /// Where a check stands. Each step is one event that is never changed.
    DbsStatus {
        /// Asked for.
        Requested = "REQUESTED",
        /// The applicant has started the form.
        ApplicantStarted = "APPLICANT_STARTED",
        /// Identity documents were checked by a named person.
        IdChecked = "ID_CHECKED",
        /// Sent to the DBS.
        Submitted = "SUBMITTED",
        /// The certificate went to the applicant.
        Issued = "ISSUED",
        /// Somebody from the organisation has seen it.
        Seen = "SEEN",
        /// A person is weighing what it says.
        RiskAssessment = "RISK_ASSESSMENT",
        /// Cleared.
        Cleared = "CLEARED",
        /// Cleared, with conditions.
        ClearedWithConditions = "CLEARED_WITH_CONDITIONS",
        /// Not cleared.
        NotCleared = "NOT_CLEARED",
        /// The application was withdrawn.
        Withdrawn = "WITHDRAWN",
        /// The DBS sent it back.
        RejectedByDbs = "REJECTED_BY_DBS",
        /// Stood down: there is new information.
        Suspended = "SUSPENDED",
    }
}

impl DbsStatus {
    /// Whether nothing more can follow.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Withdrawn | Self::RejectedByDbs)
    }

    /// Whether it clears somebody. Whatever is unknown does not.
    pub fn clears(self) -> bool {
        matches!(self, Self::Cleared | Self::ClearedWithConditions)
    }
}

/// A check as the rules read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DbsRecord {
    /// What it covers.
    pub scope: DbsScope,
    /// Where it stands.
    pub status: DbsStatus,
    /// The certificate's date.
    pub issued_on: Option<NaiveDate>,
    /// The day the alliance decided.
    pub decided_on: Option<NaiveDate>,
    /// Last day before a new check is due: the alliance's policy, not an expiry (a certificate has none).
    pub recheck_due_on: Option<NaiveDate>,
    /// The organisation that had it made; none if the alliance did.
    pub obtained_by: Option<OrganisationId>,
}

impl DbsRecord {
    /// Whether it clears for `need` on a date. Fails closed: no decision, no date or a recheck overdue is not clear.
    pub fn clears_on(&self, need: DbsScope, on: NaiveDate) -> bool {
        self.status.clears()
            && self.scope.suffices_for(need)
            && self.decided_on.is_some_and(|day| day <= on)
            && self.recheck_due_on.is_some_and(|due| on <= due)
    }
}

/// Days an application may be under way; from the day after it is flagged.
pub const USUAL_DAYS: i64 = 30;

/// Whether an application has been under way for too long. What was stood down waits for people, not for the DBS.
pub fn is_overdue(status: DbsStatus, requested_on: NaiveDate, today: NaiveDate) -> bool {
    use DbsStatus::*;
    let under_way = matches!(status, Requested | ApplicantStarted | IdChecked | Submitted | Issued | Seen | RiskAssessment);
    under_way && (today - requested_on).num_days() > USUAL_DAYS
}

/// The last day before a recheck, by policy: `months` after the certificate's date.
pub fn recheck_due_on(issued_on: NaiveDate, months: u32) -> Option<NaiveDate> {
    add_months(issued_on, months)
}

/// Who records a step, in relation to the applicant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorder {
    /// The applicant.
    Applicant,
    /// Somebody else.
    Other,
}

reasons! {
    /// Why a check can't be asked for.
    CannotRequest => DbsCheckRequestErrorCode {
        /// The person is too young for a check.
        TooYoung { age: i32 } at "championId" => format!("A DBS check needs an applicant of 16 or over; this one is {age}."),
        /// The birth date is needed for an application.
        BirthDateMissing at "championId" => "The champion's date of birth is not known: ask for it first.",
        /// Barred lists go with an enhanced check of that workforce; a basic check has workforce OTHER.
        Incoherent at "scope.level" => "Barred lists need an ENHANCED check of that workforce, and a BASIC check has workforce OTHER and none.",
        /// Anything but a basic check needs to be told what it is for.
        PositionMissing at "positions" => "Say what the champion will do in positions: only that permits more than a BASIC check.",
        /// The law does not permit this check for what the champion will do.
        MoreThanPermitted { permitted: DbsScope, reason: &'static str } at "scope" => format!("Ask for {permitted} at most: {reason} (rules {RULES_VERSION})."),
        /// A check of the same scope is under way.
        UnderWay { status: DbsStatus } at "championId" => format!("A check of this kind is under way ({status}): carry that one on."),
        /// Nobody handles their own check.
        OwnCheck at "championId" => "You can't ask for your own check: ask another safeguarding lead.",
    } creates
}

reasons! {
    /// Why a step of a check can't be recorded.
    CannotAdvance => DbsCheckAdvanceErrorCode {
        /// There is no such step from where the check stands.
        IllegalTransition { from: DbsStatus, to: DbsStatus } at "step" => format!("A check that is {from} can't become {to}."),
        /// Nobody checks their own identity or decides on themselves.
        OwnCheck at "checkId" => "You can't record this for yourself: ask another safeguarding lead.",
        /// A date lies in the future.
        InFuture { today: NaiveDate } at "step" => format!("This lies in the future: give a date up to {today}."),
        /// The certificate can't be older than the request for it.
        DatesDisagree at "step" => "The certificate's date differs from the one recorded when it was issued, or lies before the request.",
        /// The record changed since it was read.
        Stale { current: i64 } at "expectedVersion" => format!("The check changed since you read it (version is now {current}): read it again."),
    }
}

/// The steps of the pipeline. An undecided check may be withdrawn, the DBS may send back what it was sent, and what was cleared
/// may be suspended.
fn is_step(from: DbsStatus, to: DbsStatus) -> bool {
    use DbsStatus::*;
    match to {
        Withdrawn => !from.is_final() && !matches!(from, Cleared | ClearedWithConditions | NotCleared),
        RejectedByDbs => matches!(from, Submitted),
        Suspended => from.clears(),
        _ => matches!(
            (from, to),
            (Requested, ApplicantStarted)
                | (ApplicantStarted, IdChecked)
                | (IdChecked, Submitted)
                | (Submitted, Issued)
                | (Issued, Seen)
                | (Seen, Cleared | RiskAssessment)
                | (RiskAssessment, Cleared | ClearedWithConditions | NotCleared)
                | (Suspended, RiskAssessment)
        ),
    }
}

/// Whether a check may go from one state to another, recorded by `by`.
///
/// The identity checker, the one who sees the certificate and the one who decides are never the applicant.
pub fn advance(from: DbsStatus, to: DbsStatus, by: Recorder) -> Result<(), CannotAdvance> {
    if by == Recorder::Applicant {
        return Err(CannotAdvance::OwnCheck);
    }
    if is_step(from, to) { Ok(()) } else { Err(CannotAdvance::IllegalTransition { from, to }) }
}

/// Whether a check may be asked for, given the applicant's birth date and what is under way.
pub fn request(
    scope: DbsScope,
    positions: &[Position],
    birth_date: Option<NaiveDate>,
    existing: &[DbsRecord],
    by: Recorder,
    today: NaiveDate,
) -> Result<(), Vec<CannotRequest>> {
    let mut problems = Vec::new();
    if by == Recorder::Applicant {
        problems.push(CannotRequest::OwnCheck);
    }
    match birth_date.map(|birth| age_on(birth, today)) {
        None => problems.push(CannotRequest::BirthDateMissing),
        Some(age) if age < MINIMUM_AGE => problems.push(CannotRequest::TooYoung { age }),
        Some(_) => {}
    }
    if !scope.is_coherent() {
        problems.push(CannotRequest::Incoherent);
    } else {
        problems.extend(position::excess(scope, positions));
    }
    let open = |check: &&DbsRecord| !check.status.is_final() && !check.status.clears() && check.status != DbsStatus::NotCleared;
    if let Some(check) = existing.iter().filter(open).find(|check| check.scope == scope) {
        problems.push(CannotRequest::UnderWay { status: check.status });
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests;

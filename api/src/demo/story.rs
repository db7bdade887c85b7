//! How a volunteer came to where they are, in days before the first day: the sheet tells some of it, the rest follows.

use anyhow::{Context, Result};
use rules::champion::Membership;
use rules::dbs::{DbsLevel, DbsScope, DbsStatus, DbsWorkforce};

use super::sheet::{self, Person};

/// From the request for a check to its certificate.
const CHECK_TAKES: i64 = 21;
/// From the certificate to the decision.
const DECISION_TAKES: i64 = 5;
/// How long ago a check under way was asked for.
const UNDER_WAY_SINCE: i64 = -15;
/// From the last thing needed to the end of the trial.
const TRIAL_TAKES: i64 = 14;

/// A DBS check of the sheet.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What it covers.
    pub scope: DbsScope,
    /// Where it stands.
    pub status: DbsStatus,
    /// When it was asked for.
    pub requested: i64,
    /// The certificate's date, if there is one.
    pub issued: Option<i64>,
}

impl Check {
    /// When it was decided, if it was.
    pub fn decided(self) -> Option<i64> {
        self.issued.map(|issued| issued + DECISION_TAKES)
    }

    /// `ENHANCED:ADULT:ADULTS@-100` (cleared) or `BASIC@SUBMITTED` (under way).
    fn parse(text: &str) -> Result<Self> {
        let (what, when) = text.rsplit_once('@').with_context(|| format!("the check {text:?} has no date"))?;
        let mut parts = what.split(':');
        let level = parts.next().and_then(DbsLevel::from_code).with_context(|| format!("{text:?} has no level"))?;
        let workforce = parts.next().map_or(Some(DbsWorkforce::Other), DbsWorkforce::from_code);
        let workforce = workforce.with_context(|| format!("{text:?} has no workforce"))?;
        let barred = parts.next().unwrap_or_default();
        let scope = DbsScope { level, workforce, adults_barred: barred.contains("ADULTS"), children_barred: barred.contains("CHILDREN") };
        if let Some(status) = DbsStatus::from_code(when) {
            return Ok(Self { scope, status, requested: UNDER_WAY_SINCE, issued: None });
        }
        let issued: i64 = when.parse().with_context(|| format!("{text:?} has no date"))?;
        Ok(Self { scope, status: DbsStatus::Cleared, requested: issued - CHECK_TAKES, issued: Some(issued) })
    }
}

/// One volunteer's story.
#[derive(Debug)]
pub struct Story<'a> {
    /// What the sheet says.
    pub person: &'a Person,
    /// Their number.
    pub number: i32,
    /// Modules by code, oldest first.
    pub modules: Vec<(&'a str, i64)>,
    /// Their check.
    pub check: Option<Check>,
    /// When they signed up.
    pub joined: i64,
    /// When their trial ended, for those who came so far.
    pub active_since: Option<i64>,
    /// When they came to where they stand.
    pub changed: i64,
}

impl<'a> Story<'a> {
    /// Tells it.
    pub fn new(person: &'a Person, number: i32) -> Result<Self> {
        let modules = sheet::list(&person.modules).map(sheet::dated).collect::<Result<Vec<_>>>()?;
        let check = if person.dbs.is_empty() { None } else { Some(Check::parse(&person.dbs)?) };
        let earliest = modules.iter().map(|(_, day)| *day).chain(check.map(|c| c.requested)).min().map(|day| day - 14);
        let spread = i64::from(number % 5);
        let joined = earliest.unwrap_or(0).min(latest_joining(person.stage) - spread);
        let ready = ready(&modules, check);
        let active_since = came_to_be_active(person.stage).then_some(ready + TRIAL_TAKES);
        let changed = match person.stage {
            Membership::Enquired => joined,
            Membership::Applied => joined + 1,
            Membership::Screening => joined + 5,
            Membership::Approved => check.and_then(Check::decided).unwrap_or(-3),
            Membership::OnTrial => ready + 1,
            Membership::Active => ready + TRIAL_TAKES,
            Membership::Paused => -20 - spread,
            Membership::Suspended => -12,
            Membership::Left => -30 - spread,
            Membership::Declined | Membership::Withdrawn | Membership::Merged => -10 - spread,
        };
        Ok(Self { person, number, modules, check, joined, active_since, changed })
    }
}

/// The latest somebody at a stage can have signed up.
fn latest_joining(stage: Membership) -> i64 {
    match stage {
        Membership::Enquired => -2,
        Membership::Applied => -6,
        Membership::Screening => -24,
        _ => -40,
    }
}

fn came_to_be_active(stage: Membership) -> bool {
    matches!(stage, Membership::Active | Membership::Paused | Membership::Suspended | Membership::Left)
}

/// When the modules of the role and the check were all there.
fn ready(modules: &[(&str, i64)], check: Option<Check>) -> i64 {
    let first = |code: &str| modules.iter().find(|(c, _)| *c == code).map(|(_, day)| *day);
    let needed = ["IND", "SGA1", "DPR", "OSF"].into_iter().filter_map(first);
    needed.chain(check.and_then(Check::decided)).max().unwrap_or(-30)
}

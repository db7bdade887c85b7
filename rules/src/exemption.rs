//! Exemptions: a requirement that is not asked of one champion, for a while, with a reason and somebody who answers for it.

use chrono::NaiveDate;

use crate::calendar::add_months;
use crate::id::ModuleId;
use crate::reason::reasons;
use crate::requirement::{Requirement, RequirementKind};

/// The longest an exemption may last, in months.
pub const LONGEST_MONTHS: u32 = 12;

/// An exemption as the rules read it. One that was ended is not a fact any more, and is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// The kind of requirement; every version of it.
    pub kind: RequirementKind,
    /// The module, for `TRAINING`.
    pub module: Option<ModuleId>,
    /// First day it counts.
    pub from: NaiveDate,
    /// Last day it counts.
    pub until: NaiveDate,
}

impl Exemption {
    /// Whether the requirement is not asked for on a date. A DBS check always is, whatever a row says.
    pub fn covers(&self, requirement: &Requirement, on: NaiveDate) -> bool {
        is_exemptible(self.kind)
            && self.kind == requirement.kind
            && self.module == requirement.module
            && self.from <= on
            && on <= self.until
    }
}

/// What keeps people safe, or is the law, is asked of everybody.
pub fn is_exemptible(kind: RequirementKind) -> bool {
    use RequirementKind::*;
    !matches!(kind, Dbs | SafeguardingDeclaration | PrivacyNotice | RightToVolunteer)
}

reasons! {
    /// Why an exemption can't be granted.
    CannotExempt => ExemptionGrantErrorCode {
        /// This is asked of everybody.
        NotExemptible { kind: RequirementKind } at "requirementId" => format!("The {} is asked of everybody: there is no exemption from it.", kind.words()),
        /// Nobody exempts themselves.
        OwnExemption at "championId" => "You can't exempt yourself: ask another coordinator.",
        /// It has to end, and not in the past.
        Period { last: NaiveDate } at "until" => format!("An exemption ends between today and {last}: choose a day in between."),
    } creates
}

reasons! {
    /// Why an exemption can't be ended.
    CannotEndExemption => ExemptionEndErrorCode {
        /// It has ended already.
        AlreadyEnded at "exemptionId" => "This exemption has ended already: nothing needs doing.",
        /// Nobody has a say in their own.
        OwnExemption at "exemptionId" => "You can't end your own exemption: ask another coordinator.",
    }
}

/// Whether an exemption that counts from `today` may be granted.
pub fn grant(kind: RequirementKind, own: bool, until: NaiveDate, today: NaiveDate) -> Result<(), Vec<CannotExempt>> {
    let last = add_months(today, LONGEST_MONTHS).unwrap_or(today);
    let problems = [
        (!is_exemptible(kind)).then_some(CannotExempt::NotExemptible { kind }),
        own.then_some(CannotExempt::OwnExemption),
        (until < today || until > last).then_some(CannotExempt::Period { last }),
    ];
    let problems: Vec<CannotExempt> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RequirementId;
    use uuid::Uuid;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn it_has_an_end_within_a_year_and_never_lifts_what_the_law_asks() {
        let today = date("2026-11-21");
        let last = date("2027-11-21");
        let cases = [
            (RequirementKind::Reference, false, "2026-11-21", Ok(())),
            (RequirementKind::Reference, false, "2027-11-21", Ok(())),
            (RequirementKind::Reference, false, "2027-11-22", Err(vec![CannotExempt::Period { last }])),
            (RequirementKind::Reference, false, "2026-11-20", Err(vec![CannotExempt::Period { last }])),
            (RequirementKind::Reference, true, "2027-01-01", Err(vec![CannotExempt::OwnExemption])),
            (RequirementKind::Dbs, false, "2027-01-01", Err(vec![CannotExempt::NotExemptible { kind: RequirementKind::Dbs }])),
            (
                RequirementKind::RightToVolunteer,
                false,
                "2027-01-01",
                Err(vec![CannotExempt::NotExemptible { kind: RequirementKind::RightToVolunteer }]),
            ),
        ];
        for (kind, own, until, expected) in cases {
            assert_eq!(grant(kind, own, date(until), today), expected, "{kind} until {until}");
        }
    }

    #[test]
    fn it_covers_its_kind_and_module_from_its_first_day_to_its_last() {
        let module = |n| Some(ModuleId(Uuid::from_u128(n)));
        let requirement = |kind, module| Requirement {
            id: RequirementId(Uuid::from_u128(1)),
            kind,
            name: String::new(),
            module,
            count: 1,
            valid_months: None,
            in_force_from: date("2020-01-01"),
            superseded_on: None,
        };
        let exempt = |kind, module| Exemption { kind, module, from: date("2026-11-01"), until: date("2026-11-30") };
        let training = exempt(RequirementKind::Training, module(1));
        for (exemption, asked, on, covered) in [
            (training, requirement(RequirementKind::Training, module(1)), "2026-11-01", true),
            (training, requirement(RequirementKind::Training, module(1)), "2026-11-30", true),
            (training, requirement(RequirementKind::Training, module(1)), "2026-10-31", false),
            (training, requirement(RequirementKind::Training, module(1)), "2026-12-01", false),
            (training, requirement(RequirementKind::Training, module(2)), "2026-11-15", false),
            (training, requirement(RequirementKind::Reference, None), "2026-11-15", false),
            (exempt(RequirementKind::Dbs, None), requirement(RequirementKind::Dbs, None), "2026-11-15", false),
        ] {
            assert_eq!(exemption.covers(&asked, date(on)), covered, "{} on {on}", asked.kind);
        }
    }
}

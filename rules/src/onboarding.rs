//! The checklist a champion sees: what is done, what is next, and who it waits for.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::champion::Membership;
use crate::dbs::{DbsRecord, DbsScope};
use crate::exemption::Exemption;
use crate::id::ModuleId;
use crate::requirement::{self, Evidence, Requirement, RequirementKind, Standing};
use crate::training::{self, Completion, ModuleStanding};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// State of a line of the checklist.
    StepStatus {
        /// Nothing has been done.
        ToDo = "TO_DO",
        /// Something has been done, and more is needed.
        InProgress = "IN_PROGRESS",
        /// Done.
        Done = "DONE",
        /// It was done, and has to be done again.
        Lapsed = "LAPSED",
        /// Not asked of this champion, for a while: a coordinator said so.
        Exempt = "EXEMPT",
    }
}

vocabulary! {
    /// Who has to act.
    WaitingOn {
        /// The champion.
        Champion = "CHAMPION",
        /// A trainer.
        Trainer = "TRAINER",
        /// A coordinator.
        Coordinator = "COORDINATOR",
        /// The champion's referees.
        Referee = "REFEREE",
        /// The safeguarding lead.
        SafeguardingLead = "SAFEGUARDING_LEAD",
        /// The Disclosure and Barring Service.
        Dbs = "DBS",
    }
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The requirement; none for the e-mail confirmation.
    pub requirement: Option<Requirement>,
    /// What to do, for people.
    pub title: String,
    /// Where it stands.
    pub status: StepStatus,
    /// Who has to act; none when done.
    pub waiting_on: Option<WaitingOn>,
}

impl Step {
    /// Whether something is still to be done.
    pub fn is_open(&self) -> bool {
        !matches!(self.status, StepStatus::Done | StepStatus::Exempt)
    }
}

/// A checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct Checklist {
    /// The lines, in the order the alliance suggests. The order is not fixed: any line may be done first.
    pub steps: Vec<Step>,
}

impl Checklist {
    /// The first line that is not done.
    pub fn next(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.is_open())
    }

    /// What is still to do, leaving out `except` kinds.
    pub fn missing(&self, except: &[RequirementKind]) -> Vec<String> {
        let counts = |step: &&Step| step.is_open() && step.requirement.as_ref().is_none_or(|r| !except.contains(&r.kind));
        self.steps.iter().filter(counts).map(|step| step.title.clone()).collect()
    }
}

/// What the checklist reads.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// Where the champion stands.
    pub membership: Membership,
    /// Requirements of the role, in the suggested order.
    pub requirements: &'a [Requirement],
    /// Evidence given.
    pub evidence: &'a [Evidence],
    /// Modules completed.
    pub completions: &'a [Completion],
    /// Requirements that are not asked of this champion, for a while.
    pub exemptions: &'a [Exemption],
    /// DBS checks.
    pub checks: &'a [DbsRecord],
    /// The titles of the modules, for people.
    pub titles: &'a HashMap<ModuleId, String>,
}

/// The checklist on a date.
pub fn checklist(progress: &Progress<'_>, on: NaiveDate) -> Checklist {
    let confirmed = progress.membership != Membership::Enquired;
    let email = Step {
        requirement: None,
        title: "Confirm your e-mail address".to_owned(),
        status: if confirmed { StepStatus::Done } else { StepStatus::ToDo },
        waiting_on: (!confirmed).then_some(WaitingOn::Champion),
    };
    let rest = progress.requirements.iter().filter(|r| r.in_force_on(on)).map(|r| step(r, progress, on));
    Checklist { steps: std::iter::once(email).chain(rest).collect() }
}

fn step(requirement: &Requirement, progress: &Progress<'_>, on: NaiveDate) -> Step {
    let status = match (requirement.kind, requirement.module) {
        _ if progress.exemptions.iter().any(|e| e.covers(requirement, on)) => StepStatus::Exempt,
        (RequirementKind::Training, Some(module)) => match training::standing(module, progress.completions, on) {
            ModuleStanding::Held { .. } => StepStatus::Done,
            ModuleStanding::Lapsed { .. } => StepStatus::Lapsed,
            ModuleStanding::Never => StepStatus::ToDo,
        },
        (RequirementKind::Dbs, _) => dbs_status(progress.checks, on),
        _ => match requirement::standing(requirement, progress.evidence, on) {
            Standing::Met { .. } => StepStatus::Done,
            Standing::Partly { .. } => StepStatus::InProgress,
            Standing::Lapsed => StepStatus::Lapsed,
            Standing::Missing => StepStatus::ToDo,
        },
    };
    let title = requirement.module.and_then(|module| progress.titles.get(&module)).unwrap_or(&requirement.name).clone();
    let step = Step { requirement: Some(requirement.clone()), title, status, waiting_on: None };
    let waiting_on = step.is_open().then(|| waiting_on(requirement.kind, status));
    Step { waiting_on, ..step }
}

fn dbs_status(checks: &[DbsRecord], on: NaiveDate) -> StepStatus {
    if checks.iter().any(|c| c.clears_on(DbsScope::BASIC, on)) {
        StepStatus::Done
    } else if checks.iter().any(|c| !c.status.is_final() && !c.status.clears()) {
        StepStatus::InProgress
    } else if checks.iter().any(|c| c.status.clears()) {
        StepStatus::Lapsed
    } else {
        StepStatus::ToDo
    }
}

fn waiting_on(kind: RequirementKind, status: StepStatus) -> WaitingOn {
    match kind {
        kind if kind.is_given_by_champion() => WaitingOn::Champion,
        RequirementKind::Training => WaitingOn::Trainer,
        RequirementKind::Reference => WaitingOn::Referee,
        // Neither where a check stands nor how it was decided is told: only that it is not the champion's turn.
        RequirementKind::Dbs if status == StepStatus::InProgress => WaitingOn::Dbs,
        RequirementKind::Dbs => WaitingOn::SafeguardingLead,
        _ => WaitingOn::Coordinator,
    }
}

/// What has to be done before a champion may stand at `to`; empty when they may.
///
/// On trial: everything but shadowing and the trial itself. Active: everything.
pub fn missing_for(to: Membership, checklist: &Checklist) -> Vec<String> {
    match to {
        Membership::OnTrial => checklist.missing(&[RequirementKind::Trial, RequirementKind::Induction]),
        Membership::Active => checklist.missing(&[]),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RequirementId;
    use crate::requirement::EvidenceOutcome;
    use uuid::Uuid;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn requirement(n: u128, kind: RequirementKind) -> Requirement {
        let module = (kind == RequirementKind::Training).then_some(ModuleId(Uuid::from_u128(n)));
        Requirement {
            id: RequirementId(Uuid::from_u128(n)),
            kind,
            name: kind.to_string(),
            module,
            count: 1,
            valid_months: None,
            in_force_from: date("2026-01-01"),
            superseded_on: None,
        }
    }

    #[test]
    fn the_next_step_and_who_it_waits_for() {
        let requirements = [
            requirement(1, RequirementKind::Agreement),
            requirement(2, RequirementKind::Reference),
            requirement(3, RequirementKind::Training),
            requirement(4, RequirementKind::Dbs),
        ];
        let evidence = [Evidence {
            requirement: requirements[0].id,
            kind: RequirementKind::Agreement,
            given_on: date("2026-02-01"),
            outcome: EvidenceOutcome::Satisfied,
        }];
        let titles = HashMap::from([(ModuleId(Uuid::from_u128(3)), "Data protection".to_owned())]);
        let enquired = Progress {
            membership: Membership::Enquired,
            requirements: &requirements,
            evidence: &[],
            completions: &[],
            exemptions: &[],
            checks: &[],
            titles: &titles,
        };
        let list = checklist(&enquired, date("2026-03-01"));
        assert_eq!(list.next().map(|s| (s.title.as_str(), s.waiting_on)), Some(("Confirm your e-mail address", Some(WaitingOn::Champion))));
        let applied = Progress { membership: Membership::Applied, evidence: &evidence, ..enquired };
        let list = checklist(&applied, date("2026-03-01"));
        assert_eq!(list.next().and_then(|s| s.waiting_on), Some(WaitingOn::Referee));
        let waits: Vec<_> = list.steps.iter().map(|s| s.waiting_on).collect();
        assert_eq!(waits, [None, None, Some(WaitingOn::Referee), Some(WaitingOn::Trainer), Some(WaitingOn::SafeguardingLead)]);
        assert_eq!(missing_for(Membership::Active, &list), ["reference", "Data protection", "DBS"]);
        let exempt = Exemption { kind: RequirementKind::Reference, module: None, from: date("2026-03-01"), until: date("2026-03-31") };
        let spared = Progress { exemptions: &[exempt], ..applied };
        for (on, expected) in [("2026-03-31", Some(WaitingOn::Trainer)), ("2026-04-01", Some(WaitingOn::Referee))] {
            assert_eq!(checklist(&spared, date(on)).next().and_then(|s| s.waiting_on), expected, "{on}");
        }
        assert!(missing_for(Membership::Screening, &list).is_empty());
    }

    #[test]
    fn requirements_not_in_force_are_not_asked_for() {
        let mut old = requirement(1, RequirementKind::Agreement);
        old.superseded_on = Some(date("2026-03-01"));
        let progress = |on| {
            checklist(
                &Progress {
                    membership: Membership::Applied,
                    requirements: std::slice::from_ref(&old),
                    evidence: &[],
                    completions: &[],
                    exemptions: &[],
                    checks: &[],
                    titles: &HashMap::new(),
                },
                date(on),
            )
            .steps
            .len()
        };
        assert_eq!((progress("2026-02-28"), progress("2026-03-01")), (2, 1));
    }
}

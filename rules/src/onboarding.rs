//! The checklist a champion sees: what is done, what is next, and who it waits for.

use chrono::NaiveDate;

use crate::champion::Membership;
use crate::dbs::{DbsRecord, DbsScope};
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

/// A checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct Checklist {
    /// The lines, in the order the alliance suggests. The order is not fixed: any line may be done first.
    pub steps: Vec<Step>,
}

impl Checklist {
    /// The first line that is not done.
    pub fn next(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status != StepStatus::Done)
    }

    /// What is still to do, leaving out `except` kinds.
    pub fn missing(&self, except: &[RequirementKind]) -> Vec<String> {
        let counts = |step: &&Step| step.status != StepStatus::Done && step.requirement.as_ref().is_none_or(|r| !except.contains(&r.kind));
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
    /// DBS checks.
    pub checks: &'a [DbsRecord],
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
    let waiting_on = (status != StepStatus::Done).then(|| waiting_on(requirement.kind, status));
    Step { requirement: Some(requirement.clone()), title: requirement.name.clone(), status, waiting_on }
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
    use crate::id::{ModuleId, RequirementId};
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
        let enquired =
            Progress { membership: Membership::Enquired, requirements: &requirements, evidence: &[], completions: &[], checks: &[] };
        let list = checklist(&enquired, date("2026-03-01"));
        assert_eq!(list.next().map(|s| (s.title.as_str(), s.waiting_on)), Some(("Confirm your e-mail address", Some(WaitingOn::Champion))));
        let applied = Progress { membership: Membership::Applied, evidence: &evidence, ..enquired };
        let list = checklist(&applied, date("2026-03-01"));
        assert_eq!(list.next().and_then(|s| s.waiting_on), Some(WaitingOn::Referee));
        let waits: Vec<_> = list.steps.iter().map(|s| s.waiting_on).collect();
        assert_eq!(waits, [None, None, Some(WaitingOn::Referee), Some(WaitingOn::Trainer), Some(WaitingOn::SafeguardingLead)]);
        assert_eq!(missing_for(Membership::Active, &list).len(), 3);
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
                    checks: &[],
                },
                date(on),
            )
            .steps
            .len()
        };
        assert_eq!((progress("2026-02-28"), progress("2026-03-01")), (2, 1));
    }
}

//! The stage board: who is on their way in, for how long, waiting on whom, and who has waited too long.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::champion::Membership;
use crate::id::{ChampionId, RequirementId};
use crate::onboarding::{Checklist, WaitingOn};
use crate::reason::reasons;

/// The stages on the way in, in their order.
pub const STAGES: [Membership; 5] =
    [Membership::Enquired, Membership::Applied, Membership::Screening, Membership::Approved, Membership::OnTrial];

/// How many days a stage should take, and how many it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Should.
    pub ideal_days: i64,
    /// May; one day more is overdue.
    pub most_days: i64,
}

/// The limit of a stage, if nobody has said otherwise.
pub fn usual(stage: Membership) -> Limit {
    let (ideal_days, most_days) = match stage {
        Membership::Enquired => (3, 14),
        Membership::Applied => (14, 28),
        Membership::Screening => (28, 56),
        Membership::OnTrial => (28, 84),
        _ => (21, 56),
    };
    Limit { ideal_days, most_days }
}

/// Somebody on their way in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub champion: ChampionId,
    /// Their stage.
    pub stage: Membership,
    /// The day they came to it.
    pub since: NaiveDate,
    /// Their checklist today.
    pub checklist: Checklist,
}

/// Somebody on a line of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Who.
    pub champion: ChampionId,
    /// Days in their stage.
    pub days: i64,
    /// Whether that is more than it may take.
    pub overdue: bool,
    /// Who has to act next.
    pub on: WaitingOn,
}

/// Those who wait, whichever line they stand on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue(pub Vec<Waiting>);

impl Queue {
    /// The median of their days; none if nobody waits.
    pub fn median_days(&self) -> Option<f64> {
        let mut days: Vec<i64> = self.0.iter().map(|w| w.days).collect();
        days.sort_unstable();
        let middle = days.len() / 2;
        let number = |days: i64| f64::from(i32::try_from(days).unwrap_or(i32::MAX));
        match days.len() {
            0 => None,
            n if n % 2 == 1 => Some(number(days[middle])),
            _ => Some(f64::midpoint(number(days[middle - 1]), number(days[middle]))),
        }
    }

    /// How many are overdue.
    pub fn overdue(&self) -> usize {
        self.0.iter().filter(|w| w.overdue).count()
    }

    /// How many wait for whom.
    pub fn by_whom(&self) -> Vec<(WaitingOn, usize)> {
        let mut counts: BTreeMap<WaitingOn, usize> = BTreeMap::new();
        for waiting in &self.0 {
            *counts.entry(waiting.on).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// Those on the line that pass, by id.
    pub fn champions(&self, overdue_only: bool, on: Option<WaitingOn>) -> Vec<ChampionId> {
        let passes = |w: &&Waiting| (!overdue_only || w.overdue) && on.is_none_or(|on| w.on == on);
        self.0.iter().filter(passes).map(|w| w.champion).collect()
    }
}

/// The board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// A line for each stage, in their order.
    pub stages: Vec<(Membership, Limit, Queue)>,
    /// A line for each requirement that somebody still has to meet, in the suggested order.
    pub requirements: Vec<(RequirementId, Queue)>,
}

/// The board of everybody on their way in, today.
pub fn board(people: &[Person], limit: impl Fn(Membership) -> Limit, today: NaiveDate) -> Board {
    let waiting = |person: &Person, on: WaitingOn| {
        let days = (today - person.since).num_days();
        Waiting { champion: person.champion, days, overdue: days > limit(person.stage).most_days, on }
    };
    let stage = |stage: Membership| {
        let here = people.iter().filter(|p| p.stage == stage);
        // Whoever has done everything waits for a coordinator to move them on.
        let next = |p: &Person| p.checklist.next().and_then(|step| step.waiting_on).unwrap_or(WaitingOn::Coordinator);
        (stage, limit(stage), Queue(here.map(|p| waiting(p, next(p))).collect()))
    };
    let mut requirements: Vec<(RequirementId, Queue)> = Vec::new();
    for person in people {
        for step in person.checklist.steps.iter().filter(|s| s.is_open()) {
            let (Some(requirement), Some(on)) = (&step.requirement, step.waiting_on) else { continue };
            let place = requirements.iter().position(|(id, _)| *id == requirement.id).unwrap_or_else(|| {
                requirements.push((requirement.id, Queue::default()));
                requirements.len() - 1
            });
            requirements[place].1.0.push(waiting(person, on));
        }
    }
    Board { stages: STAGES.into_iter().map(stage).collect(), requirements }
}

reasons! {
    /// Why the limit of a stage can't be changed.
    CannotLimitStage => OnboardingStageLimitErrorCode {
        /// It is no stage on the way in.
        NotAStage { stage: Membership } at "stage" => format!("{stage} is no stage on the way in: choose one of ENQUIRED, APPLIED, SCREENING, APPROVED and ON_TRIAL."),
        /// The days make no sense.
        Days at "mostDays" => "Give between 1 and 730 days, and no fewer than the ideal.",
    }
}

/// Whether a stage may have this limit.
pub fn limit(stage: Membership, limit: Limit) -> Result<(), Vec<CannotLimitStage>> {
    let days = 1..=730;
    let sound = days.contains(&limit.ideal_days) && days.contains(&limit.most_days) && limit.ideal_days <= limit.most_days;
    let problems =
        [(!STAGES.contains(&stage)).then_some(CannotLimitStage::NotAStage { stage }), (!sound).then_some(CannotLimitStage::Days)];
    let problems: Vec<CannotLimitStage> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onboarding::{Step, StepStatus};
    use crate::requirement::{Requirement, RequirementKind};
    use chrono::Days;
    use uuid::Uuid;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");

    fn person(n: u128, stage: Membership, days: u64, open: &[(u128, WaitingOn)]) -> Person {
        let step = |(id, on): &(u128, WaitingOn)| Step {
            requirement: Some(Requirement {
                id: RequirementId(Uuid::from_u128(*id)),
                kind: RequirementKind::Identity,
                name: "x".into(),
                module: None,
                count: 1,
                valid_months: None,
                in_force_from: TODAY,
                superseded_on: None,
            }),
            title: "x".into(),
            status: StepStatus::ToDo,
            waiting_on: Some(*on),
        };
        Person {
            champion: ChampionId(Uuid::from_u128(n)),
            stage,
            since: TODAY - Days::new(days),
            checklist: Checklist { steps: open.iter().map(step).collect() },
        }
    }

    #[test]
    fn each_stage_says_how_many_how_long_and_waiting_on_whom() {
        let people = [
            person(1, Membership::Screening, 10, &[(1, WaitingOn::Referee), (2, WaitingOn::Trainer)]),
            person(2, Membership::Screening, 56, &[(2, WaitingOn::Trainer)]),
            person(3, Membership::Screening, 57, &[]),
            person(4, Membership::Screening, 11, &[(1, WaitingOn::Referee)]),
            person(5, Membership::Applied, 0, &[(1, WaitingOn::Champion)]),
        ];
        let board = board(&people, usual, TODAY);
        let (stage, _, screening) = &board.stages[2];
        assert_eq!((*stage, screening.0.len(), screening.median_days(), screening.overdue()), (Membership::Screening, 4, Some(33.5), 1));
        assert_eq!(screening.by_whom(), [(WaitingOn::Trainer, 1), (WaitingOn::Coordinator, 1), (WaitingOn::Referee, 2)]);
        assert_eq!(screening.champions(true, None), [ChampionId(Uuid::from_u128(3))], "the last day is not too late, the next is");
        assert_eq!(screening.champions(false, Some(WaitingOn::Referee)).len(), 2);
        let lines: Vec<_> = board.requirements.iter().map(|(id, queue)| (id.0.as_u128(), queue.0.len(), queue.median_days())).collect();
        assert_eq!(lines, [(1, 3, Some(10.0)), (2, 2, Some(33.0))]);
        assert_eq!(board.stages[0].2.median_days(), None, "nobody waits there");
    }

    #[test]
    fn limits_are_of_stages_and_in_order() {
        for (stage, ideal_days, most_days, problems) in [
            (Membership::Applied, 14, 14, 0),
            (Membership::Active, 14, 28, 1),
            (Membership::Applied, 15, 14, 1),
            (Membership::Applied, 0, 731, 1),
            (Membership::Left, 0, 0, 2),
        ] {
            assert_eq!(
                limit(stage, Limit { ideal_days, most_days }).map_or_else(|p| p.len(), |()| 0),
                problems,
                "{stage} {ideal_days} {most_days}"
            );
        }
        assert!(STAGES.into_iter().all(|stage| limit(stage, usual(stage)).is_ok()));
    }
}

//! Dated training sessions: seats, the waiting list, and attendance that marks the module complete.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::champion::Membership;
use crate::id::{ChampionId, ModuleId, SeatId};
use crate::reason::reasons;
use crate::training::{CannotMark, Completion, Module, ModuleStanding, standing};
use crate::vocabulary::vocabulary;

vocabulary! {
    /// State of a dated training session.
    CohortStatus {
        /// It will be held.
        Planned = "PLANNED",
        /// It was held, and attendance was taken.
        Held = "HELD",
        /// It was called off.
        Cancelled = "CANCELLED",
    }
}

vocabulary! {
    /// State of a champion's seat.
    SeatStatus {
        /// They have a seat.
        Booked = "BOOKED",
        /// They wait for one.
        Waiting = "WAITING",
        /// They gave it up.
        Left = "LEFT",
        /// They were there.
        Attended = "ATTENDED",
        /// They were not there.
        Absent = "ABSENT",
    }
}

/// The most seats of a cohort: as many as a class that is marked at once.
pub const MOST_SEATS: usize = crate::training::CLASS_LIMIT;

/// A dated training session as the rules read it.
#[derive(Clone, Copy, Debug)]
pub struct Cohort {
    /// Where it stands.
    pub status: CohortStatus,
    /// Its day.
    pub on: NaiveDate,
    /// Its seats.
    pub capacity: usize,
}

/// A seat as the rules read it, in the order in which they were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its id.
    pub id: SeatId,
    /// Whose.
    pub champion: ChampionId,
    /// Where it stands.
    pub status: SeatStatus,
}

reasons! {
    /// Why a dated training session can't be added.
    CannotPlanCohort => TrainingCohortCreateErrorCode {
        /// The module is not among the trainer's.
        NotYourModule { code: String } at "moduleId" => format!("You are not a trainer of {code}: ask a coordinator to assign it to you."),
        /// The day is over.
        InPast { today: NaiveDate } at "date" => format!("This lies in the past: give a date from {today} on."),
        /// The seats make no sense.
        Capacity { most: usize } at "capacity" => format!("Give between 1 and {most} seats."),
    } creates
}

/// Whether a dated training session may be added.
pub fn plan(module: &Module, trains: bool, cohort: &Cohort, today: NaiveDate) -> Result<(), Vec<CannotPlanCohort>> {
    let problems = [
        (!trains).then(|| CannotPlanCohort::NotYourModule { code: module.code.clone() }),
        (cohort.on < today).then_some(CannotPlanCohort::InPast { today }),
        (!(1..=MOST_SEATS).contains(&cohort.capacity)).then_some(CannotPlanCohort::Capacity { most: MOST_SEATS }),
    ];
    let problems: Vec<CannotPlanCohort> = problems.into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

reasons! {
    /// Why somebody can't join a dated training session.
    CannotJoinCohort => TrainingCohortJoinErrorCode {
        /// It is over, or was called off.
        NotPlanned { status: CohortStatus } at "cohortId" => format!("This session is {status}: choose another."),
        /// Its day is over.
        Over { on: NaiveDate } at "cohortId" => format!("This session was on {on}: choose another."),
        /// A module that comes first is not held on its day.
        PrerequisiteMissing { code: String } at "championId" => format!("{code} has to be completed first."),
        /// The person has left, or was not taken on.
        NotAMember { membership: Membership } at "championId" => format!("This person is {membership}: they can't join."),
    }
}

/// Somebody who wants to join.
#[derive(Clone, Debug)]
pub struct Joiner<'a> {
    /// Who.
    pub champion: ChampionId,
    /// Where they stand.
    pub membership: Membership,
    /// What they hold.
    pub completions: &'a [Completion],
}

/// What joining comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// A seat, or a place on the waiting list.
    New(SeatStatus),
    /// They have one already.
    Already,
}

/// Whether somebody may join, and whether there is a seat for them. Whoever waits comes before whoever asks.
pub fn join(
    cohort: &Cohort,
    seats: &[Seat],
    who: &Joiner<'_>,
    prerequisites: &HashMap<ModuleId, String>,
    today: NaiveDate,
) -> Result<Joining, Vec<CannotJoinCohort>> {
    let mut problems = Vec::new();
    if cohort.status != CohortStatus::Planned {
        problems.push(CannotJoinCohort::NotPlanned { status: cohort.status });
    } else if cohort.on < today {
        problems.push(CannotJoinCohort::Over { on: cohort.on });
    }
    if !who.membership.is_open() {
        problems.push(CannotJoinCohort::NotAMember { membership: who.membership });
    }
    let mut missing: Vec<&String> = prerequisites
        .iter()
        .filter(|(module, _)| !matches!(standing(**module, who.completions, cohort.on), ModuleStanding::Held { .. }))
        .map(|(_, code)| code)
        .collect();
    missing.sort();
    problems.extend(missing.into_iter().map(|code| CannotJoinCohort::PrerequisiteMissing { code: code.clone() }));
    if !problems.is_empty() {
        return Err(problems);
    }
    let live = |s: &&Seat| matches!(s.status, SeatStatus::Booked | SeatStatus::Waiting);
    if seats.iter().filter(live).any(|s| s.champion == who.champion) {
        return Ok(Joining::Already);
    }
    let taken = seats.iter().filter(|s| s.status == SeatStatus::Booked).count();
    let anybody_waits = seats.iter().any(|s| s.status == SeatStatus::Waiting);
    Ok(Joining::New(if taken < cohort.capacity && !anybody_waits { SeatStatus::Booked } else { SeatStatus::Waiting }))
}

/// Who moves up from the waiting list, in its order, while there are seats.
pub fn promoted(cohort: &Cohort, seats: &[Seat]) -> Vec<SeatId> {
    let taken = seats.iter().filter(|s| s.status == SeatStatus::Booked).count();
    let free = cohort.capacity.saturating_sub(taken);
    seats.iter().filter(|s| s.status == SeatStatus::Waiting).take(free).map(|s| s.id).collect()
}

reasons! {
    /// Why a seat can't be given up.
    CannotLeaveCohort => TrainingCohortLeaveErrorCode {
        /// They have none.
        NoSeat at "cohortId" => "There is no seat to give up: nothing needs doing.",
    }
}

reasons! {
    /// Why a dated training session can't be called off.
    CannotCancelCohort => TrainingCohortCancelErrorCode {
        /// The module is not among the trainer's.
        NotYourModule { code: String } at "cohortId" => format!("You are not a trainer of {code}."),
        /// Attendance was taken.
        AlreadyHeld at "cohortId" => "Attendance was taken: it can't be called off any more.",
    }
}

/// Whether it may be called off; false if it was before.
pub fn cancel(status: CohortStatus, trains: bool, code: &str) -> Result<bool, CannotCancelCohort> {
    match status {
        _ if !trains => Err(CannotCancelCohort::NotYourModule { code: code.to_owned() }),
        CohortStatus::Planned => Ok(true),
        CohortStatus::Cancelled => Ok(false),
        CohortStatus::Held => Err(CannotCancelCohort::AlreadyHeld),
    }
}

reasons! {
    /// Why attendance can't be taken. Everybody is marked, or nobody.
    CannotAttend => TrainingCohortAttendErrorCode {
        /// The module is not among the trainer's.
        NotYourModule { code: String } at "cohortId" => format!("You are not a trainer of {code}: ask a coordinator to assign it to you."),
        /// Nobody marks their own training.
        OwnTraining { index: usize } at format!("championIds.{index}") => "You can't mark your own training: ask another trainer.",
        /// Its day has not come.
        NotYet { on: NaiveDate } at "cohortId" => format!("This session is on {on}: take attendance then."),
        /// A module that comes first was not held on its day.
        PrerequisiteMissing { index: usize, code: String } at format!("championIds.{index}") => format!("{code} has to be completed first, on or before this date."),
        /// The person has left, or was not taken on.
        NotAMember { index: usize, membership: Membership } at format!("championIds.{index}") => format!("This person is {membership}: take them off the list."),
        /// They had no seat.
        NoSeat { index: usize } at format!("championIds.{index}") => "This person had no seat: let them join first, or take them off the list.",
        /// Somebody is named twice.
        Twice at "championIds" => "Somebody is named twice: name each once.",
        /// It was called off, or attendance was taken before.
        NotPlanned { status: CohortStatus } at "cohortId" => format!("This session is {status}: attendance is taken once."),
    }
}

impl From<CannotMark> for CannotAttend {
    fn from(problem: CannotMark) -> Self {
        match problem {
            CannotMark::NotYourModule { code } => Self::NotYourModule { code },
            CannotMark::OwnTraining { index } => Self::OwnTraining { index },
            CannotMark::InFuture { today } => Self::NotYet { on: today },
            CannotMark::PrerequisiteMissing { index, code } => Self::PrerequisiteMissing { index, code },
            CannotMark::NotAMember { index, membership } => Self::NotAMember { index, membership },
            CannotMark::UnknownLearner { index } => Self::NoSeat { index },
            CannotMark::ClassSize { .. } | CannotMark::IdempotencyMismatch => Self::Twice,
            CannotMark::Invalid(malformed) => Self::Invalid(malformed),
            CannotMark::NotFound { field } => Self::NotFound { field },
        }
    }
}

/// What stands in the way of taking attendance, besides what stands in the way of marking each of them.
pub fn attend(cohort: &Cohort, seats: &[Seat], present: &[ChampionId], today: NaiveDate) -> Vec<CannotAttend> {
    let mut problems = Vec::new();
    if cohort.status != CohortStatus::Planned {
        problems.push(CannotAttend::NotPlanned { status: cohort.status });
    }
    if today < cohort.on {
        problems.push(CannotAttend::NotYet { on: cohort.on });
    }
    let booked = |id: &ChampionId| seats.iter().any(|s| s.champion == *id && s.status == SeatStatus::Booked);
    problems.extend(present.iter().enumerate().filter(|(_, id)| !booked(id)).map(|(index, _)| CannotAttend::NoSeat { index }));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 12, 1).expect("a date");

    fn champion(n: u128) -> ChampionId {
        ChampionId(Uuid::from_u128(n))
    }

    fn seat(n: u128, status: SeatStatus) -> Seat {
        Seat { id: SeatId(Uuid::from_u128(n)), champion: champion(n), status }
    }

    fn cohort(capacity: usize) -> Cohort {
        Cohort { status: CohortStatus::Planned, on: DAY, capacity }
    }

    fn joins(cohort: &Cohort, seats: &[Seat], n: u128) -> Result<Joining, Vec<CannotJoinCohort>> {
        let who = Joiner { champion: champion(n), membership: Membership::Approved, completions: &[] };
        join(cohort, seats, &who, &HashMap::new(), DAY)
    }

    #[test]
    fn seats_fill_and_then_people_wait_in_their_order() {
        use SeatStatus::*;
        let seats = [seat(1, Booked), seat(2, Booked), seat(3, Waiting), seat(4, Waiting)];
        assert_eq!(joins(&cohort(3), &seats[..2], 9), Ok(Joining::New(Booked)));
        assert_eq!(joins(&cohort(2), &seats[..2], 9), Ok(Joining::New(Waiting)));
        assert_eq!(joins(&cohort(3), &seats, 9), Ok(Joining::New(Waiting)), "nobody jumps the queue");
        assert_eq!(joins(&cohort(3), &seats, 4), Ok(Joining::Already));
        assert_eq!(joins(&cohort(3), &[seat(9, Left)], 9), Ok(Joining::New(Booked)), "who left may come back");
        assert_eq!(promoted(&cohort(3), &seats), [SeatId(Uuid::from_u128(3))]);
        assert_eq!(promoted(&cohort(2), &seats), []);
    }

    #[test]
    fn who_can_not_join_is_told_everything() {
        let over = Cohort { status: CohortStatus::Cancelled, ..cohort(2) };
        let who = Joiner { champion: champion(1), membership: Membership::Left, completions: &[] };
        let prerequisites = HashMap::from([(ModuleId(Uuid::from_u128(5)), "OSF".to_owned())]);
        let problems = join(&over, &[], &who, &prerequisites, DAY).expect_err("refused");
        let expected = [
            CannotJoinCohort::NotPlanned { status: CohortStatus::Cancelled },
            CannotJoinCohort::NotAMember { membership: Membership::Left },
            CannotJoinCohort::PrerequisiteMissing { code: "OSF".into() },
        ];
        assert_eq!(problems, expected);
        let late =
            join(&cohort(2), &[], &Joiner { membership: Membership::Active, ..who }, &HashMap::new(), DAY.succ_opt().expect("a day"));
        assert_eq!(late, Err(vec![CannotJoinCohort::Over { on: DAY }]));
    }

    #[test]
    fn attendance_is_taken_on_the_day_once_and_of_those_with_a_seat() {
        use SeatStatus::*;
        let seats = [seat(1, Booked), seat(2, Waiting)];
        assert_eq!(attend(&cohort(1), &seats, &[champion(1)], DAY), []);
        assert_eq!(attend(&cohort(1), &seats, &[champion(1), champion(2)], DAY), [CannotAttend::NoSeat { index: 1 }]);
        let early = attend(&cohort(1), &seats, &[], DAY.pred_opt().expect("a day"));
        assert_eq!(early, [CannotAttend::NotYet { on: DAY }]);
        let held = Cohort { status: CohortStatus::Held, ..cohort(1) };
        assert_eq!(attend(&held, &seats, &[], DAY), [CannotAttend::NotPlanned { status: CohortStatus::Held }]);
    }

    #[test]
    fn planning_and_calling_off_are_the_trainers() {
        let module = Module { id: ModuleId(Uuid::nil()), code: "REM".into(), valid_months: None, prerequisites: vec![] };
        assert_eq!(plan(&module, true, &cohort(50), DAY), Ok(()));
        let problems = plan(&module, false, &cohort(51), DAY.succ_opt().expect("a day")).expect_err("refused");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert_eq!(cancel(CohortStatus::Planned, true, "REM"), Ok(true));
        assert_eq!(cancel(CohortStatus::Held, true, "REM"), Err(CannotCancelCohort::AlreadyHeld));
        assert!(cancel(CohortStatus::Planned, false, "REM").is_err());
    }
}

//! Training: who may mark a module complete, when a completion lapses, and prerequisites without cycles.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::calendar::add_months;
use crate::champion::Membership;
use crate::id::{AccountId, ChampionId, ModuleId};
use crate::reason::reasons;

/// A module as the rules read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Its id.
    pub id: ModuleId,
    /// Its short code: `SGA1`.
    pub code: String,
    /// Months a completion lasts; none for ever.
    pub valid_months: Option<u32>,
    /// Modules that come first.
    pub prerequisites: Vec<ModuleId>,
}

/// A completion as the rules read it. Revoked ones are not facts any more, and are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The module.
    pub module: ModuleId,
    /// The day it was completed.
    pub completed_on: NaiveDate,
    /// The last day it counts; none for ever.
    pub expires_on: Option<NaiveDate>,
}

impl Completion {
    /// Whether it counts on a date: from the day it was completed to its last day, both included.
    pub fn counts_on(&self, on: NaiveDate) -> bool {
        self.completed_on <= on && self.expires_on.is_none_or(|last| on <= last)
    }
}

/// How a module stands for a champion on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleStanding {
    /// Held on the date.
    Held { until: Option<NaiveDate> },
    /// Held once; this was its last day.
    Lapsed { last: NaiveDate },
    /// Not completed by the date.
    Never,
}

/// How a module stands by these completions on a date.
pub fn standing(module: ModuleId, completions: &[Completion], on: NaiveDate) -> ModuleStanding {
    let done: Vec<&Completion> = completions.iter().filter(|c| c.module == module && c.completed_on <= on).collect();
    let last_day = |c: &&&Completion| c.expires_on.unwrap_or(NaiveDate::MAX);
    match done.iter().max_by_key(last_day) {
        None => ModuleStanding::Never,
        Some(best) if best.counts_on(on) => ModuleStanding::Held { until: best.expires_on },
        Some(best) => ModuleStanding::Lapsed { last: best.expires_on.unwrap_or(NaiveDate::MAX) },
    }
}

/// A champion in the class that is marked.
#[derive(Clone, Debug)]
pub struct Learner {
    /// The champion.
    pub champion: ChampionId,
    /// The account they sign in with.
    pub account: Option<AccountId>,
    /// Where they stand.
    pub membership: Membership,
    /// What they hold.
    pub completions: Vec<Completion>,
}

/// What becomes of one learner.
#[derive(Clone, Debug, PartialEq)]
pub enum Marked {
    /// A new completion, with its last valid day.
    Complete { champion: ChampionId, expires_on: Option<NaiveDate> },
    /// The same completion is there already: marking twice is safe.
    Already { champion: ChampionId },
}

reasons! {
    /// Why a module can't be marked complete. The whole class is marked, or nobody is.
    CannotMark => TrainingCompletionRecordErrorCode {
        /// The module is not among the trainer's.
        NotYourModule { code: String } at "moduleId" => format!("You are not a trainer of {code}: ask a coordinator to assign it to you."),
        /// Nobody marks their own training.
        OwnTraining { index: usize } at format!("championIds.{index}") => "You can't mark your own training: ask another trainer.",
        /// The date lies in the future.
        InFuture { today: NaiveDate } at "completedOn" => format!("This lies in the future: give a date up to {today}."),
        /// A module that comes first was not held on that date.
        PrerequisiteMissing { index: usize, code: String } at format!("championIds.{index}") => format!("{code} has to be completed first, on or before this date."),
        /// The person has left, or was not taken on.
        NotAMember { index: usize, membership: Membership } at format!("championIds.{index}") => format!("This person is {membership}: take them off the list."),
        /// The list is empty, too long, or names somebody twice.
        ClassSize { most: usize } at "championIds" => format!("Name between 1 and {most} champions, each once."),
        /// Who was there is told from the list, so each line must be found.
        UnknownLearner { index: usize } at format!("championIds.{index}") => "There is no champion with this id: check the list.",
    } creates
}

/// The most champions marked at once.
pub const CLASS_LIMIT: usize = 50;

/// Who marks.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// The account that marks.
    pub account: AccountId,
    /// Whether the module is assigned to it.
    pub trains_module: bool,
}

/// Marks `module` complete for a class, or says everything that stands in the way.
///
/// `today` is the local date. `codes` names the prerequisites for the messages.
pub fn mark(
    module: &Module,
    codes: &HashMap<ModuleId, String>,
    class: &[Learner],
    marker: Marker,
    completed_on: NaiveDate,
    today: NaiveDate,
) -> Result<Vec<Marked>, Vec<CannotMark>> {
    let mut problems = Vec::new();
    if !marker.trains_module {
        problems.push(CannotMark::NotYourModule { code: module.code.clone() });
    }
    if completed_on > today {
        problems.push(CannotMark::InFuture { today });
    }
    let distinct: HashSet<ChampionId> = class.iter().map(|l| l.champion).collect();
    if class.is_empty() || class.len() > CLASS_LIMIT || distinct.len() < class.len() {
        problems.push(CannotMark::ClassSize { most: CLASS_LIMIT });
    }
    for (index, learner) in class.iter().enumerate() {
        problems.extend(learner_problems(module, codes, learner, index, marker, completed_on));
    }
    if problems.is_empty() { Ok(class.iter().map(|learner| mark_one(module, learner, completed_on)).collect()) } else { Err(problems) }
}

fn learner_problems(
    module: &Module,
    codes: &HashMap<ModuleId, String>,
    learner: &Learner,
    index: usize,
    marker: Marker,
    on: NaiveDate,
) -> Vec<CannotMark> {
    let mut problems = Vec::new();
    if learner.account == Some(marker.account) {
        problems.push(CannotMark::OwnTraining { index });
    }
    if !learner.membership.is_open() {
        problems.push(CannotMark::NotAMember { index, membership: learner.membership });
    }
    for needed in &module.prerequisites {
        if !matches!(standing(*needed, &learner.completions, on), ModuleStanding::Held { .. }) {
            problems.push(CannotMark::PrerequisiteMissing { index, code: codes.get(needed).cloned().unwrap_or_default() });
        }
    }
    problems
}

reasons! {
    /// Why the certificate of somebody else can't stand for a module.
    CannotStandFor => TrainingEquivalenceRecordErrorCode {
        /// The module is not among the trainer's.
        NotYourModule { code: String } at "moduleId" => format!("You are not a trainer of {code}: ask a coordinator to assign it to you."),
        /// Nobody marks their own training.
        OwnTraining at "championId" => "You can't mark your own training: ask another trainer.",
        /// The date lies in the future.
        InFuture { today: NaiveDate } at "issuedOn" => format!("This lies in the future: give a date up to {today}."),
        /// The certificate is over.
        Lapsed { last: NaiveDate } at "validUntil" => format!("This certificate was good until {last}: it can't stand for the module any more."),
        /// The dates are the wrong way round.
        Dates at "validUntil" => "A certificate can't end before it was issued: check the dates.",
        /// A module that comes first was not held on that date.
        PrerequisiteMissing { code: String } at "championId" => format!("{code} has to be completed first, on or before this date."),
        /// The person has left, or was not taken on.
        NotAMember { membership: Membership } at "championId" => format!("This person is {membership}: nothing is marked."),
        /// Something is recorded for this module and day.
        Already at "issuedOn" => "This module is marked for this day already.",
    } creates
}

/// Until when the certificate of somebody else stands for `module`: its own last day, or as long as the module itself would.
pub fn stand_for(
    module: &Module,
    codes: &HashMap<ModuleId, String>,
    learner: &Learner,
    marker: Marker,
    (issued_on, valid_until): (NaiveDate, Option<NaiveDate>),
    today: NaiveDate,
) -> Result<Option<NaiveDate>, Vec<CannotStandFor>> {
    let mut problems = Vec::new();
    if !marker.trains_module {
        problems.push(CannotStandFor::NotYourModule { code: module.code.clone() });
    }
    if learner.account == Some(marker.account) {
        problems.push(CannotStandFor::OwnTraining);
    }
    if issued_on > today {
        problems.push(CannotStandFor::InFuture { today });
    }
    let last = valid_until.or_else(|| module.valid_months.and_then(|months| add_months(issued_on, months)));
    match last {
        Some(last) if last < issued_on => problems.push(CannotStandFor::Dates),
        Some(last) if last < today => problems.push(CannotStandFor::Lapsed { last }),
        _ => {}
    }
    if !learner.membership.is_open() {
        problems.push(CannotStandFor::NotAMember { membership: learner.membership });
    }
    let missing =
        module.prerequisites.iter().filter(|m| !matches!(standing(**m, &learner.completions, issued_on), ModuleStanding::Held { .. }));
    problems.extend(missing.map(|m| CannotStandFor::PrerequisiteMissing { code: codes.get(m).cloned().unwrap_or_default() }));
    if learner.completions.iter().any(|c| c.module == module.id && c.completed_on == issued_on) {
        problems.push(CannotStandFor::Already);
    }
    if problems.is_empty() { Ok(last) } else { Err(problems) }
}

/// A renewal taken early never shortens what is there.
fn mark_one(module: &Module, learner: &Learner, completed_on: NaiveDate) -> Marked {
    let champion = learner.champion;
    let same: Vec<&Completion> = learner.completions.iter().filter(|c| c.module == module.id).collect();
    if same.iter().any(|c| c.completed_on == completed_on) {
        return Marked::Already { champion };
    }
    let own = module.valid_months.and_then(|months| add_months(completed_on, months));
    let kept = same.iter().filter(|c| c.completed_on <= completed_on).filter_map(|c| c.expires_on).max();
    Marked::Complete { champion, expires_on: own.map(|last| kept.map_or(last, |earlier| last.max(earlier))) }
}

/// The modules of a cycle, if `prerequisites` has one.
pub fn cycle(prerequisites: &HashMap<ModuleId, Vec<ModuleId>>) -> Option<Vec<ModuleId>> {
    let mut done = HashSet::new();
    let mut starts: Vec<&ModuleId> = prerequisites.keys().collect();
    starts.sort();
    starts.into_iter().find_map(|start| walk(*start, prerequisites, &mut Vec::new(), &mut done))
}

fn walk(
    at: ModuleId,
    graph: &HashMap<ModuleId, Vec<ModuleId>>,
    path: &mut Vec<ModuleId>,
    done: &mut HashSet<ModuleId>,
) -> Option<Vec<ModuleId>> {
    if let Some(seen) = path.iter().position(|m| *m == at) {
        return Some(path[seen..].to_vec());
    }
    if !done.insert(at) {
        return None;
    }
    path.push(at);
    let found = graph.get(&at).into_iter().flatten().find_map(|next| walk(*next, graph, path, done));
    path.pop();
    found
}

reasons! {
    /// Why a module can't be added.
    CannotAddModule => TrainingModuleCreateErrorCode {
        /// The code is taken.
        CodeTaken at "code" => "There is a module with this code: choose another.",
        /// The prerequisites would run in a circle.
        Cycle at "prerequisiteIds" => "These prerequisites run in a circle: leave one out.",
    } creates
}

reasons! {
    /// Why a completion can't be taken back.
    CannotRevoke => TrainingCompletionRevokeErrorCode {
        /// It was taken back before.
        AlreadyRevoked at "completionId" => "This completion was taken back before.",
        /// The module is not among the trainer's.
        NotYourModule { code: String } at "completionId" => format!("You are not a trainer of {code}."),
    }
}

reasons! {
    /// Why a trainer can't be assigned to a module.
    CannotAssignTrainer => TrainingTrainerAssignErrorCode {
        /// The account is no trainer.
        NotATrainer at "accountId" => "This account does not have the role TRAINER: an administrator can give it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn module(n: u128, months: Option<u32>, prerequisites: &[u128]) -> Module {
        Module {
            id: ModuleId(Uuid::from_u128(n)),
            code: format!("M{n}"),
            valid_months: months,
            prerequisites: prerequisites.iter().map(|p| ModuleId(Uuid::from_u128(*p))).collect(),
        }
    }

    fn learner(completions: Vec<Completion>) -> Learner {
        Learner {
            champion: ChampionId(Uuid::from_u128(7)),
            account: Some(AccountId(Uuid::from_u128(8))),
            membership: Membership::Approved,
            completions,
        }
    }

    fn held(module: &Module, on: &str, last: Option<&str>) -> Completion {
        Completion { module: module.id, completed_on: date(on), expires_on: last.map(date) }
    }

    const TRAINER: Marker = Marker { account: AccountId(Uuid::from_u128(1)), trains_module: true };

    fn mark_one(module: &Module, learner: &Learner, marker: Marker, on: &str) -> Result<Vec<Marked>, Vec<CannotMark>> {
        let codes = HashMap::from([(ModuleId(Uuid::from_u128(2)), "M2".to_owned())]);
        mark(module, &codes, std::slice::from_ref(learner), marker, date(on), date("2026-11-21"))
    }

    #[test]
    fn a_completion_lasts_to_the_same_day_and_29_february_to_the_28th() {
        let yearly = module(1, Some(12), &[]);
        for (on, last) in [("2026-11-21", "2027-11-21"), ("2024-02-29", "2025-02-28")] {
            let marked = mark_one(&yearly, &learner(vec![]), TRAINER, on).expect("marked");
            assert_eq!(marked, [Marked::Complete { champion: learner(vec![]).champion, expires_on: Some(date(last)) }]);
        }
    }

    #[test]
    fn a_module_without_validity_is_held_for_ever() {
        let marked = mark_one(&module(1, None, &[]), &learner(vec![]), TRAINER, "2026-11-21").expect("marked");
        assert_eq!(marked, [Marked::Complete { champion: learner(vec![]).champion, expires_on: None }]);
        let held = held(&module(1, None, &[]), "1990-01-01", None);
        assert_eq!(standing(held.module, std::slice::from_ref(&held), date("2090-01-01")), ModuleStanding::Held { until: None });
    }

    #[test]
    fn nothing_is_marked_in_the_future() {
        let m = module(1, None, &[]);
        assert!(mark_one(&m, &learner(vec![]), TRAINER, "2026-11-21").is_ok(), "today is not");
        let tomorrow = mark_one(&m, &learner(vec![]), TRAINER, "2026-11-22");
        assert_eq!(tomorrow, Err(vec![CannotMark::InFuture { today: date("2026-11-21") }]));
    }

    #[test]
    fn an_early_renewal_never_shortens() {
        let m = module(1, Some(12), &[]);
        let longer = learner(vec![held(&m, "2026-01-01", Some("2029-01-01"))]);
        let marked = mark_one(&m, &longer, TRAINER, "2026-11-01").expect("marked");
        assert_eq!(marked, [Marked::Complete { champion: longer.champion, expires_on: Some(date("2029-01-01")) }]);
    }

    #[test]
    fn a_certificate_stands_until_its_own_date() {
        let m = module(1, Some(12), &[2]);
        let holds = learner(vec![held(&module(2, None, &[]), "2020-01-01", None)]);
        let codes = HashMap::from([(ModuleId(Uuid::from_u128(2)), "M2".to_owned())]);
        let today = date("2026-11-21");
        let judged =
            |who: &Learner, by: Marker, on: &str, until: Option<&str>| stand_for(&m, &codes, who, by, (date(on), until.map(date)), today);
        for (on, until, expected) in [
            ("2025-01-10", Some("2028-01-10"), Ok(Some(date("2028-01-10")))),
            ("2026-01-10", None, Ok(Some(date("2027-01-10")))),
            ("2025-01-10", Some("2026-11-21"), Ok(Some(today))),
            ("2025-01-10", Some("2026-11-20"), Err(vec![CannotStandFor::Lapsed { last: date("2026-11-20") }])),
            ("2026-11-22", Some("2028-01-01"), Err(vec![CannotStandFor::InFuture { today }])),
            ("2026-01-10", Some("2026-01-09"), Err(vec![CannotStandFor::Dates])),
            ("2019-01-10", Some("2028-01-09"), Err(vec![CannotStandFor::PrerequisiteMissing { code: "M2".into() }])),
        ] {
            assert_eq!(judged(&holds, TRAINER, on, until), expected, "{on} {until:?}");
        }
        let own = Marker { account: AccountId(Uuid::from_u128(8)), trains_module: false };
        let problems = judged(&holds, own, "2026-01-10", None).expect_err("refused");
        assert_eq!(problems, [CannotStandFor::NotYourModule { code: "M1".into() }, CannotStandFor::OwnTraining]);
    }

    #[test]
    fn marking_twice_is_safe() {
        let m = module(1, Some(12), &[]);
        let done = learner(vec![held(&m, "2026-11-01", Some("2027-11-01"))]);
        assert_eq!(mark_one(&m, &done, TRAINER, "2026-11-01"), Ok(vec![Marked::Already { champion: done.champion }]));
    }

    #[test]
    fn what_stands_in_the_way_is_said_all_at_once() {
        let m = module(1, None, &[2]);
        let marker = Marker { account: AccountId(Uuid::from_u128(8)), trains_module: false };
        let problems = mark_one(&m, &learner(vec![]), marker, "2026-11-22").expect_err("refused");
        assert_eq!(
            problems,
            [
                CannotMark::NotYourModule { code: "M1".into() },
                CannotMark::InFuture { today: date("2026-11-21") },
                CannotMark::OwnTraining { index: 0 },
                CannotMark::PrerequisiteMissing { index: 0, code: "M2".into() },
            ]
        );
    }

    #[test]
    fn a_prerequisite_completed_later_or_lapsed_does_not_count() {
        let (m, first) = (module(1, None, &[2]), module(2, Some(12), &[]));
        for (completion, allowed) in [
            (held(&first, "2026-11-20", None), true),
            (held(&first, "2026-11-21", None), false),
            (held(&first, "2025-11-19", Some("2026-11-19")), false),
            (held(&first, "2025-11-20", Some("2026-11-20")), true),
        ] {
            assert_eq!(mark_one(&m, &learner(vec![completion.clone()]), TRAINER, "2026-11-20").is_ok(), allowed, "{completion:?}");
        }
    }

    #[test]
    fn cycles_are_found() {
        let id = |n| ModuleId(Uuid::from_u128(n));
        let chain = HashMap::from([(id(1), vec![id(2), id(3)]), (id(2), vec![id(3)])]);
        assert_eq!(cycle(&chain), None, "a diamond is no cycle");
        let ring = HashMap::from([(id(1), vec![id(2)]), (id(2), vec![id(3)]), (id(3), vec![id(1)])]);
        assert_eq!(cycle(&ring).map(|c| c.len()), Some(3));
        assert_eq!(cycle(&HashMap::from([(id(1), vec![id(1)])])), Some(vec![id(1)]));
    }
}

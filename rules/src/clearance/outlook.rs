//! Clearance ahead of time: when the verdict changes, and which promises it will break.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::{ClearanceRecord, Gap, gaps};
use crate::calendar::add_months;
use crate::id::{AssignmentId, ChampionId};
use crate::matching::{Blocker, Remedy};
use crate::session::SessionNeed;

/// A stretch of days with one verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub until: NaiveDate,
    /// What is missing throughout; empty means cleared.
    pub gaps: Vec<Gap>,
}

/// The verdict on every day from `from` to `until`, both included, by what is known now.
///
/// Judged only on the days on which it can change: a property test holds that to a verdict for each day.
pub fn timeline(need: &SessionNeed, record: &ClearanceRecord, from: NaiveDate, until: NaiveDate) -> Vec<Period> {
    let mut turns: BTreeSet<NaiveDate> = turning_points(need, record).into_iter().filter(|day| from < *day && *day <= until).collect();
    turns.insert(from);
    let mut asked = need.clone();
    let mut periods: Vec<Period> = Vec::new();
    for day in turns {
        asked.date = day;
        let gaps = gaps(&asked, record);
        match periods.last_mut() {
            Some(last) if last.gaps == gaps => {}
            Some(last) => {
                last.until = day - Days::new(1);
                periods.push(Period { from: day, until, gaps });
            }
            None => periods.push(Period { from: day, until, gaps }),
        }
    }
    periods
}

/// Every day on which the verdict may differ from the day before.
fn turning_points(need: &SessionNeed, record: &ClearanceRecord) -> Vec<NaiveDate> {
    let after = |day: NaiveDate| day.checked_add_days(Days::new(1));
    let mut days: Vec<Option<NaiveDate>> = Vec::new();
    // A birthday of 29 February falls on 1 March in a common year, which is the day after.
    for birthday in (1..=18u32).filter_map(|age| add_months(record.birth_date?, 12 * age)) {
        days.extend([Some(birthday), after(birthday)]);
    }
    for completion in &record.completions {
        days.extend([Some(completion.completed_on), completion.expires_on.and_then(after)]);
    }
    for requirement in need.requirements.iter() {
        days.extend([Some(requirement.in_force_from), requirement.superseded_on]);
        let last_days = record.evidence.iter().filter(|e| e.kind == requirement.kind);
        days.extend(last_days.map(|e| add_months(e.given_on, requirement.valid_months?).and_then(after)));
    }
    days.extend(record.evidence.iter().map(|e| Some(e.given_on)));
    days.extend(record.exemptions.iter().flat_map(|e| [Some(e.from), after(e.until)]));
    days.extend(record.accepted.iter().map(|word| Some(word.since)));
    days.extend(record.checks.iter().flat_map(|c| [c.decided_on, c.recheck_due_on.and_then(after)]));
    for date in &record.child_dates {
        let (thirty, a_day_less) = (Days::new(30), Days::new(29));
        days.extend([date.checked_sub_days(a_day_less), Some(*date), after(*date), date.checked_add_days(thirty)]);
    }
    days.into_iter().flatten().collect()
}

/// The last day of an unbroken clearance that holds on `from`; none if it does not hold, or holds beyond `until`.
pub fn cleared_until(periods: &[Period], until: NaiveDate) -> Option<NaiveDate> {
    periods.first().filter(|p| p.gaps.is_empty() && p.until < until).map(|p| p.until)
}

/// A promise that what is known now will break on its date.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// The assignment.
    pub assignment: AssignmentId,
    /// Whose.
    pub champion: ChampionId,
    /// The session's date.
    pub on: NaiveDate,
    /// What will be missing.
    pub gaps: Vec<Gap>,
}

/// One thing to be done for one champion, and the promises it helps to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Prevention {
    /// For whom.
    pub champion: ChampionId,
    /// What.
    pub remedy: Remedy,
    /// The date of the first session it serves.
    pub by: NaiveDate,
    /// The assignments it serves, in the order given.
    pub serves: Vec<AssignmentId>,
    /// Those of them that need nothing else.
    pub alone: Vec<AssignmentId>,
}

/// What would prevent the breaks: what serves most first, then what is due first.
pub fn preventions(breaks: &[Break]) -> Vec<Prevention> {
    let mut by_remedy: BTreeMap<(ChampionId, Remedy), Prevention> = BTreeMap::new();
    for one in breaks {
        let remedies: Option<BTreeSet<Remedy>> = one.gaps.iter().map(|gap| Blocker::Clearance(gap.clone()).remedy()).collect();
        // Where one thing has no remedy the others would be done for nothing.
        let Some(remedies) = remedies else { continue };
        let alone = remedies.len() == 1;
        for remedy in remedies {
            let found = by_remedy.entry((one.champion, remedy.clone())).or_insert_with(|| Prevention {
                champion: one.champion,
                remedy,
                by: one.on,
                serves: Vec::new(),
                alone: Vec::new(),
            });
            found.by = found.by.min(one.on);
            found.serves.push(one.assignment);
            found.alone.extend(alone.then_some(one.assignment));
        }
    }
    let mut all: Vec<Prevention> = by_remedy.into_values().collect();
    all.sort_by(|a, b| b.serves.len().cmp(&a.serves.len()).then(a.by.cmp(&b.by)).then(a.champion.cmp(&b.champion)));
    all
}

#[cfg(test)]
mod tests;

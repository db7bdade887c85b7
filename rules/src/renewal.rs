//! Warnings before training lapses: at 60, 30 and 7 days, each once; a renewal taken early stops them.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::id::ModuleId;
use crate::training::Completion;

/// How many days before the last day somebody is warned.
pub const DAYS: [i32; 3] = [60, 30, 7];

/// The warnings that are due of one champion's completions, as index and days. `sent` holds those that went out.
///
/// Only the completion a module rests on is warned of. Where more than one warning was missed, the nearest goes out alone.
pub fn due(completions: &[Completion], sent: &HashSet<(usize, i32)>, today: NaiveDate) -> Vec<(usize, i32)> {
    let modules: HashSet<ModuleId> = completions.iter().map(|c| c.module).collect();
    let mut due: Vec<(usize, i32)> = modules.into_iter().filter_map(|module| of(module, completions, sent, today)).collect();
    due.sort_unstable();
    due
}

fn of(module: ModuleId, completions: &[Completion], sent: &HashSet<(usize, i32)>, today: NaiveDate) -> Option<(usize, i32)> {
    let theirs = completions.iter().enumerate().filter(|(_, c)| c.module == module);
    let (index, best) = theirs.max_by_key(|(_, c)| c.expires_on.unwrap_or(NaiveDate::MAX))?;
    let left = i32::try_from((best.expires_on? - today).num_days()).ok()?;
    let days = DAYS.into_iter().filter(|days| (0..=*days).contains(&left)).min()?;
    let later = DAYS.into_iter().filter(|d| *d <= days).any(|d| sent.contains(&(index, d)));
    (!later).then_some((index, days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use uuid::Uuid;

    const LAST: NaiveDate = NaiveDate::from_ymd_opt(2027, 6, 30).expect("a date");

    fn completion(module: u128, last: Option<NaiveDate>) -> Completion {
        Completion { module: ModuleId(Uuid::from_u128(module)), completed_on: LAST - Days::new(365), expires_on: last }
    }

    /// Day by day over a hundred days: which warnings go out, with how many days left.
    fn year(completions: &[Completion], look: impl Fn(u64) -> bool) -> Vec<(u64, usize, i32)> {
        let (mut sent, mut log) = (HashSet::new(), Vec::new());
        for left in (0..100).rev().filter(|left| look(*left)) {
            for warning in due(completions, &sent, LAST - Days::new(left)) {
                sent.insert(warning);
                log.push((left, warning.0, warning.1));
            }
        }
        log
    }

    #[test]
    fn sixty_thirty_and_seven_days_before_each_once() {
        assert_eq!(year(&[completion(1, Some(LAST))], |_| true), [(60, 0, 60), (30, 0, 30), (7, 0, 7)]);
        assert_eq!(year(&[completion(1, None)], |_| true), [], "what never lapses is not warned of");
    }

    #[test]
    fn what_was_missed_is_not_made_up_for_but_for_the_nearest() {
        assert_eq!(year(&[completion(1, Some(LAST))], |left| left <= 20), [(20, 0, 30), (7, 0, 7)]);
        assert_eq!(year(&[completion(1, Some(LAST))], |left| left <= 3), [(3, 0, 7)]);
    }

    #[test]
    fn a_renewal_taken_early_stops_the_warnings() {
        let renewed = [completion(1, Some(LAST)), completion(1, Some(LAST + Days::new(365))), completion(2, Some(LAST))];
        assert_eq!(year(&renewed, |_| true), [(60, 2, 60), (30, 2, 30), (7, 2, 7)], "the other module is warned of");
    }

    #[test]
    fn nobody_is_warned_of_what_has_lapsed() {
        assert_eq!(due(&[completion(1, Some(LAST))], &HashSet::new(), LAST + Days::new(1)), []);
    }
}

//! Days in 16 bits, so that a column of fifty thousand fits the cache.

use chrono::NaiveDate;

use crate::calendar::add_months;

/// Days since Monday, 1 January 1900.
pub(super) type Day = u16;

/// Later than every day that is asked about: "not yet" as a first day, "for ever" as a last.
pub(super) const LATEST: Day = u16::MAX;

const BASE: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date");

/// Days since the base, of either sign.
pub(super) fn number(date: NaiveDate) -> i64 {
    (date - BASE).num_days()
}

/// The nearest day there is: days before 1900 become its first, and far ones lie after every day asked about.
pub(super) fn nearest(date: NaiveDate) -> Day {
    number(date).clamp(1, i64::from(LATEST) - 1) as Day
}

/// A day that may be asked about: from 1970 to 2077, so that nothing near it was moved by [`nearest`].
pub(super) fn asked(date: NaiveDate) -> Option<Day> {
    Day::try_from(number(date)).ok().filter(|day| (25_567..65_000).contains(day))
}

/// The date of a day.
pub(super) fn date(day: Day) -> NaiveDate {
    BASE + chrono::Days::new(u64::from(day))
}

/// The first day from which something that lasts so many months still counts on a day.
pub(super) fn first_lasting(on: NaiveDate, months: u32) -> Option<Day> {
    let about = on.checked_sub_months(chrono::Months::new(months))?;
    let days = about.checked_sub_days(chrono::Days::new(4))?.iter_days().take(9);
    // Months differ in length: a day or three more may be needed to reach past the end of February.
    let first = days.into_iter().find(|day| add_months(*day, months).is_some_and(|until| on <= until))?;
    Day::try_from(number(first)).ok().filter(|day| *day > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_lasting_day_lasts_and_the_day_before_does_not(day in 26_000u16..60_000, months in 1u32..130) {
            let on = date(day);
            let first = date(first_lasting(on, months).expect("after 1900"));
            prop_assert!(add_months(first, months).expect("a date") >= on);
            prop_assert!(add_months(first.pred_opt().expect("a date"), months).expect("a date") < on);
        }
    }
}

//! Bank holidays: data, not arithmetic, since they are proclaimed. Each group says what they mean to it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::NaiveDate;

use crate::vocabulary::vocabulary;

vocabulary! {
    /// What a bank holiday means to the series of a group.
    BankHolidayPolicy {
        /// Nobody meets: there is no session that day.
        Skip = "SKIP",
        /// The session is held as on any other day.
        Run = "RUN",
        /// A leader is asked; until somebody has answered, nobody is asked to come.
        Ask = "ASK",
    }
}

const ENGLAND_AND_WALES: &str = include_str!("../data/bank_holidays_england_and_wales.csv");

static DAYS: LazyLock<BTreeSet<NaiveDate>> = LazyLock::new(|| {
    let date = |line: &str| line.split(',').next().and_then(|date| date.parse().ok());
    ENGLAND_AND_WALES.lines().skip(1).filter_map(date).collect()
});

/// Whether a date is a bank holiday in England and Wales. Past the last year of the data, no date is.
pub fn is_bank_holiday(date: NaiveDate) -> bool {
    DAYS.contains(&date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_substitute_days_are_known_and_a_saturday_is_none() {
        for (date, holiday) in [
            ("2026-12-25", true),
            ("2026-12-26", false),
            ("2026-12-28", true),
            ("2027-03-26", true),
            ("2027-12-25", false),
            ("2027-12-27", true),
            ("2028-01-03", true),
            ("2028-12-26", true),
        ] {
            assert_eq!(is_bank_holiday(date.parse().expect("a date")), holiday, "{date}");
        }
        assert_eq!(DAYS.len(), ENGLAND_AND_WALES.lines().count() - 1, "every line is a date");
    }
}

//! Dates that clock changes and bank holidays touch, rules that are refused, and properties over two hemispheres.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::session::span;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn plan(rule: &str, first: &str, holidays: BankHolidayPolicy) -> Plan {
    let pattern = Pattern::read("rule", rule, date(first)).expect("a rule");
    Plan { pattern, skipped: Vec::new(), added: Vec::new(), holidays, closures: Vec::new() }
}

/// The starts of a series at 18:00 in London.
fn starts(plan: &Plan, from: &str, to: &str) -> Vec<String> {
    let six = NaiveTime::from_hms_opt(18, 0, 0).expect("a time");
    let start = |one: Occurrence| span(one.on, six, 120, chrono_tz::Europe::London).from.to_rfc3339();
    occurrences(plan, date(from), date(to)).into_iter().map(start).collect()
}

#[test]
fn a_weekly_six_o_clock_stays_six_o_clock_across_28_march_and_31_october_2027() {
    let sundays = plan("FREQ=WEEKLY;BYDAY=SU", "2027-03-14", BankHolidayPolicy::Run);
    let spring = ["2027-03-21T18:00:00+00:00", "2027-03-28T17:00:00+00:00", "2027-04-04T17:00:00+00:00"];
    assert_eq!(starts(&sundays, "2027-03-21", "2027-04-04"), spring);
    let autumn = ["2027-10-24T17:00:00+00:00", "2027-10-31T18:00:00+00:00", "2027-11-07T18:00:00+00:00"];
    assert_eq!(starts(&sundays, "2027-10-24", "2027-11-07"), autumn);
}

#[test]
fn a_fortnightly_series_keeps_its_step_across_28_march_and_31_october_2027() {
    let fortnightly = plan("FREQ=WEEKLY;INTERVAL=2", "2027-03-14", BankHolidayPolicy::Run);
    let spring = ["2027-03-14T18:00:00+00:00", "2027-03-28T17:00:00+00:00", "2027-04-11T17:00:00+00:00"];
    assert_eq!(starts(&fortnightly, "2027-03-14", "2027-04-12"), spring);
    let autumn = ["2027-10-24T17:00:00+00:00", "2027-11-07T18:00:00+00:00"];
    assert_eq!(starts(&fortnightly, "2027-10-20", "2027-11-08"), autumn);
    let on_the_day = plan("FREQ=WEEKLY;INTERVAL=2", "2027-10-17", BankHolidayPolicy::Run);
    assert_eq!(starts(&on_the_day, "2027-10-17", "2027-11-01"), ["2027-10-17T17:00:00+00:00", "2027-10-31T18:00:00+00:00"]);
}

#[test]
fn the_bank_holiday_of_28_december_2026_is_skipped_held_or_asked_about() {
    let mondays = |policy| {
        let found = occurrences(&plan("FREQ=WEEKLY", "2026-12-21", policy), date("2026-12-21"), date("2027-01-04"));
        found.into_iter().map(|one| (one.on.to_string(), one.asks)).collect::<Vec<_>>()
    };
    let all = |asks| [("2026-12-21", false), ("2026-12-28", asks), ("2027-01-04", false)].map(|(on, asks)| (on.to_owned(), asks));
    assert_eq!(mondays(BankHolidayPolicy::Run), all(false));
    assert_eq!(mondays(BankHolidayPolicy::Ask), all(true));
    assert_eq!(mondays(BankHolidayPolicy::Skip), [all(false)[0].clone(), all(false)[2].clone()]);
}

#[test]
fn what_somebody_put_in_wins_over_closures_and_what_they_took_out_over_all() {
    let mut weekly = plan("FREQ=WEEKLY", "2026-12-07", BankHolidayPolicy::Skip);
    weekly.closures = vec![Closure { from: date("2026-12-19"), until: date("2027-01-03") }];
    weekly.added = vec![date("2026-12-28"), date("2026-12-30")];
    weekly.skipped = vec![date("2026-12-14"), date("2026-12-30")];
    let found: Vec<_> = occurrences(&weekly, date("2026-12-01"), date("2027-01-11")).into_iter().map(|one| one.on.to_string()).collect();
    assert_eq!(found, ["2026-12-07", "2026-12-28", "2027-01-04", "2027-01-11"]);
}

#[test]
fn counts_and_ends_become_a_last_date() {
    for (rule, first, until) in [
        ("FREQ=WEEKLY;COUNT=3", "2026-12-07", Some("2026-12-21")),
        ("FREQ=WEEKLY;UNTIL=20261225", "2026-12-07", Some("2026-12-25")),
        ("FREQ=WEEKLY;UNTIL=20261225T180000Z", "2026-12-07", Some("2026-12-25")),
        ("rrule:freq=monthly;byday=-1FR;count=2", "2026-11-27", Some("2026-12-25")),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-12-08", None),
    ] {
        let pattern = Pattern::read("rule", rule, date(first)).expect(rule);
        assert_eq!(pattern.until, until.map(date), "{rule}");
        assert!(!pattern.rule.contains("COUNT") && !pattern.rule.contains("UNTIL"), "{}", pattern.rule);
        let again = Pattern::read("rule", &pattern.rule, date(first)).expect("what we write we read");
        assert_eq!(again.rule, pattern.rule);
        assert!(pattern.begins_on_its_first_date(), "{rule}");
    }
    let monthly = Pattern::read("rule", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", date("2026-11-30")).expect("a rule");
    assert_eq!(monthly.dates(date("2026-11-01"), date("2027-01-31")), ["2026-11-30", "2026-12-31", "2027-01-29"].map(date));
}

#[test]
fn a_series_cut_at_one_of_its_dates_goes_on_as_before() {
    for rule in ["FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=2MO", "FREQ=DAILY;INTERVAL=5"] {
        let whole = Pattern::read("rule", rule, date("2026-12-14")).expect("a rule");
        let dates = whole.dates(date("2026-12-01"), date("2027-12-01"));
        let rest = Pattern { first: dates[3], ..whole };
        assert_eq!(rest.dates(date("2026-12-01"), date("2027-12-01")), dates[3..], "{rule}");
    }
}

#[test]
fn wrong_and_hostile_rules_are_refused_at_once_and_say_what_to_write() {
    let long = format!("FREQ=WEEKLY;BYDAY={}", "MO,".repeat(100));
    for (rule, says) in [
        ("", "FREQ=WEEKLY"),
        (long.as_str(), "characters"),
        ("FREQ=SECONDLY", "DAILY, WEEKLY or MONTHLY"),
        ("FREQ=MINUTELY;INTERVAL=1", "DAILY, WEEKLY or MONTHLY"),
        ("FREQ=HOURLY", "DAILY, WEEKLY or MONTHLY"),
        ("FREQ=YEARLY", "DAILY, WEEKLY or MONTHLY"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=WEEKLY;BYHOUR=1,2,3", "startTime"),
        ("FREQ=WEEKLY;COUNT=1000000000", "from 1 to 366"),
        ("FREQ=WEEKLY;INTERVAL=0", "from 1 to 52"),
        ("FREQ=WEEKLY;INTERVAL=-1", "from 1 to 52"),
        ("FREQ=WEEKLY;COUNT=2;COUNT=3", "twice"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20270101", "not both"),
        ("FREQ=WEEKLY;UNTIL=20260101", "before the first date"),
        ("FREQ=WEEKLY;UNTIL=99999999", "date like"),
        ("FREQ=WEEKLY;BYDAY=2MO", "FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYDAY=XX", "like MO"),
        ("FREQ=WEEKLY;BYDAY=é", "like MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS picks"),
        ("FREQ=WEEKLY\r\nEXRULE:FREQ=DAILY", "DAILY, WEEKLY or MONTHLY"),
        ("<script>=1", "script is not taken"),
        ("FREQ", "NAME=VALUE"),
    ] {
        let refused = Pattern::read("rule", rule, date("2026-12-07")).map_err(|wrong| (wrong.field, wrong.message));
        let (field, message) = refused.expect_err(rule);
        assert_eq!(field, ["rule"]);
        assert!(message.to_lowercase().contains(&says.to_lowercase()), "{rule}: {message}");
    }
    for never in
        ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "FREQ=DAILY;INTERVAL=52;BYMONTH=2;BYMONTHDAY=31"]
    {
        let pattern = Pattern::read("rule", never, date("2027-02-01")).expect("it can be read");
        assert!(!pattern.begins_on_its_first_date(), "{never}");
        assert!(pattern.dates(date("2027-02-01"), date("2028-02-01")).is_empty());
    }
}

#[test]
fn the_law_counts_a_series_as_frequent_from_once_a_week_or_four_days_in_thirty() {
    for (rule, frequent) in [
        ("FREQ=WEEKLY", true),
        ("FREQ=WEEKLY;COUNT=2", true),
        ("FREQ=DAILY;INTERVAL=7", true),
        ("FREQ=WEEKLY;INTERVAL=2", false),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU", true),
        ("FREQ=MONTHLY;BYDAY=1MO,2MO,3MO,4MO", true),
        ("FREQ=MONTHLY", false),
    ] {
        assert_eq!(Pattern::read("rule", rule, date("2026-12-07")).expect("a rule").is_frequent(), frequent, "{rule}");
    }
}

#[test]
fn a_move_is_refused_with_everything_that_is_wrong() {
    let span = |from: &str, until: &str| Span { from: at(from), until: at(until) };
    let step = Move {
        was: span("2026-12-07T18:00:00Z", "2026-12-07T20:00:00Z"),
        to: span("2026-12-08T18:00:00Z", "2026-12-08T20:00:00Z"),
        modality: Modality::InPerson,
        has_venue: true,
    };
    let now = at("2026-12-01T09:00:00Z");
    assert_eq!(move_session(SessionStatus::Scheduled, step, now), Ok(()));
    assert_eq!(move_session(SessionStatus::ToConfirm, step, now), Ok(()), "it may be moved off the holiday");
    assert_eq!(move_session(SessionStatus::Cancelled, step, now), Err(vec![CannotMove::Cancelled]));
    let wrong = Move { to: span("2026-11-30T18:00:00Z", "2026-11-30T18:00:00Z"), has_venue: false, ..step };
    assert_eq!(move_session(SessionStatus::Scheduled, wrong, step.was.from).expect_err("refused").len(), 4);
}

#[test]
fn an_offer_follows_its_session_or_lapses() {
    let now = at("2026-12-01T09:00:00Z");
    for (expires, starts, expected) in [
        ("2026-12-05T09:00:00Z", "2026-12-07T18:00:00Z", Some("2026-12-05T09:00:00Z")),
        ("2026-12-05T09:00:00Z", "2026-12-03T18:00:00Z", Some("2026-12-03T17:45:00Z")),
        ("2026-12-05T09:00:00Z", "2026-12-01T09:10:00Z", None),
        ("2026-11-30T09:00:00Z", "2026-12-07T18:00:00Z", None),
    ] {
        assert_eq!(offer_follows(at(expires), at(starts), now), expected.map(at), "{expires} {starts}");
    }
}

#[test]
fn closures_have_an_order_a_length_and_a_future() {
    let today = date("2026-11-21");
    for (from, until, fits) in [
        ("2026-12-19", "2027-01-03", true),
        ("2026-11-01", "2026-11-21", true),
        ("2026-12-19", "2026-12-18", false),
        ("2026-11-01", "2026-11-20", false),
        ("2026-12-19", "2028-12-19", false),
    ] {
        assert_eq!(close(Closure { from: date(from), until: date(until) }, today).is_ok(), fits, "{from} {until}");
    }
}

const ZONES: [Tz; 3] = [chrono_tz::Europe::London, chrono_tz::America::Santiago, chrono_tz::Pacific::Auckland];

proptest! {
    /// Whatever the rule, zone and time: each date once and in order, inside what was asked, on the wall clock as it was written (or
    /// moved forward within a gap), and the same whether the calendar is filled at once or week by week.
    #[test]
    fn occurrences_are_the_same_however_the_calendar_is_filled(
        zone in prop::sample::select(&ZONES[..]),
        frequency in prop::sample::select(&["DAILY", "WEEKLY", "MONTHLY"][..]),
        interval in 1_u16..6,
        offset in 0_u64..365,
        minutes in 0_i64..1440,
        policy in prop::sample::select(BankHolidayPolicy::ALL),
        closed in 0_u64..300,
    ) {
        let first = date("2026-12-01") + Days::new(offset);
        let from = date("2026-12-01") + Days::new(closed);
        let pattern = Pattern::read("rule", &format!("FREQ={frequency};INTERVAL={interval}"), first).expect("a rule");
        let closures = vec![Closure { from, until: from + Days::new(14) }];
        let plan = Plan { pattern, skipped: vec![first + Days::new(7)], added: vec![first + Days::new(3)], holidays: policy, closures };
        let end = first + Days::new(400);
        let whole = occurrences(&plan, first, end);
        prop_assert!(whole.windows(2).all(|two| two[0].on < two[1].on));
        let mut bit_by_bit = Vec::new();
        let mut day = first;
        while day <= end {
            bit_by_bit.extend(occurrences(&plan, day, (day + Days::new(6)).min(end)));
            day = day + Days::new(7);
        }
        prop_assert_eq!(&whole, &bit_by_bit);
        let time = NaiveTime::MIN + TimeDelta::minutes(minutes);
        for one in whole {
            let local = span(one.on, time, 60, zone).from.with_timezone(&zone).naive_local();
            let late = local - one.on.and_time(time);
            prop_assert!(late >= TimeDelta::zero() && late <= TimeDelta::hours(1), "{} {} in {}: {}", one.on, time, zone, local);
            prop_assert!(!one.asks || (policy == BankHolidayPolicy::Ask && is_bank_holiday(one.on)));
        }
    }
}

#[test]
fn a_date_comes_back_that_a_closure_alone_took_away() {
    use crate::life::SessionEvent::{AskAgain, Confirm, Reopen};
    use SessionStatus::{Cancelled, Scheduled, ToConfirm};
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let (now, ahead, over) = (at("2026-12-01T09:00:00Z"), at("2026-12-28T10:00:00Z"), at("2026-12-01T08:00:00Z"));
    let held = |asks| Some(Occurrence { on: ahead.date_naive(), asks });
    for (status, closed, held, starts, expected) in [
        (Cancelled, true, held(false), ahead, Some(Reopen)),
        (Cancelled, true, held(true), ahead, Some(AskAgain)),
        (Cancelled, false, held(false), ahead, None),
        (Cancelled, true, None, ahead, None),
        (Cancelled, true, held(false), over, None),
        (ToConfirm, false, held(false), ahead, Some(Confirm)),
        (ToConfirm, false, held(true), ahead, None),
        (ToConfirm, false, None, ahead, None),
        (Scheduled, false, held(false), ahead, None),
        (Scheduled, false, None, ahead, None),
    ] {
        assert_eq!(comes_back(status, closed, held, starts, now), expected, "{status}, closed {closed}, {held:?}");
    }
}

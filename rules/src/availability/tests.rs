use super::*;
use chrono::NaiveDateTime;

const LONDON: Tz = chrono_tz::Europe::London;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").expect("a time")
}

fn span(from: &str, until: &str) -> Span {
    let at = |text| resolve(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time"), LONDON);
    Span { from: at(from), until: at(until) }
}

fn weekly(weekday: Weekday, starts: &str, ends: &str) -> Window {
    Window {
        weekday,
        starts: time(starts),
        ends: time(ends),
        zone: LONDON,
        every_weeks: 1,
        valid_from: date("2026-01-01"),
        valid_until: None,
        modality: None,
    }
}

#[test]
fn a_window_covers_what_lies_inside_it() {
    let windows = [weekly(Weekday::Tuesday, "09:00", "12:00")];
    for (from, until, expected) in [
        ("2026-11-24 09:00", "2026-11-24 12:00", Verdict::Free),
        ("2026-11-24 10:00", "2026-11-24 11:00", Verdict::Free),
        ("2026-11-24 08:59", "2026-11-24 11:00", Verdict::Uncovered),
        ("2026-11-24 11:00", "2026-11-24 12:01", Verdict::Uncovered),
        ("2026-11-25 10:00", "2026-11-25 11:00", Verdict::Uncovered),
    ] {
        assert_eq!(verdict(&windows, &[], span(from, until)), expected, "{from}");
    }
}

#[test]
fn a_weekly_evening_stays_at_its_hour_across_both_clock_changes_of_2027() {
    let windows = [weekly(Weekday::Sunday, "18:00", "20:00")];
    for day in ["2027-03-21", "2027-03-28", "2027-10-24", "2027-10-31"] {
        assert_eq!(verdict(&windows, &[], span(&format!("{day} 18:00"), &format!("{day} 20:00"))), Verdict::Free, "{day}");
        assert_eq!(verdict(&windows, &[], span(&format!("{day} 17:00"), &format!("{day} 19:00"))), Verdict::Uncovered, "{day}");
    }
}

#[test]
fn windows_that_touch_count_as_one() {
    let windows = [weekly(Weekday::Tuesday, "12:00", "15:00"), weekly(Weekday::Tuesday, "09:00", "12:00")];
    assert_eq!(verdict(&windows, &[], span("2026-11-24 11:00", "2026-11-24 13:00")), Verdict::Free);
    let night = [weekly(Weekday::Tuesday, "20:00", "00:00"), weekly(Weekday::Wednesday, "00:00", "02:00")];
    assert_eq!(verdict(&night, &[], span("2026-11-24 23:00", "2026-11-25 01:00")), Verdict::Free);
}

#[test]
fn every_other_week_counts_from_the_week_it_starts() {
    let window = Window { every_weeks: 2, valid_from: date("2026-11-24"), ..weekly(Weekday::Tuesday, "09:00", "12:00") };
    for (day, expected) in [
        ("2026-11-17", Verdict::Uncovered),
        ("2026-11-24", Verdict::Free),
        ("2026-12-01", Verdict::Uncovered),
        ("2026-12-08", Verdict::Free),
    ] {
        assert_eq!(verdict(std::slice::from_ref(&window), &[], span(&format!("{day} 10:00"), &format!("{day} 11:00"))), expected, "{day}");
    }
}

fn days(from: &str, until: &str) -> Span {
    span(&format!("{from} 00:00"), &format!("{until} 00:00"))
}

#[test]
fn a_fortnightly_evening_keeps_its_hour_and_its_weeks_across_both_clock_changes_of_2027() {
    let window = Window { every_weeks: 2, valid_from: date("2027-03-14"), ..weekly(Weekday::Sunday, "18:00", "20:00") };
    let found = |from, until| -> Vec<String> {
        slots(std::slice::from_ref(&window), &[], &[], days(from, until)).iter().map(|s| s.from.to_rfc3339()).collect()
    };
    assert_eq!(found("2027-03-08", "2027-04-12"), ["2027-03-14T18:00:00+00:00", "2027-03-28T17:00:00+00:00", "2027-04-11T17:00:00+00:00"]);
    assert_eq!(found("2027-10-04", "2027-11-08"), ["2027-10-10T17:00:00+00:00", "2027-10-24T17:00:00+00:00", "2027-11-07T18:00:00+00:00"]);
    let other = Window { valid_from: date("2027-10-17"), ..window.clone() };
    let last = slots(&[other], &[], &[], days("2027-10-25", "2027-11-01"));
    assert_eq!(last, [span("2027-10-31 18:00", "2027-10-31 20:00")], "the day itself, at six by the wall clock");
}

#[test]
fn slots_are_windows_and_extra_without_leave_and_bookings() {
    let windows = [weekly(Weekday::Tuesday, "09:00", "12:00"), weekly(Weekday::Tuesday, "12:00", "15:00")];
    let on = |kind, day: &str, times: Option<(&str, &str)>| Exception {
        kind,
        first: date(day),
        last: date(day),
        times: times.map(|(starts, ends)| (time(starts), time(ends))),
        zone: LONDON,
    };
    let exceptions = [
        on(ExceptionKind::Extra, "2026-11-25", Some(("18:00", "20:00"))),
        on(ExceptionKind::Away, "2026-12-01", None),
        on(ExceptionKind::Away, "2026-11-24", Some(("14:00", "16:00"))),
    ];
    let busy = [span("2026-11-24 10:00", "2026-11-24 11:00")];
    let expected = [
        span("2026-11-24 09:00", "2026-11-24 10:00"),
        span("2026-11-24 11:00", "2026-11-24 14:00"),
        span("2026-11-25 18:00", "2026-11-25 20:00"),
    ];
    assert_eq!(slots(&windows, &exceptions, &busy, days("2026-11-23", "2026-12-04")), expected);
}

mod random {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn window(zone: Tz) -> impl Strategy<Value = Window> {
        (0..7usize, 0..24u32, 0..24u32, 1..4u32, 0..30u64).prop_map(move |(day, from, until, every_weeks, since)| Window {
            weekday: Weekday::ALL[day],
            starts: NaiveTime::from_hms_opt(from, 30, 0).expect("a time"),
            ends: NaiveTime::from_hms_opt(until, 0, 0).expect("a time"),
            zone,
            every_weeks,
            valid_from: date("2027-02-20") + chrono::Days::new(since),
            valid_until: None,
            modality: None,
        })
    }

    fn exception(zone: Tz) -> impl Strategy<Value = Exception> {
        (proptest::bool::ANY, 0..60u64, 0..4u64, proptest::option::of((0..24u32, 0..24u32))).prop_map(move |(away, on, long, times)| {
            let first = date("2027-03-01") + chrono::Days::new(on);
            let hour = |h| NaiveTime::from_hms_opt(h, 15, 0).expect("a time");
            Exception {
                kind: if away { ExceptionKind::Away } else { ExceptionKind::Extra },
                first,
                last: first + chrono::Days::new(long),
                times: times.map(|(from, until)| (hour(from), hour(until))),
                zone,
            }
        })
    }

    proptest! {
        /// A moment lies in a slot if and only if it is free by the rule that matching asks, and nothing is booked then: in
        /// London around both changes of its clocks, and in a zone of the south that changes by half an hour.
        #[test]
        fn a_slot_is_what_the_verdict_says(
            south: bool,
            autumn: bool,
            windows in proptest::collection::vec(window(LONDON), 0..6),
            exceptions in proptest::collection::vec(exception(LONDON), 0..4),
            booked in proptest::collection::vec((0i64..60 * 24, 1i64..6), 0..4),
            probes in proptest::collection::vec(0i64..60 * 24 * 60, 40),
        ) {
            let zone = if south { chrono_tz::Australia::Lord_Howe } else { LONDON };
            let windows: Vec<Window> = windows.into_iter().map(|w| Window { zone, ..w }).collect();
            let exceptions: Vec<Exception> = exceptions.into_iter().map(|e| Exception { zone, ..e }).collect();
            let from = resolve(date(if autumn { "2027-09-15" } else { "2027-03-01" }).and_time(NaiveTime::MIN), zone);
            let within = Span { from, until: from + TimeDelta::days(60) };
            let at = |hours| from + TimeDelta::hours(hours);
            let busy: Vec<Span> = booked.iter().map(|(start, long)| Span { from: at(*start), until: at(start + long) }).collect();
            let found = slots(&windows, &exceptions, &busy, within);
            prop_assert!(found.windows(2).all(|two| two[0].until < two[1].from));
            let month = Span { from, until: from + TimeDelta::days(28) };
            let taken = |within| busy.iter().copied().filter(|span: &Span| span.overlaps(within)).collect();
            prop_assert_eq!(next_slot(&windows, &exceptions, taken, from), slots(&windows, &exceptions, &busy, month).first().copied());
            for minute in probes {
                let from = from + TimeDelta::minutes(minute);
                let moment = Span { from, until: from + TimeDelta::minutes(1) };
                let free = verdict(&windows, &exceptions, moment) == Verdict::Free && !busy.iter().any(|b| b.overlaps(moment));
                let inside = found.iter().any(|s| s.from <= moment.from && moment.until <= s.until);
                prop_assert_eq!(inside, free, "{}", moment.from);
            }
        }
    }
}

#[test]
fn leave_wins_over_extra_and_extra_over_nothing() {
    let tuesday = span("2026-11-24 10:00", "2026-11-24 11:00");
    let exception = |kind, times| Exception { kind, first: date("2026-11-23"), last: date("2026-11-24"), times, zone: LONDON };
    let extra = exception(ExceptionKind::Extra, Some((time("09:00"), time("12:00"))));
    assert_eq!(verdict(&[], std::slice::from_ref(&extra), tuesday), Verdict::Free);
    let away = exception(ExceptionKind::Away, None);
    assert_eq!(verdict(&[], &[extra.clone(), away], tuesday), Verdict::Away);
    let elsewhen = exception(ExceptionKind::Away, Some((time("11:00"), time("12:00"))));
    assert_eq!(verdict(&[], &[extra, elsewhen], tuesday), Verdict::Free, "leave that only touches");
}

#[test]
fn a_long_span_is_covered_day_by_day() {
    let whole: Vec<Window> = Weekday::ALL.iter().map(|day| weekly(*day, "00:00", "00:00")).collect();
    assert_eq!(verdict(&whole, &[], span("2027-03-27 10:00", "2027-03-29 10:00")), Verdict::Free);
}

#[test]
fn malformed_windows_name_the_field() {
    let backwards = weekly(Weekday::Tuesday, "12:00", "09:00");
    assert_eq!(check_window(&backwards, "windows.0").expect_err("refused").field, ["windows", "0", "endTime"]);
    let seldom = Window { every_weeks: 0, ..weekly(Weekday::Tuesday, "09:00", "12:00") };
    assert_eq!(check_window(&seldom, "windows.3").expect_err("refused").field, ["windows", "3", "everyWeeks"]);
}

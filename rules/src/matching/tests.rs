use super::*;
use crate::availability::Weekday;
use crate::champion::Membership;
use crate::clearance::tests::{cleared, date, need};
use chrono::NaiveTime;
use uuid::Uuid;

const VENUE: Point = Point { latitude: 53.4066, longitude: -2.1569 };

/// Cleared, free on Tuesday mornings, and next door.
pub(crate) fn champion(n: u128) -> ChampionRecord {
    let time = |h| NaiveTime::from_hms_opt(h, 0, 0).expect("a time");
    ChampionRecord {
        id: ChampionId(Uuid::from_u128(n)),
        clearance: cleared(),
        home: Some(VENUE),
        reach_metres: 5_000,
        areas: vec![],
        remote_only: false,
        most_per_week: None,
        most_per_month: None,
        languages: vec![Language::Eng],
        topics: vec![],
        windows: vec![Window {
            weekday: Weekday::Tuesday,
            starts: time(9),
            ends: time(13),
            zone: chrono_tz::Europe::London,
            every_weeks: 1,
            valid_from: date("2026-01-01"),
            valid_until: None,
            modality: None,
        }],
        exceptions: vec![],
        bookings: Default::default(),
        last_asked_at: None,
    }
}

pub(crate) fn here() -> SessionNeed {
    SessionNeed { at: Some(VENUE), session: Some(SessionId(Uuid::from_u128(1))), ..need() }
}

fn booking(n: u128, from: &str, until: &str) -> Booking {
    let span = Span { from: from.parse().expect("an instant"), until: until.parse().expect("an instant") };
    Booking {
        session: SessionId(Uuid::from_u128(n)),
        group: GroupId(Uuid::from_u128(9)),
        span,
        date: span.from.date_naive(),
        with_children: false,
        at: None,
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

#[test]
fn each_hard_rule_alone_blocks() {
    assert_eq!(blockers(&here(), &champion(1)), []);
    let far = Point { latitude: 53.5, ..VENUE };
    let cases: Vec<(ChampionRecord, BlockerKind)> = vec![
        (ChampionRecord { home: Some(far), ..champion(1) }, BlockerKind::TooFar),
        (ChampionRecord { home: None, ..champion(1) }, BlockerKind::TooFar),
        (ChampionRecord { remote_only: true, ..champion(1) }, BlockerKind::TooFar),
        (ChampionRecord { windows: vec![], ..champion(1) }, BlockerKind::NotAvailable),
        (
            ChampionRecord { bookings: vec![booking(2, "2026-12-01T11:59:00Z", "2026-12-01T13:00:00Z")].into(), ..champion(1) },
            BlockerKind::Clash,
        ),
        (
            ChampionRecord { bookings: vec![booking(1, "2026-12-01T10:00:00Z", "2026-12-01T12:00:00Z")].into(), ..champion(1) },
            BlockerKind::Clash,
        ),
        (
            ChampionRecord {
                most_per_week: Some(1),
                bookings: vec![booking(2, "2026-12-06T10:00:00Z", "2026-12-06T12:00:00Z")].into(),
                ..champion(1)
            },
            BlockerKind::WeekIsFull,
        ),
        (
            ChampionRecord {
                most_per_month: Some(1),
                bookings: vec![booking(2, "2026-12-31T10:00:00Z", "2026-12-31T12:00:00Z")].into(),
                ..champion(1)
            },
            BlockerKind::MonthIsFull,
        ),
    ];
    for (champion, kind) in cases {
        assert_eq!(blockers(&here(), &champion).iter().map(Blocker::kind).collect::<Vec<_>>(), [kind]);
    }
    let urdu = SessionNeed { language: Some("urd".into()), ..here() };
    assert_eq!(blockers(&urdu, &champion(1)).iter().map(Blocker::kind).collect::<Vec<_>>(), [BlockerKind::Language]);
}

#[test]
fn distance_is_nothing_to_a_video_session() {
    let video = SessionNeed { modality: Modality::Video, at: None, ..here() };
    assert_eq!(blockers(&video, &ChampionRecord { home: None, remote_only: true, ..champion(1) }), []);
}

#[test]
fn an_area_served_is_within_reach_however_far_and_takes_nothing_away() {
    let (heaton, far) = (vec!["SK4".to_owned(), "E05015027".to_owned()], Point { latitude: 53.5, ..VENUE });
    let there = SessionNeed { areas: heaton, ..here() };
    let serves = |area: &str, record| ChampionRecord { areas: vec!["SK8".into(), area.into()], ..record };
    let (near, distant) = (champion(1), ChampionRecord { home: Some(far), ..champion(1) });
    let (lost, remote) = (ChampionRecord { home: None, ..champion(1) }, ChampionRecord { remote_only: true, ..champion(1) });
    let only_here = ChampionRecord { reach_metres: 0, ..distant.clone() };
    let too_far = |reach| Blocker::TooFar { metres: distance_metres(far, VENUE), reach, area: Some("SK4".into()) };
    for (record, says) in [
        (serves("SK4", distant.clone()), None),
        (serves("E05015027", distant.clone()), None),
        (serves("SK6", near), None),
        (serves("SK6", distant), Some(too_far(5_000))),
        (serves("SK4", only_here.clone()), None),
        (serves("SK6", only_here), Some(too_far(0))),
        (serves("SK4", lost.clone()), None),
        (serves("SK6", lost), Some(Blocker::NoPostcode)),
        (serves("SK4", remote), Some(Blocker::RemoteOnly)),
    ] {
        assert_eq!(distance_blocker(&there, &record), says, "{:?} from {:?}", record.areas, record.home);
        let video = SessionNeed { modality: Modality::Video, at: None, ..there.clone() };
        assert_eq!(distance_blocker(&video, &record), None);
    }
    let remedy = too_far(5_000).remedy().expect("something to do");
    assert_eq!((remedy.kind, remedy.what.as_str()), (RemedyKind::ServeArea, "SK4"));
}

#[test]
fn whose_home_is_unknown_is_never_taken_for_a_neighbour() {
    let there = SessionNeed { areas: vec!["SK4".into()], ..here() };
    let serves = |home| ChampionRecord { areas: vec!["SK4".into()], home, ..champion(1) };
    let score = |home| rank(&there, &[serves(home)], now()).matches.pop().expect("a match");
    let far = Point { latitude: 53.6, ..VENUE };
    assert_eq!(score(None).score, score(Some(far)).score, "as if from far away");
    assert!(score(None).distance.is_none() && score(None).score < score(Some(VENUE)).score);
}

#[test]
fn a_session_that_only_touches_does_not_clash() {
    let busy = ChampionRecord { bookings: vec![booking(2, "2026-12-01T12:00:00Z", "2026-12-01T13:00:00Z")].into(), ..champion(1) };
    assert_eq!(blockers(&here(), &busy), []);
}

#[test]
fn a_month_is_the_calendars_and_a_full_one_is_a_wish() {
    let last = booking(2, "2026-11-30T10:00:00Z", "2026-11-30T12:00:00Z");
    let busy = ChampionRecord { most_per_month: Some(1), bookings: vec![last].into(), ..champion(1) };
    assert_eq!(blockers(&here(), &busy), [], "November is another month");
    let full = Blocker::MonthIsFull { most: 1, taken: 1 };
    assert!(!full.is_binding() && full.remedy().map(|r| r.kind) == Some(RemedyKind::RaiseMonthlyLimit));
}

#[test]
fn hours_for_one_way_of_helping_cover_no_other() {
    let mut remote = champion(1);
    remote.windows[0].modality = Some(Modality::Phone);
    assert_eq!(blockers(&here(), &remote), [Blocker::NotAvailable { hours: Hours::of(here().span) }]);
    assert_eq!(blockers(&SessionNeed { modality: Modality::Phone, at: None, ..here() }, &remote), []);
}

#[test]
fn a_journey_that_does_not_fit_is_a_clash_that_binds() {
    let marple = Point { latitude: 53.3943, longitude: -2.0632 };
    let at = |at, from, until| ChampionRecord { bookings: vec![Booking { at, ..booking(2, from, until) }].into(), ..champion(1) };
    let near = at(Some(marple), "2026-12-01T12:30:00Z", "2026-12-01T13:30:00Z");
    let found = blockers(&here(), &near);
    assert_eq!(found, [Blocker::TooFarApart { with: SessionId(Uuid::from_u128(2)), minutes: 7 }]);
    assert!(found[0].is_binding() && found[0].kind() == BlockerKind::Clash);
    assert_eq!(found[0].to_string(), "placed at another session, and 7 minutes are missing to get from one to the other");
    let video = SessionNeed { modality: Modality::Video, at: None, ..here() };
    let slow = SessionNeed { pace: crate::travel::Pace { buffer: 60, speed: 300 }, ..here() };
    for (need, champion, clear) in [
        (here(), at(Some(marple), "2026-12-01T12:37:00Z", "2026-12-01T13:30:00Z"), true),
        (here(), at(Some(VENUE), "2026-12-01T12:00:00Z", "2026-12-01T13:30:00Z"), true),
        (here(), at(None, "2026-12-01T12:00:00Z", "2026-12-01T13:30:00Z"), true),
        (video, near, true),
        (slow, at(Some(marple), "2026-12-01T13:00:00Z", "2026-12-01T13:30:00Z"), false),
    ] {
        assert_eq!(blockers(&need, &champion).is_empty(), clear, "{:?}", champion.bookings);
    }
}

#[test]
fn the_order_is_stable_and_says_why() {
    let topics = SessionNeed { topics: vec![Topic::NhsApp, Topic::Email], ..here() };
    let knows = ChampionRecord { topics: vec![Topic::NhsApp], ..champion(3) };
    let helped = ChampionRecord {
        bookings: vec![Booking { group: topics.group, ..booking(5, "2026-08-01T10:00:00Z", "2026-08-01T12:00:00Z") }].into(),
        ..champion(2)
    };
    let asked = ChampionRecord { last_asked_at: Some(now()), ..champion(1) };
    let plain = champion(4);
    let left = ChampionRecord { clearance: ClearanceRecord { membership: Membership::Left, ..cleared() }, ..champion(5) };
    let ranking = rank(&topics, &[asked, plain.clone(), helped, knows, champion(6), left], now());
    let order: Vec<u128> = ranking.matches.iter().map(|m| m.champion.0.as_u128()).collect();
    assert_eq!(order, [2, 3, 4, 6, 1]);
    assert_eq!(ranking.blocked_total, 0, "who left is not even counted");
    for found in &ranking.matches {
        let sum: f64 = found.factors.iter().map(|f| f.weight * f.value).sum();
        assert!((found.score - sum).abs() < 1e-9 && (0.0..=100.0).contains(&found.score));
    }
}

#[test]
fn one_champion_may_count_under_several_reasons() {
    let blocked = ChampionRecord { windows: vec![], home: None, ..champion(1) };
    let ranking = rank(&here(), &[blocked], now());
    assert_eq!(ranking.blocked, BTreeMap::from([(BlockerKind::NotAvailable, 1), (BlockerKind::TooFar, 1)]));
    assert_eq!(ranking.blocked_total, 1);
}

#[test]
fn two_things_may_unlock_more_than_one() {
    let module = |code: &str| {
        Blocker::Clearance(Gap::Module {
            module: crate::id::ModuleId(Uuid::from_u128(3)),
            code: code.into(),
            standing: crate::training::ModuleStanding::Never,
        })
    };
    let session = |n| SessionId(Uuid::from_u128(n));
    let hours = || Blocker::NotAvailable { hours: Hours::of(here().span) };
    let blocked = vec![
        (session(1), vec![module("REM")]),
        (session(2), vec![module("REM"), hours()]),
        (session(3), vec![hours()]),
        (session(4), vec![Blocker::Clash { with: session(9) }]),
        (session(5), vec![module("REM"), module("SUP"), hours()]),
    ];
    let best = unlocks(&blocked, 3);
    assert_eq!(best[0].sessions, [session(1), session(2), session(3)], "both together");
    assert_eq!(best[0].remedies.len(), 2);
    assert_eq!(best[1].sessions, [session(1)]);
    assert_eq!(best.len(), 3);
}

/// Thousands of sessions, each of which asks for something of its own, would be weighed for minutes.
#[test]
fn what_unlocks_most_is_looked_for_among_the_first_sessions() {
    let blocked = |n: usize| {
        (SessionId(Uuid::from_u128(n as u128)), vec![Blocker::TooFar { metres: 6_000 + n as u32 * 1_000, reach: 5_000, area: None }])
    };
    let best = unlocks(&(0..WEIGHED + 1).map(blocked).collect::<Vec<_>>(), 1);
    assert_eq!(best[0].sessions.len(), WEIGHED, "the farthest of the first opens all of those before it");
}

#[test]
fn remedies_say_which_hours_how_far_and_how_many() {
    let said = |champion: ChampionRecord| blockers(&here(), &champion).first().and_then(Blocker::remedy).map(|r| (r.kind, r.what));
    let busy = |n: u128| booking(n, "2026-12-05T10:00:00Z", "2026-12-05T12:00:00Z");
    let cases = [
        (ChampionRecord { windows: vec![], ..champion(1) }, RemedyKind::AddAvailability, "Tuesdays 10:00-12:00"),
        (
            ChampionRecord { reach_metres: 0, home: Some(Point { latitude: 51.55, longitude: -2.1 }), ..champion(1) },
            RemedyKind::TravelFurther,
            "up to ",
        ),
        (
            ChampionRecord { most_per_week: Some(1), bookings: vec![busy(2), busy(3)].into(), ..champion(1) },
            RemedyKind::RaiseWeeklyLimit,
            "3 sessions a week",
        ),
        (ChampionRecord { home: None, ..champion(1) }, RemedyKind::GivePostcode, ""),
    ];
    for (champion, kind, what) in cases {
        let remedy = said(champion).expect("something to do");
        assert!(remedy.0 == kind && remedy.1.starts_with(what), "{remedy:?}");
    }
    let summer = booking(9, "2026-07-01T22:30:00Z", "2026-07-02T00:00:00Z").span;
    assert_eq!(Hours::of(summer).to_string(), "Wednesdays 23:30-01:00", "by the clock on the wall");
}

#[test]
fn whoever_travels_further_can_do_what_is_nearer() {
    let far = |metres| Blocker::TooFar { metres, reach: 2_000, area: None };
    let session = |n| SessionId(Uuid::from_u128(n));
    let found = unlocks(&[(session(1), vec![far(4_100)]), (session(2), vec![far(7_900)]), (session(3), vec![far(4_600)])], 5);
    let said: Vec<(&str, usize)> = found.iter().map(|u| (u.remedies[0].what.as_str(), u.sessions.len())).collect();
    assert_eq!(said, [("up to 8 km", 3), ("up to 5 km", 2)]);
    assert!(found.iter().all(|u| u.remedies.len() == 1), "two journeys are no more than the longer");
}

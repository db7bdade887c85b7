//! Series: what stands in the calendar, one of them or all of them changed, and who is told.

mod change;
mod closed;
mod moved;

use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::with;
use crate::harness::{Persona, World};

pub const CREATE: &str = "mutation($input: SessionSeriesCreateInput!) { sessionSeriesCreate(input: $input) {
    series { id version rule firstDate lastDate skippedDates extraDates sessions(first: 100) { totalCount nodes { id date startTime startsAt status occurrenceDate isMoved series { id } } } }
    userErrors { code field message } } }";
pub const SERIES: &str = "query($id: ID!) { sessionSeries(id: $id) { id title version lastDate endedAt continues { id } startTime
    sessions(first: 100) { nodes { id title date startTime startsAt status occurrenceDate isMoved version venue { id } places { kind filled } assignments { id } } } } }";
pub const MOVE: &str = "mutation($input: SessionMoveInput!) { sessionMove(input: $input) {
    session { id date startTime startsAt isMoved occurrenceDate version venue { id } } userErrors { code field message } } }";
pub const HOLIDAYS: &str = "mutation($input: GroupBankHolidaysSetInput!) { groupBankHolidaysSet(input: $input) { group { bankHolidays } userErrors { code field message } } }";

/// A series that was created, with its sessions by their start.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: Value,
    pub sessions: Vec<Value>,
}

impl Persona<'_> {
    /// Creates a series of the leader's own group; `over` lies over the session.
    pub async fn repeat(&self, rule: &str, over: Value) -> Made {
        let session = with(self.world.free_session().await, over);
        let payload = self.done(CREATE, json!({ "input": { "rule": rule, "session": session } })).await;
        let sessions = payload["series"]["sessions"]["nodes"].as_array().cloned().expect("sessions");
        Made { id: payload["series"]["id"].clone(), sessions }
    }

    /// A series as it stands.
    pub async fn series(&self, id: &Value) -> Value {
        self.ask(SERIES, json!({ "id": id })).await["sessionSeries"].clone()
    }
}

impl World {
    /// What a champion was told under a subject, newest first.
    pub async fn told(&self, mailbox: &str, subject: &str) -> Vec<String> {
        let letters = self.letters(&format!("{mailbox}@demo.digiknow.example")).await;
        letters.into_iter().filter(|letter| letter.subject == subject).map(|letter| letter.body).collect()
    }
}

/// One field of each session.
pub fn each(sessions: &[Value], field: &str) -> Vec<String> {
    sessions.iter().map(|session| session[field].as_str().expect("text").to_owned()).collect()
}

both!(a_series_stands_in_the_calendar_twelve_weeks_ahead_and_grows_by_the_clock, |world| async move {
    let leader = world.sign_in("leader").await;
    let made = leader.repeat("FREQ=WEEKLY;INTERVAL=2", json!({})).await;
    let dates = ["2026-12-06", "2026-12-20", "2027-01-03", "2027-01-17", "2027-01-31"];
    assert_eq!(each(&made.sessions, "date"), dates, "a Sunday, and every second one");
    assert_eq!(each(&made.sessions, "occurrenceDate"), dates);
    assert!(made.sessions.iter().all(|s| s["status"] == "SCHEDULED" && s["isMoved"] == false && s["series"]["id"] == made.id));
    for _ in 0..2 {
        world.pass(chrono::TimeDelta::days(14));
        world.work().await;
        world.work().await;
    }
    let now = world.sign_in("leader").await.series(&made.id).await;
    let dates = each(now["sessions"]["nodes"].as_array().expect("sessions"), "date");
    assert_eq!(dates.len(), 7, "each date once, however often the job runs: {dates:?}");
    assert_eq!(dates.last().map(String::as_str), Some("2027-02-28"));
});

both!(six_o_clock_stays_six_o_clock_across_28_march_and_31_october_2027, |world| async move {
    for (rule, first, expected) in [
        ("FREQ=WEEKLY;INTERVAL=2", "2027-03-14", ["2027-03-14T18:00:00.000Z", "2027-03-28T17:00:00.000Z", "2027-04-11T17:00:00.000Z"]),
        ("FREQ=WEEKLY", "2027-03-21", ["2027-03-21T18:00:00.000Z", "2027-03-28T17:00:00.000Z", "2027-04-04T17:00:00.000Z"]),
        ("FREQ=WEEKLY;INTERVAL=2", "2027-10-17", ["2027-10-17T17:00:00.000Z", "2027-10-31T18:00:00.000Z", "2027-11-14T18:00:00.000Z"]),
        ("FREQ=WEEKLY", "2027-10-24", ["2027-10-24T17:00:00.000Z", "2027-10-31T18:00:00.000Z", "2027-11-07T18:00:00.000Z"]),
    ] {
        let made = world.sign_in("leader").await.repeat(&format!("{rule};COUNT=3"), json!({ "date": first, "startTime": "18:00" })).await;
        let start: chrono::NaiveDate = first.parse().expect("a date");
        let before = start - chrono::Days::new(20);
        world.app.clock.set(before.and_time(chrono::NaiveTime::MIN).and_utc());
        world.work().await;
        let now = world.sign_in("leader").await.series(&made.id).await;
        let sessions = now["sessions"]["nodes"].as_array().cloned().expect("sessions");
        assert_eq!(each(&sessions, "startsAt"), expected, "{rule} from {first}");
        assert!(each(&sessions, "startTime").iter().all(|time| time == "18:00:00"));
    }
});

both!(a_wrong_series_is_refused_by_field_and_the_same_key_makes_one, |world| async move {
    let leader = world.sign_in("leader").await;
    let input = |rule: &str, over: Value, session: &Value| json!({ "input": { "rule": rule, "session": with(session.clone(), over) } });
    let session = world.free_session().await;
    for (rule, over, code, field) in [
        ("FREQ=SECONDLY", json!({}), "INVALID", "rule"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", json!({}), "FIRST_DATE", "session.date"),
        ("FREQ=WEEKLY;BYDAY=MO", json!({}), "FIRST_DATE", "session.date"),
        ("FREQ=WEEKLY", json!({ "venueId": null }), "SESSION", "session.venueId"),
        ("FREQ=WEEKLY", json!({ "title": " " }), "INVALID", "session.title"),
        ("FREQ=WEEKLY", json!({ "date": "2026-11-15" }), "SESSION", "session.date"),
        ("FREQ=WEEKLY", json!({ "places": [{ "kind": "HELPER", "moduleIds": ["nothing"] }] }), "NOT_FOUND", "session.places.0.moduleIds.0"),
    ] {
        let found = leader.problems(CREATE, input(rule, over, &session)).await;
        assert_eq!(found, [(code.to_owned(), field.to_owned())], "{rule}");
    }
    let (group, venue) = world.group("heatons-library-monday").await;
    let other = with(session.clone(), json!({ "groupId": group, "venueId": venue }));
    assert_eq!(leader.fault(CREATE, input("FREQ=WEEKLY", json!({}), &other)).await, "FORBIDDEN");
    assert_eq!(world.sign_in("champion").await.fault(CREATE, input("FREQ=WEEKLY", json!({}), &session)).await, "FORBIDDEN");
    let keyed = json!({ "input": { "idempotencyKey": "s-1", "rule": "FREQ=WEEKLY", "session": session } });
    let first = leader.done(CREATE, keyed.clone()).await;
    assert_eq!(leader.done(CREATE, keyed).await, first);
});

both!(a_frequent_series_with_children_is_regulated_activity, |world| async move {
    let leader = world.sign_in("leader").await;
    let mut session = with(world.free_session().await, json!({ "audience": "CHILDREN" }));
    let input = json!({ "input": { "rule": "FREQ=WEEKLY", "session": session } });
    assert_eq!(leader.refused(CREATE, input).await, ["SESSION"], "less than the law requires");
    session.as_object_mut().expect("an object").remove("dbs");
    let made = leader.done(CREATE, json!({ "input": { "rule": "FREQ=WEEKLY", "session": session } })).await;
    let query = "query($id: ID!) { session(id: $id) { dbsRequired { level } dbsPermitted { regulated } } }";
    let one = leader.ask(query, json!({ "id": made["series"]["sessions"]["nodes"][0]["id"] })).await;
    assert_eq!(one["session"], json!({ "dbsRequired": { "level": "ENHANCED" }, "dbsPermitted": { "regulated": true } }));
});

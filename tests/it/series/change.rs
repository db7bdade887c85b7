//! Changing all of a series, or a part of it, and ending it.

use serde_json::{Value, json};

use super::{MOVE, each};
use crate::both;
use crate::harness::booking::{ACCEPT, ASK, with};

const CHANGE: &str = "mutation($input: SessionSeriesChangeInput!) { sessionSeriesChange(input: $input) {
    series { id version continues { id } } userErrors { code field message } } }";
const END: &str = "mutation($input: SessionSeriesEndInput!) { sessionSeriesEnd(input: $input) {
    series { id lastDate endedAt version } userErrors { code field message } } }";

fn nodes(series: &Value) -> Vec<Value> {
    series["sessions"]["nodes"].as_array().cloned().expect("sessions")
}

both!(all_or_this_and_following_change_and_what_was_moved_by_itself_stays, |world| async move {
    let leader = world.sign_in("leader").await;
    let made = leader.repeat("FREQ=WEEKLY;INTERVAL=2;COUNT=5", json!({ "startTime": "07:00" })).await;
    let ids = each(&made.sessions, "id");
    leader.done(MOVE, json!({ "input": { "sessionId": ids[3], "startTime": "12:00" } })).await;
    let input = |over: Value| json!({ "input": with(json!({ "seriesId": made.id, "scope": "ALL" }), over) });
    assert_eq!(leader.refused(CHANGE, input(json!({}))).await, ["NOTHING_GIVEN"]);
    assert_eq!(leader.refused(CHANGE, input(json!({ "title": "X", "expectedVersion": 7 }))).await, ["STALE"]);
    assert_eq!(leader.refused(CHANGE, input(json!({ "scope": "THIS_AND_FOLLOWING", "title": "X" }))).await, ["SESSION_MISSING"]);
    let alone = leader.ask_for(&world.free_session().await).await.session;
    let wrong = json!({ "scope": "THIS_AND_FOLLOWING", "title": "X", "sessionId": alone });
    assert_eq!(leader.refused(CHANGE, input(wrong)).await, ["NOT_AHEAD"]);
    let places = json!({ "places": [{ "kind": "HELPER" }, { "kind": "HELPER" }] });
    assert_eq!(leader.problems(CHANGE, input(places)).await, [("INVALID".to_owned(), "places.1.kind".to_owned())]);
    assert_eq!(world.sign_in("leader2").await.fault(CHANGE, input(json!({ "title": "X" }))).await, "FORBIDDEN");

    let wider = json!({ "title": "Early Desk", "startTime": "08:00", "places": [{ "kind": "LEAD" }, { "kind": "HELPER", "count": 2 }] });
    assert_eq!(leader.done(CHANGE, input(wider)).await["series"]["id"], made.id);
    let all = nodes(&leader.series(&made.id).await);
    assert_eq!(each(&all, "startTime"), ["08:00:00", "08:00:00", "08:00:00", "12:00:00", "08:00:00"]);
    assert_eq!(each(&all, "title"), ["Early Desk", "Early Desk", "Early Desk", "Sunday Desk", "Early Desk"]);
    assert_eq!(all[0]["places"].as_array().map(Vec::len), Some(3));
    assert_eq!(each(&all, "id"), ids, "each keeps its id");

    let later = json!({ "scope": "THIS_AND_FOLLOWING", "sessionId": ids[2], "startTime": "09:00" });
    let cut = leader.done(CHANGE, input(later)).await["series"].clone();
    assert_eq!(cut["continues"]["id"], made.id);
    let (before, after) = (leader.series(&made.id).await, leader.series(&cut["id"]).await);
    assert_eq!((each(&nodes(&before), "id"), before["lastDate"].as_str()), (ids[..2].to_vec(), Some("2027-01-02")));
    assert_eq!(each(&nodes(&after), "id"), ids[2..]);
    assert_eq!(each(&nodes(&after), "startTime"), ["09:00:00", "12:00:00", "09:00:00"]);
    assert_eq!(each(&nodes(&before), "startTime"), ["08:00:00", "08:00:00"]);
    world.pass(chrono::TimeDelta::minutes(11));
    world.work().await;
    assert_eq!(nodes(&leader.series(&cut["id"]).await).len(), 3, "nothing is made twice");
    let both = json!({ "input": { "seriesId": cut["id"], "scope": "ALL", "startTime": "10:00", "includeMoved": true } });
    leader.done(CHANGE, both).await;
    assert_eq!(each(&nodes(&leader.series(&cut["id"]).await), "startTime"), ["10:00:00"; 3]);
});

both!(places_that_somebody_has_stay_and_a_champion_of_many_dates_is_told_once, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let made = leader.repeat("FREQ=WEEKLY;COUNT=3", json!({ "startTime": "07:00" })).await;
    let who = world.matched(&made.sessions[0]["id"], &volunteers).await.remove(0);
    for session in &made.sessions {
        let ask = json!({ "input": { "target": { "sessionId": session["id"] } } });
        let request = leader.done(ASK, ask).await["request"]["id"].clone();
        let offer = leader.offer(&request, std::slice::from_ref(&who)).await.remove(0);
        world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
    }
    let off = "Sessions were called off";
    let change = json!({ "input": { "seriesId": made.id, "scope": "ALL", "startTime": "08:00", "places": [{ "kind": "LEAD" }] } });
    leader.done(CHANGE, change).await;
    let told = world.told(&who.mailbox, "A session has moved").await;
    assert!(told.len() == 1 && told[0].contains("2 more dates"), "one message for three dates: {told:?}");
    for session in nodes(&leader.series(&made.id).await) {
        assert_eq!(session["places"].as_array().map(Vec::len), Some(2), "the helper's stays beside the new one: {session:#}");
        assert_eq!(session["assignments"].as_array().map(Vec::len), Some(1));
    }
    let end = |over: Value| json!({ "input": with(json!({ "seriesId": made.id }), over) });
    assert_eq!(leader.problems(END, end(json!({ "lastDate": "2026-11-20" }))).await, [("PAST".to_owned(), "lastDate".to_owned())]);
    assert_eq!(leader.refused(END, end(json!({ "expectedVersion": 9 }))).await, ["STALE"]);
    assert_eq!(world.sign_in("leader2").await.fault(END, end(json!({}))).await, "FORBIDDEN");
    let part = leader.done(END, end(json!({ "lastDate": "2026-12-06", "reason": "No room" }))).await["series"].clone();
    assert_eq!((&part["lastDate"], &part["endedAt"]), (&json!("2026-12-06"), &json!(null)));
    assert_eq!(each(&nodes(&leader.series(&made.id).await), "status"), ["SCHEDULED", "CANCELLED", "CANCELLED"]);
    let told = world.told(&who.mailbox, off).await;
    assert!(told.len() == 1 && told[0].contains("one more date"), "one message for both: {told:?}");
    for _ in 0..2 {
        let whole = leader.done(END, end(json!({}))).await["series"].clone();
        assert!(whole["endedAt"].is_string());
    }
    assert_eq!(world.told(&who.mailbox, off).await.len(), 2, "twice is the same");
    assert_eq!(leader.refused(CHANGE, json!({ "input": { "seriesId": made.id, "scope": "ALL", "title": "X" } })).await, ["ENDED"]);
});

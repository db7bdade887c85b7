//! Sessions: what may be created, when it starts, and calling one off.

use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, CANCEL, with};

const CREATE: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) {
    session { id title date startTime startsAt endsAt timeZone version dbsRequired { level workforce barredLists } dbsPermitted { scope { level } regulated reason }
        places { kind modules { code } } } userErrors { code field message } } }";

/// Code and field of everything that is wrong with a session.
async fn wrong(world: &World, over: Value) -> Vec<(String, String)> {
    let session = with(world.free_session().await, over);
    let payload = world.sign_in("leader").await.payload(CREATE, json!({ "input": { "session": session } })).await;
    assert_eq!(payload["session"], Value::Null, "{payload:#}");
    let field = |e: &Value| e["field"].as_array().expect("a field").iter().map(|f| f.as_str().expect("text")).collect::<Vec<_>>().join(".");
    let errors = payload["userErrors"].as_array().cloned().expect("a list");
    for error in &errors {
        assert!(error["message"].as_str().is_some_and(|m| m.len() > 15 && !m.contains("Some(")), "what to do is said: {error}");
    }
    errors.iter().map(|e| (e["code"].as_str().expect("a code").to_owned(), field(e))).collect()
}

/// What was wrong, as pairs.
fn pair(code: &str, field: &str) -> (String, String) {
    (code.to_owned(), field.to_owned())
}

both!(a_session_that_cannot_be_is_refused_by_field, |world| async move {
    let outside = [pair("OUTSIDE_CALENDAR", "session.date")];
    assert_eq!(wrong(&world, json!({ "date": "2026-11-20" })).await, outside, "yesterday");
    assert_eq!(wrong(&world, json!({ "date": "2026-11-21", "startTime": "09:00" })).await, outside, "this very instant");
    assert_eq!(wrong(&world, json!({ "date": "2027-11-23" })).await, outside, "a year and two days ahead");
    assert_eq!(wrong(&world, json!({ "venueId": null })).await, [pair("VENUE_MISMATCH", "session.venueId")]);
    assert_eq!(wrong(&world, json!({ "modality": "VIDEO" })).await, [pair("VENUE_MISMATCH", "session.venueId")]);
    assert_eq!(wrong(&world, json!({ "durationMinutes": 721 })).await, [pair("INVALID", "session.durationMinutes")]);
    assert_eq!(wrong(&world, json!({ "title": " " })).await, [pair("INVALID", "session.title")]);
    assert_eq!(wrong(&world, json!({ "language": "klingon" })).await, [pair("INVALID", "session.language")]);
    assert_eq!(wrong(&world, json!({ "places": [] })).await, [pair("PLACES", "session.places")]);
    let twice = json!([{ "kind": "HELPER" }, { "kind": "HELPER", "count": 2 }]);
    assert_eq!(wrong(&world, json!({ "places": twice })).await, [pair("INVALID", "session.places.1.kind")]);
    assert_eq!(wrong(&world, json!({ "places": [{ "kind": "HELPER", "count": 21 }] })).await, [pair("INVALID", "session.places.0.count")]);
    let unknown = json!([{ "kind": "HELPER", "moduleIds": ["nothing"] }]);
    assert_eq!(wrong(&world, json!({ "places": unknown })).await, [pair("NOT_FOUND", "session.places.0.moduleIds.0")]);
});

both!(a_dbs_check_is_neither_more_than_the_law_permits_nor_less_than_it_requires, |world| async move {
    let enhanced = json!({ "level": "ENHANCED", "workforce": "ADULT" });
    assert_eq!(wrong(&world, json!({ "dbs": enhanced })).await[0].0, "MORE_THAN_PERMITTED");
    for less in [json!(null), json!({ "level": "BASIC", "workforce": "OTHER" })] {
        let found = wrong(&world, json!({ "audience": "CHILDREN", "weekly": true, "dbs": less })).await;
        assert_eq!(found[0].0, "LESS_THAN_REQUIRED");
    }
    let session = with(world.free_session().await, json!({ "audience": "CHILDREN", "weekly": true }));
    let mut session = session;
    session.as_object_mut().expect("an object").remove("dbs");
    let made = world.sign_in("leader").await.done(CREATE, json!({ "input": { "session": session } })).await;
    let required = json!({ "level": "ENHANCED", "workforce": "CHILD", "barredLists": ["CHILDREN"] });
    assert_eq!(made["session"]["dbsRequired"], required, "left out, it is what the law asks for");
    assert_eq!(made["session"]["dbsPermitted"]["regulated"], true);
    assert_eq!(made["session"]["places"][0]["modules"], json!([{ "code": "SGC1" }]), "children ask for their own module");
});

both!(a_time_that_the_clocks_skip_moves_forward_and_one_they_repeat_is_the_first, |world| async move {
    let leader = world.sign_in("leader").await;
    for (date, asked, shown, starts, ends) in [
        ("2027-03-28", "01:30", "02:30:00", "2027-03-28T01:30:00.000Z", "2027-03-28T03:30:00.000Z"),
        ("2027-10-31", "01:30", "01:30:00", "2027-10-31T00:30:00.000Z", "2027-10-31T02:30:00.000Z"),
        ("2027-03-27", "18:00", "18:00:00", "2027-03-27T18:00:00.000Z", "2027-03-27T20:00:00.000Z"),
        ("2027-04-03", "18:00", "18:00:00", "2027-04-03T17:00:00.000Z", "2027-04-03T19:00:00.000Z"),
    ] {
        let session = with(world.free_session().await, json!({ "date": date, "startTime": asked }));
        let made = leader.done(CREATE, json!({ "input": { "session": session } })).await["session"].clone();
        let seen = [&made["startTime"], &made["startsAt"], &made["endsAt"], &made["date"]];
        assert_eq!(seen, [&json!(shown), &json!(starts), &json!(ends), &json!(date)], "{date} {asked}");
    }
});

both!(another_leaders_group_is_out_of_reach, |world| async move {
    let (group, venue) = world.group("heatons-library-monday").await;
    let session = with(world.free_session().await, json!({ "groupId": group, "venueId": venue }));
    let input = json!({ "input": { "session": session } });
    assert_eq!(world.sign_in("leader").await.fault(CREATE, input.clone()).await, "FORBIDDEN");
    assert_eq!(world.sign_in("champion").await.fault(CREATE, input.clone()).await, "FORBIDDEN");
    assert_eq!(world.stranger().fault(CREATE, input.clone()).await, "UNAUTHENTICATED");
    world.sign_in("coordinator").await.done(CREATE, input).await;
});

both!(the_same_key_creates_one_session_and_other_input_is_refused, |world| async move {
    let leader = world.sign_in("leader").await;
    let input = |title: &str, session: &Value| json!({ "input": { "idempotencyKey": "k-1", "session": with(session.clone(), json!({ "title": title })) } });
    let session = world.free_session().await;
    let first = leader.done(CREATE, input("One", &session)).await;
    assert_eq!(leader.done(CREATE, input("One", &session)).await, first);
    assert_eq!(leader.refused(CREATE, input("Two", &session)).await, ["IDEMPOTENCY_MISMATCH"]);
    let other = world.sign_in("coordinator").await.done(CREATE, input("One", &session)).await;
    assert_ne!(other["session"]["id"], first["session"]["id"], "a key belongs to whoever sends it");
});

both!(calling_a_session_off_tells_everybody_once_and_ends_what_was_arranged, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&with(world.free_session().await, json!({ "places": [{ "kind": "HELPER", "count": 2 }] }))).await;
    let chosen: Vec<_> = world.matched(&asked.session, &volunteers).await.into_iter().take(3).collect();
    let offers = leader.offer(&asked.request, &chosen).await;
    world.sign_in(&chosen[0].mailbox).await.done(ACCEPT, json!({ "id": offers[0] })).await;
    let input =
        |version: i64| json!({ "input": { "sessionId": asked.session, "expectedVersion": version, "reason": "The hall is flooded." } });
    assert_eq!(leader.refused(CANCEL, input(7)).await, ["STALE"]);
    let before = mail(&world).await;
    let done = leader.done(CANCEL, input(1)).await;
    assert_eq!(done["session"]["status"], "CANCELLED");
    let after = mail(&world).await;
    for volunteer in &chosen {
        let told = |page: &str| page.matches(&format!("To {}@", volunteer.mailbox)).count();
        assert_eq!(told(&after), told(&before) + 1, "{} is told once", volunteer.mailbox);
    }
    let now = world.session(&asked.session).await;
    assert_eq!((&now["assignments"], &now["cover"]), (&json!([]), &json!("UNCOVERED")));
    assert_eq!(now["request"]["status"], "WITHDRAWN");
    let again = leader.done(CANCEL, json!({ "input": { "sessionId": asked.session } })).await;
    assert_eq!(again["session"], done["session"], "twice is the same");
    assert_eq!(mail(&world).await, after, "and nobody is told again");
});

both!(a_session_that_has_begun_is_not_called_off, |world| async move {
    let leader = world.sign_in("leader").await;
    let session = with(world.free_session().await, json!({ "date": "2026-11-21", "startTime": "09:30" }));
    let asked = leader.ask_for(&session).await;
    world.pass(chrono::TimeDelta::minutes(30));
    assert_eq!(leader.refused(CANCEL, json!({ "input": { "sessionId": asked.session } })).await, ["STARTED"]);
    let other = world.sign_in("leader2").await;
    assert_eq!(other.fault(CANCEL, json!({ "input": { "sessionId": asked.session } })).await, "FORBIDDEN");
});

/// The page of the mail sink.
async fn mail(world: &World) -> String {
    let request = axum::http::Request::get("/dev/mail").body(axum::body::Body::empty()).expect("a request");
    let response = world.http(request).await;
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

//! Who came, for how long, and what it did: facts without penalty, numbers without names.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, GIVE_UP, Volunteer, with};
use crate::harness::{Persona, World};

const RECORD: &str = "mutation($input: AttendanceRecordInput!) { attendanceRecord(input: $input) {
    assignment { attendance { status minutes approved history { status minutes approved } } } userErrors { code field message } } }";
const APPROVE: &str = "mutation($id: ID!) { hoursApprove(input: {assignmentId: $id}) {
    assignment { attendance { status minutes approved } } userErrors { code field message } } }";
const OUTCOME: &str = "mutation($input: OutcomeRecordInput!) { outcomeRecord(input: $input) { session { outcome { version corrected numbers {
    learners topics { topic learners } skills { skill practised unaided } referrals { referral learners } devices { device learners } confidenceBefore confidenceAfter } } } userErrors { code field message } } }";
const HOURS: &str =
    "{ viewer { champion { reference fullName hours(period: {from: \"2026-12-06\"}) { sessions minutes approvedMinutes } } } }";

/// Two champions placed at a session of `leader@`, and the moment five minutes after it began.
struct Held {
    session: Value,
    group: Value,
    who: Vec<Volunteer>,
    places: Vec<Value>,
}

async fn placed(world: &World) -> Held {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let two = json!({ "places": [{ "kind": "HELPER", "count": 2 }] });
    let asked = leader.ask_for(&with(world.free_session().await, two)).await;
    let who: Vec<_> = world.matched(&asked.session, &volunteers).await.into_iter().take(2).collect();
    let mut places = Vec::new();
    for (who, offer) in who.iter().zip(leader.offer(&asked.request, &who).await) {
        places.push(world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone());
    }
    Held { session: asked.session, group: world.group("stockroom-digital-desk").await.0, who, places }
}

/// Moves on to so many minutes after the session began.
fn minutes_in(world: &World, minutes: i64) {
    let starts = "2026-12-06T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().expect("an instant");
    world.pass(starts + TimeDelta::minutes(minutes) - world.now());
}

fn came(place: &Value, over: Value) -> Value {
    json!({ "input": with(json!({ "assignmentId": place }), over) })
}

async fn page(who: &Persona<'_>, path: &str) -> (StatusCode, String, String) {
    let mut request = Request::get(path);
    for (name, value) in &who.headers {
        request = request.header(*name, value);
    }
    let response = who.world.http(request.body(Body::empty()).expect("a request")).await;
    let policy = response.headers().get("content-security-policy").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a page");
    (status, policy, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

both!(who_came_is_recorded_corrected_and_approved_and_the_certificate_says_so, |world| async move {
    let held = placed(&world).await;
    let champion = world.sign_in(&held.who[0].mailbox).await;
    assert_eq!(champion.refused(RECORD, came(&held.places[0], json!({}))).await, ["NOT_BEGUN"]);
    minutes_in(&world, -20);
    let champion = world.sign_in(&held.who[0].mailbox).await;
    let checked_in = champion.done(RECORD, came(&held.places[0], json!({}))).await;
    let mine = json!({ "status": "PRESENT", "minutes": 120, "approved": false, "history": [] });
    assert_eq!(checked_in["assignment"]["attendance"], mine);
    assert_eq!(champion.done(RECORD, came(&held.places[0], json!({}))).await, checked_in, "twice is once");
    assert_eq!(champion.refused(RECORD, came(&held.places[1], json!({}))).await, ["NOT_FOUND"], "somebody else's");
    let leader = world.sign_in("leader").await;
    assert_eq!(leader.refused(APPROVE, json!({ "id": held.places[0] })).await, ["NOT_OVER"]);
    minutes_in(&world, 180);
    let (leader, champion) = (world.sign_in("leader").await, world.sign_in(&held.who[0].mailbox).await);
    assert_eq!(champion.refused(RECORD, came(&held.places[0], json!({ "status": "NO_SHOW" }))).await, ["NOT_YOURS"]);
    assert_eq!(champion.fault(APPROVE, json!({ "id": held.places[0] })).await, "FORBIDDEN");
    let corrected = leader.done(RECORD, came(&held.places[0], json!({ "minutes": 150 }))).await;
    let before = json!([{ "status": "PRESENT", "minutes": 120, "approved": false }]);
    assert_eq!(corrected["assignment"]["attendance"]["history"], before, "what was said before is kept");
    leader.done(APPROVE, json!({ "id": held.places[0] })).await;
    assert_eq!(champion.refused(RECORD, came(&held.places[0], json!({ "minutes": 200 }))).await, ["APPROVED"]);
    let me = champion.ask(HOURS, json!({})).await["viewer"]["champion"].take();
    assert_eq!(me["hours"], json!({ "sessions": 1, "minutes": 150, "approvedMinutes": 150 }));
    const GROUP: &str = "query($id: ID!) { group(id: $id) { hours(period: {from: \"2026-12-06\", until: \"2026-12-06\"}) { sessions minutes approvedMinutes } } }";
    assert_eq!(leader.ask(GROUP, json!({ "id": held.group })).await["group"]["hours"], me["hours"]);
    assert_eq!(champion.ask(GROUP, json!({ "id": held.group })).await["group"]["hours"], Value::Null);

    let path = format!("/certificates/{}/hours?from=2026-12-01", me["reference"].as_str().expect("a reference"));
    let name = me["fullName"].as_str().expect("a name").to_owned();
    for who in [&champion, &world.sign_in("coordinator").await] {
        let (status, policy, text) = page(who, &path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
        assert!(text.contains("<strong>2 h 30 min</strong>") && text.contains(&name), "{text}");
    }
    let other = world.sign_in(&held.who[1].mailbox).await;
    for who in [&other, &leader, &world.stranger()] {
        assert_eq!(page(who, &path).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(page(&champion, "/certificates/DC-9999/hours").await.0, StatusCode::NOT_FOUND);
    assert_eq!(page(&champion, &path.replace("2026-12-01", "soon")).await.0, StatusCode::NOT_FOUND);
});

both!(not_coming_is_a_fact_that_matching_never_reads, |world| async move {
    let held = placed(&world).await;
    minutes_in(&world, 5);
    let leader = world.sign_in("leader").await;
    let later = with(world.free_session().await, json!({ "date": "2026-12-13" }));
    let next = leader.ask_for(&later).await;
    const MATCHES: &str = "query($id: ID!) { session(id: $id) { matches(first: 100) { edges { score reasons { kind points } node { id } } blocked { kind count } } } }";
    let before = leader.ask(MATCHES, json!({ "id": next.session })).await;
    let absent = leader.done(RECORD, came(&held.places[0], json!({ "status": "NO_SHOW" }))).await;
    assert_eq!(absent["assignment"]["attendance"]["minutes"], 0);
    assert_eq!(leader.ask(MATCHES, json!({ "id": next.session })).await, before, "not a point, not a place in the order");
    let mine = world.sign_in(&held.who[0].mailbox).await.ask(HOURS, json!({})).await;
    assert_eq!(mine["viewer"]["champion"]["hours"], json!({ "sessions": 0, "minutes": 0, "approvedMinutes": 0 }));
    let offer = leader.offer(&next.request, &held.who[..1]).await.remove(0);
    world.sign_in(&held.who[0].mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
});

both!(there_is_nothing_to_record_of_a_place_given_up, |world| async move {
    let held = placed(&world).await;
    world.sign_in(&held.who[0].mailbox).await.done(GIVE_UP, json!({ "id": held.places[0] })).await;
    minutes_in(&world, 5);
    assert_eq!(world.sign_in("leader").await.refused(RECORD, came(&held.places[0], json!({}))).await, ["DUTY_ENDED"]);
    for (name, answer) in [("trainer", "FORBIDDEN"), ("safeguarding", "FORBIDDEN")] {
        assert_eq!(world.sign_in(name).await.fault(RECORD, came(&held.places[1], json!({}))).await, answer, "{name}");
    }
});

both!(what_a_session_did_is_numbers_and_small_ones_are_for_coordinators, |world| async move {
    let held = placed(&world).await;
    let input = json!({ "sessionId": held.session, "learners": 6, "expectedVersion": 0,
        "topics": [{ "topic": "EMAIL", "learners": 6 }, { "topic": "NHS_APP", "learners": 2 }],
        "skills": [{ "skill": "BEING_SAFE", "practised": 5, "unaided": 3 }],
        "devices": [{ "device": "ANDROID", "learners": 4 }], "referrals": [{ "referral": "DEVICE_LIBRARY", "learners": 1 }],
        "confidence": [{ "level": 2, "before": 6 }, { "level": 4, "after": 4 }] });
    let leader = world.sign_in("leader").await;
    assert_eq!(leader.refused(OUTCOME, json!({ "input": input })).await, ["NOT_BEGUN"]);
    minutes_in(&world, 5);
    let (leader, coordinator) = (world.sign_in("leader").await, world.sign_in("coordinator").await);
    let told = leader.done(OUTCOME, json!({ "input": input })).await["session"]["outcome"].take();
    let expected = json!({ "learners": 6,
        "topics": [{ "topic": "EMAIL", "learners": 6 }, { "topic": "NHS_APP", "learners": null }],
        "skills": [{ "skill": "BEING_SAFE", "practised": 5, "unaided": null }],
        "devices": [{ "device": "ANDROID", "learners": null }], "referrals": [{ "referral": "DEVICE_LIBRARY", "learners": null }],
        "confidenceBefore": 2.0, "confidenceAfter": null });
    assert_eq!((&told["version"], &told["numbers"]), (&json!(1), &expected), "a leader is told no small numbers");
    assert_eq!(leader.refused(OUTCOME, json!({ "input": input })).await, ["STALE"]);
    let again = with(input.clone(), json!({ "expectedVersion": 1, "learners": 7 }));
    let told = coordinator.done(OUTCOME, json!({ "input": again })).await["session"]["outcome"].take();
    assert_eq!((&told["version"], told["corrected"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    assert_eq!((&told["numbers"]["learners"], &told["numbers"]["topics"][1]["learners"]), (&json!(7), &json!(2)));
    assert_eq!(told["numbers"]["confidenceAfter"], 4.0);
    const TOTALS: &str = "query($id: ID!) { group(id: $id) { outcomes(period: {from: \"2026-12-06\"}) { sessions numbers { learners topics { learners } } } } }";
    let sum = leader.ask(TOTALS, json!({ "id": held.group })).await["group"]["outcomes"].take();
    assert_eq!(
        sum,
        json!({ "sessions": 1, "numbers": { "learners": 7, "topics": [{ "learners": 6 }, { "learners": null }] } }),
        "the correction alone"
    );
    let champion = world.sign_in(&held.who[0].mailbox).await;
    assert_eq!(champion.ask(TOTALS, json!({ "id": held.group })).await["group"]["outcomes"], Value::Null);
    assert_eq!(champion.fault(OUTCOME, json!({ "input": again })).await, "FORBIDDEN");
    for (over, field) in [
        (json!({ "learners": 501 }), "learners"),
        (json!({ "topics": [{ "topic": "EMAIL", "learners": 9 }] }), "topics"),
        (json!({ "skills": [{ "skill": "BEING_SAFE", "practised": -1 }] }), "skills"),
        (json!({ "confidence": [{ "level": 6, "before": 1 }] }), "confidence"),
    ] {
        let wrong = with(with(input.clone(), json!({ "expectedVersion": 2 })), over.clone());
        assert_eq!(leader.problems(OUTCOME, json!({ "input": wrong })).await, [("INVALID".to_owned(), field.to_owned())], "{over}");
    }
});

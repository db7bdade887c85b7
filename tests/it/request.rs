//! Requests: a leader previews, asks, sees who could come, and how the request stands.

use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, ASK, DECLINE, GIVE_UP, with};

const PREVIEW: &str = "query($input: MatchPreviewInput!) { matchPreview(input: $input, first: 100) {
    matches { totalCount blockedCount blocked { kind count } edges { score distanceBand reasons { kind weight points } node { id displayName fullName } } }
    dbsRequired { level } userErrors { code field message } } }";
const MATCHES: &str = "query($id: ID!) { session(id: $id) { matches(first: 100) { totalCount blockedCount blocked { kind count }
    edges { score distanceBand reasons { kind weight points } node { id displayName fullName } } } } }";
const WITHDRAW: &str =
    "mutation($id: ID!) { championRequestWithdraw(input: {requestId: $id}) { request { id status } userErrors { code field message } } }";

/// How many sessions and requests there are.
async fn counts(world: &World) -> Value {
    world.sign_in("coordinator").await.ask("{ sessions { totalCount } championRequests { totalCount } }", json!({})).await
}

both!(a_preview_shows_what_the_session_would_and_changes_nothing, |world| async move {
    let leader = world.sign_in("leader").await;
    let session = with(world.free_session().await, json!({ "date": "2026-12-01" }));
    let before = counts(&world).await;
    let preview = leader.ask(PREVIEW, json!({ "input": { "session": session } })).await["matchPreview"].clone();
    assert_eq!(preview["userErrors"], json!([]));
    assert_eq!(counts(&world).await, before);
    let asked = leader.ask_for(&session).await;
    let real = leader.ask(MATCHES, json!({ "id": asked.session })).await["session"]["matches"].clone();
    assert_eq!(preview["matches"], real, "the preview keeps its word");
    assert!(real["totalCount"].as_u64() > Some(0), "{real:#}");
});

both!(a_preview_says_what_creating_would_say, |world| async move {
    let leader = world.sign_in("leader").await;
    for over in [
        json!({ "date": "2026-11-01" }),
        json!({ "venueId": null }),
        json!({ "places": [{ "kind": "HELPER" }, { "kind": "HELPER" }] }),
        json!({ "places": [{ "kind": "HELPER" }, { "kind": "LEAD", "moduleIds": ["nothing"] }] }),
    ] {
        let session = with(world.free_session().await, over.clone());
        let preview = leader.payload(PREVIEW, json!({ "input": { "session": session } })).await;
        let create = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { userErrors { code field message } } }";
        let created = leader.payload(create, json!({ "input": { "session": session } })).await;
        assert_ne!(created["userErrors"], json!([]), "{over}");
        assert_eq!(preview["userErrors"], created["userErrors"], "{over}");
    }
});

both!(matches_are_ranked_with_reasons_and_the_others_are_only_counted, |world| async move {
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&with(world.free_session().await, json!({ "date": "2026-12-01" }))).await;
    let matches = leader.ask(MATCHES, json!({ "id": asked.session })).await["session"]["matches"].clone();
    let edges = matches["edges"].as_array().expect("edges");
    let scores: Vec<f64> = edges.iter().map(|e| e["score"].as_f64().expect("a score")).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "best first: {scores:?}");
    // Who is ruled out is counted where it is asked, however it is.
    for asks in ["why: blocked { kind count }", "... { why: blocked { kind count } }", "...Why"] {
        let query = format!(
            "query($id: ID!) {{ session(id: $id) {{ matches(first: 1) {{ blockedCount {asks} }} }} }} {}",
            if asks == "...Why" { "fragment Why on MatchConnection { why: blocked { kind count } }" } else { "" }
        );
        let told = leader.ask(&query, json!({ "id": asked.session })).await["session"]["matches"].clone();
        assert_eq!((&told["why"], &told["blockedCount"]), (&matches["blocked"], &matches["blockedCount"]), "{query}");
    }
    for edge in edges {
        let points: f64 = edge["reasons"].as_array().expect("reasons").iter().map(|r| r["points"].as_f64().expect("points")).sum();
        let weights: f64 = edge["reasons"].as_array().expect("reasons").iter().map(|r| r["weight"].as_f64().expect("weight")).sum();
        assert!((weights - 100.0).abs() < 0.01 && (points - edge["score"].as_f64().expect("a score")).abs() <= 3.1, "{edge:#}");
        assert!(edge["distanceBand"].is_string(), "an in-person session has distances: {edge}");
        assert_eq!(edge["node"]["fullName"], Value::Null, "a leader sees short names");
    }
    let blocked = matches["blocked"].as_array().expect("counts");
    let kinds: Vec<&str> = blocked.iter().filter_map(|b| b["kind"].as_str()).collect();
    assert!(kinds.contains(&"TRAINING") && kinds.contains(&"NOT_AVAILABLE"), "{kinds:?}");
    let total = matches["blockedCount"].as_u64().expect("a count");
    assert!(blocked.iter().all(|b| b["count"].as_u64().is_some_and(|n| n > 0 && n <= total)), "{blocked:?}");
    let other = world.sign_in("leader2").await.ask(MATCHES, json!({ "id": asked.session })).await;
    assert_eq!(other["session"]["matches"], Value::Null, "another leader's matches look like none");
});

both!(a_request_follows_its_places_and_offers, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&with(world.free_session().await, json!({ "places": [{ "kind": "HELPER", "count": 2 }] }))).await;
    let stands = async || world.session(&asked.session).await["request"]["status"].as_str().expect("a status").to_owned();
    assert_eq!(stands().await, "OPEN");
    let chosen: Vec<_> = world.matched(&asked.session, &volunteers).await.into_iter().take(3).collect();
    let offers = leader.offer(&asked.request, &chosen).await;
    assert_eq!(stands().await, "OFFERED");
    world.sign_in(&chosen[2].mailbox).await.done(DECLINE, json!({ "id": offers[2] })).await;
    assert_eq!(stands().await, "OFFERED");
    let (first, second) = (world.sign_in(&chosen[0].mailbox).await, world.sign_in(&chosen[1].mailbox).await);
    let place = first.done(ACCEPT, json!({ "id": offers[0] })).await["assignment"]["id"].clone();
    assert_eq!(stands().await, "PARTLY_FILLED");
    second.done(ACCEPT, json!({ "id": offers[1] })).await;
    assert_eq!(stands().await, "FILLED");
    assert_eq!(world.session(&asked.session).await["cover"], "COVERED");
    assert_eq!(leader.refused(WITHDRAW, json!({ "id": asked.request })).await, ["FILLED"]);
    first.done(GIVE_UP, json!({ "id": place })).await;
    assert_eq!(stands().await, "PARTLY_FILLED", "a withdrawal opens the place");
    world.pass(chrono::TimeDelta::days(16));
    assert_eq!(stands().await, "EXPIRED", "the session began with a place open");
});

both!(a_request_taken_back_closes_its_offers_and_keeps_those_who_accepted, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&with(world.free_session().await, json!({ "places": [{ "kind": "HELPER", "count": 2 }] }))).await;
    let chosen: Vec<_> = world.matched(&asked.session, &volunteers).await.into_iter().take(2).collect();
    let offers = leader.offer(&asked.request, &chosen).await;
    world.sign_in(&chosen[0].mailbox).await.done(ACCEPT, json!({ "id": offers[0] })).await;
    for _ in 0..2 {
        let done = leader.done(WITHDRAW, json!({ "id": asked.request })).await;
        assert_eq!(done["request"]["status"], "WITHDRAWN", "twice is the same");
    }
    assert_eq!(world.session(&asked.session).await["assignments"].as_array().map(Vec::len), Some(1));
    let late = world.sign_in(&chosen[1].mailbox).await.refused(ACCEPT, json!({ "id": offers[1] })).await;
    assert_eq!(late, ["OFFER_CLOSED"]);
    let again = leader.done(ASK, json!({ "input": { "target": { "sessionId": asked.session } } })).await;
    assert_eq!(again["request"]["status"], "PARTLY_FILLED", "the session may be asked for again");
    assert_eq!(leader.refused(ASK, json!({ "input": { "target": { "sessionId": asked.session } } })).await, ["ALREADY_ASKED"]);
});

both!(a_request_is_for_those_who_speak_for_the_group, |world| async move {
    let (leader, other) = (world.sign_in("leader").await, world.sign_in("leader2").await);
    let session = world.free_session().await;
    assert_eq!(other.fault(ASK, json!({ "input": { "target": { "newSession": session } } })).await, "FORBIDDEN");
    let asked = leader.ask_for(&session).await;
    assert_eq!(other.fault(ASK, json!({ "input": { "target": { "sessionId": asked.session } } })).await, "FORBIDDEN");
    let read = "query($id: ID!) { championRequest(id: $id) { id } }";
    assert_eq!(other.ask(read, json!({ "id": asked.request })).await["championRequest"], Value::Null);
    assert_eq!(leader.ask(read, json!({ "id": asked.request })).await["championRequest"]["id"], asked.request);
    assert_eq!(other.refused(WITHDRAW, json!({ "id": asked.request })).await, ["NOT_FOUND"], "what is hidden is not there");
    let input = with(session, json!({ "date": "2026-11-01" }));
    let payload = leader.payload(ASK, json!({ "input": { "target": { "newSession": input } } })).await;
    assert_eq!(payload["userErrors"][0]["field"], json!(["target", "newSession", "date"]));
});

both!(the_same_key_asks_once, |world| async move {
    let leader = world.sign_in("leader").await;
    let input = |message: &str, session: &Value| json!({ "input": { "idempotencyKey": "k-2", "message": message, "target": { "newSession": session } } });
    let session = world.free_session().await;
    let first = leader.done(ASK, input("Please", &session)).await;
    assert_eq!(leader.done(ASK, input("Please", &session)).await, first);
    assert_eq!(leader.refused(ASK, input("Now", &session)).await, ["IDEMPOTENCY_MISMATCH"]);
    world.pass(chrono::TimeDelta::hours(25));
    let later = world.sign_in("leader").await.done(ASK, input("Now", &session)).await;
    assert_ne!(later["request"]["id"], first["request"]["id"], "after 24 hours a key is new");
});

//! One clearance of the alliance, each organisation's own word on it, and sessions that ask for that word.

use serde_json::{Value, json};

use crate::harness::booking::{ACCEPT as ACCEPT_OFFER, Asked, SEND, with};
use crate::harness::{Persona, World};
use crate::{both, dbs};

const ACCEPT: &str = "mutation($input: AcceptanceRecordInput!) { acceptanceRecord(input: $input) { champion { acceptances { accepted reliesOn organisation { id } } } userErrors { code field message } } }";
const READ: &str = "query($id: ID!) { champion(by: {id: $id}) { acceptances { accepted organisation { id } } } }";

/// The organisation of one of the leader's groups, and another's.
async fn organisations(world: &World) -> (Value, Value) {
    let leader = world.sign_in("leader").await;
    let own = leader.ask("{ viewer { leads { organisation { id } } } }", json!({})).await["viewer"]["leads"].clone();
    let theirs: Vec<Value> = own.as_array().expect("groups").iter().map(|g| g["organisation"]["id"].clone()).collect();
    let all = leader.ask("{ organisations(first: 100) { nodes { id } } }", json!({})).await;
    let all = all["organisations"]["nodes"].as_array().cloned().expect("organisations");
    let other = all.into_iter().map(|o| o["id"].clone()).find(|id| !theirs.contains(id)).expect("another");
    (theirs[0].clone(), other)
}

fn word(organisation: &Value, champion: &Value, accepted: bool) -> Value {
    json!({ "input": { "organisationId": organisation, "championId": champion, "accepted": accepted } })
}

async fn seen(by: &Persona<'_>, champion: &Value) -> Vec<(Value, Value)> {
    let rows = by.ask(READ, json!({ "id": champion })).await["champion"]["acceptances"].clone();
    rows.as_array().map(|rows| rows.iter().map(|a| (a["organisation"]["id"].clone(), a["accepted"].clone())).collect()).unwrap_or_default()
}

both!(each_organisation_has_its_own_word_and_leaders_see_theirs_alone, |world| async move {
    let (own, other) = organisations(&world).await;
    let champion = world.champion_id("Precious Ncube-Whittle").await;
    let (leader, coordinator) = (world.sign_in("leader").await, world.sign_in("coordinator").await);
    let done = leader.done(ACCEPT, word(&own, &champion, true)).await;
    let theirs = json!([{ "accepted": true, "reliesOn": "ALLIANCE_CLEARANCE", "organisation": { "id": own } }]);
    assert_eq!(done["champion"]["acceptances"], theirs);
    assert_eq!(leader.refused(ACCEPT, word(&other, &champion, true)).await, ["NOT_FOUND"], "another's word is not theirs to give");
    coordinator.done(ACCEPT, word(&other, &champion, false)).await;
    assert_eq!(seen(&leader, &champion).await, [(own.clone(), json!(true))]);
    for who in ["coordinator", "safeguarding", "champion"] {
        assert_eq!(seen(&world.sign_in(who).await, &champion).await.len(), 2, "{who}");
    }
    world.pass(chrono::TimeDelta::seconds(1));
    leader.done(ACCEPT, word(&own, &champion, false)).await;
    assert_eq!(seen(&leader, &champion).await, [(own.clone(), json!(false))], "the latest counts");
    let applicant = world.champion_id("Ngozi Eze").await;
    assert_eq!(leader.refused(ACCEPT, word(&own, &applicant, true)).await, ["NOT_FOUND"], "nobody they could not place");
    for who in ["champion", "trainer", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(who).await.fault(ACCEPT, word(&own, &champion, true)).await, "FORBIDDEN", "{who}");
    }
});

const ASKED: &str = "mutation($input: OrganisationAcceptanceSetInput!) { organisationAcceptanceSet(input: $input) { organisation { asksAcceptance } userErrors { code field message } } }";
const VIEW: &str = "query($id: ID!, $session: ID!) { champion(by: {id: $id}) { clearanceFor(sessionId: $session) { cleared reasons { kind remedy { kind what } } }
    opportunities { blocked(first: 100) { session { id } reasons { kind } } } } }";
const OFFER: &str = "query($id: ID!) { node(id: $id) { ... on Offer { viewerCannotAcceptReasons { code message } } } }";
const ASSIGNMENT: &str = "query($id: ID!) { node(id: $id) { ... on Assignment { clearedForSession atRiskSince } } }";
const FORECAST: &str =
    "{ clearanceForecast(days: 90) { nodes { assignment { id } reasons { kind } } preventions { remedy { kind what } } } }";
const BLOCKED: &str = "query($id: ID!) { session(id: $id) { matches { totalCount blocked { kind count } } } }";

/// The leader's organisation, and a session of its group that asks for a basic check.
async fn deployed(world: &World) -> (Value, Value, Asked) {
    let leader = world.sign_in("leader").await;
    let own = leader.ask("{ viewer { leads { slug organisation { id name } } } }", json!({})).await["viewer"]["leads"].clone();
    let group = own.as_array().expect("groups").iter().find(|g| g["slug"] == "stockroom-digital-desk").expect("the group").clone();
    let session = with(world.free_session().await, json!({ "dbs": { "level": "BASIC", "workforce": "OTHER" } }));
    let asked = leader.ask_for(&session).await;
    (group["organisation"]["id"].clone(), group["organisation"]["name"].clone(), asked)
}

fn switch(organisation: &Value, asked: bool) -> Value {
    json!({ "input": { "organisationId": organisation, "asked": asked } })
}

both!(where_an_organisation_asks_for_its_word_everything_that_judges_a_champion_asks_for_it, |world| async move {
    let volunteers = world.everybody_comes().await;
    let (organisation, name, asked) = deployed(&world).await;
    let (leader, coordinator) = (world.sign_in("leader").await, world.sign_in("coordinator").await);
    let could = world.matched(&asked.session, &volunteers).await;
    let [first, second] = [could[0].clone(), could[1].clone()];
    let offer = leader.offer(&asked.request, std::slice::from_ref(&first)).await.remove(0);
    let me = world.sign_in(&first.mailbox).await;
    assert_eq!(me.ask(OFFER, json!({ "id": offer })).await["node"]["viewerCannotAcceptReasons"], json!([]));

    let set = coordinator.done(ASKED, switch(&organisation, true)).await;
    assert_eq!(set["organisation"]["asksAcceptance"], true);
    let remedy = json!({ "kind": "ACCEPTANCE", "what": name });
    let reasons = me.ask(OFFER, json!({ "id": offer })).await["node"]["viewerCannotAcceptReasons"].clone();
    assert_eq!(reasons[0]["code"], "NOT_ACCEPTED");
    assert!(reasons[0]["message"].as_str().is_some_and(|m| m.contains(name.as_str().expect("a name"))), "{reasons}");
    assert_eq!(me.refused(ACCEPT_OFFER, json!({ "id": offer })).await, ["NOT_ACCEPTED"]);
    let view = me.ask(VIEW, json!({ "id": first.id, "session": asked.session })).await["champion"].clone();
    assert_eq!(view["clearanceFor"], json!({ "cleared": false, "reasons": [{ "kind": "ACCEPTANCE", "remedy": remedy }] }));
    let blocked = view["opportunities"]["blocked"].as_array().expect("sessions").iter().find(|b| b["session"]["id"] == asked.session);
    assert_eq!(blocked.expect("the session")["reasons"], json!([{ "kind": "ACCEPTANCE" }]));
    let matches = leader.ask(BLOCKED, json!({ "id": asked.session })).await["session"]["matches"].clone();
    assert_eq!(matches["totalCount"], 0);
    let count =
        matches["blocked"].as_array().expect("reasons").iter().find(|b| b["kind"] == "ACCEPTANCE").expect("the reason")["count"].clone();
    assert!(count.as_u64() >= Some(could.len() as u64), "{matches}");
    let send = json!({ "input": { "requestId": asked.request, "championIds": [second.id] } });
    assert_eq!(leader.refused(SEND, send).await, ["CANNOT_TAKE_PLACE"]);

    leader.done(ACCEPT, word(&organisation, &first.id, true)).await;
    let assignment = me.done(ACCEPT_OFFER, json!({ "id": offer })).await["assignment"]["id"].clone();
    let standing = async || coordinator.ask(ASSIGNMENT, json!({ "id": assignment })).await["node"].clone();
    assert_eq!(standing().await, json!({ "clearedForSession": true, "atRiskSince": null }));
    world.pass(chrono::TimeDelta::seconds(1));
    leader.done(ACCEPT, word(&organisation, &first.id, false)).await;
    let broken = standing().await;
    assert!(
        broken["clearedForSession"] == false && broken["atRiskSince"].is_string(),
        "a word taken back is a fact that changed: {broken}"
    );
    let forecast = coordinator.ask(FORECAST, json!({})).await["clearanceForecast"].clone();
    let lines = forecast["nodes"].as_array().expect("lines");
    assert!(lines.contains(&json!({ "assignment": { "id": assignment }, "reasons": [{ "kind": "ACCEPTANCE" }] })), "{forecast:#}");
    assert!(forecast["preventions"].as_array().expect("preventions").contains(&json!({ "remedy": remedy })));

    world.pass(chrono::TimeDelta::seconds(1));
    coordinator.done(ASKED, switch(&organisation, false)).await;
    assert_eq!(standing().await, json!({ "clearedForSession": true, "atRiskSince": null }), "whoever was placed is judged again");
    coordinator.done(ASKED, switch(&organisation, true)).await;
    assert!(standing().await["atRiskSince"].is_string());
});

both!(a_check_that_the_organisation_obtained_itself_needs_no_word_of_it, |world| async move {
    let volunteers = world.everybody_comes().await;
    let (organisation, _, asked) = deployed(&world).await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    world.sign_in("coordinator").await.done(ASKED, switch(&organisation, true)).await;
    assert!(world.matched(&asked.session, &volunteers).await.is_empty());
    let lead = world.sign_in("safeguarding").await;
    let input = json!({ "championId": who.id, "scope": dbs::basic(), "organisationId": organisation });
    let check = lead.done(dbs::REQUEST, json!({ "input": input })).await["check"]["id"].clone();
    let steps = [dbs::to_issued(), vec![dbs::seen("001234567890", "2026-11-21"), json!({ "cleared": {} })]].concat();
    dbs::advanced(&lead, &check, &steps).await;
    let matched = world.matched(&asked.session, &volunteers).await;
    assert_eq!(matched.iter().map(|v| &v.id).collect::<Vec<_>>(), [&who.id]);
    let nobody = json!({ "input": { "championId": who.id, "scope": dbs::basic(), "organisationId": who.id } });
    assert_eq!(lead.problems(dbs::REQUEST, nobody).await, [("NOT_FOUND".to_owned(), "organisationId".to_owned())]);
});

both!(coordinators_alone_say_whether_an_organisation_asks, |world| async move {
    let (own, _) = organisations(&world).await;
    for who in ["champion", "leader", "trainer", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(who).await.fault(ASKED, switch(&own, true)).await, "FORBIDDEN", "{who}");
    }
    let coordinator = world.sign_in("coordinator").await;
    let champion = world.champion_id("Precious Ncube-Whittle").await;
    let missing = coordinator.problems(ASKED, switch(&champion, true)).await;
    assert_eq!(missing, [("NOT_FOUND".to_owned(), "organisationId".to_owned())]);
});

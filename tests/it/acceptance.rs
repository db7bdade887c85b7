//! One clearance of the alliance, and each organisation's own word on it.

use serde_json::{Value, json};

use crate::both;
use crate::harness::{Persona, World};

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

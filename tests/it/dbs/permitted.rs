//! What a session permits, why, by which version of the rules; and asking for more.

use serde_json::{Value, json};

use super::{REQUEST, basic, requested};
use crate::both;
use crate::harness::World;
use crate::harness::booking::{ASK, with};

const CREATE: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) {
    session { dbsPermitted { scope { level workforce barredLists } regulated reason rulesVersion } } userErrors { code field message } } }";
const PREVIEW: &str = "query($input: MatchPreviewInput!) { matchPreview(input: $input, first: 1) {
    dbsPermitted { scope { level workforce barredLists } regulated reason rulesVersion } userErrors { code field message } } }";
const SERIES: &str =
    "mutation($input: SessionSeriesCreateInput!) { sessionSeriesCreate(input: $input) { userErrors { code field message } } }";

fn enhanced(workforce: &str, lists: &[&str]) -> Value {
    json!({ "level": "ENHANCED", "workforce": workforce, "barredLists": lists })
}

fn none(scope: Value) -> Value {
    with(scope, json!({ "barredLists": [] }))
}

/// What a session is: what it permits, whether it is regulated, a word of the reason, and what is more than that.
fn table() -> [(Value, Value, bool, &'static str, Value); 8] {
    let more = enhanced("CHILD_AND_ADULT", &["ADULTS", "CHILDREN"]);
    [
        (json!({}), none(basic()), false, "a public session for adults", enhanced("ADULT", &[])),
        (json!({ "audience": "FAMILIES", "weekly": true }), none(basic()), false, "merely present", enhanced("CHILD", &[])),
        (json!({ "audience": "ADULTS_RECEIVING_CARE" }), none(basic()), false, "a single session", enhanced("ADULT", &[])),
        (
            json!({ "audience": "ADULTS_RECEIVING_CARE", "weekly": true }),
            enhanced("ADULT", &[]),
            false,
            "regular contact",
            enhanced("ADULT", &["ADULTS"]),
        ),
        (
            json!({ "audience": "CHILDREN" }),
            enhanced("CHILD", &[]),
            false,
            "below the regulated threshold",
            enhanced("CHILD", &["CHILDREN"]),
        ),
        (json!({ "audience": "CHILDREN", "weekly": true }), enhanced("CHILD", &["CHILDREN"]), true, "weekly", more.clone()),
        (json!({ "audience": "CHILDREN", "overnight": true }), enhanced("CHILD", &["CHILDREN"]), true, "overnight", more.clone()),
        (json!({ "handlesMoney": true }), enhanced("ADULT", &["ADULTS"]), true, "even once", more),
    ]
}

both!(what_a_session_permits_is_answered_with_its_reason_and_the_rules_version, |world| async move {
    let leader = world.sign_in("leader").await;
    let version = world.stranger().ask("{ server { dbsRulesVersion } }", json!({})).await["server"]["dbsRulesVersion"].clone();
    for (facts, scope, regulated, word, _) in table() {
        let mut session = with(world.free_session().await, facts.clone());
        session.as_object_mut().expect("an object").remove("dbs");
        let input = json!({ "input": { "session": session } });
        let previewed = leader.ask(PREVIEW, input.clone()).await["matchPreview"].clone();
        assert_eq!(previewed["userErrors"], json!([]), "{facts}");
        let created = leader.done(CREATE, input).await["session"]["dbsPermitted"].clone();
        assert_eq!(created, previewed["dbsPermitted"], "before and after it is there");
        assert_eq!((&created["scope"], &created["regulated"], &created["rulesVersion"]), (&scope, &json!(regulated), &version), "{facts}");
        assert!(created["reason"].as_str().is_some_and(|reason| reason.contains(word)), "{facts}: {created}");
    }
});

both!(asking_for_more_than_a_session_permits_is_refused_with_that_reason, |world| async move {
    let leader = world.sign_in("leader").await;
    for (facts, _, _, word, more) in table() {
        let session = with(with(world.free_session().await, facts.clone()), json!({ "dbs": more }));
        let path = json!(["session", "dbs"]);
        let rule = if facts["weekly"] == true { "FREQ=WEEKLY" } else { "FREQ=MONTHLY" };
        let repeat = json!({ "input": { "session": session, "rule": rule } });
        let ask = json!({ "input": { "target": { "newSession": session } } });
        let told = [
            (leader.payload(CREATE, json!({ "input": { "session": session } })).await, "MORE_THAN_PERMITTED", &path),
            (leader.payload(PREVIEW, json!({ "input": { "session": session } })).await, "MORE_THAN_PERMITTED", &path),
            (leader.payload(SERIES, repeat).await, "SESSION", &path),
            (leader.payload(ASK, ask).await, "SESSION", &json!(["target", "newSession", "dbs"])),
        ];
        for (payload, code, path) in told {
            let error = &payload["userErrors"][0];
            assert_eq!((&error["code"], &error["field"]), (&json!(code), path), "{facts}: {payload:#}");
            let message = error["message"].as_str().expect("a sentence");
            assert!(message.contains(word) && message.contains(rules::dbs::RULES_VERSION), "{message}");
        }
    }
});

both!(asking_for_a_check_above_the_position_is_refused_with_its_reason, |world| async move {
    let lead = world.sign_in("safeguarding").await;
    let id = world.champion_id("Valentina Rossi").await;
    for (facts, _, _, word, more) in table() {
        let facts = with(json!({ "audience": "ADULTS_PUBLIC", "weekly": false }), facts);
        let payload = lead.payload(REQUEST, json!({ "input": { "championId": id, "scope": more, "positions": [facts] } })).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("MORE_THAN_PERMITTED"), &json!(["scope"])), "{facts}: {payload:#}");
        let message = error["message"].as_str().expect("a sentence");
        assert!(message.contains(word) && message.contains(rules::dbs::RULES_VERSION), "{message}");
    }
});

/// A check of the demo that is under way, as the safeguarding lead sees it.
async fn overdue(world: &World, id: &Value) -> Value {
    let query = "query($id: ID!) { champion(by: {id: $id}) { dbsChecks { overdue } } }";
    world.sign_in("safeguarding").await.ask(query, json!({ "id": id })).await["champion"]["dbsChecks"][0]["overdue"].clone()
}

both!(an_application_under_way_for_more_than_thirty_days_is_flagged, |world| async move {
    let id = world.champion_id("Valentina Rossi").await;
    requested(&world.sign_in("safeguarding").await, &id, basic()).await;
    world.pass(chrono::TimeDelta::days(30));
    assert_eq!(overdue(&world, &id).await, false);
    world.pass(chrono::TimeDelta::days(1));
    assert_eq!(overdue(&world, &id).await, true);
});

//! Detail is for the safeguarding lead, and whoever looks, or tries to, is written down.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{ADVANCE, REQUEST, advanced, basic, refusal, requested, seen, to_issued};
use crate::both;
use crate::champion::own;
use crate::harness::World;

const DETAIL: &str = "query($id: ID!) { champion(by: {id: $id}) { displayName dbsChecks { status certificateNumber } } }";

/// Who has read, newest first, as the subject sees it.
async fn log(world: &World) -> Value {
    own(&world.sign_in("champion").await, "dbsReadLog { granted reader at }").await["dbsReadLog"].take()
}

both!(each_read_and_each_attempt_is_in_the_subjects_log, |world| async move {
    let id = world.champion_id("Precious Ncube-Whittle").await;
    assert_eq!(log(&world).await, json!([]));
    let detail = world.sign_in("safeguarding").await.ask(DETAIL, json!({ "id": id })).await;
    assert_eq!(detail["champion"]["dbsChecks"][0]["status"], "CLEARED");
    assert!(
        detail["champion"]["dbsChecks"][0]["certificateNumber"]
            .as_str()
            .is_some_and(|number| number.len() == 12 && number.starts_with("0099"))
    );
    let mut expected = vec![json!({ "granted": true, "reader": "Demo Safeguarding Lead", "at": "2026-11-21T09:00:00.000Z" })];
    assert_eq!(log(&world).await, json!(expected));
    for (minute, (name, reader)) in
        (1..).zip([("coordinator", "Demo Coordinator"), ("trainer", "Demo Trainer"), ("leader", "Demo Group Leader")])
    {
        world.pass(TimeDelta::minutes(1));
        let attempt = world.sign_in(name).await.ask(DETAIL, json!({ "id": id })).await;
        assert_eq!(attempt["champion"], json!({ "displayName": "Precious N.", "dbsChecks": null }), "{name}");
        expected.insert(0, json!({ "granted": false, "reader": reader, "at": format!("2026-11-21T09:0{minute}:00.000Z") }));
        assert_eq!(log(&world).await, json!(expected), "{name}");
    }
    world.pass(TimeDelta::minutes(1));
    assert_eq!(own(&world.sign_in("champion").await, "dbsChecks { status }").await["dbsChecks"], Value::Null, "not even one's own, here");
    assert_eq!(log(&world).await.as_array().map(Vec::len), Some(5));
});

both!(reading_a_list_writes_a_row_for_each, |world| async move {
    const LIST: &str = "{ champions(first: 5, filter: {memberships: [ACTIVE]}) { nodes { id dbsChecks { status } } } }";
    const LOGS: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Champion { dbsReadLog { granted } } } }";
    let lead = world.sign_in("safeguarding").await;
    let nodes = lead.ask(LIST, json!({})).await["champions"]["nodes"].take();
    let ids: Vec<&Value> = nodes.as_array().expect("champions").iter().map(|node| &node["id"]).collect();
    let rows = lead.ask(LOGS, json!({ "ids": ids })).await;
    assert_eq!(rows["nodes"], json!(vec![json!({ "dbsReadLog": [{ "granted": true }] }); 5]));
});

both!(who_sees_nobody_leaves_no_row_about_them, |world| async move {
    let id = world.champion_id("Precious Ncube-Whittle").await;
    for stranger in [world.sign_in("admin").await, world.sign_in("oksana.11").await, world.partner(), world.stranger()] {
        assert_eq!(stranger.ask(DETAIL, json!({ "id": id })).await["champion"], Value::Null);
    }
    assert_eq!(log(&world).await, json!([]));
    let mine = world
        .sign_in("coordinator")
        .await
        .ask("query($id: ID!) { champion(by: {id: $id}) { dbsReadLog { granted } } }", json!({ "id": id }))
        .await;
    assert_eq!(mine["champion"]["dbsReadLog"], Value::Null, "who has read is the subject's and the lead's to know");
});

both!(everybody_else_may_do_nothing_with_checks, |world| async move {
    let id = world.champion_id("Yusuf Demir").await;
    let found = world
        .sign_in("safeguarding")
        .await
        .ask("query($id: ID!) { champion(by: {id: $id}) { dbsChecks { id version status } } }", json!({ "id": id }))
        .await;
    let check = found["champion"]["dbsChecks"][0].clone();
    let absent = "RGJzQ2hlY2s6MDE5MGY3YTAtMTExMS03MDAwLTgwMDAtMDAwMDAwMDAwMDAx";
    for name in ["coordinator", "trainer", "leader", "champion", "yusuf.44", "admin"] {
        let persona = world.sign_in(name).await;
        assert_eq!(persona.fault(REQUEST, json!({ "input": { "championId": id, "scope": basic() } })).await, "FORBIDDEN", "{name}");
        for check in [&check["id"], &json!(absent)] {
            assert_eq!(
                persona.fault(ADVANCE, json!({ "id": check, "step": { "issued": { "issuedOn": "2026-11-21" } } })).await,
                "FORBIDDEN",
                "{name}"
            );
            assert_eq!(
                persona.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": check })).await["node"],
                Value::Null,
                "{name}"
            );
        }
    }
    let lead = world.sign_in("safeguarding").await;
    assert_eq!(lead.problems(ADVANCE, json!({ "id": absent, "step": { "cleared": {} } })).await, refusal("NOT_FOUND", "checkId"));
    let same = lead.ask("query($id: ID!) { champion(by: {id: $id}) { dbsChecks { id version status } } }", json!({ "id": id })).await;
    assert_eq!(same["champion"]["dbsChecks"][0], check, "nothing changed");
});

both!(the_checklist_does_not_tell_where_a_check_stands, |world| async move {
    const LINE: &str = "query($id: ID!) { champion(by: {id: $id}) { onboarding { steps { status waitingOn requirement { kind } } } } }";
    let (lead, coordinator) = (world.sign_in("safeguarding").await, world.sign_in("coordinator").await);
    let id = world.champion_id("Valentina Rossi").await;
    let line = async || {
        let steps = coordinator.ask(LINE, json!({ "id": id })).await["champion"]["onboarding"]["steps"].take();
        let steps = steps.as_array().cloned().expect("steps");
        let step = steps.into_iter().find(|step| step["requirement"]["kind"] == "DBS").expect("a line");
        json!([step["status"], step["waitingOn"]])
    };
    assert_eq!(line().await, json!(["TO_DO", "SAFEGUARDING_LEAD"]));
    let check = requested(&lead, &id, basic()).await;
    advanced(&lead, &check, &to_issued()).await;
    advanced(&lead, &check, &[seen("001234567890", "2026-11-21")]).await;
    let undecided = line().await;
    assert_eq!(undecided, json!(["IN_PROGRESS", "DBS"]));
    advanced(&lead, &check, &[json!({ "other": "RISK_ASSESSMENT" })]).await;
    assert_eq!(line().await, undecided);
    advanced(&lead, &check, &[json!({ "other": "NOT_CLEARED" })]).await;
    assert_eq!(line().await, undecided, "a no is the lead's to tell");
});

/// The fields of every input about checks: a new one is weighed here.
#[test]
fn no_input_asks_for_a_login_a_scan_or_what_a_certificate_says() {
    let schema = include_str!("../../../schema.graphql");
    let inputs = schema.split("\ninput ").skip(1).filter(|text| text.starts_with("Dbs"));
    let field = |line: &str| Some(line.strip_prefix('\t')?.split_once(": ")?.0.to_owned()).filter(|name| !name.contains([' ', '"', '`']));
    let mut found: Vec<String> =
        inputs.flat_map(|text| text.split("\n}").next().unwrap_or_default().lines().filter_map(field).collect::<Vec<_>>()).collect();
    found.sort();
    found.dedup();
    let weighed = [
        "applicationReference",
        "audience",
        "barredLists",
        "certificateNumber",
        "championId",
        "checkId",
        "cleared",
        "conditions",
        "consent",
        "documents",
        "expectedVersion",
        "handlesMoney",
        "idChecked",
        "idempotencyKey",
        "issued",
        "issuedOn",
        "joinedOn",
        "level",
        "often",
        "organisationId",
        "other",
        "overnight",
        "positions",
        "printedName",
        "scope",
        "seen",
        "step",
        "submitted",
        "surname",
        "weekly",
        "wordingVersion",
        "workforce",
    ];
    assert_eq!(found, weighed);
}

//! B5: the trail of what was done and refused, and who may read which part of it.

use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::CANCEL;

const TRAIL: &str = "query($about: ID, $denied: Boolean = false, $first: Int, $after: String) {
    auditTrail(about: $about, deniedOnly: $denied, first: $first, after: $after) {
        nodes { id at action denied actor about aboutType detail requestId } totalCount pageInfo { hasNextPage endCursor } } }";

fn nodes(trail: &Value) -> Vec<Value> {
    trail["auditTrail"]["nodes"].as_array().cloned().expect("rows")
}

fn actions(trail: &Value) -> Vec<String> {
    nodes(trail).iter().map(|row| row["action"].as_str().expect("an action").to_owned()).collect()
}

both!(b5_the_trail_of_a_thing_says_who_did_what_and_what_was_refused, |world| async move {
    let (leader, coordinator) = (world.sign_in("leader").await, world.sign_in("coordinator").await);
    let asked = leader.ask_for(&world.free_session().await).await;
    world.pass(chrono::TimeDelta::seconds(1));
    let cancel = json!({ "input": { "sessionId": asked.session, "expectedVersion": 99 } });
    assert_eq!(leader.refused(CANCEL, cancel).await, ["STALE"]);
    world.pass(chrono::TimeDelta::seconds(1));
    coordinator.done(CANCEL, json!({ "input": { "sessionId": asked.session, "reason": "The hall is closed" } })).await;
    let seen = coordinator.ask(TRAIL, json!({ "about": asked.session })).await;
    let rows = nodes(&seen);
    assert_eq!((&rows[0]["action"], &rows[0]["denied"], &rows[0]["about"]), (&json!("SessionCancel"), &json!(false), &asked.session));
    assert_eq!((&rows[1]["action"], &rows[1]["denied"]), (&json!("SessionCancel"), &json!(true)));
    assert!(rows[1]["detail"].as_str().is_some_and(|detail| detail.contains("Stale")) && rows[1]["actor"].is_string(), "{rows:#?}");
    assert!(rows.iter().all(|row| !row.to_string().contains("hall") && row["aboutType"] == "Session"), "no words of people: {rows:#?}");
    let denied = coordinator.ask(TRAIL, json!({ "about": asked.session, "denied": true })).await;
    assert_eq!(actions(&denied), ["SessionCancel"]);
});

both!(a1_each_part_of_the_trail_is_for_its_readers, |world| async move {
    let (lead, admin) = (world.sign_in("safeguarding").await, world.sign_in("admin").await);
    let champion = world.champion_id("Kwame Boateng-Hughes").await;
    lead.ask("query($id: ID!) { champion(by: {id: $id}) { dbsChecks { id status } } }", json!({ "id": champion })).await;
    let about = json!({ "about": champion });
    assert!(actions(&lead.ask(TRAIL, about.clone()).await).contains(&"DbsDetailRead".to_owned()), "who read what of DBS");
    let coordinator = world.sign_in("coordinator").await.ask(TRAIL, about.clone()).await;
    assert!(actions(&coordinator).iter().all(|action| !action.starts_with("Dbs")), "{coordinator:#}");
    assert_eq!(admin.ask(TRAIL, about.clone()).await["auditTrail"]["totalCount"], 0, "administrators see no champion's record");
    for who in ["champion", "leader", "trainer"] {
        assert_eq!(world.sign_in(who).await.ask(TRAIL, about.clone()).await["auditTrail"], Value::Null, "{who}");
    }
    for who in [world.stranger(), world.partner()] {
        assert_eq!(who.ask(TRAIL, json!({})).await["auditTrail"], Value::Null);
    }
    // Who came to the door and stayed out is the administrator's to see.
    crate::identity::knock(&world).await;
    let door = admin.ask(TRAIL, json!({ "denied": true })).await;
    assert_eq!((&nodes(&door)[0]["action"], &nodes(&door)[0]["aboutType"]), (&json!("SignIn"), &json!("Account")));
    let others = world.sign_in("coordinator").await.ask(TRAIL, json!({ "first": 100 })).await;
    assert!(
        nodes(&others)
            .iter()
            .all(|row| !["Account", "RoleGrant", "ApiClient", "DbsCheck"].contains(&row["aboutType"].as_str().unwrap_or_default()))
    );
    for about in ["", "x", "Q2hhbXBpb24", "QWNjb3VudDowMTkwZjdhMC0xMTExLTcwMDAtODAwMC0wMDAwMDAwMDAwMDE"] {
        let seen = lead.ask(TRAIL, json!({ "about": about })).await["auditTrail"].clone();
        assert!(seen.is_null() || seen["totalCount"] == 0, "{about}: {seen}");
    }
});

both!(the_trail_is_paged_and_visits_every_row_once, |world| async move {
    let admin = world.sign_in("admin").await;
    const GIVE: &str = "mutation($id: ID!) { roleGrant(input: {accountId: $id, role: ADMINISTRATOR}) { userErrors { code } } }";
    let trainer = admin.ask("{ account(email: \"trainer@demo.digiknow.example\") { id } }", json!({})).await["account"]["id"].clone();
    admin.done(GIVE, json!({ "id": trainer })).await;
    for _ in 0..6 {
        admin.refused(GIVE, json!({ "id": trainer })).await;
    }
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = admin.ask(TRAIL, json!({ "about": trainer, "first": 2, "after": after })).await;
        seen.extend(nodes(&page).into_iter().map(|row| row["id"].to_string()));
        after = page["auditTrail"]["pageInfo"]["endCursor"].clone();
        if page["auditTrail"]["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let all = admin.ask(TRAIL, json!({ "about": trainer })).await;
    let whole: Vec<String> = nodes(&all).iter().map(|row| row["id"].to_string()).collect();
    assert_eq!(seen, whole);
    assert_eq!((seen.len(), &all["auditTrail"]["totalCount"]), (7, &json!(7)), "one that was done, six refused");
});

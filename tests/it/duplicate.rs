//! One person, two records: found at sign-up without a word, listed with reasons, merged all at once.

use entity::{assignment, audit_event, champion, duplicate};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::both;
use crate::champion::{SIGN_UP, form, joined, own};
use crate::harness::World;

const LIST: &str = "query($statuses: [DuplicateStatus!]) { championDuplicates(statuses: $statuses) { totalCount nodes { id status reasons first { id displayName } second { id } } } }";
const PREVIEW: &str = "query($survivor: ID!) { championDuplicates { nodes { preview(survivorId: $survivor) { moves { what count } conflicts viewerCanMerge } } } }";
const MERGE: &str = "mutation($id: ID!, $survivor: ID!) { championDuplicateMerge(input: {duplicateId: $id, survivorId: $survivor}) { champion { id } userErrors { code field message } } }";
const DISMISS: &str = "mutation($id: ID!) { championDuplicateDismiss(input: {duplicateId: $id, comment: \"Rang both\"}) { duplicate { status comment } userErrors { code field message } } }";

/// A form that shares nothing with the other but what is said.
fn stranger(email: &str) -> Value {
    let mut form = form(email);
    form["fullName"] = json!("Marisol Thistlewood");
    form["phone"] = json!("07700 900 456");
    form["postcode"] = Value::Null;
    form["birthDate"] = json!("1991-07-07");
    form
}

async fn pairs(world: &World) -> Vec<Value> {
    world.pass(chrono::TimeDelta::minutes(1));
    world.work().await;
    let found = world.sign_in("coordinator").await.ask(LIST, json!({ "statuses": ["OPEN"] })).await;
    found["championDuplicates"]["nodes"].as_array().cloned().expect("pairs")
}

both!(a_duplicate_is_found_at_sign_up_and_the_applicant_is_told_nothing, |world| async move {
    let before = pairs(&world).await.len();
    let first = world.partner().done(SIGN_UP, json!({ "input": stranger("marisol@example.org") })).await;
    assert_eq!(pairs(&world).await.len(), before, "nobody like her");
    for (email, field, value, expected) in [
        ("marisol+second@example.org", "phone", json!("07700 900 111"), json!(["SAME_MAILBOX", "SAME_NAME_AND_BIRTH_DATE"])),
        ("other@example.org", "fullName", json!("Bertrand Oyelaran"), json!(["SAME_PHONE"])),
        ("third@example.org", "birthDate", json!("1999-01-01"), json!(["SAME_PHONE"])),
    ] {
        let mut again = stranger(email);
        again[field] = value;
        let answer = world.partner().done(SIGN_UP, json!({ "input": again })).await;
        assert_eq!(answer, first, "the same words for everybody");
        let found = pairs(&world).await;
        assert!(found.iter().any(|pair| pair["reasons"] == expected), "{email}: {found:#?}");
        let letters = world.letters(email).await;
        assert!(letters.iter().all(|l| !l.body.contains("duplicate") && l.subject == "Confirm your e-mail address"), "{letters:?}");
    }
    let again = world.partner().done(SIGN_UP, json!({ "input": stranger("marisol@example.org") })).await;
    let count = pairs(&world).await.len();
    assert_eq!(again, first);
    world.partner().done(SIGN_UP, json!({ "input": stranger("marisol@example.org") })).await;
    assert_eq!(pairs(&world).await.len(), count, "the same address is no second record");
    for who in ["leader", "trainer", "champion", "safeguarding", "admin"] {
        let list = world.sign_in(who).await.ask(LIST, json!({})).await;
        assert_eq!(list["championDuplicates"], Value::Null, "{who}");
    }
});

/// Two records of one person, both confirmed; their ids, older first.
async fn twice(world: &World) -> (Value, Value, Value) {
    let one = joined(world, stranger("marisol@example.org")).await;
    let other = joined(world, stranger("marisol+again@example.org")).await;
    let (one, other) = (own(&one, "id").await["id"].take(), own(&other, "id").await["id"].take());
    let of = |pair: &Value| [&pair["first"]["id"], &pair["second"]["id"]].iter().all(|id| **id == one || **id == other);
    let pair = pairs(world).await.into_iter().find(of).expect("a pair");
    (pair["id"].clone(), one, other)
}

both!(a_merge_moves_everything_at_once_and_the_other_record_is_gone, |world| async move {
    let (pair, kept, gone) = twice(&world).await;
    let coordinator = world.sign_in("coordinator").await;
    let record = "mutation($input: EvidenceRecordInput!) { evidenceRecord(input: $input) { userErrors { code field message } } }";
    for kind in ["IDENTITY", "CONVERSATION"] {
        coordinator.done(record, json!({ "input": { "championId": gone, "requirementId": world.requirement_id(kind).await } })).await;
    }
    let preview = coordinator.ask(PREVIEW, json!({ "survivor": kept })).await;
    let preview = preview["championDuplicates"]["nodes"].as_array().expect("pairs").iter().find(|n| n["preview"].is_object()).cloned();
    let preview = preview.expect("a preview")["preview"].clone();
    assert!(preview["moves"].as_array().expect("moves").contains(&json!({ "what": "evidence", "count": 4 })), "{preview:#}");
    assert_eq!((&preview["conflicts"], &preview["viewerCanMerge"]), (&json!(["ACCOUNTS"]), &json!(true)));
    let merged = coordinator.done(MERGE, json!({ "id": pair, "survivor": kept })).await;
    assert_eq!(merged["champion"]["id"], kept);
    let one = "query($id: ID!) { node(id: $id) { id } champion(by: {id: $id}) { id } }";
    assert_eq!(coordinator.ask(one, json!({ "id": gone })).await, json!({ "node": null, "champion": null }), "absent");
    let list = "query($m: [Membership!]!) { champions(first: 100, filter: {memberships: $m, nameContains: \"merged\"}) { totalCount } }";
    assert_eq!(coordinator.ask(list, json!({ "m": ["MERGED", "WITHDRAWN"] })).await["champions"]["totalCount"], 0);
    let lines = "query($id: ID!) { champion(by: {id: $id}) { onboarding { evidence { requirement { kind } } } } }";
    let evidence = coordinator.ask(lines, json!({ "id": kept })).await;
    let evidence = evidence["champion"]["onboarding"]["evidence"].as_array().cloned().expect("evidence");
    assert_eq!(evidence.iter().filter(|e| e["requirement"]["kind"] == "IDENTITY").count(), 1);
    let row = champion::Entity::find().filter(champion::Column::FullName.eq("Merged record")).all(world.app.db.read()).await.expect("rows");
    assert!(row.len() == 1 && row[0].email.is_empty() && row[0].birth_date.is_none() && row[0].account_id.is_none(), "{row:?}");
    assert_eq!(coordinator.refused(MERGE, json!({ "id": pair, "survivor": kept })).await, ["ALREADY_DECIDED"]);
    let audit = audit_event::Entity::find().filter(audit_event::Column::Action.eq("ChampionDuplicateMerge"));
    let audit = audit.all(world.app.db.read()).await.expect("rows");
    assert_eq!(audit.iter().filter(|a| a.outcome == "DONE").count(), 2, "one for each record");
});

both!(records_that_clash_are_not_merged_and_nothing_changes, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let (pair, kept, _) = twice(&world).await;
    let other = world.champion_id("Ngozi Eze").await;
    assert_eq!(coordinator.refused(MERGE, json!({ "id": pair, "survivor": other })).await, ["NOT_OF_THE_PAIR"]);
    // Two who are placed at the same time, made into a pair.
    let db = world.app.db.read();
    let rows = assignment::Entity::find().all(db).await.expect("rows");
    let clash = |a: &assignment::Model| {
        let b = rows
            .iter()
            .find(|b| b.champion_id != a.champion_id && a.starts_at < b.ends_at && b.starts_at < a.ends_at && b.status == a.status);
        b.filter(|_| a.status.code() == "CONFIRMED").map(|b| (a.champion_id, b.champion_id))
    };
    let (first, second) = rows.iter().find_map(clash).expect("two at the same time");
    let row = duplicate::Entity::find().all(db).await.expect("rows").pop().expect("a pair");
    let made = duplicate::Model { id: api::clock::new_id(world.now()), first_id: first, second_id: second, ..row };
    let id = api::graphql::id::encode("ChampionDuplicate", made.id.0);
    duplicate::Entity::insert(sea_orm::IntoActiveModel::into_active_model(made)).exec(world.app.db.single()).await.expect("a row");
    let survivor = api::graphql::id::encode("Champion", first.0);
    assert!(coordinator.refused(MERGE, json!({ "id": id, "survivor": survivor })).await.contains(&"CONFLICT".to_owned()));
    let after = assignment::Entity::find().all(db).await.expect("rows");
    assert!(rows.iter().all(|row| after.contains(row)), "nothing moved");
    for who in ["leader", "safeguarding", "admin", "champion"] {
        assert_eq!(world.sign_in(who).await.fault(MERGE, json!({ "id": pair, "survivor": kept })).await, "FORBIDDEN", "{who}");
    }
});

both!(two_people_are_kept_apart_and_that_is_recorded, |world| async move {
    let (pair, kept, _) = twice(&world).await;
    let coordinator = world.sign_in("coordinator").await;
    for _ in 0..2 {
        let said = coordinator.done(DISMISS, json!({ "id": pair })).await;
        assert_eq!(said["duplicate"], json!({ "status": "DISTINCT", "comment": "Rang both" }));
    }
    assert!(!pairs(&world).await.iter().any(|p| p["id"] == pair), "not asked about again");
    assert_eq!(coordinator.refused(MERGE, json!({ "id": pair, "survivor": kept })).await, ["ALREADY_DECIDED"]);
});

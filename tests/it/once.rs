//! B4: the same request with the same key is answered the same for 24 hours, and to nobody else.

use chrono::TimeDelta;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{CANCEL, all_at_once};
use crate::harness::{Persona, World};

const CREATE: &str = "mutation($input: SessionCreateInput!) { made: sessionCreate(input: $input) {
    session { id title status version cover assignments { id } } userErrors { code } } }";
/// Another selection of the same.
const OTHER: &str =
    "mutation($input: SessionCreateInput!) { made: sessionCreate(input: $input) { session { status id } userErrors { code } } }";

/// A session of the leader's, with a key.
async fn input(world: &World, key: &str) -> Value {
    json!({ "input": { "session": world.free_session().await, "idempotencyKey": key } })
}

/// The whole body: the order of the fields counts.
async fn sent(who: &Persona<'_>, query: &str, variables: &Value) -> String {
    who.send(query, variables.clone()).await.1.to_string()
}

async fn kept(world: &World) -> Vec<entity::kept_answer::Model> {
    entity::kept_answer::Entity::find().all(world.app.db.read()).await.expect("rows")
}

both!(b4_a_retry_is_answered_as_it_was_whatever_has_become_of_it, |world| async move {
    let leader = world.sign_in("leader").await;
    let variables = input(&world, "once-and-again").await;
    let first = leader.done(CREATE, variables.clone()).await;
    let id = first["session"]["id"].clone();
    leader.done(CANCEL, json!({ "input": { "sessionId": id, "reason": "The hall is closed" } })).await;
    assert_eq!(leader.done(CREATE, variables.clone()).await, first, "as it was");
    let now = leader.done(OTHER, variables.clone()).await;
    assert_eq!((&now["session"]["id"], &now["session"]["status"]), (&id, &json!("CANCELLED")), "another question: as it stands");
    let replica = world.replica().await;
    let there = Persona { world: &replica, headers: leader.headers.clone() };
    assert_eq!(there.done(CREATE, variables.clone()).await, first, "on another replica");
    world.pass(TimeDelta::hours(23));
    let later = world.sign_in("leader").await;
    assert_eq!(later.done(CREATE, variables.clone()).await, first, "signed in again");
    world.pass(TimeDelta::hours(1) + TimeDelta::seconds(1));
    let day_after = world.sign_in("leader").await.done(CREATE, variables).await;
    assert_ne!(day_after["session"]["id"], id, "after a day the key is free");
    assert_eq!(day_after["session"]["status"], "SCHEDULED");
});

both!(b4_the_bytes_are_the_same, |world| async move {
    let leader = world.sign_in("leader").await;
    let variables = input(&world, "to-the-letter").await;
    let first = sent(&leader, CREATE, &variables).await;
    for _ in 0..2 {
        assert_eq!(sent(&leader, CREATE, &variables).await, first);
    }
    assert_eq!(kept(&world).await.len(), 1);
});

both!(b4_an_answer_that_was_lost_in_a_crash_is_the_first_to_get_out, |world| async move {
    let leader = world.sign_in("leader").await;
    let variables = input(&world, "lost").await;
    let first = leader.done(CREATE, variables.clone()).await;
    // The service died after the work and before the answer was kept, so nobody was told.
    entity::kept_answer::Entity::delete_many().exec(world.app.db.single()).await.expect("removed");
    leader.done(CANCEL, json!({ "input": { "sessionId": first["session"]["id"], "reason": "The hall is closed" } })).await;
    let told = leader.done(CREATE, variables.clone()).await;
    assert_eq!((&told["session"]["id"], &told["session"]["status"]), (&first["session"]["id"], &json!("CANCELLED")), "one effect");
    assert_eq!(leader.done(CREATE, variables).await, told, "and from now on this is the answer");
});

both!(b4_twins_in_flight_are_told_the_same, |world| async move {
    let variables = input(&world, "twins").await;
    let (leader, other) = (world.sign_in("leader").await, world.replica().await);
    let there = Persona { world: &other, headers: leader.headers.clone() };
    let calls = (0..16).map(|n| (if n % 2 == 0 { leader.clone() } else { there.clone() }, CREATE, variables.clone())).collect();
    let answers = all_at_once(calls).await;
    assert!(answers[0]["session"]["id"].is_string());
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
});

both!(b4_a_kept_answer_is_for_who_got_it_while_they_may, |world| async move {
    let admin = world.sign_in("admin").await;
    const FIND: &str = "query($e: String!) { account(email: $e) { id memberships { id role } } }";
    const GIVE: &str = "mutation($id: ID!, $role: Role!) { roleGrant(input: {accountId: $id, role: $role}) { userErrors { code } } }";
    const TAKE: &str = "mutation($id: ID!) { roleRevoke(input: {membershipId: $id}) { userErrors { code } } }";
    const RECORD: &str = "mutation($input: EvidenceRecordInput!) { evidenceRecord(input: $input) {
        champion { id contact { email } dbsChecks { status } } userErrors { code field } } }";
    let role = async |role: &str| -> Value {
        let account = admin.ask(FIND, json!({ "e": "coordinator@demo.digiknow.example" })).await["account"].clone();
        account["memberships"].as_array().expect("roles").iter().find(|r| r["role"] == role).map(|r| r["id"].clone()).unwrap_or_default()
    };
    let account = admin.ask(FIND, json!({ "e": "coordinator@demo.digiknow.example" })).await["account"]["id"].clone();
    admin.done(GIVE, json!({ "id": account, "role": "SAFEGUARDING_LEAD" })).await;
    let input = json!({ "input": { "championId": world.champion_id("Kwame Boateng-Hughes").await, "idempotencyKey": "seen",
        "requirementId": world.requirement_id("CONVERSATION").await, "outcome": "SATISFIED", "givenOn": "2026-11-20" } });
    let both = world.sign_in("coordinator").await.done(RECORD, input.clone()).await;
    assert!(both["champion"]["dbsChecks"].is_array() && both["champion"]["contact"]["email"].is_string(), "{both:#}");
    admin.done(TAKE, json!({ "id": role("SAFEGUARDING_LEAD").await })).await;
    let one = world.sign_in("coordinator").await.done(RECORD, input.clone()).await;
    assert_eq!((&one["champion"]["dbsChecks"], &one["champion"]["id"]), (&Value::Null, &both["champion"]["id"]), "what they may see now");
    admin.done(TAKE, json!({ "id": role("COORDINATOR").await })).await;
    assert_eq!(world.sign_in("coordinator").await.fault(RECORD, input.clone()).await, "FORBIDDEN");
    // The same request of somebody else is another one.
    let lead = world.sign_in("safeguarding").await;
    assert_ne!(lead.send(RECORD, input).await.1["data"]["evidenceRecord"], both);
});

both!(b4_what_is_kept_is_sealed_and_goes_after_a_day, |world| async move {
    let leader = world.sign_in("leader").await;
    leader.done(CREATE, input(&world, "sealed").await).await;
    let rows = kept(&world).await;
    assert!(rows.len() == 1 && rows[0].answer.starts_with("v1.test.") && !format!("{rows:?}").contains("Sunday Desk"), "{rows:?}");
    // Moved to another row it does not open: then the ids answer.
    let other = input(&world, "moved").await;
    leader.done(CREATE, other.clone()).await;
    let mut moved = kept(&world).await;
    let from = moved.iter().find(|row| row.key == "sealed").map(|row| row.answer.clone()).expect("a row");
    let mut to = moved.swap_remove(moved.iter().position(|row| row.key == "moved").expect("a row"));
    to.answer = from;
    use sea_orm::{ActiveModelTrait, IntoActiveModel};
    to.into_active_model().reset_all().update(world.app.db.single()).await.expect("moved");
    assert!(leader.done(CREATE, other).await["session"]["id"].is_string());
    world.pass(TimeDelta::hours(25));
    api::service::sign_in::tidy(&world.app, world.now()).await.expect("tidied");
    assert_eq!(kept(&world).await, []);
    assert_eq!(entity::idempotency::Entity::find().count(world.app.db.read()).await.expect("a count"), 0);
});

both!(b4_a_refusal_is_not_kept_and_leaves_the_key_free, |world| async move {
    let leader = world.sign_in("leader").await;
    let good = input(&world, "second-try").await;
    let mut bad = good.clone();
    bad["input"]["session"]["date"] = json!("2020-01-01");
    assert!(!leader.refused(CREATE, bad.clone()).await.is_empty());
    assert_eq!(kept(&world).await, []);
    let made = leader.done(CREATE, good.clone()).await;
    assert_eq!(leader.refused(CREATE, bad).await, ["IDEMPOTENCY_MISMATCH"]);
    assert_eq!(leader.done(CREATE, good).await, made);
});

both!(b4_giving_a_role_twice_with_a_key_is_the_same_answer, |world| async move {
    const GIVE: &str =
        "mutation($input: RoleGrantInput!) { roleGrant(input: $input) { account { id memberships { role } } userErrors { code } } }";
    let admin = world.sign_in("admin").await;
    let trainer = admin.ask("{ account(email: \"trainer@demo.digiknow.example\") { id } }", json!({})).await["account"]["id"].clone();
    let with_key = json!({ "input": { "accountId": trainer, "role": "COORDINATOR", "idempotencyKey": "a-role" } });
    let first = admin.done(GIVE, with_key.clone()).await;
    assert_eq!(admin.done(GIVE, with_key).await, first);
    let without = json!({ "input": { "accountId": trainer, "role": "COORDINATOR" } });
    assert_eq!(admin.refused(GIVE, without).await, ["ALREADY"]);
    let other = json!({ "input": { "accountId": trainer, "role": "ADMINISTRATOR", "idempotencyKey": "a-role" } });
    assert_eq!(admin.refused(GIVE, other).await, ["IDEMPOTENCY_MISMATCH"]);
});

both!(b4_a_secret_that_is_shown_once_is_not_kept, |world| async move {
    const ADD: &str =
        "mutation($input: ApiClientCreateInput!) { apiClientCreate(input: $input) { key apiClient { id } userErrors { code } } }";
    let admin = world.sign_in("admin").await;
    let input = json!({ "input": { "name": "Twice", "kind": "SECRET", "scopes": ["SIGN_UP"], "idempotencyKey": "a-client" } });
    let (first, again) = (admin.done(ADD, input.clone()).await, admin.done(ADD, input).await);
    assert!(first["key"].is_string() && again["key"].is_null() && first["apiClient"] == again["apiClient"]);
    assert_eq!(kept(&world).await, []);
});

both!(b4_over_a_socket_too, |world| async move {
    let leader = world.sign_in("leader").await;
    let variables = input(&world, "by-socket").await;
    let first = leader.done(CREATE, variables.clone()).await;
    leader.done(CANCEL, json!({ "input": { "sessionId": first["session"]["id"], "reason": "The hall is closed" } })).await;
    let server = world.serve(api::http::Settings::default(), api::http::server::Patience::default()).await;
    let mut socket = server.open_as(&leader).await;
    socket.subscribe("1", CREATE, variables).await;
    assert_eq!(socket.hear().await["payload"]["data"]["made"], first);
});

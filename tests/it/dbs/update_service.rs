//! The DBS Update Service, against a fake of it over real HTTP: each answer and each failure leads to its state, and none but the
//! two current codes about the certificate that was seen ever keeps anybody cleared.

use std::sync::{Arc, Mutex};

use api::config::UpdateServiceOptions;
use api::update_service::UpdateService;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use chrono::TimeDelta;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};

use super::{REQUEST, advanced, everything, refusal, requested, seen, to_issued};
use crate::both;
use crate::harness::{Persona, World};

const JOIN: &str = "mutation($input: DbsUpdateServiceJoinInput!) { dbsUpdateServiceJoin(input: $input) { check { id } userErrors { code field message } } }";
const ASK: &str = "mutation($id: ID!) { dbsStatusCheck(input: {checkId: $id}) { check { id } userErrors { code field message } } }";
const STATE: &str = "query($id: ID!) { champion(by: {id: $id}) { dbsChecks { status recheckDueOn updateService { state staleSince checkedAt nextCheckAt answers { answer } } } } }";

/// What the fake answers next, and what it was asked.
#[derive(Clone)]
pub struct Fake {
    reply: Arc<Mutex<Option<(StatusCode, String)>>>,
    pub asked: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(fake): State<Fake>, uri: Uri) -> (StatusCode, String) {
    fake.asked.lock().expect("a list").push(uri.to_string());
    let reply = fake.reply.lock().expect("a reply").clone();
    match reply {
        Some(reply) => reply,
        None => std::future::pending().await,
    }
}

impl Fake {
    /// Serves on a port of its own, and lets the world ask it.
    pub async fn of(world: &World, timeout_ms: u64) -> Self {
        let fake = Self { reply: Arc::default(), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = axum::Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let options = UpdateServiceOptions {
            update_service_url: Some(format!("http://{address}")),
            update_service_organisation: Some("Stockport & friends".into()),
            update_service_surname: Some("Lead".into()),
            update_service_forename: Some("Demo".into()),
            update_service_timeout_ms: timeout_ms,
        };
        let service = UpdateService::new(&options).expect("options").expect("a service");
        assert!(world.app.update_service.set(service).is_ok());
        fake
    }

    pub fn says(&self, status: StatusCode, body: &str) {
        *self.reply.lock().expect("a reply") = Some((status, body.to_owned()));
    }
}

fn result(status: &str, print_date: &str) -> String {
    result_for(status, print_date, "ROSSI")
}

fn result_for(status: &str, print_date: &str, surname: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><statusCheckResult><statusCheckResultType>SUCCESS</statusCheckResultType><status>{status}</status><forename>VALENTINA</forename><printDate>{print_date}</printDate><surname>{surname}</surname></statusCheckResult>"
    )
}

/// An enhanced check of Valentina's, cleared today, and joined.
pub async fn cleared(world: &World, lead: &Persona<'_>) -> (Value, Value) {
    let id = world.champion_id("Valentina Rossi").await;
    let scope = json!({ "level": "ENHANCED", "workforce": "CHILD", "barredLists": ["CHILDREN"] });
    let check = requested(lead, &id, scope).await;
    advanced(lead, &check, &to_issued()).await;
    advanced(lead, &check, &[seen("001234567890", "2026-11-21"), json!({ "cleared": {} })]).await;
    lead.done(JOIN, join(&check)).await;
    (id, check)
}

fn join(check: &Value) -> Value {
    json!({ "input": { "checkId": check, "joinedOn": "2026-11-21", "surname": "Rossi", "consent": true, "wordingVersion": "2026-1" } })
}

pub async fn round(world: &World) -> usize {
    api::service::update_service::due(&world.app, world.now()).await.expect("a round")
}

async fn state(lead: &Persona<'_>, champion: &Value) -> Value {
    lead.ask(STATE, json!({ "id": champion })).await["champion"]["dbsChecks"][0].take()
}

both!(each_answer_and_each_failure_leads_to_its_state, |world| async move {
    let fake = Fake::of(&world, 30_000).await;
    let lead = world.sign_in("safeguarding").await;
    let (id, check) = cleared(&world, &lead).await;
    let today = "2026-11-21";
    let unknown = [
        (StatusCode::OK, result("SOMETHING_ELSE", today)),
        (StatusCode::OK, result("NO_NEW_INFO", today)),
        (StatusCode::OK, result("BLANK_NO_NEW_INFO", "2026-11-20")),
        (StatusCode::OK, "<statusCheckResult><status>BLANK_NO_NEW_INFO".into()),
        (StatusCode::OK, "Service temporarily unavailable: BLANK_NO_NEW_INFO".into()),
        (StatusCode::INTERNAL_SERVER_ERROR, result("BLANK_NO_NEW_INFO", today)),
        (StatusCode::FOUND, result("BLANK_NO_NEW_INFO", today)),
    ];
    for (times, (status, body)) in (0..).zip(&unknown) {
        fake.says(*status, body);
        lead.done(ASK, json!({ "id": check })).await;
        assert_eq!(round(&world).await, 1);
        let found = state(&lead, &id).await;
        assert_eq!((&found["status"], &found["recheckDueOn"]), (&json!("CLEARED"), &json!("2029-11-21")), "state kept: {body}");
        assert_eq!(found["updateService"]["state"], "JOINED", "{body}");
        assert!(found["updateService"]["staleSince"].is_string() && found["updateService"]["checkedAt"].is_null(), "{body}");
        let again: chrono::DateTime<chrono::Utc> = found["updateService"]["nextCheckAt"].as_str().expect("a time").parse().expect("a time");
        assert_eq!((again - world.now()).num_hours(), 1 << times, "further apart each time");
        assert_eq!(round(&world).await, 0, "not before its time");
    }
    for code in ["BLANK_NO_NEW_INFO", "NON_BLANK_NO_NEW_INFO"] {
        fake.says(StatusCode::OK, &result(code, today));
        lead.done(ASK, json!({ "id": check })).await;
        assert_eq!(round(&world).await, 1);
        let found = state(&lead, &id).await;
        assert_eq!((&found["status"], &found["recheckDueOn"]), (&json!("CLEARED"), &json!("2027-11-21")), "a year from the answer");
        assert_eq!((&found["updateService"]["state"], &found["updateService"]["staleSince"]), (&json!("CURRENT"), &Value::Null), "{code}");
    }
    fake.says(StatusCode::OK, &result("NO_MATCH_FOUND", today));
    lead.done(ASK, json!({ "id": check })).await;
    round(&world).await;
    let found = state(&lead, &id).await;
    assert_eq!((&found["status"], &found["updateService"]["state"]), (&json!("CLEARED"), &json!("NO_MATCH")), "never suspends by itself");
    assert_eq!(found["updateService"]["nextCheckAt"], Value::Null, "it waits for the person");
    lead.done(JOIN, join(&check)).await;
    fake.says(StatusCode::OK, &result("NEW_INFO", today));
    round(&world).await;
    let found = state(&lead, &id).await;
    assert_eq!((&found["status"], &found["updateService"]["state"]), (&json!("SUSPENDED"), &json!("NEW_INFORMATION")));
    let asked = fake.asked.lock().expect("a list").clone();
    assert!(asked[0].starts_with("/crsc/api/status/001234567890?dateOfBirth="), "{}", asked[0]);
    assert!(
        asked[0].contains(
            "&hasAgreedTermsAndConditions=true&organisationName=Stockport+%26+friends&employeeSurname=Lead&employeeForename=Demo"
        )
    );
});

both!(who_gets_no_answer_in_time_stays_unknown, |world| async move {
    let fake = Fake::of(&world, 300).await;
    let lead = world.sign_in("safeguarding").await;
    let (id, _) = cleared(&world, &lead).await;
    assert_eq!(round(&world).await, 1);
    let found = state(&lead, &id).await;
    assert_eq!(
        (&found["updateService"]["state"], &found["updateService"]["answers"]),
        (&json!("JOINED"), &json!([{ "answer": "UNKNOWN" }]))
    );
    assert_eq!(fake.asked.lock().expect("a list").len(), 1);
});

both!(replicas_ask_once, |world| async move {
    let fake = Fake::of(&world, 30_000).await;
    fake.says(StatusCode::OK, &result("BLANK_NO_NEW_INFO", "2026-11-21"));
    let lead = world.sign_in("safeguarding").await;
    cleared(&world, &lead).await;
    let now = world.now();
    let (one, two) = tokio::join!(
        api::service::update_service::due(&world.app, now),
        api::service::update_service::due(&world.app, now + TimeDelta::microseconds(1))
    );
    assert_eq!(one.expect("a round") + two.expect("a round"), 1);
    assert_eq!(fake.asked.lock().expect("a list").len(), 1);
});

both!(a_lease_that_ran_out_is_taken_by_another_replica_and_not_before, |world| async move {
    let fake = Fake::of(&world, 30_000).await;
    fake.says(StatusCode::OK, &result("BLANK_NO_NEW_INFO", "2026-11-21"));
    let lead = world.sign_in("safeguarding").await;
    cleared(&world, &lead).await;
    // A replica took the lease and died before it could ask.
    let db = world.app.db.single();
    let row = entity::dbs_subscription::Entity::find().one(world.app.db.read()).await.expect("rows").expect("a subscription");
    let mut held = row.into_active_model();
    held.lease_id = Set(Some(uuid::Uuid::from_u128(1)));
    held.lease_until = Set(Some(world.now() + TimeDelta::minutes(5)));
    held.update(db).await.expect("held");
    for (minutes, asked) in [(0, 0), (4, 0), (1, 1), (0, 0)] {
        world.pass(TimeDelta::minutes(minutes));
        assert_eq!(round(&world).await, asked, "{minutes} minutes later");
    }
    assert_eq!(fake.asked.lock().expect("a list").len(), 1);
});

both!(the_thirty_days_to_join_are_a_task_with_one_reminder, |world| async move {
    let lead = world.sign_in("safeguarding").await;
    let id = world.champion_id("Valentina Rossi").await;
    let email = "query($id: ID!) { champion(by: {id: $id}) { contact { email } } }";
    let email = lead.ask(email, json!({ "id": id })).await["champion"]["contact"]["email"].as_str().expect("an address").to_owned();
    let scope = json!({ "level": "ENHANCED", "workforce": "CHILD", "barredLists": ["CHILDREN"] });
    let check = requested(&lead, &id, scope).await;
    advanced(&lead, &check, &to_issued()).await;
    advanced(&lead, &check, &[seen("001234567890", "2026-11-21"), json!({ "cleared": {} })]).await;
    let reminders =
        || async { world.letters(&email).await.iter().filter(|l| l.subject == "Join the DBS Update Service while you can").count() };
    for (days, count) in [(0, 0), (15, 0), (1, 1), (1, 1), (20, 1)] {
        world.pass(TimeDelta::days(days));
        world.work().await;
        assert_eq!(reminders().await, count, "{days} days later");
    }
});

both!(joining_takes_consent_a_seen_certificate_and_thirty_days, |world| async move {
    let lead = world.sign_in("safeguarding").await;
    let id = world.champion_id("Valentina Rossi").await;
    let check = requested(&lead, &id, json!({ "level": "ENHANCED", "workforce": "CHILD" })).await;
    advanced(&lead, &check, &to_issued()).await;
    let code = |found: Vec<(String, String)>| found.into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert_eq!(code(lead.problems(JOIN, join(&check)).await), ["NOT_SEEN"]);
    advanced(&lead, &check, &[seen("001234567890", "2026-11-21")]).await;
    let mut without = join(&check);
    without["input"]["consent"] = json!(false);
    assert_eq!(code(lead.problems(JOIN, without).await), ["CONSENT_MISSING"]);
    world.pass(TimeDelta::days(40));
    let lead = world.sign_in("safeguarding").await;
    let mut late = join(&check);
    late["input"]["joinedOn"] = json!("2026-12-22");
    assert_eq!(code(lead.problems(JOIN, late).await), ["TOO_LATE"]);
    lead.done(JOIN, join(&check)).await;
    assert_eq!(code(lead.problems(ASK, json!({ "id": check })).await), ["OFF"], "off unless an operator names its address");
});

both!(a_leaders_whole_view_is_the_same_blank_or_not, |world| async move {
    const VIEW: &str = "query($id: ID!) { champion(by: {id: $id}) { id reference displayName fullName contact { email } membership membershipChangedAt
        languages { code } topics onboarding { doneCount } clearance { cleared } trainingCompletions { id } dbsChecks { id } dbsReadLog { at } availability { windows { weekday } }
        offers { totalCount } assignments { totalCount } opportunities { unlocks { sessionCount } } viewerCanUpdate createdAt version } }";
    const CHECKS: &str = "query($id: ID!) { champion(by: {id: $id}) { dbsChecks { id issuedOn } } }";
    let fake = Fake::of(&world, 30_000).await;
    let lead = world.sign_in("safeguarding").await;
    let id = world.champion_id("Kwame Boateng-Hughes").await;
    let check = lead.ask(CHECKS, json!({ "id": id })).await["champion"]["dbsChecks"][0].take();
    let mut joined = join(&check["id"]);
    joined["input"]["joinedOn"] = check["issuedOn"].clone();
    joined["input"]["surname"] = json!("Boateng-Hughes");
    lead.done(JOIN, joined).await;
    let (leader, coordinator) = (world.sign_in("leader").await, world.sign_in("coordinator").await);
    let mut views = Vec::new();
    for code in ["BLANK_NO_NEW_INFO", "NON_BLANK_NO_NEW_INFO"] {
        fake.says(StatusCode::OK, &result_for(code, check["issuedOn"].as_str().expect("a date"), "BOATENG-HUGHES"));
        lead.done(ASK, json!({ "id": check["id"] })).await;
        assert_eq!(round(&world).await, 1);
        let seen = leader.ask(VIEW, json!({ "id": id })).await;
        assert!(seen["champion"]["displayName"].is_string(), "the leader sees somebody");
        views.push((seen.to_string(), coordinator.ask(VIEW, json!({ "id": id })).await.to_string()));
    }
    assert_eq!(views[0], views[1], "byte for byte");
    use sea_orm::EntityTrait;
    let answers = entity::dbs_status_check::Entity::find().all(world.app.db.read()).await.expect("rows");
    assert!(answers.iter().all(|a| a.answer == rules::dbs::update_service::UpdateAnswer::Current), "which of the two is kept nowhere");
});

both!(a_dump_shows_no_certificate_number, |world| async move {
    use sea_orm::EntityTrait;
    let lead = world.sign_in("safeguarding").await;
    let id = world.champion_id("Valentina Rossi").await;
    let check = requested(&lead, &id, json!({ "level": "BASIC", "workforce": "OTHER" })).await;
    advanced(&lead, &check, &to_issued()).await;
    let done = advanced(&lead, &check, &[seen("001234567890", "2026-11-21")]).await;
    assert_eq!(done["certificateNumber"], "001234567890");
    let rows = entity::dbs_check::Entity::find().all(world.app.db.read()).await.expect("rows");
    let numbers: Vec<String> = rows.into_iter().filter_map(|row| row.certificate_number).collect();
    assert!(numbers.len() > 5 && numbers.iter().all(|n| n.starts_with("v1.test.")), "the demo's too");
});

both!(content_goes_six_months_after_the_decision_and_the_decision_stays, |world| async move {
    const KEPT: &str = "query($id: ID!) { champion(by: {id: $id}) { dbsChecks { status certificateNumber printedName issuedOn decidedOn conditions applicationReference contentRemovedAt scope { level } steps { to note } } } }";
    let lead = world.sign_in("safeguarding").await;
    let (id, _) = cleared(&world, &lead).await;
    api::service::dbs_content::remove_due(&world.app, world.now()).await.expect("a round");
    let before = lead.ask(KEPT, json!({ "id": id })).await["champion"]["dbsChecks"][0].take();
    assert_eq!((&before["applicationReference"], &before["contentRemovedAt"]), (&json!("F0012345678"), &Value::Null));
    world.pass(TimeDelta::days(182));
    let lead = world.sign_in("safeguarding").await;
    api::service::dbs_content::remove_due(&world.app, world.now()).await.expect("a round");
    let after = lead.ask(KEPT, json!({ "id": id })).await["champion"]["dbsChecks"][0].take();
    for kept in ["status", "certificateNumber", "printedName", "issuedOn", "decidedOn", "scope"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!((&after["applicationReference"], &after["conditions"]), (&Value::Null, &Value::Null));
    assert!(after["contentRemovedAt"].is_string());
    assert!(after["steps"].as_array().expect("steps").iter().all(|step| step["note"] == ""));
    assert_eq!(api::service::dbs_content::remove_due(&world.app, world.now()).await.expect("a round"), 0, "once");
});

both!(asking_for_more_than_the_position_permits_is_refused, |world| async move {
    let lead = world.sign_in("safeguarding").await;
    let id = world.champion_id("Valentina Rossi").await;
    let scope = json!({ "level": "ENHANCED", "workforce": "CHILD", "barredLists": ["CHILDREN"] });
    let ask = |positions: Value| json!({ "input": { "championId": id, "scope": scope, "positions": positions } });
    for (positions, code, field) in [
        (json!([]), "POSITION_MISSING", "positions"),
        (json!([{ "audience": "CHILDREN", "weekly": false }]), "MORE_THAN_PERMITTED", "scope"),
        (json!([{ "audience": "FAMILIES", "weekly": true }]), "MORE_THAN_PERMITTED", "scope"),
    ] {
        assert_eq!(lead.problems(REQUEST, ask(positions)).await, refusal(code, field));
    }
    lead.done(REQUEST, ask(everything())).await;
});

//! F3: the disk is full. What was acknowledged is kept, what was refused can be sent again and is never there twice, and with room the
//! service goes on by itself.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::harness::{Backend, Persona, World};

const SIGN_UP: &str =
    "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { nextStep userErrors { code field message } } }";
const FOUND: &str = "query($name: String!) { champions(filter: {nameContains: $name, memberships: [ENQUIRED]}) { totalCount } }";

fn form(index: usize) -> Value {
    json!({ "input": { "idempotencyKey": format!("full-{index}"), "fullName": format!("Overflow-{index}."), "email": format!("overflow-{index}@example.org"),
        "postcode": "SK1 3XE", "birthDate": "1970-05-17", "languages": ["eng"], "topics": [], "windows": [],
        "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-01", "given": true }] } })
}

async fn pages(world: &World, what: &str) -> i64 {
    let db = world.app.db.single();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), format!("PRAGMA {what}"))).await.expect("a pragma");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

async fn found(coordinator: &Persona<'_>, index: usize) -> Value {
    coordinator.ask(FOUND, json!({ "name": format!("Overflow-{index}.") })).await["champions"]["totalCount"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f3_a_full_disk_refuses_keeps_and_recovers() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let (partner, coordinator) = (world.partner(), world.sign_in("coordinator").await);
    // SQLite itself says that the disk is full once the file may not grow.
    let most = pages(&world, "max_page_count").await;
    let full = pages(&world, "page_count").await + 3;
    assert_eq!(pages(&world, &format!("max_page_count = {full}")).await, full);
    let mut kept = 0;
    let refused = loop {
        let (status, body) = partner.send(SIGN_UP, form(kept)).await;
        if body.get("errors").is_some() {
            break (status, body);
        }
        assert_eq!(body["data"]["championSignUp"]["userErrors"], json!([]));
        kept += 1;
        assert!(kept < 1_000, "the file never fills");
    };
    assert_eq!(
        (refused.0.as_u16(), &refused.1["errors"][0]["extensions"]["code"]),
        (503, &json!("SERVICE_UNAVAILABLE")),
        "{:#}",
        refused.1
    );
    assert!(kept > 0, "there was room for somebody");
    // Reading goes on, and so does refusing; nothing is there twice.
    for _ in 0..3 {
        assert_eq!(partner.send(SIGN_UP, form(kept)).await.0.as_u16(), 503);
    }
    for index in 0..kept {
        assert_eq!(found(&coordinator, index).await, 1, "acknowledged: {index}");
    }
    // Room for the work and none for the answer: then it is there, whole, and the retry finds it (docs/decisions/0017).
    assert!(found(&coordinator, kept).await.as_i64().is_some_and(|there| there <= 1), "once at most");
    // There is room again: the same request, with the same key, makes one thing.
    pages(&world, &format!("max_page_count = {most}")).await;
    for _ in 0..2 {
        partner.done(SIGN_UP, form(kept)).await;
    }
    assert_eq!(found(&coordinator, kept).await, 1);
    let sound = pages_text(&world).await;
    assert_eq!(sound, "ok");
}

async fn pages_text(world: &World) -> String {
    let db = world.app.db.single();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), "PRAGMA integrity_check")).await.expect("a pragma");
    row.expect("a row").try_get_by_index(0).expect("a text")
}

//! F1: the disk is full. What was acknowledged is kept, what was refused can be sent again and is never there twice, and with room the
//! service goes on by itself. SQLite is told that its file may not grow; PostgreSQL has its tables on a disk that really fills.

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

async fn found(coordinator: &Persona<'_>, index: usize) -> Value {
    coordinator.ask(FOUND, json!({ "name": format!("Overflow-{index}.") })).await["champions"]["totalCount"].clone()
}

/// What the disk of a world can do.
enum Disk {
    /// A file of at most so many pages, when there is room.
    File { most: i64 },
    /// A small file system with nothing but the tables on it.
    Small,
}

impl Disk {
    async fn fill(&self, world: &World) {
        match self {
            Self::File { .. } => {
                let full = pragma::<i64>(world, "page_count").await + 3;
                assert_eq!(pragma::<i64>(world, &format!("max_page_count = {full}")).await, full);
            }
            Self::Small => {
                run(world, "CREATE TABLE filler (x text) TABLESPACE small_disk; ALTER TABLE filler ALTER x SET STORAGE PLAIN")
                    .await
                    .expect("a table");
                let more = "INSERT INTO filler SELECT repeat('x', 7000) FROM generate_series(1, 500)";
                let mut filled = 0;
                while run(world, more).await.is_ok() {
                    filled += 1;
                    assert!(filled < 1_000, "the disk never fills");
                }
            }
        }
    }

    async fn make_room(&self, world: &World) {
        match self {
            Self::File { most } => assert_eq!(pragma::<i64>(world, &format!("max_page_count = {most}")).await, *most),
            Self::Small => run(world, "DROP TABLE filler").await.expect("room"),
        }
    }
}

async fn run(world: &World, sql: &str) -> Result<(), sea_orm::DbErr> {
    world.app.db.single().execute_unprepared(sql).await.map(|_| ())
}

async fn pragma<T: sea_orm::TryGetable>(world: &World, what: &str) -> T {
    let db = world.app.db.single();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), format!("PRAGMA {what}"))).await.expect("a pragma");
    row.expect("a row").try_get_by_index(0).expect("its value")
}

async fn refuses_keeps_and_recovers(world: &World, disk: Disk) {
    let (partner, coordinator) = (world.partner(), world.sign_in("coordinator").await);
    partner.done(SIGN_UP, form(0)).await;
    disk.fill(world).await;
    let mut kept = 1;
    let refused = loop {
        let (status, body) = partner.send(SIGN_UP, form(kept)).await;
        if body.get("errors").is_some() {
            break (status, body);
        }
        assert_eq!(body["data"]["championSignUp"]["userErrors"], json!([]));
        kept += 1;
        assert!(kept < 1_000, "the disk never fills");
    };
    let code = &refused.1["errors"][0]["extensions"]["code"];
    assert_eq!((refused.0.as_u16(), code), (503, &json!("SERVICE_UNAVAILABLE")), "{:#}", refused.1);
    // Reading goes on, and so does refusing; nothing is there twice.
    for _ in 0..3 {
        assert_eq!(partner.send(SIGN_UP, form(kept)).await.0.as_u16(), 503);
    }
    for index in 0..kept {
        assert_eq!(found(&coordinator, index).await, 1, "acknowledged: {index}");
    }
    // Room for the work and none for the answer: then it is there, whole, and the retry finds it (docs/decisions/0017).
    assert!(found(&coordinator, kept).await.as_i64().is_some_and(|there| there <= 1), "once at most");
    // Many at once, who may be committed together: each is told what became of its own.
    let crowd = kept + 1..kept + 25;
    let told = futures_util::future::join_all(crowd.clone().map(|index| partner.send(SIGN_UP, form(index)))).await;
    for (index, (status, body)) in crowd.clone().zip(told) {
        let there = found(&coordinator, index).await.as_i64();
        match status.as_u16() {
            200 => assert_eq!((&body["data"]["championSignUp"]["userErrors"], there), (&json!([]), Some(1))),
            status => assert!(status == 503 && there.is_some_and(|there| there <= 1), "{status} {there:?}"),
        }
    }
    // There is room again: the same request, with the same key, makes one thing.
    disk.make_room(world).await;
    for index in [kept, kept].into_iter().chain(crowd) {
        partner.done(SIGN_UP, form(index)).await;
        assert_eq!(found(&coordinator, index).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let most = pragma(&world, "max_page_count").await;
    refuses_keeps_and_recovers(&world, Disk::File { most }).await;
    assert_eq!(pragma::<String>(&world, "integrity_check").await, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let (Some(world), Ok(small)) = (World::new(Backend::Postgres).await, std::env::var("DIGIKNOW_TEST_POSTGRES_SMALL_DISK")) else {
        return eprintln!(
            "left out: a full disk under PostgreSQL (set DIGIKNOW_TEST_POSTGRES_SMALL_DISK to an empty folder of its user on one)"
        );
    };
    run(&world, &format!("CREATE TABLESPACE small_disk LOCATION '{small}'")).await.expect("a tablespace");
    let moved = "DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER TABLE %I SET TABLESPACE small_disk', name); END LOOP; END $$";
    run(&world, moved).await.expect("tables on it");
    refuses_keeps_and_recovers(&world, Disk::Small).await;
}

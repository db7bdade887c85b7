//! Connections come back sound, whatever became of whoever had them.

use std::time::Duration;

use api::error::Fault;
use entity::setting;
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, Statement};

use crate::both;
use crate::harness::{Backend, World};

/// Takes the database a second or so.
fn slow(world: &World) -> &'static str {
    match world.app.db.backend() {
        sea_orm::DbBackend::Postgres => "SELECT COUNT(*) AS found FROM (SELECT pg_sleep(1)) AS slept",
        _ => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT COUNT(*) AS found FROM n",
    }
}

#[derive(FromQueryResult)]
struct Found {
    found: i64,
}

/// Has the database count to a number, which tells one answer from another's.
async fn counts_to(conn: &impl ConnectionTrait, number: i64) -> Result<i64, sea_orm::DbErr> {
    let sql = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) SELECT COUNT(*) AS found FROM n");
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await?.expect("a row");
    Ok(Found::from_query_result(&row, "")?.found)
}

async fn set(conn: &impl ConnectionTrait, key: &str) {
    let row = setting::Model { key: key.to_owned(), value: "1".to_owned() };
    setting::Entity::insert(sea_orm::IntoActiveModel::into_active_model(row)).exec_without_returning(conn).await.expect("written");
}

impl World {
    async fn is_set(&self, key: &str) -> bool {
        setting::Entity::find_by_id(key).count(self.app.db.read()).await.expect("a count") == 1
    }
}

both!(what_is_not_committed_is_taken_back, |world| async move {
    for (key, steps) in [("plain", 0), ("in a step", 1), ("in a step of a step", 2)] {
        let tx = world.app.db.begin().await.expect("begun");
        for _ in 0..steps {
            tx.step().await.expect("a step");
        }
        set(&tx, key).await;
        // Dropped, and rolled back with its steps open: either way nothing stays, and the connection writes again.
        if steps == 1 {
            tx.rollback().await.expect("taken back")
        } else {
            drop(tx)
        }
        assert!(!world.is_set(key).await, "{key}");
    }
    let tx = world.app.db.begin().await.expect("begun");
    set(&tx, "first").await;
    let step = tx.step().await.expect("a step");
    set(&tx, "second").await;
    step.take_back().await.expect("taken back");
    let step = tx.step().await.expect("a step");
    set(&tx, "third").await;
    step.keep().await.expect("kept");
    tx.commit().await.expect("committed");
    assert_eq!([world.is_set("first").await, world.is_set("second").await, world.is_set("third").await], [true, false, true]);
});

both!(who_is_interrupted_harms_nobody_who_comes_after, |world| async move {
    let db = &world.app.db;
    for round in 0..4 {
        let soon = Duration::from_millis(20);
        let reading = db.read().execute_unprepared(slow(&world));
        assert!(tokio::time::timeout(soon, reading).await.is_err(), "it was not slow");
        let writing = async {
            let tx = db.begin().await.expect("begun");
            set(&tx, "interrupted").await;
            tx.execute_unprepared(slow(&world)).await.expect("never comes");
        };
        assert!(tokio::time::timeout(soon * 5, writing).await.is_err(), "it was not slow");
        let answers = futures_util::future::join_all((1..20).map(|number| counts_to(db.read(), number + round))).await;
        let expected: Vec<i64> = (1..20).map(|number| number + round).collect();
        assert_eq!(answers.into_iter().map(|answer| answer.expect("an answer")).collect::<Vec<_>>(), expected);
        assert!(!world.is_set("interrupted").await);
        let tx = db.begin().await.expect("begun");
        set(&tx, &format!("after {round}")).await;
        tx.commit().await.expect("committed");
    }
});

both!(a_statement_that_fails_leaves_a_connection_that_works, |world| async move {
    let db = &world.app.db;
    for number in 1..20 {
        assert!(db.read().execute_unprepared("SELECT nothing FROM nowhere").await.is_err());
        assert_eq!(counts_to(db.read(), number).await.expect("an answer"), number);
        let tx = db.begin().await.expect("begun");
        assert!(tx.execute_unprepared("SELECT nothing FROM nowhere").await.is_err());
        tx.rollback().await.expect("taken back");
        assert_eq!(counts_to(db.single(), number).await.expect("an answer"), number);
    }
});

both!(with_every_connection_lent_the_next_waits_for_one, |world| async move {
    let db = &world.app.db;
    let mut lent = Vec::new();
    while let Ok(view) = tokio::time::timeout(Duration::from_millis(300), db.snapshot()).await {
        lent.push(view.expect("a view"));
        assert!(lent.len() <= 64, "there is no end to them");
    }
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { counts_to(db.read(), 5).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    drop(lent.pop());
    assert_eq!(waiting.await.expect("no panic").expect("an answer"), 5);
});

both!(after_a_burst_the_service_is_ready_and_migrates, |world| async move {
    let db = &world.app.db;
    futures_util::future::join_all((0..64).map(|number| counts_to(db.read(), 20_000 + number))).await;
    set(db.single(), "a write").await;
    let soon = Duration::from_secs(5);
    tokio::time::timeout(soon, db.ping()).await.expect("in time").expect("ready");
    tokio::time::timeout(soon, db.migrate()).await.expect("in time").expect("migrated");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_at_rest_fail_once_and_not_once_each() {
    let Some(world) = World::new(Backend::Postgres).await else {
        return eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
    };
    let db = &world.app.db;
    futures_util::future::join_all((0..6).map(|_| db.read().execute_unprepared("SELECT pg_sleep(0.1)"))).await;
    let other = world.replica().await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    other.app.db.read().execute_unprepared(cut).await.expect("cut off");
    let mut failed = 0;
    for number in 1..20 {
        match counts_to(db.read(), number).await {
            Ok(answer) => assert_eq!(answer, number),
            Err(error) => {
                failed += 1;
                assert!(matches!(Fault::from(error), Fault::Away(_)));
            }
        }
    }
    assert!(failed <= 1, "{failed} failed");
}

//! On SQLite those who wait to write are committed together: each keeps or takes back its own, and nobody is told that something stands
//! which does not.

use std::collections::BTreeSet;
use std::time::Duration;

use api::error::is_away;
use api::store::Db;
use entity::setting;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Statement};
use tokio::task::JoinHandle;

use crate::harness::{Backend, World};

async fn set(conn: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    let row = setting::Model { key: key.to_owned(), value: "1".to_owned() };
    setting::Entity::insert(row.into_active_model()).exec_without_returning(conn).await.map(drop)
}

/// What a writer does once it has written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    Commits,
    CommitsAfterAStep,
    LeavesAStepOpenAndCommits,
    TakesItBack,
    TakesItBackWithAStepOpen,
    GoesAway,
    GoesAwayWithAStepOpen,
    IsInterrupted,
    FailsAndTakesItBack,
    DoesNothingAndCommits,
    DoesNothingAndTakesItBack,
}

use Then::*;

const ALL: [Then; 11] = [
    Commits,
    CommitsAfterAStep,
    LeavesAStepOpenAndCommits,
    TakesItBack,
    TakesItBackWithAStepOpen,
    GoesAway,
    GoesAwayWithAStepOpen,
    IsInterrupted,
    FailsAndTakesItBack,
    DoesNothingAndCommits,
    DoesNothingAndTakesItBack,
];

impl Then {
    fn stays(self) -> bool {
        matches!(self, Commits | CommitsAfterAStep | LeavesAStepOpenAndCommits)
    }
}

/// Writes a row and ends as it is told to: what it was told about it.
async fn write(db: Db, key: String, then: Then) -> Result<(), DbErr> {
    let tx = db.begin().await?;
    if matches!(then, DoesNothingAndCommits | DoesNothingAndTakesItBack) {
        return if then == DoesNothingAndCommits { tx.commit().await } else { tx.rollback().await };
    }
    if matches!(then, CommitsAfterAStep) {
        let step = tx.step().await?;
        set(&tx, &format!("{key}, taken back")).await?;
        step.take_back().await?;
        let step = tx.step().await?;
        set(&tx, &key).await?;
        step.keep().await?;
        return tx.commit().await;
    }
    if matches!(then, LeavesAStepOpenAndCommits | TakesItBackWithAStepOpen | GoesAwayWithAStepOpen) {
        tx.step().await?;
    }
    set(&tx, &key).await?;
    match then {
        TakesItBack | TakesItBackWithAStepOpen => tx.rollback().await,
        GoesAway | GoesAwayWithAStepOpen => {
            drop(tx);
            Ok(())
        }
        IsInterrupted => {
            let slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT COUNT(*) FROM n";
            let waited = tokio::time::timeout(Duration::from_millis(2), tx.execute_unprepared(slow)).await;
            assert!(waited.is_err(), "it was not slow");
            Ok(())
        }
        FailsAndTakesItBack => {
            set(&tx, &key).await.expect_err("it is there already");
            tx.rollback().await
        }
        _ => tx.commit().await,
    }
}

async fn there(db: &Db) -> BTreeSet<String> {
    let rows = setting::Entity::find().all(db.read()).await.expect("settings");
    rows.into_iter().map(|row| row.key).filter(|key| key.starts_with("row ")).collect()
}

async fn world() -> World {
    World::new(Backend::Sqlite).await.expect("a world")
}

/// Lets those who have been started come to where they wait.
async fn queue<T: Send + 'static>(tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<JoinHandle<T>> {
    let mut waiting = Vec::new();
    for task in tasks {
        waiting.push(tokio::spawn(task));
        // In order: each waits before the next comes.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    waiting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_is_committed_with_the_one_before_and_keeps_or_takes_back_its_own() {
    let world = world().await;
    let db = &world.app.db;
    let first = db.begin().await.expect("begun");
    set(&first, "row first").await.expect("written");
    let others = queue(ALL.into_iter().map(|then| write(db.clone(), format!("row {then:?}"), then))).await;
    let single = db.clone();
    let single = queue([async move { set(single.single(), "row single").await }]).await;
    assert_eq!(there(db).await, BTreeSet::new());
    first.commit().await.expect("committed");
    for told in others.into_iter().chain(single) {
        told.await.expect("no panic").expect("told so");
    }
    let mut expected: BTreeSet<String> = ALL.into_iter().filter(|then| then.stays()).map(|then| format!("row {then:?}")).collect();
    expected.extend(["row first".to_owned(), "row single".to_owned()]);
    assert_eq!(there(db).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_is_told_when_all_who_waited_by_then_are_committed_with_it() {
    let world = world().await;
    let db = &world.app.db;
    let first = db.begin().await.expect("begun");
    set(&first, "row first").await.expect("written");
    let others = queue((0..20).map(|number| write(db.clone(), format!("row {number}"), Commits))).await;
    first.commit().await.expect("committed");
    assert_eq!(there(db).await.len(), 21, "in one commit");
    assert!(join_all(others).await.into_iter().all(|told| told.expect("no panic").is_ok()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_counts_the_rows_that_it_changed_itself() {
    let world = world().await;
    let db = &world.app.db;
    let first = db.begin().await.expect("begun");
    set(&first, "row first").await.expect("written");
    let change = |sql: &'static str, alone: bool| {
        let db = db.clone();
        async move {
            let statement = Statement::from_string(db.backend(), sql);
            if alone {
                return db.single().execute_raw(statement).await.expect("changed").rows_affected();
            }
            let tx = db.begin().await.expect("begun");
            let changed = tx.execute_raw(statement).await.expect("changed").rows_affected();
            tx.commit().await.expect("committed");
            changed
        }
    };
    const NONE: &str = "DELETE FROM setting WHERE key = 'nobody'";
    const ONE: &str = "UPDATE setting SET value = '2' WHERE key = 'row first'";
    const THERE: &str = "INSERT INTO setting (key, value) VALUES ('row first', '3') ON CONFLICT DO NOTHING";
    let cases = [(NONE, false), (ONE, false), (NONE, true), (THERE, false), (ONE, true), (THERE, true), (NONE, false)];
    let changes = queue(cases.map(|(sql, alone)| change(sql, alone))).await;
    first.commit().await.expect("committed");
    let counted: Vec<u64> = join_all(changes).await.into_iter().map(|counted| counted.expect("no panic")).collect();
    assert_eq!(counted, [0, 1, 0, 0, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failed_commit_took_with_it_is_told_to_nobody_as_done() {
    let world = world().await;
    let db = &world.app.db;
    let first = db.begin().await.expect("begun");
    set(&first, "row first").await.expect("written");
    // What only the commit finds out.
    first.execute_unprepared("PRAGMA defer_foreign_keys = ON").await.expect("deferred");
    let astray = "INSERT INTO champion_language (champion_id, language) VALUES (x'00000000000000000000000000000001', 'eng')";
    first.execute_unprepared(astray).await.expect("nobody has looked yet");
    let behaviours = [Commits, TakesItBack, DoesNothingAndCommits];
    let others = queue(behaviours.into_iter().map(|then| write(db.clone(), format!("row {then:?}"), then))).await;
    let error = first.commit().await.expect_err("nothing to commit");
    assert!(is_away(&error), "to be sent again: {error}");
    for told in others {
        told.await.expect("no panic").expect_err("what it was judged by was not committed");
    }
    assert_eq!(there(db).await, BTreeSet::new());
    write(db.clone(), "row next".to_owned(), Commits).await.expect("the next is committed");
    assert_eq!(there(db).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_database_ends_the_transaction_everybody_in_it_is_told() {
    for regardless in [false, true] {
        for alone in [false, true] {
            let world = world().await;
            let db = &world.app.db;
            let first = db.begin().await.expect("begun");
            set(&first, "row first").await.expect("written");
            let ends = {
                let db = db.clone();
                async move {
                    let tx = db.begin().await?;
                    set(&tx, "row second").await?;
                    let ended = "INSERT OR ROLLBACK INTO setting (key, value) SELECT key, value FROM setting";
                    tx.execute_unprepared(ended).await.expect_err("the rows are there");
                    if regardless { tx.commit().await } else { tx.rollback().await }
                }
            };
            let ends = queue([ends]).await;
            let after = if alone { Vec::new() } else { queue([write(db.clone(), "row third".to_owned(), Commits)]).await };
            first.commit().await.expect_err("it was taken back with the second");
            for told in ends {
                let error = told.await.expect("no panic").expect_err("nothing of it stands");
                assert!(is_away(&error), "to be sent again: {error}");
            }
            let mut expected = BTreeSet::new();
            for told in after {
                // It came when all was over, or was part of it: it stands if it was told so.
                if told.await.expect("no panic").is_ok() {
                    expected.insert("row third".to_owned());
                }
            }
            assert_eq!(there(db).await, expected, "{regardless} {alone}");
            write(db.clone(), "row next".to_owned(), Commits).await.expect("the next is committed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_waiting_for_the_commit_is_committed_with_the_others() {
    let world = world().await;
    let db = &world.app.db;
    let holds = db.begin().await.expect("begun");
    let early = queue((0..3).map(|number| write(db.clone(), format!("row {number}"), Commits))).await;
    // One that takes long keeps them waiting for the commit.
    let long = {
        let db = db.clone();
        async move {
            let tx = db.begin().await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
            set(&tx, "row long").await?;
            tx.commit().await
        }
    };
    let long = queue([long]).await;
    drop(holds);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(there(db).await, BTreeSet::new(), "they are done, and wait");
    early.iter().for_each(JoinHandle::abort);
    assert!(join_all(long).await.into_iter().all(|told| told.expect("no panic").is_ok()));
    assert_eq!(there(db).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_many_do_at_once_what_they_were_told_is_so() {
    let world = world().await;
    let db = &world.app.db;
    let mut seed = 20_u64;
    let mut pick = move |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    for round in 0..12 {
        let writers = (0..64).map(|number| {
            let key = format!("row {round}.{number}");
            let then = if pick(3) == 0 { ALL[pick(ALL.len() as u64) as usize] } else { Commits };
            // Some are given up somewhere on the way.
            let patience = Duration::from_micros(if pick(5) == 0 { pick(8_000) } else { 20_000_000 });
            let writing = tokio::time::timeout(patience, write(db.clone(), key.clone(), then));
            async move { (key, then, writing.await) }
        });
        let ended = join_all(writers.map(tokio::spawn)).await;
        let there = there(db).await;
        for ended in ended {
            let (key, then, told) = ended.expect("no panic");
            match told {
                Ok(told) => {
                    told.expect("nothing fails");
                    assert_eq!(there.contains(&key), then.stays(), "{key} {then:?}");
                }
                Err(_) => assert!(then.stays() || !there.contains(&key), "{key} {then:?}"),
            }
        }
    }
}

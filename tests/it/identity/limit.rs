//! The shared buckets.

use api::service::limit::key;
use api::store::limit::{give_back, take, tidy};
use chrono::TimeDelta;
use rules::limit::{self, Limit};

use crate::both;

const FOUR: Limit = Limit::new(4, 30);

both!(the_database_judges_as_the_rule_does, |world| async move {
    let (db, start) = (world.app.db.single(), world.now());
    let mut empty_at = 0;
    // Pauses in seconds and costs, in a fixed disorder.
    for step in 0i64..60 {
        let (pause, cost) = ((step * 37) % 53, 1 + (step * 7) % 4);
        world.pass(TimeDelta::seconds(pause));
        let now = world.now();
        let judged = take(db, "a", FOUR, cost, now).await.expect("an answer");
        let ruled = limit::take(FOUR, empty_at, cost, now.timestamp_millis());
        empty_at = ruled.unwrap_or(empty_at);
        assert_eq!(judged, ruled.map(|end| FOUR.left(end, now.timestamp_millis())), "step {step} at {}", now - start);
    }
});

both!(i3_two_replicas_never_share_the_last_place, |world| async move {
    let tries = (0..20).map(|_| {
        let (app, now) = (world.app.clone(), world.now());
        tokio::spawn(async move { take(app.db.single(), "b", FOUR, 1, now).await.expect("an answer").is_ok() })
    });
    let mut passed = 0;
    for tried in tries.collect::<Vec<_>>() {
        passed += usize::from(tried.await.expect("no panic"));
    }
    assert_eq!(passed, 4);
});

both!(what_was_no_fault_is_given_back_and_drained_buckets_go, |world| async move {
    let (db, now) = (world.app.db.single(), world.now());
    for _ in 0..4 {
        take(db, "c", FOUR, 1, now).await.expect("an answer").expect("room");
    }
    assert!(take(db, "c", FOUR, 1, now).await.expect("an answer").is_err());
    give_back(db, "c", FOUR, 1).await.expect("given back");
    assert_eq!(take(db, "c", FOUR, 1, now).await.expect("an answer"), Ok(0));
    assert_eq!(tidy(db, now).await.expect("tidied"), 0);
    assert_eq!(tidy(db, now + TimeDelta::seconds(121)).await.expect("tidied"), 1);
});

both!(i6_a_bucket_does_not_say_whose_it_is, |world| async move {
    let key = key(&world.app, "mailbox", "ada@example.org");
    assert!(key.starts_with("mailbox:") && !key.contains("ada") && !key.contains("example"), "{key}");
});

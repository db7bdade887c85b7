//! Periodic work: once among replicas, taken up when a replica dies, and driven by the service's clock.

use api::app::App;
use api::error::Fault;
use api::scheduler::{JOBS, Job, LEASE, tick};
use api::store::ledger;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{audit_event, outbox};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::both;
use crate::harness::{World, uuid};

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

/// Leaves a trace in the database, which both replicas share.
async fn trace(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let tx = app.db.begin().await?;
    ledger::emit(&tx, api::clock::new_id(now), now, "test.ran", String::new()).await?;
    tx.commit().await?;
    Ok(1)
}

const TRACE: Job = Job { name: "test.trace", every: TimeDelta::minutes(10), work: |app, now| Box::pin(trace(app, now)) };
const BROKEN: Job = Job {
    name: "test.broken",
    every: TimeDelta::minutes(10),
    work: |_, _| Box::pin(async { Err(Fault::Other(std::io::Error::other("no").into())) }),
};

impl World {
    async fn traces(&self) -> usize {
        outbox::Entity::find().filter(outbox::Column::Topic.eq("test.ran")).all(self.app.db.read()).await.expect("rows").len()
    }

    /// Runs what is due, as one replica does.
    pub async fn work(&self) -> Vec<&'static str> {
        tick(&self.app, JOBS, ONE).await.expect("a tick")
    }
}

both!(of_many_replicas_one_does_the_work, |world| async move {
    let replicas: Vec<_> = (10..18)
        .map(|n| {
            let app = world.app.clone();
            tokio::spawn(async move { tick(&app, &[TRACE], Uuid::from_u128(n)).await.expect("a tick").len() })
        })
        .collect();
    let mut ran = 0;
    for replica in replicas {
        ran += replica.await.expect("no panic");
    }
    assert_eq!((ran, world.traces().await), (1, 1));
    assert!(tick(&world.app, &[TRACE], TWO).await.expect("a tick").is_empty(), "not due again yet");
    world.pass(TimeDelta::minutes(10));
    assert_eq!(tick(&world.app, &[TRACE], TWO).await.expect("a tick"), ["test.trace"]);
});

both!(what_a_dead_replica_held_is_taken_up_when_its_lease_runs_out, |world| async move {
    tick(&world.app, &[TRACE], ONE).await.expect("a tick");
    world.pass(TimeDelta::minutes(10));
    let tx = world.app.db.begin().await.expect("a transaction");
    assert!(api::store::job::take(&tx, TRACE.name, ONE, world.now(), world.now() + LEASE).await.expect("taken"));
    tx.commit().await.expect("committed");
    assert!(tick(&world.app, &[TRACE], TWO).await.expect("a tick").is_empty(), "another holds it");
    world.pass(LEASE);
    assert_eq!(tick(&world.app, &[TRACE], TWO).await.expect("a tick"), ["test.trace"]);
});

both!(a_job_that_fails_is_put_off_and_the_others_run, |world| async move {
    assert_eq!(tick(&world.app, &[BROKEN, TRACE], ONE).await.expect("a tick"), ["test.broken", "test.trace"]);
    world.pass(TimeDelta::minutes(10));
    assert_eq!(tick(&world.app, &[BROKEN, TRACE], ONE).await.expect("a tick"), ["test.trace"], "twice as long");
    world.pass(TimeDelta::minutes(10));
    assert_eq!(tick(&world.app, &[BROKEN, TRACE], ONE).await.expect("a tick"), ["test.broken", "test.trace"]);
    let rows = api::store::job::all(world.app.db.read()).await.expect("rows");
    assert_eq!(rows.iter().find(|row| row.name == BROKEN.name).map(|row| row.failures), Some(2));
});

both!(an_offer_nobody_answers_is_written_down_as_expired_once, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let who = world.matched(&asked.session, &volunteers).await;
    let offer = leader.offer(&asked.request, &who[..1]).await.remove(0);
    world.pass(TimeDelta::days(7));
    assert!(world.work().await.contains(&"offers.lapse"));
    let id = uuid(&offer);
    let row = api::store::offer::find(world.app.db.read(), rules::id::OfferId(id)).await.expect("a row").expect("a row");
    assert_eq!(row.status, rules::offer::OfferStatus::Expired);
    world.pass(TimeDelta::minutes(2));
    world.work().await;
    let audit =
        audit_event::Entity::find().filter(audit_event::Column::SubjectId.eq(id)).filter(audit_event::Column::Action.eq("OfferLapse"));
    let audit = audit.all(world.app.db.read()).await.expect("rows");
    assert_eq!(audit.len(), 1, "one row, however often the job runs");
    assert_eq!((audit[0].actor_id, audit[0].request_id.as_str()), (None, "job:offers.lapse"));
    let told = outbox::Entity::find().filter(outbox::Column::Topic.eq("offer.expired")).all(world.app.db.read()).await.expect("rows");
    let payload = json!({ "offer": rules::id::OfferId(id), "session": row.session_id }).to_string();
    assert_eq!(told.iter().filter(|row| row.payload == payload).count(), 1);
});

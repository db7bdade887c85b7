//! Periodic work inside the binary: a list of named jobs, each run by one replica at a time when it is due.
//!
//! A replica holds a job by a lease in the database; if it dies, the lease runs out and another goes on. So a job may be
//! started twice for one date, and every job is idempotent: it looks for what is due at `now` and does each piece in a
//! transaction of its own that judges again. The time is the service's clock: a test moves it and calls [`tick`].

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use crate::app::App;
use crate::clock::new_id;
use crate::error::Fault;
use crate::service;
use crate::store::{job, transact};

/// What a job does: everything that is due at the instant; answers how many things it did.
pub type Work = for<'a> fn(&'a App, DateTime<Utc>) -> Pin<Box<dyn Future<Output = Result<usize, Fault>> + Send + 'a>>;

/// Periodic work.
#[derive(Clone, Copy)]
pub struct Job {
    /// Names it in the database, in logs and in the audit rows of what it does.
    pub name: &'static str,
    /// How long after a run the next is due.
    pub every: TimeDelta,
    /// What it does.
    pub work: Work,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("name", &self.name).field("every", &self.every).finish_non_exhaustive()
    }
}

/// Every job, in the order they are run. To add one: an idempotent `service::x::due(app, now)` and a line here.
pub const JOBS: &[Job] = &[
    Job { name: "offers.lapse", every: TimeDelta::minutes(1), work: |app, now| Box::pin(service::offer_close::lapse_due(app, now)) },
    Job { name: "offers.widen", every: TimeDelta::seconds(15), work: |app, now| Box::pin(service::wave::due(app, now)) },
    Job { name: "stand_ins.follow", every: TimeDelta::minutes(1), work: |app, now| Box::pin(service::stand_in::due(app, now)) },
    Job { name: "swaps.lapse", every: TimeDelta::minutes(1), work: |app, now| Box::pin(service::swap::due(app, now)) },
    Job { name: "sessions.lapse", every: TimeDelta::minutes(1), work: |app, now| Box::pin(service::group_calendar::lapse_due(app, now)) },
    Job { name: "sessions.at-risk", every: TimeDelta::minutes(5), work: |app, now| Box::pin(service::risk::due(app, now)) },
    Job { name: "series.extend", every: TimeDelta::minutes(10), work: |app, now| Box::pin(service::series::due(app, now)) },
    Job { name: "references.follow", every: TimeDelta::minutes(15), work: |app, now| Box::pin(service::reference::due(app, now)) },
    Job { name: "references.forget", every: TimeDelta::hours(6), work: |app, now| Box::pin(service::reference::forget_due(app, now)) },
    Job { name: "waiting.follow", every: TimeDelta::minutes(1), work: |app, now| Box::pin(service::sign_up::due(app, now)) },
    Job { name: "clearance.judge", every: TimeDelta::seconds(5), work: |app, now| Box::pin(service::clearance::judge_due(app, now)) },
    Job { name: "champions.duplicates", every: TimeDelta::minutes(1), work: |app, now| Box::pin(service::duplicate::look_due(app, now)) },
    Job { name: "training.renewals", every: TimeDelta::hours(6), work: |app, now| Box::pin(service::renewal::due(app, now)) },
    Job { name: "rota.plans", every: TimeDelta::seconds(10), work: |app, now| Box::pin(service::rota_job::due(app, now)) },
    Job { name: "dbs.update-service", every: TimeDelta::minutes(15), work: |app, now| Box::pin(service::update_service::due(app, now)) },
    Job { name: "dbs.join", every: TimeDelta::hours(6), work: |app, now| Box::pin(service::dbs_join::remind_due(app, now)) },
    Job { name: "dbs.content", every: TimeDelta::hours(6), work: |app, now| Box::pin(service::dbs_content::remove_due(app, now)) },
    Job { name: "sign_ins.tidy", every: TimeDelta::hours(1), work: |app, now| Box::pin(service::sign_in::tidy(app, now)) },
];

/// How long a replica holds a job: longer than any run should take. Who dies holding one delays it by this.
pub const LEASE: TimeDelta = TimeDelta::minutes(5);
/// How often a replica looks for work.
const LOOK: Duration = Duration::from_secs(5);
/// The longest a job that fails is put off.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// Runs what is due and not held by another replica; answers the names of the jobs that ran. A job that fails is logged and tried
/// again later, further apart each time; the others run all the same.
pub async fn tick(app: &App, jobs: &[Job], replica: Uuid) -> Result<Vec<&'static str>, Fault> {
    let now = app.clock.now();
    let known: Vec<entity::job::Model> = job::all(app.db.read()).await?;
    if jobs.iter().any(|j| !known.iter().any(|row| row.name == j.name)) {
        ensure(app, jobs, now).await?;
    }
    let mut ran = Vec::new();
    for job in jobs {
        let row = known.iter().find(|row| row.name == job.name);
        // The read narrows; taking the job decides.
        if row.is_some_and(|row| row.due_at > now) || !take(app, job, replica, now).await? {
            continue;
        }
        let outcome = (job.work)(app, now).await;
        settle(app, job, replica, outcome, row.map_or(0, |row| row.failures)).await?;
        ran.push(job.name);
    }
    Ok(ran)
}

async fn ensure(app: &App, jobs: &[Job], now: DateTime<Utc>) -> Result<(), Fault> {
    transact!(app.db, |tx| { Ok(job::ensure(&tx, jobs.iter().map(|j| j.name), now).await?) })
}

async fn take(app: &App, job: &Job, replica: Uuid, now: DateTime<Utc>) -> Result<bool, Fault> {
    transact!(app.db, |tx| { Ok(job::take(&tx, job.name, replica, now, now + LEASE).await?) })
}

async fn settle(app: &App, job: &Job, replica: Uuid, outcome: Result<usize, Fault>, failed: i32) -> Result<(), Fault> {
    let now = app.clock.now();
    let (next, ran) = match outcome {
        Ok(count) => {
            if count > 0 {
                tracing::info!(job = job.name, count, "did what was due");
            }
            (now + job.every, Ok(now))
        }
        Err(fault) => {
            tracing::error!(job = job.name, %fault, "failed: it is tried again");
            let failures = failed.saturating_add(1);
            (now + put_off(job.every, failures), Err(failures))
        }
    };
    transact!(app.db, |tx| { Ok(job::give_back(&tx, job.name, replica, next, ran).await?) })
}

/// How long a job that failed so often in a row is put off: twice as long each time, up to an hour.
fn put_off(every: TimeDelta, failures: i32) -> TimeDelta {
    let doubled = 1_i32.checked_shl(u32::try_from(failures.clamp(0, 12)).unwrap_or(12)).unwrap_or(1);
    every.checked_mul(doubled).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT.max(every))
}

/// Looks for work until the service stops; a run that has begun is finished.
pub async fn run(app: &App, mut stopping: watch::Receiver<bool>) {
    let replica: Uuid = new_id(app.clock.now());
    while !*stopping.borrow() {
        if let Err(fault) = tick(app, JOBS, replica).await {
            tracing::error!(%fault, "the scheduler could not look for work");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            changed = stopping.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let names: std::collections::HashSet<_> = JOBS.iter().map(|job| job.name).collect();
        assert_eq!(names.len(), JOBS.len());
    }

    #[test]
    fn failures_put_a_job_off_further_each_time_and_an_hour_at_most() {
        let minute = TimeDelta::minutes(1);
        for (failures, expected) in [(1, 2), (2, 4), (5, 32), (6, 60), (100, 60)] {
            assert_eq!(put_off(minute, failures), TimeDelta::minutes(expected), "{failures}");
        }
        assert_eq!(put_off(TimeDelta::hours(24), 3), TimeDelta::hours(24), "never more often than it is due");
    }
}

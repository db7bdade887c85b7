//! Planning in the background: the row is the job, its lease, its progress and its answer. Whoever cancels it writes to the row;
//! a planner that loses the row stops. One that is gone with its process leaves a silent row, which another replica takes up.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use entity::rota_proposal;
use rules::id::RotaProposalId;
use rules::policy::{Action, Relation};
use rules::proposal::{Board, CannotPropose, Line, PickUp, Planned, ProposalStatus, Wishes, pick_up, propose as judge};
use rules::rota::Progress;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::rota::{board, row as line_row};
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::aside::StopOnDrop;
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::Which;
use crate::store::{rota, row, transact};

/// What to plan.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// First date.
    pub from: NaiveDate,
    /// Last date.
    pub until: NaiveDate,
    /// Same seed, same facts: same lines.
    pub seed: i64,
    /// The planner is stopped after so long.
    pub seconds: i32,
    /// Lines locked there stay.
    pub keep_locked_of: Option<RotaProposalId>,
}

/// Queues a plan and sets the planner to work on it.
pub async fn propose(app: &Arc<App>, call: &Call, once: Option<Once>, wanted: Wanted) -> Result<RotaProposalId, Refusal<CannotPropose>> {
    let action = Action::RotaPropose;
    let mut fresh = false;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<RotaProposalId, CannotPropose>(&tx, call, once.as_ref(), action).await? {
            fresh = false;
            return Ok(kept);
        }
        judge(wanted.from, wanted.until, wanted.seconds, call.today())?;
        if let Some(other) = wanted.keep_locked_of {
            rota::lock(&tx, other).await?.ok_or(Refusal::not_found("keepLockedOf"))?;
        }
        if !rota::open(&tx).await?.is_empty() {
            return Err(Refusal::rule(CannotPropose::Busy));
        }
        let proposal = queued(call, wanted);
        row::insert(&tx, proposal.clone()).await?;
        tell(&tx, call, &proposal).await?;
        done(&tx, call, action, Subject("RotaProposal", Some(proposal.id.0)), json!({ "from": wanted.from, "until": wanted.until }))
            .await?;
        keep(&tx, call, once.as_ref(), &proposal.id).await?;
        fresh = true;
        Ok(proposal.id)
    });
    let id = audited(app, call, action, Subject("RotaProposal", None), result).await?;
    if fresh {
        let app = app.clone();
        tokio::spawn(async move { take_up(&app, id).await });
    }
    Ok(id)
}

fn queued(call: &Call, wanted: Wanted) -> rota_proposal::Model {
    rota_proposal::Model {
        id: new_id(call.now),
        from_date: wanted.from,
        until_date: wanted.until,
        status: ProposalStatus::Queued,
        seed: wanted.seed,
        seconds: wanted.seconds,
        keep_locked_of: wanted.keep_locked_of,
        objective: None,
        bound: None,
        work: 0,
        figures: None,
        requested_by: call.caller.account,
        published_by: None,
        created_at: call.now,
        runner: None,
        attempts: 0,
        heard_at: call.now,
        finished_at: None,
        version: 1,
    }
}

/// Takes up what waits, or was left by a planner that is gone; comes back when it is answered.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let waiting = |p: &rota_proposal::Model| pick_up(p.status, p.attempts, p.heard_at, now) != PickUp::Leave;
    let left: Vec<RotaProposalId> = rota::open(app.db.read()).await?.into_iter().filter(waiting).map(|p| p.id).collect();
    for id in &left {
        take_up(app, *id).await;
    }
    Ok(left.len())
}

async fn take_up(app: &App, id: RotaProposalId) {
    let attempt = async {
        let Some((proposal, runner)) = claim(app, id).await? else { return Ok(()) };
        let planned = plan(app, &proposal, runner).await;
        if let Err(fault) = &planned {
            tracing::error!(proposal = %id.0, %fault, "planning broke off");
        }
        let (to, answer) = planned.map_or((ProposalStatus::Failed, None), |answer| (ProposalStatus::Done, Some(answer)));
        finish(app, id, runner, to, answer).await
    };
    if let Err(fault) = attempt.await {
        // The row falls silent: somebody takes it up.
        let fault: Fault = fault;
        tracing::error!(proposal = %id.0, %fault, "a plan could not be recorded");
    }
}

/// Takes the row if nobody works on it; one that was taken too often has failed.
async fn claim(app: &App, id: RotaProposalId) -> Result<Option<(rota_proposal::Model, Uuid)>, Fault> {
    transact!(app.db, |tx| {
        let now = app.clock.now();
        let Some(mut proposal) = rota::lock(&tx, id).await? else { return Ok(None) };
        match pick_up(proposal.status, proposal.attempts, proposal.heard_at, now) {
            PickUp::Leave => Ok(None),
            PickUp::GiveUp => {
                end(&tx, proposal, ProposalStatus::Failed, now).await?;
                Ok(None)
            }
            PickUp::Take => {
                let runner: Uuid = new_id(now);
                proposal = rota_proposal::Model {
                    status: ProposalStatus::Running,
                    runner: Some(runner),
                    attempts: proposal.attempts + 1,
                    heard_at: now,
                    ..proposal
                };
                row::update(&tx, proposal.clone()).await?;
                tell(&tx, &Call::by_the_clock("rota.plans", now), &proposal).await?;
                Ok(Some((proposal, runner)))
            }
        }
    })
}

async fn plan(app: &App, proposal: &rota_proposal::Model, runner: Uuid) -> Result<Answer, Fault> {
    let locked: Vec<Line> = match proposal.keep_locked_of {
        Some(other) => rota::lines(app.db.read(), other).await?.iter().filter(|l| l.locked).map(rota::fact).collect(),
        None => Vec::new(),
    };
    let snapshot = app.db.snapshot().await?;
    let facts = Arc::new(board(&snapshot, (proposal.from_date, proposal.until_date), Which::Open, app.clock.now()).await?);
    snapshot.rollback().await?;
    let wishes = Wishes { seed: u64::try_from(proposal.seed).unwrap_or_default(), locked: locked.clone() };
    let limit = Duration::from_secs(u64::try_from(proposal.seconds).unwrap_or_default());
    let planned = solve(app, (proposal.id, runner), facts.clone(), wishes, limit).await?;
    Ok(Answer { planned, facts, locked })
}

/// The planner off the async threads. Twice a second its progress goes to the row, and a row that is lost stops it.
#[allow(clippy::disallowed_methods, reason = "a limit in seconds is measured by the machine's clock")]
async fn solve(
    app: &App,
    (id, runner): (RotaProposalId, Uuid),
    facts: Arc<Board>,
    wishes: Wishes,
    limit: Duration,
) -> Result<Planned, Fault> {
    let stop = StopOnDrop::default();
    let latest: Arc<Mutex<Option<Progress>>> = Arc::default();
    let (told, seen, start) = (stop.told(), latest.clone(), Instant::now());
    let mut work = tokio::task::spawn_blocking(move || {
        facts.plan(&wishes, &mut |progress| {
            if let Ok(mut latest) = seen.lock() {
                *latest = Some(progress);
            }
            let over = start.elapsed() >= limit || told.load(Ordering::Relaxed);
            if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    });
    let mut known = None;
    loop {
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(500), &mut work).await {
            let plan = ended.map_err(anyhow::Error::new)?;
            return plan.map_err(|broken| Fault::Other(anyhow::anyhow!("the plan breaks a rule: {broken:?}")));
        }
        let progress = latest.lock().ok().and_then(|latest| *latest);
        if !heard(app, (id, runner), progress, known).await? {
            stop.stop();
        }
        known = progress;
    }
}

/// The planner lives, and is so far: followers hear of a better rota or bound than they `known`. Answers whether this is still the attempt
/// that counts.
pub async fn heard(
    app: &App,
    (id, runner): (RotaProposalId, Uuid),
    progress: Option<Progress>,
    known: Option<Progress>,
) -> Result<bool, Fault> {
    let figures = |p: Option<Progress>| p.map(|p| (p.objective, p.bound));
    transact!(app.db, |tx| {
        let now = app.clock.now();
        let mine = rota::heard(&tx, id, runner, progress, now).await?;
        if mine && figures(progress) != figures(known) {
            emit(&tx, &Call::by_the_clock("rota.plans", now), "rota.progress", json!({ "proposal": id })).await?;
        }
        Ok(mine)
    })
}

/// Tells followers where a rota stands.
pub(super) async fn tell(tx: &impl ConnectionTrait, call: &Call, proposal: &rota_proposal::Model) -> Result<(), Fault> {
    emit(tx, call, "rota.status_changed", json!({ "proposal": proposal.id, "status": proposal.status })).await
}

/// A plan with the facts it was made from.
struct Answer {
    planned: Planned,
    facts: Arc<Board>,
    locked: Vec<Line>,
}

/// Saves the end in one transaction, unless somebody stopped waiting for this attempt.
async fn finish(app: &App, id: RotaProposalId, runner: Uuid, to: ProposalStatus, answer: Option<Answer>) -> Result<(), Fault> {
    transact!(app.db, |tx| {
        let now = app.clock.now();
        let mine = |p: &rota_proposal::Model| p.runner == Some(runner) && p.status.may_become().contains(&to);
        let Some(mut proposal) = rota::lock(&tx, id).await?.filter(mine) else { return Ok(()) };
        if let Some(Answer { planned, facts, locked }) = &answer {
            let lines = planned.lines.iter().map(|line| line_row(&proposal, facts, *line, locked.contains(line), now)).collect();
            row::insert_all(&tx, lines).await?;
            proposal.objective = Some(planned.objective);
            proposal.bound = Some(planned.bound);
            proposal.work = i64::try_from(planned.work).unwrap_or(i64::MAX);
            proposal.figures = Some(serde_json::to_string(&planned.figures).map_err(anyhow::Error::new)?);
        }
        end(&tx, proposal, to, now).await
    })
}

/// The planner's last word, with its audit row.
async fn end(tx: &impl ConnectionTrait, mut proposal: rota_proposal::Model, to: ProposalStatus, now: DateTime<Utc>) -> Result<(), Fault> {
    let call = Call::by_the_clock("rota.plans", now);
    let subject = Subject("RotaProposal", Some(proposal.id.0));
    proposal.status = to;
    proposal.heard_at = now;
    proposal.finished_at = Some(now);
    proposal.version += 1;
    row::update(tx, proposal.clone()).await?;
    tell(tx, &call, &proposal).await?;
    Ok(done(tx, &call, Action::RotaPlan, subject, json!({ "status": to })).await?)
}

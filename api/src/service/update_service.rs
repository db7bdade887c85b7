//! The DBS Update Service: recording who has joined and agreed, and asking about them, once for all replicas.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{champion, dbs_check, dbs_status_check, dbs_subscription};
use rules::dbs::DbsStatus;
use rules::dbs::update_service::{
    CannotAsk, CannotJoin, CannotLeave, Consequence, Joining, UpdateAnswer, UpdateState, join as judge_join, judge, read,
};
use rules::id::DbsCheckId;
use rules::policy::{Action, Relation};
use rules::reason::Reason;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::clearance::judge_again;
use super::dbs::{recorder, step_event};
use super::{Mail, Subject, audited, done, emit, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, dbs, row, transact, update_service as store_of};
use crate::update_service::{Question, UpdateService};

/// How many are asked about in one round.
const ROUND: u64 = 20;
/// How long a replica may take over one question; longer than any answer, so that two never ask at once.
const LEASE: TimeDelta = TimeDelta::minutes(5);

/// A joining as it was sent.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The day the applicant joined.
    pub joined_on: NaiveDate,
    /// The surname as printed on the certificate.
    pub surname: String,
    /// Whether they agreed to be asked about.
    pub consent: bool,
    /// The version of the wording they agreed to.
    pub wording_version: String,
}

/// Check and champion, the champion locked first.
async fn locked<R: Reason>(tx: &impl ConnectionTrait, id: DbsCheckId) -> Result<(champion::Model, dbs_check::Model), Refusal<R>> {
    let Some(seen) = dbs::find(tx, id).await? else { return Err(Refusal::not_found("checkId")) };
    let person = store::champion::lock(tx, seen.champion_id).await?.ok_or(Refusal::not_found("checkId"))?;
    let check = dbs::lock(tx, id).await?.ok_or(Refusal::not_found("checkId"))?;
    Ok((person, check))
}

/// Records that the applicant has joined and agrees to be asked about; again after a "nobody found".
pub async fn join(app: &App, call: &Call, id: DbsCheckId, joined: Joined) -> Result<DbsCheckId, Refusal<CannotJoin>> {
    let action = Action::DbsUpdateServiceJoin;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let (person, check) = locked(&tx, id).await?;
        let joining = Joining {
            level: check.level,
            status: check.status,
            issued_on: check.issued_on,
            consent: joined.consent,
            joined_on: joined.joined_on,
            by: recorder(call, &person),
        };
        judge_join(joining, call.today())?;
        let subscription = dbs_subscription::Model {
            check_id: id,
            state: UpdateState::Joined,
            joined_on: joined.joined_on,
            surname: joined.surname.clone(),
            wording_version: joined.wording_version.clone(),
            agreed_at: call.now,
            recorded_by: call.caller.account,
            stale_since: None,
            checked_at: None,
            failures: 0,
            next_check_at: Some(call.now),
            lease_id: None,
            lease_until: None,
        };
        match store_of::lock(&tx, id).await? {
            Some(_) => row::update(&tx, subscription).await?,
            None => row::insert(&tx, subscription).await?,
        }
        done(&tx, call, action, Subject("DbsCheck", Some(id.0)), json!({ "champion": person.id })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("DbsCheck", Some(id.0)), result).await
}

/// Records that the applicant has left or no longer agrees: nothing is asked any more.
pub async fn leave(app: &App, call: &Call, id: DbsCheckId) -> Result<DbsCheckId, Refusal<CannotLeave>> {
    let action = Action::DbsUpdateServiceLeave;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        locked(&tx, id).await?;
        let Some(found) = store_of::lock(&tx, id).await? else { return Err(Refusal::rule(CannotLeave::NotJoined)) };
        row::update(
            &tx,
            dbs_subscription::Model { state: UpdateState::Left, next_check_at: None, lease_id: None, lease_until: None, ..found },
        )
        .await?;
        done(&tx, call, action, Subject("DbsCheck", Some(id.0)), json!({})).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("DbsCheck", Some(id.0)), result).await
}

/// Puts a check at the head of the next round.
pub async fn ask_soon(app: &App, call: &Call, id: DbsCheckId) -> Result<DbsCheckId, Refusal<CannotAsk>> {
    let action = Action::DbsStatusCheck;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        locked(&tx, id).await?;
        if app.update_service.get().is_none() {
            return Err(Refusal::rule(CannotAsk::Off));
        }
        let found = store_of::lock(&tx, id).await?.filter(|found| found.state != UpdateState::Left);
        let Some(found) = found else { return Err(Refusal::rule(CannotAsk::NotJoined)) };
        row::update(&tx, dbs_subscription::Model { next_check_at: Some(call.now), ..found }).await?;
        done(&tx, call, action, Subject("DbsCheck", Some(id.0)), json!({})).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("DbsCheck", Some(id.0)), result).await
}

/// One round: asks about everybody whose time has come. Safe to run anywhere and any time: what another replica holds a lease on is
/// left to it. Answers how many were asked about.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let Some(service) = app.update_service.get() else { return Ok(0) };
    let call = Call::by_the_clock("dbs.update-service", now);
    let mut asked = 0;
    for id in store_of::due(app.db.read(), now, ROUND).await? {
        let lease: Uuid = new_id(now);
        let Some((check, person, surname)) = claim(app, &call, id, lease).await? else { continue };
        let answer = ask(app, service, &check, &person, &surname).await;
        record(app, &call, id, lease, answer).await?;
        asked += 1;
    }
    Ok(asked)
}

async fn claim(app: &App, call: &Call, id: DbsCheckId, lease: Uuid) -> Result<Option<(dbs_check::Model, champion::Model, String)>, Fault> {
    transact!(app.db, |tx| {
        if !store_of::claim(&tx, id, lease, call.now, call.now + LEASE).await? {
            return Ok::<_, Fault>(None);
        }
        let Some(check) = dbs::find(&tx, id).await? else { return Ok(None) };
        let Some(found) = store_of::find(&tx, id).await? else { return Ok(None) };
        Ok(store::champion::find(&tx, check.champion_id).await?.map(|person| (check, person, found.surname)))
    })
}

/// The answer. Whatever goes wrong is "unknown"; the log says what, and nothing about whom.
async fn ask(app: &App, service: &UpdateService, check: &dbs_check::Model, person: &champion::Model, surname: &str) -> UpdateAnswer {
    let (Some(sealed), Some(birth_date), Some(issued_on)) = (&check.certificate_number, person.birth_date, check.issued_on) else {
        tracing::warn!(check = %check.id.0, "the Update Service can't be asked: number, birth date or date is missing");
        return UpdateAnswer::Unknown;
    };
    let certificate = match app.sealing.open(check.id.0, sealed) {
        Ok(number) => number,
        Err(error) => {
            tracing::error!(check = %check.id.0, %error, "a certificate number can't be opened");
            return UpdateAnswer::Unknown;
        }
    };
    match service.ask(&Question { certificate: &certificate, birth_date, surname }).await {
        Ok(result) => read(&result, issued_on, surname),
        Err(failure) => {
            tracing::warn!(check = %check.id.0, %failure, "the Update Service gave no answer");
            UpdateAnswer::Unknown
        }
    }
}

/// Writes what follows from an answer, if the lease is still ours.
async fn record(app: &App, call: &Call, id: DbsCheckId, lease: Uuid, answer: UpdateAnswer) -> Result<(), Fault> {
    let call = &Call { now: app.clock.now(), ..call.clone() };
    let result: Result<(), Refusal<CannotAsk>> = async {
        transact!(app.db, |tx| {
            let (person, check) = locked(&tx, id).await?;
            let held = store_of::lock(&tx, id).await?.filter(|found| found.lease_id == Some(lease));
            let Some(found) = held else { return Ok(()) };
            let failures = u32::try_from(found.failures).unwrap_or(0);
            let what = judge(answer, failures, app.policy.dbs_update_months, call.today());
            row::insert(&tx, dbs_status_check::Model { id: new_id(call.now), check_id: id, at: call.now, answer }).await?;
            row::update(&tx, subscription_after(found, &what, answer, call.now)).await?;
            done(&tx, call, Action::DbsStatusCheck, Subject("DbsCheck", Some(id.0)), json!({ "champion": person.id })).await?;
            if what.asks_applicant {
                mail(&tx, call, Mail::UpdateServiceNoMatch { champion: person.id }).await?;
            }
            if apply(&tx, call, check, &what).await? {
                judge_again(&tx, call, Action::DbsStatusCheck, &[person.id]).await?;
            }
            Ok(())
        })
    }
    .await;
    match result {
        Ok(()) => Ok(()),
        Err(Refusal::Fault(fault)) => Err(fault),
        Err(_) => Err(Fault::Other(anyhow::anyhow!("a check vanished while it was asked about"))),
    }
}

fn subscription_after(
    found: dbs_subscription::Model,
    what: &Consequence,
    answer: UpdateAnswer,
    now: DateTime<Utc>,
) -> dbs_subscription::Model {
    let answered = answer != UpdateAnswer::Unknown;
    dbs_subscription::Model {
        state: what.state.unwrap_or(found.state),
        stale_since: if what.stale { found.stale_since.or(Some(now)) } else { None },
        checked_at: if answered { Some(now) } else { found.checked_at },
        failures: if answered { 0 } else { found.failures.saturating_add(1) },
        next_check_at: what.ask_again_in.map(|wait| now + wait),
        lease_id: None,
        lease_until: None,
        ..found
    }
}

/// Changes the check itself, if the answer does; says whether it did.
async fn apply(tx: &impl ConnectionTrait, call: &Call, check: dbs_check::Model, what: &Consequence) -> Result<bool, Fault> {
    let (id, champion, from) = (check.id, check.champion_id, check.status);
    if let Some(due) = what.recheck_due_on.filter(|_| from.clears()) {
        row::update(tx, dbs_check::Model { recheck_due_on: Some(due), version: check.version + 1, updated_at: call.now, ..check }).await?;
        return Ok(true);
    }
    if !what.suspends {
        return Ok(false);
    }
    emit(tx, call, "dbs.new_information", json!({ "champion": champion, "check": id })).await?;
    if !from.clears() {
        return Ok(false);
    }
    row::update(tx, dbs_check::Model { status: DbsStatus::Suspended, version: check.version + 1, updated_at: call.now, ..check }).await?;
    step_event(tx, call, id, Some(from), DbsStatus::Suspended, "new information at the Update Service".to_owned()).await?;
    emit(tx, call, "dbs.status_changed", json!({ "champion": champion, "check": id })).await?;
    Ok(true)
}

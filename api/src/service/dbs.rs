//! DBS checks, from the request to the decision; and reading their detail, which always leaves an audit row.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{champion, dbs_check, dbs_event};
use rules::dbs::position::permitted_for;
use rules::dbs::{
    CannotAdvance, CannotRequest, DbsScope, DbsStatus, Position, RULES_VERSION, Recorder, advance as judge_step, recheck_due_on,
    request as judge_request,
};
use rules::id::{ChampionId, DbsCheckId, OrganisationId};
use rules::policy::{Action, Relation};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::clearance::judge_again;
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::{local_date, new_id};
use crate::error::{Fault, Refusal};
use crate::store::{self, dbs, directory, ledger, row, transact};

pub(super) fn recorder(call: &Call, champion: &champion::Model) -> Recorder {
    if champion.account_id.is_some() && champion.account_id == call.caller.account { Recorder::Applicant } else { Recorder::Other }
}

/// Asks for a check.
pub async fn request(
    app: &App,
    call: &Call,
    once: Option<Once>,
    champion: ChampionId,
    scope: DbsScope,
    positions: Vec<Position>,
    obtained_by: Option<OrganisationId>,
) -> Result<DbsCheckId, Refusal<CannotRequest>> {
    let action = Action::DbsCheckRequest;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<DbsCheckId, CannotRequest>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let Some(person) = store::champion::lock(&tx, champion).await? else { return Err(Refusal::not_found("championId")) };
        if let Some(organisation) = obtained_by
            && directory::organisation(&tx, organisation).await?.is_none()
        {
            return Err(Refusal::not_found("organisationId"));
        }
        let existing: Vec<_> = dbs::of(&tx, &[champion]).await?.iter().map(dbs::fact).collect();
        judge_request(scope, &positions, person.birth_date, &existing, recorder(call, &person), call.today())?;
        let id: DbsCheckId = new_id(call.now);
        row::insert(&tx, dbs_check::Model { position: described(&positions), obtained_by, ..new_check(id, champion, scope, call) }).await?;
        step_event(&tx, call, id, None, DbsStatus::Requested, String::new()).await?;
        done(&tx, call, action, Subject("DbsCheck", Some(id.0)), json!({ "champion": champion })).await?;
        emit(&tx, call, "dbs.requested", json!({ "champion": champion, "check": id })).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject::champion(champion), result).await
}

/// What the check is for, and the reading of the law that permits it.
fn described(positions: &[Position]) -> Option<String> {
    let most = permitted_for(positions);
    (!positions.is_empty()).then(|| format!("{} (rules {RULES_VERSION})", most.reason))
}

fn new_check(id: DbsCheckId, champion: ChampionId, scope: DbsScope, call: &Call) -> dbs_check::Model {
    dbs_check::Model {
        id,
        champion_id: champion,
        level: scope.level,
        workforce: scope.workforce,
        adults_barred: scope.adults_barred,
        children_barred: scope.children_barred,
        status: DbsStatus::Requested,
        application_reference: None,
        certificate_number: None,
        printed_name: None,
        issued_on: None,
        seen_by: None,
        seen_at: None,
        decided_by: None,
        decided_on: None,
        conditions: None,
        recheck_due_on: None,
        position: None,
        obtained_by: None,
        content_removed_at: None,
        version: 1,
        requested_at: call.now,
        updated_at: call.now,
    }
}

pub(super) async fn step_event(
    tx: &impl ConnectionTrait,
    call: &Call,
    check: DbsCheckId,
    from: Option<DbsStatus>,
    to: DbsStatus,
    note: String,
) -> Result<(), sea_orm::DbErr> {
    let event = dbs_event::Model {
        id: new_id(call.now),
        check_id: check,
        from_status: from,
        to_status: to,
        at: call.now,
        actor_id: call.caller.account,
        note,
    };
    row::insert(tx, event).await
}

/// One step of a check, with what is recorded at it.
#[derive(Clone, Debug)]
pub enum Step {
    /// The applicant started the form.
    ApplicantStarted,
    /// Identity documents were seen: their types.
    IdChecked { documents: String },
    /// Sent to the DBS.
    Submitted { reference: Option<String> },
    /// The certificate went to the applicant.
    Issued { issued_on: NaiveDate },
    /// The applicant showed it.
    Seen { certificate_number: String, printed_name: String, issued_on: NaiveDate },
    /// Something has to be weighed.
    RiskAssessment,
    /// Cleared, perhaps with conditions.
    Cleared { conditions: Option<String> },
    /// Not cleared.
    NotCleared,
    /// The application was withdrawn.
    Withdrawn,
    /// The DBS sent it back.
    RejectedByDbs,
    /// Stood down.
    Suspended,
}

impl Step {
    fn to(&self) -> DbsStatus {
        match self {
            Self::ApplicantStarted => DbsStatus::ApplicantStarted,
            Self::IdChecked { .. } => DbsStatus::IdChecked,
            Self::Submitted { .. } => DbsStatus::Submitted,
            Self::Issued { .. } => DbsStatus::Issued,
            Self::Seen { .. } => DbsStatus::Seen,
            Self::RiskAssessment => DbsStatus::RiskAssessment,
            Self::Cleared { conditions: None } => DbsStatus::Cleared,
            Self::Cleared { conditions: Some(_) } => DbsStatus::ClearedWithConditions,
            Self::NotCleared => DbsStatus::NotCleared,
            Self::Withdrawn => DbsStatus::Withdrawn,
            Self::RejectedByDbs => DbsStatus::RejectedByDbs,
            Self::Suspended => DbsStatus::Suspended,
        }
    }

    fn issued_on(&self) -> Option<NaiveDate> {
        match self {
            Self::Issued { issued_on } | Self::Seen { issued_on, .. } => Some(*issued_on),
            _ => None,
        }
    }
}

/// Records one step of a check.
pub async fn advance(
    app: &App,
    call: &Call,
    id: DbsCheckId,
    expected: Option<i64>,
    step: Step,
) -> Result<DbsCheckId, Refusal<CannotAdvance>> {
    let action = Action::DbsCheckAdvance;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(seen) = dbs::find(&tx, id).await? else { return Err(Refusal::not_found("checkId")) };
        // Champion before check: whoever judges the champion's facts waits for this, and the other way round.
        let person = store::champion::lock(&tx, seen.champion_id).await?.ok_or(Refusal::not_found("checkId"))?;
        let Some(mut check) = dbs::lock(&tx, id).await? else { return Err(Refusal::not_found("checkId")) };
        if expected.is_some_and(|version| version != check.version) {
            return Err(Refusal::rule(CannotAdvance::Stale { current: check.version }));
        }
        let from = check.status;
        judge_step(from, step.to(), recorder(call, &person)).map_err(Refusal::rule)?;
        check_dates(&check, &step, call.today()).map_err(Refusal::rule)?;
        let note = if let Step::IdChecked { documents } = &step { documents.clone() } else { String::new() };
        apply(app, call, &mut check, &step)?;
        row::update(&tx, check).await?;
        step_event(&tx, call, id, Some(from), step.to(), note).await?;
        done(&tx, call, action, Subject("DbsCheck", Some(id.0)), json!({ "from": from, "to": step.to() })).await?;
        emit(&tx, call, "dbs.status_changed", json!({ "champion": person.id, "check": id })).await?;
        judge_again(&tx, call, action, &[person.id]).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("DbsCheck", Some(id.0)), result).await
}

fn check_dates(check: &dbs_check::Model, step: &Step, today: NaiveDate) -> Result<(), CannotAdvance> {
    let Some(issued_on) = step.issued_on() else { return Ok(()) };
    if issued_on > today {
        return Err(CannotAdvance::InFuture { today });
    }
    let same = check.issued_on.is_none_or(|known| known == issued_on);
    if !same || issued_on < local_date(check.requested_at) { Err(CannotAdvance::DatesDisagree) } else { Ok(()) }
}

fn apply(app: &App, call: &Call, check: &mut dbs_check::Model, step: &Step) -> Result<(), Fault> {
    check.status = step.to();
    check.version += 1;
    check.updated_at = call.now;
    check.issued_on = step.issued_on().or(check.issued_on);
    match step {
        Step::Submitted { reference } => check.application_reference.clone_from(reference),
        Step::Seen { certificate_number, printed_name, .. } => {
            check.certificate_number = Some(app.sealing.seal(check.id.0, certificate_number)?);
            check.printed_name = Some(printed_name.clone());
            check.seen_by = call.caller.account;
            check.seen_at = Some(call.now);
        }
        Step::Cleared { .. } | Step::NotCleared => {
            check.decided_by = call.caller.account;
            check.decided_on = Some(call.today());
            check.conditions = if let Step::Cleared { conditions } = step { conditions.clone() } else { None };
            check.recheck_due_on = check.issued_on.and_then(|issued| recheck_due_on(issued, app.policy.dbs_recheck_months));
        }
        _ => {}
    }
    Ok(())
}

/// The detail of champions' checks, and rows that say who read it; nothing for whoever may not, and rows that say they
/// tried. No detail is given out unless the rows are written. Three statements, however many champions.
pub async fn read_detail(app: &App, call: &Call, champions: &[ChampionId]) -> Result<HashMap<ChampionId, Vec<dbs_check::Model>>, Fault> {
    let action = Action::DbsDetailRead;
    let allowed = call.may(action, Relation::Other);
    let mut found: HashMap<ChampionId, Vec<dbs_check::Model>> = HashMap::new();
    if allowed {
        found.extend(champions.iter().map(|id| (*id, Vec::new())));
        for check in dbs::of(app.db.read(), champions).await? {
            found.entry(check.champion_id).or_default().push(check);
        }
    }
    let outcome = if allowed { "DONE" } else { "DENIED" };
    let row = |id: &ChampionId| {
        super::event(call, action, Subject::champion(*id), outcome, json!({ "checks": found.get(id).map_or(0, Vec::len) }))
    };
    let events: Vec<_> = champions.iter().map(row).collect();
    let written: Result<(), Fault> = async { transact!(app.db, |tx| { Ok(ledger::audit_all(&tx, events.clone()).await?) }) }.await;
    written?;
    Ok(found)
}

//! Dated training sessions: planning, joining, the waiting list, and attendance that marks the module complete.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveTime};
use entity::{cohort, cohort_seat};
use rules::cohort::{
    CannotAttend, CannotCancelCohort, CannotJoinCohort, CannotLeaveCohort, CannotPlanCohort, Cohort, CohortStatus, Joiner, Joining, Seat,
    SeatStatus, attend as judge_attend, cancel as judge_cancel, join as judge_join, plan, promoted,
};
use rules::id::{ChampionId, CohortId, ModuleId};
use rules::policy::{Action, Relation};
use rules::training::{Marker, mark};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::champion::visible;
use super::clearance::judge_again;
use super::training::{learners, save};
use super::{Mail, Once, Subject, answered, audited, done, emit, keep, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::completion_fact;
use crate::store::{cohort as store_of, row, training, transact};

fn subject(id: CohortId) -> Subject {
    Subject("TrainingCohort", Some(id.0))
}

/// A dated training session as it was sent.
#[derive(Clone, Debug)]
pub struct NewCohort {
    /// Of which module.
    pub module: ModuleId,
    /// Its day.
    pub on: NaiveDate,
    /// When it begins.
    pub start: NaiveTime,
    /// Where, for people.
    pub place: String,
    /// Its seats.
    pub capacity: i32,
}

/// Adds a dated training session.
pub async fn create(app: &App, call: &Call, once: Option<Once>, new: NewCohort) -> Result<CohortId, Refusal<CannotPlanCohort>> {
    let action = Action::TrainingCohortCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<CohortId, CannotPlanCohort>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let catalogue = training::catalogue(&tx).await?;
        let Some((_, module)) = catalogue.get(&new.module).filter(|(row, _)| row.active) else {
            return Err(Refusal::not_found("moduleId"));
        };
        let capacity = usize::try_from(new.capacity).unwrap_or(0);
        let planned = Cohort { status: CohortStatus::Planned, on: new.on, capacity };
        plan(module, call.caller.trains.contains(&new.module), &planned, call.today())?;
        let id: CohortId = new_id(call.now);
        let row = cohort::Model {
            id,
            module_id: new.module,
            on_date: new.on,
            start_time: new.start,
            place: new.place.clone(),
            capacity: new.capacity,
            status: CohortStatus::Planned,
            created_by: call.caller.account,
            created_at: call.now,
            version: 1,
        };
        row::insert(&tx, row).await?;
        done(&tx, call, action, subject(id), json!({ "module": new.module })).await?;
        emit(&tx, call, "training.cohort_planned", json!({ "cohort": id, "module": new.module })).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("TrainingModule", Some(new.module.0)), result).await
}

async fn facts(tx: &impl ConnectionTrait, row: &cohort::Model) -> Result<(Cohort, Vec<cohort_seat::Model>, Vec<Seat>), Fault> {
    let rows = store_of::seats(tx, &[row.id]).await?;
    let seats = rows.iter().map(store_of::seat_fact).collect();
    Ok((store_of::fact(row), rows, seats))
}

/// Takes a seat, or a place on the waiting list; once.
pub async fn join(app: &App, call: &Call, id: CohortId, champion: ChampionId) -> Result<CohortId, Refusal<CannotJoinCohort>> {
    let action = Action::TrainingCohortJoin;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(found) = store_of::lock(&tx, id).await? else { return Err(Refusal::not_found("cohortId")) };
        let person = visible(&tx, call, champion, action).await?;
        let (fact, _, seats) = facts(&tx, &found).await?;
        let completions: Vec<_> = training::completions(&tx, &[champion]).await?.iter().map(completion_fact).collect();
        let catalogue = training::catalogue(&tx).await?;
        let first = catalogue.get(&found.module_id).map(|(_, module)| module.prerequisites.clone()).unwrap_or_default();
        let first = first.into_iter().filter_map(|id| Some((id, catalogue.get(&id)?.0.code.clone()))).collect();
        let who = Joiner { champion, membership: person.membership, completions: &completions };
        if let Joining::New(status) = judge_join(&fact, &seats, &who, &first, call.today())? {
            let seat = cohort_seat::Model {
                id: new_id(call.now),
                cohort_id: id,
                champion_id: champion,
                status,
                joined_at: call.now,
                changed_at: call.now,
            };
            row::insert(&tx, seat).await?;
            done(&tx, call, action, subject(id), json!({ "champion": champion, "seat": status })).await?;
            emit(&tx, call, "training.cohort_joined", json!({ "cohort": id, "champion": champion, "seat": status })).await?;
        }
        Ok(id)
    });
    audited(app, call, action, subject(id), result).await
}

/// Gives a seat up; whoever waits longest moves up and is told.
pub async fn leave(app: &App, call: &Call, id: CohortId, champion: ChampionId) -> Result<CohortId, Refusal<CannotLeaveCohort>> {
    let action = Action::TrainingCohortLeave;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(found) = store_of::lock(&tx, id).await?.filter(store_of::is_planned) else { return Err(Refusal::not_found("cohortId")) };
        visible::<CannotLeaveCohort>(&tx, call, champion, action).await?;
        let (_, rows, _) = facts(&tx, &found).await?;
        let Some(seat) = rows.into_iter().find(|s| s.champion_id == champion && store_of::is_live(s)) else {
            return Err(Refusal::rule(CannotLeaveCohort::NoSeat));
        };
        row::update(&tx, cohort_seat::Model { status: SeatStatus::Left, changed_at: call.now, ..seat }).await?;
        done(&tx, call, action, subject(id), json!({ "champion": champion })).await?;
        move_up(&tx, call, &found).await?;
        Ok(id)
    });
    audited(app, call, action, subject(id), result).await
}

/// Gives free seats to those who wait, in their order.
async fn move_up(tx: &impl ConnectionTrait, call: &Call, found: &cohort::Model) -> Result<(), Fault> {
    let (fact, rows, seats) = facts(tx, found).await?;
    let up = promoted(&fact, &seats);
    for seat in rows.into_iter().filter(|s| up.contains(&s.id)) {
        let champion = seat.champion_id;
        row::update(tx, cohort_seat::Model { status: SeatStatus::Booked, changed_at: call.now, ..seat }).await?;
        done(tx, call, Action::TrainingCohortJoin, subject(found.id), json!({ "champion": champion, "seat": SeatStatus::Booked })).await?;
        mail(tx, call, Mail::CohortSeat { champion, cohort: found.id }).await?;
    }
    Ok(())
}

/// Calls a dated training session off; everybody with a seat is told.
pub async fn cancel(app: &App, call: &Call, id: CohortId) -> Result<CohortId, Refusal<CannotCancelCohort>> {
    let action = Action::TrainingCohortCancel;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(found) = store_of::lock(&tx, id).await? else { return Err(Refusal::not_found("cohortId")) };
        let code = training::module(&tx, found.module_id).await?.map(|m| m.code).unwrap_or_default();
        if judge_cancel(found.status, call.caller.trains.contains(&found.module_id), &code).map_err(Refusal::rule)? {
            let (_, rows, _) = facts(&tx, &found).await?;
            for seat in rows.iter().filter(|s| store_of::is_live(s)) {
                mail(&tx, call, Mail::CohortCancelled { champion: seat.champion_id, cohort: id }).await?;
            }
            let version = found.version + 1;
            row::update(&tx, cohort::Model { status: CohortStatus::Cancelled, version, ..found }).await?;
            done(&tx, call, action, subject(id), json!({})).await?;
            emit(&tx, call, "training.cohort_cancelled", json!({ "cohort": id })).await?;
        }
        Ok(id)
    });
    audited(app, call, action, subject(id), result).await
}

/// Takes attendance: the module is marked complete for everybody who was there, all at once or not at all.
pub async fn attend(app: &App, call: &Call, id: CohortId, present: Vec<ChampionId>) -> Result<CohortId, Refusal<CannotAttend>> {
    let action = Action::TrainingCohortAttend;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let account = call.caller.account.ok_or(Refusal::Unauthenticated)?;
        let Some(found) = store_of::lock(&tx, id).await? else { return Err(Refusal::not_found("cohortId")) };
        let (fact, rows, seats) = facts(&tx, &found).await?;
        let mut problems = judge_attend(&fact, &seats, &present, call.today());
        let catalogue = training::catalogue(&tx).await?;
        let Some((module_row, module)) = catalogue.get(&found.module_id) else { return Err(Refusal::not_found("cohortId")) };
        let marker = Marker { account, trains_module: call.caller.trains.contains(&found.module_id) };
        let marked = if present.is_empty() {
            if !marker.trains_module {
                problems.push(CannotAttend::NotYourModule { code: module.code.clone() });
            }
            Vec::new()
        } else {
            let class = learners(&tx, &present).await.map_err(as_attendance)?;
            let codes: HashMap<ModuleId, String> = catalogue.iter().map(|(id, (row, _))| (*id, row.code.clone())).collect();
            mark(module, &codes, &class, marker, fact.on, call.today()).unwrap_or_else(|found| {
                let known = |p: &CannotAttend| !problems.contains(p) && !matches!(p, CannotAttend::NotYet { .. });
                let found: Vec<CannotAttend> = found.into_iter().map(CannotAttend::from).filter(known).collect();
                problems.extend(found);
                Vec::new()
            })
        };
        if !problems.is_empty() {
            return Err(Refusal::Rule(problems));
        }
        save(&tx, call, module_row, fact.on, "", &marked).await?;
        for seat in rows.into_iter().filter(store_of::is_live) {
            let there = present.contains(&seat.champion_id);
            let status = if there { SeatStatus::Attended } else { SeatStatus::Absent };
            row::update(&tx, cohort_seat::Model { status, changed_at: call.now, ..seat }).await?;
        }
        let version = found.version + 1;
        row::update(&tx, cohort::Model { status: CohortStatus::Held, version, ..found }).await?;
        done(&tx, call, action, subject(id), json!({ "present": present.len() })).await?;
        judge_again(&tx, call, action, &present).await?;
        Ok(id)
    });
    audited(app, call, action, subject(id), result).await
}

fn as_attendance(refusal: Refusal<rules::training::CannotMark>) -> Refusal<CannotAttend> {
    match refusal {
        Refusal::Rule(problems) => Refusal::Rule(problems.into_iter().map(CannotAttend::from).collect()),
        Refusal::Forbidden => Refusal::Forbidden,
        Refusal::Unauthenticated => Refusal::Unauthenticated,
        Refusal::Fault(fault) => Refusal::Fault(fault),
    }
}

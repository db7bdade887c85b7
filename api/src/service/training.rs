//! Training: marking a class, taking a completion back, modules and their trainers.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{completion, equivalence, module_prerequisite, module_trainer, training_module};
use rules::id::{AccountId, ChampionId, CompletionId, ModuleId};
use rules::policy::{Action, Relation, Role};
use rules::training::{
    CannotAddModule, CannotAssignTrainer, CannotMark, CannotRevoke, CannotStandFor, Learner, Marked, Marker, cycle, mark, stand_for,
};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::clearance::judge_again;
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::{completion_fact, group};
use crate::store::{self, ledger, row, training, transact};

/// Marks a module complete for a whole class: everybody, or nobody.
pub async fn record(
    app: &App,
    call: &Call,
    once: Option<Once>,
    module: ModuleId,
    class: Vec<ChampionId>,
    completed_on: NaiveDate,
    note: String,
) -> Result<Vec<CompletionId>, Refusal<CannotMark>> {
    let action = Action::TrainingCompletionRecord;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<Vec<CompletionId>, CannotMark>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let catalogue = training::catalogue(&tx).await?;
        let Some((module_row, fact)) = catalogue.get(&module).filter(|(row, _)| row.active) else {
            return Err(Refusal::not_found("moduleId"));
        };
        let learners = learners(&tx, &class).await?;
        let codes: HashMap<ModuleId, String> = catalogue.iter().map(|(id, (row, _))| (*id, row.code.clone())).collect();
        let account = call.caller.account.ok_or(Refusal::Unauthenticated)?;
        let marker = Marker { account, trains_module: call.caller.trains.contains(&module) };
        let marked = mark(fact, &codes, &learners, marker, completed_on, call.today())?;
        let ids = save(&tx, call, module_row, completed_on, &note, &marked).await?;
        judge_again(&tx, call, action, &class).await?;
        keep(&tx, call, once.as_ref(), &ids).await?;
        Ok(ids)
    });
    audited(app, call, action, Subject("TrainingModule", Some(module.0)), result).await
}

/// The class, locked, in the order it was given; who is not found is said by their line.
pub(super) async fn learners(tx: &impl ConnectionTrait, class: &[ChampionId]) -> Result<Vec<Learner>, Refusal<CannotMark>> {
    if class.len() > rules::training::CLASS_LIMIT {
        return Err(Refusal::rule(CannotMark::ClassSize { most: rules::training::CLASS_LIMIT }));
    }
    let found: HashMap<ChampionId, _> = store::champion::lock_all(tx, class).await?.into_iter().map(|c| (c.id, c)).collect();
    let mut completions = group(training::completions(tx, class).await?.iter().map(|c| (c.champion_id, completion_fact(c))));
    let unknown: Vec<CannotMark> =
        class.iter().enumerate().filter(|(_, id)| !found.contains_key(id)).map(|(index, _)| CannotMark::UnknownLearner { index }).collect();
    if !unknown.is_empty() {
        return Err(Refusal::Rule(unknown));
    }
    let learner = |id: &ChampionId| {
        let champion = found.get(id)?;
        Some(Learner {
            champion: *id,
            account: champion.account_id,
            membership: champion.membership,
            completions: completions.remove(id).unwrap_or_default(),
        })
    };
    Ok(class.iter().filter_map(learner).collect())
}

pub(super) async fn save(
    tx: &impl ConnectionTrait,
    call: &Call,
    module: &training_module::Model,
    on: NaiveDate,
    note: &str,
    marked: &[Marked],
) -> Result<Vec<CompletionId>, Fault> {
    let champions: Vec<ChampionId> = marked
        .iter()
        .map(|m| match m {
            Marked::Complete { champion, .. } | Marked::Already { champion } => *champion,
        })
        .collect();
    let there = training::completions(tx, &champions).await?;
    let mut ids = Vec::new();
    let mut rows = Vec::new();
    for one in marked {
        match one {
            Marked::Already { champion } => {
                let same = there.iter().find(|c| c.champion_id == *champion && c.module_id == module.id && c.completed_on == on);
                ids.extend(same.map(|c| c.id));
            }
            Marked::Complete { champion, expires_on } => {
                let row = new_completion(call, module, *champion, on, *expires_on, note);
                ids.push(row.id);
                done(
                    tx,
                    call,
                    Action::TrainingCompletionRecord,
                    Subject::champion(*champion),
                    json!({ "module": module.code, "completion": row.id }),
                )
                .await?;
                emit(tx, call, "training.completed", json!({ "champion": champion, "module": module.id })).await?;
                rows.push(row);
            }
        }
    }
    row::insert_all(tx, rows).await?;
    Ok(ids)
}

fn new_completion(
    call: &Call,
    module: &training_module::Model,
    champion: ChampionId,
    on: NaiveDate,
    expires_on: Option<NaiveDate>,
    note: &str,
) -> completion::Model {
    completion::Model {
        id: new_id(call.now),
        champion_id: champion,
        module_id: module.id,
        module_version: module.version,
        completed_on: on,
        expires_on,
        trainer_id: call.caller.account,
        note: note.to_owned(),
        recorded_at: call.now,
        revoked_at: None,
        revoked_by: None,
        revoke_reason: None,
    }
}

/// The certificate of somebody else, as it was seen.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// What it is called.
    pub name: String,
    /// Who issued it.
    pub issuer: String,
    /// What the trainer saw.
    pub seen: String,
    /// When it was issued.
    pub issued_on: NaiveDate,
    /// Its last day, if it has one.
    pub valid_until: Option<NaiveDate>,
}

/// Records that the certificate of somebody else stands for a module until its own date.
pub async fn record_equivalence(
    app: &App,
    call: &Call,
    once: Option<Once>,
    (champion, module): (ChampionId, ModuleId),
    certificate: Certificate,
) -> Result<CompletionId, Refusal<CannotStandFor>> {
    let action = Action::TrainingEquivalenceRecord;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<CompletionId, CannotStandFor>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let catalogue = training::catalogue(&tx).await?;
        let Some((module_row, fact)) = catalogue.get(&module).filter(|(row, _)| row.active) else {
            return Err(Refusal::not_found("moduleId"));
        };
        let Some(person) = store::champion::lock(&tx, champion).await? else { return Err(Refusal::not_found("championId")) };
        let completions = training::completions(&tx, &[champion]).await?.iter().map(completion_fact).collect();
        let learner = Learner { champion, account: person.account_id, membership: person.membership, completions };
        let codes: HashMap<ModuleId, String> = catalogue.iter().map(|(id, (row, _))| (*id, row.code.clone())).collect();
        let account = call.caller.account.ok_or(Refusal::Unauthenticated)?;
        let marker = Marker { account, trains_module: call.caller.trains.contains(&module) };
        let dates = (certificate.issued_on, certificate.valid_until);
        let last = stand_for(fact, &codes, &learner, marker, dates, call.today())?;
        let row = new_completion(call, module_row, champion, certificate.issued_on, last, "");
        let id = row.id;
        row::insert(&tx, row).await?;
        let behind = equivalence::Model {
            completion_id: id,
            certificate: certificate.name.clone(),
            issuer: certificate.issuer.clone(),
            seen: certificate.seen.clone(),
        };
        row::insert(&tx, behind).await?;
        done(&tx, call, action, Subject::champion(champion), json!({ "module": module_row.code, "completion": id })).await?;
        emit(&tx, call, "training.completed", json!({ "champion": champion, "module": module })).await?;
        judge_again(&tx, call, action, &[champion]).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject::champion(champion), result).await
}

/// Takes a completion back; the row stays, with who did it and why.
pub async fn revoke(app: &App, call: &Call, id: CompletionId, reason: String) -> Result<ChampionId, Refusal<CannotRevoke>> {
    let action = Action::TrainingCompletionRevoke;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(mut completion) = training::lock_completion(&tx, id).await? else { return Err(Refusal::not_found("completionId")) };
        store::champion::lock(&tx, completion.champion_id).await?;
        if !call.caller.trains.contains(&completion.module_id) {
            let code = training::module(&tx, completion.module_id).await?.map(|m| m.code).unwrap_or_default();
            return Err(Refusal::rule(CannotRevoke::NotYourModule { code }));
        }
        if completion.revoked_at.is_some() {
            return Err(Refusal::rule(CannotRevoke::AlreadyRevoked));
        }
        let (champion, module) = (completion.champion_id, completion.module_id);
        completion.revoked_at = Some(call.now);
        completion.revoked_by = call.caller.account;
        completion.revoke_reason = Some(reason.clone());
        row::update(&tx, completion).await?;
        done(&tx, call, action, Subject::champion(champion), json!({ "completion": id })).await?;
        emit(&tx, call, "training.revoked", json!({ "champion": champion, "module": module })).await?;
        judge_again(&tx, call, action, &[champion]).await?;
        Ok(champion)
    });
    audited(app, call, action, Subject("TrainingCompletion", Some(id.0)), result).await
}

/// A module as it was sent.
#[derive(Clone, Debug)]
pub struct NewModule {
    /// Its short code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// How long it takes.
    pub minutes: i32,
    /// How long a completion lasts.
    pub valid_months: Option<i32>,
    /// What comes first.
    pub prerequisites: Vec<ModuleId>,
}

/// Adds a training module.
pub async fn create_module(app: &App, call: &Call, once: Option<Once>, new: NewModule) -> Result<ModuleId, Refusal<CannotAddModule>> {
    let action = Action::TrainingModuleCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<ModuleId, CannotAddModule>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let catalogue = training::catalogue(&tx).await?;
        if catalogue.values().any(|(row, _)| row.code == new.code) {
            return Err(Refusal::rule(CannotAddModule::CodeTaken));
        }
        if let Some(unknown) = new.prerequisites.iter().position(|id| !catalogue.contains_key(id)) {
            return Err(Refusal::not_found(&format!("prerequisiteIds.{unknown}")));
        }
        let id: ModuleId = new_id(call.now);
        let mut graph: HashMap<ModuleId, Vec<ModuleId>> =
            catalogue.values().map(|(_, fact)| (fact.id, fact.prerequisites.clone())).collect();
        graph.insert(id, new.prerequisites.clone());
        if cycle(&graph).is_some() {
            return Err(Refusal::rule(CannotAddModule::Cycle));
        }
        let module = training_module::Model {
            id,
            code: new.code.clone(),
            title: new.title.clone(),
            summary: new.summary.clone(),
            minutes: new.minutes,
            valid_months: new.valid_months,
            version: 1,
            active: true,
        };
        row::insert(&tx, module).await?;
        row::insert_all(&tx, new.prerequisites.iter().map(|p| module_prerequisite::Model { module_id: id, prerequisite_id: *p }).collect())
            .await?;
        done(&tx, call, action, Subject("TrainingModule", Some(id.0)), json!({ "code": new.code })).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("TrainingModule", None), result).await
}

/// Says that an account may mark a module; saying it twice is fine.
pub async fn assign_trainer(
    app: &App,
    call: &Call,
    module: ModuleId,
    account: AccountId,
) -> Result<ModuleId, Refusal<CannotAssignTrainer>> {
    let action = Action::TrainingTrainerAssign;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if training::module(&tx, module).await?.is_none() {
            return Err(Refusal::not_found("moduleId"));
        }
        if store::account::find(&tx, account).await?.is_none() {
            return Err(Refusal::not_found("accountId"));
        }
        if !store::account::grants(&tx, account).await?.iter().any(|g| g.role == Role::Trainer) {
            return Err(Refusal::rule(CannotAssignTrainer::NotATrainer));
        }
        if training::trainers(&tx, module).await?.iter().all(|t| t.account_id != account) {
            row::insert(&tx, module_trainer::Model { module_id: module, account_id: account }).await?;
            ledger::emit(&tx, new_id(call.now), call.now, "training.trainer_assigned", json!({ "module": module }).to_string()).await?;
        }
        done(&tx, call, action, Subject("TrainingModule", Some(module.0)), json!({ "account": account })).await?;
        Ok(module)
    });
    audited(app, call, action, Subject("TrainingModule", Some(module.0)), result).await
}

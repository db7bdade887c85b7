//! Changes of training: modules, trainers, and what was completed.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use rules::id::{AccountId, CompletionId, ModuleId};
use rules::input::{line, paragraph};
use rules::reason::Malformed;
use rules::training::{
    CannotAddModule, CannotAssignTrainer, CannotMark, CannotRevoke, CannotStandFor, TrainingCompletionRecordErrorCode,
    TrainingCompletionRevokeErrorCode, TrainingEquivalenceRecordErrorCode, TrainingModuleCreateErrorCode, TrainingTrainerAssignErrorCode,
};

use super::champion::Champion;
use super::context::Ctx;
use super::id;
use super::once::once;
use super::problem::{Problem, broken, settle};
use super::scalar::LocalDate;
use super::shared::distinct;
use super::training::{TrainingCompletion, TrainingModule};
use crate::error::{Refusal, malformed};
use crate::service::training::{Certificate, NewModule, assign_trainer, create_module, record, record_equivalence, revoke};
use crate::store::training::completions_by_id;

/// Input of `trainingEquivalenceRecord`.
#[derive(InputObject, Debug)]
pub struct TrainingEquivalenceRecordInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whose certificate.
    champion_id: ID,
    /// The module it stands for; it must be the trainer's.
    module_id: ID,
    /// What the certificate is called, up to 120 characters.
    certificate: String,
    /// Who issued it, up to 120 characters.
    issuer: String,
    /// What you saw, up to 500 characters; never a copy.
    seen: String,
    /// The day it was issued.
    issued_on: LocalDate,
    /// Its last day; as long as the module itself would last, if left out.
    valid_until: Option<LocalDate>,
}

/// Result of `trainingEquivalenceRecord`.
#[derive(SimpleObject, Debug)]
pub struct TrainingEquivalenceRecordPayload {
    /// The completion; null if there are errors.
    completion: Option<TrainingCompletion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<TrainingEquivalenceRecordErrorCode>>,
}

/// Input of `trainingCompletionRecord`.
#[derive(InputObject, Debug)]
pub struct TrainingCompletionRecordInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The module; it must be the trainer's.
    module_id: ID,
    /// The class: up to 50 champions, each once. Everybody is marked, or nobody.
    champion_ids: Vec<ID>,
    /// The day it was completed; not in the future.
    completed_on: LocalDate,
    /// A short note, up to 500 characters.
    #[graphql(default)]
    note: String,
}

/// Result of `trainingCompletionRecord`.
#[derive(SimpleObject, Debug)]
pub struct TrainingCompletionRecordPayload {
    /// The completions, new ones and those that were there already; empty if there are errors.
    completions: Vec<TrainingCompletion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<TrainingCompletionRecordErrorCode>>,
}

/// Input of `trainingCompletionRevoke`.
#[derive(InputObject, Debug)]
pub struct TrainingCompletionRevokeInput {
    /// Which completion; its module must be the trainer's.
    completion_id: ID,
    /// Why, up to 500 characters.
    reason: String,
}

/// Result of `trainingCompletionRevoke`.
#[derive(SimpleObject, Debug)]
pub struct TrainingCompletionRevokePayload {
    /// The champion, with the training that is left; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<TrainingCompletionRevokeErrorCode>>,
}

/// Input of `trainingModuleCreate`.
#[derive(InputObject, Debug)]
pub struct TrainingModuleCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Short code: 2 to 12 capital letters and digits.
    code: String,
    /// Title, up to 120 characters.
    title: String,
    /// What it is about, up to 2,000 characters.
    #[graphql(default)]
    summary: String,
    /// How long it takes, 1 to 2,880 minutes.
    duration_minutes: i32,
    /// Months a completion lasts, 1 to 120; left out for ever.
    valid_months: Option<i32>,
    /// Modules that come first.
    #[graphql(default)]
    prerequisite_ids: Vec<ID>,
}

/// Result of `trainingModuleCreate`.
#[derive(SimpleObject, Debug)]
pub struct TrainingModuleCreatePayload {
    /// The new module; null if there are errors.
    module: Option<TrainingModule>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<TrainingModuleCreateErrorCode>>,
}

/// Input of `trainingTrainerAssign`.
#[derive(InputObject, Debug)]
pub struct TrainingTrainerAssignInput {
    /// Which module.
    module_id: ID,
    /// Whose account; it must have the role TRAINER.
    account_id: ID,
}

/// Result of `trainingTrainerAssign`.
#[derive(SimpleObject, Debug)]
pub struct TrainingTrainerAssignPayload {
    /// The module; null if there are errors.
    module: Option<TrainingModule>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<TrainingTrainerAssignErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct TrainingMutation;

#[Object]
impl TrainingMutation {
    /// Record that a certificate of somebody else stands for a module, until its own date. For trainers of the module.
    async fn training_equivalence_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose certificate, and for which module.")] input: TrainingEquivalenceRecordInput,
    ) -> Option<Result<TrainingEquivalenceRecordPayload>> {
        Some(equivalence_payload(ctx, input).await)
    }

    /// Mark a module complete for a whole class at once. A trainer of the module; never for themselves.
    async fn training_completion_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Module, class and date.")] input: TrainingCompletionRecordInput,
    ) -> Option<Result<TrainingCompletionRecordPayload>> {
        Some(record_payload(ctx, input).await)
    }

    /// Take back a completion recorded by mistake. A trainer of the module.
    async fn training_completion_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: TrainingCompletionRevokeInput,
    ) -> Option<Result<TrainingCompletionRevokePayload>> {
        Some(revoke_payload(ctx, input).await)
    }

    /// Add a training module. Coordinators.
    async fn training_module_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The module.")] input: TrainingModuleCreateInput,
    ) -> Option<Result<TrainingModuleCreatePayload>> {
        Some(module_payload(ctx, input).await)
    }

    /// Say that a trainer may mark a module complete. Coordinators.
    async fn training_trainer_assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Module and trainer.")] input: TrainingTrainerAssignInput,
    ) -> Option<Result<TrainingTrainerAssignPayload>> {
        Some(assign_payload(ctx, input).await)
    }
}

async fn record_payload(ctx: &Context<'_>, input: TrainingCompletionRecordInput) -> Result<TrainingCompletionRecordPayload> {
    let result: Result<Vec<CompletionId>, Refusal<CannotMark>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let module = id::at(&input.module_id, "moduleId")?;
        let class = id::all(&input.champion_ids, "championIds")?;
        let note = paragraph("note", &input.note, 500).map_err(malformed)?;
        record(ctx.app(), ctx.call(), once, module, class, input.completed_on.0, note).await
    }
    .await;
    let (ids, user_errors) = settle(result)?;
    let rows = completions_by_id(ctx.app().db.read(), &ids.unwrap_or_default()).await.map_err(broken)?;
    Ok(TrainingCompletionRecordPayload { completions: rows.into_iter().map(TrainingCompletion).collect(), user_errors })
}

async fn equivalence_payload(ctx: &Context<'_>, input: TrainingEquivalenceRecordInput) -> Result<TrainingEquivalenceRecordPayload> {
    let result: Result<CompletionId, Refusal<CannotStandFor>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let of = (id::at(&input.champion_id, "championId")?, id::at(&input.module_id, "moduleId")?);
        let certificate = Certificate {
            name: line("certificate", &input.certificate, 120).map_err(malformed)?,
            issuer: line("issuer", &input.issuer, 120).map_err(malformed)?,
            seen: line("seen", &input.seen, 500).map_err(malformed)?,
            issued_on: input.issued_on.0,
            valid_until: input.valid_until.map(|d| d.0),
        };
        record_equivalence(ctx.app(), ctx.call(), once, of, certificate).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingEquivalenceRecordPayload { completion: ctx.rows().maybe(id).await?.map(TrainingCompletion), user_errors })
}

async fn revoke_payload(ctx: &Context<'_>, input: TrainingCompletionRevokeInput) -> Result<TrainingCompletionRevokePayload> {
    let result: Result<_, Refusal<CannotRevoke>> = async {
        let completion = id::at(&input.completion_id, "completionId")?;
        let reason = line("reason", &input.reason, 500).map_err(malformed)?;
        revoke(ctx.app(), ctx.call(), completion, reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingCompletionRevokePayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn module_payload(ctx: &Context<'_>, input: TrainingModuleCreateInput) -> Result<TrainingModuleCreatePayload> {
    let (id, user_errors) = settle(new_module(ctx, input).await)?;
    Ok(TrainingModuleCreatePayload { module: ctx.rows().maybe(id).await?.map(TrainingModule), user_errors })
}

async fn new_module(ctx: &Context<'_>, input: TrainingModuleCreateInput) -> Result<ModuleId, Refusal<CannotAddModule>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let wrong = |field: &str, message: &str| malformed(Malformed::new(field, message));
    let code = input.code.trim().to_owned();
    if !(2..=12).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return Err(wrong("code", "Use 2 to 12 capital letters and digits, like SGA1."));
    }
    if !(1..=2_880).contains(&input.duration_minutes) {
        return Err(wrong("durationMinutes", "Give between 1 and 2,880 minutes."));
    }
    if input.valid_months.is_some_and(|months| !(1..=120).contains(&months)) {
        return Err(wrong("validMonths", "Give between 1 and 120 months, or leave it out for ever."));
    }
    let new = NewModule {
        code,
        title: line("title", &input.title, 120).map_err(malformed)?,
        summary: paragraph("summary", &input.summary, 2_000).map_err(malformed)?,
        minutes: input.duration_minutes,
        valid_months: input.valid_months,
        prerequisites: distinct(id::all(&input.prerequisite_ids, "prerequisiteIds")?),
    };
    create_module(ctx.app(), ctx.call(), once, new).await
}

async fn assign_payload(ctx: &Context<'_>, input: TrainingTrainerAssignInput) -> Result<TrainingTrainerAssignPayload> {
    let result: Result<ModuleId, Refusal<CannotAssignTrainer>> = async {
        let (module, account): (ModuleId, AccountId) = (id::at(&input.module_id, "moduleId")?, id::at(&input.account_id, "accountId")?);
        assign_trainer(ctx.app(), ctx.call(), module, account).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingTrainerAssignPayload { module: ctx.rows().maybe(id).await?.map(TrainingModule), user_errors })
}

//! Training modules and completions.

use async_graphql::parser::types::Field;
use async_graphql::{Context, ContextSelectionSet, ID, InputObject, Object, Result, ScalarType, SimpleObject, Value};
use entity::{completion, training_module};
use rules::id::{AccountId, CompletionId, ModuleId};
use rules::input::{line, paragraph};
use rules::policy::{Action, Relation};
use rules::reason::Malformed;
use rules::training::{
    CannotAddModule, CannotAssignTrainer, CannotMark, CannotRevoke, CannotStandFor, Completion, TrainingCompletionRecordErrorCode,
    TrainingCompletionRevokeErrorCode, TrainingEquivalenceRecordErrorCode, TrainingModuleCreateErrorCode, TrainingTrainerAssignErrorCode,
};

use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::{EquivalenceOf, PrerequisitesOf};
use super::once::once;
use super::paging::{Args, connection};
use super::problem::{Problem, broken, settle};
use super::quick::{self, AtHand, text};
use super::scalar::{DateTime, LocalDate};
use super::shared::distinct;
use crate::error::{Refusal, malformed};
use crate::service::badge::issue;
use crate::service::training::{Certificate, NewModule, assign_trainer, create_module, record, record_equivalence, revoke};
use crate::store::brief::Completed;
use crate::store::training::{BY_CODE, completions_by_id, modules};

/// A training module.
#[derive(Clone, Debug)]
pub struct TrainingModule(pub training_module::Model);

/// A training module.
#[Object]
impl TrainingModule {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Short code: `SGA1`.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it is about.
    async fn summary(&self) -> &str {
        &self.0.summary
    }

    /// How long it takes, in minutes.
    async fn duration_minutes(&self) -> i32 {
        self.0.minutes
    }

    /// Months a completion lasts; null for ever.
    async fn valid_months(&self) -> Option<i32> {
        self.0.valid_months
    }

    /// Modules that come first.
    async fn prerequisites(&self, ctx: &Context<'_>) -> Result<Vec<TrainingModule>> {
        let ids = ctx.rows().list(PrerequisitesOf(self.0.id)).await?;
        let mut rows: Vec<training_module::Model> = ctx.rows().many(ids).await?;
        rows.sort_by(|a, b| a.code.cmp(&b.code));
        Ok(rows.into_iter().map(TrainingModule).collect())
    }

    /// Its version, counting from 1.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Whether the viewer may mark it complete.
    async fn viewer_can_mark(&self, ctx: &Context<'_>) -> bool {
        ctx.may(Action::TrainingCompletionRecord, Relation::Own) && ctx.call().caller.trains.contains(&self.0.id)
    }
}

impl AtHand for training_module::Model {
    const TYPE: &'static str = ModuleId::TYPE;
    const FIELDS: &'static [&'static str] = &["id", "code", "title", "summary", "durationMinutes", "validMonths", "version"];

    fn at_hand(&self, _: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "id" => text(Some(self.id.to_global())),
            "code" => text(Some(self.code.as_str())),
            "title" => text(Some(self.title.as_str())),
            "summary" => text(Some(self.summary.as_str())),
            "durationMinutes" => self.minutes.into(),
            "validMonths" => self.valid_months.map_or(Value::Null, Value::from),
            "version" => self.version.into(),
            _ => return None,
        })
    }
}

connection!(
    TrainingModuleConnection,
    TrainingModuleEdge,
    TrainingModule,
    "training modules",
    training_module,
    |row: &training_module::Model| row.code.clone()
);

/// A champion's completion of a module.
#[derive(Clone, Debug)]
pub struct TrainingCompletion(pub completion::Model);

impl TrainingCompletion {
    /// The completion, if the caller may see the champion's training.
    pub async fn find(ctx: &Context<'_>, id: CompletionId) -> Option<Result<Self>> {
        let row = ctx.rows().one(id).await.transpose()?;
        row.map(|row| ctx.may(Action::TrainingRead, ctx.call().caller.to_champion(row.champion_id)).then_some(Self(row))).transpose()
    }
}

impl AtHand for Completed {
    const TYPE: &'static str = CompletionId::TYPE;
    const FIELDS: &'static [&'static str] = &["id", "completedOn", "expiresOn", "moduleVersion", "module"];

    fn knows_within(field: &Field) -> bool {
        field.name.node != "module" || quick::knows::<training_module::Model>(&field.selection_set.node)
    }

    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "id" => text(Some(self.id.to_global())),
            "completedOn" => LocalDate(self.completed_on).to_value(),
            "expiresOn" => self.expires_on.map_or(Value::Null, |on| LocalDate(on).to_value()),
            "moduleVersion" => self.module_version.into(),
            "module" => return quick::object(ctx, &field.selection_set.node, &*ctx.app().db.module(self.module_id)?),
            _ => return None,
        })
    }
}

/// A champion's completion of a module, marked by a trainer.
#[Object]
impl TrainingCompletion {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Whose.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// Which module.
    async fn module(&self, ctx: &Context<'_>) -> Option<Result<TrainingModule>> {
        ctx.rows().one(self.0.module_id).await.transpose().map(|row| row.map(TrainingModule))
    }

    /// The version of the module at the time.
    async fn module_version(&self) -> i32 {
        self.0.module_version
    }

    /// The day it was completed.
    async fn completed_on(&self) -> LocalDate {
        LocalDate(self.0.completed_on)
    }

    /// The last day it counts; null for ever.
    async fn expires_on(&self) -> Option<LocalDate> {
        self.0.expires_on.map(LocalDate)
    }

    /// Whether it counts on a date; today if left out.
    async fn counts_on(&self, ctx: &Context<'_>, #[graphql(desc = "The date.")] date: Option<LocalDate>) -> bool {
        let on = date.map_or(ctx.call().today(), |d| d.0);
        let fact = Completion { module: self.0.module_id, completed_on: self.0.completed_on, expires_on: self.0.expires_on };
        self.0.revoked_at.is_none() && fact.counts_on(on)
    }

    /// The certificate of somebody else that it rests on; null if a trainer of the alliance marked it.
    async fn certificate(&self, ctx: &Context<'_>) -> Option<Result<TrainingCertificate>> {
        let rows: Result<Vec<entity::equivalence::Model>> = ctx.rows().list(EquivalenceOf(self.0.id)).await;
        let found = rows.map(|mut rows| rows.pop()).transpose()?;
        Some(found.map(|row: entity::equivalence::Model| TrainingCertificate {
            name: row.certificate,
            issuer: row.issuer,
            seen: ctx.may(Action::TrainingRead, Relation::Other).then_some(row.seen),
        }))
    }

    /// The completion as an Open Badges 3.0 credential, a JWT that anybody can check with the keys at `/.well-known/jwks.json`. The
    /// holder's address stands in it as a salted hash, or in clear if they ask. For the champion alone; null once it was taken back.
    async fn badge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether the e-mail address stands in it in clear.", default)] with_email: bool,
    ) -> Option<Result<String>> {
        ctx.may(Action::TrainingBadgeRead, ctx.call().caller.to_champion(self.0.champion_id)).then_some(())?;
        self.0.revoked_at.is_none().then_some(())?;
        let (module, holder) = match futures_util::try_join!(ctx.rows().one(self.0.module_id), ctx.rows().one(self.0.champion_id)) {
            Ok((module, holder)) => (module?, holder?),
            Err(error) => return Some(Err(error)),
        };
        Some(issue(ctx.app(), &self.0, &module, &holder, with_email).map_err(broken))
    }

    /// When it was marked.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// The certificate of somebody else that a completion rests on.
#[derive(SimpleObject, Debug)]
pub struct TrainingCertificate {
    /// What it is called.
    name: String,
    /// Who issued it.
    issuer: String,
    /// What the trainer saw. For trainers, coordinators and the safeguarding lead.
    seen: Option<String>,
}

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

/// Queries.
#[derive(Default, Debug)]
pub struct TrainingQuery;

#[Object]
impl TrainingQuery {
    /// Training modules, by code. With a client key, or signed in.
    async fn training_modules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<TrainingModuleConnection>> {
        if !ctx.may(Action::CatalogueRead, Relation::Other) {
            return None;
        }
        Some(TrainingModuleConnection::read(ctx, modules(), BY_CODE, Args { first, after, last, before }).await)
    }
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

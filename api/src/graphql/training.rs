//! Training modules and completions.

use async_graphql::parser::types::Field;
use async_graphql::{Context, ContextSelectionSet, ID, Object, Result, ScalarType, SimpleObject, Value};
use entity::{completion, training_module};
use rules::id::{CompletionId, ModuleId};
use rules::policy::{Action, Relation};
use rules::training::Completion;

use super::champion::Champion;
use super::context::Ctx;
use super::id::NodeId;
use super::loader::{EquivalenceOf, PrerequisitesOf};
use super::paging::{Args, connection};
use super::problem::broken;
use super::quick::{self, AtHand, text};
use super::scalar::{DateTime, LocalDate};
use crate::service::badge::issue;
use crate::store::brief::Completed;
use crate::store::training::{BY_CODE, modules};

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

//! Requirements of the champion role and their versions.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::requirement;
use rules::id::RequirementId;
use rules::input::line;
use rules::policy::{Action, Relation};
use rules::reason::Malformed;
use rules::requirement::{CannotSupersede, RequirementKind, RequirementSupersedeErrorCode};

use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::RequirementsAll;
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::LocalDate;
use super::training::TrainingModule;
use crate::error::{Refusal, malformed};
use crate::service::requirement::{NewVersion, supersede};
use crate::store::training::requirement_fact;

/// A version of a requirement of the champion role.
#[derive(Clone, Debug)]
pub struct Requirement(pub requirement::Model);

/// A version of a requirement of the champion role.
#[Object]
impl Requirement {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// What is asked for.
    async fn kind(&self) -> RequirementKind {
        self.0.kind
    }

    /// Its name; of TRAINING the module's code.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How many pieces of evidence: two references, one of everything else.
    async fn count(&self) -> i32 {
        self.0.count
    }

    /// Months a piece of evidence lasts; null for ever.
    async fn valid_months(&self) -> Option<i32> {
        self.0.valid_months
    }

    /// The module, for TRAINING.
    async fn module(&self, ctx: &Context<'_>) -> Option<Result<TrainingModule>> {
        ctx.rows().maybe(self.0.module_id).await.transpose().map(|row| row.map(TrainingModule))
    }

    /// First day it is asked for.
    async fn in_force_from(&self) -> LocalDate {
        LocalDate(self.0.in_force_from)
    }

    /// First day it no longer is; null if it still is.
    async fn superseded_on(&self) -> Option<LocalDate> {
        self.0.superseded_on.map(LocalDate)
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct RequirementQuery;

#[Object]
impl RequirementQuery {
    /// The requirements of the champion role in force today, in the suggested order. With a client key, or signed in.
    async fn requirements(&self, ctx: &Context<'_>) -> Option<Result<Vec<Requirement>>> {
        if !ctx.may(Action::CatalogueRead, Relation::Other) {
            return None;
        }
        let today = ctx.call().today();
        let rows: Result<Vec<requirement::Model>> = ctx.rows().list(RequirementsAll).await;
        Some(rows.map(|rows| rows.into_iter().filter(|r| requirement_fact(r).in_force_on(today)).map(Requirement).collect()))
    }
}

/// Input of `requirementSupersede`.
#[derive(InputObject, Debug)]
pub struct RequirementSupersedeInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The version it replaces: the newest one.
    requirement_id: ID,
    /// The new version's name, up to 100 characters.
    name: String,
    /// How many pieces of evidence, 1 to 5.
    #[graphql(default = 1)]
    count: i32,
    /// Months a piece of evidence lasts, 1 to 120; for ever if left out.
    valid_months: Option<i32>,
    /// First day it is asked for, from today on. What is signed has to be signed again from that day.
    in_force_from: LocalDate,
}

/// Result of `requirementSupersede`.
#[derive(SimpleObject, Debug)]
pub struct RequirementSupersedePayload {
    /// The new version; null if there are errors.
    requirement: Option<Requirement>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RequirementSupersedeErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct RequirementMutation;

#[Object]
impl RequirementMutation {
    /// Replace a requirement by a new version from a day on. Coordinators. What is signed has to be signed again; evidence of
    /// every other kind still counts. Confirmed assignments are judged again.
    async fn requirement_supersede(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and the new version.")] input: RequirementSupersedeInput,
    ) -> Option<Result<RequirementSupersedePayload>> {
        Some(payload(ctx, input).await)
    }
}

async fn payload(ctx: &Context<'_>, input: RequirementSupersedeInput) -> Result<RequirementSupersedePayload> {
    let (id, user_errors) = settle(submit(ctx, input).await)?;
    Ok(RequirementSupersedePayload { requirement: ctx.rows().maybe(id).await?.map(Requirement), user_errors })
}

async fn submit(ctx: &Context<'_>, input: RequirementSupersedeInput) -> Result<RequirementId, Refusal<CannotSupersede>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let old = id::at(&input.requirement_id, "requirementId")?;
    let within = |field: &str, value: i32, most: i32| {
        let inside = (1..=most).contains(&value).then_some(value);
        inside.ok_or_else(|| malformed(Malformed::new(field, format!("Give a number between 1 and {most}."))))
    };
    let new = NewVersion {
        name: line("name", &input.name, 100).map_err(malformed)?,
        count: within("count", input.count, 5)?,
        valid_months: input.valid_months.map(|months| within("validMonths", months, 120)).transpose()?,
        in_force_from: input.in_force_from.0,
    };
    supersede(ctx.app(), ctx.call(), once, old, new).await
}

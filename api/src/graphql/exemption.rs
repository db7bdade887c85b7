//! Exemptions.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::exemption;
use rules::exemption::{CannotEndExemption, CannotExempt, ExemptionEndErrorCode, ExemptionGrantErrorCode};
use rules::id::ChampionId;
use rules::input::paragraph;
use rules::policy::{Action, Relation};
use rules::reason::Malformed;

use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::once::once;
use super::problem::{Problem, settle};
use super::requirement::Requirement;
use super::scalar::{DateTime, LocalDate};
use crate::error::{Refusal, malformed};
use crate::service::exemption::{end, grant};

/// A requirement that is not asked of one champion, for a while.
#[derive(Debug)]
pub struct Exemption(pub exemption::Model);

/// A requirement that is not asked of one champion, for a while.
#[Object]
impl Exemption {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// From what; every version of it.
    async fn requirement(&self, ctx: &Context<'_>) -> Option<Result<Requirement>> {
        ctx.rows().one(self.0.requirement_id).await.transpose().map(|row| row.map(Requirement))
    }

    /// Why. For coordinators and the safeguarding lead.
    async fn comment(&self, ctx: &Context<'_>) -> Option<&str> {
        ctx.may(Action::OnboardingRead, Relation::Other).then_some(self.0.comment.as_str())
    }

    /// First day it counts.
    async fn from(&self) -> LocalDate {
        LocalDate(self.0.from_on)
    }

    /// Last day it counts, unless it was ended.
    async fn until(&self) -> LocalDate {
        LocalDate(self.0.until_on)
    }

    /// Who granted it. For coordinators and the safeguarding lead.
    async fn granted_by(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        if !ctx.may(Action::OnboardingRead, Relation::Other) {
            return None;
        }
        let row: Result<Option<entity::account::Model>> = ctx.rows().maybe(self.0.granted_by).await;
        row.map(|row| row.map(|account| account.display_name)).transpose()
    }

    /// When it was ended; null if it was not.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
}

/// Input of `exemptionGrant`.
#[derive(InputObject, Debug)]
pub struct ExemptionGrantInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whom.
    champion_id: ID,
    /// From which requirement. Never from a DBS check, the safeguarding declaration, the privacy notice or the right to volunteer.
    requirement_id: ID,
    /// Last day it counts, within twelve months.
    until: LocalDate,
    /// Why, 10 to 500 characters; others will rely on it.
    comment: String,
}

/// Result of `exemptionGrant`.
#[derive(SimpleObject, Debug)]
pub struct ExemptionGrantPayload {
    /// The champion, with the checklist as it stands now; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ExemptionGrantErrorCode>>,
}

/// Input of `exemptionEnd`.
#[derive(InputObject, Debug)]
pub struct ExemptionEndInput {
    /// Which.
    exemption_id: ID,
}

/// Result of `exemptionEnd`.
#[derive(SimpleObject, Debug)]
pub struct ExemptionEndPayload {
    /// The champion, with the checklist as it stands now; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ExemptionEndErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct ExemptionMutation;

#[Object]
impl ExemptionMutation {
    /// Exempt a champion from a requirement from today to a day. Coordinators and the safeguarding lead; never themselves.
    async fn exemption_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, from what, until when and why.")] input: ExemptionGrantInput,
    ) -> Option<Result<ExemptionGrantPayload>> {
        Some(grant_payload(ctx, input).await)
    }

    /// End an exemption now. Coordinators and the safeguarding lead. Confirmed assignments are judged again.
    async fn exemption_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ExemptionEndInput,
    ) -> Option<Result<ExemptionEndPayload>> {
        Some(end_payload(ctx, input).await)
    }
}

async fn grant_payload(ctx: &Context<'_>, input: ExemptionGrantInput) -> Result<ExemptionGrantPayload> {
    let result: Result<ChampionId, Refusal<CannotExempt>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let champion = id::at(&input.champion_id, "championId")?;
        let requirement = id::at(&input.requirement_id, "requirementId")?;
        let comment = paragraph("comment", &input.comment, 500).map_err(malformed)?;
        if comment.chars().count() < 10 {
            return Err(malformed(Malformed::new("comment", "Say why, in 10 to 500 characters: others will rely on it.")));
        }
        grant(ctx.app(), ctx.call(), once, champion, requirement, input.until.0, comment).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(ExemptionGrantPayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn end_payload(ctx: &Context<'_>, input: ExemptionEndInput) -> Result<ExemptionEndPayload> {
    let result: Result<ChampionId, Refusal<CannotEndExemption>> =
        async { end(ctx.app(), ctx.call(), id::at(&input.exemption_id, "exemptionId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(ExemptionEndPayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

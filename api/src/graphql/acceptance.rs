//! What organisations have said about champions.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::acceptance;
use rules::acceptance::{AcceptanceRecordErrorCode, CannotAccept, CannotSetAcceptance, OrganisationAcceptanceSetErrorCode, ReliesOn};
use rules::id::{ChampionId, OrganisationId};

use super::champion::Champion;
use super::context::Ctx;
use super::id;
use super::once::once;
use super::organisation::Organisation;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::Refusal;
use crate::service::acceptance::{Word, record, set_asked};

/// An organisation's own word on a champion: yes or no, never the detail behind it.
#[derive(Clone, Debug)]
pub struct Acceptance(pub acceptance::Model);

/// An organisation's own word on a champion: yes or no, never the detail behind it.
#[Object]
impl Acceptance {
    /// Whose word.
    async fn organisation(&self, ctx: &Context<'_>) -> Option<Result<Organisation>> {
        ctx.rows().one(self.0.organisation_id).await.transpose().map(|row| row.map(Organisation))
    }

    /// Yes or no.
    async fn accepted(&self) -> bool {
        self.0.accepted
    }

    /// What it relies on.
    async fn relies_on(&self) -> ReliesOn {
        self.0.relies_on
    }

    /// When it was given.
    async fn decided_at(&self) -> DateTime {
        DateTime(self.0.decided_at)
    }
}

/// Input of `acceptanceRecord`.
#[derive(InputObject, Debug)]
pub struct AcceptanceRecordInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whose word.
    organisation_id: ID,
    /// On whom.
    champion_id: ID,
    /// Yes or no; the latest counts.
    accepted: bool,
    /// What it relies on.
    #[graphql(default_with = "ReliesOn::AllianceClearance")]
    relies_on: ReliesOn,
}

/// Result of `acceptanceRecord`.
#[derive(SimpleObject, Debug)]
pub struct AcceptanceRecordPayload {
    /// The champion; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AcceptanceRecordErrorCode>>,
}

/// Input of `organisationAcceptanceSet`.
#[derive(InputObject, Debug)]
pub struct OrganisationAcceptanceSetInput {
    /// Which organisation.
    organisation_id: ID,
    /// Whether it counts a DBS check that it did not obtain only once it has accepted the champion.
    asked: bool,
}

/// Result of `organisationAcceptanceSet`.
#[derive(SimpleObject, Debug)]
pub struct OrganisationAcceptanceSetPayload {
    /// The organisation; null if there are errors.
    organisation: Option<Organisation>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OrganisationAcceptanceSetErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct AcceptanceMutation;

#[Object]
impl AcceptanceMutation {
    /// Record an organisation's own word on a champion, who needs no second check for it. Its groups' sessions ask for it where
    /// `Organisation.asksAcceptance`. For leaders of its groups, and coordinators.
    async fn acceptance_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose word, on whom.")] input: AcceptanceRecordInput,
    ) -> Option<Result<AcceptanceRecordPayload>> {
        Some(payload(ctx, input).await)
    }

    /// Say whether an organisation counts a DBS check that it did not obtain only once it has accepted the champion
    /// (`acceptanceRecord`). Whoever has said yes to one of its groups' sessions is judged again. Coordinators.
    async fn organisation_acceptance_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation, and whether.")] input: OrganisationAcceptanceSetInput,
    ) -> Option<Result<OrganisationAcceptanceSetPayload>> {
        Some(set_payload(ctx, input).await)
    }
}

async fn set_payload(ctx: &Context<'_>, input: OrganisationAcceptanceSetInput) -> Result<OrganisationAcceptanceSetPayload> {
    let result: Result<OrganisationId, Refusal<CannotSetAcceptance>> = async {
        let id = id::at(&input.organisation_id, "organisationId")?;
        set_asked(ctx.app(), ctx.call(), id, input.asked).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(OrganisationAcceptanceSetPayload { organisation: ctx.rows().maybe(id).await?.map(Organisation), user_errors })
}

async fn payload(ctx: &Context<'_>, input: AcceptanceRecordInput) -> Result<AcceptanceRecordPayload> {
    let result: Result<ChampionId, Refusal<CannotAccept>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let word = Word {
            organisation: id::at(&input.organisation_id, "organisationId")?,
            champion: id::at(&input.champion_id, "championId")?,
            accepted: input.accepted,
            relies_on: input.relies_on,
        };
        record(ctx.app(), ctx.call(), once, word).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AcceptanceRecordPayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

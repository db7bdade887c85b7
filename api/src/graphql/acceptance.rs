//! What organisations have said about champions.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::acceptance;
use rules::acceptance::{AcceptanceRecordErrorCode, CannotAccept, ReliesOn};
use rules::id::ChampionId;

use super::champion::Champion;
use super::context::Ctx;
use super::id;
use super::once::once;
use super::organisation::Organisation;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::Refusal;
use crate::service::acceptance::{Word, record};

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

/// Mutations.
#[derive(Default, Debug)]
pub struct AcceptanceMutation;

#[Object]
impl AcceptanceMutation {
    /// Record an organisation's own word on a champion, who needs no second check for it. For leaders of its groups, and coordinators.
    async fn acceptance_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose word, on whom.")] input: AcceptanceRecordInput,
    ) -> Option<Result<AcceptanceRecordPayload>> {
        Some(payload(ctx, input).await)
    }
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

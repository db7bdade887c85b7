//! Planning a rota, changing it by hand and publishing it.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use rules::id::RotaProposalId;
use rules::input::paragraph;
use rules::proposal::{
    CannotAddLine, CannotArchive, CannotCancelProposal, CannotLockLine, CannotPropose, CannotPublish, CannotRemoveLine,
    RotaArchiveErrorCode, RotaLineAddErrorCode, RotaLineLockErrorCode, RotaLineRemoveErrorCode, RotaProposalCancelErrorCode,
    RotaProposeErrorCode, RotaPublishErrorCode,
};
use rules::session::PlaceKind;

use super::context::Ctx;
use super::id;
use super::once::once;
use super::problem::{Problem, settle};
use super::rota_proposal::{RotaLine, RotaProposal};
use super::scalar::LocalDate;
use crate::app::App;
use crate::error::{Refusal, malformed};
use crate::service::rota_change::{add, archive, cancel, lock, remove};
use crate::service::rota_job::{Wanted, propose};
use crate::service::rota_publish::publish;

/// Input of `rotaPropose`.
#[derive(InputObject, Debug)]
pub struct RotaProposeInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The first date to plan, today or later.
    from: LocalDate,
    /// The last date to plan: 56 days at most.
    until: LocalDate,
    /// Same seed, same facts: same lines.
    #[graphql(default = 1)]
    seed: i32,
    /// The planner stops after so many seconds with the best it has, 20 at most.
    #[graphql(default = 10)]
    seconds: i32,
    /// Lines that are locked in this earlier rota stay, if the rules still allow them.
    keep_locked_of: Option<ID>,
}

/// Input of `rotaProposalCancel`.
#[derive(InputObject, Debug)]
pub struct RotaProposalCancelInput {
    /// Which rota.
    proposal_id: ID,
}

/// Input of `rotaLineAdd`.
#[derive(InputObject, Debug)]
pub struct RotaLineAddInput {
    /// To which rota.
    proposal_id: ID,
    /// At which session.
    session_id: ID,
    /// The kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
    /// Who.
    champion_id: ID,
    /// The rota's version as you read it; leave it out to add in any case.
    expected_version: Option<i64>,
}

/// Input of `rotaLineRemove`.
#[derive(InputObject, Debug)]
pub struct RotaLineRemoveInput {
    /// Which line.
    line_id: ID,
    /// The rota's version as you read it; leave it out to remove in any case.
    expected_version: Option<i64>,
}

/// Input of `rotaLineLock`.
#[derive(InputObject, Debug)]
pub struct RotaLineLockInput {
    /// Which line.
    line_id: ID,
    /// Whether it is locked from now on.
    #[graphql(default = true)]
    locked: bool,
    /// The rota's version as you read it; leave it out to lock in any case.
    expected_version: Option<i64>,
}

/// Input of `rotaPublish`.
#[derive(InputObject, Debug)]
pub struct RotaPublishInput {
    /// Which rota.
    proposal_id: ID,
    /// The rota's version as you read it: whoever comes second is told STALE.
    expected_version: i64,
    /// What the champions should know, up to 1,000 characters.
    #[graphql(default)]
    message: String,
}

/// Input of `rotaArchive`.
#[derive(InputObject, Debug)]
pub struct RotaArchiveInput {
    /// Which rota.
    proposal_id: ID,
}

/// Result of `rotaPropose`.
#[derive(SimpleObject, Debug)]
pub struct RotaProposePayload {
    /// The rota as it stands now; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaProposeErrorCode>>,
}

/// Result of `rotaProposalCancel`.
#[derive(SimpleObject, Debug)]
pub struct RotaProposalCancelPayload {
    /// The rota as it stands now; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaProposalCancelErrorCode>>,
}

/// Result of `rotaLineRemove`.
#[derive(SimpleObject, Debug)]
pub struct RotaLineRemovePayload {
    /// The rota as it stands now; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaLineRemoveErrorCode>>,
}

/// Result of `rotaPublish`.
#[derive(SimpleObject, Debug)]
pub struct RotaPublishPayload {
    /// The rota as it stands now; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaPublishErrorCode>>,
}

/// Result of `rotaArchive`.
#[derive(SimpleObject, Debug)]
pub struct RotaArchivePayload {
    /// The rota as it stands now; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaArchiveErrorCode>>,
}

/// Result of `rotaLineAdd`.
#[derive(SimpleObject, Debug)]
pub struct RotaLineAddPayload {
    /// The line as it stands now; null if there are errors.
    line: Option<RotaLine>,
    /// The rota it belongs to; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaLineAddErrorCode>>,
}

/// Result of `rotaLineLock`.
#[derive(SimpleObject, Debug)]
pub struct RotaLineLockPayload {
    /// The line as it stands now; null if there are errors.
    line: Option<RotaLine>,
    /// The rota it belongs to; null if there are errors.
    proposal: Option<RotaProposal>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RotaLineLockErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct RotaMutation;

#[Object]
impl RotaMutation {
    /// Plan a rota in the background; nobody is asked before it is published. Coordinators.
    async fn rota_propose(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which window, and how.")] input: RotaProposeInput,
    ) -> Option<Result<RotaProposePayload>> {
        Some(propose_payload(ctx, input).await)
    }

    /// Stop the planner. Coordinators.
    async fn rota_proposal_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rota.")] input: RotaProposalCancelInput,
    ) -> Option<Result<RotaProposalCancelPayload>> {
        Some(cancel_payload(ctx, input).await)
    }

    /// Add a line by hand; it is judged at once, beside the champion's other lines. Coordinators.
    async fn rota_line_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, where.")] input: RotaLineAddInput,
    ) -> Option<Result<RotaLineAddPayload>> {
        Some(add_payload(ctx, input).await)
    }

    /// Take a line out. Coordinators.
    async fn rota_line_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which line.")] input: RotaLineRemoveInput,
    ) -> Option<Result<RotaLineRemovePayload>> {
        Some(remove_payload(ctx, input).await)
    }

    /// Lock a line, or unlock it: locked lines can be kept by the next `rotaPropose`. Coordinators.
    async fn rota_line_lock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which line.")] input: RotaLineLockInput,
    ) -> Option<Result<RotaLineLockPayload>> {
        Some(lock_payload(ctx, input).await)
    }

    /// Publish a rota: all its offers go out, each once, or none. Confirmed champions keep their places. Coordinators.
    async fn rota_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rota, as read.")] input: RotaPublishInput,
    ) -> Option<Result<RotaPublishPayload>> {
        Some(publish_payload(ctx, input).await)
    }

    /// Put a rota away; offers already sent stand. Coordinators.
    async fn rota_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rota.")] input: RotaArchiveInput,
    ) -> Option<Result<RotaArchivePayload>> {
        Some(archive_payload(ctx, input).await)
    }
}

async fn found(ctx: &Context<'_>, id: Option<RotaProposalId>) -> Result<Option<RotaProposal>> {
    Ok(ctx.rows().maybe(id).await?.map(RotaProposal))
}

async fn propose_payload(ctx: &Context<'_>, input: RotaProposeInput) -> Result<RotaProposePayload> {
    let result: Result<RotaProposalId, Refusal<CannotPropose>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let keep_locked_of = input.keep_locked_of.as_ref().map(|other| id::at(other, "keepLockedOf")).transpose()?;
        let (from, until) = (input.from.0, input.until.0);
        let wanted = Wanted { from, until, seed: input.seed.into(), seconds: input.seconds, keep_locked_of };
        propose(ctx.data_unchecked::<Arc<App>>(), ctx.call(), once, wanted).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(RotaProposePayload { proposal: found(ctx, id).await?, user_errors })
}

async fn add_payload(ctx: &Context<'_>, input: RotaLineAddInput) -> Result<RotaLineAddPayload> {
    let result: Result<_, Refusal<CannotAddLine>> = async {
        let proposal = id::at(&input.proposal_id, "proposalId")?;
        let wanted = (id::at(&input.session_id, "sessionId")?, input.kind, id::at(&input.champion_id, "championId")?);
        add(ctx.app(), ctx.call(), proposal, wanted, input.expected_version).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    let line = ctx.rows().maybe(id).await?;
    let proposal = found(ctx, line.as_ref().map(|l| l.proposal_id)).await?;
    Ok(RotaLineAddPayload { line: line.map(RotaLine), proposal, user_errors })
}

async fn remove_payload(ctx: &Context<'_>, input: RotaLineRemoveInput) -> Result<RotaLineRemovePayload> {
    let result: Result<_, Refusal<CannotRemoveLine>> =
        async { remove(ctx.app(), ctx.call(), id::at(&input.line_id, "lineId")?, input.expected_version).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(RotaLineRemovePayload { proposal: found(ctx, id).await?, user_errors })
}

async fn lock_payload(ctx: &Context<'_>, input: RotaLineLockInput) -> Result<RotaLineLockPayload> {
    let result: Result<_, Refusal<CannotLockLine>> =
        async { lock(ctx.app(), ctx.call(), id::at(&input.line_id, "lineId")?, input.locked, input.expected_version).await }.await;
    let (id, user_errors) = settle(result)?;
    let line = ctx.rows().maybe(id).await?;
    let proposal = found(ctx, line.as_ref().map(|l| l.proposal_id)).await?;
    Ok(RotaLineLockPayload { line: line.map(RotaLine), proposal, user_errors })
}

async fn publish_payload(ctx: &Context<'_>, input: RotaPublishInput) -> Result<RotaPublishPayload> {
    let result: Result<_, Refusal<CannotPublish>> = async {
        let message = paragraph("message", &input.message, 1_000).map_err(malformed)?;
        publish(ctx.app(), ctx.call(), id::at(&input.proposal_id, "proposalId")?, input.expected_version, message).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(RotaPublishPayload { proposal: found(ctx, id).await?, user_errors })
}

async fn cancel_payload(ctx: &Context<'_>, input: RotaProposalCancelInput) -> Result<RotaProposalCancelPayload> {
    let result: Result<_, Refusal<CannotCancelProposal>> =
        async { cancel(ctx.app(), ctx.call(), id::at(&input.proposal_id, "proposalId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(RotaProposalCancelPayload { proposal: found(ctx, id).await?, user_errors })
}

async fn archive_payload(ctx: &Context<'_>, input: RotaArchiveInput) -> Result<RotaArchivePayload> {
    let result: Result<_, Refusal<CannotArchive>> =
        async { archive(ctx.app(), ctx.call(), id::at(&input.proposal_id, "proposalId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(RotaArchivePayload { proposal: found(ctx, id).await?, user_errors })
}

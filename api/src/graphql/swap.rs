//! Swaps of places.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::swap;
use rules::id::SwapId;
use rules::input::paragraph;
use rules::policy::Action;
use rules::swap::{
    CannotAcceptSwap, CannotDeclineSwap, CannotPropose, CannotTakeSwapBack, SwapAcceptErrorCode, SwapDeclineErrorCode,
    SwapProposeErrorCode, SwapStatus, SwapWithdrawErrorCode,
};

use super::context::Ctx;
use super::id::{self, NodeId};
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use super::session::Session;
use super::stand_in::number;
use crate::error::{Refusal, malformed};
use crate::service::swap::{Proposal, accept, decline, propose, withdraw};

/// Two champions exchange their places.
#[derive(Clone, Debug)]
pub struct Swap(pub swap::Model);

impl Swap {
    async fn session_of(ctx: &Context<'_>, assignment: rules::id::AssignmentId) -> Option<Result<Session>> {
        let row = match ctx.rows().one(assignment).await.transpose()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        ctx.rows().one(row.session_id).await.transpose().map(|row| row.map(Session))
    }
}

/// Two champions exchange their places at two sessions. Both duties stand until the other has accepted; then both change hands at
/// once. It refers to the places, so it follows a session that is moved.
#[Object]
impl Swap {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Where it stands.
    async fn status(&self) -> SwapStatus {
        self.0.status
    }

    /// The session whose place is given.
    async fn gives(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        Self::session_of(ctx, self.0.gives_id).await
    }

    /// The session whose place is asked for.
    async fn takes(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        Self::session_of(ctx, self.0.takes_id).await
    }

    /// Whether the viewer is asked, and may accept or decline.
    async fn viewer_can_answer(&self, ctx: &Context<'_>) -> bool {
        self.0.status == SwapStatus::Proposed && ctx.may(Action::SwapAccept, ctx.call().caller.to_champion(self.0.other_id))
    }

    /// What whoever proposed it wrote.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// When it was proposed.
    async fn proposed_at(&self) -> DateTime {
        DateTime(self.0.proposed_at)
    }

    /// When it ended; null while it waits for an answer.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
}

/// Input of `swapPropose`.
#[derive(InputObject, Debug)]
pub struct SwapProposeInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Your own place.
    assignment_id: ID,
    /// With whom, by reference: `DC-0421`.
    with_reference: String,
    /// The session at which they have a place.
    session_id: ID,
    /// What they should know, up to 1,000 characters.
    #[graphql(default)]
    message: String,
}

/// Result of `swapPropose`.
#[derive(SimpleObject, Debug)]
pub struct SwapProposePayload {
    /// The swap, waiting for the other's answer; null if there are errors.
    swap: Option<Swap>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SwapProposeErrorCode>>,
}

/// Input of `swapAccept`.
#[derive(InputObject, Debug)]
pub struct SwapAcceptInput {
    /// Which swap.
    swap_id: ID,
}

/// Result of `swapAccept`.
#[derive(SimpleObject, Debug)]
pub struct SwapAcceptPayload {
    /// The swap as it stands now; null if there are errors.
    swap: Option<Swap>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SwapAcceptErrorCode>>,
}

/// Input of `swapDecline`.
#[derive(InputObject, Debug)]
pub struct SwapDeclineInput {
    /// Which swap.
    swap_id: ID,
}

/// Result of `swapDecline`.
#[derive(SimpleObject, Debug)]
pub struct SwapDeclinePayload {
    /// The swap as it stands now; null if there are errors.
    swap: Option<Swap>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SwapDeclineErrorCode>>,
}

/// Input of `swapWithdraw`.
#[derive(InputObject, Debug)]
pub struct SwapWithdrawInput {
    /// Which swap.
    swap_id: ID,
}

/// Result of `swapWithdraw`.
#[derive(SimpleObject, Debug)]
pub struct SwapWithdrawPayload {
    /// The swap as it stands now; null if there are errors.
    swap: Option<Swap>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SwapWithdrawErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct SwapMutation;

#[Object]
impl SwapMutation {
    /// Propose to swap places with another champion. Both have to be cleared and free for the other's. The champion.
    async fn swap_propose(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which place for which.")] input: SwapProposeInput,
    ) -> Option<Result<SwapProposePayload>> {
        Some(propose_payload(ctx, input).await)
    }

    /// Accept a swap: everything is judged again, then both places change hands at once. The champion who is asked.
    async fn swap_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which swap.")] input: SwapAcceptInput,
    ) -> Option<Result<SwapAcceptPayload>> {
        Some(accept_payload(ctx, input).await)
    }

    /// Decline a swap; both places stay as they are. The champion who is asked.
    async fn swap_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which swap.")] input: SwapDeclineInput,
    ) -> Option<Result<SwapDeclinePayload>> {
        Some(decline_payload(ctx, input).await)
    }

    /// Take a swap back before it is answered. Whoever proposed it.
    async fn swap_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which swap.")] input: SwapWithdrawInput,
    ) -> Option<Result<SwapWithdrawPayload>> {
        Some(withdraw_payload(ctx, input).await)
    }
}

async fn propose_payload(ctx: &Context<'_>, input: SwapProposeInput) -> Result<SwapProposePayload> {
    let result: Result<SwapId, Refusal<CannotPropose>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let new = Proposal {
            gives: id::at(&input.assignment_id, "assignmentId")?,
            with: number("withReference", &input.with_reference).map_err(malformed)?,
            at: id::at(&input.session_id, "sessionId")?,
            message: paragraph("message", &input.message, 1_000).map_err(malformed)?,
        };
        propose(ctx.app(), ctx.call(), once, new).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SwapProposePayload { swap: ctx.rows().maybe(id).await?.map(Swap), user_errors })
}

async fn accept_payload(ctx: &Context<'_>, input: SwapAcceptInput) -> Result<SwapAcceptPayload> {
    let result: Result<SwapId, Refusal<CannotAcceptSwap>> =
        async { accept(ctx.app(), ctx.call(), id::at(&input.swap_id, "swapId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(SwapAcceptPayload { swap: ctx.rows().maybe(id).await?.map(Swap), user_errors })
}

async fn decline_payload(ctx: &Context<'_>, input: SwapDeclineInput) -> Result<SwapDeclinePayload> {
    let result: Result<SwapId, Refusal<CannotDeclineSwap>> =
        async { decline(ctx.app(), ctx.call(), id::at(&input.swap_id, "swapId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(SwapDeclinePayload { swap: ctx.rows().maybe(id).await?.map(Swap), user_errors })
}

async fn withdraw_payload(ctx: &Context<'_>, input: SwapWithdrawInput) -> Result<SwapWithdrawPayload> {
    let result: Result<SwapId, Refusal<CannotTakeSwapBack>> =
        async { withdraw(ctx.app(), ctx.call(), id::at(&input.swap_id, "swapId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(SwapWithdrawPayload { swap: ctx.rows().maybe(id).await?.map(Swap), user_errors })
}

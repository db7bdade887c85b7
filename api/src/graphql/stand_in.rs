//! Searches for stand-ins.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::stand_in;
use rules::champion::number_of;
use rules::id::StandInId;
use rules::input::paragraph;
use rules::reason::Malformed;
use rules::stand_in::{CannotComeAfterAll, CannotSeek, StandInCancelErrorCode, StandInSeekErrorCode, StandInStatus};

use super::assignment::Assignment;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::stand_in::{cancel, seek};

/// A search for a stand-in.
#[derive(Clone, Debug)]
pub struct StandIn(pub stand_in::Model);

/// A search for a stand-in. The champion is expected until one has accepted, or a coordinator releases them.
#[Object]
impl StandIn {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The duty somebody is looked for.
    async fn assignment(&self, ctx: &Context<'_>) -> Option<Result<Assignment>> {
        Assignment::find(ctx, self.0.assignment_id).await
    }

    /// Where it stands.
    async fn status(&self) -> StandInStatus {
        self.0.status
    }

    /// Whether the champion named somebody who is asked before anybody else.
    async fn named(&self) -> bool {
        self.0.named_id.is_some()
    }

    /// When it began.
    async fn sought_at(&self) -> DateTime {
        DateTime(self.0.sought_at)
    }

    /// When it ended; null while it goes on.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// The assignment of whoever took the duty over; null if nobody has, or the viewer may not see it.
    async fn taken_by(&self, ctx: &Context<'_>) -> Option<Result<Assignment>> {
        Assignment::find(ctx, self.0.taken_by?).await
    }
}

/// Input of `standInSeek`.
#[derive(InputObject, Debug)]
pub struct StandInSeekInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The place you can't fill.
    assignment_id: ID,
    /// Somebody who agreed to stand in, by reference: `DC-0421`. They are asked alone, and have to say yes themselves; left out,
    /// everybody who could come is asked, in waves.
    stand_in_reference: Option<String>,
    /// Why, if you want to say; up to 500 characters.
    reason: Option<String>,
}

/// Result of `standInSeek`.
#[derive(SimpleObject, Debug)]
pub struct StandInSeekPayload {
    /// The search; null if there are errors. You are expected until somebody has accepted.
    stand_in: Option<StandIn>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<StandInSeekErrorCode>>,
}

/// Input of `standInCancel`.
#[derive(InputObject, Debug)]
pub struct StandInCancelInput {
    /// Which search.
    stand_in_id: ID,
}

/// Result of `standInCancel`.
#[derive(SimpleObject, Debug)]
pub struct StandInCancelPayload {
    /// The search as it stands now; null if there are errors.
    stand_in: Option<StandIn>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<StandInCancelErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct StandInMutation;

#[Object]
impl StandInMutation {
    /// "I can't be there": look for a stand-in. The duty stands until one has accepted, or a coordinator releases the champion. The
    /// champion, or a coordinator.
    async fn stand_in_seek(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which place, and who might stand in.")] input: StandInSeekInput,
    ) -> Option<Result<StandInSeekPayload>> {
        Some(seek_payload(ctx, input).await)
    }

    /// Come after all: the search ends, and whoever was asked is told. The champion, or a coordinator.
    async fn stand_in_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which search.")] input: StandInCancelInput,
    ) -> Option<Result<StandInCancelPayload>> {
        Some(cancel_payload(ctx, input).await)
    }
}

/// The number of a champion's reference.
pub(super) fn number(field: &str, reference: &str) -> Result<i32, Malformed> {
    number_of(reference).filter(|number| *number > 0).ok_or_else(|| Malformed::new(field, "Give a champion's reference, like DC-0421."))
}

async fn seek_payload(ctx: &Context<'_>, input: StandInSeekInput) -> Result<StandInSeekPayload> {
    let result: Result<StandInId, Refusal<CannotSeek>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let assignment = id::at(&input.assignment_id, "assignmentId")?;
        let named = input.stand_in_reference.map(|r| number("standInReference", &r)).transpose().map_err(malformed)?;
        let reason = input.reason.map(|r| paragraph("reason", &r, 500)).transpose().map_err(malformed)?.filter(|r| !r.is_empty());
        seek(ctx.app(), ctx.call(), once, assignment, named, reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(StandInSeekPayload { stand_in: ctx.rows().maybe(id).await?.map(StandIn), user_errors })
}

async fn cancel_payload(ctx: &Context<'_>, input: StandInCancelInput) -> Result<StandInCancelPayload> {
    let result: Result<StandInId, Refusal<CannotComeAfterAll>> =
        async { cancel(ctx.app(), ctx.call(), id::at(&input.stand_in_id, "standInId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(StandInCancelPayload { stand_in: ctx.rows().maybe(id).await?.map(StandIn), user_errors })
}

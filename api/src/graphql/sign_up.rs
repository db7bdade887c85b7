//! Places that champions take themselves, and waiting lists.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::waiting;
use rules::id::{AssignmentId, GroupId, SessionId, WaitingId};
use rules::session::PlaceKind;
use rules::sign_up::{
    CannotLeaveList, CannotSetGroupSignUp, CannotSetSessionSignUp, CannotTakePlace, CannotWait, GroupSignUpSetErrorCode,
    PlaceTakeErrorCode, SessionSignUpSetErrorCode, WaitingListJoinErrorCode, WaitingListLeaveErrorCode, WaitingStatus,
};

use super::assignment::Assignment;
use super::champion::Champion;
use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use super::session::Session;
use crate::error::Refusal;
use crate::service::sign_up::{join, leave, set_group, set_session, take};

/// Somebody who waits for a place.
#[derive(Clone, Debug)]
pub struct WaitingEntry(pub waiting::Model);

/// Somebody who waits for a place at a session that is full.
#[Object]
impl WaitingEntry {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Who.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// Where they stand. While it is OFFERED, an offer waits for their answer.
    async fn status(&self) -> WaitingStatus {
        self.0.status
    }

    /// Since when; whoever joined first is offered a place first.
    async fn joined_at(&self) -> DateTime {
        DateTime(self.0.joined_at)
    }
}

/// Input of `groupSignUpSet`.
#[derive(InputObject, Debug)]
pub struct GroupSignUpSetInput {
    /// Which group.
    group_id: ID,
    /// True lets cleared champions take places of its sessions themselves; false has them asked.
    open: bool,
}

/// Result of `groupSignUpSet`.
#[derive(SimpleObject, Debug)]
pub struct GroupSignUpSetPayload {
    /// The group; null if there are errors.
    group: Option<Group>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<GroupSignUpSetErrorCode>>,
}

/// Input of `sessionSignUpSet`.
#[derive(InputObject, Debug)]
pub struct SessionSignUpSetInput {
    /// Which session.
    session_id: ID,
    /// True or false for this session alone; null or left out does as its group does.
    open: Option<bool>,
}

/// Result of `sessionSignUpSet`.
#[derive(SimpleObject, Debug)]
pub struct SessionSignUpSetPayload {
    /// The session; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionSignUpSetErrorCode>>,
}

/// Input of `placeTake`.
#[derive(InputObject, Debug)]
pub struct PlaceTakeInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// At which session.
    session_id: ID,
    /// Which kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
}

/// Result of `placeTake`.
#[derive(SimpleObject, Debug)]
pub struct PlaceTakePayload {
    /// The assignment; null if there are errors.
    assignment: Option<Assignment>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<PlaceTakeErrorCode>>,
}

/// Input of `waitingListJoin`.
#[derive(InputObject, Debug)]
pub struct WaitingListJoinInput {
    /// At which session.
    session_id: ID,
    /// For which kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
}

/// Result of `waitingListJoin`.
#[derive(SimpleObject, Debug)]
pub struct WaitingListJoinPayload {
    /// The place on the list; null if there are errors.
    waiting_entry: Option<WaitingEntry>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<WaitingListJoinErrorCode>>,
}

/// Input of `waitingListLeave`.
#[derive(InputObject, Debug)]
pub struct WaitingListLeaveInput {
    /// Of which session.
    session_id: ID,
}

/// Result of `waitingListLeave`.
#[derive(SimpleObject, Debug)]
pub struct WaitingListLeavePayload {
    /// The session; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<WaitingListLeaveErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct SignUpMutation;

#[Object]
impl SignUpMutation {
    /// Say whether champions take places of a group's sessions themselves. The group's leaders and coordinators.
    async fn group_sign_up_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group, and whether.")] input: GroupSignUpSetInput,
    ) -> Option<Result<GroupSignUpSetPayload>> {
        Some(group_payload(ctx, input).await)
    }

    /// Say whether champions take places of one session themselves, whatever its group says. The group's leaders and coordinators.
    async fn session_sign_up_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session, and whether.")] input: SessionSignUpSetInput,
    ) -> Option<Result<SessionSignUpSetPayload>> {
        Some(session_payload(ctx, input).await)
    }

    /// Take a place without being asked, where the session's `openSignUp` is true. Judged as `offerAccept` would be; those on the
    /// waiting list come first. The champion.
    async fn place_take(&self, ctx: &Context<'_>, #[graphql(desc = "Where.")] input: PlaceTakeInput) -> Option<Result<PlaceTakePayload>> {
        Some(take_payload(ctx, input).await)
    }

    /// Wait for a place at a session that is full. When one becomes free, whoever has waited longest and still can is sent an
    /// offer; if they don't accept it in time, the next. The champion.
    async fn waiting_list_join(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where.")] input: WaitingListJoinInput,
    ) -> Option<Result<WaitingListJoinPayload>> {
        Some(join_payload(ctx, input).await)
    }

    /// Leave a waiting list. The champion.
    async fn waiting_list_leave(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which list.")] input: WaitingListLeaveInput,
    ) -> Option<Result<WaitingListLeavePayload>> {
        Some(leave_payload(ctx, input).await)
    }
}

async fn group_payload(ctx: &Context<'_>, input: GroupSignUpSetInput) -> Result<GroupSignUpSetPayload> {
    let result: Result<GroupId, Refusal<CannotSetGroupSignUp>> =
        async { set_group(ctx.app(), ctx.call(), id::at(&input.group_id, "groupId")?, input.open).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(GroupSignUpSetPayload { group: ctx.rows().maybe(id).await?.map(Group), user_errors })
}

async fn session_payload(ctx: &Context<'_>, input: SessionSignUpSetInput) -> Result<SessionSignUpSetPayload> {
    let result: Result<SessionId, Refusal<CannotSetSessionSignUp>> =
        async { set_session(ctx.app(), ctx.call(), id::at(&input.session_id, "sessionId")?, input.open).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionSignUpSetPayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

async fn take_payload(ctx: &Context<'_>, input: PlaceTakeInput) -> Result<PlaceTakePayload> {
    let result: Result<AssignmentId, Refusal<CannotTakePlace>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        take(ctx.app(), ctx.call(), once, id::at(&input.session_id, "sessionId")?, input.kind).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(PlaceTakePayload { assignment: ctx.rows().maybe(id).await?.map(Assignment), user_errors })
}

async fn join_payload(ctx: &Context<'_>, input: WaitingListJoinInput) -> Result<WaitingListJoinPayload> {
    let result: Result<WaitingId, Refusal<CannotWait>> =
        async { join(ctx.app(), ctx.call(), id::at(&input.session_id, "sessionId")?, input.kind).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(WaitingListJoinPayload { waiting_entry: ctx.rows().maybe(id).await?.map(WaitingEntry), user_errors })
}

async fn leave_payload(ctx: &Context<'_>, input: WaitingListLeaveInput) -> Result<WaitingListLeavePayload> {
    let result: Result<SessionId, Refusal<CannotLeaveList>> =
        async { leave(ctx.app(), ctx.call(), id::at(&input.session_id, "sessionId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(WaitingListLeavePayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

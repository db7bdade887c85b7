//! How many champions a session needs, and whether it has them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use rules::id::SessionId;
use rules::session::PlaceKind;
use rules::staffing::{CannotSetStaffing, Count, SessionStaffingSetErrorCode, StaffingLevel};

use super::context::Ctx;
use super::id;
use super::problem::{Problem, settle};
use super::session::Session;
use crate::error::Refusal;
use crate::service::staffing::set;

/// How a kind of place is staffed.
#[derive(SimpleObject, Debug)]
pub struct Staffing {
    /// The kind of place.
    kind: PlaceKind,
    /// So many are needed: with fewer the session is at risk.
    minimum: i32,
    /// So many would be best.
    ideal: i32,
    /// So many places there are.
    maximum: i32,
    /// So many are filled.
    filled: i32,
    /// How well that meets it.
    level: StaffingLevel,
}

impl From<Count> for Staffing {
    fn from(of: Count) -> Self {
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        Self {
            kind: of.kind,
            minimum: count(of.wanted.minimum),
            ideal: count(of.wanted.ideal),
            maximum: count(of.places),
            filled: count(of.filled),
            level: of.wanted.level(of.filled),
        }
    }
}

/// Input of `sessionStaffingSet`.
#[derive(InputObject, Debug)]
pub struct SessionStaffingSetInput {
    /// Of which session.
    session_id: ID,
    /// Of which kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
    /// So many are needed.
    minimum: i32,
    /// So many would be best: no fewer than are needed, and no more than there are places.
    ideal: i32,
}

/// Result of `sessionStaffingSet`.
#[derive(SimpleObject, Debug)]
pub struct SessionStaffingSetPayload {
    /// The session; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionStaffingSetErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct StaffingMutation;

#[Object]
impl StaffingMutation {
    /// Say how many champions of a kind a session needs and how many would be best; until then it needs every lead and helper it
    /// has a place for. The group's leaders and coordinators.
    async fn session_staffing_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many.")] input: SessionStaffingSetInput,
    ) -> Option<Result<SessionStaffingSetPayload>> {
        Some(set_payload(ctx, input).await)
    }
}

async fn set_payload(ctx: &Context<'_>, input: SessionStaffingSetInput) -> Result<SessionStaffingSetPayload> {
    let result: Result<SessionId, Refusal<CannotSetStaffing>> = async {
        let session = id::at(&input.session_id, "sessionId")?;
        set(ctx.app(), ctx.call(), session, input.kind, input.minimum, input.ideal).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionStaffingSetPayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

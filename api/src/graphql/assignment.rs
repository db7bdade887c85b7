//! Assignments.

use async_graphql::parser::types::Field;
use async_graphql::{Context, ContextSelectionSet, ID, InputObject, Object, Result, ScalarType, SimpleObject, Value};
use entity::assignment;
use rules::assignment::{AssignmentReleaseErrorCode, AssignmentStatus, AssignmentWithdrawErrorCode, CannotGiveUp, CannotRelease};
use rules::id::AssignmentId;
use rules::input::paragraph;
use rules::policy::{Action, Relation};
use rules::session::PlaceKind;

use super::attendance::Attendance;
use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::{AlertsOf, AttendanceOf, Cleared, StandInsOf};
use super::paging::connection;
use super::problem::{Problem, settle};
use super::quick::{self, AtHand, text};
use super::scalar::DateTime;
use super::session::Session;
use super::stand_in::StandIn;
use crate::error::{Refusal, malformed};
use crate::service::assignment::{release, withdraw};
use crate::store::brief::Named;

/// A champion placed at a session.
#[derive(Clone, Debug)]
pub struct Assignment(pub assignment::Model);

impl Assignment {
    /// The assignment, if the caller may see it: the champion, whoever may see the session's rota.
    pub async fn find(ctx: &Context<'_>, id: AssignmentId) -> Option<Result<Self>> {
        let row = match ctx.rows().one(id).await.transpose()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        if ctx.may(Action::ChampionRotaRead, ctx.call().caller.to_champion(row.champion_id)) {
            return Some(Ok(Self(row)));
        }
        let session = ctx.rows().one(row.session_id).await.transpose()?;
        let relation = match session {
            Ok(session) => Session(session).relation(ctx).await,
            Err(error) => Err(error),
        };
        relation.map(|relation| ctx.may(Action::SessionRotaRead, relation).then_some(Self(row))).transpose()
    }

    async fn place(&self, ctx: &Context<'_>) -> Result<Option<PlaceKind>> {
        Ok(ctx.rows().one(self.0.place_id).await?.map(|place| place.kind))
    }
}

impl AtHand for Assignment {
    const TYPE: &'static str = AssignmentId::TYPE;
    const FIELDS: &'static [&'static str] = &["id", "status", "createdAt", "champion"];

    fn knows_within(field: &Field) -> bool {
        field.name.node != "champion" || quick::knows::<Named>(&field.selection_set.node)
    }

    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "id" => text(Some(self.0.id.to_global())),
            "status" => text(Some(self.0.status.code())),
            "createdAt" => DateTime(self.0.created_at).to_value(),
            "champion" => return Champion::at_hand_of(ctx, self.0.champion_id, &field.selection_set.node),
            _ => return None,
        })
    }
}

/// A champion placed at a session: an accepted offer.
#[Object]
impl Assignment {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Who.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// At which session.
    async fn session(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        ctx.rows().one(self.0.session_id).await.transpose().map(|row| row.map(Session))
    }

    /// The kind of place.
    async fn kind(&self, ctx: &Context<'_>) -> Option<Result<PlaceKind>> {
        self.place(ctx).await.transpose()
    }

    /// Where it stands.
    async fn status(&self) -> AssignmentStatus {
        self.0.status
    }

    /// Whether the champion is cleared for this session on its date, as far as is known now. Yes or no, never why.
    async fn cleared_for_session(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(kind) = self.place(ctx).await? else { return Ok(false) };
        let key = Cleared { session: self.0.session_id, kind, champion: self.0.champion_id };
        Ok(ctx.rows().one(key).await?.unwrap_or(false))
    }

    /// Whether its session was moved onto another duty of the champion, or so near to one that too little time is left to travel. The
    /// duty stands until people have decided: a stand-in, a swap, a release, or another time.
    async fn clashing(&self) -> bool {
        (self.0.clashing || self.0.hurried) && self.0.status == AssignmentStatus::Confirmed
    }

    /// Since when a changed fact has kept it from standing: a completion taken back, a check stood down, a new wording to sign, a session
    /// moved to a date or time that does not do. Null while it stands. For coordinators and the safeguarding lead, who find out why by `clearanceFor`.
    async fn at_risk_since(&self, ctx: &Context<'_>) -> Option<Result<DateTime>> {
        if !ctx.may(Action::ClearanceForecastRead, Relation::Other) || self.0.status != AssignmentStatus::Confirmed {
            return None;
        }
        let open: Result<Vec<entity::assignment_alert::Model>> = ctx.rows().list(AlertsOf(self.0.id)).await;
        open.map(|open| open.first().map(|alert| DateTime(alert.raised_at))).transpose()
    }

    /// The last search for a stand-in; null if there was none. While it is SEEKING the champion is still expected.
    async fn stand_in(&self, ctx: &Context<'_>) -> Option<Result<StandIn>> {
        ctx.rows().list(StandInsOf(self.0.id)).await.map(|rows| rows.into_iter().next_back().map(StandIn)).transpose()
    }

    /// Whether they came, and for how long; null while nobody has recorded it. For the champion, the group's leaders and
    /// coordinators.
    async fn attendance(&self, ctx: &Context<'_>) -> Option<Result<Attendance>> {
        let own = ctx.may(Action::AttendanceRead, ctx.call().caller.to_champion(self.0.champion_id));
        let session = match ctx.rows().one(self.0.session_id).await.transpose()? {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        if !own && !ctx.may(Action::AttendanceRead, ctx.call().caller.to_group(session.group_id)) {
            return None;
        }
        ctx.rows().list(AttendanceOf(self.0.id)).await.map(Attendance::of).transpose()
    }

    /// When it was accepted.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it ended; null while it stands.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// Whether the viewer may withdraw from it.
    async fn viewer_can_withdraw(&self, ctx: &Context<'_>) -> bool {
        let open = self.0.status == AssignmentStatus::Confirmed && self.0.starts_at > ctx.call().now;
        open && ctx.may(Action::AssignmentWithdraw, ctx.call().caller.to_champion(self.0.champion_id))
    }
}

connection!(AssignmentConnection, AssignmentEdge, Assignment, "assignments", assignment, |row: &assignment::Model| row.starts_at);

/// Input of `assignmentWithdraw`.
#[derive(InputObject, Debug)]
pub struct AssignmentWithdrawInput {
    /// Which assignment.
    assignment_id: ID,
    /// Why, if you want to say; up to 500 characters.
    reason: Option<String>,
}

/// Result of `assignmentWithdraw`.
#[derive(SimpleObject, Debug)]
pub struct AssignmentWithdrawPayload {
    /// The assignment as it stands now; null if there are errors.
    assignment: Option<Assignment>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AssignmentWithdrawErrorCode>>,
}

/// Input of `assignmentRelease`.
#[derive(InputObject, Debug)]
pub struct AssignmentReleaseInput {
    /// Which assignment.
    assignment_id: ID,
    /// Why, up to 500 characters.
    reason: Option<String>,
}

/// Result of `assignmentRelease`.
#[derive(SimpleObject, Debug)]
pub struct AssignmentReleasePayload {
    /// The assignment as it stands now; null if there are errors.
    assignment: Option<Assignment>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AssignmentReleaseErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct AssignmentMutation;

#[Object]
impl AssignmentMutation {
    /// Withdraw from a session: right up to its start, at no cost. The champion. The place is open again at once.
    async fn assignment_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AssignmentWithdrawInput,
    ) -> Option<Result<AssignmentWithdrawPayload>> {
        Some(withdraw_payload(ctx, input).await)
    }

    /// Release a champion from a session. Coordinators. The place is open again at once.
    async fn assignment_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AssignmentReleaseInput,
    ) -> Option<Result<AssignmentReleasePayload>> {
        Some(release_payload(ctx, input).await)
    }
}

async fn withdraw_payload(ctx: &Context<'_>, input: AssignmentWithdrawInput) -> Result<AssignmentWithdrawPayload> {
    let result: Result<AssignmentId, Refusal<CannotGiveUp>> = async {
        let reason = input.reason.map(|r| paragraph("reason", &r, 500)).transpose().map_err(malformed)?;
        withdraw(ctx.app(), ctx.call(), id::at(&input.assignment_id, "assignmentId")?, reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AssignmentWithdrawPayload { assignment: ctx.rows().maybe(id).await?.map(Assignment), user_errors })
}

async fn release_payload(ctx: &Context<'_>, input: AssignmentReleaseInput) -> Result<AssignmentReleasePayload> {
    let result: Result<AssignmentId, Refusal<CannotRelease>> = async {
        let reason = input.reason.map(|r| paragraph("reason", &r, 500)).transpose().map_err(malformed)?;
        release(ctx.app(), ctx.call(), id::at(&input.assignment_id, "assignmentId")?, reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AssignmentReleasePayload { assignment: ctx.rows().maybe(id).await?.map(Assignment), user_errors })
}

//! Requests for champions.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use entity::champion_request;
use rules::id::RequestId;
use rules::input::paragraph;
use rules::policy::{Action, Relation};
use rules::request::{CannotAsk, CannotWithdraw, ChampionRequestCreateErrorCode, ChampionRequestWithdrawErrorCode, RequestStatus};

use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::loader::{ConfirmedAt, OffersFor, PlacesOf, WavesOf};
use super::offer::Offer;
use super::once::once;
use super::paging::{Args, connection};
use super::problem::{Problem, broken, settle};
use super::scalar::DateTime;
use super::session::Session;
use super::session_change::NewSessionInput;
use super::wave::OfferWaves;
use crate::error::{Refusal, malformed};
use crate::service::request::{Target, create, stands, withdraw};
use crate::store::offer::{REQUESTS, requests};

/// A group leader's request for champions.
#[derive(Clone, Debug)]
pub struct ChampionRequest(pub champion_request::Model);

/// A group leader's request for champions at a session.
#[Object]
impl ChampionRequest {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Short reference: `REQ-0107`.
    async fn reference(&self) -> String {
        format!("REQ-{:04}", self.0.number)
    }

    /// The group that asks.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        ctx.rows().one(self.0.group_id).await.transpose().map(|row| row.map(Group))
    }

    /// The session it is for.
    async fn session(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        ctx.rows().one(self.0.session_id).await.transpose().map(|row| row.map(Session))
    }

    /// What the leader wrote.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it stands, worked out from places and offers at this instant.
    async fn status(&self, ctx: &Context<'_>) -> Result<RequestStatus> {
        let (places, confirmed, offers) = futures_util::try_join!(
            ctx.rows().list(PlacesOf(self.0.session_id)),
            ctx.rows().list(ConfirmedAt(self.0.session_id)),
            ctx.rows().list(OffersFor(self.0.session_id))
        )?;
        let session = ctx.rows().one(self.0.session_id).await?.ok_or_else(|| broken(anyhow::anyhow!("a request without its session")))?;
        Ok(stands(&self.0, &session, &places, &confirmed, &offers, ctx.call().now))
    }

    /// Offers sent for it, oldest first.
    async fn offers(&self, ctx: &Context<'_>) -> Result<Vec<Offer>> {
        Ok(ctx.rows().list(OffersFor(self.0.session_id)).await?.into_iter().filter(|o| o.request_id == self.0.id).map(Offer).collect())
    }

    /// Runs of waves for it, oldest first.
    async fn waves(&self, ctx: &Context<'_>) -> Result<Vec<OfferWaves>> {
        Ok(ctx.rows().list(WavesOf(self.0.id)).await?.into_iter().map(OfferWaves).collect())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

connection!(
    ChampionRequestConnection,
    ChampionRequestEdge,
    ChampionRequest,
    "requests for champions",
    champion_request,
    |row: &champion_request::Model| row.number
);

/// Queries.
#[derive(Default, Debug)]
pub struct RequestQuery;

#[Object]
impl RequestQuery {
    /// Requests for champions, newest first: a leader's own groups', or all for coordinators.
    async fn champion_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ChampionRequestConnection>> {
        let leads = &ctx.call().caller.leads;
        let select = if ctx.may(Action::ChampionRequestRead, Relation::Other) {
            requests(None)
        } else if ctx.may(Action::ChampionRequestRead, Relation::Own) {
            requests(Some(leads))
        } else {
            return None;
        };
        Some(ChampionRequestConnection::read(ctx, select, REQUESTS, Args { first, after, last, before }).await)
    }

    /// One request. For its group's leaders and coordinators.
    async fn champion_request(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Option<Result<ChampionRequest>> {
        ChampionRequest::find(ctx, id::parse(&id)?).await
    }
}

impl ChampionRequest {
    /// The request, if the caller may see it.
    pub async fn find(ctx: &Context<'_>, id: RequestId) -> Option<Result<Self>> {
        let row = ctx.rows().one(id).await.transpose()?;
        row.map(|row| ctx.may(Action::ChampionRequestRead, ctx.call().caller.to_group(row.group_id)).then_some(Self(row))).transpose()
    }
}

/// What champions are asked for: exactly one of these.
#[derive(OneofObject, Debug)]
pub enum RequestTargetInput {
    /// A session that is there.
    SessionId(ID),
    /// A new session, created in the same call.
    NewSession(NewSessionInput),
}

/// Input of `championRequestCreate`.
#[derive(InputObject, Debug)]
pub struct ChampionRequestCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The session.
    target: RequestTargetInput,
    /// What champions should know, up to 1,000 characters.
    #[graphql(default)]
    message: String,
}

/// Result of `championRequestCreate`.
#[derive(SimpleObject, Debug)]
pub struct ChampionRequestCreatePayload {
    /// The new request, with its session; null if there are errors.
    request: Option<ChampionRequest>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionRequestCreateErrorCode>>,
}

/// Input of `championRequestWithdraw`.
#[derive(InputObject, Debug)]
pub struct ChampionRequestWithdrawInput {
    /// Which request.
    request_id: ID,
}

/// Result of `championRequestWithdraw`.
#[derive(SimpleObject, Debug)]
pub struct ChampionRequestWithdrawPayload {
    /// The request as it stands now; null if there are errors.
    request: Option<ChampionRequest>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ChampionRequestWithdrawErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct RequestMutation;

#[Object]
impl RequestMutation {
    /// Ask for champions, for a session that is there or one created in the same call. The group's leaders and coordinators.
    async fn champion_request_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What for.")] input: ChampionRequestCreateInput,
    ) -> Option<Result<ChampionRequestCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Take a request back with its pending offers; champions who have accepted keep their places. The group's leaders and
    /// coordinators.
    async fn champion_request_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ChampionRequestWithdrawInput,
    ) -> Option<Result<ChampionRequestWithdrawPayload>> {
        Some(withdraw_payload(ctx, input).await)
    }
}

async fn create_payload(ctx: &Context<'_>, input: ChampionRequestCreateInput) -> Result<ChampionRequestCreatePayload> {
    let (id, user_errors) = settle(submit(ctx, input).await)?;
    Ok(ChampionRequestCreatePayload { request: ctx.rows().maybe(id).await?.map(ChampionRequest), user_errors })
}

async fn submit(ctx: &Context<'_>, input: ChampionRequestCreateInput) -> Result<RequestId, Refusal<CannotAsk>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let message = paragraph("message", &input.message, 1_000).map_err(malformed)?;
    let target = match input.target {
        RequestTargetInput::SessionId(id) => Target::Session(id::at(&id, "target.sessionId")?),
        RequestTargetInput::NewSession(new) => Target::New(Box::new(new.checked().map_err(crate::service::request::inside)?)),
    };
    create(ctx.app(), ctx.call(), once, target, message).await
}

async fn withdraw_payload(ctx: &Context<'_>, input: ChampionRequestWithdrawInput) -> Result<ChampionRequestWithdrawPayload> {
    let result: Result<RequestId, Refusal<CannotWithdraw>> = async {
        let request = id::at(&input.request_id, "requestId")?;
        withdraw(ctx.app(), ctx.call(), request).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(ChampionRequestWithdrawPayload { request: ctx.rows().maybe(id).await?.map(ChampionRequest), user_errors })
}

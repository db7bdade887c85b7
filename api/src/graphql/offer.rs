//! Offers.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::offer;
use rules::id::OfferId;
use rules::input::paragraph;
use rules::matching::{Blocker, BlockerKind};
use rules::offer::{
    CannotAccept, CannotDecline, CannotSend, CannotTakeBack, OfferAcceptErrorCode, OfferDeclineErrorCode, OfferSendErrorCode, OfferStatus,
    OfferWithdrawErrorCode,
};
use rules::policy::Action;
use rules::session::PlaceKind;
use rules::wave::DeclineScope;

use super::assignment::Assignment;
use super::bundle::OfferBundle;
use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::{AskingOf, AssignmentOf, CannotAcceptOf};
use super::once::once;
use super::paging::connection;
use super::problem::{Problem, problem, settle};
use super::request::ChampionRequest;
use super::scalar::DateTime;
use super::session::Session;
use crate::error::{Refusal, malformed};
use crate::service::offer::{accept, decline, fact, send};
use crate::service::offer_close::withdraw;

/// An invitation to a champion.
#[derive(Clone, Debug)]
pub struct Offer(pub offer::Model);

/// An invitation to a champion for a kind of place at a session.
#[Object]
impl Offer {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Who is asked.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// For which session.
    async fn session(&self, ctx: &Context<'_>) -> Option<Result<Session>> {
        ctx.rows().one(self.0.session_id).await.transpose().map(|row| row.map(Session))
    }

    /// The kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// Where it stands at this instant.
    async fn status(&self, ctx: &Context<'_>) -> OfferStatus {
        fact(&self.0).status_at(ctx.call().now)
    }

    /// What whoever asks wrote.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// When it was sent.
    async fn sent_at(&self) -> DateTime {
        DateTime(self.0.sent_at)
    }

    /// When it lapses.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// When it was answered or closed.
    async fn responded_at(&self) -> Option<DateTime> {
        self.0.responded_at.map(DateTime)
    }

    /// The number of the wave it was sent in; null if somebody chose the champion. For the group's leaders and coordinators.
    async fn wave(&self, ctx: &Context<'_>) -> Option<Result<i32>> {
        self.asking(ctx).await.map(|found| found.map(|asking| asking?.wave)).and_then(Result::transpose)
    }

    /// Why this champion was asked, and why then; null if somebody chose them without a ranking. For the group's leaders and
    /// coordinators.
    async fn asked_because(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        self.asking(ctx).await.map(|found| found.map(|asking| asking?.because)).and_then(Result::transpose)
    }

    /// What it was sent with, if several dates were offered at once.
    async fn bundle(&self, ctx: &Context<'_>) -> Option<Result<OfferBundle>> {
        ctx.rows().maybe(self.0.bundle_id).await.transpose().map(|row| row.map(OfferBundle))
    }

    /// The place it led to, once accepted.
    async fn assignment(&self, ctx: &Context<'_>) -> Option<Result<Assignment>> {
        ctx.rows().list(AssignmentOf(self.0.id)).await.map(|rows| rows.into_iter().next().map(Assignment)).transpose()
    }

    /// Why the viewer could not accept it now, by the rule that `offerAccept` enforces; empty when they could, or have. Null for
    /// everybody but the champion.
    async fn viewer_cannot_accept_reasons(&self, ctx: &Context<'_>) -> Option<Result<Vec<Problem<OfferAcceptErrorCode>>>> {
        if !ctx.may(Action::OfferAccept, ctx.call().caller.to_champion(self.0.champion_id)) {
            return None;
        }
        let reasons = ctx.rows().list(CannotAcceptOf(self.0.id)).await;
        Some(reasons.map(|reasons| reasons.iter().map(problem).collect()))
    }
}

connection!(OfferConnection, OfferEdge, Offer, "offers", offer, |row: &offer::Model| row.sent_at);

/// One thing that stands between a champion and a place.
#[derive(SimpleObject, Clone, Debug)]
pub struct BlockingReason {
    /// The category.
    kind: BlockerKind,
    /// In plain English.
    explanation: String,
}

impl From<Blocker> for BlockingReason {
    fn from(blocker: Blocker) -> Self {
        Self { kind: blocker.kind(), explanation: blocker.to_string() }
    }
}

/// Input of `offerSend`.
#[derive(InputObject, Debug)]
pub struct OfferSendInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// For which request.
    request_id: ID,
    /// The kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
    /// Who is asked: up to 20 champions, each once; the first to accept takes the place. Everybody is asked, or nobody.
    champion_ids: Vec<ID>,
    /// What they should know, up to 1,000 characters.
    #[graphql(default)]
    message: String,
}

/// Result of `offerSend`.
#[derive(SimpleObject, Debug)]
pub struct OfferSendPayload {
    /// The offers, in the order of the list; empty if there are errors.
    offers: Vec<Offer>,
    /// The request as it stands now; null if there are errors.
    request: Option<ChampionRequest>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferSendErrorCode>>,
}

/// Input of `offerAccept`.
#[derive(InputObject, Debug)]
pub struct OfferAcceptInput {
    /// Which offer.
    offer_id: ID,
}

/// Result of `offerAccept`.
#[derive(SimpleObject, Debug)]
pub struct OfferAcceptPayload {
    /// The place; null if there are errors. Accepting twice answers the same.
    assignment: Option<Assignment>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferAcceptErrorCode>>,
}

/// Input of `offerDecline`.
#[derive(InputObject, Debug)]
pub struct OfferDeclineInput {
    /// Which offer.
    offer_id: ID,
    /// What the "no" is about: this session, or any for the next 14 days.
    #[graphql(default_with = "DeclineScope::NotThisOne")]
    scope: DeclineScope,
    /// Why, if you want to say; up to 500 characters.
    reason: Option<String>,
}

/// Result of `offerDecline`.
#[derive(SimpleObject, Debug)]
pub struct OfferDeclinePayload {
    /// The offer as it stands now; null if there are errors.
    offer: Option<Offer>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferDeclineErrorCode>>,
}

/// Input of `offerWithdraw`.
#[derive(InputObject, Debug)]
pub struct OfferWithdrawInput {
    /// Which offer.
    offer_id: ID,
}

/// Result of `offerWithdraw`.
#[derive(SimpleObject, Debug)]
pub struct OfferWithdrawPayload {
    /// The offer as it stands now; null if there are errors.
    offer: Option<Offer>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferWithdrawErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct OfferMutation;

#[Object]
impl OfferMutation {
    /// Ask champions; the first to accept takes the place. The group's leaders and coordinators.
    async fn offer_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and for what.")] input: OfferSendInput,
    ) -> Option<Result<OfferSendPayload>> {
        Some(send_payload(ctx, input).await)
    }

    /// Accept an offer. The champion. Everything is judged again, for the session's date.
    async fn offer_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: OfferAcceptInput,
    ) -> Option<Result<OfferAcceptPayload>> {
        Some(accept_payload(ctx, input).await)
    }

    /// Decline an offer, at no cost. The champion.
    async fn offer_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: OfferDeclineInput,
    ) -> Option<Result<OfferDeclinePayload>> {
        Some(decline_payload(ctx, input).await)
    }

    /// Take an offer back. The group's leaders and coordinators.
    async fn offer_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: OfferWithdrawInput,
    ) -> Option<Result<OfferWithdrawPayload>> {
        Some(withdraw_payload(ctx, input).await)
    }
}

async fn send_payload(ctx: &Context<'_>, input: OfferSendInput) -> Result<OfferSendPayload> {
    let request = id::parse(&input.request_id);
    let (ids, user_errors) = settle(submit(ctx, input).await)?;
    let Some(ids) = ids else { return Ok(OfferSendPayload { offers: Vec::new(), request: None, user_errors }) };
    let rows: Vec<offer::Model> = ctx.rows().many(ids).await?;
    Ok(OfferSendPayload {
        offers: rows.into_iter().map(Offer).collect(),
        request: ctx.rows().maybe::<rules::id::RequestId>(request).await?.map(ChampionRequest),
        user_errors,
    })
}

async fn submit(ctx: &Context<'_>, input: OfferSendInput) -> Result<Vec<OfferId>, Refusal<CannotSend>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let request = id::at(&input.request_id, "requestId")?;
    let champions = id::all(&input.champion_ids, "championIds")?;
    let message = paragraph("message", &input.message, 1_000).map_err(malformed)?;
    send(ctx.app(), ctx.call(), once, request, input.kind, champions, message).await
}

async fn accept_payload(ctx: &Context<'_>, input: OfferAcceptInput) -> Result<OfferAcceptPayload> {
    let result: Result<entity::assignment::Model, Refusal<CannotAccept>> =
        async { accept(ctx.app(), ctx.call(), id::at(&input.offer_id, "offerId")?).await }.await;
    let (made, user_errors) = settle(result)?;
    Ok(OfferAcceptPayload { assignment: made.map(Assignment), user_errors })
}

async fn decline_payload(ctx: &Context<'_>, input: OfferDeclineInput) -> Result<OfferDeclinePayload> {
    let result: Result<OfferId, Refusal<CannotDecline>> = async {
        let reason = input.reason.map(|r| paragraph("reason", &r, 500)).transpose().map_err(malformed)?.filter(|r| !r.is_empty());
        decline(ctx.app(), ctx.call(), id::at(&input.offer_id, "offerId")?, input.scope, reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(OfferDeclinePayload { offer: ctx.rows().maybe(id).await?.map(Offer), user_errors })
}

async fn withdraw_payload(ctx: &Context<'_>, input: OfferWithdrawInput) -> Result<OfferWithdrawPayload> {
    let result: Result<OfferId, Refusal<CannotTakeBack>> =
        async { withdraw(ctx.app(), ctx.call(), id::at(&input.offer_id, "offerId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(OfferWithdrawPayload { offer: ctx.rows().maybe(id).await?.map(Offer), user_errors })
}

impl Offer {
    /// Why it was sent, for those who may see the request.
    async fn asking(&self, ctx: &Context<'_>) -> Option<Result<Option<entity::asking::Model>>> {
        if let Err(error) = ChampionRequest::find(ctx, self.0.request_id).await? {
            return Some(Err(error));
        }
        Some(ctx.rows().list(AskingOf(self.0.id)).await.map(|rows| rows.into_iter().next()))
    }

    /// The offer, if the caller may see it: the champion, the group's leaders, coordinators.
    pub async fn find(ctx: &Context<'_>, id: OfferId) -> Option<Result<Self>> {
        let row = match ctx.rows().one(id).await.transpose()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        if ctx.may(Action::ChampionRotaRead, ctx.call().caller.to_champion(row.champion_id)) {
            return Some(Ok(Self(row)));
        }
        let request = ChampionRequest::find(ctx, row.request_id).await?;
        Some(request.map(|_| Self(row)))
    }
}

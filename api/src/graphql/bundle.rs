//! Offers of several dates.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::offer_bundle;
use rules::bundle::{CannotAnswerBundle, CannotSendBundle, OfferBundleAnswerErrorCode, OfferBundleSendErrorCode};
use rules::id::{AssignmentId, OfferBundleId, OfferId};
use rules::input::paragraph;
use rules::offer::{OfferAcceptErrorCode, OfferDeclineErrorCode, OfferStatus};
use rules::policy::Action;
use rules::session::PlaceKind;
use rules::wave::DeclineScope;

use super::assignment::Assignment;
use super::champion::Champion;
use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::loader::OffersOfBundle;
use super::offer::Offer;
use super::once::once;
use super::paging::connection;
use super::problem::{Problem, problem, settle};
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::bundle::{Answered, NewBundle, Reply, answer, send};
use crate::service::offer::fact;

/// Several dates offered to a champion at once.
#[derive(Clone, Debug)]
pub struct OfferBundle(pub offer_bundle::Model);

impl OfferBundle {
    /// The bundle, if the caller may see its offers: the champion, the group's leaders, coordinators.
    pub async fn find(ctx: &Context<'_>, id: OfferBundleId) -> Option<Result<Self>> {
        let row: offer_bundle::Model = match ctx.rows().one(id).await.transpose()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let caller = &ctx.call().caller;
        let seen = ctx.may(Action::ChampionRotaRead, caller.to_champion(row.champion_id))
            || ctx.may(Action::ChampionRequestRead, caller.to_group(row.group_id));
        seen.then_some(Ok(Self(row)))
    }

    async fn dates(&self, ctx: &Context<'_>) -> Result<Vec<entity::offer::Model>> {
        ctx.rows().list(OffersOfBundle(self.0.id)).await
    }
}

/// Several dates of a group, offered to a champion at once: one message, and one answer if they like. Each date is an offer like any other,
/// and may be answered alone too.
#[Object]
impl OfferBundle {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Who is asked.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// The group that asks.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        ctx.rows().one(self.0.group_id).await.transpose().map(|row| row.map(Group))
    }

    /// What whoever asks wrote.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// When it was sent.
    async fn sent_at(&self) -> DateTime {
        DateTime(self.0.sent_at)
    }

    /// The offers, by the dates of their sessions.
    async fn offers(&self, ctx: &Context<'_>) -> Result<Vec<Offer>> {
        Ok(self.dates(ctx).await?.into_iter().map(Offer).collect())
    }

    /// How many of them wait for an answer at this instant.
    async fn waiting_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let now = ctx.call().now;
        let waiting = self.dates(ctx).await?.iter().filter(|o| fact(o).status_at(now) == OfferStatus::Pending).count();
        Ok(i32::try_from(waiting).unwrap_or(i32::MAX))
    }
}

connection!(OfferBundleConnection, OfferBundleEdge, OfferBundle, "offers of several dates", offer_bundle, |row: &offer_bundle::Model| row
    .sent_at);

/// Input of `offerBundleSend`.
#[derive(InputObject, Debug)]
pub struct OfferBundleSendInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Who is asked.
    champion_id: ID,
    /// For which sessions, 2 to 20 of one group, such as the dates of a series. All are offered, or none.
    session_ids: Vec<ID>,
    /// The kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
    /// What they should know, up to 1,000 characters.
    #[graphql(default)]
    message: String,
}

/// Result of `offerBundleSend`.
#[derive(SimpleObject, Debug)]
pub struct OfferBundleSendPayload {
    /// What was offered; null if there are errors.
    bundle: Option<OfferBundle>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferBundleSendErrorCode>>,
}

/// Input of `offerBundleAnswer`.
#[derive(InputObject, Debug)]
pub struct OfferBundleAnswerInput {
    /// Which dates.
    bundle_id: ID,
    /// The offers to accept, from those of the bundle. The others are declined, at no cost: an empty list declines all.
    accept_offer_ids: Vec<ID>,
    /// What the "no" is about: these sessions, or any for the next 14 days.
    #[graphql(default_with = "DeclineScope::NotThisOne")]
    scope: DeclineScope,
    /// Why not the others, if you want to say; up to 500 characters.
    reason: Option<String>,
}

/// What became of a date.
#[derive(SimpleObject, Debug)]
pub struct OfferBundleDate {
    /// Its offer, as it stands now.
    offer: Offer,
    /// The place, if it was accepted.
    assignment: Option<Assignment>,
    /// Why it could not be accepted; empty if it was, or was not to be.
    not_accepted: Vec<Problem<OfferAcceptErrorCode>>,
    /// Why it could not be declined; empty if it was, or was not to be.
    not_declined: Vec<Problem<OfferDeclineErrorCode>>,
}

/// Result of `offerBundleAnswer`.
#[derive(SimpleObject, Debug)]
pub struct OfferBundleAnswerPayload {
    /// What became of each date, accepted ones first; empty if there are errors. Sending the same answer again answers the same.
    dates: Vec<OfferBundleDate>,
    /// What stood in the way of all of them; empty on success.
    user_errors: Vec<Problem<OfferBundleAnswerErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct BundleMutation;

#[Object]
impl BundleMutation {
    /// Offer a champion several dates at once; it counts as asking them once. The group's leaders and coordinators.
    async fn offer_bundle_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and for what.")] input: OfferBundleSendInput,
    ) -> Option<Result<OfferBundleSendPayload>> {
        Some(send_payload(ctx, input).await)
    }

    /// Answer several dates at once: yes to some, to all or to none. The champion. Each date is judged on its own, as by `offerAccept` and
    /// `offerDecline`, and what can't be had of one does not keep the others.
    async fn offer_bundle_answer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and what to.")] input: OfferBundleAnswerInput,
    ) -> Option<Result<OfferBundleAnswerPayload>> {
        Some(answer_payload(ctx, input).await)
    }
}

async fn send_payload(ctx: &Context<'_>, input: OfferBundleSendInput) -> Result<OfferBundleSendPayload> {
    let (id, user_errors) = settle(submit(ctx, input).await)?;
    Ok(OfferBundleSendPayload { bundle: ctx.rows().maybe(id).await?.map(OfferBundle), user_errors })
}

async fn submit(ctx: &Context<'_>, input: OfferBundleSendInput) -> Result<OfferBundleId, Refusal<CannotSendBundle>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let champion = id::at(&input.champion_id, "championId")?;
    let sessions = id::all(&input.session_ids, "sessionIds")?;
    let message = paragraph("message", &input.message, 1_000).map_err(malformed)?;
    send(ctx.app(), ctx.call(), once, NewBundle { champion, sessions, kind: input.kind, message }).await
}

async fn answer_payload(ctx: &Context<'_>, input: OfferBundleAnswerInput) -> Result<OfferBundleAnswerPayload> {
    let result: Result<Vec<Answered>, Refusal<CannotAnswerBundle>> = async {
        let bundle = id::at(&input.bundle_id, "bundleId")?;
        let yes = id::all(&input.accept_offer_ids, "acceptOfferIds")?;
        let reason = input.reason.map(|r| paragraph("reason", &r, 500)).transpose().map_err(malformed)?.filter(|r| !r.is_empty());
        answer(ctx.app(), ctx.call(), bundle, Reply { yes, scope: input.scope, reason }).await
    }
    .await;
    let (answered, user_errors) = settle(result)?;
    Ok(OfferBundleAnswerPayload { dates: dates(ctx, answered.unwrap_or_default()).await?, user_errors })
}

async fn dates(ctx: &Context<'_>, answered: Vec<Answered>) -> Result<Vec<OfferBundleDate>> {
    let offers: Vec<OfferId> = answered.iter().map(|a| a.offer).collect();
    let places: Vec<AssignmentId> = answered.iter().filter_map(|a| a.assignment).collect();
    let (offers, places) = futures_util::try_join!(ctx.rows().many(offers), ctx.rows().many(places))?;
    let mut places = places.into_iter();
    let date = |(answered, offer): (Answered, entity::offer::Model)| OfferBundleDate {
        offer: Offer(offer),
        assignment: answered.assignment.and_then(|_| places.next()).map(Assignment),
        not_accepted: answered.not_accepted.iter().map(problem).collect(),
        not_declined: answered.not_declined.iter().map(problem).collect(),
    };
    Ok(answered.into_iter().zip(offers).map(date).collect())
}

//! Waves of offers.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::offer_waves;
use rules::id::WavesId;
use rules::input::paragraph;
use rules::reason::Malformed;
use rules::session::PlaceKind;
use rules::wave::{CannotStartWaves, CannotStopWaves, OfferWavesStartErrorCode, OfferWavesStopErrorCode, WAVE_LIMIT, WavesStatus};

use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::OffersFor;
use super::offer::Offer;
use super::once::once;
use super::problem::{Problem, settle};
use super::request::ChampionRequest;
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::wave::{Run, start, stop};

/// A run of waves.
#[derive(Clone, Debug)]
pub struct OfferWaves(pub offer_waves::Model);

/// A run of waves: champions are asked, the best few first, then more as time passes or when nobody is left to answer, until the
/// places are filled. Nobody is asked too often, twice for one session, or while they want quiet.
#[Object]
impl OfferWaves {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// For which request.
    async fn request(&self, ctx: &Context<'_>) -> Option<Result<ChampionRequest>> {
        ChampionRequest::find(ctx, self.0.request_id).await
    }

    /// For which kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// Where it stands.
    async fn status(&self) -> WavesStatus {
        self.0.status
    }

    /// Whether everybody who could come is asked at once.
    async fn urgent(&self) -> bool {
        self.0.urgent
    }

    /// Whether it looks for a stand-in.
    async fn for_stand_in(&self) -> bool {
        self.0.stand_in_id.is_some()
    }

    /// How many waves have gone out.
    async fn wave_count(&self) -> i32 {
        self.0.wave
    }

    /// When the next wave is due, unless the places are filled before; null once it has ended.
    async fn next_at(&self) -> Option<DateTime> {
        (self.0.status == WavesStatus::Running).then_some(DateTime(self.0.next_at))
    }

    /// When it began.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// When it ended; null while it runs.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// Everybody who was asked, oldest first; each offer says why.
    async fn offers(&self, ctx: &Context<'_>) -> Result<Vec<Offer>> {
        let all = ctx.rows().list(OffersFor(self.0.session_id)).await?;
        let askings = futures_util::future::try_join_all(all.iter().map(|o| ctx.rows().list(super::loader::AskingOf(o.id)))).await?;
        let mine = |askings: &Vec<entity::asking::Model>| askings.iter().any(|a| a.waves_id == Some(self.0.id));
        Ok(all.into_iter().zip(askings).filter(|(_, a)| mine(a)).map(|(offer, _)| Offer(offer)).collect())
    }
}

/// Input of `offerWavesStart`.
#[derive(InputObject, Debug)]
pub struct OfferWavesStartInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// For which request.
    request_id: ID,
    /// The kind of place.
    #[graphql(default_with = "PlaceKind::Helper")]
    kind: PlaceKind,
    /// How many a wave asks, 1 to 20.
    #[graphql(default = 5)]
    size: i32,
    /// Minutes until the next wave, 5 to 10,080; it goes out sooner when nobody is left to answer.
    #[graphql(default = 240)]
    every_minutes: i32,
    /// Ask everybody who could come at once, up to 100; offers then stand for 12 hours.
    #[graphql(default)]
    urgent: bool,
    /// What they should know, up to 1,000 characters.
    #[graphql(default)]
    message: String,
}

/// Result of `offerWavesStart`.
#[derive(SimpleObject, Debug)]
pub struct OfferWavesStartPayload {
    /// The run, its first wave sent; null if there are errors.
    waves: Option<OfferWaves>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferWavesStartErrorCode>>,
}

/// Input of `offerWavesStop`.
#[derive(InputObject, Debug)]
pub struct OfferWavesStopInput {
    /// Which run.
    waves_id: ID,
}

/// Result of `offerWavesStop`.
#[derive(SimpleObject, Debug)]
pub struct OfferWavesStopPayload {
    /// The run as it stands now; null if there are errors.
    waves: Option<OfferWaves>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OfferWavesStopErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct WaveMutation;

#[Object]
impl WaveMutation {
    /// Ask champions in waves until the places are filled; the first wave goes out at once. The group's leaders and coordinators.
    async fn offer_waves_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For what, and how.")] input: OfferWavesStartInput,
    ) -> Option<Result<OfferWavesStartPayload>> {
        Some(start_payload(ctx, input).await)
    }

    /// Stop asking; offers that wait for an answer stand. Stopping twice answers the same. The group's leaders and coordinators.
    async fn offer_waves_stop(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which run.")] input: OfferWavesStopInput,
    ) -> Option<Result<OfferWavesStopPayload>> {
        Some(stop_payload(ctx, input).await)
    }
}

async fn start_payload(ctx: &Context<'_>, input: OfferWavesStartInput) -> Result<OfferWavesStartPayload> {
    let (id, user_errors) = settle(submit(ctx, input).await)?;
    Ok(OfferWavesStartPayload { waves: ctx.rows().maybe(id).await?.map(OfferWaves), user_errors })
}

async fn submit(ctx: &Context<'_>, input: OfferWavesStartInput) -> Result<WavesId, Refusal<CannotStartWaves>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let request = id::at(&input.request_id, "requestId")?;
    if !(1..=WAVE_LIMIT as i32).contains(&input.size) {
        return Err(malformed(Malformed::new("size", format!("Ask between 1 and {WAVE_LIMIT} champions a wave."))));
    }
    if !(5..=10_080).contains(&input.every_minutes) {
        return Err(malformed(Malformed::new("everyMinutes", "Give between 5 minutes and 10,080, a week.")));
    }
    let run = Run {
        kind: input.kind,
        size: input.size,
        every_minutes: input.every_minutes,
        urgent: input.urgent,
        message: paragraph("message", &input.message, 1_000).map_err(malformed)?,
        stand_in: None,
    };
    start(ctx.app(), ctx.call(), once, request, run).await
}

async fn stop_payload(ctx: &Context<'_>, input: OfferWavesStopInput) -> Result<OfferWavesStopPayload> {
    let result: Result<WavesId, Refusal<CannotStopWaves>> =
        async { stop(ctx.app(), ctx.call(), id::at(&input.waves_id, "wavesId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(OfferWavesStopPayload { waves: ctx.rows().maybe(id).await?.map(OfferWaves), user_errors })
}

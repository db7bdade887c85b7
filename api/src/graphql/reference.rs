//! References: asking, taking back, deciding, and who sees what of them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::referee_reference;
use rules::id::{ChampionId, ReferenceId};
use rules::input::{email, line, person_name};
use rules::policy::{Action, Relation, Role};
use rules::reference::{
    CannotAskReference, CannotDecideReference, CannotWithdrawReference, Decider, KnownFor, Recommends, ReferenceDecideErrorCode,
    ReferenceLevel, ReferenceRequestErrorCode, ReferenceStatus, ReferenceWithdrawErrorCode, decide as judge,
};

use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::once::once;
use super::paging::{Args, connection};
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::reference::{Referee, Requested, decide, request, withdraw};
use crate::store::reference::{BY_ASKING, select};

/// A reference asked of somebody the champion named.
#[derive(Clone, Debug)]
pub struct Reference(pub referee_reference::Model);

/// Who a referee is: somebody else's data.
#[derive(SimpleObject, Debug)]
pub struct RefereeDetail {
    /// Their name; null once it was removed.
    name: Option<String>,
    /// Their address; null once it was removed.
    email: Option<String>,
    /// How they know the champion; null once it was removed.
    how_known: Option<String>,
}

/// What a referee answered.
#[derive(SimpleObject, Debug)]
pub struct ReferenceAnswer {
    /// For how long they have known the champion.
    known_for: KnownFor,
    /// Whether they recommend them.
    recommends: Recommends,
    /// Whether they raised a concern.
    concerns: bool,
    /// What they added.
    comment: String,
}

impl Reference {
    fn own(&self, ctx: &Context<'_>) -> bool {
        ctx.call().caller.to_champion(self.0.champion_id) == Relation::Own
    }

    /// What was said, of an answer that is there, to whoever may read it: a concern is the safeguarding lead's alone.
    fn read(&self, ctx: &Context<'_>) -> bool {
        let worrying = self.0.concerns == Some(true) || self.0.recommends == Some(Recommends::No);
        let action = if worrying { Action::ReferenceConcernRead } else { Action::ReferenceDetailRead };
        !self.own(ctx) && ctx.may(action, Relation::Other)
    }
}

/// A reference asked of somebody the champion named.
#[Object]
impl Reference {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// For whom.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// What it was asked for.
    async fn level(&self) -> ReferenceLevel {
        self.0.level
    }

    /// Where it stands. The champion sees that it was answered, never how that is weighed.
    async fn status(&self, ctx: &Context<'_>) -> ReferenceStatus {
        if self.own(ctx) { self.0.status.to_champion() } else { self.0.status }
    }

    /// Who was asked. For coordinators and the safeguarding lead; never for the champion themselves.
    async fn referee(&self, ctx: &Context<'_>) -> Option<RefereeDetail> {
        (!self.own(ctx) && ctx.may(Action::ReferenceDetailRead, Relation::Other)).then(|| RefereeDetail {
            name: self.0.referee_name.clone(),
            email: self.0.email.clone(),
            how_known: self.0.how_known.clone(),
        })
    }

    /// What they answered; null before that. For coordinators and the safeguarding lead, and for the safeguarding lead alone where a
    /// concern was raised.
    async fn answer(&self, ctx: &Context<'_>) -> Option<ReferenceAnswer> {
        self.read(ctx).then_some(())?;
        Some(ReferenceAnswer {
            known_for: self.0.known_for?,
            recommends: self.0.recommends?,
            concerns: self.0.concerns?,
            comment: self.0.comment.clone()?,
        })
    }

    /// When they were asked.
    async fn asked_at(&self) -> DateTime {
        DateTime(self.0.asked_at)
    }

    /// How many reminders went out.
    async fn reminders(&self) -> i32 {
        self.0.reminders
    }

    /// When the link ends.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// When they answered; null before that.
    async fn answered_at(&self) -> Option<DateTime> {
        self.0.answered_at.map(DateTime)
    }

    /// Whether the viewer may decide about it now.
    async fn viewer_can_decide(&self, ctx: &Context<'_>) -> bool {
        let by = Decider { own: self.own(ctx), is_lead: ctx.call().caller.has(Role::SafeguardingLead) };
        ctx.may(Action::ReferenceDecide, Relation::Other) && judge(self.0.status, true, by).is_ok_and(|to| to != self.0.status)
    }
}

connection!(ReferenceConnection, ReferenceEdge, Reference, "references", referee_reference, |row: &referee_reference::Model| row.asked_at);

/// Queries.
#[derive(Default, Debug)]
pub struct ReferenceQuery;

#[Object]
impl ReferenceQuery {
    /// References, oldest first: what waits for an answer or a decision. For coordinators and the safeguarding lead.
    async fn references(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those in these states; all if left out.", default)] statuses: Vec<ReferenceStatus>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ReferenceConnection>> {
        if !ctx.may(Action::ReferenceDetailRead, Relation::Other) {
            return None;
        }
        Some(ReferenceConnection::read(ctx, select(&statuses), BY_ASKING, Args { first, after, last, before }).await)
    }
}

/// Input of `referenceRequest`.
#[derive(InputObject, Debug)]
pub struct ReferenceRequestInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// For whom.
    champion_id: ID,
    /// The referee's name.
    name: String,
    /// The referee's e-mail address.
    email: String,
    /// How they know the champion, up to 200 characters.
    how_known: String,
    /// Whether they are a relative: then they can't be a referee.
    is_relative: bool,
    /// What the reference is for.
    #[graphql(default_with = "ReferenceLevel::General")]
    level: ReferenceLevel,
}

/// Result of `referenceRequest`.
#[derive(SimpleObject, Debug)]
pub struct ReferenceRequestPayload {
    /// The reference; null if there are errors.
    reference: Option<Reference>,
    /// Whether an earlier answer of the same referee is used again, so that nobody is asked.
    reused: bool,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ReferenceRequestErrorCode>>,
}

/// Input of `referenceWithdraw`.
#[derive(InputObject, Debug)]
pub struct ReferenceWithdrawInput {
    /// Which.
    reference_id: ID,
}

/// Result of `referenceWithdraw`.
#[derive(SimpleObject, Debug)]
pub struct ReferenceWithdrawPayload {
    /// The reference; null if there are errors.
    reference: Option<Reference>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ReferenceWithdrawErrorCode>>,
}

/// Input of `referenceDecide`.
#[derive(InputObject, Debug)]
pub struct ReferenceDecideInput {
    /// Which.
    reference_id: ID,
    /// Whether it counts.
    accept: bool,
}

/// Result of `referenceDecide`.
#[derive(SimpleObject, Debug)]
pub struct ReferenceDecidePayload {
    /// The reference; null if there are errors.
    reference: Option<Reference>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ReferenceDecideErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct ReferenceMutation;

#[Object]
impl ReferenceMutation {
    /// Name a referee: they are asked by e-mail, with a link that needs no account. For the champion and coordinators.
    async fn reference_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom, and who is asked.")] input: ReferenceRequestInput,
    ) -> Option<Result<ReferenceRequestPayload>> {
        Some(request_payload(ctx, input).await)
    }

    /// Take a reference back that was not answered; its link ends. For the champion and coordinators.
    async fn reference_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ReferenceWithdrawInput,
    ) -> Option<Result<ReferenceWithdrawPayload>> {
        Some(withdraw_payload(ctx, input).await)
    }

    /// Decide whether an answer counts. Coordinators; where a concern was raised, the safeguarding lead alone. Two that count meet
    /// the requirement.
    async fn reference_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and how.")] input: ReferenceDecideInput,
    ) -> Option<Result<ReferenceDecidePayload>> {
        Some(decide_payload(ctx, input).await)
    }
}

async fn request_payload(ctx: &Context<'_>, input: ReferenceRequestInput) -> Result<ReferenceRequestPayload> {
    let (asked, user_errors) = settle(submit(ctx, input).await)?;
    let (id, reused) = asked.map_or((None, false), |(id, reused)| (Some(id), reused));
    Ok(ReferenceRequestPayload { reference: ctx.rows().maybe(id).await?.map(Reference), reused, user_errors })
}

async fn submit(ctx: &Context<'_>, input: ReferenceRequestInput) -> Result<Requested, Refusal<CannotAskReference>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let champion: ChampionId = id::at(&input.champion_id, "championId")?;
    let referee = Referee {
        name: person_name("name", &input.name).map_err(malformed)?,
        email: email("email", &input.email).map_err(malformed)?,
        how_known: line("howKnown", &input.how_known, 200).map_err(malformed)?,
        is_relative: input.is_relative,
        level: input.level,
    };
    request(ctx.app(), ctx.call(), once, champion, referee).await
}

async fn withdraw_payload(ctx: &Context<'_>, input: ReferenceWithdrawInput) -> Result<ReferenceWithdrawPayload> {
    let result: Result<ReferenceId, Refusal<CannotWithdrawReference>> =
        async { withdraw(ctx.app(), ctx.call(), id::at(&input.reference_id, "referenceId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(ReferenceWithdrawPayload { reference: ctx.rows().maybe(id).await?.map(Reference), user_errors })
}

async fn decide_payload(ctx: &Context<'_>, input: ReferenceDecideInput) -> Result<ReferenceDecidePayload> {
    let result: Result<ReferenceId, Refusal<CannotDecideReference>> =
        async { decide(ctx.app(), ctx.call(), id::at(&input.reference_id, "referenceId")?, input.accept).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(ReferenceDecidePayload { reference: ctx.rows().maybe(id).await?.map(Reference), user_errors })
}

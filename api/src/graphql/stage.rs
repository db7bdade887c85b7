//! The stage board of the coordinators.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use rules::champion::Membership;
use rules::onboarding::WaitingOn;
use rules::policy::{Action, Relation};
use rules::stage::{Board, CannotLimitStage, Limit, OnboardingStageLimitErrorCode, Queue};
use std::collections::HashMap;

use super::champion::ChampionConnection;
use super::context::Ctx;
use super::paging::Args;
use super::problem::{Problem, broken, settle};
use super::requirement::Requirement;
use crate::error::Refusal;
use crate::service::stage::{board, set_limit};
use crate::store::champion::{BY_REFERENCE, these};
use rules::id::RequirementId;

/// Everybody on their way in: by the stage they stand at, and by what they still have to do.
#[derive(Debug)]
pub struct OnboardingBoard {
    board: Board,
    names: HashMap<RequirementId, String>,
}

/// How many wait for whom.
#[derive(SimpleObject, Debug)]
pub struct WaitingCount {
    /// Who has to act next.
    waiting_on: WaitingOn,
    /// How many wait for them.
    count: usize,
}

impl OnboardingBoard {
    /// The board as it stands now.
    pub async fn load(ctx: &Context<'_>) -> Result<Self> {
        let (board, names) = ctx.rows().aside(board(ctx.app(), ctx.call())).await.map_err(broken)?;
        Ok(Self { board, names })
    }
}

/// Everybody on their way in: by the stage they stand at, and by what they still have to do.
#[Object]
impl OnboardingBoard {
    /// A line for each stage, in their order.
    async fn stages(&self) -> Vec<OnboardingStage> {
        self.board
            .stages
            .iter()
            .map(|(stage, limit, queue)| OnboardingStage { stage: *stage, limit: *limit, queue: queue.clone() })
            .collect()
    }

    /// A line for each requirement that somebody still has to meet.
    async fn requirements(&self) -> Vec<OnboardingRequirement> {
        let title = |id: &RequirementId| self.names.get(id).cloned().unwrap_or_default();
        self.board
            .requirements
            .iter()
            .map(|(id, queue)| OnboardingRequirement { id: *id, title: title(id), queue: queue.clone() })
            .collect()
    }
}

/// A stage of the way in, and who stands at it.
#[derive(Debug)]
pub struct OnboardingStage {
    stage: Membership,
    limit: Limit,
    queue: Queue,
}

/// A stage of the way in, and who stands at it.
#[Object]
impl OnboardingStage {
    /// Which.
    async fn stage(&self) -> Membership {
        self.stage
    }

    /// How many stand at it.
    async fn count(&self) -> usize {
        self.queue.0.len()
    }

    /// The median of their days at it; null if nobody stands at it.
    async fn median_days(&self) -> Option<f64> {
        self.queue.median_days()
    }

    /// How many days it should take.
    async fn ideal_days(&self) -> i64 {
        self.limit.ideal_days
    }

    /// How many days it may take.
    async fn most_days(&self) -> i64 {
        self.limit.most_days
    }

    /// How many have stood at it for longer than it may take.
    async fn overdue_count(&self) -> usize {
        self.queue.overdue()
    }

    /// How many wait for whom, by the next line of their checklist.
    async fn waiting(&self) -> Vec<WaitingCount> {
        counts(&self.queue)
    }

    /// Who they are, by reference.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a connection and two conditions")]
    async fn champions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those who are overdue.", default)] overdue_only: bool,
        #[graphql(desc = "Only those who wait for this one.")] waiting_on: Option<WaitingOn>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ChampionConnection>> {
        Some(page(ctx, &self.queue, (overdue_only, waiting_on), Args { first, after, last, before }).await)
    }
}

/// A requirement, and who still has to meet it.
#[derive(Debug)]
pub struct OnboardingRequirement {
    id: RequirementId,
    title: String,
    queue: Queue,
}

/// A requirement, and who still has to meet it.
#[Object]
impl OnboardingRequirement {
    /// Which.
    async fn requirement(&self, ctx: &Context<'_>) -> Option<Result<Requirement>> {
        ctx.rows().one(self.id).await.transpose().map(|row| row.map(Requirement))
    }

    /// What to do, as on the checklist.
    async fn title(&self) -> &str {
        &self.title
    }

    /// How many still have to meet it.
    async fn count(&self) -> usize {
        self.queue.0.len()
    }

    /// The median of their days at the stage they stand at; null if nobody waits.
    async fn median_days(&self) -> Option<f64> {
        self.queue.median_days()
    }

    /// How many of them are overdue at their stage.
    async fn overdue_count(&self) -> usize {
        self.queue.overdue()
    }

    /// How many wait for whom.
    async fn waiting(&self) -> Vec<WaitingCount> {
        counts(&self.queue)
    }

    /// Who they are, by reference.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a connection and two conditions")]
    async fn champions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those who are overdue.", default)] overdue_only: bool,
        #[graphql(desc = "Only those who wait for this one.")] waiting_on: Option<WaitingOn>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ChampionConnection>> {
        Some(page(ctx, &self.queue, (overdue_only, waiting_on), Args { first, after, last, before }).await)
    }
}

fn counts(queue: &Queue) -> Vec<WaitingCount> {
    queue.by_whom().into_iter().map(|(waiting_on, count)| WaitingCount { waiting_on, count }).collect()
}

async fn page(ctx: &Context<'_>, queue: &Queue, (overdue, on): (bool, Option<WaitingOn>), args: Args) -> Result<ChampionConnection> {
    ChampionConnection::read(ctx, these(queue.champions(overdue, on)), BY_REFERENCE, args).await
}

/// Queries.
#[derive(Default, Debug)]
pub struct StageQuery;

#[Object]
impl StageQuery {
    /// Everybody on their way in: how many at each stage and line of the checklist, for how long, waiting on whom, and who is overdue.
    /// For coordinators and the safeguarding lead.
    async fn onboarding_board(&self, ctx: &Context<'_>) -> Option<Result<OnboardingBoard>> {
        ctx.may(Action::OnboardingBoardRead, Relation::Other).then_some(())?;
        Some(OnboardingBoard::load(ctx).await)
    }
}

/// Input of `onboardingStageLimit`.
#[derive(InputObject, Debug)]
pub struct OnboardingStageLimitInput {
    /// Which stage.
    stage: Membership,
    /// How many days it should take, 1 to 730.
    ideal_days: i32,
    /// How many days it may take, no fewer than it should.
    most_days: i32,
}

/// Result of `onboardingStageLimit`.
#[derive(SimpleObject, Debug)]
pub struct OnboardingStageLimitPayload {
    /// The board with the new limit; null if there are errors.
    board: Option<OnboardingBoard>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<OnboardingStageLimitErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct StageMutation;

#[Object]
impl StageMutation {
    /// Say how many days a stage should take, and may take. For coordinators.
    async fn onboarding_stage_limit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which stage, and how many days.")] input: OnboardingStageLimitInput,
    ) -> Option<Result<OnboardingStageLimitPayload>> {
        Some(limit_payload(ctx, input).await)
    }
}

async fn limit_payload(ctx: &Context<'_>, input: OnboardingStageLimitInput) -> Result<OnboardingStageLimitPayload> {
    let limit = Limit { ideal_days: input.ideal_days.into(), most_days: input.most_days.into() };
    let result: Result<Membership, Refusal<CannotLimitStage>> = set_limit(ctx.app(), ctx.call(), input.stage, limit).await;
    let (done, user_errors) = settle(result)?;
    let board = if done.is_some() { Some(OnboardingBoard::load(ctx).await?) } else { None };
    Ok(OnboardingStageLimitPayload { board, user_errors })
}

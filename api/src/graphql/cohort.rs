//! Dated training sessions: seats, the waiting list and attendance.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{cohort, cohort_seat};
use rules::cohort::{
    CannotAttend, CannotCancelCohort, CannotJoinCohort, CannotLeaveCohort, CannotPlanCohort, CohortStatus, SeatStatus,
    TrainingCohortAttendErrorCode, TrainingCohortCancelErrorCode, TrainingCohortCreateErrorCode, TrainingCohortJoinErrorCode,
    TrainingCohortLeaveErrorCode,
};
use rules::coverage::Coverage;
use rules::id::{ChampionId, CohortId};
use rules::input::line;
use rules::policy::{Action, Relation};

use super::champion::Champion;
use super::code::Code;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::SeatsOf;
use super::once::once;
use super::paging::{Args, PageInfo, cut};
use super::problem::{Problem, broken, coded, settle};
use super::scalar::{LocalDate, LocalTime};
use super::training::TrainingModule;
use crate::error::{Refusal, malformed};
use crate::service::cohort::{NewCohort, attend, cancel, create, join, leave};
use crate::service::coverage::coverage;
use crate::store::cohort::{Filter, is_live, list};
use crate::store::paging::{Cursor, Page};

/// The most dated training sessions that are listed.
const MOST: u64 = 500;

/// A dated training session.
#[derive(Clone, Debug)]
pub struct TrainingCohort(pub cohort::Model);

impl TrainingCohort {
    async fn live(&self, ctx: &Context<'_>, status: SeatStatus) -> Result<usize> {
        let seats: Vec<cohort_seat::Model> = ctx.rows().list(SeatsOf(self.0.id)).await?;
        Ok(seats.iter().filter(|s| s.status == status).count())
    }
}

/// A dated training session, with so many seats.
#[Object]
impl TrainingCohort {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// What is taught.
    async fn module(&self, ctx: &Context<'_>) -> Option<Result<TrainingModule>> {
        ctx.rows().one(self.0.module_id).await.transpose().map(|row| row.map(TrainingModule))
    }

    /// Its day.
    async fn date(&self) -> LocalDate {
        LocalDate(self.0.on_date)
    }

    /// When it begins.
    async fn start_time(&self) -> LocalTime {
        LocalTime(self.0.start_time)
    }

    /// Where it is.
    async fn place(&self) -> &str {
        &self.0.place
    }

    /// How many seats there are.
    async fn capacity(&self) -> i32 {
        self.0.capacity
    }

    /// Where it stands.
    async fn status(&self) -> CohortStatus {
        self.0.status
    }

    /// How many seats are taken.
    async fn booked_count(&self, ctx: &Context<'_>) -> Result<usize> {
        self.live(ctx, SeatStatus::Booked).await
    }

    /// How many wait for one.
    async fn waiting_count(&self, ctx: &Context<'_>) -> Result<usize> {
        self.live(ctx, SeatStatus::Waiting).await
    }

    /// The viewer's own seat; null if they have none.
    async fn viewer_seat(&self, ctx: &Context<'_>) -> Option<Result<TrainingSeat>> {
        let own = ctx.call().caller.champion?;
        let seats: Result<Vec<cohort_seat::Model>> = ctx.rows().list(SeatsOf(self.0.id)).await;
        seats.map(|seats| seats.into_iter().rfind(|s| s.champion_id == own && s.status != SeatStatus::Left).map(TrainingSeat)).transpose()
    }

    /// Who has a seat or waits for one, or was there, in the order in which they joined. For trainers and coordinators.
    async fn seats(&self, ctx: &Context<'_>) -> Option<Result<Vec<TrainingSeat>>> {
        ctx.may(Action::TrainingSeatRead, Relation::Other).then_some(())?;
        let seats: Result<Vec<cohort_seat::Model>> = ctx.rows().list(SeatsOf(self.0.id)).await;
        Some(seats.map(|seats| seats.into_iter().filter(|s| s.status != SeatStatus::Left).map(TrainingSeat).collect()))
    }

    /// Whether the viewer may take attendance.
    async fn viewer_can_attend(&self, ctx: &Context<'_>) -> bool {
        let trains = ctx.call().caller.trains.contains(&self.0.module_id);
        ctx.may(Action::TrainingCohortAttend, Relation::Other) && trains && self.0.status == CohortStatus::Planned
    }
}

/// A champion's seat at a dated training session.
#[derive(Clone, Debug)]
pub struct TrainingSeat(pub cohort_seat::Model);

/// A champion's seat at a dated training session, or their place on its waiting list.
#[Object]
impl TrainingSeat {
    /// Whose.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// Where it stands.
    async fn status(&self) -> SeatStatus {
        self.0.status
    }

    /// Whether it is taken or waited for.
    async fn is_live(&self) -> bool {
        is_live(&self.0)
    }
}

/// A page of dated training sessions.
#[derive(Debug)]
pub struct TrainingCohortConnection {
    page: Page<(usize, cohort::Model)>,
    total: usize,
}

/// A line of a page of dated training sessions.
#[derive(SimpleObject, Debug)]
pub struct TrainingCohortEdge {
    /// Where the line stands: give it as `after` or `before`.
    cursor: String,
    /// What stands there.
    node: TrainingCohort,
}

fn cursor(row: &(usize, cohort::Model)) -> String {
    Cursor::at(row.0).encode()
}

/// A page of dated training sessions.
#[Object]
impl TrainingCohortConnection {
    /// The lines with their cursors.
    async fn edges(&self) -> Vec<TrainingCohortEdge> {
        self.page.rows.iter().map(|row| TrainingCohortEdge { cursor: cursor(row), node: TrainingCohort(row.1.clone()) }).collect()
    }

    /// The lines without their cursors.
    async fn nodes(&self) -> Vec<TrainingCohort> {
        self.page.rows.iter().map(|row| TrainingCohort(row.1.clone())).collect()
    }

    /// Where the page lies.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.page.has_next,
            has_previous_page: self.page.has_previous,
            start_cursor: self.page.rows.first().map(cursor),
            end_cursor: self.page.rows.last().map(cursor),
        }
    }

    /// How many there are in all, 500 at most.
    async fn total_count(&self) -> usize {
        self.total
    }
}

/// What a module would open.
#[derive(Debug)]
pub struct TrainingCoverage(Coverage);

/// So many champions more with a module, and the sessions that could run then.
#[derive(SimpleObject, Debug)]
pub struct TrainingCoverageStep {
    /// How many champions more.
    champions: usize,
    /// How many sessions more.
    sessions: usize,
}

/// What a module would open.
#[Object]
impl TrainingCoverage {
    /// Which.
    async fn module(&self, ctx: &Context<'_>) -> Option<Result<TrainingModule>> {
        ctx.rows().one(self.0.module).await.transpose().map(|row| row.map(TrainingModule))
    }

    /// For one champion more, two, and so on, five at most, while each opens something.
    async fn steps(&self) -> Vec<TrainingCoverageStep> {
        self.0.steps.iter().map(|step| TrainingCoverageStep { champions: step.champions, sessions: step.sessions }).collect()
    }

    /// In a sentence.
    async fn summary(&self) -> Option<String> {
        let last = self.0.steps.last()?;
        let many = |count: usize, what: &str| format!("{count} more {what}{}", if count == 1 { "" } else { "s" });
        Some(format!("If {} took {}, {} could run.", many(last.champions, "champion"), self.0.code, many(last.sessions, "session")))
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct CohortQuery;

#[Object]
impl CohortQuery {
    /// What each module would open over the real demand of the days ahead: if so many champions more held it, how many more sessions
    /// could run. What opens most comes first. For trainers and coordinators.
    async fn training_coverage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many days ahead, 1 to 92.", default = 28)] days: i32,
    ) -> Option<Result<Vec<TrainingCoverage>>> {
        ctx.may(Action::TrainingCoverageRead, Relation::Other).then_some(())?;
        if !(1..=92).contains(&days) {
            return Some(Err(coded(Code::BadUserInput, "Argument \"days\": ask for between 1 and 92 days.")));
        }
        let found = ctx.rows().aside(coverage(ctx.app(), ctx.call(), i64::from(days))).await.map_err(broken);
        Some(found.map(|found| found.into_iter().map(TrainingCoverage).collect()))
    }

    /// Dated training sessions, soonest first. For everybody signed in.
    #[allow(clippy::too_many_arguments, reason = "the four paging arguments are the style of every list")]
    async fn training_cohorts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this day on; today if left out.")] from: Option<LocalDate>,
        #[graphql(desc = "Only of this module.")] module_id: Option<ID>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<TrainingCohortConnection>> {
        ctx.may(Action::TrainingCohortRead, Relation::Other).then_some(())?;
        let module = match module_id {
            Some(module) => Some(id::parse(&module)?),
            None => None,
        };
        let filter = Filter { from: Some(from.map_or(ctx.call().today(), |d| d.0)), module };
        Some(page(ctx, &filter, Args { first, after, last, before }).await)
    }
}

async fn page(ctx: &Context<'_>, filter: &Filter, args: Args) -> Result<TrainingCohortConnection> {
    let rows = ctx.rows().aside(list(ctx.app().db.read(), filter, MOST)).await.map_err(broken)?;
    let total = rows.len();
    Ok(TrainingCohortConnection { page: cut(rows, total, args)?, total })
}

/// Input of `trainingCohortCreate`.
#[derive(InputObject, Debug)]
pub struct TrainingCohortCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// What is taught; it must be the trainer's module.
    module_id: ID,
    /// Its day, from today on.
    date: LocalDate,
    /// When it begins.
    start_time: LocalTime,
    /// Where, up to 200 characters.
    place: String,
    /// How many seats there are, 1 to 50.
    capacity: i32,
}

/// Input of `trainingCohortJoin`.
#[derive(InputObject, Debug)]
pub struct TrainingCohortJoinInput {
    /// Which.
    cohort_id: ID,
    /// Who.
    champion_id: ID,
}

/// Input of `trainingCohortLeave`.
#[derive(InputObject, Debug)]
pub struct TrainingCohortLeaveInput {
    /// Which.
    cohort_id: ID,
    /// Who.
    champion_id: ID,
}

/// Input of `trainingCohortCancel`.
#[derive(InputObject, Debug)]
pub struct TrainingCohortCancelInput {
    /// Which; its module must be the trainer's.
    cohort_id: ID,
}

/// Input of `trainingCohortAttend`.
#[derive(InputObject, Debug)]
pub struct TrainingCohortAttendInput {
    /// Which; its module must be the trainer's.
    cohort_id: ID,
    /// Who was there, of those with a seat, each once; nobody is fine. Everybody is marked, or nobody.
    champion_ids: Vec<ID>,
}

macro_rules! payloads {
    ($($payload:ident of $mutation:literal: $code:ident),+ $(,)?) => { $(
        #[doc = concat!("Result of `", $mutation, "`.")]
        #[derive(SimpleObject, Debug)]
        pub struct $payload {
            /// The dated training session; null if there are errors.
            cohort: Option<TrainingCohort>,
            /// What stood in the way; empty on success.
            user_errors: Vec<Problem<$code>>,
        }
    )+ };
}

payloads! {
    TrainingCohortCreatePayload of "trainingCohortCreate": TrainingCohortCreateErrorCode,
    TrainingCohortJoinPayload of "trainingCohortJoin": TrainingCohortJoinErrorCode,
    TrainingCohortLeavePayload of "trainingCohortLeave": TrainingCohortLeaveErrorCode,
    TrainingCohortCancelPayload of "trainingCohortCancel": TrainingCohortCancelErrorCode,
    TrainingCohortAttendPayload of "trainingCohortAttend": TrainingCohortAttendErrorCode,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct CohortMutation;

#[Object]
impl CohortMutation {
    /// Plan a dated training session. For trainers of the module.
    async fn training_cohort_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What, when, where, and for how many.")] input: TrainingCohortCreateInput,
    ) -> Option<Result<TrainingCohortCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Take a seat, or a place on the waiting list; joining twice is the same. For the champion and coordinators.
    async fn training_cohort_join(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and who.")] input: TrainingCohortJoinInput,
    ) -> Option<Result<TrainingCohortJoinPayload>> {
        Some(join_payload(ctx, input).await)
    }

    /// Give a seat up; whoever waits longest gets it and is told. For the champion and coordinators.
    async fn training_cohort_leave(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and who.")] input: TrainingCohortLeaveInput,
    ) -> Option<Result<TrainingCohortLeavePayload>> {
        Some(leave_payload(ctx, input).await)
    }

    /// Call a dated training session off; whoever has a seat or waits is told. For trainers of the module.
    async fn training_cohort_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: TrainingCohortCancelInput,
    ) -> Option<Result<TrainingCohortCancelPayload>> {
        Some(cancel_payload(ctx, input).await)
    }

    /// Take attendance on the day or after: the module is marked complete for everybody who was there. For trainers of the module.
    async fn training_cohort_attend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and who was there.")] input: TrainingCohortAttendInput,
    ) -> Option<Result<TrainingCohortAttendPayload>> {
        Some(attend_payload(ctx, input).await)
    }
}

async fn create_payload(ctx: &Context<'_>, input: TrainingCohortCreateInput) -> Result<TrainingCohortCreatePayload> {
    let result: Result<CohortId, Refusal<CannotPlanCohort>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let new = NewCohort {
            module: id::at(&input.module_id, "moduleId")?,
            on: input.date.0,
            start: input.start_time.0,
            place: line("place", &input.place, 200).map_err(malformed)?,
            capacity: input.capacity,
        };
        create(ctx.app(), ctx.call(), once, new).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingCohortCreatePayload { cohort: ctx.rows().maybe(id).await?.map(TrainingCohort), user_errors })
}

async fn join_payload(ctx: &Context<'_>, input: TrainingCohortJoinInput) -> Result<TrainingCohortJoinPayload> {
    let result: Result<CohortId, Refusal<CannotJoinCohort>> = async {
        let (cohort, champion): (CohortId, ChampionId) = (id::at(&input.cohort_id, "cohortId")?, id::at(&input.champion_id, "championId")?);
        join(ctx.app(), ctx.call(), cohort, champion).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingCohortJoinPayload { cohort: ctx.rows().maybe(id).await?.map(TrainingCohort), user_errors })
}

async fn leave_payload(ctx: &Context<'_>, input: TrainingCohortLeaveInput) -> Result<TrainingCohortLeavePayload> {
    let result: Result<CohortId, Refusal<CannotLeaveCohort>> = async {
        let (cohort, champion): (CohortId, ChampionId) = (id::at(&input.cohort_id, "cohortId")?, id::at(&input.champion_id, "championId")?);
        leave(ctx.app(), ctx.call(), cohort, champion).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingCohortLeavePayload { cohort: ctx.rows().maybe(id).await?.map(TrainingCohort), user_errors })
}

async fn cancel_payload(ctx: &Context<'_>, input: TrainingCohortCancelInput) -> Result<TrainingCohortCancelPayload> {
    let result: Result<CohortId, Refusal<CannotCancelCohort>> =
        async { cancel(ctx.app(), ctx.call(), id::at(&input.cohort_id, "cohortId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingCohortCancelPayload { cohort: ctx.rows().maybe(id).await?.map(TrainingCohort), user_errors })
}

async fn attend_payload(ctx: &Context<'_>, input: TrainingCohortAttendInput) -> Result<TrainingCohortAttendPayload> {
    let result: Result<CohortId, Refusal<CannotAttend>> = async {
        let cohort = id::at(&input.cohort_id, "cohortId")?;
        attend(ctx.app(), ctx.call(), cohort, id::all(&input.champion_ids, "championIds")?).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(TrainingCohortAttendPayload { cohort: ctx.rows().maybe(id).await?.map(TrainingCohort), user_errors })
}

//! Changes to series, and moving a session.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::NaiveDate;
use rules::id::{SeriesId, SessionId};
use rules::input;
use rules::reason::{Malformed, Reason};
use rules::series::{
    CannotChangeSeries, CannotCreateSeries, CannotEndSeries, CannotMove, EXCEPTIONS, Pattern, SeriesScope, SessionMoveErrorCode,
    SessionSeriesChangeErrorCode, SessionSeriesCreateErrorCode, SessionSeriesEndErrorCode,
};

use super::context::Ctx;
use super::id;
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::{LocalDate, LocalTime};
use super::series::SessionSeries;
use super::session::Session;
use super::session_change::{NewSessionInput, PlacesInput, checked_places};
use super::shared::distinct;
use crate::error::{Refusal, malformed};
use crate::service::series::{NewSeries, create};
use crate::service::series_change::{Change, change, end};
use crate::service::session_move::{NewTime, move_one};

/// Input of `sessionSeriesCreate`.
#[derive(InputObject, Debug)]
pub struct SessionSeriesCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// What its sessions are like. `date` is the first one, and has to be a date of the rule; `weekly` follows from the rule.
    session: NewSessionInput,
    /// How it repeats: an RRULE of RFC 5545 with FREQ=DAILY, WEEKLY or MONTHLY and INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS,
    /// WKST, and COUNT or UNTIL; for example `FREQ=WEEKLY;INTERVAL=2`.
    rule: String,
    /// Dates taken out, up to 100.
    #[graphql(default)]
    skipped_dates: Vec<LocalDate>,
    /// Dates put in, up to 100; they are held whatever closures and bank holidays say.
    #[graphql(default)]
    extra_dates: Vec<LocalDate>,
}

/// Result of `sessionSeriesCreate`.
#[derive(SimpleObject, Debug)]
pub struct SessionSeriesCreatePayload {
    /// The new series; null if there are errors.
    series: Option<SessionSeries>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionSeriesCreateErrorCode>>,
}

/// Input of `sessionSeriesChange`; what is left out stays.
#[derive(InputObject, Debug)]
pub struct SessionSeriesChangeInput {
    /// Which series.
    series_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// Which of its sessions. THIS_AND_FOLLOWING cuts the series in two.
    scope: SeriesScope,
    /// The session that THIS_AND_FOLLOWING begins with.
    session_id: Option<ID>,
    /// What its sessions are called, up to 120 characters.
    title: Option<String>,
    /// Where.
    venue_id: Option<ID>,
    /// Time on the wall clock.
    start_time: Option<LocalTime>,
    /// How long a session runs, 1 to 720 minutes.
    duration_minutes: Option<i32>,
    /// The places. Those that somebody has or had stay, and one for somebody experienced where only new champions would be left.
    places: Option<Vec<PlacesInput>>,
    /// Whether sessions that were moved by themselves change too.
    #[graphql(default)]
    include_moved: bool,
}

/// Result of `sessionSeriesChange`.
#[derive(SimpleObject, Debug)]
pub struct SessionSeriesChangePayload {
    /// The series with the change: with THIS_AND_FOLLOWING the new one. Null if there are errors.
    series: Option<SessionSeries>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionSeriesChangeErrorCode>>,
}

/// Input of `sessionSeriesEnd`.
#[derive(InputObject, Debug)]
pub struct SessionSeriesEndInput {
    /// Which series.
    series_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// The last date that is held; left out, nothing that is still to come is.
    last_date: Option<LocalDate>,
    /// Why, up to 500 characters; it stands in the sessions that are called off.
    reason: Option<String>,
}

/// Result of `sessionSeriesEnd`.
#[derive(SimpleObject, Debug)]
pub struct SessionSeriesEndPayload {
    /// The series as it stands now; null if there are errors.
    series: Option<SessionSeries>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionSeriesEndErrorCode>>,
}

/// Input of `sessionMove`; what is left out stays.
#[derive(InputObject, Debug)]
pub struct SessionMoveInput {
    /// Which session.
    session_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// Date on the wall calendar.
    date: Option<LocalDate>,
    /// Time on the wall clock.
    start_time: Option<LocalTime>,
    /// How long it runs, 1 to 720 minutes.
    duration_minutes: Option<i32>,
    /// Where.
    venue_id: Option<ID>,
}

/// Result of `sessionMove`.
#[derive(SimpleObject, Debug)]
pub struct SessionMovePayload {
    /// The session as it stands now; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionMoveErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct SeriesMutation;

#[Object]
impl SeriesMutation {
    /// Create a series; its sessions of the next twelve weeks stand in the calendar at once, and more as time goes on. The group's
    /// leaders and coordinators.
    async fn session_series_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The series.")] input: SessionSeriesCreateInput,
    ) -> Option<Result<SessionSeriesCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Change a series: all that is still to come, or from one session on. Sessions that were moved by themselves stay, unless told
    /// otherwise. Each champion placed or asked gets one message. The group's leaders and coordinators.
    async fn session_series_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and what.")] input: SessionSeriesChangeInput,
    ) -> Option<Result<SessionSeriesChangePayload>> {
        Some(change_payload(ctx, input).await)
    }

    /// End a series: sessions after the last date are called off, with one message a champion. The group's leaders and coordinators.
    async fn session_series_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and when.")] input: SessionSeriesEndInput,
    ) -> Option<Result<SessionSeriesEndPayload>> {
        Some(end_payload(ctx, input).await)
    }

    /// Move one session to another time or place. It keeps its id. Champions placed keep their duty and are told, once; whoever by rule
    /// can't keep it is flagged (`atRiskSince`, `clashing`), and people decide. Offers follow, or lapse if nobody could answer in time.
    /// The group's leaders and coordinators.
    async fn session_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and where to.")] input: SessionMoveInput,
    ) -> Option<Result<SessionMovePayload>> {
        Some(move_payload(ctx, input).await)
    }
}

/// Dates of a list, each once.
fn dates<R: Reason>(field: &str, dates: Vec<LocalDate>) -> Result<Vec<NaiveDate>, Refusal<R>> {
    if dates.len() > EXCEPTIONS {
        return Err(malformed(Malformed::new(field, format!("List {EXCEPTIONS} dates at most."))));
    }
    Ok(distinct(dates.into_iter().map(|date| date.0).collect()))
}

/// A length that a session may have.
fn minutes<R: Reason>(minutes: Option<i32>) -> Result<Option<i32>, Refusal<R>> {
    match minutes {
        Some(minutes) if !(1..=720).contains(&minutes) => {
            Err(malformed(Malformed::new("durationMinutes", "A session runs between 1 and 720 minutes.")))
        }
        minutes => Ok(minutes),
    }
}

async fn create_payload(ctx: &Context<'_>, input: SessionSeriesCreateInput) -> Result<SessionSeriesCreatePayload> {
    let result: Result<SeriesId, Refusal<CannotCreateSeries>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let first = input.session.first_date();
        let session = input.session.checked().map_err(under_session)?;
        let pattern = Pattern::read("rule", &input.rule, first).map_err(malformed)?;
        let (skipped, added) = (dates("skippedDates", input.skipped_dates)?, dates("extraDates", input.extra_dates)?);
        create(ctx.app(), ctx.call(), once, NewSeries { session, pattern, skipped, added }).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionSeriesCreatePayload { series: ctx.rows().maybe(id).await?.map(SessionSeries), user_errors })
}

/// What is wrong with a field of the session is said at its place in this input.
fn under_session(refusal: Refusal<CannotCreateSeries>) -> Refusal<CannotCreateSeries> {
    let under = |field: Vec<String>| std::iter::once("session".to_owned()).chain(field).collect();
    let placed = |reason| match reason {
        CannotCreateSeries::Invalid(problem) => {
            CannotCreateSeries::Invalid(Malformed { field: under(problem.field), message: problem.message })
        }
        CannotCreateSeries::NotFound { field } => CannotCreateSeries::NotFound { field: under(field) },
        other => other,
    };
    match refusal {
        Refusal::Rule(reasons) => Refusal::Rule(reasons.into_iter().map(placed).collect()),
        other => other,
    }
}

async fn change_payload(ctx: &Context<'_>, input: SessionSeriesChangeInput) -> Result<SessionSeriesChangePayload> {
    let result: Result<SeriesId, Refusal<CannotChangeSeries>> = async {
        let series = id::at(&input.series_id, "seriesId")?;
        let wanted = Change {
            scope: input.scope,
            from: input.session_id.map(|session| id::at(&session, "sessionId")).transpose()?,
            expected: input.expected_version,
            title: input.title.map(|title| input::line("title", &title, 120)).transpose().map_err(malformed)?,
            venue: input.venue_id.map(|venue| id::at(&venue, "venueId")).transpose()?,
            starts: input.start_time.map(|time| time.0),
            minutes: minutes(input.duration_minutes)?,
            places: input.places.map(checked_places).transpose()?,
            moved_too: input.include_moved,
        };
        change(ctx.app(), ctx.call(), series, wanted).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionSeriesChangePayload { series: ctx.rows().maybe(id).await?.map(SessionSeries), user_errors })
}

async fn end_payload(ctx: &Context<'_>, input: SessionSeriesEndInput) -> Result<SessionSeriesEndPayload> {
    let result: Result<SeriesId, Refusal<CannotEndSeries>> = async {
        let series = id::at(&input.series_id, "seriesId")?;
        let reason = input.reason.map(|r| input::paragraph("reason", &r, 500)).transpose().map_err(malformed)?.filter(|r| !r.is_empty());
        end(ctx.app(), ctx.call(), series, input.expected_version, input.last_date.map(|date| date.0), reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionSeriesEndPayload { series: ctx.rows().maybe(id).await?.map(SessionSeries), user_errors })
}

async fn move_payload(ctx: &Context<'_>, input: SessionMoveInput) -> Result<SessionMovePayload> {
    let result: Result<SessionId, Refusal<CannotMove>> = async {
        let session = id::at(&input.session_id, "sessionId")?;
        let to = NewTime {
            date: input.date.map(|date| date.0),
            starts: input.start_time.map(|time| time.0),
            minutes: minutes(input.duration_minutes)?,
            venue: input.venue_id.map(|venue| id::at(&venue, "venueId")).transpose()?,
        };
        move_one(ctx.app(), ctx.call(), session, input.expected_version, to).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionMovePayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

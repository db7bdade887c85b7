//! When a champion can help.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, ContextSelectionSet, ID, InputObject, MaybeUndefined, Object, Result, ScalarType, SimpleObject, Value};
use chrono::{NaiveDate, NaiveTime, Utc};
use entity::{availability_exception, availability_window, champion};
use rules::availability::{
    AvailabilityExceptionAddErrorCode, AvailabilityExceptionRemoveErrorCode, AvailabilityWindowsReplaceErrorCode, CannotAddException,
    CannotRemoveException, CannotReplaceWindows, Exception, ExceptionKind, SLOT_DAYS, WINDOW_LIMIT, Weekday, Window, check_exception,
    check_window, next_slot, slots,
};
use rules::calendar::{Span, resolve};
use rules::id::{ChampionId, ExceptionId};
use rules::input::paragraph;
use rules::matching::ChampionRecord;
use rules::reason::Malformed;
use rules::session::Modality;

use super::champion::Champion;
use super::champion_change::most_per_week;
use super::code::Code;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::{AreasOf, ExceptionsOf, MatchedOf, PaceOf, RecordOf, WindowsOf};
use super::once::once;
use super::problem::{Problem, coded, settle};
use super::quick::{self, AtHand};
use super::scalar::{DateTime, LocalDate, LocalTime, TimeZone};
use crate::error::{Refusal, malformed};
use crate::service::availability::{Limits, add_exception, remove_exception, replace_windows};
use crate::store;

/// When a champion can help.
#[derive(Debug)]
pub struct Availability(pub champion::Model);

impl Availability {
    async fn free(
        &self,
        ctx: &Context<'_>,
        (from, until): (NaiveDate, NaiveDate),
        modality: Option<Modality>,
        zone: chrono_tz::Tz,
    ) -> Result<Vec<AvailabilitySlot>> {
        let first = from.max(ctx.call().today());
        if (until - first).num_days() >= SLOT_DAYS {
            return Err(coded(Code::BadUserInput, "Ask for 92 days at most: bring from and until nearer together."));
        }
        let (start, end) = (first.and_time(NaiveTime::MIN), until.succ_opt().unwrap_or(until).and_time(NaiveTime::MIN));
        let within = Span { from: resolve(start, zone), until: resolve(end, zone) };
        let Some(record) = ctx.rows().one(RecordOf(self.0.id)).await? else { return Ok(Vec::new()) };
        let fits = |w: &&Window| modality.is_none() || w.modality.is_none() || w.modality == modality;
        let windows: Vec<Window> = record.windows.iter().filter(fits).cloned().collect();
        let busy: Vec<Span> = record.bookings.spans_in(within).collect();
        let found = slots(&windows, &record.exceptions, &busy, within);
        Ok(found.into_iter().map(AvailabilitySlot::from).collect())
    }
}

/// When a champion can help: weekly windows, with leave and extra time on top.
#[Object]
impl Availability {
    /// The weekly pattern.
    async fn windows(&self, ctx: &Context<'_>) -> Result<Vec<AvailabilityWindow>> {
        let mut rows = ctx.rows().list(WindowsOf(self.0.id)).await?;
        rows.sort_by_key(|row| (row.weekday, row.starts));
        Ok(rows.into_iter().map(AvailabilityWindow::from).collect())
    }

    /// Leave and extra time that is not over, by date.
    async fn exceptions(&self, ctx: &Context<'_>) -> Result<Vec<AvailabilityException>> {
        let today = ctx.call().today();
        let rows = ctx.rows().list(ExceptionsOf(self.0.id)).await?;
        Ok(rows.into_iter().filter(|row| row.last_date >= today).map(AvailabilityException::from).collect())
    }

    /// Most sessions in a week, Monday to Sunday; null for no limit.
    async fn most_per_week(&self) -> Option<i32> {
        self.0.most_per_week
    }

    /// Most sessions in a calendar month; null for no limit.
    async fn most_per_month(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(ctx.rows().list(PaceOf(self.0.id)).await?.first().and_then(|pace| pace.most_per_month))
    }

    /// When they are free: the weekly pattern and extra time, without leave and without the sessions they have said yes to. In
    /// order; times that touch are one. At most 92 days at once, and nothing before today.
    async fn slots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "First day.")] from: LocalDate,
        #[graphql(desc = "Last day, included.")] until: LocalDate,
        #[graphql(desc = "For sessions held in this way; left out for any.")] modality: Option<Modality>,
        #[graphql(desc = "The zone of the days.", default_with = "TimeZone::default()")] time_zone: TimeZone,
    ) -> Option<Result<Vec<AvailabilitySlot>>> {
        Some(self.free(ctx, (from.0, until.0), modality, time_zone.0).await)
    }

    /// When they are free next, in the coming four weeks; null if they are not.
    async fn next(&self, ctx: &Context<'_>) -> Result<Option<AvailabilitySlot>> {
        let record = ctx.rows().one(MatchedOf(self.0.id)).await?;
        Ok(record.and_then(|record| next_of(&record, ctx.call().now)))
    }

    /// How far they go for an in-person session, in metres.
    async fn max_distance_metres(&self) -> i32 {
        self.0.reach_metres
    }

    /// Areas where they help in person however far they are, as in `Venue.areas`; what is within `maxDistanceMetres` comes on top.
    async fn areas(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let mut areas = ctx.rows().list(AreasOf(self.0.id)).await?;
        areas.sort();
        Ok(areas)
    }

    /// Phone and video only.
    async fn remote_only(&self) -> bool {
        self.0.remote_only
    }
}

fn next_of(record: &ChampionRecord, now: chrono::DateTime<Utc>) -> Option<AvailabilitySlot> {
    let busy = |within| record.bookings.spans_in(within).collect();
    next_slot(&record.windows, &record.exceptions, busy, now).map(AvailabilitySlot::from)
}

/// The availability of somebody who was matched.
impl AtHand for Arc<ChampionRecord> {
    const TYPE: &'static str = "Availability";
    const FIELDS: &'static [&'static str] = &["next"];

    fn knows_within(field: &Field) -> bool {
        quick::knows::<AvailabilitySlot>(&field.selection_set.node)
    }

    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        match field.name.node.as_str() {
            "next" => match next_of(self, ctx.call().now) {
                Some(slot) => quick::object(ctx, &field.selection_set.node, &slot),
                None => Some(Value::Null),
            },
            _ => None,
        }
    }
}

/// A time in which a champion is free.
#[derive(SimpleObject, Debug)]
pub struct AvailabilitySlot {
    /// From.
    starts_at: DateTime,
    /// Until.
    ends_at: DateTime,
}

impl From<Span> for AvailabilitySlot {
    fn from(span: Span) -> Self {
        Self { starts_at: DateTime(span.from), ends_at: DateTime(span.until) }
    }
}

impl AtHand for AvailabilitySlot {
    const TYPE: &'static str = "AvailabilitySlot";
    const FIELDS: &'static [&'static str] = &["startsAt", "endsAt"];

    fn at_hand(&self, _: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "startsAt" => self.starts_at.to_value(),
            "endsAt" => self.ends_at.to_value(),
            _ => return None,
        })
    }
}

/// A weekly span in wall-clock time, so that it stays put when the clocks change.
#[derive(SimpleObject, Debug)]
pub struct AvailabilityWindow {
    /// Opaque; new whenever the pattern is replaced.
    id: ID,
    /// The day of the week.
    weekday: Weekday,
    /// From.
    start_time: LocalTime,
    /// Until; 00:00 is midnight at the end of the day.
    end_time: LocalTime,
    /// The zone the times are read in.
    time_zone: String,
    /// 1 for every week, 2 for every other week, counted from the week of `validFrom`.
    every_weeks: i32,
    /// First day it holds.
    valid_from: LocalDate,
    /// Last day it holds; null for ever.
    valid_until: Option<LocalDate>,
    /// For sessions held in this way alone; null for any.
    modality: Option<Modality>,
}

impl From<availability_window::Model> for AvailabilityWindow {
    fn from(row: availability_window::Model) -> Self {
        Self {
            id: row.id.to_global(),
            weekday: row.weekday,
            start_time: LocalTime(row.starts),
            end_time: LocalTime(row.ends),
            time_zone: row.zone,
            every_weeks: row.every_weeks,
            valid_from: LocalDate(row.valid_from),
            valid_until: row.valid_until.map(LocalDate),
            modality: row.modality,
        }
    }
}

/// Leave or extra time, on each day from `firstDate` to `lastDate`.
#[derive(SimpleObject, Debug)]
pub struct AvailabilityException {
    /// Opaque and stable.
    id: ID,
    /// Takes time away or adds it.
    kind: ExceptionKind,
    /// First day.
    first_date: LocalDate,
    /// Last day, included.
    last_date: LocalDate,
    /// From, on each day; null for whole days.
    start_time: Option<LocalTime>,
    /// Until, on each day; null for whole days.
    end_time: Option<LocalTime>,
    /// The zone the times are read in.
    time_zone: String,
    /// Why, if the champion said so.
    reason: Option<String>,
}

impl From<availability_exception::Model> for AvailabilityException {
    fn from(row: availability_exception::Model) -> Self {
        Self {
            id: row.id.to_global(),
            kind: row.kind,
            first_date: LocalDate(row.first_date),
            last_date: LocalDate(row.last_date),
            start_time: row.starts.map(LocalTime),
            end_time: row.ends.map(LocalTime),
            time_zone: row.zone,
            reason: row.reason,
        }
    }
}

/// One weekly span.
#[derive(InputObject, Debug)]
pub struct AvailabilityWindowInput {
    /// The day of the week.
    weekday: Weekday,
    /// From.
    start_time: LocalTime,
    /// Until, later on the same day; 00:00 is midnight at its end.
    end_time: LocalTime,
    /// The zone the times are read in.
    #[graphql(default_with = "TimeZone::default()")]
    time_zone: TimeZone,
    /// 1 for every week, 2 for every other week, up to 8; counted from the week of `validFrom`.
    #[graphql(default = 1)]
    every_weeks: i32,
    /// First day it holds; today if left out.
    valid_from: Option<LocalDate>,
    /// Last day it holds; left out for ever.
    valid_until: Option<LocalDate>,
    /// For sessions held in this way alone; left out for any.
    modality: Option<Modality>,
}

/// Windows as the rules read them, each checked.
pub(super) fn windows(input: Vec<AvailabilityWindowInput>, today: NaiveDate) -> Result<Vec<Window>, Malformed> {
    if input.len() > WINDOW_LIMIT {
        return Err(Malformed::new("windows", format!("Give {WINDOW_LIMIT} windows at most.")));
    }
    let one = |(index, w): (usize, AvailabilityWindowInput)| {
        let window = Window {
            weekday: w.weekday,
            starts: w.start_time.0,
            ends: w.end_time.0,
            zone: w.time_zone.0,
            every_weeks: u32::try_from(w.every_weeks).unwrap_or(0),
            valid_from: w.valid_from.map_or(today, |d| d.0),
            valid_until: w.valid_until.map(|d| d.0),
            modality: w.modality,
        };
        check_window(&window, &format!("windows.{index}")).map(|()| window)
    };
    input.into_iter().enumerate().map(one).collect()
}

/// Input of `availabilityWindowsReplace`.
#[derive(InputObject, Debug)]
pub struct AvailabilityWindowsReplaceInput {
    /// Whose availability.
    champion_id: ID,
    /// The whole weekly pattern, up to 50 windows; an empty list means never.
    windows: Vec<AvailabilityWindowInput>,
    /// Most sessions in a week, 1 to 14; null for no limit, left out to keep it as it is.
    most_per_week: MaybeUndefined<i32>,
    /// Most sessions in a calendar month, 1 to 31; null for no limit, left out to keep it as it is.
    most_per_month: MaybeUndefined<i32>,
}

/// Result of `availabilityWindowsReplace`.
#[derive(SimpleObject, Debug)]
pub struct AvailabilityWindowsReplacePayload {
    /// The champion; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AvailabilityWindowsReplaceErrorCode>>,
}

/// Input of `availabilityExceptionAdd`.
#[derive(InputObject, Debug)]
pub struct AvailabilityExceptionAddInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whose availability.
    champion_id: ID,
    /// AWAY for leave, EXTRA for more time.
    kind: ExceptionKind,
    /// First day.
    first_date: LocalDate,
    /// Last day, included; the first if left out.
    last_date: Option<LocalDate>,
    /// From, on each day; left out for whole days.
    start_time: Option<LocalTime>,
    /// Until, on each day; left out for whole days.
    end_time: Option<LocalTime>,
    /// The zone the times are read in.
    #[graphql(default_with = "TimeZone::default()")]
    time_zone: TimeZone,
    /// Why, if you want to say; only you and coordinators see it.
    reason: Option<String>,
}

/// Result of `availabilityExceptionAdd`.
#[derive(SimpleObject, Debug)]
pub struct AvailabilityExceptionAddPayload {
    /// What was added; null if there are errors.
    exception: Option<AvailabilityException>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AvailabilityExceptionAddErrorCode>>,
}

/// Input of `availabilityExceptionRemove`.
#[derive(InputObject, Debug)]
pub struct AvailabilityExceptionRemoveInput {
    /// Which one.
    exception_id: ID,
}

/// Result of `availabilityExceptionRemove`.
#[derive(SimpleObject, Debug)]
pub struct AvailabilityExceptionRemovePayload {
    /// The champion; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AvailabilityExceptionRemoveErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct AvailabilityMutation;

#[Object]
impl AvailabilityMutation {
    /// Replace the weekly pattern as a whole. The champion, or a coordinator.
    async fn availability_windows_replace(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pattern.")] input: AvailabilityWindowsReplaceInput,
    ) -> Option<Result<AvailabilityWindowsReplacePayload>> {
        Some(windows_payload(ctx, input).await)
    }

    /// Add leave or extra time. The champion, or a coordinator.
    async fn availability_exception_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The days.")] input: AvailabilityExceptionAddInput,
    ) -> Option<Result<AvailabilityExceptionAddPayload>> {
        Some(exception_payload(ctx, input).await)
    }

    /// Remove leave or extra time. The champion, or a coordinator.
    async fn availability_exception_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AvailabilityExceptionRemoveInput,
    ) -> Option<Result<AvailabilityExceptionRemovePayload>> {
        Some(removed_payload(ctx, input).await)
    }
}

fn limit(sent: MaybeUndefined<i32>, check: fn(i32) -> Result<i32, Malformed>) -> Result<Option<Option<i32>>, Malformed> {
    match sent {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(None)),
        MaybeUndefined::Value(most) => check(most).map(|most| Some(Some(most))),
    }
}

fn most_per_month(most: i32) -> Result<i32, Malformed> {
    let told = || Malformed::new("mostPerMonth", "Give a number between 1 and 31, or null for no limit.");
    if (1..=31).contains(&most) { Ok(most) } else { Err(told()) }
}

async fn windows_payload(ctx: &Context<'_>, input: AvailabilityWindowsReplaceInput) -> Result<AvailabilityWindowsReplacePayload> {
    let result: Result<ChampionId, Refusal<CannotReplaceWindows>> = async {
        let champion = id::at(&input.champion_id, "championId")?;
        let windows = windows(input.windows, ctx.call().today()).map_err(malformed)?;
        let limits = Limits {
            per_week: limit(input.most_per_week, most_per_week).map_err(malformed)?,
            per_month: limit(input.most_per_month, most_per_month).map_err(malformed)?,
        };
        replace_windows(ctx.app(), ctx.call(), champion, windows, limits).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AvailabilityWindowsReplacePayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn exception_payload(ctx: &Context<'_>, input: AvailabilityExceptionAddInput) -> Result<AvailabilityExceptionAddPayload> {
    let (id, user_errors) = settle(add(ctx, input).await)?;
    let row = match id {
        Some(id) => store::availability::exception(ctx.app().db.read(), id).await.map_err(super::problem::broken)?,
        None => None,
    };
    Ok(AvailabilityExceptionAddPayload { exception: row.map(AvailabilityException::from), user_errors })
}

async fn add(ctx: &Context<'_>, input: AvailabilityExceptionAddInput) -> Result<ExceptionId, Refusal<CannotAddException>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let champion = id::at(&input.champion_id, "championId")?;
    let times = match (input.start_time, input.end_time) {
        (Some(starts), Some(ends)) => Some((starts.0, ends.0)),
        (None, None) => None,
        (Some(_), None) => return Err(malformed(Malformed::new("endTime", "Give an end too, or leave both out for whole days."))),
        (None, Some(_)) => return Err(malformed(Malformed::new("startTime", "Give a start too, or leave both out for whole days."))),
    };
    let last = input.last_date.unwrap_or(input.first_date).0;
    let exception = Exception { kind: input.kind, first: input.first_date.0, last, times, zone: input.time_zone.0 };
    check_exception(&exception, ctx.call().today()).map_err(malformed)?;
    let reason = input.reason.map(|r| paragraph("reason", &r, 500)).transpose().map_err(malformed)?.filter(|r| !r.is_empty());
    add_exception(ctx.app(), ctx.call(), once, champion, exception, reason).await
}

async fn removed_payload(ctx: &Context<'_>, input: AvailabilityExceptionRemoveInput) -> Result<AvailabilityExceptionRemovePayload> {
    let result: Result<ChampionId, Refusal<CannotRemoveException>> = async {
        let exception = id::at(&input.exception_id, "exceptionId")?;
        remove_exception(ctx.app(), ctx.call(), exception).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AvailabilityExceptionRemovePayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

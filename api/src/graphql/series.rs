//! Series: sessions that repeat.

use async_graphql::{Context, ID, Object, Result};
use entity::series;
use rules::id::SeriesId;
use rules::policy::{Action, Relation};

use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::loader::DatesOf;
use super::paging::{Args, DateTimeRangeInput, connection};
use super::scalar::{DateTime, LocalDate, LocalTime};
use super::session::SessionConnection;
use super::venue::Venue;
use crate::store::session::{BY_START, Filter, select};

/// Sessions that repeat.
#[derive(Clone, Debug)]
pub struct SessionSeries(pub series::Model);

impl SessionSeries {
    async fn dates(&self, ctx: &Context<'_>, added: bool) -> Result<Vec<LocalDate>> {
        let rows = ctx.rows().list(DatesOf(self.0.id)).await?;
        Ok(rows.into_iter().filter(|date| date.added == added).map(|date| LocalDate(date.on_date)).collect())
    }
}

/// Sessions that repeat, at the same time on the wall clock. Those of the next twelve weeks stand in the calendar as sessions of
/// their own: one of them may be moved, called off or covered without touching the others.
#[Object]
impl SessionSeries {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The group that holds it.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        ctx.rows().one(self.0.group_id).await.transpose().map(|row| row.map(Group))
    }

    /// Where; null for phone and video.
    async fn venue(&self, ctx: &Context<'_>) -> Option<Result<Venue>> {
        ctx.rows().maybe(self.0.venue_id).await.transpose().map(|row| row.map(Venue))
    }

    /// What its sessions are called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// How it repeats: an RRULE of RFC 5545, without COUNT and UNTIL, which `lastDate` stands for.
    async fn rule(&self) -> &str {
        &self.0.rule
    }

    /// The first date.
    async fn first_date(&self) -> LocalDate {
        LocalDate(self.0.first_on)
    }

    /// The last date it may meet on; null if it goes on.
    async fn last_date(&self) -> Option<LocalDate> {
        self.0.until_on.map(LocalDate)
    }

    /// Dates taken out.
    async fn skipped_dates(&self, ctx: &Context<'_>) -> Result<Vec<LocalDate>> {
        self.dates(ctx, false).await
    }

    /// Dates put in, which are held whatever closures and bank holidays say.
    async fn extra_dates(&self, ctx: &Context<'_>) -> Result<Vec<LocalDate>> {
        self.dates(ctx, true).await
    }

    /// The time on the wall clock.
    async fn start_time(&self) -> LocalTime {
        LocalTime(self.0.local_start)
    }

    /// How long a session runs, in minutes.
    async fn duration_minutes(&self) -> i32 {
        self.0.minutes
    }

    /// The zone of dates and times.
    async fn time_zone(&self) -> &str {
        &self.0.zone
    }

    /// The series this one was cut from, when it was changed from one session on; null if it was not.
    async fn continues(&self, ctx: &Context<'_>) -> Option<Result<SessionSeries>> {
        ctx.rows().maybe(self.0.continues_id).await.transpose().map(|row| row.map(SessionSeries))
    }

    /// Its sessions, by their start, those that were called off included.
    #[allow(clippy::too_many_arguments, reason = "the four paging arguments are the style of every list")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that start in this span.")] range: Option<DateTimeRangeInput>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<SessionConnection>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        let (from, until) = (range.map(|r| r.from.0), range.map(|r| r.until.0));
        let filter = Filter { series: Some(self.0.id), from, until, ..Filter::default() };
        Some(SessionConnection::read(ctx, select(&filter), BY_START, Args { first, after, last, before }).await)
    }

    /// Whether the viewer may change or end it.
    async fn viewer_can_update(&self, ctx: &Context<'_>) -> bool {
        ctx.may(Action::SessionSeriesChange, ctx.call().caller.to_group(self.0.group_id))
    }

    /// When it ended; null while it goes on.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// Give it back as `expectedVersion` to guard against lost updates.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

connection!(SessionSeriesConnection, SessionSeriesEdge, SessionSeries, "series", series, |row: &series::Model| row.title.clone());

/// Queries.
#[derive(Default, Debug)]
pub struct SeriesQuery;

#[Object]
impl SeriesQuery {
    /// One series. For anybody signed in.
    async fn session_series(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Option<Result<SessionSeries>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        ctx.rows().maybe(id::parse::<SeriesId>(&id)).await.transpose().map(|row| row.map(SessionSeries))
    }
}

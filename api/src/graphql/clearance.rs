//! Clearance on a date with its reasons, the year ahead, and the promises that will break.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::NaiveDate;
use rules::clearance::Gap;
use rules::clearance::outlook::{Break, Period, Prevention};
use rules::matching::{Blocker, BlockerKind};
use rules::policy::{Action, Relation};
use rules::reason::Malformed;

use super::assignment::Assignment;
use super::champion::Champion;
use super::code::Code;
use super::context::Ctx;
use super::matching::RemedyToDo;
use super::paging::{Args, PageInfo, cut};
use super::problem::{broken, coded};
use super::scalar::LocalDate;
use crate::service::clearance::{Outlook, forecast};
use crate::store::paging::{Cursor, Page};

/// The furthest a forecast looks, in days.
const FURTHEST: i32 = 366;

/// A champion's clearance on a date, judged by what is known now.
#[derive(SimpleObject, Debug)]
pub struct ChampionClearance {
    /// The date it is judged for.
    on: LocalDate,
    /// Whether nothing is missing on that date.
    cleared: bool,
    /// The last day it stays so without anything being done; null if it is not so, or stays so for a year.
    cleared_until: Option<LocalDate>,
    /// Everything that is missing, each with what would mend it; empty when cleared.
    reasons: Vec<ClearanceReason>,
    /// The twelve months from that date, by stretches with one verdict.
    timeline: Vec<ClearancePeriod>,
}

impl From<Outlook> for ChampionClearance {
    fn from(outlook: Outlook) -> Self {
        Self {
            on: LocalDate(outlook.on),
            cleared: outlook.gaps.is_empty(),
            cleared_until: outlook.until.map(LocalDate),
            reasons: reasons(outlook.gaps),
            timeline: outlook.periods.into_iter().map(Into::into).collect(),
        }
    }
}

/// A stretch of days with one verdict.
#[derive(SimpleObject, Debug)]
pub struct ClearancePeriod {
    /// Its first day.
    from: LocalDate,
    /// Its last day.
    until: LocalDate,
    /// Whether nothing is missing throughout.
    cleared: bool,
    /// Everything that is missing; empty when cleared.
    reasons: Vec<ClearanceReason>,
}

impl From<Period> for ClearancePeriod {
    fn from(period: Period) -> Self {
        Self {
            from: LocalDate(period.from),
            until: LocalDate(period.until),
            cleared: period.gaps.is_empty(),
            reasons: reasons(period.gaps),
        }
    }
}

/// One thing that is missing.
#[derive(SimpleObject, Debug)]
pub struct ClearanceReason {
    /// What kind of thing.
    kind: BlockerKind,
    /// In words.
    message: String,
    /// What would mend it; null if only time does, or a coordinator.
    remedy: Option<RemedyToDo>,
}

fn reasons(gaps: Vec<Gap>) -> Vec<ClearanceReason> {
    let reason = |gap| {
        let blocker = Blocker::Clearance(gap);
        ClearanceReason { kind: blocker.kind(), message: blocker.to_string(), remedy: blocker.remedy().map(RemedyToDo::from) }
    };
    gaps.into_iter().map(reason).collect()
}

/// A confirmed assignment that will not stand on its date.
#[derive(Debug)]
pub struct ForecastBreak(Break);

/// A confirmed assignment that will not stand on its date, by what is known now.
#[Object]
impl ForecastBreak {
    /// Which.
    async fn assignment(&self, ctx: &Context<'_>) -> Option<Result<Assignment>> {
        ctx.rows().one(self.0.assignment).await.transpose().map(|row| row.map(Assignment))
    }

    /// The session's date.
    async fn on(&self) -> LocalDate {
        LocalDate(self.0.on)
    }

    /// Everything that will be missing, each with what would prevent it.
    async fn reasons(&self) -> Vec<ClearanceReason> {
        reasons(self.0.gaps.clone())
    }
}

/// One thing to be done for one champion, and the assignments it helps to keep.
#[derive(Debug)]
pub struct ForecastPrevention(Prevention);

/// One thing to be done for one champion, and the assignments it helps to keep.
#[Object]
impl ForecastPrevention {
    /// For whom.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion).await
    }

    /// What.
    async fn remedy(&self) -> RemedyToDo {
        self.0.remedy.clone().into()
    }

    /// The date of the first session it serves: it has to be done by then.
    async fn by(&self) -> LocalDate {
        LocalDate(self.0.by)
    }

    /// How many assignments it serves.
    async fn serves_count(&self) -> usize {
        self.0.serves.len()
    }

    /// How many of them need nothing else.
    async fn alone_count(&self) -> usize {
        self.0.alone.len()
    }
}

/// Confirmed assignments that will break, soonest first.
#[derive(Debug)]
pub struct ForecastConnection {
    page: Page<(usize, Break)>,
    total: usize,
    preventions: Vec<Prevention>,
}

/// Confirmed assignments that will break, soonest first, and what would prevent it.
#[Object]
impl ForecastConnection {
    /// The lines.
    async fn edges(&self) -> Vec<ForecastEdge> {
        let edge =
            |(index, found): &(usize, Break)| ForecastEdge { cursor: Cursor::at(*index).encode(), node: ForecastBreak(found.clone()) };
        self.page.rows.iter().map(edge).collect()
    }

    /// The lines without their cursors.
    async fn nodes(&self) -> Vec<ForecastBreak> {
        self.page.rows.iter().map(|(_, found)| ForecastBreak(found.clone())).collect()
    }

    /// Where the page lies.
    async fn page_info(&self) -> PageInfo {
        PageInfo::of(&self.page, |(index, _)| Cursor::at(*index).encode())
    }

    /// How many assignments will break.
    async fn total_count(&self) -> usize {
        self.total
    }

    /// What would prevent it, over all of them: what serves most first, up to 50.
    async fn preventions(&self) -> Vec<ForecastPrevention> {
        self.preventions.iter().take(50).cloned().map(ForecastPrevention).collect()
    }
}

/// A line of the forecast and its place in the list.
#[derive(SimpleObject, Debug)]
pub struct ForecastEdge {
    /// Where it stands in the list.
    cursor: String,
    /// The line.
    node: ForecastBreak,
}

/// Queries.
#[derive(Default, Debug)]
pub struct ClearanceQuery;

#[Object]
impl ClearanceQuery {
    /// Confirmed assignments of the days ahead that will not stand on their date, by what is known now, and what would prevent it.
    /// For coordinators and the safeguarding lead.
    async fn clearance_forecast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many days ahead, 1 to 366.", default = 90)] days: i32,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ForecastConnection>> {
        if !ctx.may(Action::ClearanceForecastRead, Relation::Other) {
            return None;
        }
        Some(forecast_page(ctx, days, Args { first, after, last, before }).await)
    }
}

async fn forecast_page(ctx: &Context<'_>, days: i32, args: Args) -> Result<ForecastConnection> {
    if !(1..=FURTHEST).contains(&days) {
        return Err(coded(Code::BadUserInput, "A forecast looks 1 to 366 days ahead: choose days in between."));
    }
    let (breaks, preventions) = forecast(ctx.app(), ctx.call(), i64::from(days)).await.map_err(broken)?;
    let total = breaks.len();
    Ok(ForecastConnection { page: cut(breaks, total, args)?, total, preventions })
}

/// The date asked about, or today; not before the alliance had records, nor beyond what anybody plans.
pub fn asked_on(on: Option<LocalDate>, today: NaiveDate) -> Result<NaiveDate> {
    let on = on.map_or(today, |on| on.0);
    let near = (on - today).num_days().abs() <= 3_660;
    let problem = Malformed::new("on", "Ask about a date within ten years of today.");
    if near { Ok(on) } else { Err(coded(Code::BadUserInput, &problem.message)) }
}

//! The rota of a week: for a group, a venue or oneself.

use async_graphql::{Context, ID, Object, OneofObject, Result};
use chrono::{Days, NaiveDate};
use rules::calendar::{monday_of, resolve};
use rules::id::{ChampionId, GroupId, VenueId};
use rules::policy::{Action, Relation};

use super::code::Code;
use super::context::Ctx;
use super::id;
use super::paging::Args;
use super::problem::coded;
use super::scalar::LocalDate;
use super::session::SessionConnection;
use crate::clock::HOME_ZONE;
use crate::store::session::{BY_START, Filter, select};

/// Whose rota: exactly one of these.
#[derive(OneofObject, Debug)]
pub enum RotaOf {
    /// A group's.
    GroupId(ID),
    /// A venue's.
    VenueId(ID),
    /// A champion's: one's own, or anybody's for coordinators.
    ChampionId(ID),
}

/// The sessions of a week.
#[derive(Debug)]
pub struct Rota {
    monday: NaiveDate,
    filter: Filter,
}

/// The sessions of a week, Monday to Sunday in Europe/London. Who is placed stands with each session, for those who may see it.
#[Object]
impl Rota {
    /// The Monday.
    async fn from(&self) -> LocalDate {
        LocalDate(self.monday)
    }

    /// The Sunday.
    async fn to(&self) -> LocalDate {
        LocalDate(self.monday + Days::new(6))
    }

    /// The sessions, by their start.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<SessionConnection> {
        SessionConnection::read(ctx, select(&self.filter), BY_START, Args { first, after, last, before }).await
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct RotaQuery;

#[Object]
impl RotaQuery {
    /// The rota of a week, for a group, a venue or a champion. For anybody signed in; a champion's own week for the champion and
    /// coordinators.
    async fn rota(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Any date of the week.")] week: LocalDate,
        #[graphql(desc = "Whose rota.")] of: RotaOf,
    ) -> Option<Result<Rota>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        let filter = match of {
            RotaOf::GroupId(id) => Filter { groups: Some(vec![id::parse::<GroupId>(&id)?]), ..Filter::default() },
            RotaOf::VenueId(id) => Filter { venue: Some(id::parse::<VenueId>(&id)?), ..Filter::default() },
            RotaOf::ChampionId(id) => Filter { champion: Some(own_week(ctx, &id)?), ..Filter::default() },
        };
        Some(of_week(week.0, filter))
    }
}

fn own_week(ctx: &Context<'_>, id: &ID) -> Option<ChampionId> {
    let champion = id::parse::<ChampionId>(id)?;
    ctx.may(Action::ChampionRotaRead, ctx.call().caller.to_champion(champion)).then_some(champion)
}

fn of_week(date: NaiveDate, filter: Filter) -> Result<Rota> {
    let outside = || coded(Code::BadUserInput, "Argument \"week\": choose a date between 2000 and 2100.");
    if !(2000..2100).contains(&chrono::Datelike::year(&date)) {
        return Err(outside());
    }
    let monday = monday_of(date);
    let midnight = |day: NaiveDate| resolve(day.and_time(chrono::NaiveTime::MIN), HOME_ZONE);
    let filter = Filter { from: Some(midnight(monday)), until: Some(midnight(monday + Days::new(7))), ..filter };
    Ok(Rota { monday, filter })
}

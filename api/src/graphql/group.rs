//! Groups.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::community_group;
use rules::directory::{CannotAddGroup, GroupCreateErrorCode};
use rules::holiday::BankHolidayPolicy;
use rules::id::GroupId;
use rules::input::Topic;
use rules::policy::{Action, Relation};

use super::attendance::{DatePeriodInput, HoursTotal};
use super::context::Ctx;
use super::group_calendar::GroupClosure;
use super::id::{self, NodeId};
use super::loader::{ClosuresOf, GroupHours, GroupSignUp, GroupTopics, HolidaysOf, ToldOf};
use super::once::once;
use super::organisation::{Organisation, named};
use super::outcome::OutcomeTotals;
use super::paging::{Args, DateTimeRangeInput, connection};
use super::problem::{Problem, settle};
use super::series::SessionSeriesConnection;
use super::session::SessionConnection;
use super::venue::Venue;
use crate::error::Refusal;
use crate::service::directory::create_group;
use crate::store::attendance::Hours;
use crate::store::directory::{GROUPS, groups};
use crate::store::outcome::Told;
use crate::store::series::{BY_TITLE, of_group};
use crate::store::session::{BY_START, Filter, select};

/// A community group that offers digital support.
#[derive(Clone, Debug)]
pub struct Group(pub community_group::Model);

/// A community group that offers digital support.
#[Object]
impl Group {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Machine name.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// Name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it does, for people.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// The partner it is run by or with.
    async fn organisation(&self, ctx: &Context<'_>) -> Option<Result<Organisation>> {
        ctx.rows().one(self.0.organisation_id).await.transpose().map(|row| row.map(Organisation))
    }

    /// Where it usually meets; null for phone and video.
    async fn venue(&self, ctx: &Context<'_>) -> Option<Result<Venue>> {
        ctx.rows().maybe(self.0.venue_id).await.transpose().map(|row| row.map(Venue))
    }

    /// What it helps with.
    async fn topics(&self, ctx: &Context<'_>) -> Result<Vec<Topic>> {
        let mut topics = ctx.rows().list(GroupTopics(self.0.id)).await?;
        topics.sort();
        Ok(topics)
    }

    /// Whether cleared champions take places of its sessions themselves, by `placeTake`; a session may say otherwise.
    async fn open_sign_up(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.rows().list(GroupSignUp(self.0.id)).await?.first().copied().unwrap_or(false))
    }

    /// Its sessions, by their start. Null without being signed in.
    #[allow(clippy::too_many_arguments, reason = "the four paging arguments are the style of every list")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that start in this span.")] range: Option<DateTimeRangeInput>,
        #[graphql(desc = "Only those with a lead or helper place open.", default)] uncovered_only: bool,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<SessionConnection>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        let (from, until) = (range.map(|r| r.from.0), range.map(|r| r.until.0));
        let filter = Filter { groups: Some(vec![self.0.id]), from, until, uncovered_only, ..Filter::default() };
        Some(SessionConnection::read(ctx, select(&filter), BY_START, Args { first, after, last, before }).await)
    }

    /// Its series of sessions, by title. Null without being signed in.
    #[allow(clippy::too_many_arguments, reason = "the four paging arguments are the style of every list")]
    async fn series(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether to list those that have ended too.", default)] ended: bool,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<SessionSeriesConnection>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        let page = Args { first, after, last, before };
        Some(SessionSeriesConnection::read(ctx, of_group(self.0.id, ended), BY_TITLE, page).await)
    }

    /// What bank holidays mean to its series.
    async fn bank_holidays(&self, ctx: &Context<'_>) -> Result<BankHolidayPolicy> {
        Ok(ctx.rows().list(HolidaysOf(self.0.id)).await?.first().copied().unwrap_or(BankHolidayPolicy::Skip))
    }

    /// When it does not meet, by date: the time between terms.
    async fn closures(&self, ctx: &Context<'_>) -> Result<Vec<GroupClosure>> {
        Ok(ctx.rows().list(ClosuresOf(self.0.id)).await?.into_iter().map(GroupClosure).collect())
    }

    /// Hours that champions have given to it. For its leaders and coordinators.
    async fn hours(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which period.", default)] period: DatePeriodInput,
    ) -> Option<Result<HoursTotal>> {
        if !ctx.may(Action::AttendanceRead, ctx.call().caller.to_group(self.0.id)) {
            return None;
        }
        let rows: Result<Vec<Hours>> = ctx.rows().list(GroupHours(self.0.id)).await;
        Some(rows.map(|rows| HoursTotal::of(rows.iter().filter(|h| period.holds(h.date)))))
    }

    /// What its sessions did, added up. For its leaders and coordinators; others than coordinators are told no number between 1
    /// and 4.
    async fn outcomes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which period.", default)] period: DatePeriodInput,
    ) -> Option<Result<OutcomeTotals>> {
        if !ctx.may(Action::OutcomeRead, ctx.call().caller.to_group(self.0.id)) {
            return None;
        }
        let rows: Result<Vec<Told>> = ctx.rows().list(ToldOf(self.0.id)).await;
        let sees_small = ctx.may(Action::SmallNumbersRead, Relation::Other);
        Some(rows.map(|rows| OutcomeTotals::of(rows.iter().filter(|t| period.holds(t.date)), sees_small)))
    }

    /// Whether the viewer may ask for champions for it.
    async fn viewer_can_request_champions(&self, ctx: &Context<'_>) -> bool {
        ctx.may(Action::ChampionRequestCreate, ctx.call().caller.to_group(self.0.id))
    }
}

connection!(GroupConnection, GroupEdge, Group, "groups", community_group, |row: &community_group::Model| row.name.clone());

/// Queries.
#[derive(Default, Debug)]
pub struct GroupQuery;

#[Object]
impl GroupQuery {
    /// The directory of groups that offer digital support, by name. With a client key, or signed in.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those of this organisation.")] organisation_id: Option<ID>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<GroupConnection>> {
        if !ctx.may(Action::DirectoryRead, Relation::Other) {
            return None;
        }
        // An id that is none belongs to no group.
        let of = organisation_id.map(|id| id::parse(&id).unwrap_or(rules::id::OrganisationId(uuid::Uuid::nil())));
        Some(GroupConnection::read(ctx, groups(of), GROUPS, Args { first, after, last, before }).await)
    }

    /// One group. With a client key, or signed in.
    async fn group(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Option<Result<Group>> {
        if !ctx.may(Action::DirectoryRead, Relation::Other) {
            return None;
        }
        ctx.rows().maybe(id::parse::<GroupId>(&id)).await.transpose().map(|row| row.map(Group))
    }
}

/// Input of `groupCreate`.
#[derive(InputObject, Debug)]
pub struct GroupCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The partner it is run by or with.
    organisation_id: ID,
    /// Where it usually meets; leave out for phone and video.
    venue_id: Option<ID>,
    /// Machine name: lower-case letters, digits and single dashes.
    slug: String,
    /// Name, up to 120 characters.
    name: String,
    /// What it does, for people; up to 2,000 characters.
    #[graphql(default)]
    description: String,
    /// What it helps with.
    #[graphql(default)]
    topics: Vec<Topic>,
}

/// Result of `groupCreate`.
#[derive(SimpleObject, Debug)]
pub struct GroupCreatePayload {
    /// The new group; null if there are errors.
    group: Option<Group>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<GroupCreateErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct GroupMutation;

#[Object]
impl GroupMutation {
    /// Add a group. Coordinators and administrators.
    async fn group_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The group.")] input: GroupCreateInput,
    ) -> Option<Result<GroupCreatePayload>> {
        Some(payload(ctx, input).await)
    }
}

async fn payload(ctx: &Context<'_>, input: GroupCreateInput) -> Result<GroupCreatePayload> {
    let (id, user_errors) = settle(create(ctx, input).await)?;
    Ok(GroupCreatePayload { group: ctx.rows().maybe(id).await?.map(Group), user_errors })
}

async fn create(ctx: &Context<'_>, input: GroupCreateInput) -> Result<GroupId, Refusal<CannotAddGroup>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let organisation = id::at(&input.organisation_id, "organisationId")?;
    let venue = input.venue_id.map(|venue| id::at(&venue, "venueId")).transpose()?;
    let named = named(input.slug, input.name, input.description)?;
    create_group(ctx.app(), ctx.call(), once, named, organisation, venue, super::shared::distinct(input.topics)).await
}

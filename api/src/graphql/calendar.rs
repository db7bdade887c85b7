//! Secret addresses of calendars.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::calendar_feed;
use rules::feed::{
    CalendarFeedCreateErrorCode, CalendarFeedResetErrorCode, CalendarFeedRevokeErrorCode, CannotAddFeed, CannotResetFeed, CannotRevokeFeed,
};
use rules::id::CalendarFeedId;

use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::Refusal;
use crate::service::calendar_feed::{WithSecret, create, reset, revoke};

/// A secret address of a calendar.
#[derive(Clone, Debug)]
pub struct CalendarFeed(pub calendar_feed::Model);

/// A secret address under which calendar programs read a calendar (iCalendar, RFC 5545): the account's own, or a group's. Whoever has
/// the address can read it; it is shown when it is made and never again.
#[Object]
impl CalendarFeed {
    /// Give it to `calendarFeedReset` or `calendarFeedRevoke`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The group whose calendar it is; null for the account's own.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        ctx.rows().maybe(self.0.group_id).await.transpose().map(|row| row.map(Group))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When its address was last changed; null if it never was.
    async fn reset_at(&self) -> Option<DateTime> {
        self.0.reset_at.map(DateTime)
    }
}

/// Input of `calendarFeedCreate`.
#[derive(InputObject, Debug)]
pub struct CalendarFeedCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The group whose calendar it is; left out for the champion's own.
    group_id: Option<ID>,
}

/// Result of `calendarFeedCreate`.
#[derive(SimpleObject, Debug)]
pub struct CalendarFeedCreatePayload {
    /// The new address's record; null if there are errors.
    feed: Option<CalendarFeed>,
    /// The address, this once; null in the answer to a retry, which can't show it again.
    url: Option<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<CalendarFeedCreateErrorCode>>,
}

/// Input of `calendarFeedReset`.
#[derive(InputObject, Debug)]
pub struct CalendarFeedResetInput {
    /// Which.
    feed_id: ID,
}

/// Result of `calendarFeedReset`.
#[derive(SimpleObject, Debug)]
pub struct CalendarFeedResetPayload {
    /// The address's record; null if there are errors.
    feed: Option<CalendarFeed>,
    /// The new address, this once.
    url: Option<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<CalendarFeedResetErrorCode>>,
}

/// Input of `calendarFeedRevoke`.
#[derive(InputObject, Debug)]
pub struct CalendarFeedRevokeInput {
    /// Which.
    feed_id: ID,
}

/// Result of `calendarFeedRevoke`.
#[derive(SimpleObject, Debug)]
pub struct CalendarFeedRevokePayload {
    /// The record of the address that is over; null if there are errors.
    feed: Option<CalendarFeed>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<CalendarFeedRevokeErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct CalendarMutation;

#[Object]
impl CalendarMutation {
    /// Make an address for a calendar. Champions for their own, leaders for their group's, coordinators for any group's. Ten at most.
    async fn calendar_feed_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which calendar.")] input: CalendarFeedCreateInput,
    ) -> Option<Result<CalendarFeedCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Change the address of a calendar; the old one is over at once. Whoever made it.
    async fn calendar_feed_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: CalendarFeedResetInput,
    ) -> Option<Result<CalendarFeedResetPayload>> {
        Some(reset_payload(ctx, input).await)
    }

    /// End the address of a calendar. Whoever made it.
    async fn calendar_feed_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: CalendarFeedRevokeInput,
    ) -> Option<Result<CalendarFeedRevokePayload>> {
        Some(revoke_payload(ctx, input).await)
    }
}

/// Record and address of a feed that was made or reset.
async fn shown(ctx: &Context<'_>, made: Option<WithSecret>) -> Result<(Option<CalendarFeed>, Option<String>)> {
    let Some((id, secret)) = made else { return Ok((None, None)) };
    let base = ctx.app().policy.identity.public_url.trim_end_matches('/');
    let url = secret.map(|secret| format!("{base}/calendar/{secret}.ics"));
    Ok((ctx.rows().one(id).await?.map(CalendarFeed), url))
}

async fn create_payload(ctx: &Context<'_>, input: CalendarFeedCreateInput) -> Result<CalendarFeedCreatePayload> {
    let result: Result<WithSecret, Refusal<CannotAddFeed>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let group = input.group_id.map(|group| id::at(&group, "groupId")).transpose()?;
        create(ctx.app(), ctx.call(), once, group).await
    }
    .await;
    let (made, user_errors) = settle(result)?;
    let (feed, url) = shown(ctx, made).await?;
    Ok(CalendarFeedCreatePayload { feed, url, user_errors })
}

async fn reset_payload(ctx: &Context<'_>, input: CalendarFeedResetInput) -> Result<CalendarFeedResetPayload> {
    let result: Result<WithSecret, Refusal<CannotResetFeed>> =
        async { reset(ctx.app(), ctx.call(), id::at(&input.feed_id, "feedId")?).await }.await;
    let (made, user_errors) = settle(result)?;
    let (feed, url) = shown(ctx, made).await?;
    Ok(CalendarFeedResetPayload { feed, url, user_errors })
}

async fn revoke_payload(ctx: &Context<'_>, input: CalendarFeedRevokeInput) -> Result<CalendarFeedRevokePayload> {
    let result: Result<CalendarFeedId, Refusal<CannotRevokeFeed>> =
        async { revoke(ctx.app(), ctx.call(), id::at(&input.feed_id, "feedId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(CalendarFeedRevokePayload { feed: ctx.rows().maybe(id).await?.map(CalendarFeed), user_errors })
}

//! Sessions that have just changed, for open screens.

use async_graphql::{Context, ID, InputObject, Result, SimpleObject, Subscription};
use futures_util::{Stream, stream};
use rules::id::{GroupId, SessionId};
use rules::policy::{Action, Relation};
use rules::session::SessionChangeKind;

use super::code::Code;
use super::context::Ctx;
use super::id::{self, encode};
use super::problem::coded;
use super::scalar::DateTime;
use super::session::Session;
use crate::news::{News, SessionNews};

/// What happened to a session, and the session as it is now.
#[derive(SimpleObject, Debug)]
pub struct SessionChange {
    /// What happened.
    kind: SessionChangeKind,
    /// The session as it is now; null if something was missed.
    session: Option<Session>,
    /// When it happened.
    at: DateTime,
    /// Of the event: the same however often and by whichever server it is told; null if something was missed.
    event_id: Option<ID>,
}

/// Which sessions to follow; conditions are joined with AND.
#[derive(InputObject, Debug, Default)]
pub struct SessionChangeFilter {
    /// Of these groups.
    group_ids: Option<Vec<ID>>,
    /// These sessions.
    session_ids: Option<Vec<ID>>,
}

impl SessionChangeFilter {
    fn wants(&self, session: &entity::session::Model) -> bool {
        let groups = self.group_ids.as_ref().is_none_or(|ids| ids.iter().filter_map(id::parse::<GroupId>).any(|id| id == session.group_id));
        groups && self.names(session.id)
    }

    fn names(&self, session: SessionId) -> bool {
        self.session_ids.as_ref().is_none_or(|ids| ids.iter().filter_map(id::parse::<SessionId>).any(|id| id == session))
    }
}

/// Subscriptions.
#[derive(Default, Debug)]
pub struct SessionSubscription;

#[Subscription]
impl SessionSubscription {
    /// Sessions that have just changed, of those the viewer may see. For anybody signed in. What is missed while a connection is
    /// down is not told later: read again after connecting, and when `kind` is MISSED.
    async fn session_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sessions to follow.", default)] filter: SessionChangeFilter,
    ) -> Result<impl Stream<Item = SessionChange>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return Err(coded(Code::Unauthenticated, "Sign in: sessions are for people with an account."));
        }
        // The socket runs the operation anew for each of the news, in a context of its own; the first time it only asks whether
        // the operation can be served.
        let change = match ctx.data_opt::<News>() {
            None | Some(News::Rota(_)) => None,
            Some(News::Missed) => {
                Some(SessionChange { kind: SessionChangeKind::Missed, session: None, at: DateTime(ctx.call().now), event_id: None })
            }
            Some(News::Session(news)) => seen(ctx, news, &filter).await?,
        };
        Ok(stream::iter(change))
    }
}

/// The change as this viewer sees it, if they do.
async fn seen(ctx: &Context<'_>, news: &SessionNews, filter: &SessionChangeFilter) -> Result<Option<SessionChange>> {
    if !filter.names(news.session) {
        return Ok(None);
    }
    let Some(session) = ctx.rows().one(news.session).await?.filter(|session| filter.wants(session)) else { return Ok(None) };
    let action = if news.kind == SessionChangeKind::Request { Action::ChampionRequestRead } else { Action::SessionRead };
    if !ctx.may(action, ctx.call().caller.to_group(session.group_id)) {
        return Ok(None);
    }
    let event_id = Some(encode("Event", news.event));
    Ok(Some(SessionChange { kind: news.kind, session: Some(Session(session)), at: DateTime(news.at), event_id }))
}

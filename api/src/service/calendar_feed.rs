//! Secret addresses of calendars: made, reset and revoked by their owner; the secret is shown once and kept as its hash alone.

use entity::calendar_feed;
use rules::feed::{CannotAddFeed, CannotResetFeed, CannotRevokeFeed, MOST, WRONG};
use rules::id::{AccountId, CalendarFeedId, GroupId};
use rules::limit::Wait;
use rules::policy::{Action, Caller, Relation};
use rules::reason::Reason;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::session::group_for;
use super::{Once, Subject, answered, audited, done, keep, limit};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::keys::{new_secret, sha256_text};
use crate::store::{self, calendar, row, transact};

/// A feed, and its secret if it was made just now.
pub type WithSecret = (CalendarFeedId, Option<String>);

/// Whether a calendar is a caller's to see: a champion's own, or their group's.
pub fn may_read(caller: &Caller, group: Option<GroupId>) -> bool {
    let may = |relation| rules::policy::decide(caller, Action::CalendarFeedCreate, relation);
    match group {
        Some(group) => may(caller.to_group(group)),
        None => caller.champion.is_some() && may(Relation::Own),
    }
}

/// Makes an address for the caller's own calendar, or for their group's. The answer to a retry has no secret: it was shown.
pub async fn create(app: &App, call: &Call, once: Option<Once>, group: Option<GroupId>) -> Result<WithSecret, Refusal<CannotAddFeed>> {
    let action = Action::CalendarFeedCreate;
    let secret = new_secret("cal")?;
    let result = transact!(app.db, |tx| {
        match group {
            Some(group) => group_for(&tx, call, group, action, "groupId").await?,
            None => call.require(action, Relation::Own)?,
        }
        let Some(account_id) = call.caller.account else { return Err(Refusal::Unauthenticated) };
        if group.is_none() && call.caller.champion.is_none() {
            return Err(Refusal::rule(CannotAddFeed::NoCalendar));
        }
        if let Some(kept) = answered::<CalendarFeedId, CannotAddFeed>(&tx, call, once.as_ref(), action).await? {
            return Ok((kept, None));
        }
        store::account::lock(&tx, account_id).await?;
        if calendar::of_accounts(&tx, &[account_id]).await?.len() >= MOST {
            return Err(Refusal::rule(CannotAddFeed::TooMany { most: MOST }));
        }
        let id: CalendarFeedId = new_id(call.now);
        let secret_hash = sha256_text(secret.as_bytes());
        let (created_at, none) = (call.now, None);
        let feed = calendar_feed::Model { id, account_id, group_id: group, secret_hash, created_at, reset_at: none, revoked_at: none };
        row::insert(&tx, feed).await?;
        done(&tx, call, action, Subject("CalendarFeed", Some(id.0)), json!({ "group": group })).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok((id, Some(secret.clone())))
    });
    audited(app, call, action, Subject("CalendarFeed", None), result).await
}

/// The caller's own feed, locked; anybody else's, and one that is over, is not found.
async fn own<R: Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    id: CalendarFeedId,
    action: Action,
) -> Result<calendar_feed::Model, Refusal<R>> {
    call.require(action, Relation::Own)?;
    let feed = calendar::lock(tx, id).await?.filter(|feed| Some(feed.account_id) == call.caller.account && feed.revoked_at.is_none());
    feed.ok_or(Refusal::not_found("feedId"))
}

/// Gives a calendar another address; the old one is over at once.
pub async fn reset(app: &App, call: &Call, id: CalendarFeedId) -> Result<WithSecret, Refusal<CannotResetFeed>> {
    let action = Action::CalendarFeedReset;
    let secret = new_secret("cal")?;
    let result = transact!(app.db, |tx| {
        let feed = own(&tx, call, id, action).await?;
        let secret_hash = sha256_text(secret.as_bytes());
        row::update(&tx, calendar_feed::Model { secret_hash, reset_at: Some(call.now), ..feed }).await?;
        done(&tx, call, action, Subject("CalendarFeed", Some(id.0)), json!({ "reset": true })).await?;
        Ok((id, Some(secret.clone())))
    });
    audited(app, call, action, Subject("CalendarFeed", Some(id.0)), result).await
}

/// Ends an address.
pub async fn revoke(app: &App, call: &Call, id: CalendarFeedId) -> Result<CalendarFeedId, Refusal<CannotRevokeFeed>> {
    let action = Action::CalendarFeedRevoke;
    let result = transact!(app.db, |tx| {
        let feed = own(&tx, call, id, action).await?;
        row::update(&tx, calendar_feed::Model { revoked_at: Some(call.now), ..feed }).await?;
        done(&tx, call, action, Subject("CalendarFeed", Some(id.0)), json!({ "revoked": true })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("CalendarFeed", Some(id.0)), result).await
}

/// Whose calendar an address is of.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// A champion's.
    Champion(rules::id::ChampionId),
    /// A group's.
    Group(GroupId),
}

/// Whose calendar a secret opens; none if it opens nothing, for whatever reason. Who asks for too many that there are not has to wait:
/// only a secret that is right gives the try back.
pub async fn by_secret(app: &App, address: &str, secret: &str, call: &Call) -> Result<Result<Option<Whose>, Wait>, Fault> {
    let key = limit::key(app, "calendar", address);
    if let Err(wait) = limit::take(app, &key, WRONG, 1, call.now).await? {
        return Ok(Err(wait));
    }
    let conn = app.db.read();
    let Some(feed) = calendar::by_secret(conn, &sha256_text(secret.as_bytes())).await? else { return Ok(Ok(None)) };
    let whose = standing(conn, feed.account_id, feed.group_id).await?;
    if whose.is_some() {
        limit::give_back(app, &key, WRONG, 1).await?;
    }
    Ok(Ok(whose))
}

/// Whose calendar it is, if the account is still active and it is still theirs to see.
async fn standing(conn: &impl ConnectionTrait, account: AccountId, group: Option<GroupId>) -> Result<Option<Whose>, Fault> {
    let Some(caller) = store::account::absent(conn, account).await?.filter(|caller| may_read(caller, group)) else { return Ok(None) };
    Ok(match group {
        Some(group) => Some(Whose::Group(group)),
        None => caller.champion.map(Whose::Champion),
    })
}

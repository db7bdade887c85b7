//! Passwords: changing one's own, links to sign in or to choose a new one.

use entity::account_link;
use rules::id::AccountId;
use rules::input;
use rules::policy::Action;
use rules::reason::Malformed;
use rules::sign_in::{LINK_LASTS, LinkPurpose, Method, Tries};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;
use uuid::Uuid;

use super::sign_in::{Granted, NotGranted, Visit, buckets, count, grant, mailbox};
use super::{Mail, Subject, done, mail};
use crate::app::{App, Call};
use crate::auth::PASSWORD_BYTES;
use crate::clock::new_id;
use crate::error::Fault;
use crate::store::{self, row, transact};

/// Why a password was not changed.
#[derive(Debug)]
pub enum NotChanged {
    /// The new one will not do.
    Malformed(Malformed),
    /// The rest is as with a sign-in.
    Not(NotGranted),
}

impl<E: Into<NotGranted>> From<E> for NotChanged {
    fn from(error: E) -> Self {
        Self::Not(error.into())
    }
}

/// Changes the password of an account that knows the old one. Every sign-in ends, and a new one begins.
pub async fn change(app: &App, visit: &Visit, account: AccountId, current: String, new: String) -> Result<Granted, NotChanged> {
    input::password("newPassword", &new).map_err(NotChanged::Malformed)?;
    let Some(row) = store::account::find(app.db.read(), account).await? else { return Err(NotGranted::Wrong.into()) };
    // A stolen session must not find the password out; strangers can't fill this bucket.
    let buckets = buckets(app, &[Tries::Device], visit, &row.email_key, Some(account.0));
    count(app, &buckets, visit.call.now).await?;
    if current.len() > PASSWORD_BYTES || !app.passwords.verify(current, row.password_hash.clone()).await? {
        return Err(NotGranted::Wrong.into());
    }
    let hash = app.passwords.hash(new).await?;
    let granted: Result<Granted, NotGranted> = async {
        transact!(app.db, |tx| {
            for (of, key) in &buckets {
                store::limit::give_back(&tx, key, of.limit(), 1).await?;
            }
            set(&tx, &visit.call, Action::PasswordChange, account, &hash).await?;
            let Some(changed) = store::account::find(&tx, account).await? else { return Err(NotGranted::Wrong) };
            grant(&tx, app, visit, &changed, Method::Password).await
        })
    }
    .await;
    Ok(granted?)
}

/// Writes a new password: every token and sign-in ends, and the mailbox is told.
async fn set(tx: &impl ConnectionTrait, call: &Call, action: Action, account: AccountId, hash: &str) -> Result<(), Fault> {
    store::account::set_password(tx, account, hash).await?;
    store::account::end_tokens(tx, account).await?;
    done(tx, call, action, Subject("Account", Some(account.0)), json!({})).await?;
    mail(tx, call, Mail::PasswordChanged { account }).await
}

/// Asks for a link. Whether or not somebody has the address, the same rows are written in the same statements; the message of
/// a link that is nobody's is never made.
pub async fn request_link(app: &App, visit: &Visit, email: &str, purpose: LinkPurpose) -> Result<(), NotGranted> {
    let mailbox = mailbox(email);
    count(app, &buckets(app, &[Tries::Address, Tries::Mailbox], visit, &mailbox, None), visit.call.now).await?;
    let now = visit.call.now;
    transact!(app.db, |tx| {
        let account = store::account::by_email(&tx, &mailbox).await?.filter(|account| account.active).map(|account| account.id);
        let link: Uuid = new_id(now);
        let expires_at = now + LINK_LASTS;
        row::insert(&tx, account_link::Model { id: link, account_id: account, purpose, created_at: now, expires_at, used_at: None })
            .await?;
        done(&tx, &visit.call, Action::LinkRequest, Subject("Account", account.map(|id| id.0)), json!({ "purpose": purpose })).await?;
        mail(&tx, &visit.call, Mail::AccountLink { link }).await?;
        Ok(())
    })
}

/// Whether a link can still be used. Looking does not use it: mail scanners look.
pub async fn link_is_good(app: &App, call: &Call, token: &str, purpose: LinkPurpose) -> Result<bool, Fault> {
    let Some(id) = app.keys.link_id(token) else { return Ok(false) };
    Ok(store::sign_in::link(app.db.read(), id).await?.is_some_and(|link| is_good(&link, call, purpose)))
}

fn is_good(link: &account_link::Model, call: &Call, purpose: LinkPurpose) -> bool {
    link.purpose == purpose && link.used_at.is_none() && call.now < link.expires_at && link.account_id.is_some()
}

/// Uses a link up, and answers whose it is.
async fn consume(tx: &impl ConnectionTrait, call: &Call, id: Uuid, purpose: LinkPurpose) -> Result<Option<entity::account::Model>, DbErr> {
    let Some(mut link) = store::sign_in::lock_link(tx, id).await?.filter(|link| is_good(link, call, purpose)) else { return Ok(None) };
    let Some(account) = link.account_id else { return Ok(None) };
    link.used_at = Some(call.now);
    row::update(tx, link).await?;
    Ok(store::account::find(tx, account).await?.filter(|account| account.active))
}

/// Signs in with a link.
pub async fn sign_in_with_link(app: &App, visit: &Visit, token: &str) -> Result<Granted, NotGranted> {
    let id = app.keys.link_id(token).ok_or(NotGranted::Wrong)?;
    transact!(app.db, |tx| {
        let Some(account) = consume(&tx, &visit.call, id, LinkPurpose::SignIn).await? else { return Err(NotGranted::Wrong) };
        let device = app.keys.device_token(&account.email_key)?;
        let granted = grant(&tx, app, visit, &account, Method::Link).await?;
        Ok(Granted { device_token: Some(device), ..granted })
    })
}

/// Chooses a new password with a link. Every sign-in ends.
pub async fn reset(app: &App, call: &Call, token: &str, new: String) -> Result<(), NotChanged> {
    input::password("newPassword", &new).map_err(NotChanged::Malformed)?;
    let id = app.keys.link_id(token).ok_or(NotGranted::Wrong)?;
    if !link_is_good(app, call, token, LinkPurpose::Recover).await? {
        return Err(NotGranted::Wrong.into());
    }
    let hash = app.passwords.hash(new).await?;
    let done: Result<(), NotGranted> = async {
        transact!(app.db, |tx| {
            let Some(account) = consume(&tx, call, id, LinkPurpose::Recover).await? else { return Err(NotGranted::Wrong) };
            Ok(set(&tx, call, Action::PasswordReset, account.id, &hash).await?)
        })
    }
    .await;
    Ok(done?)
}

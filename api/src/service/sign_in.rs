//! Signing in, staying signed in, and ending it.

use chrono::{DateTime, Utc};
use entity::{account, refresh_token, sign_in};
use rules::id::{AccountId, SignInId};
use rules::input;
use rules::limit::Wait;
use rules::policy::Action;
use rules::sign_in::{EndReason, Method, Refresh, Tries};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::{Mail, Subject, done, event, limit, mail};
use crate::app::{App, Call};
use crate::auth::PASSWORD_BYTES;
use crate::clock::new_id;
use crate::error::Fault;
use crate::keys::{new_secret, sha256_text};
use crate::store::{self, ledger, row, transact};
use crate::token::{self, Bearer};

/// Somebody at the door: the call, where it comes from, and on what.
#[derive(Clone, Debug)]
pub struct Visit {
    /// When, and under which id.
    pub call: Call,
    /// The network address, for counting tries.
    pub address: String,
    /// What the browser or app calls itself, for the list of sign-ins.
    pub device: String,
}

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub struct Granted {
    /// For the API, for minutes.
    pub access_token: String,
    /// For the next access token, once.
    pub refresh_token: String,
    /// Says next time that this device has signed in before; none where nothing new is to be said.
    pub device_token: Option<String>,
}

/// Why nobody was signed in.
#[derive(Debug)]
pub enum NotGranted {
    /// What was shown is not good. Which part of it is not said.
    Wrong,
    /// Too many tries.
    TooMany(Wait),
    /// Something broke.
    Fault(Fault),
}

impl From<DbErr> for NotGranted {
    fn from(error: DbErr) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Fault> for NotGranted {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<anyhow::Error> for NotGranted {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl store::MaybeLostRace for NotGranted {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.is_lost_race())
    }
}

/// The key of the mailbox somebody names. Something that is no address is counted and looked for like one and, with a blank before
/// it, never found.
pub(super) fn mailbox(email: &str) -> String {
    input::email("email", email).map_or_else(|_| format!(" {email}"), |email| email.key)
}

/// The buckets that a try fills.
pub(super) fn buckets(app: &App, tries: &[Tries], visit: &Visit, mailbox: &str, device: Option<uuid::Uuid>) -> Vec<(Tries, String)> {
    let key = |of: &Tries| match of {
        Tries::Address => limit::key(app, "address", &visit.address),
        Tries::AccountFromAddress => limit::key(app, "account-from-address", &format!("{mailbox}\n{}", visit.address)),
        Tries::Account => limit::key(app, "account", mailbox),
        Tries::Device => limit::key(app, "device", &format!("{mailbox}\n{}", device.unwrap_or_default())),
        Tries::Mailbox => limit::key(app, "mailbox", mailbox),
    };
    tries.iter().map(|of| (*of, key(of))).collect()
}

/// Fills the buckets of a try, in order, up to the first that is full.
pub(super) async fn count(app: &App, buckets: &[(Tries, String)], now: DateTime<Utc>) -> Result<(), NotGranted> {
    for (of, key) in buckets {
        limit::take(app, key, of.limit(), 1, now).await?.map_err(NotGranted::TooMany)?;
    }
    Ok(())
}

/// Signs in with e-mail and password. An unknown address, a wrong password and an account without one take the same steps
/// and answer alike; only the right password takes more.
pub async fn with_password(
    app: &App,
    visit: &Visit,
    email: &str,
    password: String,
    device_token: Option<&str>,
) -> Result<Granted, NotGranted> {
    let mailbox = mailbox(email);
    let device = device_token.and_then(|token| app.keys.device(token, &mailbox));
    let buckets = buckets(app, Tries::of_password(device.is_some()), visit, &mailbox, device);
    count(app, &buckets, visit.call.now).await?;
    let found = store::account::by_email(app.db.read(), &mailbox).await?;
    let subject = found.as_ref().map(|account| account.id.0);
    let known = found.filter(|account| account.active);
    let stored = known.as_ref().and_then(|account| account.password_hash.clone());
    let right = password.len() <= PASSWORD_BYTES && app.passwords.verify(password, stored).await?;
    let Some(known) = known.filter(|_| right) else {
        denied(app, &visit.call, Subject("Account", subject)).await?;
        return Err(NotGranted::Wrong);
    };
    let device_token = if device.is_none() { Some(app.keys.device_token(&mailbox)?) } else { None };
    transact!(app.db, |tx| {
        for (of, key) in &buckets {
            store::limit::give_back(&tx, key, of.limit(), 1).await?;
        }
        let granted = grant(&tx, app, visit, &known, Method::Password).await?;
        Ok(Granted { device_token: device_token.clone(), ..granted })
    })
}

/// Records a sign-in that was refused. The limits bound how many there can be.
async fn denied(app: &App, call: &Call, subject: Subject) -> Result<(), Fault> {
    let row = event(call, Action::SignIn, subject, "DENIED", json!({ "refused": "WRONG" }));
    transact!(app.db, |tx| { Ok(ledger::audit(&tx, row.clone()).await?) })
}

/// Begins a family of refresh tokens for an account that has shown who it is, in the transaction that saw it.
pub(super) async fn grant(
    tx: &impl ConnectionTrait,
    app: &App,
    visit: &Visit,
    account: &account::Model,
    method: Method,
) -> Result<Granted, NotGranted> {
    Ok(begin(tx, app, &visit.call, &visit.device, account, method).await?)
}

/// The same, of somebody who did not come to the door.
pub(super) async fn begin(
    tx: &impl ConnectionTrait,
    app: &App,
    call: &Call,
    device: &str,
    account: &account::Model,
    method: Method,
) -> Result<Granted, Fault> {
    let now = call.now;
    let id: SignInId = new_id(now);
    let family = sign_in::Model {
        id,
        account_id: account.id,
        epoch: account.epoch,
        method,
        device: device.to_owned(),
        generation: 1,
        rotated_at: now,
        created_at: now,
        ended_at: None,
        end_reason: None,
    };
    row::insert(tx, family.clone()).await?;
    let detail = json!({ "signIn": id, "method": method });
    done(tx, call, Action::SignIn, Subject("Account", Some(account.id.0)), detail).await?;
    tokens(tx, app, &family, now).await
}

/// An access token and a refresh token of the family's newest generation.
async fn tokens(tx: &impl ConnectionTrait, app: &App, family: &sign_in::Model, now: DateTime<Utc>) -> Result<Granted, Fault> {
    let refresh_token = new_secret("dk_refresh")?;
    let hash = sha256_text(refresh_token.as_bytes());
    row::insert(tx, refresh_token::Model { hash, sign_in_id: family.id, generation: family.generation }).await?;
    let bearer = Bearer::Account { account: family.account_id, epoch: family.epoch, sign_in: Some(family.id) };
    let access_token = token::issue(&app.keys, &bearer, now, app.policy.access_token_minutes)?;
    Ok(Granted { access_token, refresh_token, device_token: None })
}

/// Exchanges a refresh token for the next. One that was replaced and used ends its family: nobody can tell the thief.
pub async fn refresh(app: &App, call: &Call, refresh_token: &str) -> Result<Granted, NotGranted> {
    let hash = sha256_text(refresh_token.as_bytes());
    let outcome: Result<Option<Granted>, NotGranted> = async {
        transact!(app.db, |tx| {
            let Some(token) = store::sign_in::token(&tx, &hash).await? else { return Ok(None) };
            let Some(mut family) = store::sign_in::lock(&tx, token.sign_in_id).await? else { return Ok(None) };
            if store::sign_in::standing(&tx, family.account_id, family.epoch).await?.is_none() {
                return Ok(None);
            }
            match store::sign_in::family(&family).refresh(token.generation, call.now) {
                Refresh::Over => return Ok(None),
                // Committed, though the caller is refused.
                Refresh::Replayed => {
                    end_replayed(&tx, call, &family).await?;
                    return Ok(None);
                }
                Refresh::Again => {}
                Refresh::Rotate => {
                    family.generation += 1;
                    family.rotated_at = call.now;
                    row::update(&tx, family.clone()).await?;
                }
            }
            Ok(Some(tokens(&tx, app, &family, call.now).await?))
        })
    }
    .await;
    outcome?.ok_or(NotGranted::Wrong)
}

async fn end_replayed(tx: &impl ConnectionTrait, call: &Call, family: &sign_in::Model) -> Result<(), Fault> {
    store::sign_in::end(tx, family.account_id, family.id, EndReason::Replayed, call.now).await?;
    let detail = json!({ "signIn": family.id, "reason": EndReason::Replayed });
    done(tx, call, Action::SignInEnd, Subject("Account", Some(family.account_id.0)), detail).await?;
    tracing::warn!(request_id = call.request_id, sign_in = %family.id.0, "a replaced refresh token was used: the sign-in is ended");
    mail(tx, call, Mail::SignInEnded { account: family.account_id }).await
}

/// Ends the sign-in of a refresh token. One that is not known has nothing to end.
pub async fn sign_out(app: &App, call: &Call, refresh_token: &str) -> Result<(), Fault> {
    let hash = sha256_text(refresh_token.as_bytes());
    transact!(app.db, |tx| {
        let Some(token) = store::sign_in::token(&tx, &hash).await? else { return Ok(()) };
        let Some(family) = store::sign_in::lock(&tx, token.sign_in_id).await? else { return Ok(()) };
        end(&tx, call, family.account_id, family.id, EndReason::SignedOut).await.map(|_| ())
    })
}

/// Ends one of an account's own sign-ins; says whether there was one.
pub async fn revoke(app: &App, call: &Call, account: AccountId, id: SignInId) -> Result<bool, Fault> {
    transact!(app.db, |tx| { end(&tx, call, account, id, EndReason::Revoked).await })
}

async fn end(tx: &impl ConnectionTrait, call: &Call, account: AccountId, id: SignInId, reason: EndReason) -> Result<bool, Fault> {
    let ended = store::sign_in::end(tx, account, id, reason, call.now).await?;
    if ended {
        let detail = json!({ "signIn": id, "reason": reason });
        done(tx, call, Action::SignInEnd, Subject("Account", Some(account.0)), detail).await?;
    }
    Ok(ended)
}

/// Ends every sign-in and every token of an account, this one included.
pub async fn revoke_all(app: &App, call: &Call, account: AccountId) -> Result<(), Fault> {
    transact!(app.db, |tx| {
        store::account::end_tokens(&tx, account).await?;
        Ok(done(&tx, call, Action::SignInEnd, Subject("Account", Some(account.0)), json!({ "signIn": "ALL" })).await?)
    })
}

/// Removes what is over: buckets that have drained, links, sign-ins that nobody finished, and those that nobody can use, with their tokens. Answers how many
/// rows.
pub async fn tidy(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let removed = transact!(app.db, |tx| {
        Ok::<_, Fault>(
            store::limit::tidy(&tx, now).await?
                + store::sign_in::tidy(&tx, now).await?
                + store::provider::tidy(&tx, now).await?
                + ledger::tidy(&tx, now).await?,
        )
    });
    Ok(usize::try_from(removed?).unwrap_or(usize::MAX))
}

/// The sign-ins of an account that are not over, newest first.
pub async fn list(app: &App, account: AccountId, now: DateTime<Utc>) -> Result<Vec<sign_in::Model>, Fault> {
    let Some(row) = store::account::find(app.db.read(), account).await? else { return Ok(Vec::new()) };
    Ok(store::sign_in::open(app.db.read(), account, row.epoch, now).await?)
}

//! Finds who is asking: an access token, a client key, both or neither. Something wrong is refused, never ignored.

use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, Utc};
use rules::policy::{Caller, ClientKind};

use super::graphql::Rejection;
use super::recent::Look;
use super::{Site, cors};
use crate::app::App;
use crate::error::Fault;
use crate::graphql::code::Code;
use crate::service;
use crate::store::account::Holder;
use crate::token::{self, Bearer};

/// Where a partner client puts its key.
pub const CLIENT_KEY: &str = "digiknow-client-key";

/// The caller of a request.
pub async fn authenticate(app: &App, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Caller, Rejection> {
    let mut caller = match headers.get(header::AUTHORIZATION) {
        None => Caller::default(),
        Some(value) => signed_in(app, value.to_str().unwrap_or_default(), now).await?,
    };
    if let Some(key) = headers.get(CLIENT_KEY) {
        // A token that is a client's already says which.
        if caller.client.is_some() {
            return Err(refused("Send a client's access token or its key, not both."));
        }
        caller.client = Some(client(app, key.to_str().unwrap_or_default(), headers, now).await?);
    }
    Ok(caller)
}

impl Site {
    /// The caller of a request, who may have been found a moment ago.
    pub(super) async fn caller(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Caller, Rejection> {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        // A client's key is held to its origins as well, and when it was used last is kept.
        let Some(sent) = sent.filter(|_| !self.settings.recent.is_zero() && !headers.contains_key(CLIENT_KEY)) else {
            return authenticate(&self.app, headers, now).await;
        };
        let look = Look::now(&self.app.db);
        if let Some(caller) = self.recent.find(sent, look) {
            return Ok(caller);
        }
        let caller = authenticate(&self.app, headers, now).await?;
        self.recent.keep(sent, &caller, look, self.settings.recent);
        Ok(caller)
    }
}

fn refused(message: &str) -> Rejection {
    Rejection::http(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message).with_header(header::WWW_AUTHENTICATE, "Bearer")
}

/// The database could not say: nobody is let in, and trying again may help.
fn unknown(fault: impl Into<Fault>) -> Rejection {
    tracing::error!(fault = %fault.into(), "the caller could not be found");
    Rejection::unavailable()
}

/// Whether somebody who was let in would be let in still.
pub async fn still_stands(app: &App, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), Rejection> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        signed_in(app, value.to_str().unwrap_or_default(), now).await?;
    }
    if let Some(key) = headers.get(CLIENT_KEY) {
        client(app, key.to_str().unwrap_or_default(), headers, now).await?;
    }
    Ok(())
}

async fn signed_in(app: &App, value: &str, now: DateTime<Utc>) -> Result<Caller, Rejection> {
    match claimed(app, value, now)? {
        Bearer::Account { account, epoch, sign_in } => {
            app.db.caller(Holder { account, epoch, sign_in }).await.map_err(unknown)?.ok_or_else(ended)
        }
        Bearer::Client { client, key, scopes } => {
            service::client::by_token(app, client, key, &scopes, now).await.map_err(unknown)?.ok_or_else(ended)
        }
    }
}

fn ended() -> Rejection {
    refused("The access token is not good, or has ended: sign in again at POST /auth/sign-in.")
}

/// What an access token says of itself; the database has not been asked yet.
fn claimed(app: &App, value: &str, now: DateTime<Utc>) -> Result<Bearer, Rejection> {
    let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer ")).ok_or_else(ended)?;
    token::check(&app.keys, value[scheme.len()..].trim(), now).ok_or_else(ended)
}

async fn client(app: &App, key: &str, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(rules::id::ClientId, ClientKind), Rejection> {
    let found = service::client::by_key(app, key, now).await.map_err(unknown)?;
    let Some(client) = found else { return Err(refused("The client key is not known, or was disabled.")) };
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let welcome = |origin: &str| cors::is_own(origin, headers) || cors::origins(&client).iter().any(|o| o == origin);
    if client.kind == ClientKind::Publishable && origin.is_some_and(|origin| !welcome(origin)) {
        return Err(Rejection::http(
            StatusCode::FORBIDDEN,
            Code::Forbidden,
            "This key is for other web sites: ask for this origin to be added.",
        ));
    }
    Ok((client.id, client.kind))
}

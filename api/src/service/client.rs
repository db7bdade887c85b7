//! Partner clients: adding, keys that overlap, switching off, and tokens for their programs.

use entity::{api_client, client_key};
use rules::client::{
    CannotAddClient, CannotDisableClient, CannotRevokeKey, CannotRotateKey, OVERLAP, TOKEN_MINUTES, add as judge_add, granted,
};
use rules::id::{ClientId, ClientKeyId};
use rules::policy::{Action, Caller, ClientKind, Relation, Scope};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::{Once, Subject, answered, audited, done, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::keys::{new_client_key, sha256_text};
use crate::store::{self, row, transact};
use crate::token::{self, Bearer};

/// The scopes of a client.
pub fn scopes(client: &api_client::Model) -> Vec<Scope> {
    serde_json::from_str(&client.scopes).unwrap_or_default()
}

/// A client as it was sent.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Its name.
    pub name: String,
    /// Publishable or secret.
    pub kind: ClientKind,
    /// What its tokens may do.
    pub scopes: Vec<Scope>,
    /// The web pages that may use its key.
    pub origins: Vec<String>,
}

/// A client, and the key that was made for it: shown this once.
pub type WithKey = (ClientId, Option<String>);

/// Adds a client with its first key. The answer to a retry has no key: it was shown.
pub async fn create(app: &App, call: &Call, once: Option<Once>, new: NewClient) -> Result<WithKey, Refusal<CannotAddClient>> {
    let action = Action::ApiClientCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<ClientId, CannotAddClient>(&tx, call, once.as_ref(), action).await? {
            return Ok((kept, None));
        }
        judge_add(new.kind, &new.scopes, &new.origins).map_err(Refusal::rule)?;
        let (id, key) = insert_by_hand(&tx, call, &new).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok((id, Some(key)))
    });
    audited(app, call, action, Subject("ApiClient", None), result).await
}

/// Adds a client from the command line.
pub async fn insert_by_hand(tx: &impl ConnectionTrait, call: &Call, new: &NewClient) -> Result<(ClientId, String), Fault> {
    let (id, key) = insert(tx, call, new).await?;
    done(tx, call, Action::ApiClientCreate, Subject("ApiClient", Some(id.0)), json!({ "kind": new.kind, "scopes": new.scopes })).await?;
    Ok((id, key))
}

/// Replaces a client's key from the command line; none if there is no such client, it is off, or has two.
pub async fn rotate_by_hand(tx: &impl ConnectionTrait, call: &Call, id: ClientId) -> Result<Option<String>, Fault> {
    let Some(client) = store::client::lock(tx, id).await?.filter(|client| client.disabled_at.is_none()) else { return Ok(None) };
    let Some(key) = replace_key(tx, call, &client).await? else { return Ok(None) };
    done(tx, call, Action::ApiClientKeyRotate, Subject("ApiClient", Some(id.0)), json!({})).await?;
    Ok(Some(key))
}

/// Switches a client off from the command line; says whether there is one.
pub async fn disable_by_hand(tx: &impl ConnectionTrait, call: &Call, id: ClientId) -> Result<bool, Fault> {
    let Some(client) = store::client::lock(tx, id).await? else { return Ok(false) };
    if client.disabled_at.is_none() {
        row::update(tx, api_client::Model { disabled_at: Some(call.now), ..client }).await?;
        done(tx, call, Action::ApiClientDisable, Subject("ApiClient", Some(id.0)), json!({})).await?;
    }
    Ok(true)
}

/// Writes a client and its first key, which it answers.
async fn insert(tx: &impl ConnectionTrait, call: &Call, new: &NewClient) -> Result<(ClientId, String), Fault> {
    let id: ClientId = new_id(call.now);
    let text = new_client_key(new.kind == ClientKind::Publishable)?;
    let key = key_row(call, id, &text);
    let client = api_client::Model {
        id,
        organisation_id: None,
        name: new.name.clone(),
        kind: new.kind,
        // The columns of before there were several keys; replicas of that version still read them.
        key_prefix: key.prefix.clone(),
        key_hash: key.hash.clone(),
        origins: serde_json::to_string(&new.origins).map_err(anyhow::Error::new)?,
        scopes: serde_json::to_string(&new.scopes).map_err(anyhow::Error::new)?,
        created_at: call.now,
        disabled_at: None,
    };
    row::insert(tx, client).await?;
    row::insert(tx, key).await?;
    Ok((id, text))
}

fn key_row(call: &Call, client: ClientId, text: &str) -> client_key::Model {
    client_key::Model {
        id: new_id(call.now),
        client_id: client,
        hash: sha256_text(text.as_bytes()),
        prefix: text.chars().take(12).collect(),
        created_at: call.now,
        expires_at: None,
        last_used_at: None,
    }
}

/// Gives a client a new key; the old one ends after the overlap.
pub async fn rotate(app: &App, call: &Call, once: Option<Once>, id: ClientId) -> Result<WithKey, Refusal<CannotRotateKey>> {
    let action = Action::ApiClientKeyRotate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<ClientId, CannotRotateKey>(&tx, call, once.as_ref(), action).await? {
            return Ok((kept, None));
        }
        let Some(client) = store::client::lock(&tx, id).await? else { return Err(Refusal::not_found("clientId")) };
        if client.disabled_at.is_some() {
            return Err(Refusal::rule(CannotRotateKey::Disabled));
        }
        let text = replace_key(&tx, call, &client).await?.ok_or(Refusal::rule(CannotRotateKey::TwoKeys))?;
        done(&tx, call, action, Subject("ApiClient", Some(id.0)), json!({})).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok((id, Some(text)))
    });
    audited(app, call, action, Subject("ApiClient", Some(id.0)), result).await
}

/// A new key beside the one there is, which gets its end; none if there are two.
async fn replace_key(tx: &impl ConnectionTrait, call: &Call, client: &api_client::Model) -> Result<Option<String>, Fault> {
    let keys = store::client::live_keys(tx, client.id, call.now).await?;
    if keys.len() > 1 {
        return Ok(None);
    }
    for old in keys {
        row::update(tx, client_key::Model { expires_at: Some(call.now + OVERLAP), ..old }).await?;
    }
    let text = new_client_key(client.kind == ClientKind::Publishable)?;
    row::insert(tx, key_row(call, client.id, &text)).await?;
    Ok(Some(text))
}

/// Ends a key at once, and the tokens that were got with it.
pub async fn revoke(app: &App, call: &Call, id: ClientKeyId) -> Result<ClientId, Refusal<CannotRevokeKey>> {
    let action = Action::ApiClientKeyRevoke;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(key) = store::client::lock_key(&tx, id).await? else { return Err(Refusal::not_found("keyId")) };
        let client = key.client_id;
        if key.expires_at.is_none_or(|end| call.now < end) {
            row::update(&tx, client_key::Model { expires_at: Some(call.now), ..key }).await?;
            done(&tx, call, action, Subject("ApiClient", Some(client.0)), json!({ "key": id })).await?;
        }
        Ok(client)
    });
    audited(app, call, action, Subject("ApiClient", None), result).await
}

/// Switches a client off: its keys and tokens end at once.
pub async fn disable(app: &App, call: &Call, id: ClientId) -> Result<ClientId, Refusal<CannotDisableClient>> {
    let action = Action::ApiClientDisable;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(client) = store::client::lock(&tx, id).await? else { return Err(Refusal::not_found("clientId")) };
        if client.disabled_at.is_none() {
            row::update(&tx, api_client::Model { disabled_at: Some(call.now), ..client }).await?;
            done(&tx, call, action, Subject("ApiClient", Some(id.0)), json!({})).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("ApiClient", Some(id.0)), result).await
}

/// The caller that a key makes.
pub async fn by_key(app: &App, key: &str, now: chrono::DateTime<chrono::Utc>) -> Result<Option<api_client::Model>, DbErr> {
    let found = store::client::by_hash(app.db.read(), &sha256_text(key.as_bytes()), now).await?;
    let Some((client, key)) = found else { return Ok(None) };
    store::client::used(app.db.single(), &key, now).await?;
    Ok(Some(client))
}

/// The caller that a client's access token makes: what the token allows and the client still has.
pub async fn by_token(
    app: &App,
    client: ClientId,
    key: ClientKeyId,
    scopes: &[Scope],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<Caller>, DbErr> {
    let found = store::client::by_key(app.db.read(), key, now).await?;
    Ok(found.filter(|(row, _)| row.id == client).map(|(row, _)| {
        let has = self::scopes(&row);
        let scopes = scopes.iter().copied().filter(|scope| has.contains(scope)).collect();
        Caller { client: Some((row.id, row.kind)), scopes: Some(scopes), ..Caller::default() }
    }))
}

/// Why a client gets no token (RFC 6749, 5.2).
#[derive(Debug)]
pub enum NoToken {
    /// The client is not known, or its secret is another.
    InvalidClient,
    /// It asks for what it does not have, or for something unknown.
    InvalidScope,
    /// A publishable key sits in a web page: whoever shows it may be anybody.
    UnauthorizedClient,
    /// Something broke.
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for NoToken {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// An access token for a client's own programs, and what it allows.
pub async fn token(app: &App, call: &Call, id: ClientId, secret: &str, asked: &str) -> Result<(String, Vec<Scope>), NoToken> {
    let found = store::client::by_hash(app.db.read(), &sha256_text(secret.as_bytes()), call.now).await?;
    let (client, key) = found.filter(|(client, _)| client.id == id).ok_or(NoToken::InvalidClient)?;
    let caller = Caller { client: Some((client.id, client.kind)), ..Caller::default() };
    let call = Call { caller, ..call.clone() };
    if client.kind != ClientKind::Secret || !call.may(Action::ClientTokenIssue, Relation::Own) {
        return Err(NoToken::UnauthorizedClient);
    }
    let asked: Option<Vec<Scope>> = asked.split_whitespace().map(Scope::from_code).collect();
    let scopes = asked.and_then(|asked| granted(&asked, &scopes(&client))).ok_or(NoToken::InvalidScope)?;
    let written: Result<(), Fault> = async {
        transact!(app.db, |tx| {
            store::client::used(&tx, &key, call.now).await?;
            Ok(done(&tx, &call, Action::ClientTokenIssue, Subject("ApiClient", Some(id.0)), json!({ "scopes": scopes })).await?)
        })
    }
    .await;
    written?;
    let bearer = Bearer::Client { client: id, key: key.id, scopes: scopes.clone() };
    Ok((token::issue(&app.keys, &bearer, call.now, TOKEN_MINUTES)?, scopes))
}

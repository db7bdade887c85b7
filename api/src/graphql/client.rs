//! Partner clients and their keys, for administrators.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{api_client, client_key};
use rules::client::{
    ApiClientCreateErrorCode, ApiClientDisableErrorCode, ApiClientKeyRevokeErrorCode, ApiClientKeyRotateErrorCode, CannotAddClient,
    CannotDisableClient, CannotRevokeKey, CannotRotateKey, origin,
};
use rules::id::{ClientId, ClientKeyId};
use rules::input;
use rules::policy::{Action, ClientKind, Relation, Scope};

use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::KeysOf;
use super::once::shown_once;
use super::paging::{Args, connection};
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use crate::error::{Refusal, malformed};
use crate::service::client::{self, NewClient, WithKey};
use crate::store::client::{CLIENTS, clients};

/// A partner's website, app or program that uses this API.
#[derive(Clone, Debug)]
pub struct ApiClient(pub api_client::Model);

/// A partner's website, app or program that uses this API.
#[Object]
impl ApiClient {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// What it says at `POST /auth/token` as its `client_id`.
    async fn oauth_client_id(&self) -> String {
        self.0.id.0.to_string()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether its keys may sit in a web page.
    async fn kind(&self) -> ClientKind {
        self.0.kind
    }

    /// What its access tokens may do; empty for a publishable one, whose key signs up and reads the directory.
    async fn scopes(&self) -> Vec<Scope> {
        client::scopes(&self.0)
    }

    /// The origins of the web pages that may use its key.
    async fn origins(&self) -> Vec<String> {
        serde_json::from_str(&self.0.origins).unwrap_or_default()
    }

    /// Its keys, oldest first, those that are over among them.
    async fn keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiClientKey>> {
        Ok(ctx.rows().list(KeysOf(self.0.id)).await?.into_iter().map(ApiClientKey).collect())
    }

    /// Since when it is here.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was switched off; null if it works.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.0.disabled_at.map(DateTime)
    }
}

connection!(ApiClientConnection, ApiClientEdge, ApiClient, "partner clients", api_client, |row: &api_client::Model| row.name.clone());

/// A key of a partner client. What it is was shown when it was made.
#[derive(Clone, Debug)]
pub struct ApiClientKey(client_key::Model);

/// A key of a partner client. What it is was shown when it was made.
#[Object]
impl ApiClientKey {
    /// Give it to `apiClientKeyRevoke`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Its first characters, to tell keys apart.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Since when it is here.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it ends, or ended; null while it was neither replaced nor revoked.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// When it was last used, to the hour; null if it never was.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct ApiClientQuery;

#[Object]
impl ApiClientQuery {
    /// Partner clients, by name. Administrators.
    async fn api_clients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ApiClientConnection>> {
        if !ctx.may(Action::ApiClientRead, Relation::Other) {
            return None;
        }
        Some(ApiClientConnection::read(ctx, clients(), CLIENTS, Args { first, after, last, before }).await)
    }
}

/// Input of `apiClientCreate`.
#[derive(InputObject, Debug)]
pub struct ApiClientCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Its name, up to 120 characters.
    name: String,
    /// PUBLISHABLE for web pages and apps, SECRET for programs on a server.
    kind: ClientKind,
    /// What its access tokens may do: one at least for SECRET, none for PUBLISHABLE.
    #[graphql(default)]
    scopes: Vec<Scope>,
    /// The origins of the web pages that may use its key, up to 20: one at least for PUBLISHABLE.
    #[graphql(default)]
    origins: Vec<String>,
}

/// Result of `apiClientCreate`.
#[derive(SimpleObject, Debug)]
pub struct ApiClientCreatePayload {
    /// The new client; null if there are errors.
    api_client: Option<ApiClient>,
    /// Its key: keep it, it is shown this once. Null if there are errors, or if the request came before.
    key: Option<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ApiClientCreateErrorCode>>,
}

/// Input of `apiClientKeyRotate`.
#[derive(InputObject, Debug)]
pub struct ApiClientKeyRotateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Which client.
    client_id: ID,
}

/// Result of `apiClientKeyRotate`.
#[derive(SimpleObject, Debug)]
pub struct ApiClientKeyRotatePayload {
    /// The client; null if there are errors.
    api_client: Option<ApiClient>,
    /// The new key: keep it, it is shown this once. Null if there are errors, or if the request came before.
    key: Option<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ApiClientKeyRotateErrorCode>>,
}

/// Input of `apiClientKeyRevoke`.
#[derive(InputObject, Debug)]
pub struct ApiClientKeyRevokeInput {
    /// Which key.
    key_id: ID,
}

/// Result of `apiClientKeyRevoke`.
#[derive(SimpleObject, Debug)]
pub struct ApiClientKeyRevokePayload {
    /// The client; null if there are errors.
    api_client: Option<ApiClient>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ApiClientKeyRevokeErrorCode>>,
}

/// Input of `apiClientDisable`.
#[derive(InputObject, Debug)]
pub struct ApiClientDisableInput {
    /// Which client.
    client_id: ID,
}

/// Result of `apiClientDisable`.
#[derive(SimpleObject, Debug)]
pub struct ApiClientDisablePayload {
    /// The client; null if there are errors.
    api_client: Option<ApiClient>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<ApiClientDisableErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct ApiClientMutation;

#[Object]
impl ApiClientMutation {
    /// Add a partner client and make its key. Administrators.
    async fn api_client_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client.")] input: ApiClientCreateInput,
    ) -> Option<Result<ApiClientCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Make a new key; the one before ends after seven days. Administrators.
    async fn api_client_key_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which client.")] input: ApiClientKeyRotateInput,
    ) -> Option<Result<ApiClientKeyRotatePayload>> {
        Some(rotate_payload(ctx, input).await)
    }

    /// End a key at once, and the access tokens that were got with it. Administrators.
    async fn api_client_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ApiClientKeyRevokeInput,
    ) -> Option<Result<ApiClientKeyRevokePayload>> {
        Some(revoke_payload(ctx, input).await)
    }

    /// Switch a client off: its keys and access tokens end at once. Administrators.
    async fn api_client_disable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ApiClientDisableInput,
    ) -> Option<Result<ApiClientDisablePayload>> {
        Some(disable_payload(ctx, input).await)
    }
}

async fn row(ctx: &Context<'_>, id: Option<ClientId>) -> Result<Option<ApiClient>> {
    Ok(ctx.rows().maybe(id).await?.map(ApiClient))
}

async fn create_payload(ctx: &Context<'_>, input: ApiClientCreateInput) -> Result<ApiClientCreatePayload> {
    let result: Result<WithKey, Refusal<CannotAddClient>> = async {
        let once = shown_once(ctx, input.idempotency_key.as_deref())?;
        if input.origins.len() > 20 {
            return Err(malformed(rules::reason::Malformed::new("origins", "Name 20 origins at most.")));
        }
        let places = input.origins.iter().enumerate();
        let origins = places.map(|(place, text)| origin(&format!("origins.{place}"), text)).collect::<Result<_, _>>().map_err(malformed)?;
        let name = input::line("name", &input.name, 120).map_err(malformed)?;
        client::create(ctx.app(), ctx.call(), once, NewClient { name, kind: input.kind, scopes: input.scopes, origins }).await
    }
    .await;
    let (done, user_errors) = settle(result)?;
    let (id, key) = done.unzip();
    Ok(ApiClientCreatePayload { api_client: row(ctx, id).await?, key: key.flatten(), user_errors })
}

async fn rotate_payload(ctx: &Context<'_>, input: ApiClientKeyRotateInput) -> Result<ApiClientKeyRotatePayload> {
    let result: Result<WithKey, Refusal<CannotRotateKey>> = async {
        let once = shown_once(ctx, input.idempotency_key.as_deref())?;
        client::rotate(ctx.app(), ctx.call(), once, id::at(&input.client_id, "clientId")?).await
    }
    .await;
    let (done, user_errors) = settle(result)?;
    let (id, key) = done.unzip();
    Ok(ApiClientKeyRotatePayload { api_client: row(ctx, id).await?, key: key.flatten(), user_errors })
}

async fn revoke_payload(ctx: &Context<'_>, input: ApiClientKeyRevokeInput) -> Result<ApiClientKeyRevokePayload> {
    let result: Result<ClientId, Refusal<CannotRevokeKey>> = async {
        let key: ClientKeyId = id::at(&input.key_id, "keyId")?;
        client::revoke(ctx.app(), ctx.call(), key).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(ApiClientKeyRevokePayload { api_client: row(ctx, id).await?, user_errors })
}

async fn disable_payload(ctx: &Context<'_>, input: ApiClientDisableInput) -> Result<ApiClientDisablePayload> {
    let result: Result<ClientId, Refusal<CannotDisableClient>> =
        async { client::disable(ctx.app(), ctx.call(), id::at(&input.client_id, "clientId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(ApiClientDisablePayload { api_client: row(ctx, id).await?, user_errors })
}

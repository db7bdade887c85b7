//! Asks an identity provider who somebody is (OpenID Connect Core 1.0, authorisation code with PKCE). Off unless an operator names
//! its issuer.
//!
//! The library is asked over our own HTTP client: no redirects, a limit of time and of size, and nothing but https unless the
//! issuer is this very machine. What the provider says reaches no log.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::http::{self, Uri};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenClaims,
    IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
};
use rules::provider::GroupRoles;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::RwLock;

use crate::config::ProviderOptions;

/// Where the provider leads people back to.
pub const CALLBACK: &str = "/auth/oidc/callback";
/// The largest answer that is read; a document of keys has a tenth of it.
const LARGEST: usize = 512 * 1024;
/// How long what the provider says of itself is kept.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How soon it is asked again for keys it may have changed.
const SOONEST: TimeDelta = TimeDelta::seconds(30);
/// How far its clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::seconds(60);
/// What an ID token may be signed with: what has a public half. `none` and the client's secret are no signatures.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Whatever else stands in an ID token.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct More(Map<String, Value>);

impl AdditionalClaims for More {}

type Tokens = StandardTokenResponse<
    IdTokenFields<More, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>,
    CoreTokenType,
>;

type Client = openidconnect::Client<
    More,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Claims = IdTokenClaims<More, CoreGenderClaim>;

/// The provider, as this service is known to it.
pub struct Provider {
    issuer: IssuerUrl,
    id: ClientId,
    secret: Option<ClientSecret>,
    callback: RedirectUrl,
    scopes: Vec<Scope>,
    verified_claim: String,
    groups_claim: String,
    /// Which group gives which role.
    pub group_roles: GroupRoles,
    wire: Wire,
    /// What it last said of itself, and when.
    known: RwLock<Option<(CoreProviderMetadata, DateTime<Utc>)>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What goes with one sign-in, and comes back with it.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// In the address, there and back.
    pub state: String,
    /// In the ID token.
    pub nonce: String,
    /// Shown when the code is exchanged; its hash was in the address (RFC 7636).
    pub verifier: String,
}

/// Who the provider says it is. Not printable: it is about a person.
pub struct Person {
    /// Whose word this is.
    pub issuer: String,
    /// The provider's own name for them, which never changes hands.
    pub subject: String,
    /// The address, if the provider vouches for it.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// Their groups or app roles.
    pub groups: Vec<String>,
}

/// Why nobody knows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It does not answer, or says that it can't: later it may.
    #[error("the identity provider does not answer")]
    Away,
    /// What came is not good: the reason is for the log.
    #[error("the identity provider's word is not taken: {0}")]
    NotGood(&'static str),
}

/// An answer that is none. Says nothing of what was asked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the identity provider does not answer")]
struct NoAnswer;

/// How the provider is asked.
#[derive(Clone)]
struct Wire {
    http: reqwest::Client,
    /// May be asked without TLS: it is this machine.
    is_here: bool,
}

impl Wire {
    async fn fetch(self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let safe = |uri: &Uri| uri.scheme_str() == Some("https") || self.is_here;
        if !safe(request.uri()) {
            return Err(NoAnswer);
        }
        let request = reqwest::Request::try_from(request).map_err(|_| NoAnswer)?;
        let mut response = self.http.execute(request).await.map_err(|_| NoAnswer)?;
        let status = response.status();
        if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
            return Err(NoAnswer);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NoAnswer)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(NoAnswer);
            }
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = status;
        answer.headers_mut().clone_from(response.headers());
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.clone().fetch(request))
    }
}

impl Provider {
    /// The provider an operator named, or none.
    pub fn new(options: &ProviderOptions, public_url: &str) -> Result<Option<Self>> {
        let Some(issuer) = options.oidc_issuer.clone() else { return Ok(None) };
        let issuer = IssuerUrl::new(issuer).context("DIGIKNOW_OIDC_ISSUER is not an address")?;
        let is_here = is_here(issuer.url().host_str().unwrap_or_default());
        ensure!(issuer.url().scheme() == "https" || is_here, "DIGIKNOW_OIDC_ISSUER has to begin with https");
        let id = options.oidc_client_id.clone().context("an identity provider wants to know who asks: DIGIKNOW_OIDC_CLIENT_ID")?;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_millis(options.oidc_timeout_ms))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client")?;
        let callback = format!("{}{CALLBACK}", public_url.trim_end_matches('/'));
        Ok(Some(Self {
            issuer,
            id: ClientId::new(id),
            secret: options.oidc_client_secret.clone().map(ClientSecret::new),
            callback: RedirectUrl::new(callback).context("DIGIKNOW_PUBLIC_URL is not an address")?,
            scopes: options.oidc_scopes.split_whitespace().map(|scope| Scope::new(scope.to_owned())).collect(),
            verified_claim: options.oidc_verified_claim.clone(),
            groups_claim: options.oidc_groups_claim.clone(),
            group_roles: options.oidc_group_roles.clone(),
            wire: Wire { http, is_here },
            known: RwLock::new(None),
        }))
    }

    /// The address to lead a browser to.
    pub async fn begin(&self, secrets: &Secrets, now: DateTime<Utc>) -> Result<String, Failure> {
        let client = self.client(now).await?;
        let (state, nonce) = (CsrfToken::new(secrets.state.clone()), Nonce::new(secrets.nonce.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(secrets.verifier.clone()));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let request = client.authorize_url(flow, move || state, move || nonce);
        let (url, ..) = request.add_scopes(self.scopes.iter().cloned()).set_pkce_challenge(challenge).url();
        if url.scheme() != "https" && !self.wire.is_here { Err(Failure::NotGood("it leads where there is no TLS")) } else { Ok(url.into()) }
    }

    /// Who it is that comes back with a code.
    pub async fn finish(&self, secrets: &Secrets, code: String, now: DateTime<Utc>) -> Result<Person, Failure> {
        let client = self.client(now).await?;
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(|_| Failure::NotGood("it has no token endpoint"))?;
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let tokens = exchange.set_pkce_verifier(verifier).request_async(&self.wire).await.map_err(|error| match error {
            RequestTokenError::Request(NoAnswer) => Failure::Away,
            RequestTokenError::ServerResponse(_) => Failure::NotGood("the code was refused"),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Failure::NotGood("the answer to the code can't be read"),
        })?;
        let claims = match verified(&client, &tokens, &secrets.nonce, now) {
            // Perhaps by a key that is newer than what we know.
            Err(ClaimsVerificationError::SignatureVerification(_)) if self.forget(now).await => {
                verified(&self.client(now).await?, &tokens, &secrets.nonce, now)
            }
            judged => judged,
        };
        self.person(&claims.map_err(|error| why(&error))?, now)
    }

    async fn client(&self, now: DateTime<Utc>) -> Result<Client, Failure> {
        if let Some((metadata, at)) = self.known.read().await.as_ref()
            && now < *at + KEPT
        {
            return Ok(self.client_of(metadata));
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.wire).await.map_err(|error| match error {
            DiscoveryError::Request(NoAnswer) | DiscoveryError::Response(..) => Failure::Away,
            DiscoveryError::Validation(_) => Failure::NotGood("it names itself otherwise than DIGIKNOW_OIDC_ISSUER"),
            _ => Failure::NotGood("what it says of itself can't be read"),
        })?;
        let client = self.client_of(&found);
        *self.known.write().await = Some((found, now));
        Ok(client)
    }

    fn client_of(&self, metadata: &CoreProviderMetadata) -> Client {
        Client::from_provider_metadata(metadata.clone(), self.id.clone(), self.secret.clone()).set_redirect_uri(self.callback.clone())
    }

    /// Forgets what the provider said, unless it was asked just now; says whether it did.
    async fn forget(&self, now: DateTime<Utc>) -> bool {
        let mut known = self.known.write().await;
        let old = known.as_ref().is_some_and(|(_, at)| *at + SOONEST <= now);
        if old {
            *known = None;
        }
        old
    }

    fn person(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Person, Failure> {
        let more = &claims.additional_claims().0;
        if more.get("nbf").is_some_and(|nbf| nbf.as_i64().is_none_or(|nbf| nbf > (now + AHEAD).timestamp())) {
            return Err(Failure::NotGood("the ID token is not good yet"));
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > 255 {
            return Err(Failure::NotGood("the ID token has no subject"));
        }
        // Entra ID leaves the list out when it is long, and says where it could be asked for. No list is not an empty list.
        let elsewhere = more.get("_claim_names").and_then(|names| names.get(&self.groups_claim)).is_some();
        if elsewhere || more.get("hasgroups").is_some_and(is_true) {
            return Err(Failure::NotGood("there are too many groups for an ID token: use app roles"));
        }
        let vouched = if self.verified_claim == "email_verified" {
            claims.email_verified() == Some(true)
        } else {
            more.get(&self.verified_claim).is_some_and(is_true)
        };
        Ok(Person {
            issuer: claims.issuer().to_string(),
            subject: subject.to_owned(),
            email: claims.email().filter(|_| vouched).map(|email| email.to_string()),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            groups: match more.get(&self.groups_claim) {
                Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Some(Value::String(group)) => vec![group.clone()],
                _ => Vec::new(),
            },
        })
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Entra ID writes xms_edov as true, "1" or 1.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => text == "1" || text.eq_ignore_ascii_case("true"),
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    }
}

/// The claims of the ID token: signature, issuer, audience, nonce and times.
fn verified(client: &Client, tokens: &Tokens, nonce: &str, now: DateTime<Utc>) -> Result<Claims, ClaimsVerificationError> {
    let token = tokens.id_token().ok_or_else(|| ClaimsVerificationError::Other("there is no ID token".to_owned()))?;
    let not_ahead = move |issued: DateTime<Utc>| if issued <= now + AHEAD { Ok(()) } else { Err("issued in the future".to_owned()) };
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now).set_issue_time_verifier_fn(not_ahead);
    token.claims(&verifier, &Nonce::new(nonce.to_owned())).cloned()
}

/// The reason for the log, without a value out of the token.
fn why(error: &ClaimsVerificationError) -> Failure {
    Failure::NotGood(match error {
        ClaimsVerificationError::Expired(_) => "the ID token has expired, or is not good yet",
        ClaimsVerificationError::InvalidAudience(_) => "the ID token is for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "the ID token is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "the ID token is of another sign-in",
        ClaimsVerificationError::SignatureVerification(_) => "the ID token is not signed as it should be",
        _ => "the ID token can't be read",
    })
}

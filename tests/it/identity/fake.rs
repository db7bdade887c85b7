//! An identity provider over real HTTP: discovery, keys, and a token endpoint that checks client, code, address and verifier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use api::config::ProviderOptions;
use api::provider::Provider;

use super::door::{Answer, send};
use crate::harness::World;

/// A key that signs ID tokens.
#[derive(Clone)]
pub struct Key {
    id: &'static str,
    signing: EncodingKey,
    public: Value,
}

impl Key {
    fn new(id: &'static str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("a key");
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
            "n": part(pair.public_key().modulus().big_endian_without_leading_zero()),
            "e": part(pair.public_key().exponent().big_endian_without_leading_zero()) });
        Self { id, signing: EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key"), public }
    }

    /// The provider's first key.
    pub fn first() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Self::new("first"))
    }

    /// Another, which it may change to.
    pub fn second() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Self::new("second"))
    }

    /// An ID token.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.into()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.signing).expect("a token")
    }
}

/// What a person at the provider has agreed to: a code stands for it.
#[derive(Clone, Debug)]
struct Granted {
    claims: Value,
    challenge: String,
    redirect: String,
}

/// How the token endpoint answers.
#[derive(Clone, Debug, Default)]
pub enum Mood {
    /// As it should.
    #[default]
    Well,
    /// With a token of the test's own.
    With(String),
    /// With a failure of its own.
    Ill(StatusCode),
    /// Never.
    Silent,
}

struct Inner {
    issuer: String,
    codes: Mutex<HashMap<String, Granted>>,
    keys: Mutex<Vec<Value>>,
    mood: Mutex<Mood>,
    asked: Mutex<Vec<String>>,
}

/// The provider.
#[derive(Clone)]
pub struct Fake(Arc<Inner>);

pub const CLIENT: &str = "digiknow-client";
const SECRET: &str = "a secret: with odd/characters&";

/// Options that name an issuer.
pub fn options(issuer: &str) -> ProviderOptions {
    ProviderOptions {
        oidc_issuer: Some(issuer.to_owned()),
        oidc_client_id: Some(CLIENT.into()),
        oidc_client_secret: Some(SECRET.into()),
        oidc_scopes: "email profile".into(),
        oidc_verified_claim: "email_verified".into(),
        oidc_groups_claim: "groups".into(),
        oidc_group_roles: "staff=COORDINATOR,dbs=SAFEGUARDING_LEAD,train=TRAINER".parse().expect("roles"),
        oidc_timeout_ms: 2_000,
    }
}

impl Fake {
    /// Serves on a port of its own.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}/tenant/v2.0", listener.local_addr().expect("an address"));
        let inner = Inner {
            issuer,
            codes: Mutex::default(),
            keys: Mutex::new(vec![Key::first().public.clone()]),
            mood: Mutex::default(),
            asked: Mutex::default(),
        };
        let fake = Self(Arc::new(inner));
        let routes = Router::new()
            .route("/tenant/v2.0/.well-known/openid-configuration", get(discovery))
            .route("/tenant/v2.0/keys", get(keys))
            .route("/tenant/v2.0/token", post(token))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        fake
    }

    /// Serves, and lets people of this world sign in through it.
    pub async fn of(world: &World) -> Self {
        let fake = Self::start().await;
        fake.join(world, options(&fake.0.issuer));
        fake
    }

    /// Lets people of a world sign in through it, on these terms.
    pub fn join(&self, world: &World, options: ProviderOptions) {
        let provider = Provider::new(&options, "http://127.0.0.1:8080").expect("options").expect("a provider");
        assert!(world.app.provider.set(provider).is_ok());
    }

    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub fn is(&self, mood: Mood) {
        *self.0.mood.lock().expect("a mood") = mood;
    }

    /// Changes to other keys.
    pub fn publishes(&self, keys: &[&Key]) {
        *self.0.keys.lock().expect("keys") = keys.iter().map(|key| key.public.clone()).collect();
    }

    /// Which of its addresses were asked.
    pub fn asked(&self) -> Vec<String> {
        self.0.asked.lock().expect("a list").clone()
    }

    /// The claims of a good ID token for a sign-in that was begun.
    pub fn claims(&self, world: &World, begun: &Begun, person: Value) -> Value {
        let now = world.now().timestamp();
        let base = json!({ "iss": self.0.issuer, "aud": CLIENT, "iat": now, "nbf": now, "exp": now + 300, "nonce": begun.param("nonce") });
        crate::harness::booking::with(base, person)
    }

    /// Somebody signs in at the provider, who leads them back with a code.
    pub fn agrees(&self, begun: &Begun, claims: Value) -> String {
        let mut codes = self.0.codes.lock().expect("codes");
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), Granted { claims, challenge: begun.param("code_challenge"), redirect: begun.param("redirect_uri") });
        code
    }
}

async fn discovery(State(fake): State<Fake>) -> Result<Json<Value>, StatusCode> {
    fake.0.asked.lock().expect("a list").push("discovery".into());
    if let Mood::Ill(status) = *fake.0.mood.lock().expect("a mood") {
        return Err(status);
    }
    let at = &fake.0.issuer;
    Ok(Json(json!({ "issuer": at, "authorization_endpoint": format!("{at}/authorize"), "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"] })))
}

async fn keys(State(fake): State<Fake>) -> Json<Value> {
    fake.0.asked.lock().expect("a list").push("keys".into());
    Json(json!({ "keys": fake.0.keys.lock().expect("keys").clone() }))
}

async fn token(State(fake): State<Fake>, headers: HeaderMap, body: String) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let form: HashMap<String, String> =
        reqwest::Url::parse(&format!("http://x?{body}")).expect("a form").query_pairs().into_owned().collect();
    fake.0.asked.lock().expect("a list").push("token".into());
    let mood = fake.0.mood.lock().expect("a mood").clone();
    let given = |token: String| Json(json!({ "access_token": "not-ours", "token_type": "Bearer", "expires_in": 300, "id_token": token }));
    match mood {
        Mood::Ill(status) => return Err((status, Json(json!({ "error": "server_error" })))),
        Mood::Silent => std::future::pending::<()>().await,
        Mood::With(token) => return Ok(given(token)),
        Mood::Well => {}
    }
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    let encoded: String = form_encoded(CLIENT) + ":" + &form_encoded(SECRET);
    if headers.get("authorization").and_then(|v| v.to_str().ok()) != Some(&format!("Basic {}", STANDARD.encode(encoded))) {
        return Err(refused("invalid_client"));
    }
    let granted = fake.0.codes.lock().expect("codes").remove(form.get("code").map_or("", String::as_str));
    let granted = granted.ok_or_else(|| refused("invalid_grant"))?;
    let verifier = form.get("code_verifier").map_or("", String::as_str);
    let challenge = URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()));
    if challenge != granted.challenge || form.get("redirect_uri") != Some(&granted.redirect) || verifier.len() < 43 {
        return Err(refused("invalid_grant"));
    }
    Ok(given(Key::first().sign(&granted.claims)))
}

fn form_encoded(text: &str) -> String {
    let pairs = [("", text)];
    reqwest::Url::parse_with_params("http://x", pairs).expect("an address").query().map(|q| q[1..].to_owned()).unwrap_or_default()
}

/// A sign-in that was begun: where it leads, and the browser's cookie.
#[derive(Clone, Debug)]
pub struct Begun {
    pub to: reqwest::Url,
    pub cookie: String,
}

impl Begun {
    /// Presses the button.
    pub async fn at(world: &World) -> Self {
        let answer = get_page(world, "/auth/oidc/start", "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
        let set = answer.header("set-cookie");
        assert!(set.contains("; HttpOnly; SameSite=Lax") && set.contains("; Max-Age=600"), "{set}");
        let cookie = set.split(';').next().expect("a cookie").to_owned();
        Self { to: answer.header("location").parse().expect("an address"), cookie }
    }

    /// A parameter of the address.
    pub fn param(&self, name: &str) -> String {
        self.to.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// Comes back with a code.
    pub async fn back(&self, world: &World, code: &str) -> Answer {
        get_page(world, &format!("/auth/oidc/callback?state={}&code={code}&session_state=x", self.param("state")), &self.cookie).await
    }
}

/// A page, in a browser that has a cookie.
pub async fn get_page(world: &World, path: &str, cookie: &str) -> Answer {
    let mut request = axum::http::Request::get(path).header("x-forwarded-for", "192.0.2.7");
    if !cookie.is_empty() {
        request = request.header("cookie", format!("other=1; {cookie}"));
    }
    send(world, request.body(axum::body::Body::empty()).expect("a request")).await
}

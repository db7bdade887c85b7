//! The public halves of the keys that sign tokens.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::Site;
use crate::keys::State as KeyState;

/// `GET /.well-known/jwks.json`: the keys (RFC 7517, RFC 8037) that check tokens now or soon, and badges at any time.
pub async fn public_keys(State(site): State<Site>) -> Response {
    let states = site.app.keys.states(site.app.clock.now());
    let known = states.into_iter().filter(|(_, state)| *state != KeyState::Over);
    let tokens = known.map(|(key, _)| key).chain(std::iter::once(site.app.keys.badges().clone()));
    let keys: Vec<Value> = tokens
        .map(|key| {
            json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id, "x": URL_SAFE_NO_PAD.encode(&key.public) })
        })
        .collect();
    ([(header::CACHE_CONTROL, "public, max-age=60")], Json(json!({ "keys": keys }))).into_response()
}

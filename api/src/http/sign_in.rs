//! Sign-in with e-mail and password, and the public half of the key that signs tokens.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::Site;
use crate::graphql::code::Code;
use crate::service;

/// The largest body that is read: an address and a password fit many times.
const BODY: usize = 8 * 1024;

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

/// `POST /auth/sign-in` with `{"email", "password"}` as JSON answers `{"accessToken", "tokenType", "expiresIn"}` (seconds).
/// A wrong password and an unknown address answer the same, in the same time.
pub async fn sign_in(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, "Send JSON, with content-type application/json.");
    }
    let Ok(body) = axum::body::to_bytes(body, BODY).await else {
        return problem(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::BadUserInput,
            "This is more than an address and a password: send 8 KB at most.",
        );
    };
    let Some(credentials) = credentials(&body) else {
        return problem(
            StatusCode::BAD_REQUEST,
            Code::BadUserInput,
            "Send JSON like {\"email\": \"name@example.org\", \"password\": \"…\"}.",
        );
    };
    match service::account::sign_in(&site.app, &credentials.email, credentials.password).await {
        Ok(Some(token)) => {
            Json(json!({ "accessToken": token, "tokenType": "Bearer", "expiresIn": site.app.policy.access_token_minutes * 60 }))
                .into_response()
        }
        Ok(None) => problem(StatusCode::UNAUTHORIZED, Code::Unauthenticated, "This address and password don't go together: check both."),
        Err(fault) => {
            tracing::error!(%fault, "sign-in failed");
            problem(StatusCode::SERVICE_UNAVAILABLE, Code::InternalServerError, "Sign-in is not possible just now: try again in a moment.")
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn credentials(body: &Bytes) -> Option<Credentials> {
    serde_json::from_slice(body).ok()
}

fn problem(status: StatusCode, code: Code, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code.as_str(), "message": message } }))).into_response()
}

/// `GET /.well-known/jwks.json`: the key set (RFC 7517, RFC 8037) that checks our tokens.
pub async fn public_keys(State(site): State<Site>) -> Response {
    let keys = &site.app.keys;
    Json(json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": keys.key_id, "x": URL_SAFE_NO_PAD.encode(&keys.public) }] })).into_response()
}

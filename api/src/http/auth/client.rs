//! `POST /auth/token`: OAuth 2 client credentials (RFC 6749, 4.4) for a partner's programs.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rules::client::TOKEN_MINUTES;
use rules::id::ClientId;
use rules::sign_in::Tries;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::super::Site;
use super::{BODY, broken, is, too_large, too_many, visit, with};
use crate::service::client::{self, NoToken};
use crate::service::limit;

#[derive(Deserialize)]
struct Form {
    grant_type: Option<String>,
    #[serde(default)]
    scope: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// The endpoint. The client says who it is by HTTP Basic or in the form, not both.
pub async fn token(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is(&parts.headers, "application/x-www-form-urlencoded") {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Send a form, with content-type application/x-www-form-urlencoded.");
    }
    let Ok(body) = axum::body::to_bytes(body, BODY).await else { return too_large() };
    let Ok(form) = serde_urlencoded::from_bytes::<Form>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Send grant_type, and each parameter once.");
    };
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        None => return refused(StatusCode::BAD_REQUEST, "invalid_request", "Send grant_type=client_credentials."),
        Some(_) => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Only client_credentials is served here."),
    }
    let (id, secret) = match credentials(&parts.headers, &form) {
        Ok(credentials) => credentials,
        Err(answer) => return *answer,
    };
    let visit = visit(&site, &parts);
    let bucket = limit::key(&site.app, "address", &visit.address);
    let of = Tries::Address.limit();
    match limit::take(&site.app, &bucket, of, 1, visit.call.now).await {
        Ok(Ok(_)) => {}
        Ok(Err(wait)) => return too_many(wait),
        Err(fault) => return broken(&fault),
    }
    match client::token(&site.app, &visit.call, id, &secret, &form.scope).await {
        Ok((token, scopes)) => {
            if let Err(fault) = limit::give_back(&site.app, &bucket, of, 1).await {
                return broken(&fault);
            }
            let scope = scopes.iter().map(|scope| scope.code()).collect::<Vec<_>>().join(" ");
            let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_MINUTES * 60, "scope": scope });
            with(Json(body).into_response(), header::CACHE_CONTROL, "no-store")
        }
        Err(NoToken::InvalidClient) => not_known(),
        Err(NoToken::InvalidScope) => {
            refused(StatusCode::BAD_REQUEST, "invalid_scope", "The client does not have every scope that was asked for.")
        }
        Err(NoToken::UnauthorizedClient) => {
            refused(StatusCode::BAD_REQUEST, "unauthorized_client", "A publishable key gets no tokens: add a client of kind SECRET.")
        }
        Err(NoToken::Fault(fault)) => broken(&fault),
    }
}

/// Who the client says it is. One that is no id is nobody's.
fn credentials(headers: &HeaderMap, form: &Form) -> Result<(ClientId, String), Box<Response>> {
    let twice = || Box::new(refused(StatusCode::BAD_REQUEST, "invalid_request", "Authenticate in one way: HTTP Basic or the form."));
    let (id, secret) = match (headers.get(header::AUTHORIZATION), &form.client_secret) {
        (Some(_), Some(_)) => return Err(twice()),
        (Some(value), None) => {
            let (id, secret) = value.to_str().ok().and_then(basic).ok_or_else(|| Box::new(not_known()))?;
            if form.client_id.as_ref().is_some_and(|other| *other != id) {
                return Err(twice());
            }
            (id, secret)
        }
        (None, secret) => (form.client_id.clone().unwrap_or_default(), secret.clone().unwrap_or_default()),
    };
    let id = Uuid::parse_str(&id).map_err(|_| Box::new(not_known()))?;
    Ok((ClientId(id), secret))
}

/// User and password of HTTP Basic, each form-encoded (RFC 6749, 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let plain = |text: &str| {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&format!("v={}", text.replace('&', "%26"))).ok()?;
        pairs.into_iter().next().map(|(_, value)| value)
    };
    Some((plain(id)?, plain(secret)?))
}

fn not_known() -> Response {
    let answer = refused(StatusCode::UNAUTHORIZED, "invalid_client", "The client is not known, or its secret is another.");
    with(answer, header::WWW_AUTHENTICATE, "Basic realm=\"digiknow\"")
}

/// A refusal in the form of RFC 6749, 5.2.
fn refused(status: StatusCode, error: &str, description: &str) -> Response {
    let answer = (status, Json(json!({ "error": error, "error_description": description }))).into_response();
    with(answer, header::CACHE_CONTROL, "no-store")
}

//! Signing in, as REST under `/auth`: JSON in and out, never cached, no cookies.

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rules::input;
use rules::limit::Wait;
use rules::policy::Caller;
use rules::reason::Malformed;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::caller::authenticate;
use super::graphql::Rejection;
use super::{RequestId, Site};
use crate::app::Call;
use crate::error::Fault;
use crate::graphql::code::Code;
use crate::service::password::NotChanged;
use crate::service::sign_in::{NotGranted, Visit};

mod client;
mod keys;
mod link;
mod provider;
mod session;

/// The largest body that is read: an address, a password and a token fit many times.
const BODY: usize = 8 * 1024;

/// The routes.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/auth/sign-in", post(session::sign_in))
        .route("/auth/refresh", post(session::refresh))
        .route("/auth/sign-out", post(session::sign_out))
        .route("/auth/password", post(session::change_password))
        .route("/auth/sessions", get(session::list).delete(session::end_all))
        .route("/auth/sessions/{id}", axum::routing::delete(session::end))
        .route("/auth/link", post(link::request_sign_in).get(link::sign_in_page))
        .route("/auth/link/use", post(link::sign_in))
        .route("/auth/recover", post(link::request_recovery).get(link::recovery_page))
        .route("/auth/recover/use", post(link::reset))
        .route("/auth/oidc/start", get(provider::start))
        .route(crate::provider::CALLBACK, get(provider::callback))
        .route("/auth/token", post(client::token))
        .route("/.well-known/jwks.json", get(keys::public_keys))
}

/// Who is at the door. The caller is none yet.
fn visit(site: &Site, parts: &Parts) -> Visit {
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let device = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Visit {
        call: Call { caller: Caller::default(), now: site.app.clock.now(), request_id },
        address: site.address(parts),
        device: input::line("device", &device.chars().take(200).collect::<String>(), 200).unwrap_or_default(),
    }
}

/// The same, of somebody with an access token.
pub(super) async fn signed_in(site: &Site, parts: &Parts) -> Result<Visit, Response> {
    let mut visit = visit(site, parts);
    visit.call.caller = authenticate(&site.app, &parts.headers, visit.call.now).await.map_err(rejected)?;
    if visit.call.caller.account.is_none() {
        let answer = problem(StatusCode::UNAUTHORIZED, Code::Unauthenticated, None, "Send the access token you got at sign-in.");
        return Err(with(answer, header::WWW_AUTHENTICATE, "Bearer"));
    }
    Ok(visit)
}

fn rejected(rejection: Rejection) -> Response {
    let (status, code, message, headers) = rejection.into_parts();
    let mut answer = problem(status, code, None, &message);
    answer.headers_mut().extend(headers);
    answer
}

/// The parts and the JSON body of a request; `like` shows what the body should be.
async fn json_body<T: DeserializeOwned>(request: Request, like: &str) -> Result<(Parts, T), Response> {
    let (parts, body) = request.into_parts();
    if !is(&parts.headers, "application/json") {
        let message = "Send JSON, with content-type application/json.";
        return Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, None, message));
    }
    let body = axum::body::to_bytes(body, BODY).await.map_err(|_| too_large())?;
    let value = serde_json::from_slice(&body)
        .map_err(|_| problem(StatusCode::BAD_REQUEST, Code::BadUserInput, None, &format!("Send JSON like {like}.")))?;
    Ok((parts, value))
}

fn too_large() -> Response {
    problem(StatusCode::PAYLOAD_TOO_LARGE, Code::BadUserInput, None, "This is more than was asked for: send 8 KB at most.")
}

/// Whether the body is of this type.
fn is(headers: &HeaderMap, kind: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(kind))
}

/// A refusal.
fn problem(status: StatusCode, code: Code, field: Option<&str>, message: &str) -> Response {
    let mut error = json!({ "code": code.as_str(), "message": message });
    if let Some(field) = field {
        error["field"] = field.into();
    }
    (status, Json(json!({ "error": error }))).into_response()
}

fn with(mut response: Response, name: header::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn too_many(wait: Wait) -> Response {
    let seconds = wait.seconds();
    let message = format!("There were too many tries: wait {seconds} seconds, or ask for a link by e-mail at POST /auth/link.");
    with(problem(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, None, &message), header::RETRY_AFTER, &seconds.to_string())
}

pub(super) fn broken(fault: &Fault) -> Response {
    tracing::error!(%fault, "a request under /auth failed");
    let answer =
        problem(StatusCode::SERVICE_UNAVAILABLE, Code::InternalServerError, None, "This is not possible just now: try again in a moment.");
    with(answer, header::RETRY_AFTER, "2")
}

/// A sign-in that was refused; `wrong` says what did not go.
fn not_granted(refused: NotGranted, wrong: &str) -> Response {
    match refused {
        NotGranted::Wrong => problem(StatusCode::UNAUTHORIZED, Code::Unauthenticated, None, wrong),
        NotGranted::TooMany(wait) => too_many(wait),
        NotGranted::Fault(fault) => broken(&fault),
    }
}

fn malformed(malformed: &Malformed) -> Response {
    problem(StatusCode::UNPROCESSABLE_ENTITY, Code::BadUserInput, Some(&malformed.field.join(".")), &malformed.message)
}

fn not_changed(refused: NotChanged, wrong: &str) -> Response {
    match refused {
        NotChanged::Malformed(problem) => malformed(&problem),
        NotChanged::Not(refused) => not_granted(refused, wrong),
    }
}

//! Cross-origin requests: a web page may call from the origins its client has registered, never with cookies.

use std::collections::HashSet;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use entity::api_client;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::Site;
use crate::store::{self, Db};

/// The origins of a client.
pub fn origins(client: &api_client::Model) -> Vec<String> {
    serde_json::from_str(&client.origins).unwrap_or_default()
}

/// Whether the page that calls was served by this service itself: browsers name the origin of every POST, their own included.
pub fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host)
}

/// Answers preflights, and marks answers that a page of a registered origin may read.
pub async fn cors(State(site): State<Site>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return vary(next.run(request).await) };
    let allowed = is_registered(&site, &origin).await;
    let preflight = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if allowed {
        allow(response.headers_mut(), origin, preflight);
    }
    vary(response)
}

/// The registered origins, as they were a moment ago: a page asks twice for everything it does.
#[derive(Debug, Default)]
pub struct Origins(Mutex<Option<(Instant, HashSet<String>)>>);

impl Origins {
    /// Whether a client has registered this origin. No answer from the database means no permission.
    async fn has(&self, db: &Db, origin: &str) -> bool {
        let mut kept = self.0.lock().await;
        if let Some((at, known)) = kept.as_ref() {
            let is_known = known.contains(origin);
            // One that has just been added should not wait long.
            if at.elapsed() < if is_known { BELIEVED } else { DOUBTED } {
                return is_known;
            }
        }
        let Ok(Ok(clients)) = timeout(PATIENCE, store::client::enabled(db.read())).await else { return false };
        let known: HashSet<String> = clients.iter().flat_map(origins).collect();
        let is_known = known.contains(origin);
        *kept = Some((Instant::now(), known));
        is_known
    }
}

/// How long an origin is believed to be registered, and to be not.
const BELIEVED: Duration = Duration::from_secs(5);
const DOUBTED: Duration = Duration::from_millis(500);
/// How long the database may take to say.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a client has registered this origin.
pub async fn is_registered(site: &Site, origin: &HeaderValue) -> bool {
    match origin.to_str() {
        Ok(origin) => site.origins.has(&site.app.db, origin).await,
        Err(_) => false,
    }
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after, ratelimit, ratelimit-policy"));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, authorization, digiknow-client-key"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

fn vary(mut response: Response) -> Response {
    let vary = response.headers().get(header::VARY).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    if !vary.contains("origin") {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

//! `GET /calendar/{secret}.ics`: a champion's or a group's calendar, for calendar programs, which have no way to sign in.
//!
//! The secret is in the path, so the path is written nowhere: not in logs, and metrics have the route's pattern alone.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rules::policy::Caller;

use super::{RequestId, Site};
use crate::app::Call;
use crate::error::Fault;
use crate::keys::sha256_text;
use crate::service::{calendar, calendar_feed};

/// The longest name that is looked at; ours are half of it.
const LONGEST: usize = 128;

/// Answers the calendar, or 304 if it is as the program has it. Whatever opens nothing is not found.
pub async fn feed(State(site): State<Site>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(secret) = name.strip_suffix(".ics").filter(|secret| !secret.is_empty() && secret.len() <= LONGEST) else { return gone() };
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let call = Call { caller: Caller::default(), now: site.app.clock.now(), request_id };
    match calendar_feed::by_secret(&site.app, &site.address(&parts), secret, &call).await {
        Ok(Ok(Some(whose))) => match calendar::read(&site.app, whose, call.now).await {
            Ok(calendar) => answer(&parts.headers, calendar.to_text()),
            Err(fault) => broken(&fault),
        },
        Ok(Ok(None)) => gone(),
        Ok(Err(wait)) => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, wait.seconds().to_string())], "too many tries").into_response()
        }
        Err(fault) => broken(&fault),
    }
}

fn gone() -> Response {
    (StatusCode::NOT_FOUND, "There is no calendar here. Copy its address again, or ask for a new one.").into_response()
}

fn broken(fault: &Fault) -> Response {
    tracing::error!(%fault, "a calendar could not be read");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], "the calendar can't be read just now").into_response()
}

fn answer(asked: &HeaderMap, text: String) -> Response {
    // Weak, since the bytes on the wire may be compressed.
    let tag = format!("W/\"{}\"", sha256_text(text.as_bytes()));
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = known.flat_map(|value| value.split(',')).any(|one| one.trim() == "*" || bare(one) == bare(&tag));
    let mut response = if same { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if !same {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8"));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"digiknow.ics\""));
    }
    response
}

/// A tag as weak comparison sees it.
fn bare(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

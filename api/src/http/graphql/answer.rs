//! Writes answers. Straight to bytes: through a JSON value, keys would come out sorted, and
//! clients may rely on the order in which they asked.

use std::collections::BTreeMap;

use async_graphql::{ServerError, Value};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::Rejection;
use super::errors;
use super::negotiate::Media;

/// The body of every answer. Errors come first, where a person reading sees them.
#[derive(Debug, Default, Serialize)]
pub(in crate::http) struct Answer<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a BTreeMap<String, Value>>,
}

impl<'a> Answer<'a> {
    /// What the execution gave.
    pub(in crate::http) fn of(response: &'a async_graphql::Response) -> Self {
        Self {
            errors: &response.errors,
            // No `data` at all is how a client tells that nothing was executed.
            data: (!errors::is_request_error(response)).then_some(&response.data),
            extensions: Some(&response.extensions).filter(|entries| !entries.is_empty()),
        }
    }
}

/// Answers with what the execution gave.
pub(super) fn execution(media: Media, response: async_graphql::Response) -> Response {
    if errors::is_unavailable(&response) {
        // Without `data`: what has a part of it may not have another status than 200.
        return reject_with(media, Rejection::unavailable(), &response.errors);
    }
    let status = if errors::is_request_error(&response) { refused_status(media) } else { StatusCode::OK };
    write(media, status, &Answer::of(&response), response.http_headers.clone())
}

/// Answers without an execution.
pub(super) fn reject(media: Media, rejection: Rejection, request_id: &str) -> Response {
    let errors = [rejection.error(request_id)];
    reject_with(media, rejection, &errors)
}

fn reject_with(media: Media, rejection: Rejection, errors: &[ServerError]) -> Response {
    let answer = Answer { errors, ..Answer::default() };
    let status = rejection.status.unwrap_or_else(|| refused_status(media));
    write(media, status, &answer, rejection.headers.into_iter().collect())
}

fn refused_status(media: Media) -> StatusCode {
    match media {
        Media::GraphqlResponse => StatusCode::BAD_REQUEST,
        Media::Json => StatusCode::OK,
    }
}

fn write(media: Media, status: StatusCode, answer: &Answer<'_>, more: HeaderMap) -> Response {
    let (status, body) = match serde_json::to_vec(answer) {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(more);
    for (name, value) in [
        (header::CONTENT_TYPE, media.content_type()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "accept, origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

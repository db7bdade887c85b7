//! Writes answers. Straight to bytes: through a JSON value, keys would come out sorted, and
//! clients may rely on the order in which they asked.

use std::collections::BTreeMap;

use async_graphql::{ErrorExtensionValues, ServerError, Value};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::Rejection;
use super::errors;
use super::negotiate::Media;
use crate::graphql::code::Code;

/// The body of every answer. Errors come first, where a person reading sees them.
#[derive(Debug, Default, Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a BTreeMap<String, Value>>,
}

/// Answers with what the execution gave.
pub(super) fn execution(media: Media, response: async_graphql::Response) -> Response {
    let is_refused = errors::is_request_error(&response);
    let answer = Answer {
        errors: &response.errors,
        // No `data` at all is how a client tells that nothing was executed.
        data: (!is_refused).then_some(&response.data),
        extensions: Some(&response.extensions).filter(|entries| !entries.is_empty()),
    };
    let status = if is_refused { refused_status(media) } else { StatusCode::OK };
    write(media, status, &answer, response.http_headers)
}

/// Answers without an execution.
pub(super) fn reject(media: Media, rejection: Rejection, request_id: &str) -> Response {
    let mut error = ServerError::new(rejection.message, rejection.at);
    error.extensions = Some(stamp(rejection.code, request_id));
    let answer = Answer { errors: &[error], ..Answer::default() };
    let status = rejection.status.unwrap_or_else(|| refused_status(media));
    write(media, status, &answer, rejection.headers.into_iter().collect())
}

/// What every error carries.
fn stamp(code: Code, request_id: &str) -> ErrorExtensionValues {
    let mut values = ErrorExtensionValues::default();
    errors::stamp(&mut values, code, request_id);
    values
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

//! The request as it came, its body read up to a limit.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::Rejection;
use crate::graphql::code::Code;

/// An HTTP request. A body that could not be read is kept as the reason, for
/// [`super::respond`] to answer.
#[derive(Debug)]
pub struct RawRequest {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Result<Bytes, Rejection>,
}

impl RawRequest {
    /// Reads at most `limit` bytes of the body, whatever its headers say.
    pub async fn read(request: Request, limit: usize) -> Self {
        let (parts, body) = request.into_parts();
        Self { method: parts.method, uri: parts.uri, headers: parts.headers, body: read(body, limit).await }
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Rejection> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| unread(&error))?;
        if whole.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(whole))
}

fn unread(error: &axum::Error) -> Rejection {
    let (status, message) = match is_late(error) {
        true => (StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive."),
        false => (StatusCode::BAD_REQUEST, "The body could not be read to its end."),
    };
    Rejection::http(status, Code::BadUserInput, message)
}

/// A body that has to arrive within a time, however its bytes are spread over it.
pub fn in_time(body: Body, time: Duration) -> Body {
    let end = Instant::now() + time;
    Body::from_stream(futures_util::stream::unfold(Some(body.into_data_stream()), move |chunks| async move {
        let mut chunks = chunks?;
        match timeout_at(end, chunks.next()).await {
            Ok(chunk) => chunk.map(|chunk| (chunk, Some(chunks))),
            Err(_) => Some((Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))), None)),
        }
    }))
}

fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    let late = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
    late || error.source().is_some_and(is_late)
}

pub(super) fn too_large(limit: usize) -> Rejection {
    Rejection::http(StatusCode::PAYLOAD_TOO_LARGE, Code::BadUserInput, format!("The body is larger than {limit} bytes."))
}

//! The request as it came, its body read up to a limit.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use futures_util::StreamExt;

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
        let chunk =
            chunk.map_err(|_| Rejection::http(StatusCode::BAD_REQUEST, Code::BadUserInput, "The body could not be read to its end."))?;
        if whole.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(whole))
}

pub(super) fn too_large(limit: usize) -> Rejection {
    Rejection::http(StatusCode::PAYLOAD_TOO_LARGE, Code::BadUserInput, format!("The body is larger than {limit} bytes."))
}

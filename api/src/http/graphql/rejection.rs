//! A request that is answered without being executed.

use async_graphql::Pos;
use axum::http::{HeaderName, HeaderValue, StatusCode};

use crate::graphql::code::Code;
use crate::graphql::document::Refusal;

/// What clients are told when the fault is ours.
pub(super) const INTERNAL: &str = "Something went wrong on our side. Please quote the request id when you report it.";

/// Why a request is not executed.
#[derive(Debug)]
pub struct Rejection {
    pub(super) status: Option<StatusCode>,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) at: Option<Pos>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Rejection {
    /// The exchange itself is refused: this status, whatever the client accepts.
    pub fn http(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status: Some(status), code, message: message.into(), at: None, headers: Vec::new() }
    }

    /// The exchange is fine and the GraphQL request in it is not: 400 for
    /// `application/graphql-response+json`, and 200 for `application/json`, whose older clients
    /// take every other status for a failure of the network.
    pub fn graphql(code: Code, message: impl Into<String>) -> Self {
        Self { status: None, ..Self::http(StatusCode::OK, code, message) }
    }

    /// A fault of ours, of which the client learns nothing more.
    pub fn internal(status: StatusCode) -> Self {
        Self::http(status, Code::InternalServerError, INTERNAL)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::http(StatusCode::BAD_REQUEST, Code::BadUserInput, message)
    }

    /// Adds a header to the answer, such as Retry-After.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.push((name, value));
        }
        self
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self { at: refusal.at, ..Self::graphql(refusal.code(), refusal.to_string()) }
    }
}

//! A request that is answered without being executed.

use async_graphql::{Pos, ServerError};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};

use crate::graphql::code::Code;
use crate::graphql::document::Refusal;

/// What clients are told when the fault is ours.
pub(super) const INTERNAL: &str = "Something went wrong on our side. Please quote the request id when you report it.";

/// What clients are told when it will pass.
pub(super) const UNAVAILABLE: &str = "The service can't answer just now. Send the request again in a moment, with the same idempotencyKey.";

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

    /// Something we stand on is away: nothing was done, and trying again in a moment may help.
    pub fn unavailable() -> Self {
        Self::http(StatusCode::SERVICE_UNAVAILABLE, Code::ServiceUnavailable, UNAVAILABLE).with_header(header::RETRY_AFTER, "2")
    }

    /// Status, code, message and headers, for an answer that is not GraphQL's.
    pub fn into_parts(self) -> (StatusCode, Code, String, Vec<(HeaderName, HeaderValue)>) {
        (self.status.unwrap_or(StatusCode::BAD_REQUEST), self.code, self.message, self.headers)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::http(StatusCode::BAD_REQUEST, Code::BadUserInput, message)
    }

    /// What the exchange would be answered with; nothing if the GraphQL request in it is at fault.
    pub(in crate::http) fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// In words.
    pub(in crate::http) fn message(&self) -> &str {
        &self.message
    }

    /// As an error of an answer.
    pub(in crate::http) fn error(&self, request_id: &str) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), self.at);
        super::errors::stamp(error.extensions.get_or_insert_default(), self.code, request_id);
        error
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

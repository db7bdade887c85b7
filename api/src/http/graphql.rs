//! GraphQL over HTTP, for any schema: reads the request, guards it, runs it, answers.
//!
//! Written against <https://graphql.github.io/graphql-over-http/draft/>; `tests/audit` holds the
//! running service to it. async-graphql's own handlers run mutations over GET and accept plain
//! text of any size, so none of them is used.

mod answer;
mod errors;
mod negotiate;
mod params;
mod raw;
mod rejection;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{ObjectType, Request, Schema, SubscriptionType};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use futures_util::FutureExt;

pub(super) use answer::Answer;
pub(super) use errors::{is_request_error, settle};
pub(super) use params::Params;
pub use raw::{RawRequest, in_time};
pub use rejection::Rejection;

use crate::budget::Rates;
use crate::graphql::batch;
use crate::graphql::code::Code;
use crate::graphql::document::{self, Checked, Kind, Limits};
use crate::graphql::once::Answers;
use crate::http::documents::{self, Documents};
use crate::metrics;
use crate::store::Db;
use negotiate::Media;

/// The same for every request.
#[derive(Debug, Clone)]
pub struct Settings {
    pub limits: Limits,
    /// The largest request body in bytes: 256 KB.
    pub body: usize,
    /// The longest that preparing and executing may take together: 10 seconds.
    pub timeout: Duration,
    /// The longest that a body may take to arrive: 15 seconds.
    pub upload: Duration,
    pub sockets: super::socket::Limits,
    /// What callers may ask for in a time: 5,000 points a second. Nothing is counted without.
    pub rates: Option<Rates>,
    /// How long a caller is known without being looked for again: not at all.
    pub recent: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            body: 256 * 1024,
            timeout: Duration::from_secs(10),
            upload: Duration::from_secs(15),
            sockets: Default::default(),
            rates: Rates::points_a_second(5_000),
            recent: Duration::ZERO,
        }
    }
}

/// What the answer depends on beside the request itself.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    pub settings: &'a Settings,
    /// Goes into every error, so that it can be found in the log.
    pub request_id: &'a str,
    /// May validation say "Did you mean ..."? Not to strangers: it spells out the schema.
    pub suggestions: bool,
    /// Of the schema and its clients; none for a schema that has neither.
    pub known: Option<Known<'a>>,
}

/// What a server knows beside the request.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Where variables fit.
    pub places: &'a document::Places,
    /// Documents by their hash.
    pub documents: &'a Documents,
    /// Where registered ones are.
    pub db: &'a Db,
}

/// Answers one request.
///
/// `prepare` puts the caller and the loaders into the request, once the document is known to be
/// within the limits; it may refuse, for example by a rate limit that counts the cost. It is the
/// last step before the library, and no resolver runs if it refuses.
pub async fn respond<Q, M, S, P, F>(schema: &Schema<Q, M, S>, request: RawRequest, exchange: Exchange<'_>, prepare: P) -> Response
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
    P: FnOnce(Request, &Checked) -> F,
    F: Future<Output = Result<Request, Rejection>>,
{
    let media = match negotiate::media(&request.headers) {
        Ok(media) => media,
        Err(rejection) => return answer::reject(Media::Json, rejection, exchange.request_id),
    };
    let run = AssertUnwindSafe(run(schema, request, exchange, prepare)).catch_unwind();
    match tokio::time::timeout(exchange.settings.timeout, run).await {
        Ok(Ok(Ok(response))) => answer::execution(media, response),
        Ok(Ok(Err(rejection))) => answer::reject(media, rejection, exchange.request_id),
        Ok(Err(_)) => answer::reject(media, panicked(exchange), exchange.request_id),
        Err(_) => answer::reject(media, timed_out(exchange), exchange.request_id),
    }
}

/// Answers in the same form for those who refuse a request before [`respond`] sees it.
pub fn refuse(headers: &axum::http::HeaderMap, rejection: Rejection, request_id: &str) -> Response {
    let media = negotiate::media(headers).unwrap_or(Media::Json);
    answer::reject(media, rejection, request_id)
}

async fn run<Q, M, S, P, F>(
    schema: &Schema<Q, M, S>,
    raw: RawRequest,
    exchange: Exchange<'_>,
    prepare: P,
) -> Result<async_graphql::Response, Rejection>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
    P: FnOnce(Request, &Checked) -> F,
    F: Future<Output = Result<Request, Rejection>>,
{
    let method = raw.method.clone();
    let mut params = params::read(raw, exchange.settings)?;
    let checked = exchange.check(&mut params).await?;
    check_transport(&method, checked.kind)?;
    let text = params.query.clone();
    let name = name(&params, &checked);
    let request = prepare(params.into_request(), &checked).await?;
    let (mut request, answers) = if checked.kind == Kind::Mutation { Answers::of(request) } else { (request, None) };
    request.variables.extend(checked.defaults);
    request.set_parsed_query(checked.document);
    let began = Instant::now();
    let mut response = batch::execute(schema, request).await;
    if let Some(answers) = answers {
        response = answers.settle(response).await;
    }
    metrics::operation(name.as_deref(), checked.kind.word(), if response.is_ok() { "ok" } else { "error" }, began.elapsed());
    Ok(errors::settle(response, &text, exchange))
}

/// The name of the operation that runs, by which it is counted.
fn name(params: &Params, checked: &Checked) -> Option<String> {
    params.operation_name.clone().or_else(|| checked.document.operations.iter().find_map(|(name, _)| name.map(ToString::to_string)))
}

impl Exchange<'_> {
    /// Finds the document, if only its hash was sent, and judges it.
    pub(super) async fn check(&self, params: &mut Params) -> Result<Checked, Rejection> {
        let limits = &self.settings.limits;
        let Some(known) = self.known else {
            let document = if params.query.is_empty() { Err(documents::unknown())? } else { document::read(&params.query, limits)? };
            return Ok(document::check(document, params.operation_name.as_deref(), &params.variables, limits)?);
        };
        known.documents.recall(known.db, params).await?;
        let document = match known.documents.parsed(&params.query) {
            Some(document) => document,
            None => Arc::new(document::read(&params.query, limits)?),
        };
        let checked = document::check((*document).clone(), params.operation_name.as_deref(), &params.variables, limits)?;
        known.places.check(&checked.document)?;
        known.documents.remember(params, document);
        Ok(checked)
    }
}

/// A link or an image must never change anything, and a stream needs a socket.
fn check_transport(method: &Method, kind: Kind) -> Result<(), Rejection> {
    match kind {
        Kind::Query => Ok(()),
        Kind::Mutation if method == Method::GET => {
            Err(Rejection::http(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, "Mutations are sent by POST.")
                .with_header(header::ALLOW, "POST"))
        }
        Kind::Mutation => Ok(()),
        Kind::Subscription => {
            Err(Rejection::graphql(Code::BadUserInput, "Subscriptions are served over WebSocket, protocol graphql-transport-ws."))
        }
    }
}

fn panicked(exchange: Exchange<'_>) -> Rejection {
    tracing::error!(request_id = exchange.request_id, "a request panicked");
    Rejection::internal(StatusCode::INTERNAL_SERVER_ERROR)
}

/// 503 rather than 504, which is for gateways. The outcome of a mutation is open to its sender:
/// that is what idempotency keys are for.
fn timed_out(exchange: Exchange<'_>) -> Rejection {
    tracing::warn!(request_id = exchange.request_id, "a request timed out");
    let limit = exchange.settings.timeout.as_secs_f32();
    Rejection::http(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::ServiceUnavailable,
        format!("The operation was stopped: it took longer than {limit} seconds."),
    )
}

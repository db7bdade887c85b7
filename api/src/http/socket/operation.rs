//! One operation of a socket.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Name, Response, ServerError, Value};
use axum::extract::ws::Utf8Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::{FutureExt, StreamExt};
use rules::policy::Caller;
use tokio::sync::{mpsc, watch};

use super::protocol::Says;
use crate::app::Call;
use crate::budget::Budget;
use crate::graphql::context::{loading, prepare};
use crate::graphql::document::{self, Kind};
use crate::graphql::once::Answers;
use crate::http::Site;
use crate::http::caller::still_stands;
use crate::http::graphql::{Answer, Exchange, Params, Rejection, is_request_error, settle};
use crate::news::News;

/// What an operation has to say, and which of those that bore its id it was.
#[derive(Debug)]
pub struct Outgoing {
    pub id: String,
    pub turn: u64,
    pub text: Utf8Bytes,
    /// Whether it is over.
    pub last: bool,
}

/// An operation, and all it needs.
pub struct Operation {
    pub site: Site,
    pub id: String,
    pub turn: u64,
    /// Of the socket.
    pub request_id: String,
    pub address: String,
    pub headers: Arc<HeaderMap>,
    /// As the socket last saw them.
    pub caller: watch::Receiver<Arc<Caller>>,
    pub tell: mpsc::Sender<Outgoing>,
}

/// A document that has passed the guard.
struct Ready {
    params: Params,
    document: ExecutableDocument,
    defaults: Vec<(Name, Value)>,
    kind: Kind,
    budget: Option<Budget>,
}

impl Operation {
    /// Runs until it is over, or the socket drops it.
    pub async fn run(self, params: Params) {
        let ended = match self.ready(params).await {
            Err(rejection) => Err(vec![rejection.error(&self.request_id)]),
            Ok(ready) if ready.kind == Kind::Subscription => self.follow(&ready).await,
            Ok(ready) => self.once(&ready).await,
        };
        let says = match &ended {
            Ok(()) => Says::Complete { id: &self.id },
            Err(errors) => Says::Error { id: &self.id, payload: errors },
        };
        self.say(&says, true).await;
    }

    async fn ready(&self, mut params: Params) -> Result<Ready, Rejection> {
        let checked = self.exchange().check(&mut params).await?;
        let (caller, now) = (self.caller.borrow().clone(), self.site.app.clock.now());
        let budget = self.site.admit(&caller, &self.address, &params.query, checked.cost, now).await?;
        let mut document = checked.document;
        if checked.kind == Kind::Subscription {
            document::lift_root(&mut document);
        }
        Ok(Ready { params, document, defaults: checked.defaults, kind: checked.kind, budget })
    }

    /// A query or a mutation.
    async fn once(&self, ready: &Ready) -> Result<(), Vec<ServerError>> {
        if let Some(response) = self.execute(ready, None).await {
            self.next(&response, true).await?;
        }
        Ok(())
    }

    /// A subscription: followed before it is judged, so that nothing falls between.
    async fn follow(&self, ready: &Ready) -> Result<(), Vec<ServerError>> {
        let mut news = self.site.app.news.follow(&self.site.app.db).await;
        if let Some(response) = self.execute(ready, None).await {
            return Err(response.errors);
        }
        while let Some(news) = news.next().await {
            // Rights may have ended since the socket last looked; then it will close in a moment, and tells nothing meanwhile.
            if still_stands(&self.site.app, &self.headers, self.site.app.clock.now()).await.is_err() {
                continue;
            }
            if let Some(response) = self.execute(ready, Some(news)).await {
                self.next(&response, false).await?;
            }
        }
        Ok(())
    }

    async fn next(&self, response: &Response, refusable: bool) -> Result<(), Vec<ServerError>> {
        if refusable && is_request_error(response) {
            return Err(response.errors.clone());
        }
        self.say(&Says::Next { id: &self.id, payload: Answer::of(response) }, false).await;
        Ok(())
    }

    /// Runs it once, in a context of its own; for a subscription, on this news. Nothing if it has nothing to say.
    async fn execute(&self, ready: &Ready, news: Option<News>) -> Option<Response> {
        let request = self.request(ready, news);
        let (request, answers) = if ready.kind == Kind::Mutation { Answers::of(request) } else { (request, None) };
        let loading = loading(&request)?;
        let mut stream = self.site.schema.execute_stream(request);
        let first = async {
            match (loading.drive(stream.next()).await, answers) {
                (Some(response), Some(answers)) => Some(answers.settle(response).await),
                (response, _) => response,
            }
        };
        let first = AssertUnwindSafe(first).catch_unwind();
        let failed = |rejection: Rejection| Some(Response::from_errors(vec![rejection.error(&self.request_id)]));
        match tokio::time::timeout(self.site.settings.timeout, first).await {
            Ok(Ok(response)) => response.map(|response| settle(response, &ready.params.query, self.exchange())),
            Ok(Err(_)) => {
                tracing::error!(request_id = self.request_id, "an operation of a socket panicked");
                failed(Rejection::internal(StatusCode::INTERNAL_SERVER_ERROR))
            }
            Err(_) => failed(Rejection::internal(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }

    fn exchange(&self) -> Exchange<'_> {
        let suggestions = self.headers.contains_key(header::AUTHORIZATION);
        Exchange { settings: &self.site.settings, request_id: &self.request_id, suggestions, known: Some(self.site.known()) }
    }

    fn request(&self, ready: &Ready, news: Option<News>) -> async_graphql::Request {
        let app = &self.site.app;
        let call = Call { caller: Caller::clone(&self.caller.borrow()), now: app.clock.now(), request_id: self.request_id.clone() };
        let mut request = prepare(ready.params.clone().into_request(), app, call);
        request.variables.extend(ready.defaults.iter().cloned());
        request.set_parsed_query(ready.document.clone());
        if let Some(budget) = ready.budget {
            request = request.data(budget);
        }
        match news {
            Some(news) => request.data(news),
            None => request,
        }
    }

    /// Waits while the client is slow: then it falls behind, and is told so.
    async fn say(&self, says: &Says<'_>, last: bool) {
        let outgoing = Outgoing { id: self.id.clone(), turn: self.turn, text: says.text(), last };
        // Nobody takes it once the socket is gone.
        let _ = self.tell.send(outgoing).await;
    }
}

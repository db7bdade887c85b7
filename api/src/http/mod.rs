//! The HTTP adapter: routes, who is asking, and what every answer carries.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::app::{App, Call};
use crate::budget::Budgets;
use crate::graphql::context::prepare;
use crate::graphql::document::Places;
use crate::graphql::{Contract, contract, sdl_of};
use crate::metrics;

mod admit;
pub mod answer;
pub mod auth;
pub mod calendar;
pub mod caller;
pub mod certificate;
pub mod cors;
pub mod dates;
pub mod documents;
pub mod explorer;
pub mod graphql;
pub mod mail;
pub mod page;
pub mod peer;
mod recent;
pub mod reference;
mod refusals;
pub mod rota;
pub mod server;
pub mod socket;

pub use graphql::Settings;
use graphql::{Exchange, Known, RawRequest, respond};
use recent::Recent;
use refusals::Refusals;

/// What the routes share.
#[derive(Clone)]
pub struct Site {
    /// The service.
    pub app: Arc<App>,
    schema: Contract,
    sdl: Arc<str>,
    settings: Arc<Settings>,
    /// Where variables fit.
    fit: Arc<Places>,
    documents: Arc<documents::Documents>,
    budgets: Arc<Budgets>,
    refusals: Arc<Refusals>,
    recent: Arc<Recent>,
    origins: Arc<cors::Origins>,
    /// The open sockets.
    places: socket::Places,
    /// True once the server has been asked to stop.
    stopping: watch::Receiver<bool>,
}

impl Site {
    /// The routes' share of a service.
    pub fn new(app: Arc<App>) -> Self {
        let never = watch::Sender::new(false).subscribe();
        let schema = contract();
        let sdl = sdl_of(&schema);
        Self {
            app,
            schema,
            fit: Arc::new(Places::of(&sdl)),
            sdl: sdl.into(),
            settings: Arc::default(),
            documents: Arc::default(),
            budgets: Arc::default(),
            refusals: Arc::default(),
            recent: Arc::default(),
            origins: Arc::default(),
            places: socket::Places::default(),
            stopping: never,
        }
    }

    /// With other limits.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings: Arc::new(settings), ..self }
    }

    /// Closes its sockets when this says so.
    #[must_use]
    pub fn until(self, stopping: watch::Receiver<bool>) -> Self {
        Self { stopping, ..self }
    }

    fn known(&self) -> Known<'_> {
        Known { places: &self.fit, documents: &self.documents, db: &self.app.db }
    }

    /// Where a request comes from.
    fn address(&self, parts: &Parts) -> String {
        peer::address(&parts.headers, &parts.extensions, self.app.policy.identity.trusted_proxies)
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until no socket is open.
    pub async fn without_sockets(&self) {
        self.places.empty().await;
    }
}

/// The id of a request: in its answer, its log lines and its audit rows.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Every route. `explorer` adds the explorer page and its tour; the demo adds the mail sink.
pub fn router(site: Site, explorer: bool) -> Router {
    let mut routes = Router::new()
        .route("/graphql", any(serve_graphql))
        .route("/schema.graphql", get(schema_text))
        .route("/answer/{token}", get(answer::show).post(answer::act))
        .route("/dates/{token}", get(dates::show).post(dates::act))
        .route("/calendar/{name}", get(calendar::feed))
        .route("/rota/week.csv", get(rota::csv))
        .route("/rota/week.html", get(rota::page))
        .route("/reference/{token}", get(reference::show).post(reference::act))
        .route("/certificates/{reference}/hours", get(certificate::show))
        .merge(auth::routes())
        .route("/health/live", get(|| async { "live" }))
        .route("/health/ready", get(ready));
    if explorer {
        routes = routes
            .route("/explorer", get(explorer::page))
            .route("/explorer/tour.json", get(explorer::tour))
            .route("/", get(|| async { axum::response::Redirect::temporary("/explorer") }));
    }
    if site.app.demo {
        routes = routes.route("/dev/mail", get(mail::sink));
    }
    routes
        .route_layer(middleware::from_fn(metrics::timed))
        .layer(middleware::from_fn_with_state(site.clone(), cors::cors))
        .layer(middleware::from_fn_with_state(site.clone(), common))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::new())
        .with_state(site)
}

/// Gives each request its id, and each answer the headers every answer has.
async fn common(State(site): State<Site>, request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).to_string();
    let mut request = request.map(|body| graphql::in_time(body, site.settings.upload));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn serve_graphql(State(site): State<Site>, request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (mut parts, body) = request.into_parts();
    if let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &site).await {
        return socket::open(site, upgrade, parts, RequestId(id)).await;
    }
    let address = site.address(&parts);
    let request = Request::from_parts(parts, body);
    let now = site.app.clock.now();
    let headers = request.headers().clone();
    let raw = RawRequest::read(request, site.settings.body).await;
    // A stranger gets no suggestions; who only pretends to be somebody is refused before validation could make any.
    let suggestions = headers.contains_key(header::AUTHORIZATION);
    let exchange = Exchange { settings: &site.settings, request_id: &id, suggestions, known: Some(site.known()) };
    let admitted = OnceLock::new();
    // The caller is looked up last: a document over the limits costs no statement.
    let mut response = respond(&site.schema, raw, exchange, |request, checked| {
        let (cost, admitted) = (checked.cost, &admitted);
        let (site, headers, address, id) = (&site, &headers, &address, &id);
        async move {
            let caller = site.caller(headers, now).await?;
            let left = site.admit(&caller, address, &request.query, cost, now).await?;
            let request = prepare(request, &site.app, Call { caller, now, request_id: id.clone() });
            Ok(match admitted.get_or_init(|| left) {
                Some(left) => request.data(*left),
                None => request,
            })
        }
    })
    .await;
    match admitted.get() {
        Some(Some(budget)) => response.headers_mut().extend(admit::headers(*budget, now)),
        // What is our fault is not held against whoever asked.
        None if !response.status().is_server_error() => site.refusals.add(&address).await,
        Some(None) | None => {}
    }
    response
}

async fn schema_text(State(site): State<Site>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], site.sdl.to_string()).into_response()
}

/// The longest that whoever asks whether we are ready waits: shorter than what asks gives us.
const READY: Duration = Duration::from_secs(2);

async fn ready(State(site): State<Site>) -> Response {
    match tokio::time::timeout(READY, site.app.db.ping()).await {
        Ok(Ok(())) => "ready".into_response(),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response(),
    }
}

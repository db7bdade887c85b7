//! A world per test: a copy of the demo of 21 November 2026, a held clock, and every persona.

pub mod booking;
pub mod database;
pub mod introspection;
mod people;
mod persona;
pub mod server;

use std::sync::{Arc, Mutex};

use api::app::App;
use api::auth::Passwords;
use api::clock::Clock;
use api::config::Policy;
use api::http::{Settings, Site, router};
use api::keys::Keys;
use api::postcodes::Postcodes;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tower::ServiceExt;

pub use database::Backend;
pub use people::Letter;
pub use persona::Persona;

/// The instant the demo of the tests begins: a Saturday morning in Stockport.
pub const START: &str = "2026-11-21T09:00:00Z";

/// The id in the database of what has this id in an answer.
pub fn uuid(id: &Value) -> uuid::Uuid {
    api::graphql::id::decode(&async_graphql::ID(id.as_str().expect("an id").to_owned())).expect("an id").1
}

/// Declares a test that runs on both databases: `both!(name, |world| async { … })`.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* $name:ident, |$world:ident| $body:expr) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn run($world: $crate::harness::World) {
                $body.await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run($crate::harness::World::new($crate::harness::Backend::Sqlite).await.expect("a world")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                match $crate::harness::World::new($crate::harness::Backend::Postgres).await {
                    Some(world) => run(world).await,
                    None => eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)"),
                }
            }
        }
    };
}

/// A service of one test.
pub struct World {
    pub app: Arc<App>,
    pub router: Router,
    /// Where its database is.
    pub url: String,
    /// Statements the database was sent since the world began.
    pub statements: Arc<Mutex<Vec<String>>>,
    key: String,
    _home: database::Home,
}

impl World {
    /// A fresh copy of the demo; none where PostgreSQL is asked for and not reachable.
    pub async fn new(backend: Backend) -> Option<Self> {
        let (url, home) = database::copy(backend).await?;
        Some(Self::on(url, Keys::generate_pem().expect("a key"), Clock::held(START.parse().expect("an instant")), home).await)
    }

    /// Another service on the same database, with the same key and clock.
    pub async fn replica(&self) -> Self {
        Self::on(self.url.clone(), self.key.clone(), self.app.clock.clone(), database::Home::Shared).await
    }

    /// Where the database of this world is, on PostgreSQL.
    pub fn database_host(&self) -> &str {
        let (_, rest) = self.url.rsplit_once('@').expect("a URL with a user");
        rest.split('/').next().expect("a host")
    }

    /// A replica that reaches the database by another address.
    pub async fn replica_through(&self, address: std::net::SocketAddr) -> Self {
        let url = self.url.replace(self.database_host(), &address.to_string());
        Self::on(url, self.key.clone(), self.app.clock.clone(), database::Home::Shared).await
    }

    async fn on(url: String, key: String, clock: Clock, home: database::Home) -> Self {
        let statements = Arc::new(Mutex::new(Vec::new()));
        let told = statements.clone();
        let mut app = app(&url).await;
        app.keys = Keys::from_pem(&key).expect("a key");
        app.clock = clock;
        app.db.on_statement(move |info| told.lock().expect("a list").push(info.statement.sql.clone()));
        let app = Arc::new(app);
        let router = router(Site::new(app.clone()).with_settings(Settings { rates: None, ..Settings::default() }), true);
        Self { app, router, statements, url, key, _home: home }
    }

    /// The instant of the world.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    /// Moves the clock on.
    pub fn pass(&self, time: TimeDelta) {
        self.app.clock.set(self.now() + time);
    }

    /// Somebody without key or sign-in.
    pub fn stranger(&self) -> Persona<'_> {
        Persona { world: self, headers: Vec::new() }
    }

    /// The demo's partner website.
    pub fn partner(&self) -> Persona<'_> {
        Persona { world: self, headers: vec![("digiknow-client-key", api::demo::DEMO_KEY.to_owned())] }
    }

    /// An account of the demo, by the part of its address before the @.
    pub async fn sign_in(&self, name: &str) -> Persona<'_> {
        let email = format!("{name}@demo.digiknow.example");
        let token = api::operate::token(&self.app, &email, 60).await.expect("an account of the demo");
        Persona { world: self, headers: vec![("authorization", format!("Bearer {token}"))] }
    }

    /// Sends any HTTP request; it is served on a task of its own, as by the server.
    pub async fn http(&self, request: Request<Body>) -> Response<Body> {
        tokio::spawn(self.router.clone().oneshot(request)).await.expect("no panic").expect("an answer")
    }
}

/// The body of an answer as JSON.
pub async fn json(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 16 << 20).await.expect("a body");
    let value = serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&bytes)));
    (status, value)
}

async fn app(url: &str) -> App {
    App {
        db: api::store::Db::open(url, 6).await.expect("a database"),
        clock: Clock::held(START.parse().expect("an instant")),
        keys: Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key"),
        passwords: Passwords::new().expect("argon2"),
        postcodes: Postcodes::load().expect("the postcodes"),
        sealing: api::sealing::Sealing::parse("test AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("a key"),
        update_service: Default::default(),
        provider: Default::default(),
        policy: policy(),
        news: Default::default(),
        demo: true,
    }
}

/// Behind one proxy of ours, so that a test can call from any address.
fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.identity.trusted_proxies = 1;
    policy
}

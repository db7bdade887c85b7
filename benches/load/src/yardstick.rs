//! Plain handlers of the same answers: no GraphQL, no policy, no loaders, the best SQL we know, and for matches also an index in memory.
//! They check no token and judge no rule under lock, so they do less than the service does; they are what it is measured by.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use api::app::App;
use api::config::{Policy, Storage};
use api::operate;
use api::store::facts::{self, Which};
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, response::IntoResponse};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use rules::availability::{Weekday, Window};
use rules::champion::display_name;
use rules::id::{ChampionId, SessionId};
use rules::matching::{ChampionRecord, Found, Index, Weights};
use rules::session::{PlaceKind, SessionNeed};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod candidate;
mod postgres;
mod sqlite;

/// Where and how to serve.
#[derive(Args, Clone, Debug)]
pub struct Plain {
    /// Database that `digiknow generate` has filled
    #[arg(long)]
    database_url: String,
    /// Key file of that service
    #[arg(long)]
    key_file: PathBuf,
    /// Address to listen on
    #[arg(long)]
    listen: SocketAddr,
    /// Connections to the database
    #[arg(long)]
    connections: u32,
}

/// What every request says.
#[derive(Deserialize)]
struct Asked {
    id: Uuid,
}

#[derive(Serialize, Clone)]
struct Slot {
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Matched {
    score: f64,
    display_name: String,
    languages: Vec<String>,
    next: Option<Slot>,
}

#[derive(Serialize)]
struct Held {
    completed_on: NaiveDate,
    code: String,
    title: String,
}

#[derive(Serialize)]
struct Placed {
    status: String,
    display_name: String,
    training: Arc<Vec<Held>>,
}

#[derive(Serialize)]
struct Meeting {
    title: String,
    starts_at: DateTime<Utc>,
    status: String,
    assignments: Vec<Placed>,
}

/// The handlers' ways to a database.
#[derive(Clone)]
enum Store {
    Postgres(Arc<postgres::Pool>),
    Sqlite(Arc<sqlite::Pools>),
}

#[derive(Clone)]
struct Site {
    store: Store,
    memory: Arc<Memory>,
}

/// Everybody in memory.
struct Memory {
    index: Index,
    needs: HashMap<SessionId, SessionNeed>,
    people: HashMap<ChampionId, Person>,
}

struct Person {
    name: String,
    languages: Vec<String>,
    windows: Vec<Window>,
}

/// Serves the plain handlers until it is killed.
pub async fn serve(plain: Plain) -> Result<()> {
    let storage = Storage { database_url: plain.database_url.clone(), connections: 4, key_file: plain.key_file.clone() };
    let app = operate::open(&storage, Policy::default(), false).await?;
    let records = facts::champions(app.db.read(), Which::Open).await?;
    candidate::fill(&app, &records).await?;
    let memory = Arc::new(Memory::of(&app, &records).await?);
    let store = if plain.database_url.starts_with("sqlite:") {
        Store::Sqlite(Arc::new(sqlite::Pools::open(&plain.database_url, plain.connections).await?))
    } else {
        Store::Postgres(Arc::new(postgres::Pool::open(&plain.database_url, plain.connections).await?))
    };
    let routes = Router::new()
        .route("/m1", post(matches))
        .route("/m1/index", post(|site, asked| async { matches_in_memory(Index::matches, site, asked) }))
        .route("/m1/districts", post(|site, asked| async { matches_in_memory(Index::best, site, asked) }))
        .route("/m2", post(dashboard))
        .route("/m3", post(accept))
        .with_state(Site { store, memory });
    let listener = tokio::net::TcpListener::bind(plain.listen).await?;
    Ok(axum::serve(listener, routes).await?)
}

impl Memory {
    async fn of(app: &App, records: &[ChampionRecord]) -> Result<Self> {
        let conn = app.db.read();
        let names: HashMap<ChampionId, String> = entity::champion::Entity::find()
            .all(conn)
            .await?
            .into_iter()
            .map(|row| (row.id, display_name(&row.full_name, row.known_as.as_deref())))
            .collect();
        let now = Utc::now();
        let near = entity::session::Column::StartsAt.between(now, now + TimeDelta::days(30));
        let sessions = entity::session::Entity::find().filter(near).all(conn).await?;
        let mut needs = HashMap::new();
        for some in sessions.chunks(500) {
            let facts = facts::needs(conn, some.to_vec()).await?;
            needs.extend(facts.into_iter().filter_map(|f| Some((f.session.id, f.need(PlaceKind::Helper)?.clone()))));
        }
        let person = |r: &ChampionRecord| {
            (
                r.id,
                Person {
                    name: names.get(&r.id).cloned().unwrap_or_default(),
                    languages: r.languages.iter().map(|language| language.to_639_3().to_owned()).collect(),
                    windows: r.windows.clone(),
                },
            )
        };
        Ok(Self { index: Index::build(records), needs, people: records.iter().map(person).collect() })
    }
}

/// When a weekly pattern comes round next; leave and duties aside.
fn next(windows: impl Iterator<Item = (Weekday, NaiveTime, NaiveTime)>, now: DateTime<Utc>) -> Option<Slot> {
    let today = now.date_naive();
    let of = |(weekday, starts, ends): (Weekday, NaiveTime, NaiveTime)| {
        let day = (weekday as u32 + 7 - today.weekday().num_days_from_monday()) % 7;
        let slot = |days: u64| {
            let date = today + Days::new(days);
            Slot { starts_at: date.and_time(starts).and_utc(), ends_at: date.and_time(ends).and_utc() }
        };
        Some(slot(day.into())).filter(|slot| slot.starts_at > now).unwrap_or_else(|| slot(u64::from(day) + 7))
    };
    windows.map(of).min_by_key(|slot| slot.starts_at)
}

/// What went wrong, for whoever reads the log.
struct Failed(anyhow::Error);

impl IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Asking everybody, or only those near enough.
type Rank = fn(&Index, &SessionNeed, &Weights, DateTime<Utc>, usize) -> Found;

fn matches_in_memory(rank: Rank, State(site): State<Site>, Json(asked): Json<Asked>) -> Json<Vec<Matched>> {
    let (memory, now) = (&site.memory, Utc::now());
    let Some(need) = memory.needs.get(&SessionId(asked.id)) else { return Json(Vec::new()) };
    let found = rank(&memory.index, need, &Policy::default().match_weights, now, 20);
    let line = |found: &rules::matching::Match| {
        let person = memory.people.get(&found.champion)?;
        let windows = person.windows.iter().map(|w| (w.weekday, w.starts, w.ends));
        Some(Matched {
            score: found.score,
            display_name: person.name.clone(),
            languages: person.languages.clone(),
            next: next(windows, now),
        })
    };
    Json(found.top.iter().filter_map(line).collect())
}

async fn matches(State(site): State<Site>, Json(asked): Json<Asked>) -> Result<Json<Vec<Matched>>, Failed> {
    Ok(Json(match &site.store {
        Store::Postgres(pool) => pool.matches(asked.id).await?,
        Store::Sqlite(pools) => pools.matches(asked.id).await?,
    }))
}

async fn dashboard(State(site): State<Site>, Json(asked): Json<Asked>) -> Result<Json<Vec<Meeting>>, Failed> {
    Ok(Json(match &site.store {
        Store::Postgres(pool) => pool.dashboard(asked.id).await?,
        Store::Sqlite(pools) => pools.dashboard(asked.id).await?,
    }))
}

#[derive(Serialize)]
struct Accepted {
    assignment: Uuid,
    status: &'static str,
}

async fn accept(State(site): State<Site>, Json(asked): Json<Asked>) -> Result<Json<Accepted>, Failed> {
    let made = match &site.store {
        Store::Postgres(pool) => pool.accept(asked.id).await?,
        Store::Sqlite(pools) => pools.accept(asked.id).await?,
    };
    Ok(Json(Accepted { assignment: made, status: "CONFIRMED" }))
}

/// A session and who is placed at it: id, title, start and status; status, champion and name.
type SessionRow = (Uuid, String, DateTime<Utc>, String, Option<(String, Uuid, String)>);

/// Rows of a dashboard's two statements, put together.
fn together(sessions: Vec<SessionRow>, training: HashMap<Uuid, Arc<Vec<Held>>>) -> Vec<Meeting> {
    let mut meetings: Vec<(Uuid, Meeting)> = Vec::new();
    for (id, title, starts_at, status, placed) in sessions {
        if meetings.last().is_none_or(|(last, _)| *last != id) {
            meetings.push((id, Meeting { title, starts_at, status, assignments: Vec::new() }));
        }
        if let (Some((status, champion, display_name)), Some((_, meeting))) = (placed, meetings.last_mut()) {
            let training = training.get(&champion).cloned().unwrap_or_default();
            meeting.assignments.push(Placed { status, display_name, training });
        }
    }
    meetings.into_iter().map(|(_, meeting)| meeting).collect()
}

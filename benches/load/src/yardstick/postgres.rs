//! PostgreSQL through tokio-postgres: statements prepared once a connection, requests side by side on each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use rules::geo::Point;
use rules::input::Topic;
use rules::session::Modality;
use tokio::sync::Semaphore;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::candidate::{DASHBOARD, SESSION, TRAINING, best, cells, day, matched, metres, topics, touched};
use super::{Held, Matched, Meeting, together};

/// An acceptance in one statement: whoever loses the race for the place meets the constraints, as in the service.
const ACCEPT: &str = "WITH taken AS (UPDATE offer SET status = 'ACCEPTED', responded_at = $3::timestamptz WHERE id = $1::uuid AND status = 'PENDING' AND expires_at > $3 \
      RETURNING id, session_id, champion_id, kind), \
    free AS (SELECT p.id FROM place p, taken WHERE p.session_id = taken.session_id AND p.kind = taken.kind AND NOT EXISTS \
      (SELECT 1 FROM assignment a WHERE a.place_id = p.id AND a.status = 'CONFIRMED') ORDER BY p.position LIMIT 1), \
    made AS (INSERT INTO assignment (id, session_id, place_id, champion_id, offer_id, status, starts_at, ends_at, created_at, clashing) \
      SELECT $2::uuid, s.id, free.id, taken.champion_id, taken.id, 'CONFIRMED', s.starts_at, s.ends_at, $3::timestamptz, false \
      FROM taken JOIN session s ON s.id = taken.session_id CROSS JOIN free RETURNING id, place_id, session_id, champion_id), \
    told AS (INSERT INTO audit_event (id, at, actor_id, client_id, action, subject_kind, subject_id, outcome, detail, request_id) \
      SELECT $4::uuid, $3::timestamptz, NULL, NULL, 'OfferAccept', 'Offer', $1::uuid, 'DONE', '{\"assignment\":\"' || made.id || '\",\"place\":\"' || made.place_id || '\"}', $4::uuid::text \
      FROM made), \
    sent AS (INSERT INTO outbox (id, at, topic, payload, attempts) SELECT $5::uuid, $3::timestamptz, 'assignment.confirmed', \
      '{\"assignment\":\"' || made.id || '\",\"session\":\"' || made.session_id || '\",\"champion\":\"' || made.champion_id || '\"}', 0 FROM made) \
    SELECT id FROM made";

struct Connection {
    client: Client,
    session: Statement,
    dashboard: Statement,
    training: Statement,
    accept: Statement,
    /// By day of the week, in person and not.
    best: Vec<(Statement, Statement)>,
}

/// Connections, each for one request at a time.
pub struct Pool {
    all: Vec<tokio::sync::Mutex<Connection>>,
    free: Semaphore,
    next: AtomicUsize,
    bits: HashMap<String, u32>,
}

impl Pool {
    /// Connects.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        let mut all = Vec::new();
        for _ in 0..connections {
            all.push(tokio::sync::Mutex::new(connect(url).await?));
        }
        let first = all.first().context("a connection")?.lock().await;
        let codes = first.client.query("SELECT code FROM training_module ORDER BY code", &[]).await?;
        let bits = (0..).zip(codes).map(|(bit, row)| (row.get::<_, String>(0), bit)).collect();
        drop(first);
        Ok(Self { free: Semaphore::new(all.len()), all, next: AtomicUsize::new(0), bits })
    }

    async fn with<T>(&self, work: impl AsyncFnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let _turn = self.free.acquire().await?;
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if let Ok(mut connection) = self.all[at % self.all.len()].try_lock() {
                return work(&mut connection).await;
            }
        }
    }

    /// The twenty best for a session.
    pub async fn matches(&self, session: Uuid) -> Result<Vec<Matched>> {
        self.with(async |connection| {
            let row = connection.client.query_one(&connection.session, &[&session]).await?;
            let (date, start, minutes): (NaiveDate, NaiveTime, i32) = (row.get(0), row.get(1), row.get(2));
            let (from, until): (DateTime<Utc>, DateTime<Utc>) = (row.get(3), row.get(4));
            let in_person = row.get::<_, String>(5) == Modality::InPerson.code();
            let codes: Option<String> = row.get(8);
            let modules = codes.iter().flat_map(|c| c.split(',')).filter_map(|c| self.bits.get(c)).fold(0_i64, |all, bit| all | 1 << bit);
            let wanted: Option<String> = row.get(9);
            let wanted = topics(wanted.iter().flat_map(|t| t.split(',')).filter_map(Topic::from_code));
            let (date_number, halves) = (day(date), touched(start, minutes));
            let (near, far) = (from - TimeDelta::days(28), from + TimeDelta::days(28));
            let weekday = date.weekday().num_days_from_monday() as usize;
            let mut given: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                vec![&modules, &date_number, &halves, &wanted, &from, &until, &near, &far];
            let rows = if in_person {
                let at = Point { latitude: row.get(6), longitude: row.get(7) };
                let (x, y) = metres(at);
                let cells = cells(at);
                given.push(&x);
                given.push(&y);
                cells.iter().for_each(|cell| given.push(cell));
                connection.client.query(&connection.best[weekday].0, &given).await?
            } else {
                connection.client.query(&connection.best[weekday].1, &given).await?
            };
            Ok(rows.iter().map(|row| matched(row.get(0), row.get(1), row.get(2), row.get(3))).collect())
        })
        .await
    }

    /// A group's dashboard.
    pub async fn dashboard(&self, group: Uuid) -> Result<Vec<Meeting>> {
        self.with(async |connection| {
            let rows = connection.client.query(&connection.dashboard, &[&group, &Utc::now()]).await?;
            let mut champions: Vec<Uuid> = rows.iter().filter_map(|row| row.get(5)).collect();
            champions.sort();
            champions.dedup();
            let mut training: HashMap<Uuid, Vec<Held>> = HashMap::new();
            for row in connection.client.query(&connection.training, &[&champions]).await? {
                let held = Held { completed_on: row.get(1), code: row.get(2), title: row.get(3) };
                training.entry(row.get(0)).or_default().push(held);
            }
            let sessions = rows.iter().map(|row| {
                let placed = row.get::<_, Option<Uuid>>(5).map(|champion| {
                    let known: Option<String> = row.get(7);
                    (row.get(4), champion, rules::champion::display_name(row.get(6), known.as_deref()))
                });
                (row.get(0), row.get(1), row.get(2), row.get(3), placed)
            });
            Ok(together(sessions.collect(), training.into_iter().map(|(id, held)| (id, Arc::new(held))).collect()))
        })
        .await
    }

    /// Accepts an offer.
    pub async fn accept(&self, offer: Uuid) -> Result<Uuid> {
        self.with(async |connection| {
            let id = || Uuid::now_v7();
            let row = connection.client.query_one(&connection.accept, &[&offer, &id(), &Utc::now(), &id(), &id()]).await?;
            Ok(row.get(0))
        })
        .await
    }
}

async fn connect(url: &str) -> Result<Connection> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let session = client.prepare(&SESSION.replace("{list}", "string_agg")).await?;
    let dashboard = client.prepare(DASHBOARD).await?;
    let training = client.prepare(&format!("{TRAINING} = ANY($1)")).await?;
    let accept = client.prepare(ACCEPT).await?;
    let mut by_day = Vec::new();
    for weekday in 0..7 {
        let one = client.prepare(&best(weekday, Modality::InPerson)).await?;
        by_day.push((one, client.prepare(&best(weekday, Modality::Video)).await?));
    }
    Ok(Connection { client, session, dashboard, training, accept, best: by_day })
}

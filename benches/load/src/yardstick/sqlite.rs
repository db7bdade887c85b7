//! SQLite through sqlx: one connection that writes, several that read, as durable as the service's.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use rules::geo::Point;
use rules::input::Topic;
use rules::session::Modality;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::candidate::{DASHBOARD, SESSION, TRAINING, best, cells, day, matched, metres, topics, touched};
use super::{Held, Matched, Meeting, together};

/// One writer and several readers.
pub struct Pools {
    write: SqlitePool,
    read: SqlitePool,
    bits: HashMap<String, u32>,
    session: String,
    best: Vec<(String, String)>,
}

impl Pools {
    /// Connects.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let options = options.busy_timeout(std::time::Duration::from_secs(10));
        let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let read = SqlitePoolOptions::new().max_connections(connections).connect_with(options.read_only(true)).await?;
        let codes: Vec<String> = sqlx::query_scalar("SELECT code FROM training_module ORDER BY code").fetch_all(&read).await?;
        let best = (0..7).map(|weekday| (best(weekday, Modality::InPerson), best(weekday, Modality::Video)));
        Ok(Self {
            write,
            read,
            bits: codes.into_iter().zip(0..).collect(),
            session: SESSION.replace("{list}", "group_concat"),
            best: best.collect(),
        })
    }

    /// The twenty best for a session.
    pub async fn matches(&self, session: Uuid) -> Result<Vec<Matched>> {
        let mut conn = self.read.acquire().await?;
        let row = sqlx::query(AssertSqlSafe(self.session.as_str())).bind(session).fetch_one(&mut *conn).await?;
        let (date, start, minutes): (NaiveDate, NaiveTime, i32) = (row.get(0), row.get(1), row.get(2));
        let (from, until): (DateTime<Utc>, DateTime<Utc>) = (row.get(3), row.get(4));
        let in_person = row.get::<String, _>(5) == Modality::InPerson.code();
        let codes: Option<String> = row.get(8);
        let modules = codes.iter().flat_map(|c| c.split(',')).filter_map(|c| self.bits.get(c)).fold(0_i64, |all, bit| all | 1 << bit);
        let wanted: Option<String> = row.get(9);
        let wanted = topics(wanted.iter().flat_map(|t| t.split(',')).filter_map(Topic::from_code));
        let both = &self.best[date.weekday().num_days_from_monday() as usize];
        let mut query = sqlx::query(AssertSqlSafe(if in_person { both.0.as_str() } else { both.1.as_str() }))
            .bind(modules)
            .bind(day(date))
            .bind(touched(start, minutes))
            .bind(wanted)
            .bind(from)
            .bind(until)
            .bind(from - TimeDelta::days(28))
            .bind(from + TimeDelta::days(28));
        if in_person {
            let at = Point { latitude: row.get(6), longitude: row.get(7) };
            let (x, y) = metres(at);
            query = cells(at).into_iter().fold(query.bind(x).bind(y), |query, cell| query.bind(cell));
        }
        let rows = query.fetch_all(&mut *conn).await?;
        Ok(rows.iter().map(|row| matched(row.get(0), row.get(1), row.get(2), row.get(3))).collect())
    }

    /// A group's dashboard.
    pub async fn dashboard(&self, group: Uuid) -> Result<Vec<Meeting>> {
        let mut conn = self.read.acquire().await?;
        let rows = sqlx::query(DASHBOARD).bind(group).bind(Utc::now()).fetch_all(&mut *conn).await?;
        let mut champions: Vec<Uuid> = rows.iter().filter_map(|row| row.get(5)).collect();
        champions.sort();
        champions.dedup();
        let list = vec!["?"; champions.len()].join(",");
        let sql = format!("{TRAINING} IN ({list})");
        let held = champions.iter().fold(sqlx::query(AssertSqlSafe(sql.as_str())), |query, id| query.bind(*id));
        let mut training: HashMap<Uuid, Vec<Held>> = HashMap::new();
        for row in held.fetch_all(&mut *conn).await? {
            let held = Held { completed_on: row.get(1), code: row.get(2), title: row.get(3) };
            training.entry(row.get(0)).or_default().push(held);
        }
        let sessions = rows.iter().map(|row| {
            let placed = row.get::<Option<Uuid>, _>(5).map(|champion| {
                let known: Option<String> = row.get(7);
                (row.get(4), champion, rules::champion::display_name(row.get(6), known.as_deref()))
            });
            (row.get(0), row.get(1), row.get(2), row.get(3), placed)
        });
        Ok(together(sessions.collect(), training.into_iter().map(|(id, held)| (id, Arc::new(held))).collect()))
    }

    /// Accepts an offer.
    pub async fn accept(&self, offer: Uuid) -> Result<Uuid> {
        let (id, now) = (Uuid::now_v7(), Utc::now());
        let mut tx = self.write.begin_with("BEGIN IMMEDIATE").await?;
        let taken = sqlx::query(
            "UPDATE offer SET status = 'ACCEPTED', responded_at = $2 WHERE id = $1 AND status = 'PENDING' AND expires_at > $2 \
             RETURNING session_id, champion_id, kind",
        )
        .bind(offer)
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let (session, champion, kind): (Uuid, Uuid, String) = (taken.get(0), taken.get(1), taken.get(2));
        let place: Uuid = sqlx::query(
            "INSERT INTO assignment (id, session_id, place_id, champion_id, offer_id, status, starts_at, ends_at, created_at, clashing) \
             SELECT $1, s.id, p.id, $2, $3, 'CONFIRMED', s.starts_at, s.ends_at, $4, 0 FROM session s JOIN place p ON p.session_id = s.id \
             WHERE s.id = $5 AND p.kind = $6 AND NOT EXISTS (SELECT 1 FROM assignment a WHERE a.place_id = p.id AND a.status = 'CONFIRMED') \
             ORDER BY p.position LIMIT 1 RETURNING place_id",
        )
        .bind(id)
        .bind(champion)
        .bind(offer)
        .bind(now)
        .bind(session)
        .bind(kind)
        .fetch_one(&mut *tx)
        .await?
        .get(0);
        let audit = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO audit_event (id, at, action, subject_kind, subject_id, outcome, detail, request_id) \
             VALUES ($1, $2, 'OfferAccept', 'Offer', $3, 'DONE', $4, $5)",
        )
        .bind(audit)
        .bind(now)
        .bind(offer)
        .bind(serde_json::json!({ "assignment": id, "place": place }).to_string())
        .bind(audit.to_string())
        .execute(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO outbox (id, at, topic, payload, attempts) VALUES ($1, $2, 'assignment.confirmed', $3, 0)")
            .bind(Uuid::now_v7())
            .bind(now)
            .bind(serde_json::json!({ "assignment": id, "session": session, "champion": champion }).to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(id)
    }
}

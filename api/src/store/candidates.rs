//! Champions in memory, arranged for matching, and what sessions ask of them; never older than the view that asks. Every use reads, in
//! its own view, what changed since the last: nothing as a rule, and then that was the only statement. Whatever did is read again by
//! the same loader as everywhere else. Where the database tells of too many, or of something that can't be, everybody is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use entity::{champion_change, need_change};
use rules::id::{ChampionId, SessionId};
use rules::matching::Index;
use sea_orm::sea_query::{Expr, Query, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use uuid::Uuid;

use super::facts::{self, SessionFactsRow, Which};
use super::{Db, session};
use crate::error::Fault;

/// More champions than this are not read one by one.
const MANY: usize = 500;
/// Champions that are read at a time when all are: what the tables say of them takes more room than what is kept.
const AT_ONCE: usize = 2_000;
/// Sessions whose needs are kept; past that, none are.
const SESSIONS: usize = 2_000;
/// Changed sessions that are told of again and again before the memory moves on.
const TOLD: usize = 200;
/// What all sessions share has changed.
const ALL: SessionId = SessionId(Uuid::nil());

/// Everybody, as of some view of the database.
#[derive(Debug)]
struct Held {
    index: Index,
    until: Until,
    /// Changes of champions from there on that are in the index too.
    seen: HashMap<ChampionId, i64>,
    /// True as of `until`, but for what is told of since.
    needs: Mutex<HashMap<SessionId, Known>>,
}

/// What a session asks for, with the changes from `until` on that are in it: its own, and of what all share.
#[derive(Clone, Debug)]
struct Known {
    facts: Arc<SessionFactsRow>,
    seen: Numbers,
}

type Numbers = (Option<i64>, Option<i64>);

/// All changes numbered below these are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Until {
    champions: i64,
    sessions: i64,
}

/// Champions that a replica keeps in memory; nobody before they are first asked for.
#[derive(Clone, Debug, Default)]
pub struct Candidates(Arc<RwLock<Option<Held>>>);

type Guard = OwnedRwLockReadGuard<Option<Held>, Held>;

/// A view of the database with the champions as they are in it. Others may look too, but nobody moves on before it is dropped.
#[derive(Debug)]
pub struct View {
    /// For whatever else is read.
    pub conn: DatabaseTransaction,
    held: Guard,
    changes: Changes,
}

impl View {
    /// The champions.
    pub fn index(&self) -> &Index {
        &self.held.index
    }
}

/// What sessions ask for, and everybody who could be asked, as of one moment.
#[derive(Debug)]
pub struct Matching {
    held: Guard,
    /// The sessions that were asked about and are there.
    pub sessions: HashMap<SessionId, Arc<SessionFactsRow>>,
}

impl Matching {
    /// The champions.
    pub fn index(&self) -> &Index {
        &self.held.index
    }
}

/// What changed since some time, and what the next reader has to ask from.
#[derive(Debug)]
struct Changes {
    champions: HashMap<ChampionId, i64>,
    sessions: HashMap<SessionId, i64>,
    until: Until,
}

impl Candidates {
    /// What sessions from today on ask for, and the champions: one statement if all of it is known, which then is a view by itself.
    pub async fn matching(&self, db: &Db, sessions: &[SessionId], today: NaiveDate) -> Result<Matching, Fault> {
        let held = self.0.clone().read_owned().await;
        if let Some(known) = held.as_ref() {
            let changes = Changes::since(db.read(), known.until).await?;
            if known.is_as_of(&changes)
                && let Some(sessions) = known.needs(&changes, sessions)
            {
                return Ok(Matching { held: mapped(held)?, sessions });
            }
        }
        drop(held);
        let View { conn, held, changes } = self.view(db, today).await?;
        let rows = session::many(&conn, sessions.iter().copied()).await?;
        let sessions = facts::needs(&conn, rows).await?.into_iter().map(|facts| (facts.session.id, Arc::new(facts))).collect();
        held.keep(&changes, &sessions);
        Ok(Matching { held, sessions })
    }

    /// Opens a view, for sessions from today on. The lock comes first: whoever holds it reads a later view than the one the index is of.
    pub async fn view(&self, db: &Db, today: NaiveDate) -> Result<View, Fault> {
        let held = self.0.clone().read_owned().await;
        let conn = db.snapshot().await?;
        if let Some(known) = held.as_ref() {
            let changes = Changes::since(&conn, known.until).await?;
            if known.is_as_of(&changes) {
                return Ok(View { conn, held: mapped(held)?, changes });
            }
        }
        drop(held);
        conn.rollback().await?;
        // Reading everybody may take longer than a request may: it goes on when nobody waits for it any more.
        let moved_on = tokio::spawn(self.clone().move_on(db.clone(), today));
        moved_on.await.map_err(anyhow::Error::new)?
    }

    async fn move_on(self, db: Db, today: NaiveDate) -> Result<View, Fault> {
        let mut held = self.0.write_owned().await;
        let conn = db.snapshot().await?;
        // Taken out meanwhile: after a fault nothing is known.
        let (known, changes) = Held::as_of(&conn, held.take(), today).await?;
        *held = Some(known);
        Ok(View { conn, held: mapped(held.downgrade())?, changes })
    }
}

fn mapped(held: OwnedRwLockReadGuard<Option<Held>>) -> Result<Guard, Fault> {
    let held = OwnedRwLockReadGuard::try_map(held, Option::as_ref);
    held.map_err(|_| Fault::Other(anyhow::anyhow!("candidates were lost while they were read")))
}

impl Changes {
    /// On PostgreSQL transactions commit out of order: the next reader asks from the oldest that was under way in this view.
    async fn since(conn: &impl ConnectionTrait, until: Until) -> Result<Self, DbErr> {
        let next = |table: &str| match conn.get_database_backend() {
            DbBackend::Postgres => "pg_snapshot_xmin(pg_current_snapshot())::text::bigint".to_owned(),
            _ => format!("(SELECT COALESCE(MAX(changed), 0) + 1 FROM {table})"),
        };
        // Four kinds of row: somebody, the next number of champions, a session, the next number of sessions.
        let horizon = |kind: i32, table: &str| {
            let nobody = if conn.get_database_backend() == DbBackend::Postgres { "NULL::uuid" } else { "NULL" };
            Query::select().expr(Expr::cust(kind.to_string())).expr(Expr::cust(nobody)).expr(Expr::cust(next(table))).to_owned()
        };
        let (champion, session) = (champion_change::Column::Changed, need_change::Column::Changed);
        let sessions = Query::select()
            .expr(Expr::cust("2"))
            .column(need_change::Column::SessionId)
            .column(session)
            .from(need_change::Entity)
            .and_where(session.gte(until.sessions))
            .to_owned();
        let changed = Query::select()
            .expr_as(Expr::cust("0"), "kind")
            .expr_as(Expr::col(champion_change::Column::ChampionId), "id")
            .column(champion)
            .from(champion_change::Entity)
            .and_where(champion.gte(until.champions))
            .union(UnionType::All, horizon(1, "champion_change"))
            .union(UnionType::All, sessions)
            .union(UnionType::All, horizon(3, "need_change"))
            .to_owned();
        let mut changes = Self { champions: HashMap::new(), sessions: HashMap::new(), until };
        for row in conn.query_all(&changed).await? {
            let number: i64 = row.try_get("", "changed")?;
            match (row.try_get::<i32>("", "kind")?, row.try_get::<Option<Uuid>>("", "id")?) {
                (0, Some(id)) => drop(changes.champions.insert(ChampionId(id), number)),
                (2, Some(id)) => drop(changes.sessions.insert(SessionId(id), number)),
                (1, _) => changes.until.champions = number,
                _ => changes.until.sessions = number,
            }
        }
        Ok(changes)
    }

    fn of(&self, session: SessionId) -> Numbers {
        (self.sessions.get(&session).copied(), self.sessions.get(&ALL).copied())
    }

    fn unknown_to<'a>(&'a self, held: &'a Held) -> impl Iterator<Item = ChampionId> + 'a {
        self.champions.iter().filter(|(id, number)| held.seen.get(id) != Some(number)).map(|(id, _)| *id)
    }

    /// A number that went back: this is another database than it was.
    fn follow(&self, until: Until) -> bool {
        self.until.champions >= until.champions && self.until.sessions >= until.sessions
    }
}

impl Held {
    /// Whether everybody is known as of these changes, and they need not be told of for ever.
    fn is_as_of(&self, changes: &Changes) -> bool {
        let tiresome = changes.sessions.len() > TOLD && changes.until.sessions > self.until.sessions;
        changes.follow(self.until) && !tiresome && changes.unknown_to(self).next().is_none()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, Known>> {
        self.needs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What these sessions ask for, if it is known of all of them as of these changes.
    fn needs(&self, changes: &Changes, sessions: &[SessionId]) -> Option<HashMap<SessionId, Arc<SessionFactsRow>>> {
        let known = self.known();
        let of = |id: &SessionId| known.get(id).filter(|known| known.seen == changes.of(*id)).map(|known| (*id, known.facts.clone()));
        sessions.iter().map(of).collect()
    }

    /// Keeps what was read in the view of these changes.
    fn keep(&self, changes: &Changes, read: &HashMap<SessionId, Arc<SessionFactsRow>>) {
        let mut known = self.known();
        if known.len() + read.len() > SESSIONS {
            known.clear();
        }
        known.extend(read.iter().take(SESSIONS).map(|(id, facts)| (*id, Known { facts: facts.clone(), seen: changes.of(*id) })));
    }

    /// What is known, brought up to this view, and what is told of since; everybody is read if that is not much, or can't be.
    async fn as_of(conn: &impl ConnectionTrait, known: Option<Self>, today: NaiveDate) -> Result<(Self, Changes), Fault> {
        let changes = Changes::since(conn, known.as_ref().map_or(Until::default(), |known| known.until)).await?;
        let Some(mut known) = known.filter(|known| changes.follow(known.until)) else { return Self::fresh(conn, changes, today).await };
        let unknown: Vec<ChampionId> = changes.unknown_to(&known).collect();
        if unknown.len() > MANY {
            return Self::fresh(conn, changes, today).await;
        }
        if !unknown.is_empty() {
            let records = facts::champions(conn, Which::These(&unknown)).await?;
            // Whoever is gone has no record.
            unknown.iter().for_each(|id| known.index.remove(*id));
            records.into_iter().for_each(|record| known.index.update(record.matched_from(today)));
        }
        Ok(known.with(changes))
    }

    async fn fresh(conn: &impl ConnectionTrait, changes: Changes, today: NaiveDate) -> Result<(Self, Changes), Fault> {
        let mut index = Index::default();
        for some in facts::open(conn).await?.chunks(AT_ONCE) {
            let records = facts::champions(conn, Which::These(some)).await?;
            let filled = tokio::task::spawn_blocking(move || {
                records.into_iter().for_each(|record| index.add(record.matched_from(today)));
                index
            });
            index = filled.await.map_err(anyhow::Error::new)?;
        }
        Ok(Self { index, until: Until::default(), seen: HashMap::new(), needs: Mutex::default() }.with(changes))
    }

    fn with(mut self, mut changes: Changes) -> (Self, Changes) {
        let Until { champions, sessions } = changes.until;
        self.until = changes.until;
        let later = |number: &Option<i64>| number.filter(|number| *number >= sessions);
        self.known().retain(|id, known| {
            let stands = known.seen == changes.of(*id);
            known.seen = (later(&known.seen.0), later(&known.seen.1));
            stands
        });
        changes.champions.retain(|_, number| *number >= champions);
        changes.sessions.retain(|_, number| *number >= sessions);
        self.seen = changes.champions.clone();
        (self, changes)
    }
}

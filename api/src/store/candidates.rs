//! Champions in memory, arranged for matching, and never older than the view that asks. Every use reads, in its own view, who changed
//! since the last: nobody as a rule, and then that was the only statement. Whoever did is read again by the same loader as
//! everywhere else. Where the database tells of too many, or of something that can't be, everybody is.

use std::collections::HashMap;
use std::sync::Arc;

use entity::champion_change::{Column, Entity};
use rules::id::ChampionId;
use rules::matching::Index;
use sea_orm::sea_query::{Expr, Query, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::Db;
use super::facts::{self, Which};
use crate::error::Fault;

/// More champions than this are not read one by one.
const MANY: usize = 500;

/// Everybody, as of some view of the database.
#[derive(Debug)]
struct Held {
    index: Index,
    /// All changes numbered below this are in it.
    until: i64,
    /// Changes from there on that are in it too.
    seen: HashMap<ChampionId, i64>,
}

/// Champions that a replica keeps in memory; nobody before they are first asked for.
#[derive(Clone, Debug, Default)]
pub struct Candidates(Arc<RwLock<Option<Held>>>);

/// A view of the database with the champions as they are in it. Others may look too, but nobody moves on before it is dropped.
#[derive(Debug)]
pub struct View {
    /// For whatever else is read.
    pub conn: DatabaseTransaction,
    held: OwnedRwLockReadGuard<Option<Held>, Index>,
}

impl View {
    /// The champions.
    pub fn index(&self) -> &Index {
        &self.held
    }
}

/// What changed since `until`, and what the next reader has to ask from.
struct Changes {
    champions: HashMap<ChampionId, i64>,
    until: i64,
}

impl Candidates {
    /// Opens a view. The lock comes first: whoever holds it reads a later view than the one the index is of.
    pub async fn view(&self, db: &Db) -> Result<View, Fault> {
        let held = self.0.clone().read_owned().await;
        let conn = db.snapshot().await?;
        if let Some(known) = held.as_ref() {
            let changes = Changes::since(&conn, known.until).await?;
            if changes.until >= known.until && changes.unknown_to(known).next().is_none() {
                return Self::seen(conn, held);
            }
        }
        drop(held);
        conn.rollback().await?;
        let mut held = self.0.clone().write_owned().await;
        let conn = db.snapshot().await?;
        // Taken out meanwhile: after a fault nothing is known.
        *held = Some(Held::as_of(&conn, held.take()).await?);
        Self::seen(conn, held.downgrade())
    }

    fn seen(conn: DatabaseTransaction, held: OwnedRwLockReadGuard<Option<Held>>) -> Result<View, Fault> {
        let held = OwnedRwLockReadGuard::try_map(held, |held| held.as_ref().map(|held| &held.index));
        let held = held.map_err(|_| Fault::Other(anyhow::anyhow!("candidates were lost while they were read")))?;
        Ok(View { conn, held })
    }
}

impl Changes {
    /// On PostgreSQL transactions commit out of order: the next reader asks from the oldest that was under way in this view.
    async fn since(conn: &impl ConnectionTrait, until: i64) -> Result<Self, DbErr> {
        let (nobody, next) = match conn.get_database_backend() {
            DbBackend::Postgres => ("NULL::uuid", "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"),
            _ => ("NULL", "(SELECT COALESCE(MAX(changed), 0) + 1 FROM champion_change)"),
        };
        let horizon = Query::select().expr(Expr::cust(nobody)).expr(Expr::cust(next)).to_owned();
        let changed = Query::select()
            .column(Column::ChampionId)
            .column(Column::Changed)
            .from(Entity)
            .and_where(Column::Changed.gte(until))
            .union(UnionType::All, horizon)
            .to_owned();
        let mut changes = Self { champions: HashMap::new(), until };
        for row in conn.query_all(&changed).await? {
            let number: i64 = row.try_get("", "changed")?;
            match row.try_get::<Option<ChampionId>>("", "champion_id")? {
                Some(champion) => drop(changes.champions.insert(champion, number)),
                None => changes.until = number,
            }
        }
        Ok(changes)
    }

    fn unknown_to<'a>(&'a self, held: &'a Held) -> impl Iterator<Item = ChampionId> + 'a {
        self.champions.iter().filter(|(id, number)| held.seen.get(id) != Some(number)).map(|(id, _)| *id)
    }
}

impl Held {
    /// What is known, brought up to this view; everybody is read if that is not much, or can't be.
    async fn as_of(conn: &impl ConnectionTrait, known: Option<Self>) -> Result<Self, Fault> {
        let changes = Changes::since(conn, known.as_ref().map_or(0, |known| known.until)).await?;
        let Some(mut known) = known.filter(|known| changes.until >= known.until) else { return Self::fresh(conn, changes).await };
        let unknown: Vec<ChampionId> = changes.unknown_to(&known).collect();
        if unknown.len() > MANY {
            return Self::fresh(conn, changes).await;
        }
        let records = facts::champions(conn, Which::These(&unknown)).await?;
        // Whoever is gone has no record.
        unknown.iter().for_each(|id| known.index.remove(*id));
        records.into_iter().for_each(|record| known.index.update(record));
        Ok(known.with(changes))
    }

    async fn fresh(conn: &impl ConnectionTrait, changes: Changes) -> Result<Self, Fault> {
        let records = facts::champions(conn, Which::Open).await?;
        let index = tokio::task::spawn_blocking(move || Index::build(&records)).await.map_err(anyhow::Error::new)?;
        Ok(Self { index, until: 0, seen: HashMap::new() }.with(changes))
    }

    fn with(mut self, changes: Changes) -> Self {
        self.until = changes.until;
        self.seen = changes.champions.into_iter().filter(|(_, number)| *number >= changes.until).collect();
        self
    }
}

//! The database: connections, transactions, and all SQL. One code path for SQLite and PostgreSQL.
//!
//! SQLite has one writer connection and a read-only pool on the same file (WAL, `synchronous=FULL`); every write begins
//! IMMEDIATE. PostgreSQL has one pool; writes lock the rows they judge, always in the order session, offer, champion. What
//! the locks promise, constraints stand behind, and a lost race is tried again from the start (docs/decisions/0003).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::available_parallelism;
use std::time::Duration;

use chrono::NaiveDate;
use entity::training_module;
use rules::id::{ChampionId, ModuleId, SessionId};
use rules::matching::ChampionRecord;
use rules::policy::Caller;
use rules::session::SessionNeed;
use sea_orm::metric::Info;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr};
use sea_orm_migration::MigratorTrait;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use crate::error::Fault;
use account::Holder;
use candidates::{Candidates, Matching, Moment, View};
use changes::{Changes, Numbers, Until};
use facts::SessionFactsRow;
use pool::Pool;
use together::Together;
use transaction::Transaction;

pub mod acceptance;
pub mod account;
pub mod attendance;
pub mod availability;
pub mod backup;
pub mod brief;
pub mod bundle;
pub mod calendar;
pub mod candidates;
pub mod champion;
pub mod changes;
pub mod clearance;
pub mod client;
pub mod cohort;
pub mod dbs;
pub mod directory;
pub mod duplicate;
pub mod facts;
pub mod job;
pub mod ledger;
pub mod limit;
pub mod listen;
pub mod offer;
pub mod outcome;
pub mod paging;
pub mod pool;
pub mod provider;
pub mod reference;
pub mod rota;
pub mod row;
pub mod series;
pub mod session;
pub mod sign_in;
pub mod sign_up;
pub mod staffing;
pub mod stage;
pub mod stand_in;
pub mod taking;
mod together;
pub mod training;
pub mod transaction;
pub mod travel;
pub mod update_service;
pub mod wave;

/// The two ways to the database.
#[derive(Clone, Debug)]
pub struct Db {
    write: Pool,
    read: Pool,
    /// Training modules that have been read: they never change.
    modules: Arc<RwLock<HashMap<ModuleId, Arc<training_module::Model>>>>,
    candidates: Candidates,
    callers: Arc<Together<Holder, Option<Caller>>>,
    changes: Arc<Together<Until, Arc<Changes>>>,
}

impl Db {
    /// Opens a database by its URL: `sqlite:path` (made if it is not there) or `postgres://…`.
    pub async fn open(url: &str, connections: u32) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let write = Database::connect(sqlite(&with_create(url), 1, false)).await?;
            // Each reader keeps two megabytes, and more than a few for each processor only wait for one.
            let readers = connections.min(available_parallelism().map_or(2, |many| 2 * many.get() as u32));
            let read = Database::connect(sqlite(url, readers, true)).await?;
            return Ok(Self::of(Pool::writer(write, PATIENCE), Pool::new(read, readers, PATIENCE)));
        }
        // Migrating holds a lock on one connection and works on another, beside those that are lent.
        let pool = Pool::new(Database::connect(postgres(url, connections + 2)).await?, connections, PATIENCE);
        Ok(Self::of(pool.clone(), pool))
    }

    fn of(write: Pool, read: Pool) -> Self {
        let (modules, callers, changes) = Default::default();
        Self { write, read, modules, candidates: Candidates::default(), callers, changes }
    }

    /// Tells of every statement that is sent, for those who count or time them. Transactions begun before are not told of.
    pub fn on_statement(&mut self, told: impl Fn(&Info<'_>) + Send + Sync + 'static) {
        let told = Arc::new(told);
        self.read.on_statement(told.clone());
        self.write.on_statement(told);
    }

    /// A training module that has been read before.
    pub fn module(&self, id: ModuleId) -> Option<Arc<training_module::Model>> {
        self.modules.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn learn(&self, modules: Vec<training_module::Model>) {
        let mut known = self.modules.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(modules.into_iter().map(|row| (row.id, Arc::new(row))));
    }

    /// For queries. On SQLite a write through it fails.
    pub fn read(&self) -> &Pool {
        &self.read
    }

    /// For one write statement that stands alone, like filling a bucket.
    pub fn single(&self) -> &Pool {
        &self.write
    }

    /// Begins a write; use it through `transact!`, which tries again when a race is lost.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let how = if self.backend() == DbBackend::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.write.begin(how).await
    }

    /// A view that does not change while it is read, for answers that need several statements to agree.
    pub async fn snapshot(&self) -> Result<Transaction, DbErr> {
        let how = if self.backend() == DbBackend::Sqlite { "BEGIN" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
        self.read.begin(how).await
    }

    /// Everything the policy reads of who holds an access token, if it is still good: read with all who are looked for meanwhile.
    pub async fn caller(&self, holder: Holder) -> Result<Option<Caller>, DbErr> {
        let read = self.read.clone();
        self.callers.ask(holder, |holders| async move { account::callers(&read, &holders).await }).await
    }

    /// What has changed since champions and sessions were read, as of now: read with all who ask meanwhile.
    async fn changed(&self, since: Until) -> Result<Arc<Changes>, DbErr> {
        let read = self.read.clone();
        self.changes.ask(since, |since| async move { Changes::since_each(&read, &since).await }).await
    }

    /// A view like that, with every champion in it, from memory.
    pub async fn candidates(&self, today: NaiveDate) -> Result<View, Fault> {
        self.candidates.view(self, today).await
    }

    /// What sessions ask for, and every champion, from memory.
    pub async fn matching(&self, sessions: &[SessionId], today: NaiveDate) -> Result<Matching, Fault> {
        self.candidates.matching(self, sessions, today).await
    }

    /// The champions of a moment, if they are still as they were.
    pub async fn again(&self, moment: &Moment) -> Result<Option<Matching>, Fault> {
        self.candidates.again(moment).await
    }

    /// What a session asks for that is locked, as of these numbers or later.
    pub async fn asked(&self, tx: &Transaction, numbers: &Numbers, session: SessionId) -> Result<Arc<SessionFactsRow>, DbErr> {
        self.candidates.asked(tx, numbers, session).await
    }

    /// A champion who is locked, with what binds for a need, as of these numbers or later.
    pub async fn bound(
        &self,
        tx: &Transaction,
        numbers: &Numbers,
        whom: (ChampionId, &SessionNeed),
        today: NaiveDate,
    ) -> Result<Arc<ChampionRecord>, Fault> {
        self.candidates.bound(self, tx, numbers, whom, today).await
    }

    /// How many writes were committed here: unchanged, nothing was written by this process meanwhile.
    pub fn commits(&self) -> u64 {
        self.write.commits()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.read.ping().await
    }

    /// Which database this is.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Brings the schema up to date. Replicas that start together take turns (PostgreSQL advisory lock).
    pub async fn migrate(&self) -> Result<(), DbErr> {
        // Any number will do, as long as every replica uses the same: "DIGI" in ASCII.
        const LOCK: &str = "1145653065";
        if self.backend() == DbBackend::Sqlite {
            return migration::Migrator::up(self.write.orm(), None).await;
        }
        let holder = self.begin().await?;
        // Whoever comes second waits as long as the first one works.
        holder.execute_unprepared("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0").await?;
        holder.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        let outcome = migration::Migrator::up(self.write.orm(), None).await;
        holder.commit().await?;
        outcome
    }

    /// Closes every connection.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }

    /// Ends a write: commits, or rolls back and says whether the work may be tried again.
    pub async fn finish<T, E: MaybeLostRace>(&self, tx: Transaction, outcome: Result<T, E>, attempt: u32) -> Outcome<T, E> {
        let ended = match outcome {
            Ok(value) => match tx.commit().await {
                Ok(()) => return Outcome::Done(Ok(value)),
                Err(error) => Err(E::from(error)),
            },
            Err(error) => {
                let together = tx.sees_others();
                match tx.rollback().await {
                    // What was refused by what others did stands only if that does.
                    Err(lost) if together => Err(E::from(lost)),
                    // Its own failure adds nothing: the connection is thrown away with it.
                    _ => Err(error),
                }
            }
        };
        match ended {
            Err(error) if error.is_lost_race() && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 7)).await;
                Outcome::Again
            }
            other => Outcome::Done(other),
        }
    }
}

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(9);
/// How often a lost race is run again before the caller is told.
const ATTEMPTS: u32 = 10;

/// An error that may be a lost race.
pub trait MaybeLostRace: From<DbErr> {
    /// Whether running the work again may succeed.
    fn is_lost_race(&self) -> bool;
}

impl MaybeLostRace for Fault {
    fn is_lost_race(&self) -> bool {
        Fault::is_lost_race(self)
    }
}

impl<R> MaybeLostRace for crate::error::Refusal<R> {
    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.is_lost_race())
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Outcome<T, E> {
    /// For good.
    Done(Result<T, E>),
    /// A race was lost: run it again.
    Again,
}

/// Runs a block in a write transaction: committed if it ends in `Ok`, rolled back otherwise, run again on a lost race.
///
/// A macro and not a function, since a closure that borrows the transaction and its surroundings across awaits can't yet be
/// given a `Send` future in a generic signature.
macro_rules! transact {
    ($db:expr, |$tx:ident| $work:block) => {{
        let mut attempt = 1;
        loop {
            let $tx = $db.begin().await?;
            let outcome = async { $work }.await;
            match $db.finish($tx, outcome, attempt).await {
                $crate::store::Outcome::Done(ended) => break ended,
                $crate::store::Outcome::Again => attempt += 1,
            }
        }
    }};
}
pub(crate) use transact;

fn with_create(url: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}mode=rwc")
}

fn sqlite(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(connections).min_connections(1).sqlx_logging(false).test_before_acquire(false).acquire_timeout(PATIENCE);
    options.map_sqlx_sqlite_opts(move |o| {
        let o = o.busy_timeout(Duration::from_secs(5)).foreign_keys(true).statement_cache_capacity(500).read_only(read_only);
        // Readers share the system's cache of the file: a megabyte each of their own, instead of two, is enough.
        // FULL: a power cut after an acknowledged write must not lose it.
        if read_only {
            o.pragma("cache_size", "-1024")
        } else {
            // What can be taken back alone is kept in memory until it is committed.
            o.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full).pragma("temp_store", "MEMORY")
        }
    });
    options
}

fn postgres(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .acquire_timeout(PATIENCE)
        .test_before_acquire_if_idle_for(Duration::from_secs(30));
    options.map_sqlx_postgres_opts(|o| o.application_name("digiknow").options([("statement_timeout", "15000"), ("lock_timeout", "10000")]));
    options
}

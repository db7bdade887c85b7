//! Connections, lent for one statement or for a transaction ([`super::transaction`]).
//!
//! sqlx's pool asks a connection after every use whether it still works: one more round trip for each statement. Here one that has
//! ended its work well rests, and is lent again as it is. One that failed, was interrupted, rested for long or has grown old goes
//! back to sqlx's pool, which tests it or opens another (docs/decisions/0027).

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::metric::Info;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, Database, Executor, Postgres, SqlSafeStr, Sqlite};
use sqlx_core::transaction::TransactionManager;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::transaction::{Ended, Transaction};
use crate::error::is_away;

/// How long one may rest and be taken as it is.
const REST: Duration = Duration::from_secs(30);
/// How long one is lent again and again before sqlx's pool sees it, which lets none grow older than half an hour.
const AWAY: Duration = Duration::from_secs(300);

/// Who is told of statements.
type Told = Arc<dyn Fn(&Info<'_>) + Send + Sync>;
type Begin<D> = <D as Database>::TransactionManager;

/// One connection.
#[derive(Debug)]
enum Link {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

/// The same with either kind of connection.
macro_rules! with {
    ($link:expr, |$conn:ident: $kind:ident| $work:expr) => {
        match $link {
            Link::Postgres(held) => {
                type $kind = Postgres;
                let $conn = &mut **held;
                $work
            }
            Link::Sqlite(held) => {
                type $kind = Sqlite;
                let $conn = &mut **held;
                $work
            }
        }
    };
}

impl Link {
    /// How many transactions and steps have begun and not ended.
    fn depth(&self) -> usize {
        match self {
            Self::Postgres(conn) => Begin::<Postgres>::get_transaction_depth(conn),
            Self::Sqlite(conn) => Begin::<Sqlite>::get_transaction_depth(conn),
        }
    }

    /// The same if whatever began on it has been taken back; otherwise it is closed. SQLite ends a transaction by itself after some failures,
    /// which leaves nothing to take back, and sqlx, which goes by what it was told, believes in it for ever.
    async fn at_rest(mut self) -> Option<Self> {
        if self.depth() == 0 {
            return Some(self);
        }
        // What it was told meanwhile is done before it answers.
        let answers = with!(&mut self, |conn: Kind| <<Kind as Database>::Connection as Connection>::ping(conn).await);
        if answers.is_ok() && self.depth() == 0 {
            return Some(self);
        }
        // Its own failure adds nothing: it is gone either way.
        let _ = match self {
            Self::Postgres(conn) => conn.close().await,
            Self::Sqlite(conn) => conn.close().await,
        };
        None
    }
}

/// A connection that is not lent.
#[derive(Debug)]
struct Resting {
    link: Link,
    since: Instant,
    /// When it was taken from sqlx's pool.
    taken: Instant,
}

#[derive(Debug)]
struct Shared {
    orm: DatabaseConnection,
    resting: Mutex<Vec<Resting>>,
    turns: Arc<Semaphore>,
    /// How many wait for a turn.
    queue: AtomicUsize,
    patience: Duration,
    /// Whether whoever waits to write is committed with the one before.
    together: bool,
    ended: Mutex<Option<Ended>>,
    commits: AtomicU64,
    /// Rung after each commit.
    committed: Notify,
}

/// As many connections as may work at once.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
    told: Option<Told>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.shared.orm).finish()
    }
}

/// A connection that works for somebody.
#[derive(Debug)]
pub(super) struct Lent {
    /// None once it has gone.
    link: Option<Link>,
    taken: Instant,
    /// Whether it ended its work well, as far as it has come.
    sound: bool,
    /// Whether a statement failed since a transaction began.
    pub(super) failed: bool,
    /// What goes to the database with the next statement, ahead of it.
    pub(super) ahead: Option<&'static str>,
    /// Whether it was part of the last thing that was sent.
    pub(super) sets_out: bool,
    pub(super) from: Pool,
    /// None while nobody works with it.
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.abandon();
        let rests = self.sound && self.taken.elapsed() < AWAY && !self.from.shared.turns.is_closed();
        if let Some(link) = self.link.take().filter(|_| rests) {
            self.from.shared.resting().push(Resting { link, since: Instant::now(), taken: self.taken });
        }
    }
}

/// Somebody who waits for a turn.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn at(queue: &'a AtomicUsize) -> Self {
        queue.fetch_add(1, Ordering::AcqRel);
        Self(queue)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn link(&self) -> Result<Link, DbErr> {
        loop {
            let acquired = match self.orm.get_database_backend() {
                DbBackend::Postgres => self.orm.get_postgres_connection_pool().acquire().await.map(Link::Postgres),
                _ => self.orm.get_sqlite_connection_pool().acquire().await.map(Link::Sqlite),
            };
            let acquired = acquired.map_err(|error| match error {
                sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
                sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
                error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
            });
            if let Some(link) = acquired?.at_rest().await {
                return Ok(link);
            }
        }
    }
}

impl Pool {
    /// Lends connections of sqlx's pool, so many at once; it may have more, for others. Whoever waits longer than `patience` is
    /// told that there is none.
    pub fn new(orm: DatabaseConnection, connections: u32, patience: Duration) -> Self {
        Self::with(orm, connections, patience, false)
    }

    /// One connection that writes, for SQLite: transactions that wait for it are committed together (docs/decisions/0029).
    pub(super) fn writer(orm: DatabaseConnection, patience: Duration) -> Self {
        Self::with(orm, 1, patience, true)
    }

    fn with(orm: DatabaseConnection, connections: u32, patience: Duration, together: bool) -> Self {
        let turns = Arc::new(Semaphore::new(connections as usize));
        let (resting, queue, ended, commits, committed) = Default::default();
        Self { shared: Arc::new(Shared { orm, resting, turns, queue, patience, together, ended, commits, committed }), told: None }
    }

    /// The pool underneath, for migrating. What rests here goes back to it first: it may have no others.
    pub(super) fn orm(&self) -> &DatabaseConnection {
        self.shared.resting().clear();
        &self.shared.orm
    }

    /// Whether the database answers.
    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        self.execute_unprepared("SELECT 1").await.map(|_| ())
    }

    /// Tells of every statement that is sent. Transactions begun before are not told of.
    pub(super) fn on_statement(&mut self, told: Told) {
        self.told = Some(told);
    }

    /// Begins a transaction.
    pub(super) async fn begin(&self, how: &'static str) -> Result<Transaction, DbErr> {
        let turn = self.turn().await?;
        match self.ended() {
            Some(ended) => Ok(Transaction::join(ended, turn)),
            None => Transaction::begin(self.lend(turn).await?, how).await,
        }
    }

    /// How many commits there were.
    pub(super) fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Acquire)
    }

    /// Waits for a commit. One waits at a time.
    pub(super) async fn next_commit(&self) {
        self.shared.committed.notified().await;
    }

    /// Notes that something was committed.
    pub(super) fn note_commit(&self) {
        self.shared.commits.fetch_add(1, Ordering::AcqRel);
        self.shared.committed.notify_one();
    }

    /// Closes every connection, once those that are lent have come back.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        if self.shared.together {
            // What has ended is committed though whoever closes does not wait for it.
            let pool = self.clone();
            let _ = tokio::spawn(async move { pool.commit_in_turn().await }).await;
        }
        self.shared.turns.close();
        self.shared.resting().clear();
        self.shared.orm.close_by_ref().await
    }

    /// Waits until one may work. Whoever came first goes first.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, DbErr> {
        let _queued = Queued::at(&self.shared.queue);
        let turn = tokio::time::timeout(self.shared.patience, self.shared.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }

    /// Whether somebody waits who can be committed together with whoever works now.
    pub(super) fn others_wait(&self) -> bool {
        self.shared.together && self.shared.queue.load(Ordering::Acquire) > 0
    }

    /// Leaves what has ended to whoever comes next, in its turn.
    pub(super) fn leave(&self, ended: Ended) {
        *self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    }

    /// What has ended and is not committed.
    fn ended(&self) -> Option<Ended> {
        self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Commits what has ended, once everybody who waited before this has had their turn.
    pub(super) async fn commit_in_turn(&self) {
        let turn = self.shared.turns.clone().acquire_owned().await;
        if let Some(ended) = self.ended() {
            ended.commit(turn.ok()).await;
        }
    }

    /// A connection for one statement, or a place among those who are committed together.
    async fn single(&self) -> Result<Single, DbErr> {
        let turn = self.turn().await?;
        match self.ended() {
            Some(ended) => Ok(Single::Joined(Transaction::join(ended, turn))),
            None => Ok(Single::Alone(self.lend(turn).await?)),
        }
    }

    async fn lend(&self, turn: OwnedSemaphorePermit) -> Result<Lent, DbErr> {
        let rested = self.shared.resting().pop().filter(|one| one.since.elapsed() < REST);
        let (link, taken) = match rested {
            Some(one) => (one.link, one.taken),
            None => (self.shared.link().await?, Instant::now()),
        };
        Ok(Lent { link: Some(link), taken, sound: true, failed: false, ahead: None, sets_out: false, from: self.clone(), turn: Some(turn) })
    }
}

/// Where one statement runs.
enum Single {
    Alone(Lent),
    Joined(Transaction),
}

/// Runs one statement by itself.
macro_rules! single {
    ($pool:expr, |$conn:ident| $alone:expr, |$tx:ident| $joined:expr) => {
        match $pool.single().await? {
            Single::Alone(mut $conn) => $alone.await,
            Single::Joined($tx) => {
                let outcome = $joined.await;
                if outcome.is_ok() {
                    $tx.commit().await?
                } else {
                    $tx.rollback().await?
                }
                outcome
            }
        }
    };
}

/// Runs one statement, and tells of it.
macro_rules! run {
    ($lent:expr, $statement:expr, $kind:path, |$conn:ident, $query:ident| $work:expr) => {{
        let (lent, mut statement) = ($lent, $statement);
        let values = SqlxValues(statement.values.take().unwrap_or_else(|| sea_orm::Values(Vec::new())));
        let began = Instant::now();
        let ahead = lent.ahead.take();
        let link = lent.start(ahead.is_some())?;
        let sql = ahead.map_or(Cow::Borrowed(&*statement.sql), |ahead| Cow::Owned(format!("{ahead}{}", statement.sql)));
        let outcome = with!(link, |$conn: Kind| {
            let $query = sqlx::query_with::<Kind, _>(AssertSqlSafe(&*sql), values);
            $work
        });
        let outcome = lent.end(outcome, $kind);
        if let Some(told) = &lent.from.told {
            told(&Info { elapsed: began.elapsed(), statement: &statement, failed: outcome.is_err() });
        }
        outcome
    }};
}

impl Lent {
    /// Whoever is interrupted from here on leaves the connection in the midst of something.
    fn start(&mut self, sets_out: bool) -> Result<&mut Link, DbErr> {
        // So did whoever was before, if it is not sound by now.
        self.failed |= !self.sound;
        (self.sound, self.sets_out) = (false, sets_out);
        self.link.as_mut().ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }

    fn end<T>(&mut self, outcome: Result<T, sqlx::Error>, kind: fn(RuntimeErr) -> DbErr) -> Result<T, DbErr> {
        self.sound = outcome.is_ok();
        self.failed |= !self.sound;
        outcome.map_err(|error| {
            let error = kind(RuntimeErr::SqlxError(Arc::new(error)));
            // What broke this one may have broken the others: they are tested before anybody gets them.
            if is_away(&error) {
                self.from.shared.resting().clear();
            }
            error
        })
    }

    pub(super) async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        run!(self, statement, DbErr::Query, |conn, query| query
            .fetch_all(conn)
            .await
            .map(|rows| rows.into_iter().map(QueryResult::from).collect()))
    }

    pub(super) async fn one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        run!(self, statement, DbErr::Query, |conn, query| query.fetch_optional(conn).await.map(|row| row.map(QueryResult::from)))
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        // In one text with it, the rows that a statement before it changed would count as its own.
        self.go_ahead().await?;
        run!(self, statement, DbErr::Exec, |conn, query| query.execute(conn).await.map(ExecResult::from))
    }

    pub(super) async fn unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send(sql, false).await
    }

    async fn send(&mut self, sql: &str, sets_out: bool) -> Result<ExecResult, DbErr> {
        let link = self.start(sets_out)?;
        let outcome = with!(link, |conn: Kind| {
            let conn: &mut <Kind as Database>::Connection = conn;
            conn.execute(AssertSqlSafe(sql.to_owned())).await.map(ExecResult::from)
        });
        self.end(outcome, DbErr::Exec)
    }

    /// Sends what goes ahead by itself.
    pub(super) async fn go_ahead(&mut self) -> Result<(), DbErr> {
        match self.ahead.take() {
            Some(ahead) => self.send(ahead, true).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whether nothing has failed or was interrupted since a transaction began.
    pub(super) fn is_well(&self) -> bool {
        self.sound && !self.failed
    }

    /// Waits until whatever was interrupted has ended.
    pub(super) async fn settle(&mut self) -> Result<(), DbErr> {
        if self.sound {
            return Ok(());
        }
        let link = self.start(false)?;
        let outcome = with!(link, |conn: Kind| <<Kind as Database>::Connection as Connection>::ping(conn).await);
        self.end(outcome, DbErr::Query)
    }

    /// Begins a transaction or, inside one, a step of it.
    pub(super) async fn begin(&mut self, how: Option<&'static str>) -> Result<(), DbErr> {
        let link = self.start(false)?;
        let outcome = with!(link, |conn: Kind| Begin::<Kind>::begin(conn, how.map(SqlSafeStr::into_sql_str)).await);
        self.end(outcome, DbErr::Query)
    }

    pub(super) async fn commit(&mut self) -> Result<(), DbErr> {
        let link = self.start(false)?;
        let outcome = with!(link, |conn: Kind| Begin::<Kind>::commit(conn).await);
        self.end(outcome, DbErr::Query)
    }

    pub(super) async fn rollback(&mut self) -> Result<(), DbErr> {
        let link = self.start(false)?;
        let outcome = with!(link, |conn: Kind| Begin::<Kind>::rollback(conn).await);
        self.end(outcome, DbErr::Query)
    }

    /// How many transactions and steps have begun and not ended.
    pub(super) fn depth(&self) -> usize {
        self.link.as_ref().map_or(0, Link::depth)
    }

    /// Takes it from whoever works with it, who then has none.
    pub(super) fn take_over(&mut self) -> Self {
        let (link, turn, ahead, from) = (self.link.take(), self.turn.take(), self.ahead.take(), self.from.clone());
        let Self { taken, sound, failed, sets_out, .. } = *self;
        Self { link, taken, sound, failed, ahead, sets_out, from, turn }
    }

    /// Has everything that has not ended taken back, by and by.
    fn abandon(&mut self) {
        for _ in 0..self.depth() {
            self.sound = false;
            if let Some(link) = &mut self.link {
                with!(link, |conn: Kind| Begin::<Kind>::start_rollback(conn));
            }
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.orm.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        single!(self, |conn| conn.execute(statement), |tx| tx.execute_raw(statement))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        single!(self, |conn| conn.unprepared(sql), |tx| tx.execute_unprepared(sql))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        single!(self, |conn| conn.one(statement), |tx| tx.query_one_raw(statement))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        single!(self, |conn| conn.all(statement), |tx| tx.query_all_raw(statement))
    }
}

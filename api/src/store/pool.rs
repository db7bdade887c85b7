//! Connections, lent for one statement or for a transaction.
//!
//! sqlx's pool asks a connection after every use whether it still works: one more round trip for each statement. Here one that has
//! ended its work well rests, and is lent again as it is. One that failed, was interrupted, rested for long or has grown old goes
//! back to sqlx's pool, which tests it or opens another (docs/decisions/0027).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::metric::Info;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Database, Executor, Postgres, SqlSafeStr, Sqlite};
use sqlx_core::transaction::TransactionManager;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    patience: Duration,
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
struct Lent {
    /// None once it has gone.
    link: Option<Link>,
    taken: Instant,
    /// Whether it ended its work well, as far as it has come.
    sound: bool,
    from: Pool,
    _turn: OwnedSemaphorePermit,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let rests = self.sound && self.taken.elapsed() < AWAY && !self.from.shared.turns.is_closed();
        if let Some(link) = self.link.take().filter(|_| rests) {
            self.from.shared.resting().push(Resting { link, since: Instant::now(), taken: self.taken });
        }
    }
}

impl Shared {
    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn link(&self) -> Result<Link, DbErr> {
        let acquired = match self.orm.get_database_backend() {
            DbBackend::Postgres => self.orm.get_postgres_connection_pool().acquire().await.map(Link::Postgres),
            _ => self.orm.get_sqlite_connection_pool().acquire().await.map(Link::Sqlite),
        };
        acquired.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
        })
    }
}

impl Pool {
    /// Lends connections of sqlx's pool, so many at once; it may have more, for others. Whoever waits longer than `patience` is
    /// told that there is none.
    pub fn new(orm: DatabaseConnection, connections: u32, patience: Duration) -> Self {
        let turns = Arc::new(Semaphore::new(connections as usize));
        Self { shared: Arc::new(Shared { orm, resting: Mutex::default(), turns, patience }), told: None }
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
        let mut lent = self.lend().await?;
        lent.begin(Some(how)).await?;
        Ok(Transaction { backend: self.get_database_backend(), lent: tokio::sync::Mutex::new(lent) })
    }

    /// Closes every connection, once those that are lent have come back.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.shared.turns.close();
        self.shared.resting().clear();
        self.shared.orm.close_by_ref().await
    }

    async fn lend(&self) -> Result<Lent, DbErr> {
        let turn = tokio::time::timeout(self.shared.patience, self.shared.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let rested = self.shared.resting().pop().filter(|one| one.since.elapsed() < REST);
        let (link, taken) = match rested {
            Some(one) => (one.link, one.taken),
            None => (self.shared.link().await?, Instant::now()),
        };
        Ok(Lent { link: Some(link), taken, sound: true, from: self.clone(), _turn: turn })
    }
}

/// Runs one statement, and tells of it.
macro_rules! run {
    ($lent:expr, $statement:expr, $kind:path, |$conn:ident, $query:ident| $work:expr) => {{
        let (lent, mut statement) = ($lent, $statement);
        let values = SqlxValues(statement.values.take().unwrap_or_else(|| sea_orm::Values(Vec::new())));
        let began = Instant::now();
        let link = lent.start()?;
        let outcome = with!(link, |$conn: Kind| {
            let $query = sqlx::query_with::<Kind, _>(AssertSqlSafe(statement.sql.as_str()), values);
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
    fn start(&mut self) -> Result<&mut Link, DbErr> {
        self.sound = false;
        self.link.as_mut().ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }

    fn end<T>(&mut self, outcome: Result<T, sqlx::Error>, kind: fn(RuntimeErr) -> DbErr) -> Result<T, DbErr> {
        self.sound = outcome.is_ok();
        outcome.map_err(|error| {
            let error = kind(RuntimeErr::SqlxError(Arc::new(error)));
            // What broke this one may have broken the others: they are tested before anybody gets them.
            if is_away(&error) {
                self.from.shared.resting().clear();
            }
            error
        })
    }

    async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        run!(self, statement, DbErr::Query, |conn, query| query
            .fetch_all(conn)
            .await
            .map(|rows| rows.into_iter().map(QueryResult::from).collect()))
    }

    async fn one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        run!(self, statement, DbErr::Query, |conn, query| query.fetch_optional(conn).await.map(|row| row.map(QueryResult::from)))
    }

    async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        run!(self, statement, DbErr::Exec, |conn, query| query.execute(conn).await.map(ExecResult::from))
    }

    async fn unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let link = self.start()?;
        let outcome = with!(link, |conn: Kind| {
            let conn: &mut <Kind as Database>::Connection = conn;
            conn.execute(AssertSqlSafe(sql.to_owned())).await.map(ExecResult::from)
        });
        self.end(outcome, DbErr::Exec)
    }

    /// Begins a transaction or, inside one, a step of it.
    async fn begin(&mut self, how: Option<&'static str>) -> Result<(), DbErr> {
        let link = self.start()?;
        let outcome = with!(link, |conn: Kind| Begin::<Kind>::begin(conn, how.map(SqlSafeStr::into_sql_str)).await);
        self.end(outcome, DbErr::Query)
    }

    async fn commit(&mut self) -> Result<(), DbErr> {
        let link = self.start()?;
        let outcome = with!(link, |conn: Kind| Begin::<Kind>::commit(conn).await);
        self.end(outcome, DbErr::Query)
    }

    async fn rollback(&mut self) -> Result<(), DbErr> {
        let link = self.start()?;
        let outcome = with!(link, |conn: Kind| Begin::<Kind>::rollback(conn).await);
        self.end(outcome, DbErr::Query)
    }

    /// How many transactions and steps have begun and not ended.
    fn depth(&self) -> usize {
        self.link.as_ref().map_or(0, |link| match link {
            Link::Postgres(conn) => Begin::<Postgres>::get_transaction_depth(conn),
            Link::Sqlite(conn) => Begin::<Sqlite>::get_transaction_depth(conn),
        })
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
        self.lend().await?.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lend().await?.unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.lend().await?.one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lend().await?.all(statement).await
    }
}

/// A transaction: taken back unless it is committed.
pub struct Transaction {
    backend: DbBackend,
    lent: tokio::sync::Mutex<Lent>,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transaction").field(&self.backend).finish()
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.lent.get_mut().abandon();
    }
}

impl Transaction {
    /// Makes it so.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        self.lent.get_mut().commit().await
    }

    /// Takes it back, with every step that has not ended.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        let lent = self.lent.get_mut();
        while lent.depth() > 0 {
            lent.rollback().await?;
        }
        Ok(())
    }

    /// Begins a step: what is done from here on can be taken back alone. One that is not ended goes with the whole.
    pub async fn step(&self) -> Result<Step<'_>, DbErr> {
        self.lent.lock().await.begin(None).await?;
        Ok(Step(self))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lent.lock().await.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lent.lock().await.unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.lent.lock().await.one(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lent.lock().await.all(statement).await
    }
}

/// A step of a transaction.
#[derive(Debug)]
pub struct Step<'a>(&'a Transaction);

impl Step<'_> {
    /// Keeps it, if the transaction is.
    pub async fn keep(self) -> Result<(), DbErr> {
        self.0.lent.lock().await.commit().await
    }

    /// Takes it back, and it alone.
    pub async fn take_back(self) -> Result<(), DbErr> {
        self.0.lent.lock().await.rollback().await
    }
}

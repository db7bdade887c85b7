//! How a use case ends when it does not do what was asked.

use rules::reason::{Malformed, Reason};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Something broke that the caller can do nothing about.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database refused.
    #[error("database: {0}")]
    Database(DbErr),
    /// The database could not be reached, or broke off: nothing was done, or nobody knows.
    #[error("{AWAY}: {0}")]
    Away(DbErr),
    /// Something else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// What the text of every [`Fault::Away`] begins with, for those who have the text alone.
pub const AWAY: &str = "the database is away";

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        if is_away(&error) { Self::Away(error) } else { Self::Database(error) }
    }
}

/// Whether the database could not be reached, or broke off.
pub fn is_away(error: &DbErr) -> bool {
    let inner = match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => return true,
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
        _ => return false,
    };
    match &**inner {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_out_of_order(&code)),
        // A connection that ends while it speaks is broken off in the midst of the protocol, or has begun nothing.
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => true,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether a code says that the database can't work now: a connection broke, the server starts or stops, or it is out of
/// connections, memory or room on the disk. Once somebody has seen to it, the same request may succeed.
fn is_out_of_order(code: &str) -> bool {
    // SQLite's extended codes hold the plain one in their last byte: 10 for input and output, 13 for a full disk.
    let sqlite = code.parse::<u32>().is_ok_and(|extended| code.len() < 5 && [10, 13].contains(&(extended & 0xFF)));
    sqlite || code.starts_with("08") || code.starts_with("53") || ["57P01", "57P02", "57P03", "58030"].contains(&code)
}

impl Fault {
    /// Whether the same work may succeed if it is tried again at once: it lost a race, and left no trace.
    pub fn is_lost_race(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(code(error).as_deref(), Some("40001" | "40P01" | "23P01" | "23505" | "5" | "517" | "1811"))
            || matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
    }
}

/// The database's own code of an error (PostgreSQL SQLSTATE, SQLite extended result code).
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))
    | DbErr::Conn(RuntimeErr::SqlxError(inner))) = error
    else {
        return None;
    };
    inner.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned())
}

/// Why a use case did not do what was asked; nothing was changed.
#[derive(Debug)]
pub enum Refusal<R> {
    /// The caller is nobody, and this needs somebody.
    Unauthenticated,
    /// The caller may not.
    Forbidden,
    /// A rule says no, with every reason.
    Rule(Vec<R>),
    /// Something broke.
    Fault(Fault),
}

impl<R: Reason> Refusal<R> {
    /// What a field names is not there, or not for the caller to see.
    pub fn not_found(field: &str) -> Self {
        Self::Rule(vec![R::not_found(field)])
    }

    /// One reason.
    pub fn rule(reason: R) -> Self {
        Self::Rule(vec![reason])
    }
}

impl<R: Reason> From<Vec<R>> for Refusal<R> {
    fn from(reasons: Vec<R>) -> Self {
        Self::Rule(reasons)
    }
}

impl<R> From<Fault> for Refusal<R> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<R> From<DbErr> for Refusal<R> {
    fn from(error: DbErr) -> Self {
        Self::Fault(error.into())
    }
}

impl<R> From<anyhow::Error> for Refusal<R> {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// Carries a malformed value into the reasons of any decision.
pub fn malformed<R: Reason>(problem: Malformed) -> Refusal<R> {
    Refusal::Rule(vec![R::from(problem)])
}

//! Hears of outbox rows as they are committed, on whichever replica: PostgreSQL notifies, and on SQLite, where one process
//! writes, each commit rings.

use std::time::Duration;

use entity::outbox;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sqlx::postgres::{PgListener, PgPoolOptions};
use uuid::Uuid;

use super::{Db, row};
use crate::error::Fault;

/// The channel of the trigger on `outbox`.
const CHANNEL: &str = "digiknow_outbox";
/// How long nothing is heard before the connection is tried: a peer that is gone sends nothing either.
const QUIET: Duration = Duration::from_secs(20);
/// How long a connection may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Rows read at once.
const MOST: usize = 500;

/// An ear at the outbox. After an error it is deaf: open another, and take it that something was missed.
#[derive(Debug)]
pub enum Listener {
    /// A connection that notifications come in on.
    Postgres(Box<PgListener>, Db),
    /// The last row that was seen: one writer, so rows are committed in the order of their numbers.
    Sqlite(i64, Db),
}

impl Listener {
    /// Hears everything that is committed from now on.
    pub async fn open(db: &Db) -> Result<Self, Fault> {
        match db.backend() {
            DbBackend::Postgres => {
                // Not one of the pool's connections: those are for requests.
                let options = db.read().orm().get_postgres_connection_pool().connect_options();
                let alone = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER);
                let pool = alone.connect_with((*options).clone()).await.map_err(anyhow::Error::new)?;
                let mut listener = PgListener::connect_with(&pool).await.map_err(anyhow::Error::new)?;
                listener.eager_reconnect(false);
                listener.listen(CHANNEL).await.map_err(anyhow::Error::new)?;
                Ok(Self::Postgres(Box::new(listener), db.clone()))
            }
            _ => Ok(Self::Sqlite(last(db).await?, db.clone())),
        }
    }

    /// Waits for rows. An error means that the connection is lost.
    pub async fn next(&mut self) -> Result<Vec<outbox::Model>, Fault> {
        match self {
            Self::Postgres(listener, db) => {
                let ids = notified(listener).await?;
                Ok(row::holding::<outbox::Entity>(db.read(), outbox::Column::Id, ids).await?)
            }
            Self::Sqlite(seen, db) => {
                db.write.next_commit().await;
                let last = last(db).await?;
                let rows = between(db, *seen, last).await?;
                // Lower than before if everything was deleted: numbers start again.
                *seen = last;
                Ok(rows)
            }
        }
    }
}

/// The rows of the next notification and of those that came with it.
async fn notified(listener: &mut PgListener) -> Result<Vec<Uuid>, Fault> {
    let first = loop {
        match tokio::time::timeout(QUIET, listener.try_recv()).await {
            Ok(heard) => break heard.map_err(anyhow::Error::new)?.ok_or_else(|| anyhow::anyhow!("the connection was lost"))?,
            Err(_) => {
                let answer = tokio::time::timeout(ANSWER, sqlx::Executor::execute(&mut *listener, "SELECT 1")).await;
                answer.map_err(anyhow::Error::new)?.map_err(anyhow::Error::new)?;
            }
        }
    };
    let mut ids: Vec<Uuid> = first.payload().parse().into_iter().collect();
    while ids.len() < MOST
        && let Some(next) = listener.next_buffered()
    {
        ids.extend(next.payload().parse::<Uuid>());
    }
    Ok(ids)
}

/// The number of the newest row.
async fn last(db: &Db) -> Result<i64, Fault> {
    let newest = outbox::Entity::find().select_only().column_as(Expr::cust("MAX(rowid)"), "last");
    let found: Option<Option<i64>> = newest.into_tuple().one(db.read()).await?;
    Ok(found.flatten().unwrap_or(0))
}

async fn between(db: &Db, seen: i64, last: i64) -> Result<Vec<outbox::Model>, Fault> {
    let fresh = Expr::cust("rowid").gt(seen).and(Expr::cust("rowid").lte(last));
    let rows = outbox::Entity::find().filter(fresh).filter(outbox::Column::Topic.ne("mail"));
    Ok(rows.order_by_asc(Expr::cust("rowid")).all(db.read()).await?)
}

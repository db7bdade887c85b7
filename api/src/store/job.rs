//! Periodic work: one replica at a time holds a job.

use chrono::{DateTime, Utc};
use entity::job;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

/// Adds jobs that are not there yet, due at once.
pub async fn ensure(conn: &impl ConnectionTrait, names: impl Iterator<Item = &str>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let fresh = |name: &str| job::ActiveModel {
        name: Set(name.to_owned()),
        due_at: Set(now),
        held_by: Set(None),
        held_until: Set(None),
        ran_at: Set(None),
        failures: Set(0),
    };
    let keep = OnConflict::column(job::Column::Name).do_nothing().to_owned();
    job::Entity::insert_many(names.map(fresh)).on_conflict(keep).exec_without_returning(conn).await.map(|_| ())
}

/// The names of the jobs, and when each is due and was run.
pub async fn all(conn: &impl ConnectionTrait) -> Result<Vec<job::Model>, DbErr> {
    job::Entity::find().order_by_asc(job::Column::Name).all(conn).await
}

/// Takes a job that is due and that nobody holds; one statement, so that of two replicas one gets it.
pub async fn take(conn: &impl ConnectionTrait, name: &str, holder: Uuid, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool, DbErr> {
    let free = Condition::any().add(job::Column::HeldUntil.is_null()).add(job::Column::HeldUntil.lte(now));
    let taken = job::Entity::update_many()
        .col_expr(job::Column::HeldBy, Expr::value(holder))
        .col_expr(job::Column::HeldUntil, Expr::value(until))
        .filter(job::Column::Name.eq(name))
        .filter(job::Column::DueAt.lte(now))
        .filter(free)
        .exec(conn)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Gives a job back, due again at `next`. Whoever has lost it meanwhile changes nothing.
pub async fn give_back(
    conn: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    next: DateTime<Utc>,
    ran: Result<DateTime<Utc>, i32>,
) -> Result<(), DbErr> {
    let update = job::Entity::update_many()
        .col_expr(job::Column::HeldBy, Expr::value(Option::<Uuid>::None))
        .col_expr(job::Column::HeldUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(job::Column::DueAt, Expr::value(next))
        .filter(job::Column::Name.eq(name))
        .filter(job::Column::HeldBy.eq(holder));
    let update = match ran {
        Ok(at) => update.col_expr(job::Column::RanAt, Expr::value(at)).col_expr(job::Column::Failures, Expr::value(0)),
        Err(failures) => update.col_expr(job::Column::Failures, Expr::value(failures)),
    };
    update.exec(conn).await.map(|_| ())
}

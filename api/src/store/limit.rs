//! Buckets that every replica shares: how often something was done. One statement judges and fills a bucket, so two
//! replicas can't both take its last place.

use chrono::{DateTime, Utc};
use entity::rate_limit::{Column, Entity};
use rules::limit::{self, Limit, Wait};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Query, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

/// Fills the bucket `key` by `cost`, and answers what is left in it; a refusal fills nothing. [`limit::take`] in one statement.
///
/// Keys hold fingerprints, never an address: see `service::limit`. Give `Db::single` where no transaction is under way; inside
/// one the bucket stays locked until its end, and a rollback takes the try back.
pub async fn take(conn: &impl ConnectionTrait, key: &str, limit: Limit, cost: i64, now: DateTime<Utc>) -> Result<Result<i64, Wait>, DbErr> {
    let now = now.timestamp_millis();
    // A cost that no empty bucket holds never gets to the database, where a new row would be written whatever it costs.
    let Ok(fresh) = limit::take(limit, now, cost, now) else { return Ok(limit::take(limit, now, cost, now)) };
    let filled = || -> SimpleExpr {
        let empty_at = || Expr::col((Entity, Column::EmptyAt));
        let start = CaseStatement::new().case(empty_at().gt(now), empty_at()).finally(now);
        Expr::expr(start).add(cost * limit.each_ms)
    };
    let on_conflict =
        OnConflict::column(Column::Key).value(Column::EmptyAt, filled()).action_and_where(filled().lte(now + limit.room_ms())).to_owned();
    let upsert = Query::insert()
        .into_table(Entity)
        .columns([Column::Key, Column::EmptyAt])
        .values_panic([key.into(), fresh.into()])
        .on_conflict(on_conflict)
        .returning_col(Column::EmptyAt)
        .to_owned();
    match conn.query_one(&upsert).await? {
        Some(row) => Ok(Ok(limit.left(row.try_get("", "empty_at")?, now))),
        None => {
            let empty_at = Entity::find_by_id(key.to_owned()).one(conn).await?.map_or(now, |row| row.empty_at);
            // If it has drained in between, the caller is told to come again at once.
            Ok(Err(limit::take(limit, empty_at, cost, now).err().unwrap_or(Wait { ms: 0 })))
        }
    }
}

/// Takes `cost` out of a bucket again: what was counted was no fault.
pub async fn give_back(conn: &impl ConnectionTrait, key: &str, limit: Limit, cost: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::EmptyAt, Expr::col(Column::EmptyAt).sub(cost * limit.each_ms))
        .filter(Column::Key.eq(key))
        .exec(conn)
        .await
        .map(|_| ())
}

/// Removes the buckets that have drained: they say nothing any more.
pub async fn tidy(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    Entity::delete_many().filter(Column::EmptyAt.lt(now.timestamp_millis())).exec(conn).await.map(|done| done.rows_affected)
}

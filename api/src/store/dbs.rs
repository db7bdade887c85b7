//! DBS checks and their events.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{dbs_check, dbs_event};
use rules::dbs::{DbsRecord, DbsScope, DbsStatus};
use rules::id::{ChampionId, DbsCheckId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// A check, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: DbsCheckId) -> Result<Option<dbs_check::Model>, DbErr> {
    dbs_check::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// A check.
pub async fn find(conn: &impl ConnectionTrait, id: DbsCheckId) -> Result<Option<dbs_check::Model>, DbErr> {
    dbs_check::Entity::find_by_id(id).one(conn).await
}

/// The checks of champions, newest first.
pub async fn of(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<dbs_check::Model>, DbErr> {
    dbs_check::Entity::find()
        .filter(dbs_check::Column::ChampionId.is_in(champions.iter().copied()))
        .order_by_desc(dbs_check::Column::Id)
        .all(conn)
        .await
}

/// The steps of checks, oldest first.
pub async fn events(conn: &impl ConnectionTrait, checks: &[DbsCheckId]) -> Result<Vec<dbs_event::Model>, DbErr> {
    dbs_event::Entity::find()
        .filter(dbs_event::Column::CheckId.is_in(checks.iter().copied()))
        .order_by_asc(dbs_event::Column::Id)
        .all(conn)
        .await
}

/// Checks whose certificate was seen.
pub async fn with_number(conn: &impl ConnectionTrait) -> Result<Vec<DbsCheckId>, DbErr> {
    let seen = dbs_check::Entity::find().filter(dbs_check::Column::CertificateNumber.is_not_null());
    seen.select_only().column(dbs_check::Column::Id).order_by_asc(dbs_check::Column::Id).into_tuple().all(conn).await
}

/// Checks whose content is due to go: decided up to a day, or given up before an instant.
pub async fn content_due(
    conn: &impl ConnectionTrait,
    decided: NaiveDate,
    before: DateTime<Utc>,
    most: u64,
) -> Result<Vec<DbsCheckId>, DbErr> {
    use dbs_check::Column;
    let given_up = Condition::all()
        .add(Column::Status.is_in(DbsStatus::ALL.iter().copied().filter(|s| s.is_final())))
        .add(Column::UpdatedAt.lte(before));
    let due = dbs_check::Entity::find()
        .filter(Column::ContentRemovedAt.is_null())
        .filter(Condition::any().add(Column::DecidedOn.lte(decided)).add(given_up));
    due.select_only().column(Column::Id).order_by_asc(Column::Id).limit(most).into_tuple().all(conn).await
}

/// Removes what was noted at the steps of a check; the steps themselves stay.
pub async fn remove_notes(conn: &impl ConnectionTrait, check: DbsCheckId) -> Result<(), DbErr> {
    let of = dbs_event::Entity::update_many().col_expr(dbs_event::Column::Note, Expr::value(""));
    of.filter(dbs_event::Column::CheckId.eq(check)).exec(conn).await.map(|_| ())
}

/// A check as the rules read it.
pub fn fact(row: &dbs_check::Model) -> DbsRecord {
    let scope =
        DbsScope { level: row.level, workforce: row.workforce, adults_barred: row.adults_barred, children_barred: row.children_barred };
    DbsRecord {
        scope,
        status: row.status,
        issued_on: row.issued_on,
        decided_on: row.decided_on,
        recheck_due_on: row.recheck_due_on,
        obtained_by: row.obtained_by,
    }
}

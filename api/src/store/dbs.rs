//! DBS checks and their events.

use entity::{dbs_check, dbs_event};
use rules::dbs::{DbsRecord, DbsScope};
use rules::id::{ChampionId, DbsCheckId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

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

/// A check as the rules read it.
pub fn fact(row: &dbs_check::Model) -> DbsRecord {
    let scope =
        DbsScope { level: row.level, workforce: row.workforce, adults_barred: row.adults_barred, children_barred: row.children_barred };
    DbsRecord { scope, status: row.status, issued_on: row.issued_on, decided_on: row.decided_on, recheck_due_on: row.recheck_due_on }
}

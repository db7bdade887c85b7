//! Subscriptions to the DBS Update Service, and who may ask about each just now.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{dbs_check, dbs_status_check, dbs_subscription, join_reminder};
use rules::dbs::update_service::{UpdateState, join_by};
use rules::dbs::{DbsLevel, DbsStatus};
use rules::id::{ChampionId, DbsCheckId};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// A subscription.
pub async fn find(conn: &impl ConnectionTrait, check: DbsCheckId) -> Result<Option<dbs_subscription::Model>, DbErr> {
    dbs_subscription::Entity::find_by_id(check).one(conn).await
}

/// A subscription, locked.
pub async fn lock(conn: &impl ConnectionTrait, check: DbsCheckId) -> Result<Option<dbs_subscription::Model>, DbErr> {
    dbs_subscription::Entity::find_by_id(check).lock_exclusive().one(conn).await
}

fn is_due(now: DateTime<Utc>) -> Condition {
    use dbs_subscription::Column;
    let free = Condition::any().add(Column::LeaseUntil.is_null()).add(Column::LeaseUntil.lte(now));
    Condition::all().add(Column::NextCheckAt.lte(now)).add(Column::State.ne(UpdateState::Left)).add(free)
}

/// Whom to ask about now: whose time has come and whom no replica is asking about.
pub async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>, most: u64) -> Result<Vec<DbsCheckId>, DbErr> {
    let rows = dbs_subscription::Entity::find().filter(is_due(now)).order_by_asc(dbs_subscription::Column::NextCheckAt);
    Ok(rows.limit(most).all(conn).await?.into_iter().map(|row| row.check_id).collect())
}

/// Takes the lease on one; false if another replica was quicker.
pub async fn claim(
    conn: &impl ConnectionTrait,
    check: DbsCheckId,
    lease: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let taken = dbs_subscription::Entity::update_many()
        .col_expr(dbs_subscription::Column::LeaseId, Expr::value(lease))
        .col_expr(dbs_subscription::Column::LeaseUntil, Expr::value(until))
        .filter(dbs_subscription::Column::CheckId.eq(check))
        .filter(is_due(now))
        .exec(conn)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// The answers about a check, newest first.
pub async fn answers(conn: &impl ConnectionTrait, checks: &[DbsCheckId]) -> Result<Vec<dbs_status_check::Model>, DbErr> {
    let of = dbs_status_check::Entity::find().filter(dbs_status_check::Column::CheckId.is_in(checks.iter().copied()));
    of.order_by_desc(dbs_status_check::Column::At).order_by_desc(dbs_status_check::Column::Id).all(conn).await
}

/// Whether a certificate could be joined with, if its time has not passed.
fn can_join(check: &dbs_check::Model) -> bool {
    check.level != DbsLevel::Basic && check.seen_at.is_some() && check.status != DbsStatus::NotCleared && !check.status.is_final()
}

/// Certificates issued from `since` on that could still be joined with, of applicants who have neither joined nor been reminded.
pub async fn to_remind(conn: &impl ConnectionTrait, since: NaiveDate, until: NaiveDate) -> Result<Vec<dbs_check::Model>, DbErr> {
    let joined = Query::select().column(dbs_subscription::Column::CheckId).from(dbs_subscription::Entity).to_owned();
    let told = Query::select().column(join_reminder::Column::CheckId).from(join_reminder::Entity).to_owned();
    let checks = dbs_check::Entity::find()
        .filter(dbs_check::Column::IssuedOn.between(since, until))
        .filter(dbs_check::Column::Id.not_in_subquery(joined))
        .filter(dbs_check::Column::Id.not_in_subquery(told));
    Ok(checks.all(conn).await?.into_iter().filter(can_join).collect())
}

/// Whether an applicant was reminded.
pub async fn was_reminded(conn: &impl ConnectionTrait, check: DbsCheckId) -> Result<bool, DbErr> {
    Ok(join_reminder::Entity::find_by_id(check).one(conn).await?.is_some())
}

/// Until when champions can join with the certificates that were seen, for those who have not joined.
pub async fn join_deadlines(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<(ChampionId, NaiveDate)>, DbErr> {
    let checks: Vec<_> = super::dbs::of(conn, champions).await?.into_iter().filter(can_join).collect();
    let ids: Vec<DbsCheckId> = checks.iter().map(|c| c.id).collect();
    let joined = super::row::holding::<dbs_subscription::Entity>(conn, dbs_subscription::Column::CheckId, ids).await?;
    let open = checks.into_iter().filter(|c| joined.iter().all(|s| s.check_id != c.id));
    Ok(open.filter_map(|c| Some((c.champion_id, join_by(c.issued_on?)))).collect())
}

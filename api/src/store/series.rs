//! Series, which session is which of their dates, and what closes a group.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{group_calendar, group_closure, occurrence, series, series_date, session};
use rules::holiday::BankHolidayPolicy;
use rules::id::{ClosureId, GroupId, SeriesId, SessionId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;
use super::row;

/// Series, by title.
pub const BY_TITLE: Sort<series::Column> = Sort { key: series::Column::Title, id: series::Column::Id, descending: false };

/// A series.
pub async fn find(conn: &impl ConnectionTrait, id: SeriesId) -> Result<Option<series::Model>, DbErr> {
    series::Entity::find_by_id(id).one(conn).await
}

/// A series, locked: nobody else changes it or puts its sessions into the calendar until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, id: SeriesId) -> Result<Option<series::Model>, DbErr> {
    series::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The series of a group; those that have ended only if asked for.
pub fn of_group(group: GroupId, ended: bool) -> Select<series::Entity> {
    let all = series::Entity::find().filter(series::Column::GroupId.eq(group));
    if ended { all } else { all.filter(series::Column::EndedAt.is_null()) }
}

/// Series whose sessions do not stand in the calendar until `until` yet.
pub async fn to_extend(conn: &impl ConnectionTrait, until: NaiveDate, most: u64) -> Result<Vec<SeriesId>, DbErr> {
    let behind = Condition::any().add(series::Column::MadeUntil.is_null()).add(series::Column::MadeUntil.lt(until));
    let live = series::Entity::find().filter(series::Column::EndedAt.is_null()).filter(behind);
    live.select_only().column(series::Column::Id).order_by_asc(series::Column::Id).limit(most).into_tuple().all(conn).await
}

/// Has a group's series looked through again: what says on which dates they meet has changed.
pub async fn look_again(conn: &impl ConnectionTrait, group: GroupId) -> Result<(), DbErr> {
    series::Entity::update_many()
        .col_expr(series::Column::MadeUntil, Expr::value(None::<NaiveDate>))
        .filter(series::Column::GroupId.eq(group))
        .filter(series::Column::EndedAt.is_null())
        .exec(conn)
        .await
        .map(|_| ())
}

/// The dates taken out of series and put in, by date.
pub async fn dates(conn: &impl ConnectionTrait, ids: &[SeriesId]) -> Result<Vec<series_date::Model>, DbErr> {
    let of = series_date::Entity::find().filter(series_date::Column::SeriesId.is_in(ids.iter().copied()));
    of.order_by_asc(series_date::Column::OnDate).all(conn).await
}

/// Hands the dates from one on to another series.
pub async fn hand_dates(conn: &impl ConnectionTrait, from: SeriesId, to: SeriesId, on: NaiveDate) -> Result<(), DbErr> {
    series_date::Entity::update_many()
        .col_expr(series_date::Column::SeriesId, Expr::value(to))
        .filter(series_date::Column::SeriesId.eq(from))
        .filter(series_date::Column::OnDate.gte(on))
        .exec(conn)
        .await?;
    occurrence::Entity::update_many()
        .col_expr(occurrence::Column::SeriesId, Expr::value(to))
        .filter(occurrence::Column::SeriesId.eq(from))
        .filter(occurrence::Column::OnDate.gte(on))
        .exec(conn)
        .await
        .map(|_| ())
}

/// Which dates of series sessions are.
pub async fn of_sessions(conn: &impl ConnectionTrait, ids: &[SessionId]) -> Result<Vec<occurrence::Model>, DbErr> {
    row::holding::<occurrence::Entity>(conn, occurrence::Column::SessionId, ids.iter().copied()).await
}

/// The occurrences of a series from a date on, by date.
pub async fn occurrences(conn: &impl ConnectionTrait, id: SeriesId, from: NaiveDate) -> Result<Vec<occurrence::Model>, DbErr> {
    let of = occurrence::Entity::find().filter(occurrence::Column::SeriesId.eq(id)).filter(occurrence::Column::OnDate.gte(from));
    of.order_by_asc(occurrence::Column::OnDate).all(conn).await
}

/// The sessions of a group's series that start on these local dates, are still to come, and were not called off.
pub async fn within(
    conn: &impl ConnectionTrait,
    group: GroupId,
    dates: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>, DbErr> {
    let sessions = session::Entity::find()
        .filter(session::Column::GroupId.eq(group))
        .filter(session::Column::LocalDate.between(dates.0, dates.1))
        .filter(session::Column::StartsAt.gt(now))
        .filter(session::Column::Status.ne(rules::session::SessionStatus::Cancelled));
    let ids: Vec<SessionId> = sessions.all(conn).await?.into_iter().map(|s| s.id).collect();
    // Whoever moved a session onto a date, or created it there alone, meant it.
    let regular = of_sessions(conn, &ids).await?.into_iter().filter(|one| !one.moved && (dates.0..=dates.1).contains(&one.on_date));
    Ok(regular.map(|one| one.session_id).collect())
}

/// What bank holidays mean to groups; those that never said are not listed.
pub async fn holidays(conn: &impl ConnectionTrait, groups: &[GroupId]) -> Result<HashMap<GroupId, BankHolidayPolicy>, DbErr> {
    let rows = row::holding::<group_calendar::Entity>(conn, group_calendar::Column::GroupId, groups.iter().copied()).await?;
    Ok(rows.into_iter().map(|row| (row.group_id, row.bank_holidays)).collect())
}

/// The closures of groups, by date.
pub async fn closures(conn: &impl ConnectionTrait, groups: &[GroupId]) -> Result<Vec<group_closure::Model>, DbErr> {
    let of = group_closure::Entity::find().filter(group_closure::Column::GroupId.is_in(groups.iter().copied()));
    of.order_by_asc(group_closure::Column::FromOn).order_by_asc(group_closure::Column::Id).all(conn).await
}

/// A closure.
pub async fn closure(conn: &impl ConnectionTrait, id: ClosureId) -> Result<Option<group_closure::Model>, DbErr> {
    group_closure::Entity::find_by_id(id).one(conn).await
}

/// Removes a closure.
pub async fn remove_closure(conn: &impl ConnectionTrait, id: ClosureId) -> Result<(), DbErr> {
    group_closure::Entity::delete_by_id(id).exec(conn).await.map(|_| ())
}

/// The series of a group that have not ended, in the order of their ids.
pub async fn live(conn: &impl ConnectionTrait, group: GroupId) -> Result<Vec<SeriesId>, DbErr> {
    let of = of_group(group, false).select_only().column(series::Column::Id);
    of.order_by_asc(series::Column::Id).into_tuple().all(conn).await
}

/// Says of sessions whether a closure called them off.
pub async fn set_closed(conn: &impl ConnectionTrait, ids: &[SessionId], closed: bool) -> Result<(), DbErr> {
    occurrence::Entity::update_many()
        .col_expr(occurrence::Column::Closed, Expr::value(closed))
        .filter(occurrence::Column::SessionId.is_in(ids.iter().copied()))
        .exec(conn)
        .await
        .map(|_| ())
}

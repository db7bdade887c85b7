//! Who takes places themselves, and who waits for one.

use chrono::{DateTime, Utc};
use entity::{group_sign_up, session, session_sign_up, waiting};
use rules::id::{ChampionId, GroupId, SessionId};
use rules::sign_up::{self, WaitingStatus};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// On the list.
pub(super) const ON: [WaitingStatus; 2] = [WaitingStatus::Waiting, WaitingStatus::Offered];

/// Whether champions take a session's places themselves.
pub async fn is_open(conn: &impl ConnectionTrait, session: &session::Model) -> Result<bool, DbErr> {
    let group = group_sign_up::Entity::find_by_id(session.group_id).one(conn).await?.map(|row| row.open);
    let own = session_sign_up::Entity::find_by_id(session.id).one(conn).await?.map(|row| row.open);
    Ok(sign_up::is_open(group, own))
}

/// Says whether champions take places of a group's sessions themselves.
pub async fn set_group(conn: &impl ConnectionTrait, group: GroupId, open: bool) -> Result<(), DbErr> {
    let row = group_sign_up::ActiveModel { group_id: Set(group), open: Set(open) };
    let again = OnConflict::column(group_sign_up::Column::GroupId).update_column(group_sign_up::Column::Open).to_owned();
    group_sign_up::Entity::insert(row).on_conflict(again).exec_without_returning(conn).await.map(|_| ())
}

/// Says whether champions take this session's places themselves; none leaves it to the group.
pub async fn set_session(conn: &impl ConnectionTrait, session: SessionId, open: Option<bool>) -> Result<(), DbErr> {
    session_sign_up::Entity::delete_by_id(session).exec(conn).await?;
    let Some(open) = open else { return Ok(()) };
    super::row::insert(conn, session_sign_up::Model { session_id: session, open }).await
}

/// Who is on the lists of sessions, in the order they joined.
pub async fn on_list(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<waiting::Model>, DbErr> {
    let of = waiting::Entity::find().filter(waiting::Column::SessionId.is_in(sessions.iter().copied()));
    of.filter(waiting::Column::Status.is_in(ON)).order_by_asc(waiting::Column::JoinedAt).order_by_asc(waiting::Column::Id).all(conn).await
}

/// Sessions that somebody waits for.
pub async fn sessions_with_list(conn: &impl ConnectionTrait, most: u64) -> Result<Vec<SessionId>, DbErr> {
    let on = waiting::Entity::find().filter(waiting::Column::Status.is_in(ON));
    on.select_only().column(waiting::Column::SessionId).distinct().limit(most).into_tuple().all(conn).await
}

/// Somebody has a place now, and waits no longer.
pub async fn placed(conn: &impl ConnectionTrait, session: SessionId, champion: ChampionId, now: DateTime<Utc>) -> Result<(), DbErr> {
    waiting::Entity::update_many()
        .col_expr(waiting::Column::Status, Expr::value(WaitingStatus::Placed.code()))
        .col_expr(waiting::Column::EndedAt, Expr::value(now))
        .filter(waiting::Column::SessionId.eq(session))
        .filter(waiting::Column::ChampionId.eq(champion))
        .filter(waiting::Column::Status.is_in(ON))
        .exec(conn)
        .await
        .map(|_| ())
}

//! How many champions sessions need, and what puts sessions at risk.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{assignment, session, session_alert, staffing};
use rules::assignment::AssignmentStatus;
use rules::id::{ChampionId, SessionId};
use rules::session::{PlaceKind, SessionStatus};
use rules::staffing::{RiskCause, Wanted};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use super::facts::group;
use super::row::{self, is};

/// What was said of sessions.
pub async fn said(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<staffing::Model>, DbErr> {
    row::holding::<staffing::Entity>(conn, staffing::Column::SessionId, sessions.iter().copied()).await
}

/// What was said, as the rules read it.
pub fn fact(row: &staffing::Model) -> Wanted {
    Wanted { minimum: usize::try_from(row.minimum).unwrap_or(0), ideal: usize::try_from(row.ideal).unwrap_or(0) }
}

/// Forgets what was said of a kind of place.
pub async fn remove(conn: &impl ConnectionTrait, session: SessionId, kind: PlaceKind) -> Result<(), DbErr> {
    staffing::Entity::delete_by_id((session, kind)).exec(conn).await.map(|_| ())
}

/// Sessions that will be held and begin after `from` and until `until`, soonest first.
pub async fn ahead(conn: &impl ConnectionTrait, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<session::Model>, DbErr> {
    let held = session::Entity::find().filter(is(session::Column::Status, SessionStatus::Scheduled.code()));
    let soon = held.filter(session::Column::StartsAt.gt(from)).filter(session::Column::StartsAt.lte(until));
    soon.order_by_asc(session::Column::StartsAt).order_by_asc(session::Column::Id).all(conn).await
}

/// When each duty of these champions ends: those before an instant are the sessions they will have done by then.
pub async fn duties_end(
    conn: &impl ConnectionTrait,
    champions: impl IntoIterator<Item = ChampionId>,
) -> Result<HashMap<ChampionId, Vec<DateTime<Utc>>>, DbErr> {
    let confirmed = assignment::Entity::find().filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code()));
    let theirs = confirmed.filter(assignment::Column::ChampionId.is_in(champions));
    let rows: Vec<(ChampionId, DateTime<Utc>)> =
        theirs.select_only().columns([assignment::Column::ChampionId, assignment::Column::EndsAt]).into_tuple().all(conn).await?;
    Ok(group(rows))
}

/// The open alerts of sessions.
pub async fn alerts(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<session_alert::Model>, DbErr> {
    let of = session_alert::Entity::find().filter(session_alert::Column::SessionId.is_in(sessions.iter().copied()));
    of.filter(session_alert::Column::SettledAt.is_null()).order_by_asc(session_alert::Column::Id).all(conn).await
}

/// Sessions with an open alert that begin after an instant.
pub async fn alerted_after(conn: &impl ConnectionTrait, after: DateTime<Utc>) -> Result<Vec<SessionId>, DbErr> {
    let to_session = session_alert::Entity::belongs_to(session::Entity).from(session_alert::Column::SessionId).to(session::Column::Id);
    session_alert::Entity::find()
        .filter(session_alert::Column::SettledAt.is_null())
        .join(JoinType::InnerJoin, to_session.into())
        .filter(session::Column::StartsAt.gt(after))
        .select_only()
        .column(session_alert::Column::SessionId)
        .distinct()
        .into_tuple()
        .all(conn)
        .await
}

/// Settles the open alerts of a session for these causes.
pub async fn settle(conn: &impl ConnectionTrait, session: SessionId, causes: &[RiskCause], at: DateTime<Utc>) -> Result<(), DbErr> {
    session_alert::Entity::update_many()
        .col_expr(session_alert::Column::SettledAt, Expr::value(at))
        .filter(session_alert::Column::SessionId.eq(session))
        .filter(session_alert::Column::Cause.is_in(causes.iter().copied()))
        .filter(session_alert::Column::SettledAt.is_null())
        .exec(conn)
        .await
        .map(|_| ())
}

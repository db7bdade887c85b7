//! Exemptions, and alerts of assignments that facts have broken.

use chrono::{DateTime, Utc};
use entity::{assignment, assignment_alert, exemption};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, ExemptionId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// An exemption.
pub async fn exemption(conn: &impl ConnectionTrait, id: ExemptionId) -> Result<Option<exemption::Model>, DbErr> {
    exemption::Entity::find_by_id(id).one(conn).await
}

/// An exemption, locked.
pub async fn lock_exemption(conn: &impl ConnectionTrait, id: ExemptionId) -> Result<Option<exemption::Model>, DbErr> {
    exemption::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The exemptions of champions, oldest first, those that ended included.
pub async fn exemptions(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<exemption::Model>, DbErr> {
    let of = exemption::Entity::find().filter(exemption::Column::ChampionId.is_in(champions.iter().copied()));
    of.order_by_asc(exemption::Column::Id).all(conn).await
}

/// Confirmed assignments that begin from `from` on, soonest first: of these champions, or of all; before `until`, if given.
pub async fn confirmed_ahead(
    conn: &impl ConnectionTrait,
    champions: Option<&[ChampionId]>,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<assignment::Model>, DbErr> {
    use assignment::Column;
    let mut ahead = assignment::Entity::find().filter(Column::Status.eq(AssignmentStatus::Confirmed)).filter(Column::StartsAt.gt(from));
    if let Some(champions) = champions {
        ahead = ahead.filter(Column::ChampionId.is_in(champions.iter().copied()));
    }
    if let Some(until) = until {
        ahead = ahead.filter(Column::StartsAt.lt(until));
    }
    ahead.order_by_asc(Column::StartsAt).order_by_asc(Column::Id).all(conn).await
}

/// The open alerts of assignments.
pub async fn alerts(conn: &impl ConnectionTrait, assignments: &[AssignmentId]) -> Result<Vec<assignment_alert::Model>, DbErr> {
    let of = assignment_alert::Entity::find().filter(assignment_alert::Column::AssignmentId.is_in(assignments.iter().copied()));
    of.filter(assignment_alert::Column::SettledAt.is_null()).all(conn).await
}

/// Settles the open alerts of assignments.
pub async fn settle_alerts(conn: &impl ConnectionTrait, assignments: &[AssignmentId], at: DateTime<Utc>) -> Result<(), DbErr> {
    assignment_alert::Entity::update_many()
        .col_expr(assignment_alert::Column::SettledAt, Expr::value(at))
        .filter(assignment_alert::Column::AssignmentId.is_in(assignments.iter().copied()))
        .filter(assignment_alert::Column::SettledAt.is_null())
        .exec(conn)
        .await
        .map(|_| ())
}

/// What a move brought about is over: `flag` no longer holds of these assignments.
pub async fn no_longer(conn: &impl ConnectionTrait, flag: assignment::Column, assignments: &[AssignmentId]) -> Result<(), DbErr> {
    if assignments.is_empty() {
        return Ok(());
    }
    assignment::Entity::update_many()
        .col_expr(flag, Expr::value(false))
        .filter(assignment::Column::Id.is_in(assignments.iter().copied()))
        .exec(conn)
        .await
        .map(|_| ())
}

//! Exemptions, and alerts of assignments that facts have broken.

use chrono::{DateTime, Utc};
use entity::assignment::{self, Column};
use entity::{assignment_alert, clearance_due, exemption};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, ExemptionId, OrganisationId};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::row::is;
use super::session;

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

/// Confirmed assignments that begin after `from`, soonest first.
fn confirmed_after(from: DateTime<Utc>) -> Select<assignment::Entity> {
    let confirmed = assignment::Entity::find().filter(is(Column::Status, AssignmentStatus::Confirmed.code()));
    confirmed.filter(Column::StartsAt.gt(from)).order_by_asc(Column::StartsAt).order_by_asc(Column::Id)
}

/// Confirmed assignments of champions that begin after `from`, soonest first.
pub async fn confirmed_ahead(
    conn: &impl ConnectionTrait,
    champions: &[ChampionId],
    from: DateTime<Utc>,
) -> Result<Vec<assignment::Model>, DbErr> {
    confirmed_after(from).filter(Column::ChampionId.is_in(champions.iter().copied())).all(conn).await
}

/// The next `most` confirmed assignments that begin between these times, soonest first: the first, or those after one of them.
pub async fn confirmed_between(
    conn: &impl ConnectionTrait,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    after: Option<&assignment::Model>,
    most: u64,
) -> Result<Vec<assignment::Model>, DbErr> {
    let mut between = confirmed_after(from).filter(Column::StartsAt.lt(until));
    if let Some(last) = after {
        // Said twice, so that an index is entered where the last one ended.
        let later = Condition::any().add(Column::StartsAt.gt(last.starts_at)).add(Column::Id.gt(last.id));
        between = between.filter(Column::StartsAt.gte(last.starts_at)).filter(later);
    }
    between.limit(most).all(conn).await
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

/// Whose confirmed assignments are judged again.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// All champions'.
    All,
    /// Those at sessions of this organisation's groups.
    PlacedBy(OrganisationId),
}

/// Notes that whoever has such an assignment ahead has to be judged again, in one statement, however many they are.
pub async fn note_due(conn: &impl ConnectionTrait, whose: Whose, from: DateTime<Utc>) -> Result<(), DbErr> {
    let mut ahead = assignment::Entity::find().select_only().column(Column::ChampionId).distinct();
    ahead = ahead.filter(is(Column::Status, AssignmentStatus::Confirmed.code())).filter(Column::StartsAt.gt(from));
    if let Whose::PlacedBy(organisation) = whose {
        ahead = ahead.filter(Column::SessionId.in_subquery(session::ahead_of(organisation, from).into_query()));
    }
    let known = OnConflict::column(clearance_due::Column::ChampionId).do_nothing().to_owned();
    let mut note = Query::insert().into_table(clearance_due::Entity).columns([clearance_due::Column::ChampionId]).to_owned();
    note.select_from(ahead.into_query()).map_err(|error| DbErr::Custom(error.to_string()))?.on_conflict(known);
    conn.execute(&note).await.map(|_| ())
}

/// Champions who have to be judged again.
pub async fn due(conn: &impl ConnectionTrait, most: u64) -> Result<Vec<ChampionId>, DbErr> {
    let rows = clearance_due::Entity::find().order_by_asc(clearance_due::Column::ChampionId).limit(most).all(conn).await?;
    Ok(rows.into_iter().map(|row| row.champion_id).collect())
}

/// Notes that champions are judged.
pub async fn judged(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<(), DbErr> {
    let those = clearance_due::Column::ChampionId.is_in(champions.iter().copied());
    clearance_due::Entity::delete_many().filter(those).exec(conn).await.map(|_| ())
}

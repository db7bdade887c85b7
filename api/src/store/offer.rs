//! Requests, offers and assignments.

use chrono::{DateTime, Utc};
use entity::{assignment, champion_request, offer};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, GroupId, OfferId, RequestId, SessionId};
use rules::offer::OfferStatus;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;
use super::row::{self, is};

/// Requests, newest first.
pub const REQUESTS: Sort<champion_request::Column> =
    Sort { key: champion_request::Column::Number, id: champion_request::Column::Id, descending: true };
/// Offers, newest first.
pub const OFFERS: Sort<offer::Column> = Sort { key: offer::Column::SentAt, id: offer::Column::Id, descending: true };
/// Assignments, by the session's start.
pub const ASSIGNMENTS: Sort<assignment::Column> = Sort { key: assignment::Column::StartsAt, id: assignment::Column::Id, descending: false };

/// A request.
pub async fn request(conn: &impl ConnectionTrait, id: RequestId) -> Result<Option<champion_request::Model>, DbErr> {
    champion_request::Entity::find_by_id(id).one(conn).await
}

/// The live request of a session.
pub async fn request_for(conn: &impl ConnectionTrait, session: SessionId) -> Result<Option<champion_request::Model>, DbErr> {
    let of = champion_request::Entity::find().filter(champion_request::Column::SessionId.eq(session));
    of.filter(champion_request::Column::WithdrawnAt.is_null()).one(conn).await
}

/// The live requests of sessions.
pub async fn requests_for(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<champion_request::Model>, DbErr> {
    let of = champion_request::Entity::find().filter(champion_request::Column::SessionId.is_in(sessions.iter().copied()));
    of.filter(champion_request::Column::WithdrawnAt.is_null()).all(conn).await
}

/// Requests, of some groups or of all.
pub fn requests(groups: Option<&[GroupId]>) -> Select<champion_request::Entity> {
    let all = champion_request::Entity::find();
    match groups {
        Some(groups) => all.filter(champion_request::Column::GroupId.is_in(groups.iter().copied())),
        None => all,
    }
}

/// An offer.
pub async fn find(conn: &impl ConnectionTrait, id: OfferId) -> Result<Option<offer::Model>, DbErr> {
    offer::Entity::find_by_id(id).one(conn).await
}

/// An offer, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: OfferId) -> Result<Option<offer::Model>, DbErr> {
    offer::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The offers of sessions, oldest first.
pub async fn of_sessions(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<offer::Model>, DbErr> {
    let of = offer::Entity::find().filter(offer::Column::SessionId.is_in(sessions.iter().copied()));
    of.order_by_asc(offer::Column::SentAt).order_by_asc(offer::Column::Id).all(conn).await
}

/// The offers to a champion.
pub fn to(champion: ChampionId, statuses: &[OfferStatus]) -> Select<offer::Entity> {
    let all = offer::Entity::find().filter(offer::Column::ChampionId.eq(champion));
    if statuses.is_empty() { all } else { all.filter(offer::Column::Status.is_in(statuses.iter().copied())) }
}

/// Moves pending offers on.
pub async fn close(conn: &impl ConnectionTrait, ids: &[OfferId], to: OfferStatus, at: DateTime<Utc>) -> Result<(), DbErr> {
    offer::Entity::update_many()
        .col_expr(offer::Column::Status, Expr::value(to.code()))
        .col_expr(offer::Column::RespondedAt, Expr::value(at))
        .filter(offer::Column::Id.is_in(ids.iter().copied()))
        .filter(is(offer::Column::Status, OfferStatus::Pending.code()))
        .exec(conn)
        .await
        .map(|_| ())
}

/// Sessions with pending offers that have lapsed.
pub async fn sessions_with_lapsed(conn: &impl ConnectionTrait, now: DateTime<Utc>, most: u64) -> Result<Vec<SessionId>, DbErr> {
    let lapsed =
        offer::Entity::find().filter(is(offer::Column::Status, OfferStatus::Pending.code())).filter(offer::Column::ExpiresAt.lte(now));
    lapsed.select_only().column(offer::Column::SessionId).distinct().limit(most).into_tuple().all(conn).await
}

/// Marks accepted offers whose places have ended.
pub async fn mark_ended(conn: &impl ConnectionTrait, ids: impl IntoIterator<Item = OfferId>) -> Result<(), DbErr> {
    offer::Entity::update_many()
        .col_expr(offer::Column::Status, Expr::value(OfferStatus::Ended.code()))
        .filter(offer::Column::Id.is_in(ids))
        .filter(is(offer::Column::Status, OfferStatus::Accepted.code()))
        .exec(conn)
        .await
        .map(|_| ())
}

/// An assignment.
pub async fn assignment(conn: &impl ConnectionTrait, id: AssignmentId) -> Result<Option<assignment::Model>, DbErr> {
    assignment::Entity::find_by_id(id).one(conn).await
}

/// Assignments by their ids.
pub async fn assignments(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<assignment::Model>, DbErr> {
    assignment::Entity::find().filter(assignment::Column::Id.is_in(ids)).all(conn).await
}

/// An assignment, locked.
pub async fn lock_assignment(conn: &impl ConnectionTrait, id: AssignmentId) -> Result<Option<assignment::Model>, DbErr> {
    assignment::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The assignment an offer led to.
pub async fn assignment_of(conn: &impl ConnectionTrait, offer: OfferId) -> Result<Option<assignment::Model>, DbErr> {
    assignment::Entity::find().filter(assignment::Column::OfferId.eq(offer)).one(conn).await
}

/// The confirmed assignments of sessions, oldest first.
pub async fn confirmed(conn: &impl ConnectionTrait, sessions: &[SessionId]) -> Result<Vec<assignment::Model>, DbErr> {
    let mut found = Vec::new();
    for some in sessions.chunks(row::AT_ONCE) {
        let of = assignment::Entity::find().filter(assignment::Column::SessionId.is_in(some.iter().copied()));
        found.extend(of.filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code())).all(conn).await?);
    }
    found.sort_unstable_by_key(|assignment| assignment.id);
    Ok(found)
}

/// The assignments of a champion, whatever became of them.
pub fn assignments_of(champion: ChampionId, statuses: &[AssignmentStatus]) -> Select<assignment::Entity> {
    let all = assignment::Entity::find().filter(assignment::Column::ChampionId.eq(champion));
    if statuses.is_empty() { all } else { all.filter(assignment::Column::Status.is_in(statuses.iter().copied())) }
}

/// The assignments of a session, whatever became of them.
pub async fn assignments_at(conn: &impl ConnectionTrait, session: SessionId) -> Result<Vec<assignment::Model>, DbErr> {
    assignment::Entity::find().filter(assignment::Column::SessionId.eq(session)).all(conn).await
}

/// Ends the confirmed assignments of a session; answers who had them.
pub async fn end_all(
    conn: &impl ConnectionTrait,
    session: SessionId,
    to: AssignmentStatus,
    at: DateTime<Utc>,
) -> Result<Vec<assignment::Model>, DbErr> {
    assignment::Entity::update_many()
        .col_expr(assignment::Column::Status, Expr::value(to.code()))
        .col_expr(assignment::Column::EndedAt, Expr::value(at))
        .filter(assignment::Column::SessionId.eq(session))
        .filter(is(assignment::Column::Status, AssignmentStatus::Confirmed.code()))
        .exec_with_returning(conn)
        .await
}

//! Searches for stand-ins, and swaps.

use chrono::{DateTime, Utc};
use entity::{assignment, stand_in, swap};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, SessionId, StandInId, SwapId};
use rules::stand_in::StandInStatus;
use rules::swap::SwapStatus;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::row::is;

/// A search.
pub async fn find(conn: &impl ConnectionTrait, id: StandInId) -> Result<Option<stand_in::Model>, DbErr> {
    stand_in::Entity::find_by_id(id).one(conn).await
}

/// Searches by their ids.
pub async fn many(conn: &impl ConnectionTrait, ids: impl IntoIterator<Item = StandInId>) -> Result<Vec<stand_in::Model>, DbErr> {
    stand_in::Entity::find().filter(stand_in::Column::Id.is_in(ids)).all(conn).await
}

/// The search that goes on for an assignment.
pub async fn seeking_for(conn: &impl ConnectionTrait, assignment: AssignmentId) -> Result<Option<stand_in::Model>, DbErr> {
    let of = stand_in::Entity::find().filter(stand_in::Column::AssignmentId.eq(assignment));
    of.filter(is(stand_in::Column::Status, StandInStatus::Seeking.code())).one(conn).await
}

/// The searches for assignments, oldest first.
pub async fn of_assignments(conn: &impl ConnectionTrait, ids: &[AssignmentId]) -> Result<Vec<stand_in::Model>, DbErr> {
    let of = stand_in::Entity::find().filter(stand_in::Column::AssignmentId.is_in(ids.iter().copied()));
    of.order_by_asc(stand_in::Column::SoughtAt).order_by_asc(stand_in::Column::Id).all(conn).await
}

/// The searches that go on at a session.
pub async fn seeking_at(conn: &impl ConnectionTrait, session: SessionId) -> Result<Vec<stand_in::Model>, DbErr> {
    let of = stand_in::Entity::find().filter(stand_in::Column::SessionId.eq(session));
    of.filter(is(stand_in::Column::Status, StandInStatus::Seeking.code())).all(conn).await
}

/// Every search that goes on, oldest first.
pub async fn seeking(conn: &impl ConnectionTrait, most: u64) -> Result<Vec<stand_in::Model>, DbErr> {
    let open = stand_in::Entity::find().filter(is(stand_in::Column::Status, StandInStatus::Seeking.code()));
    open.order_by_asc(stand_in::Column::SoughtAt).limit(most).all(conn).await
}

/// A swap.
pub async fn swap(conn: &impl ConnectionTrait, id: SwapId) -> Result<Option<swap::Model>, DbErr> {
    swap::Entity::find_by_id(id).one(conn).await
}

/// The swaps that wait for an answer and touch one of these assignments.
pub async fn swaps_with(conn: &impl ConnectionTrait, ids: &[AssignmentId]) -> Result<Vec<swap::Model>, DbErr> {
    let touches =
        Condition::any().add(swap::Column::GivesId.is_in(ids.iter().copied())).add(swap::Column::TakesId.is_in(ids.iter().copied()));
    swap::Entity::find().filter(is(swap::Column::Status, SwapStatus::Proposed.code())).filter(touches).all(conn).await
}

/// The swaps of champions, newest first; `open_only` leaves out those that have ended.
pub async fn swaps_of(conn: &impl ConnectionTrait, ids: &[ChampionId]) -> Result<Vec<swap::Model>, DbErr> {
    let theirs =
        Condition::any().add(swap::Column::ProposerId.is_in(ids.iter().copied())).add(swap::Column::OtherId.is_in(ids.iter().copied()));
    swap::Entity::find().filter(theirs).order_by_desc(swap::Column::ProposedAt).order_by_desc(swap::Column::Id).all(conn).await
}

/// Swaps that can't come about any more: one of the places has ended, or begins.
pub async fn swaps_overtaken(conn: &impl ConnectionTrait, now: DateTime<Utc>, most: u64) -> Result<Vec<swap::Model>, DbErr> {
    let gone = || {
        let ended = Expr::col(assignment::Column::Status).ne(AssignmentStatus::Confirmed.code());
        let begun = Expr::col(assignment::Column::StartsAt).lte(now);
        Query::select()
            .column(assignment::Column::Id)
            .from(assignment::Entity)
            .cond_where(Condition::any().add(ended).add(begun))
            .to_owned()
    };
    let overtaken = Condition::any().add(swap::Column::GivesId.in_subquery(gone())).add(swap::Column::TakesId.in_subquery(gone()));
    swap::Entity::find().filter(is(swap::Column::Status, SwapStatus::Proposed.code())).filter(overtaken).limit(most).all(conn).await
}

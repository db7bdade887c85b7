//! Planned rotas and their lines.

use chrono::{DateTime, Utc};
use entity::{rota_line, rota_proposal, session};
use rules::id::{RotaLineId, RotaProposalId, SessionId};
use rules::proposal::{Line, ProposalStatus};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::paging::Sort;
use super::row::{self, is};

/// Planned rotas, newest first.
pub const PROPOSALS: Sort<rota_proposal::Column> =
    Sort { key: rota_proposal::Column::CreatedAt, id: rota_proposal::Column::Id, descending: true };
/// Lines, by the session's start.
pub const LINES: Sort<rota_line::Column> = Sort { key: rota_line::Column::StartsAt, id: rota_line::Column::Id, descending: false };

/// Every planned rota.
pub fn proposals() -> Select<rota_proposal::Entity> {
    rota_proposal::Entity::find()
}

/// A planned rota, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: RotaProposalId) -> Result<Option<rota_proposal::Model>, DbErr> {
    rota_proposal::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// A line.
pub async fn line(conn: &impl ConnectionTrait, id: RotaLineId) -> Result<Option<rota_line::Model>, DbErr> {
    rota_line::Entity::find_by_id(id).one(conn).await
}

/// The lines of a planned rota.
pub fn lines_of(id: RotaProposalId) -> Select<rota_line::Entity> {
    rota_line::Entity::find().filter(rota_line::Column::ProposalId.eq(id))
}

/// The lines of a planned rota, by the session's start.
pub async fn lines(conn: &impl ConnectionTrait, id: RotaProposalId) -> Result<Vec<rota_line::Model>, DbErr> {
    lines_of(id).order_by_asc(rota_line::Column::StartsAt).order_by_asc(rota_line::Column::Id).all(conn).await
}

/// A line as the rules read it.
pub fn fact(row: &rota_line::Model) -> Line {
    Line { session: row.session_id, kind: row.kind, champion: row.champion_id }
}

/// Takes a line out.
pub async fn remove(conn: &impl ConnectionTrait, id: RotaLineId) -> Result<(), DbErr> {
    rota_line::Entity::delete_by_id(id).exec(conn).await.map(|_| ())
}

/// Rotas whose planner has not answered, oldest first.
pub async fn open(conn: &impl ConnectionTrait) -> Result<Vec<rota_proposal::Model>, DbErr> {
    let open = rota_proposal::Entity::find().filter(rota_proposal::Column::Status.is_in(still_open()));
    open.order_by_asc(rota_proposal::Column::CreatedAt).all(conn).await
}

fn still_open() -> impl Iterator<Item = ProposalStatus> {
    ProposalStatus::ALL.iter().copied().filter(|s| s.is_open())
}

/// How far an attempt is; answers whether it is still the one that counts.
pub async fn heard(
    conn: &impl ConnectionTrait,
    id: RotaProposalId,
    runner: Uuid,
    progress: Option<rules::rota::Progress>,
    at: DateTime<Utc>,
) -> Result<bool, DbErr> {
    use rota_proposal::Column;
    let mut update = rota_proposal::Entity::update_many().col_expr(Column::HeardAt, Expr::value(at));
    if let Some(progress) = progress {
        let bound = (progress.bound > i64::MIN).then_some(progress.bound);
        update = update
            .col_expr(Column::Objective, Expr::value(progress.objective))
            .col_expr(Column::Bound, Expr::value(bound))
            .col_expr(Column::Work, Expr::value(i64::try_from(progress.work).unwrap_or(i64::MAX)));
    }
    let mine = update.filter(Column::Id.eq(id)).filter(Column::Runner.eq(runner));
    let done = mine.filter(is(Column::Status, ProposalStatus::Running.code())).exec(conn).await?;
    Ok(done.rows_affected > 0)
}

/// Puts a rota's lines in the place of those there were.
pub async fn replace(conn: &impl ConnectionTrait, id: RotaProposalId, lines: Vec<rota_line::Model>) -> Result<(), DbErr> {
    rota_line::Entity::delete_many().filter(rota_line::Column::ProposalId.eq(id)).exec(conn).await?;
    row::insert_all(conn, lines).await
}

/// Locks sessions in the order of their ids, so that two who publish never wait for each other.
pub async fn lock_sessions(conn: &impl ConnectionTrait, ids: &[SessionId]) -> Result<Vec<session::Model>, DbErr> {
    let of = session::Entity::find().filter(session::Column::Id.is_in(ids.iter().copied()));
    of.order_by_asc(session::Column::Id).lock_exclusive().all(conn).await
}

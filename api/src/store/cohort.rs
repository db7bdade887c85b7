//! Dated training sessions, their seats, and warnings before training lapses.

use std::collections::HashSet;

use chrono::NaiveDate;
use entity::{cohort, cohort_seat, completion, renewal_warning};
use rules::cohort::{Cohort, CohortStatus, Seat, SeatStatus};
use rules::id::{ChampionId, CohortId, CompletionId, ModuleId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// Which dated training sessions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Of this module.
    pub module: Option<ModuleId>,
}

/// Dated training sessions that pass, soonest first; a page of them is cut in memory.
pub async fn list(conn: &impl ConnectionTrait, filter: &Filter, most: u64) -> Result<Vec<cohort::Model>, DbErr> {
    let mut all = cohort::Entity::find();
    if let Some(from) = filter.from {
        all = all.filter(cohort::Column::OnDate.gte(from));
    }
    if let Some(module) = filter.module {
        all = all.filter(cohort::Column::ModuleId.eq(module));
    }
    ordered(all).limit(most).all(conn).await
}

fn ordered(all: Select<cohort::Entity>) -> Select<cohort::Entity> {
    all.order_by_asc(cohort::Column::OnDate).order_by_asc(cohort::Column::StartTime).order_by_asc(cohort::Column::Id)
}

/// A dated training session.
pub async fn find(conn: &impl ConnectionTrait, id: CohortId) -> Result<Option<cohort::Model>, DbErr> {
    cohort::Entity::find_by_id(id).one(conn).await
}

/// A dated training session, locked: its seats don't change under it.
pub async fn lock(conn: &impl ConnectionTrait, id: CohortId) -> Result<Option<cohort::Model>, DbErr> {
    cohort::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The seats of dated training sessions, in the order in which they were taken.
pub async fn seats(conn: &impl ConnectionTrait, cohorts: &[CohortId]) -> Result<Vec<cohort_seat::Model>, DbErr> {
    let of = cohort_seat::Entity::find().filter(cohort_seat::Column::CohortId.is_in(cohorts.iter().copied()));
    of.order_by_asc(cohort_seat::Column::JoinedAt).order_by_asc(cohort_seat::Column::Id).all(conn).await
}

/// A dated training session as the rules read it.
pub fn fact(row: &cohort::Model) -> Cohort {
    Cohort { status: row.status, on: row.on_date, capacity: usize::try_from(row.capacity).unwrap_or(0) }
}

/// A seat as the rules read it.
pub fn seat_fact(row: &cohort_seat::Model) -> Seat {
    Seat { id: row.id, champion: row.champion_id, status: row.status }
}

/// Whether a seat is taken or waited for.
pub fn is_live(row: &cohort_seat::Model) -> bool {
    matches!(row.status, SeatStatus::Booked | SeatStatus::Waiting)
}

/// Whether a dated training session is still to come.
pub fn is_planned(row: &cohort::Model) -> bool {
    row.status == CohortStatus::Planned
}

/// The champions of whom some training lapses between two days.
pub async fn lapsing(conn: &impl ConnectionTrait, from: NaiveDate, until: NaiveDate) -> Result<Vec<ChampionId>, DbErr> {
    completion::Entity::find()
        .select_only()
        .column(completion::Column::ChampionId)
        .distinct()
        .filter(completion::Column::RevokedAt.is_null())
        .filter(completion::Column::ExpiresOn.between(from, until))
        .into_tuple()
        .all(conn)
        .await
}

/// The warnings that went out about these completions.
pub async fn warned(conn: &impl ConnectionTrait, of: &[CompletionId]) -> Result<HashSet<(CompletionId, i32)>, DbErr> {
    let rows = renewal_warning::Entity::find().filter(renewal_warning::Column::CompletionId.is_in(of.iter().copied())).all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.completion_id, row.days)).collect())
}

//! Weekly windows, leave and extra time.

use anyhow::Context;
use chrono_tz::Tz;
use entity::{availability_exception, availability_window};
use rules::availability::{Exception, Window};
use rules::id::{ChampionId, ExceptionId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::row;
use crate::error::Fault;

/// The windows of champions.
pub async fn windows(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<availability_window::Model>, DbErr> {
    let of = availability_window::Entity::find().filter(availability_window::Column::ChampionId.is_in(champions.iter().copied()));
    of.order_by_asc(availability_window::Column::Id).all(conn).await
}

/// The exceptions of champions.
pub async fn exceptions(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<availability_exception::Model>, DbErr> {
    let of = availability_exception::Entity::find().filter(availability_exception::Column::ChampionId.is_in(champions.iter().copied()));
    of.order_by_asc(availability_exception::Column::FirstDate).order_by_asc(availability_exception::Column::Id).all(conn).await
}

/// One exception.
pub async fn exception(conn: &impl ConnectionTrait, id: ExceptionId) -> Result<Option<availability_exception::Model>, DbErr> {
    availability_exception::Entity::find_by_id(id).one(conn).await
}

/// Removes an exception.
pub async fn remove_exception(conn: &impl ConnectionTrait, id: ExceptionId) -> Result<(), DbErr> {
    availability_exception::Entity::delete_by_id(id).exec(conn).await.map(|_| ())
}

/// Replaces the windows of a champion.
pub async fn replace_windows(
    conn: &impl ConnectionTrait,
    champion: ChampionId,
    windows: Vec<availability_window::Model>,
) -> Result<(), DbErr> {
    availability_window::Entity::delete_many().filter(availability_window::Column::ChampionId.eq(champion)).exec(conn).await?;
    row::insert_all(conn, windows).await
}

/// A stored zone name as the rules read it.
pub fn zone(name: &str) -> Result<Tz, Fault> {
    Ok(name.parse::<Tz>().ok().with_context(|| format!("the stored time zone {name:?} is not known"))?)
}

/// A window as the rules read it.
pub fn window_fact(row: &availability_window::Model) -> Result<Window, Fault> {
    Ok(Window {
        weekday: row.weekday,
        starts: row.starts,
        ends: row.ends,
        zone: zone(&row.zone)?,
        every_weeks: u32::try_from(row.every_weeks).unwrap_or(1),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        modality: row.modality,
    })
}

/// An exception as the rules read it.
pub fn exception_fact(row: &availability_exception::Model) -> Result<Exception, Fault> {
    Ok(Exception { kind: row.kind, first: row.first_date, last: row.last_date, times: row.starts.zip(row.ends), zone: zone(&row.zone)? })
}

//! How champions travel: kept in the database, so that every replica judges a journey alike.

use entity::setting;
use rules::travel::Pace;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

const BUFFER: &str = "travel_buffer_minutes";
const SPEED: &str = "travel_metres_per_minute";

/// How champions travel; the default until somebody has said otherwise.
pub async fn pace(conn: &impl ConnectionTrait) -> Result<Pace, DbErr> {
    let rows = setting::Entity::find().filter(setting::Column::Key.is_in([BUFFER, SPEED])).all(conn).await?;
    let read = |key: &str| rows.iter().find(|row| row.key == key)?.value.parse().ok();
    Ok(read(BUFFER).zip(read(SPEED)).and_then(|(buffer, speed)| Pace::new(buffer, speed)).unwrap_or_default())
}

/// Says how champions travel, for every replica on this database.
pub async fn agree(conn: &impl ConnectionTrait, pace: Pace) -> Result<(), DbErr> {
    let row = |key: &str, value: i64| setting::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_string()) };
    let rows = [row(BUFFER, pace.buffer), row(SPEED, pace.speed)];
    let again = OnConflict::column(setting::Column::Key).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert_many(rows).on_conflict(again).exec_without_returning(conn).await.map(|_| ())
}

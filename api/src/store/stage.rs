//! The limits of stages.

use std::collections::HashMap;

use entity::stage_limit;
use rules::champion::Membership;
use rules::stage::Limit;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};

/// The limits that were set.
pub async fn limits(conn: &impl ConnectionTrait) -> Result<HashMap<Membership, Limit>, DbErr> {
    let rows = stage_limit::Entity::find().all(conn).await?;
    let limit = |row: &stage_limit::Model| Limit { ideal_days: row.ideal_days.into(), most_days: row.most_days.into() };
    Ok(rows.iter().map(|row| (row.stage, limit(row))).collect())
}

/// Sets the limit of a stage.
pub async fn set(conn: &impl ConnectionTrait, row: stage_limit::Model) -> Result<(), DbErr> {
    use stage_limit::Column;
    let update = [Column::IdealDays, Column::MostDays, Column::ChangedBy, Column::ChangedAt];
    stage_limit::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Stage).update_columns(update).to_owned())
        .exec_without_returning(conn)
        .await
        .map(|_| ())
}

//! An effect that leaves the database: written with what caused it, delivered afterwards, at least once.

use sea_orm::entity::prelude::*;

/// An effect that leaves the database: written with what caused it, delivered afterwards, at least once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: DateTimeUtc,
    pub topic: String,
    pub payload: String,
    pub attempts: i32,
    pub delivered_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

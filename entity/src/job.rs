//! Periodic work: when it is due, and which replica holds it.

use sea_orm::entity::prelude::*;

/// Periodic work: when it is due, and which replica holds it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub due_at: DateTimeUtc,
    pub held_by: Option<Uuid>,
    pub held_until: Option<DateTimeUtc>,
    pub ran_at: Option<DateTimeUtc>,
    /// Failures in a row.
    pub failures: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

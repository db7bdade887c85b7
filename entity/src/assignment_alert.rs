//! A confirmed assignment that a changed fact has broken. Why is judged when it is asked, and never stored.

use rules::id::AssignmentId;
use sea_orm::entity::prelude::*;

/// A confirmed assignment that a changed fact has broken. Why is judged when it is asked, and never stored.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assignment_alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub assignment_id: AssignmentId,
    pub raised_at: DateTimeUtc,
    pub settled_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

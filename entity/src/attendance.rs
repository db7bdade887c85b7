//! Whether a champion came, and for how long: one row a step, and the last one stands.

use rules::attendance::AttendanceStatus;
use rules::id::{AccountId, AssignmentId, AttendanceId};
use sea_orm::entity::prelude::*;

/// Whether a champion came, and for how long: one row a step, and the last one stands.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "attendance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttendanceId,
    pub assignment_id: AssignmentId,
    pub step: i32,
    pub status: AttendanceStatus,
    pub minutes: i32,
    pub approved: bool,
    pub recorded_by: Option<AccountId>,
    pub recorded_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

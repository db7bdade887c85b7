//! What bank holidays mean to a group.

use rules::holiday::BankHolidayPolicy;
use rules::id::GroupId;
use sea_orm::entity::prelude::*;

/// What bank holidays mean to a group.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "group_calendar")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: GroupId,
    pub bank_holidays: BankHolidayPolicy,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

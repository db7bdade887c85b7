//! How many days a stage should take, and may take, where somebody has said otherwise than the rules.

use rules::champion::Membership;
use rules::id::AccountId;
use sea_orm::entity::prelude::*;

/// How many days a stage should take, and may take, where somebody has said otherwise than the rules.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_limit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub stage: Membership,
    pub ideal_days: i32,
    pub most_days: i32,
    pub changed_by: Option<AccountId>,
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

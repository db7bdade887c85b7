//! A warning that a completion will lapse, sent so many days before. Once each.

use rules::id::CompletionId;
use sea_orm::entity::prelude::*;

/// A warning that a completion will lapse, sent so many days before. Once each.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "renewal_warning")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub completion_id: CompletionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub days: i32,
    pub sent_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

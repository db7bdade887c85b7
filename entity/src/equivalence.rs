//! The certificate of somebody else that a completion rests on.

use rules::id::CompletionId;
use sea_orm::entity::prelude::*;

/// The certificate of somebody else that a completion rests on.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "equivalence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub completion_id: CompletionId,
    pub certificate: String,
    pub issuer: String,
    /// What the trainer saw.
    pub seen: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

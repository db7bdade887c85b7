//! Whether champions take places of this session by themselves, whatever its group says.

use rules::id::SessionId;
use sea_orm::entity::prelude::*;

/// Whether champions take places of this session by themselves, whatever its group says.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_sign_up")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    pub open: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What leaders and coordinators were told puts a session at risk. Open until it is mended.

use rules::id::SessionId;
use rules::staffing::RiskCause;
use sea_orm::entity::prelude::*;

/// What leaders and coordinators were told puts a session at risk. Open until it is mended.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub session_id: SessionId,
    pub cause: RiskCause,
    pub raised_at: DateTimeUtc,
    pub settled_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Who did what to which record, and when; never changed. Holds no personal values.

use rules::id::{AccountId, AuditId, ClientId};
use sea_orm::entity::prelude::*;

/// Who did what to which record, and when; never changed. Holds no personal values.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    pub at: DateTimeUtc,
    pub actor_id: Option<AccountId>,
    pub client_id: Option<ClientId>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Option<Uuid>,
    pub outcome: String,
    pub detail: String,
    pub request_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

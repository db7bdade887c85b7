//! A subscription to the DBS Update Service, and the lease of whoever is asking about it just now.

use rules::dbs::update_service::UpdateState;
use rules::id::{AccountId, DbsCheckId};
use sea_orm::entity::prelude::*;

/// A subscription to the DBS Update Service, and the lease of whoever is asking about it just now.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dbs_subscription")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: DbsCheckId,
    pub state: UpdateState,
    pub joined_on: Date,
    pub surname: String,
    pub wording_version: String,
    pub agreed_at: DateTimeUtc,
    pub recorded_by: Option<AccountId>,
    pub stale_since: Option<DateTimeUtc>,
    pub checked_at: Option<DateTimeUtc>,
    pub failures: i32,
    pub next_check_at: Option<DateTimeUtc>,
    pub lease_id: Option<Uuid>,
    pub lease_until: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

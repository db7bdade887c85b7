//! A secret address of a calendar; the secret itself is not kept.

use rules::id::{AccountId, CalendarFeedId, GroupId};
use sea_orm::entity::prelude::*;

/// A secret address of a calendar; the secret itself is not kept.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_feed")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CalendarFeedId,
    pub account_id: AccountId,
    /// None for the account's own calendar.
    pub group_id: Option<GroupId>,
    pub secret_hash: String,
    pub created_at: DateTimeUtc,
    pub reset_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! One dated session: its wall-clock time and zone are the truth, the instants are worked out from them.

use rules::dbs::{Audience, DbsLevel, DbsWorkforce};
use rules::id::{GroupId, SessionId, VenueId};
use rules::session::{Modality, SessionStatus, Setting};
use sea_orm::entity::prelude::*;

/// One dated session: its wall-clock time and zone are the truth, the instants are worked out from them.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub group_id: GroupId,
    pub venue_id: Option<VenueId>,
    pub title: String,
    pub modality: Modality,
    pub setting: Setting,
    pub audience: Audience,
    pub weekly: bool,
    pub handles_money: bool,
    pub overnight: bool,
    pub responsible_adult: bool,
    pub language: Option<String>,
    pub local_date: Date,
    pub local_start: Time,
    pub minutes: i32,
    pub zone: String,
    pub starts_at: DateTimeUtc,
    pub ends_at: DateTimeUtc,
    pub status: SessionStatus,
    pub dbs_level: Option<DbsLevel>,
    pub dbs_workforce: Option<DbsWorkforce>,
    pub dbs_adults_barred: bool,
    pub dbs_children_barred: bool,
    pub cancel_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Sessions that repeat: wall time, zone, rule, and what each session is made like.

use rules::id::{GroupId, SeriesId, VenueId};
use sea_orm::entity::prelude::*;

/// Sessions that repeat: wall time, zone, rule, and what each session is made like.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "series")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SeriesId,
    pub group_id: GroupId,
    pub venue_id: Option<VenueId>,
    pub title: String,
    pub rule: String,
    pub first_on: Date,
    pub until_on: Option<Date>,
    pub local_start: Time,
    pub minutes: i32,
    pub zone: String,
    /// The rest of what a session is made like, as JSON.
    pub nature: String,
    /// The series it was cut from.
    pub continues_id: Option<SeriesId>,
    /// Sessions stand in the calendar until this date; none if it is to be looked through again.
    pub made_until: Option<Date>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A champion's seat at a dated training session, or their place on its waiting list.

use rules::cohort::SeatStatus;
use rules::id::{ChampionId, CohortId, SeatId};
use sea_orm::entity::prelude::*;

/// A champion's seat at a dated training session, or their place on its waiting list.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cohort_seat")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SeatId,
    pub cohort_id: CohortId,
    pub champion_id: ChampionId,
    pub status: SeatStatus,
    pub joined_at: DateTimeUtc,
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

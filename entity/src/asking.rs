//! Why a champion was asked: beside the offer, for the log.

use rules::id::{OfferId, StandInId, WavesId};
use sea_orm::entity::prelude::*;

/// Why a champion was asked: beside the offer, for the log.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "asking")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub offer_id: OfferId,
    pub waves_id: Option<WavesId>,
    pub wave: Option<i32>,
    pub because: Option<String>,
    /// The search for a stand-in it is for; none for a place that is open.
    pub stand_in_id: Option<StandInId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! A date taken out of a series (EXDATE), or put in (RDATE).

use rules::id::SeriesId;
use sea_orm::entity::prelude::*;

/// A date taken out of a series (EXDATE), or put in (RDATE).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "series_date")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub series_id: SeriesId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub on_date: Date,
    pub added: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Which date of which series a session is, wherever it was moved to.

use rules::id::{SeriesId, SessionId};
use sea_orm::entity::prelude::*;

/// Which date of which series a session is, wherever it was moved to.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "occurrence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    pub series_id: SeriesId,
    pub on_date: Date,
    pub moved: bool,
    /// A closure called it off, and nothing else has: it comes back when the group is open again.
    pub closed: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

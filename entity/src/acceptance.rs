//! An organisation's own word on a champion: the decision, never the detail behind it. The latest counts.

use rules::acceptance::ReliesOn;
use rules::id::{AcceptanceId, AccountId, ChampionId, OrganisationId};
use sea_orm::entity::prelude::*;

/// An organisation's own word on a champion: the decision, never the detail behind it. The latest counts.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "acceptance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AcceptanceId,
    pub organisation_id: OrganisationId,
    pub champion_id: ChampionId,
    pub accepted: bool,
    pub relies_on: ReliesOn,
    pub decided_by: Option<AccountId>,
    pub decided_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

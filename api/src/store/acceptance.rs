//! What organisations have said about champions; never changed, the latest counts.

use std::collections::HashMap;

use entity::{acceptance, community_group};
use rules::id::{ChampionId, GroupId, OrganisationId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

/// The latest word of each organisation on each of these champions.
pub async fn latest(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<acceptance::Model>, DbErr> {
    let of = acceptance::Entity::find().filter(acceptance::Column::ChampionId.is_in(champions.iter().copied()));
    let mut latest: HashMap<(ChampionId, OrganisationId), acceptance::Model> = HashMap::new();
    for row in of.order_by_asc(acceptance::Column::DecidedAt).order_by_asc(acceptance::Column::Id).all(conn).await? {
        latest.insert((row.champion_id, row.organisation_id), row);
    }
    let mut rows: Vec<acceptance::Model> = latest.into_values().collect();
    rows.sort_by_key(|row| (row.decided_at, row.id));
    Ok(rows)
}

/// The organisations of groups.
pub async fn organisations_of(conn: &impl ConnectionTrait, groups: &[GroupId]) -> Result<Vec<OrganisationId>, DbErr> {
    let rows = community_group::Entity::find().filter(community_group::Column::Id.is_in(groups.iter().copied())).all(conn).await?;
    Ok(rows.into_iter().map(|group| group.organisation_id).collect())
}

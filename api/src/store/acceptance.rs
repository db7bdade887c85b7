//! What organisations have said about champions, never changed, the latest counts; and which of them ask for their own word.

use std::collections::HashMap;

use entity::{acceptance, community_group, organisation};
use rules::acceptance::Accepted;
use rules::id::{ChampionId, GroupId, OrganisationId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QuerySelect};

use crate::clock::local_date;

/// The latest word of each organisation on each of these champions.
pub async fn latest(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<acceptance::Model>, DbErr> {
    let of = acceptance::Entity::find().filter(acceptance::Column::ChampionId.is_in(champions.iter().copied()));
    Ok(latest_of(of.all(conn).await?))
}

fn latest_of(mut rows: Vec<acceptance::Model>) -> Vec<acceptance::Model> {
    rows.sort_by_key(|row| (row.decided_at, row.id));
    let last: HashMap<_, _> = rows.iter().map(|row| ((row.champion_id, row.organisation_id), row.id)).collect();
    rows.retain(|row| last.get(&(row.champion_id, row.organisation_id)) == Some(&row.id));
    rows
}

/// Of these words, those that are the latest and say yes, as the rules read them.
pub fn standing(rows: Vec<acceptance::Model>) -> impl Iterator<Item = (ChampionId, Accepted)> {
    let fact = |row: acceptance::Model| (row.champion_id, Accepted { by: row.organisation_id, since: local_date(row.decided_at) });
    latest_of(rows).into_iter().filter(|row| row.accepted).map(fact)
}

/// Of these groups, those whose organisation asks for its own word: which it is, and its name.
pub async fn asked_by(
    conn: &impl ConnectionTrait,
    groups: impl IntoIterator<Item = GroupId>,
) -> Result<HashMap<GroupId, (OrganisationId, String)>, DbErr> {
    let groups: std::collections::BTreeSet<GroupId> = groups.into_iter().collect();
    let to_organisation = community_group::Entity::belongs_to(organisation::Entity)
        .from(community_group::Column::OrganisationId)
        .to(organisation::Column::Id);
    let rows: Vec<(GroupId, OrganisationId, String)> = community_group::Entity::find()
        .filter(community_group::Column::Id.is_in(groups))
        .join(JoinType::InnerJoin, to_organisation.into())
        .filter(organisation::Column::AsksAcceptance.eq(true))
        .select_only()
        .column(community_group::Column::Id)
        .columns([organisation::Column::Id, organisation::Column::Name])
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|(group, id, name)| (group, (id, name))).collect())
}

/// The organisations of groups.
pub async fn organisations_of(conn: &impl ConnectionTrait, groups: &[GroupId]) -> Result<Vec<OrganisationId>, DbErr> {
    let rows = community_group::Entity::find().filter(community_group::Column::Id.is_in(groups.iter().copied())).all(conn).await?;
    Ok(rows.into_iter().map(|group| group.organisation_id).collect())
}

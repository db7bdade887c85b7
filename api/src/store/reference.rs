//! References asked of those whom champions named.

use chrono::{DateTime, Utc};
use entity::{champion, referee_reference};
use rules::champion::Membership;
use rules::id::{ChampionId, ReferenceId};
use rules::reference::{Reference, ReferenceStatus};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;
use super::row::is;

/// References, oldest first.
pub const BY_ASKING: Sort<referee_reference::Column> =
    Sort { key: referee_reference::Column::AskedAt, id: referee_reference::Column::Id, descending: false };

/// A reference.
pub async fn find(conn: &impl ConnectionTrait, id: ReferenceId) -> Result<Option<referee_reference::Model>, DbErr> {
    referee_reference::Entity::find_by_id(id).one(conn).await
}

/// A reference, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: ReferenceId) -> Result<Option<referee_reference::Model>, DbErr> {
    referee_reference::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The references of champions, oldest first.
pub async fn of(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<referee_reference::Model>, DbErr> {
    let of = referee_reference::Entity::find().filter(referee_reference::Column::ChampionId.is_in(champions.iter().copied()));
    of.order_by_asc(referee_reference::Column::AskedAt).order_by_asc(referee_reference::Column::Id).all(conn).await
}

/// References in these states; in any, if none is named.
pub fn select(statuses: &[ReferenceStatus]) -> Select<referee_reference::Entity> {
    let all = referee_reference::Entity::find();
    if statuses.is_empty() { all } else { all.filter(referee_reference::Column::Status.is_in(statuses.iter().copied())) }
}

/// Those whose referee is to be reminded, or whose time is over.
pub async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>, most: u64) -> Result<Vec<referee_reference::Model>, DbErr> {
    referee_reference::Entity::find()
        .filter(is(referee_reference::Column::Status, ReferenceStatus::Asked.code()))
        .filter(referee_reference::Column::NextAt.lte(now))
        .order_by_asc(referee_reference::Column::NextAt)
        .limit(most)
        .all(conn)
        .await
}

/// Those that still name a referee, of applicants who were not taken on before `applicants`, and of members who left before `leavers`.
pub async fn kept_too_long(
    conn: &impl ConnectionTrait,
    applicants: DateTime<Utc>,
    leavers: DateTime<Utc>,
    most: u64,
) -> Result<Vec<referee_reference::Model>, DbErr> {
    let since = |memberships: &[Membership], at: DateTime<Utc>| {
        Condition::all()
            .add(champion::Column::Membership.is_in(memberships.iter().copied()))
            .add(champion::Column::MembershipChangedAt.lte(at))
    };
    let gone =
        Condition::any().add(since(&[Membership::Declined, Membership::Withdrawn], applicants)).add(since(&[Membership::Left], leavers));
    let gone = Query::select().column(champion::Column::Id).from(champion::Entity).cond_where(gone).to_owned();
    referee_reference::Entity::find()
        .filter(referee_reference::Column::RemovedAt.is_null())
        .filter(referee_reference::Column::ChampionId.in_subquery(gone))
        .limit(most)
        .all(conn)
        .await
}

/// A reference as the rules read it.
pub fn fact(row: &referee_reference::Model) -> Reference {
    Reference { id: row.id, mailbox: row.email_key.clone(), level: row.level, status: row.status, decided_at: row.decided_at }
}

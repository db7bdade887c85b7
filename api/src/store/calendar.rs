//! The secret addresses of calendars, and what stands in them.

use chrono::{DateTime, Utc};
use entity::{assignment, calendar_feed, offer, session};
use rules::id::{AccountId, CalendarFeedId, ChampionId, GroupId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// A feed.
pub async fn find(conn: &impl ConnectionTrait, id: CalendarFeedId) -> Result<Option<calendar_feed::Model>, DbErr> {
    calendar_feed::Entity::find_by_id(id).one(conn).await
}

/// A feed, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: CalendarFeedId) -> Result<Option<calendar_feed::Model>, DbErr> {
    calendar_feed::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The live feed with this secret.
pub async fn by_secret(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<calendar_feed::Model>, DbErr> {
    let of = calendar_feed::Entity::find().filter(calendar_feed::Column::SecretHash.eq(hash));
    of.filter(calendar_feed::Column::RevokedAt.is_null()).one(conn).await
}

/// The live feeds of accounts, oldest first.
pub async fn of_accounts(conn: &impl ConnectionTrait, accounts: &[AccountId]) -> Result<Vec<calendar_feed::Model>, DbErr> {
    let of = calendar_feed::Entity::find().filter(calendar_feed::Column::AccountId.is_in(accounts.iter().copied()));
    of.filter(calendar_feed::Column::RevokedAt.is_null()).order_by_asc(calendar_feed::Column::Id).all(conn).await
}

/// A champion's assignments to sessions that end from `from` on.
pub async fn assignments(conn: &impl ConnectionTrait, of: ChampionId, from: DateTime<Utc>) -> Result<Vec<assignment::Model>, DbErr> {
    use assignment::Column;
    let of = assignment::Entity::find().filter(Column::ChampionId.eq(of)).filter(Column::EndsAt.gte(from));
    of.order_by_asc(Column::Id).all(conn).await
}

/// The offers to a champion that were sent from `from` on.
pub async fn offers(conn: &impl ConnectionTrait, to: ChampionId, from: DateTime<Utc>) -> Result<Vec<offer::Model>, DbErr> {
    use offer::Column;
    let of = offer::Entity::find().filter(Column::ChampionId.eq(to)).filter(Column::SentAt.gte(from));
    of.order_by_asc(Column::Id).all(conn).await
}

/// A group's sessions that end from `from` on, by their start.
pub async fn sessions(conn: &impl ConnectionTrait, of: GroupId, from: DateTime<Utc>) -> Result<Vec<session::Model>, DbErr> {
    use session::Column;
    let of = session::Entity::find().filter(Column::GroupId.eq(of)).filter(Column::EndsAt.gte(from));
    of.order_by_asc(Column::StartsAt).order_by_asc(Column::Id).all(conn).await
}

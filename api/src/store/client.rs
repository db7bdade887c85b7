//! Partner clients and their keys.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{api_client, client_key};
use rules::id::{ClientId, ClientKeyId};
use sea_orm::sea_query::{Cond, Expr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;

/// Clients, by name.
pub const CLIENTS: Sort<api_client::Column> = Sort { key: api_client::Column::Name, id: api_client::Column::Id, descending: false };

/// A key's last use is noted at most so often: reading must not become writing.
const NOTED: TimeDelta = TimeDelta::hours(1);

/// Every client.
pub fn clients() -> Select<api_client::Entity> {
    api_client::Entity::find()
}

/// Every client, by name.
pub async fn all(conn: &impl ConnectionTrait) -> Result<Vec<api_client::Model>, DbErr> {
    clients().order_by_asc(api_client::Column::Name).all(conn).await
}

/// Every client that is not switched off.
pub async fn enabled(conn: &impl ConnectionTrait) -> Result<Vec<api_client::Model>, DbErr> {
    clients().filter(api_client::Column::DisabledAt.is_null()).all(conn).await
}

/// A client.
pub async fn find(conn: &impl ConnectionTrait, id: ClientId) -> Result<Option<api_client::Model>, DbErr> {
    api_client::Entity::find_by_id(id).one(conn).await
}

/// A client, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: ClientId) -> Result<Option<api_client::Model>, DbErr> {
    api_client::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

fn live(now: DateTime<Utc>) -> Cond {
    Cond::any().add(client_key::Column::ExpiresAt.is_null()).add(client_key::Column::ExpiresAt.gt(now))
}

async fn holder(
    conn: &impl ConnectionTrait,
    key: Option<client_key::Model>,
) -> Result<Option<(api_client::Model, client_key::Model)>, DbErr> {
    let Some(key) = key else { return Ok(None) };
    let client = find(conn, key.client_id).await?.filter(|client| client.disabled_at.is_none());
    Ok(client.map(|client| (client, key)))
}

/// The client whose key has this hash, unless either is over.
pub async fn by_hash(
    conn: &impl ConnectionTrait,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<(api_client::Model, client_key::Model)>, DbErr> {
    let key = client_key::Entity::find().filter(client_key::Column::Hash.eq(hash)).filter(live(now)).one(conn).await?;
    holder(conn, key).await
}

/// The client of a key, unless either is over.
pub async fn by_key(
    conn: &impl ConnectionTrait,
    id: ClientKeyId,
    now: DateTime<Utc>,
) -> Result<Option<(api_client::Model, client_key::Model)>, DbErr> {
    let key = client_key::Entity::find_by_id(id).filter(live(now)).one(conn).await?;
    holder(conn, key).await
}

/// The keys of a client that are not over.
pub async fn live_keys(conn: &impl ConnectionTrait, client: ClientId, now: DateTime<Utc>) -> Result<Vec<client_key::Model>, DbErr> {
    client_key::Entity::find().filter(client_key::Column::ClientId.eq(client)).filter(live(now)).all(conn).await
}

/// A key, locked.
pub async fn lock_key(conn: &impl ConnectionTrait, id: ClientKeyId) -> Result<Option<client_key::Model>, DbErr> {
    client_key::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Notes that a key was used, unless that was noted lately.
pub async fn used(conn: &impl ConnectionTrait, key: &client_key::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    if key.last_used_at.is_some_and(|noted| now < noted + NOTED) {
        return Ok(());
    }
    client_key::Entity::update_many()
        .col_expr(client_key::Column::LastUsedAt, Expr::value(now))
        .filter(client_key::Column::Id.eq(key.id))
        .exec(conn)
        .await
        .map(|_| ())
}

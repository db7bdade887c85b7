//! Sign-ins through an identity provider: who is on the way, who is which account, and which roles came with groups.

use chrono::{DateTime, Utc};
use entity::{provider_attempt, provider_link, provider_role, role_grant};
use rules::id::AccountId;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

/// Takes up what was begun: true once, before its end, for the browser that began it.
pub async fn take_up(conn: &impl ConnectionTrait, state_hash: &str, browser_hash: &str, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let taken = provider_attempt::Entity::delete_many()
        .filter(provider_attempt::Column::StateHash.eq(state_hash))
        .filter(provider_attempt::Column::BrowserHash.eq(browser_hash))
        .filter(provider_attempt::Column::ExpiresAt.gt(now))
        .exec(conn)
        .await?;
    Ok(taken.rows_affected > 0)
}

/// Removes what was begun and never taken up.
pub async fn tidy(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let over = provider_attempt::Entity::delete_many().filter(provider_attempt::Column::ExpiresAt.lte(now)).exec(conn).await?;
    Ok(over.rows_affected)
}

/// Whom an issuer calls by this name.
pub async fn link(conn: &impl ConnectionTrait, issuer: &str, subject: &str) -> Result<Option<provider_link::Model>, DbErr> {
    provider_link::Entity::find_by_id((issuer.to_owned(), subject.to_owned())).one(conn).await
}

/// Whether an issuer has a name for an account.
pub async fn is_linked(conn: &impl ConnectionTrait, issuer: &str, account: AccountId) -> Result<bool, DbErr> {
    let links = provider_link::Entity::find().filter(provider_link::Column::Issuer.eq(issuer));
    Ok(links.filter(provider_link::Column::AccountId.eq(account)).one(conn).await?.is_some())
}

/// Forgets every name of an account; says how many there were.
pub async fn unlink(conn: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    Ok(provider_link::Entity::delete_many().filter(provider_link::Column::AccountId.eq(account)).exec(conn).await?.rows_affected)
}

/// Which of an account's roles came with groups, by the ids of their rows.
pub async fn by_group(conn: &impl ConnectionTrait, account: AccountId) -> Result<Vec<Uuid>, DbErr> {
    let theirs = role_grant::Entity::find().select_only().column(role_grant::Column::Id).filter(role_grant::Column::AccountId.eq(account));
    let rows = provider_role::Entity::find().filter(provider_role::Column::GrantId.in_subquery(theirs.into_query())).all(conn).await?;
    Ok(rows.into_iter().map(|row| row.grant_id).collect())
}

/// Makes a role that came with a group one that was given by hand; says whether it came with a group.
pub async fn by_hand(conn: &impl ConnectionTrait, grant: Uuid) -> Result<bool, DbErr> {
    Ok(provider_role::Entity::delete_by_id(grant).exec(conn).await?.rows_affected > 0)
}

//! Sign-ins, their refresh tokens, and links by e-mail.

use chrono::{DateTime, Utc};
use entity::{account, account_link, refresh_token, sign_in};
use rules::id::{AccountId, SignInId};
use rules::sign_in::{EndReason, Family, IDLE, LONGEST};
use sea_orm::sea_query::{Cond, Expr, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// What the rule reads of a row.
pub fn family(row: &sign_in::Model) -> Family {
    Family { generation: row.generation, rotated_at: row.rotated_at, created_at: row.created_at, ended: row.ended_at.is_some() }
}

/// The account of a sign-in, if it may act: active, and of this epoch.
pub async fn standing(conn: &impl ConnectionTrait, account: AccountId, epoch: i64) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find_by_id(account).filter(account::Column::Active.eq(true)).filter(account::Column::Epoch.eq(epoch)).one(conn).await
}

/// A refresh token by its hash.
pub async fn token(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<refresh_token::Model>, DbErr> {
    refresh_token::Entity::find_by_id(hash.to_owned()).one(conn).await
}

/// A sign-in, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: SignInId) -> Result<Option<sign_in::Model>, DbErr> {
    sign_in::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// The sign-ins of an account that are not over, newest first.
pub async fn open(conn: &impl ConnectionTrait, account: AccountId, epoch: i64, now: DateTime<Utc>) -> Result<Vec<sign_in::Model>, DbErr> {
    sign_in::Entity::find()
        .filter(sign_in::Column::AccountId.eq(account))
        .filter(sign_in::Column::Epoch.eq(epoch))
        .filter(sign_in::Column::EndedAt.is_null())
        .filter(sign_in::Column::RotatedAt.gt(now - IDLE))
        .filter(sign_in::Column::CreatedAt.gt(now - LONGEST))
        .order_by_desc(sign_in::Column::Id)
        .limit(100)
        .all(conn)
        .await
}

/// Ends a sign-in that has not ended; says whether there was one.
pub async fn end(
    conn: &impl ConnectionTrait,
    account: AccountId,
    id: SignInId,
    reason: EndReason,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let done = sign_in::Entity::update_many()
        .col_expr(sign_in::Column::EndedAt, Expr::value(now))
        .col_expr(sign_in::Column::EndReason, Expr::value(reason.code()))
        .filter(sign_in::Column::Id.eq(id))
        .filter(sign_in::Column::AccountId.eq(account))
        .filter(sign_in::Column::EndedAt.is_null())
        .exec(conn)
        .await?;
    Ok(done.rows_affected > 0)
}

/// A link, locked.
pub async fn lock_link(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<account_link::Model>, DbErr> {
    account_link::Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// A link.
pub async fn link(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<account_link::Model>, DbErr> {
    account_link::Entity::find_by_id(id).one(conn).await
}

/// Removes what is over: links a day after their end, and the tokens of sign-ins that nobody can use any more.
pub async fn tidy(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let a_day_ago = now - chrono::TimeDelta::days(1);
    let links = account_link::Entity::delete_many().filter(account_link::Column::ExpiresAt.lt(a_day_ago)).exec(conn).await?;
    let over = Cond::any()
        .add(sign_in::Column::EndedAt.lt(a_day_ago))
        .add(sign_in::Column::RotatedAt.lt(a_day_ago - IDLE))
        .add(sign_in::Column::CreatedAt.lt(a_day_ago - LONGEST));
    let ids = Query::select().column(sign_in::Column::Id).from(sign_in::Entity).cond_where(over.clone()).to_owned();
    let tokens = refresh_token::Entity::delete_many().filter(refresh_token::Column::SignInId.in_subquery(ids)).exec(conn).await?;
    let families = sign_in::Entity::delete_many().filter(over).exec(conn).await?;
    Ok(links.rows_affected + tokens.rows_affected + families.rows_affected)
}

//! Accounts, their roles, and partner clients.

use entity::{account, api_client, champion, client_document, module_trainer, role_grant};
use rules::id::{AccountId, ModuleId};
use rules::policy::{Caller, Role};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

/// An account by its e-mail key.
pub async fn by_email(conn: &impl ConnectionTrait, key: &str) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find().filter(account::Column::EmailKey.eq(key)).one(conn).await
}

/// An account.
pub async fn find(conn: &impl ConnectionTrait, id: AccountId) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find_by_id(id).one(conn).await
}

/// Everything the policy reads of a signed-in caller: three statements, whatever the roles.
pub async fn caller(conn: &impl ConnectionTrait, account: AccountId) -> Result<Caller, DbErr> {
    let grants = grants(conn, account).await?;
    let trains: Vec<ModuleId> = module_trainer::Entity::find()
        .filter(module_trainer::Column::AccountId.eq(account))
        .all(conn)
        .await?
        .into_iter()
        .map(|row| row.module_id)
        .collect();
    let champion = champion::Entity::find().filter(champion::Column::AccountId.eq(account)).one(conn).await?;
    let mut roles: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
    roles.sort();
    roles.dedup();
    let leads = grants.iter().filter(|grant| grant.role == Role::GroupLeader).filter_map(|grant| grant.group_id).collect();
    Ok(Caller { account: Some(account), champion: champion.map(|c| c.id), roles, leads, trains, client: None })
}

/// The roles of an account, oldest first.
pub async fn grants(conn: &impl ConnectionTrait, account: AccountId) -> Result<Vec<role_grant::Model>, DbErr> {
    role_grant::Entity::find().filter(role_grant::Column::AccountId.eq(account)).order_by_asc(role_grant::Column::Id).all(conn).await
}

/// Takes a role away and ends the account's tokens.
pub async fn revoke(conn: &impl ConnectionTrait, grant: &role_grant::Model) -> Result<(), DbErr> {
    role_grant::Entity::delete_by_id(grant.id).exec(conn).await?;
    end_tokens(conn, grant.account_id).await
}

/// The administrators' roles, locked: who counts them and takes one away does so alone.
pub async fn lock_administrators(conn: &impl ConnectionTrait) -> Result<Vec<role_grant::Model>, DbErr> {
    let all = role_grant::Entity::find().filter(role_grant::Column::Role.eq(Role::Administrator));
    all.order_by_asc(role_grant::Column::Id).lock_exclusive().all(conn).await
}

/// One role.
pub async fn grant(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<role_grant::Model>, DbErr> {
    role_grant::Entity::find_by_id(id).one(conn).await
}

/// Ends every token of an account at once.
pub async fn end_tokens(conn: &impl ConnectionTrait, account: AccountId) -> Result<(), DbErr> {
    account::Entity::update_many()
        .col_expr(account::Column::Epoch, Expr::cust("epoch + 1"))
        .filter(account::Column::Id.eq(account))
        .exec(conn)
        .await
        .map(|_| ())
}

/// A partner client by the hash of its key, unless it is disabled.
pub async fn client_by_hash(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<api_client::Model>, DbErr> {
    let found = api_client::Entity::find().filter(api_client::Column::KeyHash.eq(hash));
    found.filter(api_client::Column::DisabledAt.is_null()).one(conn).await
}

/// Every enabled client.
pub async fn clients(conn: &impl ConnectionTrait) -> Result<Vec<api_client::Model>, DbErr> {
    api_client::Entity::find().filter(api_client::Column::DisabledAt.is_null()).all(conn).await
}

/// The documents of every enabled client.
pub async fn client_documents(conn: &impl ConnectionTrait) -> Result<Vec<client_document::Model>, DbErr> {
    let enabled = api_client::Entity::find().select_only().column(api_client::Column::Id).filter(api_client::Column::DisabledAt.is_null());
    client_document::Entity::find().filter(client_document::Column::ClientId.in_subquery(enabled.into_query())).all(conn).await
}

/// Registers documents; those that are there stay as they are.
pub async fn register(conn: &impl ConnectionTrait, documents: Vec<client_document::Model>) -> Result<(), DbErr> {
    use client_document::Column;
    let there = OnConflict::columns([Column::ClientId, Column::Hash]).do_nothing().to_owned();
    for document in documents {
        client_document::Entity::insert(document.into_active_model().reset_all())
            .on_conflict(there.clone())
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

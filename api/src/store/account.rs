//! Accounts and their roles.

use std::collections::HashMap;

use entity::{account, api_client, champion, client_document, module_trainer, role_grant, sign_in};
use rules::id::{AccountId, ChampionId, GroupId, ModuleId, SignInId};
use rules::policy::{Caller, Role};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
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

/// What an access token of an account says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    pub account: AccountId,
    /// The account's epoch when the token was made.
    pub epoch: i64,
    /// The sign-in it belongs to; none for one that an operator made.
    pub sign_in: Option<SignInId>,
}

/// The most holders that are looked for with one statement.
const HOLDERS: usize = 64;

/// Everything the policy reads of those who hold access tokens, each as far as theirs is still good: one statement, however many ask.
pub async fn callers(conn: &impl ConnectionTrait, holders: &[Holder]) -> Result<Vec<Option<Caller>>, DbErr> {
    let mut callers = Vec::with_capacity(holders.len());
    for some in holders.chunks(HOLDERS) {
        let accounts = some.iter().map(|holder| holder.account).collect();
        let known = standing(conn, accounts, some.iter().filter_map(|holder| holder.sign_in).collect()).await?;
        callers.extend(some.iter().map(|holder| {
            let of = known.get(&holder.account).filter(|of| of.epoch == holder.epoch)?;
            let open = holder.sign_in.is_none_or(|sign_in| of.open.contains(&sign_in));
            open.then(|| Caller { sign_in: holder.sign_in, ..of.caller.clone() })
        }));
    }
    Ok(callers)
}

/// The same of an account that nobody has signed in to here, if it is active.
pub async fn absent(conn: &impl ConnectionTrait, account: AccountId) -> Result<Option<Caller>, DbErr> {
    Ok(standing(conn, vec![account], Vec::new()).await?.remove(&account).map(|of| of.caller))
}

/// An active account.
#[derive(Debug)]
struct Standing {
    epoch: i64,
    caller: Caller,
    /// Sign-ins that have not ended, of those that were asked about.
    open: Vec<SignInId>,
}

async fn standing(
    conn: &impl ConnectionTrait,
    accounts: Vec<AccountId>,
    sign_ins: Vec<SignInId>,
) -> Result<HashMap<AccountId, Standing>, DbErr> {
    type Row = (AccountId, i64, Option<ChampionId>, Option<Role>, Option<GroupId>, Option<ModuleId>, Option<SignInId>);
    let to_champion = account::Entity::belongs_to(champion::Entity).from(account::Column::Id).to(champion::Column::AccountId);
    let to_grants = account::Entity::belongs_to(role_grant::Entity).from(account::Column::Id).to(role_grant::Column::AccountId);
    let to_modules = account::Entity::belongs_to(module_trainer::Entity).from(account::Column::Id).to(module_trainer::Column::AccountId);
    let sign_ins = padded(sign_ins);
    let to_open = account::Entity::belongs_to(sign_in::Entity).from(account::Column::Id).to(sign_in::Column::AccountId);
    let to_open = to_open.on_condition(move |_, _| {
        Condition::all().add(sign_in::Column::EndedAt.is_null()).add(sign_in::Column::Id.is_in(sign_ins.iter().copied()))
    });
    let rows: Vec<Row> = account::Entity::find()
        .filter(account::Column::Id.is_in(padded(accounts)))
        .filter(account::Column::Active.eq(true))
        .join(JoinType::LeftJoin, to_champion.into())
        .join(JoinType::LeftJoin, to_grants.into())
        .join(JoinType::LeftJoin, to_modules.into())
        .join(JoinType::LeftJoin, to_open.into())
        .select_only()
        .columns([account::Column::Id, account::Column::Epoch])
        .column(champion::Column::Id)
        .columns([role_grant::Column::Role, role_grant::Column::GroupId])
        .column(module_trainer::Column::ModuleId)
        .column(sign_in::Column::Id)
        .order_by_asc(role_grant::Column::Id)
        .into_tuple()
        .all(conn)
        .await?;
    // Every role stands beside every module and every sign-in: each is taken once.
    let mut found: HashMap<AccountId, Standing> = HashMap::new();
    for (account, epoch, champion, role, group, module, sign_in) in rows {
        let Standing { caller, open, .. } = found.entry(account).or_insert_with(|| {
            let caller = Caller { account: Some(account), champion, ..Caller::default() };
            Standing { epoch, caller, open: Vec::new() }
        });
        let leads = group.filter(|_| role == Some(Role::GroupLeader));
        caller.roles.extend(role.filter(|role| !caller.roles.contains(role)));
        caller.leads.extend(leads.filter(|group| !caller.leads.contains(group)));
        caller.trains.extend(module.filter(|module| !caller.trains.contains(module)));
        open.extend(sign_in.filter(|sign_in| !open.contains(sign_in)));
    }
    found.values_mut().for_each(|of| of.caller.roles.sort());
    Ok(found)
}

/// Ids for a list in a statement, the last of them again until they are a power of two: so there are few statements to prepare.
fn padded<I: Copy>(mut ids: Vec<I>) -> Vec<I> {
    if let Some(last) = ids.last().copied() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    ids
}

/// The accounts with a role that may sign in, oldest first.
pub async fn holders(conn: &impl ConnectionTrait, role: Role) -> Result<Vec<AccountId>, DbErr> {
    let holders = role_grant::Entity::find().filter(role_grant::Column::Role.eq(role)).all(conn).await?;
    active(conn, holders).await
}

/// The accounts that speak for a group, and those of the coordinators, each once: who may sign in, oldest first.
pub async fn responsible(conn: &impl ConnectionTrait, group: GroupId) -> Result<Vec<AccountId>, DbErr> {
    let leads = Condition::all().add(role_grant::Column::Role.eq(Role::GroupLeader)).add(role_grant::Column::GroupId.eq(group));
    let either = Condition::any().add(leads).add(role_grant::Column::Role.eq(Role::Coordinator));
    active(conn, role_grant::Entity::find().filter(either).all(conn).await?).await
}

async fn active(conn: &impl ConnectionTrait, grants: Vec<role_grant::Model>) -> Result<Vec<AccountId>, DbErr> {
    let holders = grants.into_iter().map(|grant| grant.account_id);
    let active = account::Entity::find().filter(account::Column::Id.is_in(holders)).filter(account::Column::Active.eq(true));
    Ok(active.order_by_asc(account::Column::Id).all(conn).await?.into_iter().map(|account| account.id).collect())
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

/// Whether there is an administrator besides `account` who can sign in. Their roles are locked: who takes one away, or switches one
/// off, does so alone.
pub async fn another_administrates(conn: &impl ConnectionTrait, account: AccountId) -> Result<bool, DbErr> {
    let all = role_grant::Entity::find().filter(role_grant::Column::Role.eq(Role::Administrator));
    let locked = all.order_by_asc(role_grant::Column::Id).lock_exclusive().all(conn).await?;
    let others = locked.iter().map(|grant| grant.account_id).filter(|holder| *holder != account);
    let active = account::Entity::find().filter(account::Column::Id.is_in(others)).filter(account::Column::Active.eq(true));
    Ok(active.one(conn).await?.is_some())
}

/// An account, locked.
pub async fn lock(conn: &impl ConnectionTrait, id: AccountId) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find_by_id(id).lock_exclusive().one(conn).await
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

/// Writes a new password.
pub async fn set_password(conn: &impl ConnectionTrait, account: AccountId, hash: &str) -> Result<(), DbErr> {
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::value(hash))
        .filter(account::Column::Id.eq(account))
        .exec(conn)
        .await
        .map(|_| ())
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

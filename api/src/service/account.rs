//! Accounts: adding, roles, switching off.

use entity::{account, role_grant};
use rules::directory::{CannotAddAccount, CannotDeactivate, CannotGrant, CannotReactivate, CannotRevokeRole, grant as judge_grant};
use rules::id::{AccountId, GroupId};
use rules::input::Email;
use rules::policy::{Action, Relation, Role};
use serde_json::json;
use uuid::Uuid;

use super::{Once, Subject, answered, audited, done, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::{self, directory, row, transact};

/// An account as it was sent.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The e-mail address.
    pub email: Email,
    /// The name.
    pub display_name: String,
    /// The first password, to be passed on by hand.
    pub password: String,
}

/// Adds an account.
pub async fn create(app: &App, call: &Call, once: Option<Once>, new: NewAccount) -> Result<AccountId, Refusal<CannotAddAccount>> {
    let action = Action::AccountCreate;
    if let Err(refused) = call.require::<CannotAddAccount>(action, Relation::Other) {
        return audited(app, call, action, Subject("Account", None), Err(refused)).await;
    }
    let hash = app.passwords.hash(new.password.clone()).await?;
    let result = transact!(app.db, |tx| {
        if let Some(kept) = answered::<AccountId, CannotAddAccount>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if store::account::by_email(&tx, &new.email.key).await?.is_some() {
            return Err(Refusal::rule(CannotAddAccount::EmailTaken));
        }
        let id: AccountId = new_id(call.now);
        let account = account::Model {
            id,
            email: new.email.address.clone(),
            email_key: new.email.key.clone(),
            display_name: new.display_name.clone(),
            password_hash: Some(hash.clone()),
            active: true,
            epoch: 0,
            created_at: call.now,
        };
        row::insert(&tx, account).await?;
        done(&tx, call, action, Subject("Account", Some(id.0)), json!({})).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Account", None), result).await
}

/// Gives a role.
pub async fn grant(
    app: &App,
    call: &Call,
    once: Option<Once>,
    account: AccountId,
    role: Role,
    group: Option<GroupId>,
) -> Result<AccountId, Refusal<CannotGrant>> {
    let action = Action::RoleGrant;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<AccountId, CannotGrant>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if store::account::find(&tx, account).await?.is_none() {
            return Err(Refusal::not_found("accountId"));
        }
        if let Some(group) = group
            && directory::group(&tx, group).await?.is_none()
        {
            return Err(Refusal::not_found("groupId"));
        }
        let grants = store::account::grants(&tx, account).await?;
        let there = grants.iter().find(|g| g.role == role && g.group_id == group);
        // One that came with a group of an identity provider stays from now on, whatever the groups.
        let by_group = match there {
            Some(grant) => store::provider::by_hand(&tx, grant.id).await?,
            None => false,
        };
        judge_grant(role, group.is_some(), there.is_some() && !by_group).map_err(Refusal::rule)?;
        if !by_group {
            let (id, created_at) = (new_id(call.now), call.now);
            row::insert(&tx, role_grant::Model { id, account_id: account, role, group_id: group, created_at }).await?;
        }
        done(&tx, call, action, Subject("Account", Some(account.0)), json!({ "role": role, "group": group })).await?;
        keep(&tx, call, once.as_ref(), &account).await?;
        Ok(account)
    });
    audited(app, call, action, Subject("Account", Some(account.0)), result).await
}

/// Takes a role away and ends the account's tokens.
pub async fn revoke(app: &App, call: &Call, grant: Uuid) -> Result<AccountId, Refusal<CannotRevokeRole>> {
    let action = Action::RoleRevoke;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(row) = store::account::grant(&tx, grant).await? else { return Err(Refusal::not_found("membershipId")) };
        if row.role == Role::Administrator && !store::account::another_administrates(&tx, row.account_id).await? {
            return Err(Refusal::rule(CannotRevokeRole::LastAdministrator));
        }
        store::account::revoke(&tx, &row).await?;
        done(&tx, call, action, Subject("Account", Some(row.account_id.0)), json!({ "role": row.role })).await?;
        Ok(row.account_id)
    });
    audited(app, call, action, Subject("RoleGrant", Some(grant)), result).await
}

/// Stops an account from signing in; every token and sign-in ends at once.
pub async fn deactivate(app: &App, call: &Call, id: AccountId) -> Result<AccountId, Refusal<CannotDeactivate>> {
    let action = Action::AccountDeactivate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let another = store::account::another_administrates(&tx, id).await?;
        let Some(account) = store::account::lock(&tx, id).await? else { return Err(Refusal::not_found("accountId")) };
        if !another && store::account::grants(&tx, id).await?.iter().any(|grant| grant.role == Role::Administrator) {
            return Err(Refusal::rule(CannotDeactivate::LastAdministrator));
        }
        if account.active {
            let epoch = account.epoch + 1;
            row::update(&tx, account::Model { active: false, epoch, ..account }).await?;
            done(&tx, call, action, Subject("Account", Some(id.0)), json!({})).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Account", Some(id.0)), result).await
}

/// Lets an account sign in again. What was open stays ended.
pub async fn reactivate(app: &App, call: &Call, id: AccountId) -> Result<AccountId, Refusal<CannotReactivate>> {
    let action = Action::AccountReactivate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(account) = store::account::lock(&tx, id).await? else { return Err(Refusal::not_found("accountId")) };
        if !account.active {
            row::update(&tx, account::Model { active: true, ..account }).await?;
            done(&tx, call, action, Subject("Account", Some(id.0)), json!({})).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Account", Some(id.0)), result).await
}

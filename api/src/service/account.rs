//! Accounts: sign-in, adding, roles.

use entity::{account, role_grant};
use rules::directory::{CannotAddAccount, CannotGrant, CannotRevokeRole, grant as judge_grant};
use rules::id::{AccountId, GroupId};
use rules::input::{self, Email};
use rules::policy::{Action, Relation, Role};
use serde_json::json;
use uuid::Uuid;

use super::{Once, Subject, answered, audited, done, keep};
use crate::app::{App, Call};
use crate::auth::{self, Token};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, directory, row, transact};

/// An access token, if e-mail and password are an active account's. Unknown accounts take as long and answer the same.
pub async fn sign_in(app: &App, email: &str, password: String) -> Result<Option<String>, Fault> {
    let known = match input::email("email", email) {
        Ok(email) => store::account::by_email(app.db.read(), &email.key).await?.filter(|a| a.active),
        Err(_) => None,
    };
    let stored = known.as_ref().and_then(|a| a.password_hash.clone());
    if !app.passwords.verify(password, stored).await? {
        return Ok(None);
    }
    let token = known.map(|a| Token { account: a.id, epoch: a.epoch });
    Ok(token.map(|t| auth::issue(&app.keys, t, app.clock.now(), app.policy.access_token_minutes)).transpose()?)
}

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
    account: AccountId,
    role: Role,
    group: Option<GroupId>,
) -> Result<AccountId, Refusal<CannotGrant>> {
    let action = Action::RoleGrant;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if store::account::find(&tx, account).await?.is_none() {
            return Err(Refusal::not_found("accountId"));
        }
        if let Some(group) = group
            && directory::group(&tx, group).await?.is_none()
        {
            return Err(Refusal::not_found("groupId"));
        }
        let already = store::account::grants(&tx, account).await?.iter().any(|g| g.role == role && g.group_id == group);
        judge_grant(role, group.is_some(), already).map_err(Refusal::rule)?;
        row::insert(&tx, role_grant::Model { id: new_id(call.now), account_id: account, role, group_id: group, created_at: call.now })
            .await?;
        done(&tx, call, action, Subject("Account", Some(account.0)), json!({ "role": role, "group": group })).await?;
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
        if row.role == Role::Administrator && store::account::lock_administrators(&tx).await?.len() < 2 {
            return Err(Refusal::rule(CannotRevokeRole::LastAdministrator));
        }
        store::account::revoke(&tx, &row).await?;
        done(&tx, call, action, Subject("Account", Some(row.account_id.0)), json!({ "role": row.role })).await?;
        Ok(row.account_id)
    });
    audited(app, call, action, Subject("RoleGrant", Some(grant)), result).await
}

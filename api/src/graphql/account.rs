//! The viewer, accounts and roles.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{account, role_grant};
use rules::directory::{
    AccountCreateErrorCode, AccountDeactivateErrorCode, AccountReactivateErrorCode, CannotAddAccount, CannotDeactivate, CannotGrant,
    CannotReactivate, CannotRevokeRole, RoleGrantErrorCode, RoleRevokeErrorCode,
};
use rules::id::{AccountId, GroupId, ModuleId};
use rules::input;
use rules::policy::{Action, Relation, Role};

use super::calendar::CalendarFeed;
use super::champion::Champion;
use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::loader::{FeedsOf, GrantsOf};
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::DateTime;
use super::training::TrainingModule;
use crate::error::{Refusal, malformed};
use crate::service::account::{NewAccount, create, deactivate, grant, reactivate, revoke};

/// The caller, and what belongs to them.
#[derive(Debug)]
pub struct Viewer;

/// The caller, and what belongs to them.
#[Object]
impl Viewer {
    /// The account that signed in; null for a client without one.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        ctx.rows().maybe(ctx.call().caller.account).await.transpose().map(|row| row.map(Account))
    }

    /// The champion it belongs to, if it is one's.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, ctx.call().caller.champion?).await
    }

    /// The roles it holds.
    async fn roles(&self, ctx: &Context<'_>) -> Vec<Role> {
        ctx.call().caller.roles.clone()
    }

    /// The groups it speaks for.
    async fn leads(&self, ctx: &Context<'_>) -> Result<Vec<Group>> {
        let ids: Vec<GroupId> = ctx.call().caller.leads.clone();
        Ok(ctx.rows().many(ids).await?.into_iter().map(Group).collect())
    }

    /// Its calendar addresses, oldest first.
    async fn calendar_feeds(&self, ctx: &Context<'_>) -> Result<Vec<CalendarFeed>> {
        let Some(account) = ctx.call().caller.account else { return Ok(Vec::new()) };
        Ok(ctx.rows().list(FeedsOf(account)).await?.into_iter().map(CalendarFeed).collect())
    }

    /// The modules it may mark complete.
    async fn trains(&self, ctx: &Context<'_>) -> Result<Vec<TrainingModule>> {
        let ids: Vec<ModuleId> = ctx.call().caller.trains.clone();
        let mut rows: Vec<entity::training_module::Model> = ctx.rows().many(ids).await?;
        rows.sort_by(|a, b| a.code.cmp(&b.code));
        Ok(rows.into_iter().map(TrainingModule).collect())
    }
}

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Account(pub account::Model);

impl Account {
    fn may_read(&self, ctx: &Context<'_>) -> bool {
        ctx.call().caller.account == Some(self.0.id) || ctx.may(Action::AccountRead, Relation::Other)
    }
}

/// Somebody who can sign in.
#[Object]
impl Account {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The name others see.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// The e-mail address. For its owner and administrators.
    async fn email(&self, ctx: &Context<'_>) -> Option<&str> {
        self.may_read(ctx).then_some(self.0.email.as_str())
    }

    /// The roles it holds. For its owner and administrators.
    async fn memberships(&self, ctx: &Context<'_>) -> Option<Result<Vec<RoleMembership>>> {
        if !self.may_read(ctx) {
            return None;
        }
        Some(ctx.rows().list(GrantsOf(self.0.id)).await.map(|rows| rows.into_iter().map(RoleMembership).collect()))
    }

    /// Whether it may sign in. For its owner and administrators.
    async fn active(&self, ctx: &Context<'_>) -> Option<bool> {
        self.may_read(ctx).then_some(self.0.active)
    }

    /// Since when it is here.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A role of an account.
#[derive(Debug)]
pub struct RoleMembership(role_grant::Model);

/// A role of an account.
#[Object]
impl RoleMembership {
    /// Give it to `roleRevoke`.
    pub(crate) async fn id(&self) -> ID {
        id::encode("RoleMembership", self.0.id)
    }

    /// The role.
    async fn role(&self) -> Role {
        self.0.role
    }

    /// The group a leader speaks for; null for other roles.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        ctx.rows().maybe(self.0.group_id).await.transpose().map(|row| row.map(Group))
    }

    /// Since when.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// The caller; null without a sign-in.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        ctx.call().caller.account.map(|_| Viewer)
    }

    /// An account by its e-mail address. Administrators.
    async fn account(&self, ctx: &Context<'_>, #[graphql(desc = "The address.")] email: String) -> Option<Result<Account>> {
        if !ctx.may(Action::AccountRead, Relation::Other) {
            return None;
        }
        let email = input::email("email", &email).ok()?;
        crate::store::account::by_email(ctx.app().db.read(), &email.key)
            .await
            .map(|row| row.map(Account))
            .map_err(super::problem::broken)
            .transpose()
    }
}

/// Input of `accountCreate`.
#[derive(InputObject, Debug)]
pub struct AccountCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// E-mail address.
    email: String,
    /// The name others see.
    display_name: String,
    /// The first password, to be passed on by hand: 12 to 128 characters.
    password: String,
}

/// Result of `accountCreate`.
#[derive(SimpleObject, Debug)]
pub struct AccountCreatePayload {
    /// The new account; null if there are errors.
    account: Option<Account>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AccountCreateErrorCode>>,
}

/// Input of `roleGrant`.
#[derive(InputObject, Debug)]
pub struct RoleGrantInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// To which account.
    account_id: ID,
    /// Which role; champions get theirs by signing up.
    role: Role,
    /// The group a GROUP_LEADER speaks for; left out for other roles.
    group_id: Option<ID>,
}

/// Result of `roleGrant`.
#[derive(SimpleObject, Debug)]
pub struct RoleGrantPayload {
    /// The account with its roles; null if there are errors.
    account: Option<Account>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RoleGrantErrorCode>>,
}

/// Input of `roleRevoke`.
#[derive(InputObject, Debug)]
pub struct RoleRevokeInput {
    /// Which role of which account.
    membership_id: ID,
}

/// Result of `roleRevoke`.
#[derive(SimpleObject, Debug)]
pub struct RoleRevokePayload {
    /// The account with its roles; null if there are errors.
    account: Option<Account>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<RoleRevokeErrorCode>>,
}

/// Input of `accountDeactivate`.
#[derive(InputObject, Debug)]
pub struct AccountDeactivateInput {
    /// Which account.
    account_id: ID,
}

/// Result of `accountDeactivate`.
#[derive(SimpleObject, Debug)]
pub struct AccountDeactivatePayload {
    /// The account; null if there are errors.
    account: Option<Account>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AccountDeactivateErrorCode>>,
}

/// Input of `accountReactivate`.
#[derive(InputObject, Debug)]
pub struct AccountReactivateInput {
    /// Which account.
    account_id: ID,
}

/// Result of `accountReactivate`.
#[derive(SimpleObject, Debug)]
pub struct AccountReactivatePayload {
    /// The account; null if there are errors.
    account: Option<Account>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<AccountReactivateErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Add an account. Administrators.
    async fn account_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: AccountCreateInput,
    ) -> Option<Result<AccountCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Give a role. Administrators.
    async fn role_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To whom, and which.")] input: RoleGrantInput,
    ) -> Option<Result<RoleGrantPayload>> {
        Some(grant_payload(ctx, input).await)
    }

    /// Take a role away; every token of the account ends at once. Administrators.
    async fn role_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RoleRevokeInput,
    ) -> Option<Result<RoleRevokePayload>> {
        Some(revoke_payload(ctx, input).await)
    }

    /// Stop an account from signing in; every token and sign-in of it ends at once. Administrators.
    async fn account_deactivate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AccountDeactivateInput,
    ) -> Option<Result<AccountDeactivatePayload>> {
        Some(deactivate_payload(ctx, input).await)
    }

    /// Let an account sign in again. Administrators.
    async fn account_reactivate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: AccountReactivateInput,
    ) -> Option<Result<AccountReactivatePayload>> {
        Some(reactivate_payload(ctx, input).await)
    }
}

async fn create_payload(ctx: &Context<'_>, input: AccountCreateInput) -> Result<AccountCreatePayload> {
    let result: Result<AccountId, Refusal<CannotAddAccount>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        input::password("password", &input.password).map_err(malformed)?;
        let new = NewAccount {
            email: input::email("email", &input.email).map_err(malformed)?,
            display_name: input::person_name("displayName", &input.display_name).map_err(malformed)?,
            password: input.password,
        };
        create(ctx.app(), ctx.call(), once, new).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(AccountCreatePayload { account: ctx.rows().maybe(id).await?.map(Account), user_errors })
}

async fn grant_payload(ctx: &Context<'_>, input: RoleGrantInput) -> Result<RoleGrantPayload> {
    let result: Result<AccountId, Refusal<CannotGrant>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let account = id::at(&input.account_id, "accountId")?;
        let group = input.group_id.map(|group| id::at(&group, "groupId")).transpose()?;
        grant(ctx.app(), ctx.call(), once, account, input.role, group).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(RoleGrantPayload { account: ctx.rows().maybe(id).await?.map(Account), user_errors })
}

async fn revoke_payload(ctx: &Context<'_>, input: RoleRevokeInput) -> Result<RoleRevokePayload> {
    let result: Result<AccountId, Refusal<CannotRevokeRole>> = async {
        let found = id::decode(&input.membership_id).filter(|(kind, _)| kind == "RoleMembership");
        let (_, membership) = found.ok_or_else(|| Refusal::not_found("membershipId"))?;
        revoke(ctx.app(), ctx.call(), membership).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(RoleRevokePayload { account: ctx.rows().maybe(id).await?.map(Account), user_errors })
}

async fn deactivate_payload(ctx: &Context<'_>, input: AccountDeactivateInput) -> Result<AccountDeactivatePayload> {
    let result: Result<AccountId, Refusal<CannotDeactivate>> =
        async { deactivate(ctx.app(), ctx.call(), id::at(&input.account_id, "accountId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(AccountDeactivatePayload { account: ctx.rows().maybe(id).await?.map(Account), user_errors })
}

async fn reactivate_payload(ctx: &Context<'_>, input: AccountReactivateInput) -> Result<AccountReactivatePayload> {
    let result: Result<AccountId, Refusal<CannotReactivate>> =
        async { reactivate(ctx.app(), ctx.call(), id::at(&input.account_id, "accountId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(AccountReactivatePayload { account: ctx.rows().maybe(id).await?.map(Account), user_errors })
}

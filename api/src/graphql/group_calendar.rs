//! When a group does not meet.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::group_closure;
use rules::holiday::BankHolidayPolicy;
use rules::id::{ClosureId, GroupId, SessionId};
use rules::input;
use rules::series::{
    CannotAnswer, CannotClose, CannotReopen, CannotSetHolidays, Closure, GroupBankHolidaysSetErrorCode, GroupClosureAddErrorCode,
    GroupClosureRemoveErrorCode, SessionConfirmErrorCode,
};

use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::LocalDate;
use super::session::Session;
use crate::error::{Refusal, malformed};
use crate::service::group_calendar::{close, confirm, reopen, set_holidays};

/// Dates on which a group does not meet.
#[derive(Clone, Debug)]
pub struct GroupClosure(pub group_closure::Model);

/// Dates on which a group does not meet, both included.
#[Object]
impl GroupClosure {
    /// Give it to `groupClosureRemove`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The first date.
    async fn from_date(&self) -> LocalDate {
        LocalDate(self.0.from_on)
    }

    /// The last date.
    async fn until_date(&self) -> LocalDate {
        LocalDate(self.0.until_on)
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }
}

/// Input of `groupClosureAdd`.
#[derive(InputObject, Debug)]
pub struct GroupClosureAddInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Which group.
    group_id: ID,
    /// The first date.
    from_date: LocalDate,
    /// The last date.
    until_date: LocalDate,
    /// What it is called, up to 120 characters; people whose sessions are called off by it read this.
    name: String,
}

/// Result of `groupClosureAdd`.
#[derive(SimpleObject, Debug)]
pub struct GroupClosureAddPayload {
    /// The group with its closures; null if there are errors.
    group: Option<Group>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<GroupClosureAddErrorCode>>,
}

/// Input of `groupClosureRemove`.
#[derive(InputObject, Debug)]
pub struct GroupClosureRemoveInput {
    /// Which closure.
    closure_id: ID,
}

/// Result of `groupClosureRemove`.
#[derive(SimpleObject, Debug)]
pub struct GroupClosureRemovePayload {
    /// The group with its closures; null if there are errors.
    group: Option<Group>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<GroupClosureRemoveErrorCode>>,
}

/// Input of `groupBankHolidaysSet`.
#[derive(InputObject, Debug)]
pub struct GroupBankHolidaysSetInput {
    /// Which group.
    group_id: ID,
    /// What bank holidays mean to it.
    policy: BankHolidayPolicy,
    /// Whether sessions that stand on bank holidays and would not be made any more are called off, as by a closure. Those that were moved
    /// there, or whose date was put in, stay.
    #[graphql(default)]
    call_off: bool,
}

/// Result of `groupBankHolidaysSet`.
#[derive(SimpleObject, Debug)]
pub struct GroupBankHolidaysSetPayload {
    /// The group; null if there are errors.
    group: Option<Group>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<GroupBankHolidaysSetErrorCode>>,
}

/// Input of `sessionConfirm`.
#[derive(InputObject, Debug)]
pub struct SessionConfirmInput {
    /// Which session.
    session_id: ID,
}

/// Result of `sessionConfirm`.
#[derive(SimpleObject, Debug)]
pub struct SessionConfirmPayload {
    /// The session as it stands now; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionConfirmErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct GroupCalendarMutation;

#[Object]
impl GroupCalendarMutation {
    /// Say on which dates a group does not meet. Sessions of its series that stand in the calendar are called off, with one message a
    /// champion; those that were moved by themselves or stand alone stay. The group's leaders and coordinators.
    async fn group_closure_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group, and when.")] input: GroupClosureAddInput,
    ) -> Option<Result<GroupClosureAddPayload>> {
        Some(close_payload(ctx, input).await)
    }

    /// Remove dates on which a group does not meet. What these dates called off, and nothing else keeps away, is held after all, as its
    /// series is now; everybody who had counted on it is told once, and asked again by whoever needs them. The group's leaders and
    /// coordinators.
    async fn group_closure_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: GroupClosureRemoveInput,
    ) -> Option<Result<GroupClosureRemovePayload>> {
        Some(reopen_payload(ctx, input).await)
    }

    /// Say what bank holidays mean to a group's series. Dates that are not in the calendar follow within minutes; a session that waited
    /// for a word that is not needed any more is held. Nothing that is there is called off, unless `callOff` says so. The group's leaders and coordinators.
    async fn group_bank_holidays_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group, and what.")] input: GroupBankHolidaysSetInput,
    ) -> Option<Result<GroupBankHolidaysSetPayload>> {
        Some(holidays_payload(ctx, input).await)
    }

    /// Say that a session on a bank holiday is held: from now on champions can be asked. If it is not, call it off with `sessionCancel`.
    /// The group's leaders and coordinators.
    async fn session_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: SessionConfirmInput,
    ) -> Option<Result<SessionConfirmPayload>> {
        Some(confirm_payload(ctx, input).await)
    }
}

async fn close_payload(ctx: &Context<'_>, input: GroupClosureAddInput) -> Result<GroupClosureAddPayload> {
    let result: Result<(GroupId, ClosureId), Refusal<CannotClose>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let group = id::at(&input.group_id, "groupId")?;
        let name = input::line("name", &input.name, 120).map_err(malformed)?;
        close(ctx.app(), ctx.call(), once, group, Closure { from: input.from_date.0, until: input.until_date.0 }, name).await
    }
    .await;
    let (found, user_errors) = settle(result)?;
    Ok(GroupClosureAddPayload { group: ctx.rows().maybe(found.map(|(group, _)| group)).await?.map(Group), user_errors })
}

async fn reopen_payload(ctx: &Context<'_>, input: GroupClosureRemoveInput) -> Result<GroupClosureRemovePayload> {
    let result: Result<GroupId, Refusal<CannotReopen>> =
        async { reopen(ctx.app(), ctx.call(), id::at(&input.closure_id, "closureId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(GroupClosureRemovePayload { group: ctx.rows().maybe(id).await?.map(Group), user_errors })
}

async fn holidays_payload(ctx: &Context<'_>, input: GroupBankHolidaysSetInput) -> Result<GroupBankHolidaysSetPayload> {
    let result: Result<GroupId, Refusal<CannotSetHolidays>> =
        async { set_holidays(ctx.app(), ctx.call(), id::at(&input.group_id, "groupId")?, input.policy, input.call_off).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(GroupBankHolidaysSetPayload { group: ctx.rows().maybe(id).await?.map(Group), user_errors })
}

async fn confirm_payload(ctx: &Context<'_>, input: SessionConfirmInput) -> Result<SessionConfirmPayload> {
    let result: Result<SessionId, Refusal<CannotAnswer>> =
        async { confirm(ctx.app(), ctx.call(), id::at(&input.session_id, "sessionId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionConfirmPayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

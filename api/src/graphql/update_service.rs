//! The DBS Update Service: for the safeguarding lead alone.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{dbs_status_check, dbs_subscription};
use rules::dbs::update_service::{
    CannotAsk, CannotJoin, CannotLeave, DbsStatusCheckErrorCode, DbsUpdateServiceJoinErrorCode, DbsUpdateServiceLeaveErrorCode,
    UpdateAnswer, UpdateState,
};
use rules::id::DbsCheckId;
use rules::input::{line, person_name};

use super::context::Ctx;
use super::dbs::{DbsCheck, check};
use super::id;
use super::loader::AnswersOf;
use super::problem::{Problem, settle};
use super::scalar::{DateTime, LocalDate};
use crate::error::{Refusal, malformed};
use crate::service::update_service::{Joined, ask_soon, join, leave};

/// A subscription to the DBS Update Service.
#[derive(Debug)]
pub struct DbsSubscription(pub dbs_subscription::Model);

/// A subscription to the DBS Update Service. Whether the certificate was blank is asked of nobody and kept nowhere.
#[Object]
impl DbsSubscription {
    /// Where it stands, by the last answer that said anything.
    async fn state(&self) -> UpdateState {
        self.0.state
    }

    /// The day the applicant joined.
    async fn joined_on(&self) -> LocalDate {
        LocalDate(self.0.joined_on)
    }

    /// The version of the wording the applicant agreed to.
    async fn wording_version(&self) -> &str {
        &self.0.wording_version
    }

    /// The last answer that said anything.
    async fn checked_at(&self) -> Option<DateTime> {
        self.0.checked_at.map(DateTime)
    }

    /// Since when no question has had an answer; null if the last one had. What was known still holds until a recheck is due.
    async fn stale_since(&self) -> Option<DateTime> {
        self.0.stale_since.map(DateTime)
    }

    /// When it is asked about next; null while it waits for a person.
    async fn next_check_at(&self) -> Option<DateTime> {
        self.0.next_check_at.map(DateTime)
    }

    /// The answers, newest first, up to 100.
    async fn answers(&self, ctx: &Context<'_>) -> Result<Vec<DbsStatusAnswer>> {
        let rows: Vec<dbs_status_check::Model> = ctx.rows().list(AnswersOf(self.0.check_id)).await?;
        Ok(rows.into_iter().take(100).map(|row| DbsStatusAnswer { at: DateTime(row.at), answer: row.answer }).collect())
    }
}

/// One answer of the Update Service.
#[derive(SimpleObject, Debug)]
pub struct DbsStatusAnswer {
    /// When.
    at: DateTime,
    /// What it comes to.
    answer: UpdateAnswer,
}

/// Input of `dbsUpdateServiceJoin`.
#[derive(InputObject, Debug)]
pub struct DbsUpdateServiceJoinInput {
    /// Which check; its certificate has been seen, and it is not a basic one.
    check_id: ID,
    /// The day the applicant joined: within 30 days of the certificate.
    joined_on: LocalDate,
    /// The surname as printed on the certificate.
    surname: String,
    /// Whether the applicant agreed to be asked about.
    consent: bool,
    /// The version of the wording they agreed to, up to 40 characters.
    wording_version: String,
}

/// Result of `dbsUpdateServiceJoin`.
#[derive(SimpleObject, Debug)]
pub struct DbsUpdateServiceJoinPayload {
    /// The check; null if there are errors.
    check: Option<DbsCheck>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<DbsUpdateServiceJoinErrorCode>>,
}

/// Input of `dbsUpdateServiceLeave`.
#[derive(InputObject, Debug)]
pub struct DbsUpdateServiceLeaveInput {
    /// Which check.
    check_id: ID,
}

/// Result of `dbsUpdateServiceLeave`.
#[derive(SimpleObject, Debug)]
pub struct DbsUpdateServiceLeavePayload {
    /// The check; null if there are errors.
    check: Option<DbsCheck>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<DbsUpdateServiceLeaveErrorCode>>,
}

/// Input of `dbsStatusCheck`.
#[derive(InputObject, Debug)]
pub struct DbsStatusCheckInput {
    /// Which check.
    check_id: ID,
}

/// Result of `dbsStatusCheck`.
#[derive(SimpleObject, Debug)]
pub struct DbsStatusCheckPayload {
    /// The check; the answer comes with the next round. Null if there are errors.
    check: Option<DbsCheck>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<DbsStatusCheckErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct UpdateServiceMutation;

#[Object]
impl UpdateServiceMutation {
    /// Record that an applicant joined the Update Service and agreed to be asked about; again after NO_MATCH, once number and
    /// subscription are put right. The safeguarding lead; never for themselves.
    async fn dbs_update_service_join(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which check, and what was agreed.")] input: DbsUpdateServiceJoinInput,
    ) -> Option<Result<DbsUpdateServiceJoinPayload>> {
        Some(join_payload(ctx, input).await)
    }

    /// Record that an applicant left the Update Service or no longer agrees: nothing is asked any more. The safeguarding lead.
    async fn dbs_update_service_leave(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which check.")] input: DbsUpdateServiceLeaveInput,
    ) -> Option<Result<DbsUpdateServiceLeavePayload>> {
        Some(leave_payload(ctx, input).await)
    }

    /// Ask the Update Service about a check with the next round, instead of when its time comes. The safeguarding lead.
    async fn dbs_status_check(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which check.")] input: DbsStatusCheckInput,
    ) -> Option<Result<DbsStatusCheckPayload>> {
        Some(ask_payload(ctx, input).await)
    }
}

async fn join_payload(ctx: &Context<'_>, input: DbsUpdateServiceJoinInput) -> Result<DbsUpdateServiceJoinPayload> {
    let result: Result<DbsCheckId, Refusal<CannotJoin>> = async {
        let joined = Joined {
            joined_on: input.joined_on.0,
            surname: person_name("surname", &input.surname).map_err(malformed)?,
            consent: input.consent,
            wording_version: line("wordingVersion", &input.wording_version, 40).map_err(malformed)?,
        };
        join(ctx.app(), ctx.call(), id::at(&input.check_id, "checkId")?, joined).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(DbsUpdateServiceJoinPayload { check: check(ctx, id).await?, user_errors })
}

async fn leave_payload(ctx: &Context<'_>, input: DbsUpdateServiceLeaveInput) -> Result<DbsUpdateServiceLeavePayload> {
    let result: Result<DbsCheckId, Refusal<CannotLeave>> =
        async { leave(ctx.app(), ctx.call(), id::at(&input.check_id, "checkId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(DbsUpdateServiceLeavePayload { check: check(ctx, id).await?, user_errors })
}

async fn ask_payload(ctx: &Context<'_>, input: DbsStatusCheckInput) -> Result<DbsStatusCheckPayload> {
    let result: Result<DbsCheckId, Refusal<CannotAsk>> =
        async { ask_soon(ctx.app(), ctx.call(), id::at(&input.check_id, "checkId")?).await }.await;
    let (id, user_errors) = settle(result)?;
    Ok(DbsStatusCheckPayload { check: check(ctx, id).await?, user_errors })
}

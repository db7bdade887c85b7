//! DBS checks: for the safeguarding lead alone.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use entity::{audit_event, dbs_check, dbs_event};
use rules::dbs::{
    Audience, CannotAdvance, CannotRequest, DbsCheckAdvanceErrorCode, DbsCheckRequestErrorCode, DbsScope, DbsStatus, Position,
    SessionFacts, is_overdue,
};
use rules::id::DbsCheckId;
use rules::input::{self, is_usual_application_reference};
use rules::reason::Malformed;

use super::account::Account;
use super::champion::Champion;
use super::context::Ctx;
use super::id::{self, NodeId};
use super::loader::{StepsOf, SubscriptionOf};
use super::once::once;
use super::organisation::Organisation;
use super::problem::{Problem, broken, settle};
use super::scalar::{DateTime, LocalDate};
use super::shared::{DbsRequirement, DbsScopeInput};
use super::update_service::DbsSubscription;
use crate::clock::local_date;
use crate::error::{Refusal, malformed};
use crate::service::dbs::{Step, advance, request};
use crate::store;

/// A DBS check.
#[derive(Clone, Debug)]
pub struct DbsCheck(pub dbs_check::Model);

/// A Disclosure and Barring Service check. What a certificate discloses is never stored, nor its image.
#[Object]
impl DbsCheck {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Whose.
    async fn champion(&self, ctx: &Context<'_>) -> Option<Result<Champion>> {
        Champion::find(ctx, self.0.champion_id).await
    }

    /// What it covers.
    async fn scope(&self) -> DbsRequirement {
        let row = &self.0;
        DbsScope { level: row.level, workforce: row.workforce, adults_barred: row.adults_barred, children_barred: row.children_barred }
            .into()
    }

    /// Where it stands.
    async fn status(&self) -> DbsStatus {
        self.0.status
    }

    /// Whether it has been under way for more than 30 days: ask what holds it up.
    async fn overdue(&self, ctx: &Context<'_>) -> bool {
        is_overdue(self.0.status, local_date(self.0.requested_at), ctx.call().today())
    }

    /// The application's reference.
    async fn application_reference(&self) -> Option<&str> {
        self.0.application_reference.as_deref()
    }

    /// The certificate's number: 12 digits, leading zeros included.
    async fn certificate_number(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        let sealed = self.0.certificate_number.as_deref()?;
        Some(ctx.app().sealing.open(self.0.id.0, sealed).map_err(broken))
    }

    /// What it was asked for, and the reading of the law that permits it; null for a basic check without a position.
    async fn position(&self) -> Option<&str> {
        self.0.position.as_deref()
    }

    /// The organisation that obtained it: where one counts others' checks only with its own acceptance, it counts this one without.
    /// Null if the alliance did.
    async fn obtained_by(&self, ctx: &Context<'_>) -> Option<Result<Organisation>> {
        ctx.rows().maybe(self.0.obtained_by).await.transpose().map(|row| row.map(Organisation))
    }

    /// The subscription to the Update Service; null if none is recorded.
    async fn update_service(&self, ctx: &Context<'_>) -> Option<Result<DbsSubscription>> {
        let found: Result<Vec<entity::dbs_subscription::Model>> = ctx.rows().list(SubscriptionOf(self.0.id)).await;
        found.map(|mut found| found.pop().map(DbsSubscription)).transpose()
    }

    /// When conditions, reference and notes were removed, six months after the decision; null before.
    async fn content_removed_at(&self) -> Option<DateTime> {
        self.0.content_removed_at.map(DateTime)
    }

    /// The name as printed on the certificate.
    async fn printed_name(&self) -> Option<&str> {
        self.0.printed_name.as_deref()
    }

    /// The certificate's date. A certificate has no expiry.
    async fn issued_on(&self) -> Option<LocalDate> {
        self.0.issued_on.map(LocalDate)
    }

    /// When somebody from the organisation saw it.
    async fn seen_at(&self) -> Option<DateTime> {
        self.0.seen_at.map(DateTime)
    }

    /// The day of the decision.
    async fn decided_on(&self) -> Option<LocalDate> {
        self.0.decided_on.map(LocalDate)
    }

    /// Conditions of the clearance.
    async fn conditions(&self) -> Option<&str> {
        self.0.conditions.as_deref()
    }

    /// Last day before a new check is due, by the alliance's policy.
    async fn recheck_due_on(&self) -> Option<LocalDate> {
        self.0.recheck_due_on.map(LocalDate)
    }

    /// Its steps, oldest first.
    async fn steps(&self, ctx: &Context<'_>) -> Result<Vec<DbsStep>> {
        Ok(ctx.rows().list(StepsOf(self.0.id)).await?.into_iter().map(DbsStep).collect())
    }

    /// Give it back as `expectedVersion` to guard against lost updates.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

/// One step of a DBS check.
#[derive(Debug)]
pub struct DbsStep(dbs_event::Model);

/// One step of a DBS check; never changed.
#[Object]
impl DbsStep {
    /// From which state; null for the first.
    async fn from(&self) -> Option<DbsStatus> {
        self.0.from_status
    }

    /// To which state.
    async fn to(&self) -> DbsStatus {
        self.0.to_status
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Who recorded it.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        ctx.rows().maybe(self.0.actor_id).await.transpose().map(|row| row.map(Account))
    }

    /// What was recorded with it: the types of document seen.
    async fn note(&self) -> &str {
        &self.0.note
    }
}

/// A read of the detail of a champion's DBS checks, or an attempt.
#[derive(Debug)]
pub struct DbsRead(pub audit_event::Model);

/// A read of the detail of a champion's DBS checks, or an attempt.
#[Object]
impl DbsRead {
    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// The name of the account that read it; null for a caller without one.
    async fn reader(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        ctx.rows().maybe(self.0.actor_id).await.transpose().map(|row| row.map(|account| account.display_name))
    }

    /// Whether the detail was given out; false for an attempt.
    async fn granted(&self) -> bool {
        self.0.outcome == "DONE"
    }
}

/// Input of `dbsCheckRequest`.
#[derive(InputObject, Debug)]
pub struct DbsCheckRequestInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whose check; 16 or over.
    champion_id: ID,
    /// What it has to cover.
    scope: DbsScopeInput,
    /// What the champion will do, up to 10: only that permits more than a BASIC check.
    #[graphql(default)]
    positions: Vec<DbsPositionInput>,
    /// The organisation that obtains it; leave it out for the alliance.
    organisation_id: Option<ID>,
}

/// One thing a champion will do, as the law sees it.
#[derive(InputObject, Debug)]
pub struct DbsPositionInput {
    /// Who the sessions are for.
    audience: Audience,
    /// Whether they repeat weekly or more often.
    weekly: bool,
    /// Whether the champion handles an adult's cash, bills or shopping because of age, illness or disability.
    #[graphql(default)]
    handles_money: bool,
    /// Whether they run between 2 a.m. and 6 a.m. with children.
    #[graphql(default)]
    overnight: bool,
    /// Whether it is with children on more than 3 days in any 30.
    #[graphql(default)]
    often: bool,
}

impl From<DbsPositionInput> for Position {
    fn from(input: DbsPositionInput) -> Self {
        let DbsPositionInput { audience, weekly, handles_money, overnight, often } = input;
        Self { facts: SessionFacts { audience, weekly, handles_money, overnight }, often }
    }
}

/// Result of `dbsCheckRequest`.
#[derive(SimpleObject, Debug)]
pub struct DbsCheckRequestPayload {
    /// The new check; null if there are errors.
    check: Option<DbsCheck>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<DbsCheckRequestErrorCode>>,
}

/// Identity documents were seen.
#[derive(InputObject, Debug)]
pub struct DbsIdCheckedInput {
    /// Their types, up to 200 characters: "passport, council tax bill"; never numbers.
    documents: String,
}

/// The application was sent to the DBS.
#[derive(InputObject, Debug)]
pub struct DbsSubmittedInput {
    /// The application's reference, usually E or F and 10 or 11 digits.
    application_reference: Option<String>,
}

/// The certificate went to the applicant.
#[derive(InputObject, Debug)]
pub struct DbsIssuedInput {
    /// The certificate's date.
    issued_on: LocalDate,
}

/// The applicant showed the certificate.
#[derive(InputObject, Debug)]
pub struct DbsSeenInput {
    /// Its number: exactly 12 digits, leading zeros included.
    certificate_number: String,
    /// The name as printed.
    printed_name: String,
    /// Its date, as printed.
    issued_on: LocalDate,
}

/// The check was decided on.
#[derive(InputObject, Debug)]
pub struct DbsClearedInput {
    /// Conditions, up to 500 characters; after a risk assessment only.
    conditions: Option<String>,
}

/// A step without anything else to record.
#[derive(async_graphql::Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbsPlainStep {
    /// The applicant started the form.
    ApplicantStarted,
    /// Something has to be weighed by a person.
    RiskAssessment,
    /// Not cleared.
    NotCleared,
    /// The application was withdrawn.
    Withdrawn,
    /// The DBS sent it back.
    RejectedByDbs,
    /// Stood down: there is new information.
    Suspended,
}

/// One step of a check: exactly one of these.
#[derive(OneofObject, Debug)]
pub enum DbsStepInput {
    /// Identity documents were seen.
    IdChecked(DbsIdCheckedInput),
    /// Sent to the DBS.
    Submitted(DbsSubmittedInput),
    /// The certificate went to the applicant.
    Issued(DbsIssuedInput),
    /// The applicant showed it.
    Seen(DbsSeenInput),
    /// Cleared, perhaps with conditions.
    Cleared(DbsClearedInput),
    /// Any other step.
    Other(DbsPlainStep),
}

/// Input of `dbsCheckAdvance`.
#[derive(InputObject, Debug)]
pub struct DbsCheckAdvanceInput {
    /// Which check.
    check_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// The step.
    step: DbsStepInput,
}

/// Result of `dbsCheckAdvance`.
#[derive(SimpleObject, Debug)]
pub struct DbsCheckAdvancePayload {
    /// The check as it stands now; null if there are errors.
    check: Option<DbsCheck>,
    /// Something unusual that was recorded all the same; empty as a rule.
    warnings: Vec<String>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<DbsCheckAdvanceErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct DbsMutation;

#[Object]
impl DbsMutation {
    /// Ask for a DBS check. The safeguarding lead; never for themselves.
    async fn dbs_check_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and what for.")] input: DbsCheckRequestInput,
    ) -> Option<Result<DbsCheckRequestPayload>> {
        Some(request_payload(ctx, input).await)
    }

    /// Record one step of a DBS check, through to its decision. The safeguarding lead; never for themselves.
    async fn dbs_check_advance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and the step.")] input: DbsCheckAdvanceInput,
    ) -> Option<Result<DbsCheckAdvancePayload>> {
        Some(advance_payload(ctx, input).await)
    }
}

async fn request_payload(ctx: &Context<'_>, input: DbsCheckRequestInput) -> Result<DbsCheckRequestPayload> {
    let result: Result<DbsCheckId, Refusal<CannotRequest>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        let champion = id::at(&input.champion_id, "championId")?;
        if input.positions.len() > 10 {
            return Err(malformed(Malformed::new("positions", "Name up to 10 positions.")));
        }
        let positions = input.positions.into_iter().map(Position::from).collect();
        let obtained_by = input.organisation_id.as_ref().map(|given| id::at(given, "organisationId")).transpose()?;
        request(ctx.app(), ctx.call(), once, champion, input.scope.into(), positions, obtained_by).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(DbsCheckRequestPayload { check: check(ctx, id).await?, user_errors })
}

pub(super) async fn check(ctx: &Context<'_>, id: Option<DbsCheckId>) -> Result<Option<DbsCheck>> {
    let Some(id) = id else { return Ok(None) };
    Ok(store::dbs::find(ctx.app().db.read(), id).await.map_err(broken)?.map(DbsCheck))
}

async fn advance_payload(ctx: &Context<'_>, input: DbsCheckAdvanceInput) -> Result<DbsCheckAdvancePayload> {
    let mut warnings = Vec::new();
    let result: Result<DbsCheckId, Refusal<CannotAdvance>> = async {
        let check = id::at(&input.check_id, "checkId")?;
        let step = step(input.step, &mut warnings)?;
        advance(ctx.app(), ctx.call(), check, input.expected_version, step).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(DbsCheckAdvancePayload {
        check: check(ctx, id).await?,
        warnings: if user_errors.is_empty() { warnings } else { Vec::new() },
        user_errors,
    })
}

fn step(input: DbsStepInput, warnings: &mut Vec<String>) -> Result<Step, Refusal<CannotAdvance>> {
    Ok(match input {
        DbsStepInput::IdChecked(i) => {
            Step::IdChecked { documents: input::line("step.idChecked.documents", &i.documents, 200).map_err(malformed)? }
        }
        DbsStepInput::Submitted(i) => {
            let reference = i
                .application_reference
                .map(|r| input::line("step.submitted.applicationReference", &r, 40))
                .transpose()
                .map_err(malformed)?;
            if reference.as_deref().is_some_and(|r| !is_usual_application_reference(r)) {
                warnings
                    .push("This application reference is unusual: most are E or F and 10 or 11 digits. It was kept as typed.".to_owned());
            }
            Step::Submitted { reference }
        }
        DbsStepInput::Issued(i) => Step::Issued { issued_on: i.issued_on.0 },
        DbsStepInput::Seen(i) => Step::Seen {
            certificate_number: input::certificate_number("step.seen.certificateNumber", &i.certificate_number).map_err(malformed)?,
            printed_name: input::person_name("step.seen.printedName", &i.printed_name).map_err(malformed)?,
            issued_on: i.issued_on.0,
        },
        DbsStepInput::Cleared(i) => Step::Cleared {
            conditions: i
                .conditions
                .map(|c| input::paragraph("step.cleared.conditions", &c, 500))
                .transpose()
                .map_err(malformed)?
                .filter(|c| !c.is_empty()),
        },
        DbsStepInput::Other(DbsPlainStep::ApplicantStarted) => Step::ApplicantStarted,
        DbsStepInput::Other(DbsPlainStep::RiskAssessment) => Step::RiskAssessment,
        DbsStepInput::Other(DbsPlainStep::NotCleared) => Step::NotCleared,
        DbsStepInput::Other(DbsPlainStep::Withdrawn) => Step::Withdrawn,
        DbsStepInput::Other(DbsPlainStep::RejectedByDbs) => Step::RejectedByDbs,
        DbsStepInput::Other(DbsPlainStep::Suspended) => Step::Suspended,
    })
}

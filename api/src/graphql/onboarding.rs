//! The checklist, requirements and evidence.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{champion, consent, evidence, requirement};
use rules::id::{ChampionId, ModuleId, RequirementId};
use rules::input::{ConsentPurpose, paragraph};
use rules::onboarding::{Checklist, Progress, Step, StepStatus, WaitingOn, checklist};
use rules::policy::{Action, Relation};
use rules::requirement::{CannotRecordEvidence, EvidenceOutcome, EvidenceRecordErrorCode};

use super::champion::Champion;
use super::context::Ctx;
use super::exemption::Exemption;
use super::id::{self, NodeId};
use super::loader::{ChecksOf, CompletionsOf, ConsentsOf, EvidenceOf, ExemptionsOf, JoinBy, ReferencesOf, RequirementsAll};
use super::once::once;
use super::problem::{Problem, settle};
use super::reference::Reference;
use super::requirement::Requirement;
use super::scalar::{DateTime, LocalDate};
use crate::error::{Refusal, malformed};
use crate::service::evidence::{Given, record};
use crate::store::facts::{completion_fact, evidence_fact, exemption_fact};
use crate::store::training::requirement_fact;

/// A champion's checklist.
#[derive(Debug)]
pub struct Onboarding {
    champion: ChampionId,
    checklist: Checklist,
    requirements: Vec<requirement::Model>,
}

impl Onboarding {
    /// The checklist of a champion, today.
    pub async fn load(ctx: &Context<'_>, champion: &champion::Model) -> Result<Self> {
        let requirements: Vec<requirement::Model> = ctx.rows().list(RequirementsAll).await?;
        let modules: Vec<ModuleId> = requirements.iter().filter_map(|r| r.module_id).collect();
        let (evidence, completions, exemptions, checks, modules) = futures_util::try_join!(
            ctx.rows().list(EvidenceOf(champion.id)),
            ctx.rows().list(CompletionsOf(champion.id)),
            ctx.rows().list(ExemptionsOf(champion.id)),
            ctx.rows().list(ChecksOf(champion.id)),
            ctx.rows().many(modules)
        )?;
        let facts: Vec<_> = requirements.iter().map(requirement_fact).collect();
        let of = |id: RequirementId| facts.iter().find(|r| r.id == id);
        let evidence: Vec<_> = evidence.iter().filter_map(|given| Some(evidence_fact(given, of(given.requirement_id)?.kind))).collect();
        let completions: Vec<_> = completions.iter().map(completion_fact).collect();
        let exemptions: Vec<_> = exemptions.iter().filter_map(|e| exemption_fact(e, of(e.requirement_id)?)).collect();
        let titles = modules.into_iter().map(|module| (module.id, module.title)).collect();
        let progress = Progress {
            membership: champion.membership,
            requirements: &facts,
            evidence: &evidence,
            completions: &completions,
            exemptions: &exemptions,
            checks: &checks,
            titles: &titles,
        };
        let checklist = checklist(&progress, ctx.call().today());
        Ok(Self { champion: champion.id, checklist, requirements })
    }

    fn line(&self, step: &Step) -> OnboardingStep {
        let row = step.requirement.as_ref().and_then(|r| self.requirements.iter().find(|row| row.id == r.id)).cloned();
        OnboardingStep { requirement: row.map(Requirement), title: step.title.clone(), status: step.status, waiting_on: step.waiting_on }
    }
}

/// A champion's checklist. The order is a suggestion: any line may be done first.
#[Object]
impl Onboarding {
    /// Every line.
    async fn steps(&self) -> Vec<OnboardingStep> {
        self.checklist.steps.iter().map(|step| self.line(step)).collect()
    }

    /// The first line that is not done, and who it waits for; null when all is done.
    async fn next_step(&self) -> Option<OnboardingStep> {
        self.checklist.next().map(|step| self.line(step))
    }

    /// How many lines are done or not asked for.
    async fn done_count(&self) -> usize {
        self.checklist.steps.iter().filter(|step| !step.is_open()).count()
    }

    /// How many lines there are.
    async fn step_count(&self) -> usize {
        self.checklist.steps.len()
    }

    /// The last day to join the DBS Update Service with the certificate that was seen; null if there is nothing to join, or it is done
    /// or too late. For the champion and the safeguarding lead.
    async fn join_update_service_by(&self, ctx: &Context<'_>) -> Option<Result<LocalDate>> {
        if !ctx.may(Action::DbsReadLogRead, ctx.call().caller.to_champion(self.champion)) {
            return None;
        }
        let days: Result<Vec<chrono::NaiveDate>> = ctx.rows().list(JoinBy(self.champion)).await;
        let open = |days: Vec<chrono::NaiveDate>| days.into_iter().filter(|by| ctx.call().today() <= *by).min().map(LocalDate);
        days.map(open).transpose()
    }

    /// Exemptions, oldest first, those that ended included.
    async fn exemptions(&self, ctx: &Context<'_>) -> Result<Vec<Exemption>> {
        Ok(ctx.rows().list(ExemptionsOf(self.champion)).await?.into_iter().map(Exemption).collect())
    }

    /// References asked for, oldest first; who was asked and what they said is for coordinators and the safeguarding lead.
    async fn references(&self, ctx: &Context<'_>) -> Result<Vec<Reference>> {
        Ok(ctx.rows().list(ReferencesOf(self.champion)).await?.into_iter().map(Reference).collect())
    }

    /// Evidence given, oldest first.
    async fn evidence(&self, ctx: &Context<'_>) -> Result<Vec<Evidence>> {
        Ok(ctx.rows().list(EvidenceOf(self.champion)).await?.into_iter().map(Evidence).collect())
    }

    /// Consents given and refused.
    async fn consents(&self, ctx: &Context<'_>) -> Result<Vec<Consent>> {
        Ok(ctx.rows().list(ConsentsOf(self.champion)).await?.into_iter().map(Consent::from).collect())
    }
}

/// One line of a checklist.
#[derive(SimpleObject, Debug)]
pub struct OnboardingStep {
    /// The requirement; null for the confirmation of the e-mail address.
    requirement: Option<Requirement>,
    /// What to do.
    title: String,
    /// Where it stands.
    status: StepStatus,
    /// Who has to act; null when it is done.
    waiting_on: Option<WaitingOn>,
}

/// A piece of evidence for a requirement.
#[derive(Debug)]
pub struct Evidence(pub evidence::Model);

/// A piece of evidence for a requirement: an outcome and a date, never a copy of a document.
#[Object]
impl Evidence {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The version it was given for.
    async fn requirement(&self, ctx: &Context<'_>) -> Option<Result<Requirement>> {
        ctx.rows().one(self.0.requirement_id).await.transpose().map(|row| row.map(Requirement))
    }

    /// What it says.
    async fn outcome(&self) -> EvidenceOutcome {
        self.0.outcome
    }

    /// The day it was given.
    async fn given_on(&self) -> LocalDate {
        LocalDate(self.0.given_on)
    }

    /// A short note. For coordinators and the safeguarding lead: it may speak of a referee.
    async fn note(&self, ctx: &Context<'_>) -> Option<&str> {
        ctx.may(Action::OnboardingRead, Relation::Other).then_some(self.0.note.as_str())
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// A consent as it was given or refused.
#[derive(SimpleObject, Debug)]
pub struct Consent {
    /// What it is for.
    purpose: ConsentPurpose,
    /// The version of the wording that was shown.
    wording_version: String,
    /// Given or refused.
    given: bool,
    /// When.
    given_at: DateTime,
    /// When it was withdrawn; null if it was not.
    withdrawn_at: Option<DateTime>,
}

impl From<consent::Model> for Consent {
    fn from(row: consent::Model) -> Self {
        Self {
            purpose: row.purpose,
            wording_version: row.wording_version,
            given: row.given,
            given_at: DateTime(row.given_at),
            withdrawn_at: row.withdrawn_at.map(DateTime),
        }
    }
}

/// Input of `evidenceRecord`.
#[derive(InputObject, Debug)]
pub struct EvidenceRecordInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// Whose evidence.
    champion_id: ID,
    /// For which version of which requirement.
    requirement_id: ID,
    /// What it says.
    #[graphql(default_with = "EvidenceOutcome::Satisfied")]
    outcome: EvidenceOutcome,
    /// The day it was given; today if left out.
    given_on: Option<LocalDate>,
    /// A short note, up to 500 characters: kinds of document seen, never numbers or copies.
    #[graphql(default)]
    note: String,
}

/// Result of `evidenceRecord`.
#[derive(SimpleObject, Debug)]
pub struct EvidenceRecordPayload {
    /// The champion, with the checklist as it stands now; null if there are errors.
    champion: Option<Champion>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<EvidenceRecordErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct OnboardingMutation;

#[Object]
impl OnboardingMutation {
    /// Record evidence for a requirement. The champion signs and declares for themselves; coordinators record the rest.
    async fn evidence_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The evidence.")] input: EvidenceRecordInput,
    ) -> Option<Result<EvidenceRecordPayload>> {
        Some(payload(ctx, input).await)
    }
}

async fn payload(ctx: &Context<'_>, input: EvidenceRecordInput) -> Result<EvidenceRecordPayload> {
    let (id, user_errors) = settle(submit(ctx, input).await)?;
    Ok(EvidenceRecordPayload { champion: ctx.rows().maybe(id).await?.map(Champion), user_errors })
}

async fn submit(ctx: &Context<'_>, input: EvidenceRecordInput) -> Result<ChampionId, Refusal<CannotRecordEvidence>> {
    let once = once(ctx, input.idempotency_key.as_deref())?;
    let champion = id::at(&input.champion_id, "championId")?;
    let given = Given {
        requirement: id::at(&input.requirement_id, "requirementId")?,
        outcome: input.outcome,
        given_on: input.given_on.map_or(ctx.call().today(), |d| d.0),
        note: paragraph("note", &input.note, 500).map_err(malformed)?,
    };
    record(ctx.app(), ctx.call(), once, champion, given).await
}

//! Evidence for the requirements of the role.

use chrono::NaiveDate;
use entity::evidence;
use rules::id::{ChampionId, EvidenceId, RequirementId};
use rules::policy::{Action, Relation};
use rules::requirement::{CannotRecordEvidence, EvidenceOutcome, record as judge};
use serde_json::json;

use super::champion::visible;
use super::clearance::judge_again;
use super::{Once, Subject, answered, audited, done, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::{row, training, transact};

/// Evidence as it was sent.
#[derive(Clone, Debug)]
pub struct Given {
    /// For which version of which requirement.
    pub requirement: RequirementId,
    /// What it says.
    pub outcome: EvidenceOutcome,
    /// The day it was given.
    pub given_on: NaiveDate,
    /// A short note: kinds of document seen, never numbers or copies.
    pub note: String,
}

/// Records evidence: by the champion for what is theirs to sign or declare, by a coordinator for the rest.
pub async fn record(
    app: &App,
    call: &Call,
    once: Option<Once>,
    champion: ChampionId,
    given: Given,
) -> Result<ChampionId, Refusal<CannotRecordEvidence>> {
    let result = transact!(app.db, |tx| {
        let person = visible(&tx, call, champion, Action::EvidenceRecord).await?;
        if let Some(kept) = answered::<ChampionId, CannotRecordEvidence>(&tx, call, once.as_ref(), Action::EvidenceRecord).await? {
            return Ok(kept);
        }
        let Some(requirement) = training::requirement(&tx, given.requirement).await? else {
            return Err(Refusal::not_found("requirementId"));
        };
        let own = call.caller.to_champion(champion) == Relation::Own;
        judge(&training::requirement_fact(&requirement), own, given.given_on, call.today()).map_err(Refusal::rule)?;
        let evidence = evidence::Model {
            id: new_id::<EvidenceId>(call.now),
            champion_id: person.id,
            requirement_id: requirement.id,
            outcome: given.outcome,
            given_on: given.given_on,
            note: given.note.clone(),
            recorded_by: call.caller.account,
            recorded_at: call.now,
        };
        row::insert(&tx, evidence).await?;
        done(&tx, call, Action::EvidenceRecord, Subject::champion(champion), json!({ "kind": requirement.kind, "outcome": given.outcome }))
            .await?;
        judge_again(&tx, call, Action::EvidenceRecord, &[champion]).await?;
        keep(&tx, call, once.as_ref(), &champion).await?;
        Ok(champion)
    });
    audited(app, call, Action::EvidenceRecord, Subject::champion(champion), result).await
}

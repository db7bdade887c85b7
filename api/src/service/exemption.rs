//! Exemptions: granting one, and ending it early.

use chrono::NaiveDate;
use entity::exemption;
use rules::exemption::{CannotEndExemption, CannotExempt, grant as judge};
use rules::id::{ChampionId, ExemptionId, RequirementId};
use rules::policy::{Action, Relation};
use serde_json::json;

use super::champion::visible;
use super::clearance::judge_again;
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::{self, clearance, row, training, transact};

/// Grants an exemption from today to a day; the comment says why.
pub async fn grant(
    app: &App,
    call: &Call,
    once: Option<Once>,
    champion: ChampionId,
    requirement: RequirementId,
    until: NaiveDate,
    comment: String,
) -> Result<ChampionId, Refusal<CannotExempt>> {
    let action = Action::ExemptionGrant;
    let result = transact!(app.db, |tx| {
        let person = visible(&tx, call, champion, action).await?;
        if let Some(kept) = answered::<ChampionId, CannotExempt>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let Some(asked) = training::requirement(&tx, requirement).await? else { return Err(Refusal::not_found("requirementId")) };
        let own = call.caller.to_champion(champion) == Relation::Own;
        judge(asked.kind, own, until, call.today())?;
        let id: ExemptionId = new_id(call.now);
        let exemption = exemption::Model {
            id,
            champion_id: person.id,
            requirement_id: requirement,
            comment: comment.clone(),
            from_on: call.today(),
            until_on: until,
            granted_by: call.caller.account,
            granted_at: call.now,
            ended_by: None,
            ended_at: None,
        };
        row::insert(&tx, exemption).await?;
        done(&tx, call, action, Subject::champion(champion), json!({ "exemption": id, "kind": asked.kind })).await?;
        emit(&tx, call, "exemption.granted", json!({ "champion": champion, "exemption": id })).await?;
        judge_again(&tx, call, action, &[champion]).await?;
        keep(&tx, call, once.as_ref(), &champion).await?;
        Ok(champion)
    });
    audited(app, call, action, Subject::champion(champion), result).await
}

/// Ends an exemption today: from now on it counts for no date.
pub async fn end(app: &App, call: &Call, id: ExemptionId) -> Result<ChampionId, Refusal<CannotEndExemption>> {
    let action = Action::ExemptionEnd;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(seen) = clearance::exemption(&tx, id).await? else { return Err(Refusal::not_found("exemptionId")) };
        let champion = seen.champion_id;
        store::champion::lock(&tx, champion).await?;
        let Some(found) = clearance::lock_exemption(&tx, id).await? else { return Err(Refusal::not_found("exemptionId")) };
        if call.caller.to_champion(champion) == Relation::Own {
            return Err(Refusal::rule(CannotEndExemption::OwnExemption));
        }
        if found.ended_at.is_some() || found.until_on < call.today() {
            return Err(Refusal::rule(CannotEndExemption::AlreadyEnded));
        }
        row::update(&tx, exemption::Model { ended_at: Some(call.now), ended_by: call.caller.account, ..found }).await?;
        done(&tx, call, action, Subject::champion(champion), json!({ "exemption": id })).await?;
        emit(&tx, call, "exemption.ended", json!({ "champion": champion, "exemption": id })).await?;
        judge_again(&tx, call, action, &[champion]).await?;
        Ok(champion)
    });
    audited(app, call, action, Subject("Exemption", Some(id.0)), result).await
}

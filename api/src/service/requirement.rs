//! Requirements of the role: replacing one by a new version.

use chrono::NaiveDate;
use entity::requirement;
use rules::id::RequirementId;
use rules::policy::{Action, Relation};
use rules::requirement::{CannotSupersede, supersede as judge};
use serde_json::json;

use super::clearance::judge_soon;
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::clearance::{self, Whose};
use crate::store::{facts, row, training, transact};

/// What a new version says; the kind, the module and the place in the list are those of the old one.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Its name.
    pub name: String,
    /// How many pieces of evidence.
    pub count: i32,
    /// Months a piece of evidence lasts.
    pub valid_months: Option<i32>,
    /// First day it is asked for.
    pub in_force_from: NaiveDate,
}

/// Replaces a requirement from a day on. Up to the day before, the old version is asked for, and evidence for it counts.
pub async fn supersede(
    app: &App,
    call: &Call,
    once: Option<Once>,
    old: RequirementId,
    new: NewVersion,
) -> Result<RequirementId, Refusal<CannotSupersede>> {
    let action = Action::RequirementSupersede;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        if let Some(kept) = answered::<RequirementId, CannotSupersede>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        // Whoever has said yes to something after that day may have to do something more: they are judged again. Nobody says yes
        // meanwhile: whoever does later is judged by what is written here.
        facts::lock_open(&tx).await?;
        let Some(row) = training::lock_requirement(&tx, old).await? else { return Err(Refusal::not_found("requirementId")) };
        judge(&training::requirement_fact(&row), new.in_force_from, call.today())?;
        let id: RequirementId = new_id(call.now);
        let version = requirement::Model {
            id,
            name: new.name.clone(),
            count: new.count,
            valid_months: new.valid_months,
            in_force_from: new.in_force_from,
            superseded_on: None,
            ..row.clone()
        };
        row::update(&tx, requirement::Model { superseded_on: Some(new.in_force_from), ..row }).await?;
        row::insert(&tx, version).await?;
        done(&tx, call, action, Subject("Requirement", Some(id.0)), json!({ "replaces": old })).await?;
        emit(&tx, call, "requirement.superseded", json!({ "requirement": id, "replaces": old })).await?;
        clearance::note_due(&tx, Whose::All, call.now).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    let made = audited(app, call, action, Subject("Requirement", Some(old.0)), result).await?;
    judge_soon(app, call).await;
    Ok(made)
}

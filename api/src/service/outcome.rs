//! What a session did, in numbers. Each step is a new row, so that a correction keeps what was said before.

use entity::{outcome, outcome_mark};
use rules::id::{OutcomeId, SessionId};
use rules::outcome::{CannotRecordOutcome, Mark, record as judge};
use rules::policy::{Action, Relation};
use serde_json::json;

use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::{self, outcome as steps, row, transact};

/// What a session did, each number checked.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// How many learners there were.
    pub learners: i32,
    /// What they did.
    pub marks: Vec<Mark>,
}

/// Records what a session did, in place of what was recorded before.
pub async fn record(
    app: &App,
    call: &Call,
    id: SessionId,
    expected: Option<i64>,
    numbers: Numbers,
) -> Result<SessionId, Refusal<CannotRecordOutcome>> {
    let action = Action::OutcomeRecord;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(session) = store::session::lock(&tx, id).await? else { return Err(Refusal::not_found("sessionId")) };
        call.require(action, call.caller.to_group(session.group_id))?;
        let last = steps::steps(&tx, &[id]).await?.pop();
        let version = last.as_ref().map_or(0, |row| row.step);
        judge(session.status, session.starts_at, i64::from(version), expected, call.now).map_err(Refusal::rule)?;
        let outcome_id: OutcomeId = new_id(call.now);
        let row = outcome::Model {
            id: outcome_id,
            session_id: id,
            step: version + 1,
            learners: numbers.learners,
            recorded_by: call.caller.account,
            recorded_at: call.now,
        };
        row::insert(&tx, row).await?;
        let mark = |m: &Mark| outcome_mark::Model { outcome_id, kind: m.kind, code: m.code.clone(), learners: m.learners };
        row::insert_all(&tx, numbers.marks.iter().map(mark).collect()).await?;
        done(&tx, call, action, Subject("Session", Some(id.0)), json!({ "version": version + 1 })).await?;
        emit(&tx, call, "outcome.recorded", json!({ "session": id })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(id.0)), result).await
}

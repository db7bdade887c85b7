//! What was learnt on the way to a decision is kept for six months after it. What stays is the certificate's date, name, level and
//! number, the position it was for, and the decision.

use chrono::{DateTime, Months, Utc};
use entity::dbs_check;
use rules::id::DbsCheckId;
use rules::policy::Action;
use serde_json::json;

use super::{Subject, done};
use crate::app::{App, Call};
use crate::error::Fault;
use crate::store::{self, dbs, row, transact};

/// Months that the content is kept.
const KEPT: Months = Months::new(6);
/// How many checks one round goes through.
const ROUND: u64 = 200;

/// Removes the content of every check decided, or given up, six months ago; answers how many.
pub async fn remove_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("dbs.content", now);
    let due = dbs::content_due(app.db.read(), call.today() - KEPT, now - KEPT, ROUND).await?;
    for id in &due {
        remove(app, &call, *id).await?;
    }
    Ok(due.len())
}

async fn remove(app: &App, call: &Call, id: DbsCheckId) -> Result<(), Fault> {
    transact!(app.db, |tx| {
        let Some(seen) = dbs::find(&tx, id).await? else { return Ok(()) };
        store::champion::lock(&tx, seen.champion_id).await?;
        let Some(check) = dbs::lock(&tx, id).await?.filter(|c| c.content_removed_at.is_none()) else { return Ok(()) };
        let emptied = dbs_check::Model {
            application_reference: None,
            conditions: None,
            content_removed_at: Some(call.now),
            version: check.version + 1,
            updated_at: call.now,
            ..check
        };
        row::update(&tx, emptied).await?;
        dbs::remove_notes(&tx, id).await?;
        done(&tx, call, Action::DbsContentRemove, Subject("DbsCheck", Some(id.0)), json!({})).await?;
        Ok::<_, Fault>(())
    })
}

//! The 30 days in which a certificate can join the Update Service are a task: the applicant is reminded of them, once.

use chrono::{DateTime, Days, Utc};
use entity::{dbs_check, join_reminder};
use rules::dbs::update_service::join_by;
use rules::policy::Action;
use serde_json::json;

use super::{Mail, Subject, done, mail};
use crate::app::{App, Call};
use crate::error::Fault;
use crate::store::{champion, row, transact, update_service};

/// Days before the last one on which the applicant is reminded.
const BEFORE: Days = Days::new(14);
/// Days a certificate has.
const ALL: Days = Days::new(30);

/// Reminds everybody who could still join and has not, a fortnight before their time is over; answers how many.
pub async fn remind_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("dbs.join", now);
    let today = call.today();
    let due = update_service::to_remind(app.db.read(), today - ALL, today + BEFORE - ALL).await?;
    for check in &due {
        remind(app, &call, check).await?;
    }
    Ok(due.len())
}

async fn remind(app: &App, call: &Call, check: &dbs_check::Model) -> Result<(), Fault> {
    let Some(issued_on) = check.issued_on else { return Ok(()) };
    transact!(app.db, |tx| {
        let Some(person) = champion::lock(&tx, check.champion_id).await? else { return Ok(()) };
        let joined = update_service::find(&tx, check.id).await?.is_some();
        if joined || update_service::was_reminded(&tx, check.id).await? {
            return Ok(());
        }
        row::insert(&tx, join_reminder::Model { check_id: check.id, sent_at: call.now }).await?;
        done(&tx, call, Action::DbsJoinRemind, Subject("DbsCheck", Some(check.id.0)), json!({})).await?;
        mail(&tx, call, Mail::JoinUpdateService { champion: person.id, until: join_by(issued_on) }).await?;
        Ok::<_, Fault>(())
    })
}

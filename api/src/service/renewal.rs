//! Warnings before training lapses, computed once and sent once.

use std::collections::HashSet;

use chrono::{DateTime, Days, Utc};
use entity::renewal_warning;
use rules::id::{ChampionId, CompletionId};
use rules::policy::Action;
use rules::renewal::{DAYS, due as judge};
use serde_json::json;

use super::{Mail, Subject, done, emit, mail};
use crate::app::{App, Call};
use crate::clock::local_date;
use crate::error::Fault;
use crate::store::facts::completion_fact;
use crate::store::{champion, cohort, row, training, transact};

/// Warns everybody whose training lapses soon; answers how many warnings went out.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("training.renewals", now);
    let today = local_date(now);
    let until = today + Days::new(u64::try_from(DAYS[0]).unwrap_or(0));
    let mut count = 0;
    for id in cohort::lapsing(app.db.read(), today, until).await? {
        count += warn(app, &call, id).await?;
    }
    Ok(count)
}

async fn warn(app: &App, call: &Call, id: ChampionId) -> Result<usize, Fault> {
    transact!(app.db, |tx| {
        // The champion is locked, as by whoever marks their training: a renewal is seen, or comes after.
        let Some(person) = champion::lock(&tx, id).await?.filter(|c| c.membership.is_open()) else { return Ok(0) };
        let rows = training::completions(&tx, &[id]).await?;
        let ids: Vec<CompletionId> = rows.iter().map(|c| c.id).collect();
        let warned = cohort::warned(&tx, &ids).await?;
        let place = |id: &CompletionId| ids.iter().position(|known| known == id);
        let sent: HashSet<(usize, i32)> = warned.iter().filter_map(|(id, days)| Some((place(id)?, *days))).collect();
        let facts: Vec<_> = rows.iter().map(completion_fact).collect();
        let due = judge(&facts, &sent, call.today());
        for (index, days) in &due {
            let completion = &rows[*index];
            row::insert(&tx, renewal_warning::Model { completion_id: completion.id, days: *days, sent_at: call.now }).await?;
            let detail = json!({ "champion": person.id, "module": completion.module_id, "days": days });
            done(&tx, call, Action::TrainingRenewalWarn, Subject("TrainingCompletion", Some(completion.id.0)), detail.clone()).await?;
            emit(&tx, call, "training.renewal_due", detail).await?;
            mail(&tx, call, Mail::RenewalDue { champion: id, completion: completion.id }).await?;
        }
        Ok(due.len())
    })
}

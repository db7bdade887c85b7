//! The stage board, and how long a stage may take.

use std::collections::HashMap;

use entity::stage_limit;
use rules::champion::Membership;
use rules::id::{ChampionId, RequirementId};
use rules::policy::{Action, Relation};
use rules::stage::{Board, CannotLimitStage, Limit, Person, STAGES, board as judge, limit as judge_limit, usual};
use serde_json::json;

use super::champion::checklist_of;
use super::{Subject, audited, done};
use crate::app::{App, Call};
use crate::clock::local_date;
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, Which};
use crate::store::{self, stage, training, transact};

/// The board, with what its lines of requirements are called: a fixed number of statements, however many people.
pub async fn board(app: &App, call: &Call) -> Result<(Board, HashMap<RequirementId, String>), Fault> {
    let conn = app.db.snapshot().await?;
    let filter = store::champion::Filter { memberships: STAGES.to_vec(), ..Default::default() };
    let rows = store::champion::all(&conn, &filter).await?;
    let since: HashMap<ChampionId, _> = rows.into_iter().map(|c| (c.id, local_date(c.membership_changed_at))).collect();
    let requirements: Vec<_> = training::requirements(&conn).await?.iter().map(training::requirement_fact).collect();
    let titles: HashMap<_, _> = training::catalogue(&conn).await?.into_iter().map(|(id, (row, _))| (id, row.title)).collect();
    let limits = stage::limits(&conn).await?;
    let people = facts::champions(&conn, Which::Standing(&STAGES)).await?;
    let person = |record: &rules::matching::ChampionRecord| {
        Some(Person {
            champion: record.id,
            stage: record.clearance.membership,
            since: *since.get(&record.id)?,
            checklist: checklist_of(record.clearance.membership, Some(&record.clearance), &requirements, &titles, call.today()),
        })
    };
    let people: Vec<Person> = people.iter().filter_map(person).collect();
    let board = judge(&people, |stage| limits.get(&stage).copied().unwrap_or_else(|| usual(stage)), call.today());
    let name = |r: &rules::requirement::Requirement| r.module.and_then(|id| titles.get(&id)).unwrap_or(&r.name).clone();
    Ok((board, requirements.iter().map(|r| (r.id, name(r))).collect()))
}

/// Says how long a stage should take, and may take.
pub async fn set_limit(app: &App, call: &Call, stage: Membership, limit: Limit) -> Result<Membership, Refusal<CannotLimitStage>> {
    let action = Action::OnboardingStageLimit;
    let days = |days: i64| i32::try_from(days).unwrap_or(i32::MAX);
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        judge_limit(stage, limit)?;
        let row = stage_limit::Model {
            stage,
            ideal_days: days(limit.ideal_days),
            most_days: days(limit.most_days),
            changed_by: call.caller.account,
            changed_at: call.now,
        };
        stage::set(&tx, row).await?;
        done(&tx, call, action, Subject("Stage", None), json!({ "stage": stage, "most": limit.most_days })).await?;
        Ok(stage)
    });
    audited(app, call, action, Subject("Stage", None), result).await
}

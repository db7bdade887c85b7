//! Clearance ahead of time, and again whenever a fact changes after somebody has said yes (docs/decisions/0011).

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{Days, NaiveDate, TimeDelta};
use entity::assignment::{self, Column};
use entity::assignment_alert;
use rules::clearance::outlook::{Break, Period, Prevention, cleared_until, preventions, timeline};
use rules::clearance::{Gap, counts_as_date_with_children, least};
use rules::dbs::raises_others;
use rules::id::{AssignmentId, ChampionId, SessionId};
use rules::matching::{ChampionRecord, clearance_gaps, for_clearance, overlap, too_far_apart};
use rules::policy::Action;
use rules::requirement::Requirement;
use rules::session::SessionNeed;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{Subject, done, emit};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Fault;
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::{clearance, row, session};

/// How far ahead a champion's timeline looks, in days.
pub const YEAR: Days = Days::new(365);

/// A champion's clearance on a date, and when it changes.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The date asked about.
    pub on: NaiveDate,
    /// What is missing; empty means cleared.
    pub gaps: Vec<Gap>,
    /// The last day it stays so, if that lies within the year.
    pub until: Option<NaiveDate>,
    /// The year from the date.
    pub periods: Vec<Period>,
}

/// The outlook of a champion from a date: for a place, or for the least that any place asks.
pub fn outlook(record: &ChampionRecord, need: Option<&SessionNeed>, requirements: &[Requirement], on: NaiveDate) -> Outlook {
    let need = need.cloned().unwrap_or_else(|| least(requirements.to_vec(), on));
    let end = on + YEAR;
    let periods = timeline(&need, &for_clearance(&need, record), on, end);
    Outlook { on, gaps: periods.first().map(|p| p.gaps.clone()).unwrap_or_default(), until: cleared_until(&periods, end), periods }
}

/// What confirmed assignments ask for and what their champions bring: a fixed number of statements, however many.
struct Promises {
    sessions: HashMap<SessionId, SessionFactsRow>,
    champions: HashMap<ChampionId, ChampionRecord>,
}

impl Promises {
    async fn load(conn: &impl ConnectionTrait, rows: &[assignment::Model]) -> Result<Self, Fault> {
        let ids: BTreeSet<SessionId> = rows.iter().map(|a| a.session_id).collect();
        let sessions = session::many(conn, ids).await?;
        let people: BTreeSet<ChampionId> = rows.iter().map(|a| a.champion_id).collect();
        let people: Vec<ChampionId> = people.into_iter().collect();
        Ok(Self {
            sessions: facts::needs(conn, sessions).await?.into_iter().map(|s| (s.session.id, s)).collect(),
            champions: facts::champions(conn, Which::These(&people)).await?.into_iter().map(|c| (c.id, c)).collect(),
        })
    }

    fn judged(&self, row: &assignment::Model) -> Option<(&SessionNeed, &ChampionRecord)> {
        self.sessions.get(&row.session_id)?.need_at(row.place_id).zip(self.champions.get(&row.champion_id))
    }

    /// What an assignment lacks on its date; an assignment whose place or champion can't be read lacks everything.
    fn gaps(&self, row: &assignment::Model) -> Option<Vec<Gap>> {
        self.judged(row).map(|(need, champion)| clearance_gaps(need, champion))
    }

    /// Whether an assignment that was moved onto another duty of its champion still shares time with one.
    fn clashes(&self, row: &assignment::Model) -> bool {
        row.clashing && self.judged(row).is_some_and(|(need, champion)| overlap(need, champion).is_some())
    }

    /// Whether an assignment that was moved too near another duty of its champion still leaves too little time to travel.
    fn hurries(&self, row: &assignment::Model) -> bool {
        row.hurried && self.judged(row).is_some_and(|(need, champion)| too_far_apart(need, champion).is_some())
    }

    fn stands(&self, row: &assignment::Model) -> bool {
        self.gaps(row).is_some_and(|gaps| gaps.is_empty()) && !self.clashes(row) && !self.hurries(row)
    }
}

/// Confirmed assignments ahead that will break, by what is known now, soonest first; and what would prevent it.
pub async fn forecast(app: &App, call: &Call, days: i64) -> Result<(Vec<Break>, Vec<Prevention>), Fault> {
    let conn = app.db.snapshot().await?;
    let rows = clearance::confirmed_ahead(&conn, None, call.now, Some(call.now + TimeDelta::days(days))).await?;
    let promises = Promises::load(&conn, &rows).await?;
    let broken = |row: &assignment::Model| {
        let gaps = promises.gaps(row).filter(|gaps| !gaps.is_empty())?;
        let on = promises.sessions.get(&row.session_id)?.session.local_date;
        Some(Break { assignment: row.id, champion: row.champion_id, on, gaps })
    };
    let breaks: Vec<Break> = rows.iter().filter_map(broken).collect();
    let remedies = preventions(&breaks);
    Ok((breaks, remedies))
}

/// Judges the champions' confirmed assignments again, since a fact about them changed: those that no longer stand are flagged,
/// those that stand again are settled, each with an event. Call it last in the transaction that changed the fact, with the
/// champions locked.
pub(super) async fn judge_again(tx: &impl ConnectionTrait, call: &Call, cause: Action, champions: &[ChampionId]) -> Result<(), Fault> {
    let rows = clearance::confirmed_ahead(tx, Some(champions), call.now, None).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<AssignmentId> = rows.iter().map(|a| a.id).collect();
    let flagged: HashSet<AssignmentId> = clearance::alerts(tx, &ids).await?.into_iter().map(|a| a.assignment_id).collect();
    let promises = Promises::load(tx, &rows).await?;
    let ids = |over: &dyn Fn(&assignment::Model) -> bool| rows.iter().filter(|a| over(a)).map(|a| a.id).collect::<Vec<_>>();
    clearance::no_longer(tx, Column::Clashing, &ids(&|a| a.clashing && !promises.clashes(a))).await?;
    clearance::no_longer(tx, Column::Hurried, &ids(&|a| a.hurried && !promises.hurries(a))).await?;
    let broken: Vec<&assignment::Model> = rows.iter().filter(|a| !flagged.contains(&a.id) && !promises.stands(a)).collect();
    let mended: Vec<&assignment::Model> = rows.iter().filter(|a| flagged.contains(&a.id) && promises.stands(a)).collect();
    let alert = |a: &&assignment::Model| assignment_alert::Model {
        id: new_id(call.now),
        assignment_id: a.id,
        raised_at: call.now,
        settled_at: None,
    };
    row::insert_all(tx, broken.iter().map(alert).collect()).await?;
    clearance::settle_alerts(tx, &mended.iter().map(|a| a.id).collect::<Vec<_>>(), call.now).await?;
    for (rows, topic, at_risk) in [(broken, "assignment.at_risk", true), (mended, "assignment.in_order", false)] {
        for row in rows {
            done(tx, call, cause, Subject("Assignment", Some(row.id.0)), json!({ "atRisk": at_risk })).await?;
            let payload = json!({ "assignment": row.id, "session": row.session_id, "champion": row.champion_id });
            emit(tx, call, topic, payload).await?;
        }
    }
    Ok(())
}

/// The same once a champion has said yes to one more session: the others ask for something else only if it is a fourth date with
/// children in 30 days. The record is as it was before.
pub(super) async fn judge_others(
    tx: &impl ConnectionTrait,
    call: &Call,
    cause: Action,
    champion: &ChampionRecord,
    taken: &entity::session::Model,
) -> Result<(), Fault> {
    let dates: Vec<NaiveDate> = champion.bookings.iter().filter(|b| b.with_children).map(|b| b.date).collect();
    let raised = counts_as_date_with_children(taken.audience) && raises_others(&dates, taken.local_date);
    if raised { judge_again(tx, call, cause, &[champion.id]).await } else { Ok(()) }
}

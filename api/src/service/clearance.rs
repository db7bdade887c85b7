//! Clearance ahead of time, and again whenever a fact changes after somebody has said yes (docs/decisions/0011).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
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
use crate::store::{self, clearance, row, session, transact};

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
    let need = need.cloned().unwrap_or_else(|| least(requirements.into(), on));
    let end = on + YEAR;
    let periods = timeline(&need, &for_clearance(&need, record), on, end);
    Outlook { on, gaps: periods.first().map(|p| p.gaps.clone()).unwrap_or_default(), until: cleared_until(&periods, end), periods }
}

/// Champions who need not be read.
type Known = HashMap<ChampionId, Arc<ChampionRecord>>;

/// What confirmed assignments ask for and what their champions bring: a fixed number of statements, however many.
struct Promises {
    sessions: HashMap<SessionId, SessionFactsRow>,
    champions: HashMap<ChampionId, Arc<ChampionRecord>>,
}

impl Promises {
    async fn load(conn: &impl ConnectionTrait, rows: &[assignment::Model], known: &Known) -> Result<Self, Fault> {
        let ids: BTreeSet<SessionId> = rows.iter().map(|a| a.session_id).collect();
        let sessions = session::many(conn, ids).await?;
        let people: BTreeSet<ChampionId> = rows.iter().map(|a| a.champion_id).collect();
        let mut champions: HashMap<_, _> = people.iter().filter_map(|id| Some((*id, known.get(id)?.clone()))).collect();
        let unknown: Vec<ChampionId> = people.into_iter().filter(|id| !champions.contains_key(id)).collect();
        if !unknown.is_empty() {
            let read = facts::champions(conn, Which::These(&unknown)).await?;
            champions.extend(read.into_iter().map(|c| (c.id, Arc::new(c))));
        }
        Ok(Self { sessions: facts::needs(conn, sessions).await?.into_iter().map(|s| (s.session.id, s)).collect(), champions })
    }

    fn judged(&self, row: &assignment::Model) -> Option<(&SessionNeed, &ChampionRecord)> {
        self.sessions.get(&row.session_id)?.need_at(row.place_id).zip(self.champions.get(&row.champion_id).map(|c| &**c))
    }

    /// What an assignment lacks on its date; an assignment whose place or champion can't be read lacks everything.
    fn gaps(&self, row: &assignment::Model) -> Option<Vec<Gap>> {
        self.judged(row).map(|(need, champion)| clearance_gaps(need, champion))
    }

    /// How an assignment breaks on its date, if it does.
    fn broken(&self, row: &assignment::Model) -> Option<Break> {
        let gaps = self.gaps(row).filter(|gaps| !gaps.is_empty())?;
        let on = self.sessions.get(&row.session_id)?.session.local_date;
        Some(Break { assignment: row.id, champion: row.champion_id, on, gaps })
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

/// Assignments that are judged at a time: more would take a country's sessions into memory at once.
const AT_ONCE: u64 = 2_000;

/// Confirmed assignments ahead that will break, by what is known now, soonest first; and what would prevent it.
pub async fn forecast(app: &App, call: &Call, days: i64) -> Result<(Vec<Break>, Vec<Prevention>), Fault> {
    let (conn, known) = app.db.candidates(call.today()).await?.into_records();
    let (between, mut breaks) = ((call.now, call.now + TimeDelta::days(days)), Vec::new());
    let mut last: Option<assignment::Model> = None;
    loop {
        let rows = clearance::confirmed_between(&conn, between, last.as_ref(), AT_ONCE).await?;
        if rows.is_empty() {
            break;
        }
        let promises = Promises::load(&conn, &rows, &known).await?;
        breaks.extend(rows.iter().filter_map(|row| promises.broken(row)));
        last = rows.into_iter().next_back();
    }
    let remedies = preventions(&breaks);
    Ok((breaks, remedies))
}

/// Judges the champions' confirmed assignments again, since a fact about them changed: those that no longer stand are flagged,
/// those that stand again are settled, each with an event. Call it last in the transaction that changed the fact, with the
/// champions locked.
pub(super) async fn judge_again(tx: &impl ConnectionTrait, call: &Call, cause: Action, champions: &[ChampionId]) -> Result<(), Fault> {
    let rows = clearance::confirmed_ahead(tx, champions, call.now).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<AssignmentId> = rows.iter().map(|a| a.id).collect();
    let flagged: HashSet<AssignmentId> = clearance::alerts(tx, &ids).await?.into_iter().map(|a| a.assignment_id).collect();
    let promises = Promises::load(tx, &rows, &Known::default()).await?;
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

/// Champions who are judged in one transaction, where a fact about many has changed: others write in between.
const TOGETHER: u64 = 20;
/// Champions who are judged in a row: before whoever brought it about is answered, and then each time by the clock.
const IN_A_ROW: usize = 500;

/// Judges again those who were noted (`clearance::note_due`), some hundreds of them; answers how many.
async fn judge_noted(app: &App, call: &Call) -> Result<usize, Fault> {
    let mut judged = 0;
    while judged < IN_A_ROW {
        let some = clearance::due(app.db.read(), TOGETHER).await?;
        if some.is_empty() {
            break;
        }
        transact!(app.db, |tx| {
            store::champion::lock_all(&tx, &some).await?;
            clearance::judged(&tx, &some).await?;
            judge_again(&tx, call, Action::ClearanceJudge, &some).await
        })?;
        judged += some.len();
    }
    Ok(judged)
}

/// Judges again those who are still noted.
pub async fn judge_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    judge_noted(app, &Call::by_the_clock("clearance.judge", now)).await
}

/// The same at once, for whoever changed the fact. That is done whatever becomes of this: the clock does what is left.
pub(super) async fn judge_soon(app: &App, call: &Call) {
    if let Err(fault) = judge_noted(app, call).await {
        tracing::warn!(%fault, request_id = call.request_id, "champions are judged later");
    }
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

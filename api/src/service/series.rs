//! Series: creating one, and putting its sessions into the calendar, twelve weeks ahead.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use entity::{occurrence, series as row_of, series_date};
use rules::dbs::{Audience, DbsScope, SessionFacts};
use rules::holiday::BankHolidayPolicy;
use rules::id::{SeriesId, SessionId};
use rules::input::Topic;
use rules::policy::Action;
use rules::reason::Reason;
use rules::series::{AHEAD, CannotCreateSeries, Closure, Pattern, Plan, occurrences};
use rules::session::{CannotCreateSession, Modality, SessionStatus, Setting};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::session::{NewPlaces, NewSession, group_for, insert_as, judged, places, within};
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::{local_date, new_id};
use crate::error::{Fault, Refusal};
use crate::store::{row, series, transact};

/// A series as it was sent, checked field by field.
#[derive(Clone, Debug)]
pub struct NewSeries {
    /// What its sessions are like; the date is the first.
    pub session: NewSession,
    /// How it repeats.
    pub pattern: Pattern,
    /// Dates taken out.
    pub skipped: Vec<NaiveDate>,
    /// Dates put in.
    pub added: Vec<NaiveDate>,
}

/// What sessions of a series are like, beyond what its row says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Nature {
    modality: Modality,
    setting: Setting,
    audience: Audience,
    weekly: bool,
    handles_money: bool,
    overnight: bool,
    responsible_adult: bool,
    language: Option<String>,
    topics: Vec<Topic>,
    dbs: Option<DbsScope>,
    pub(super) places: Vec<NewPlaces>,
}

impl Nature {
    fn of(new: &NewSession, dbs: Option<DbsScope>) -> Self {
        Self {
            modality: new.modality,
            setting: new.setting,
            audience: new.facts.audience,
            weekly: new.facts.weekly,
            handles_money: new.facts.handles_money,
            overnight: new.facts.overnight,
            responsible_adult: new.responsible_adult,
            language: new.language.clone(),
            topics: new.topics.clone(),
            dbs,
            places: new.places.clone(),
        }
    }

    /// As a series keeps it.
    pub(super) fn read(row: &row_of::Model) -> Result<Self, Fault> {
        serde_json::from_str(&row.nature).map_err(|e| anyhow::Error::new(e).context("a series without its nature").into())
    }

    pub(super) fn modality(&self) -> Modality {
        self.modality
    }

    pub(super) fn text(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|e| anyhow::Error::new(e).into())
    }
}

/// A session as a series has it on a date.
pub(super) fn session_on(row: &row_of::Model, date: NaiveDate) -> Result<NewSession, Fault> {
    let nature = Nature::read(row)?;
    let zone: Tz = row.zone.parse().map_err(|_| anyhow::anyhow!("series {} has no zone that is known", row.id.0))?;
    Ok(NewSession {
        group: row.group_id,
        venue: row.venue_id,
        title: row.title.clone(),
        modality: nature.modality,
        setting: nature.setting,
        facts: SessionFacts {
            audience: nature.audience,
            weekly: nature.weekly,
            handles_money: nature.handles_money,
            overnight: nature.overnight,
        },
        responsible_adult: nature.responsible_adult,
        language: nature.language,
        topics: nature.topics,
        date,
        starts: row.local_start,
        minutes: row.minutes,
        zone,
        dbs: Some(nature.dbs),
        places: nature.places,
    })
}

/// How a series repeats.
pub fn pattern(row: &row_of::Model) -> Pattern {
    Pattern { first: row.first_on, rule: row.rule.clone(), until: row.until_on }
}

/// Creates a series; its sessions of the next twelve weeks stand in the calendar at once.
pub async fn create(app: &App, call: &Call, once: Option<Once>, new: NewSeries) -> Result<SeriesId, Refusal<CannotCreateSeries>> {
    let action = Action::SessionSeriesCreate;
    let group = new.session.group;
    let result = transact!(app.db, |tx| {
        group_for(&tx, call, group, action, "session.groupId").await?;
        if let Some(kept) = answered::<SeriesId, CannotCreateSeries>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let row = insert(&tx, call, &new).await?;
        let id = row.id;
        fill(&tx, call, row).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Group", Some(group.0)), result).await
}

/// Judges and writes a series without its sessions.
async fn insert(tx: &impl ConnectionTrait, call: &Call, new: &NewSeries) -> Result<row_of::Model, Refusal<CannotCreateSeries>> {
    if !new.pattern.begins_on_its_first_date() {
        return Err(Refusal::rule(CannotCreateSeries::FirstDate));
    }
    let mut session = new.session.clone();
    session.facts.weekly |= new.pattern.is_frequent();
    let inside = |refusal| within(refusal, "session", |problem: CannotCreateSession| CannotCreateSeries::Session { problem });
    let first = judged(tx, call, &session).await.map_err(inside)?;
    places(tx, call, first.id, &session).await.map_err(inside)?;
    let dbs = first.dbs_level.zip(first.dbs_workforce).map(|(level, workforce)| DbsScope {
        level,
        workforce,
        adults_barred: first.dbs_adults_barred,
        children_barred: first.dbs_children_barred,
    });
    let row = row_of::Model {
        id: new_id(call.now),
        group_id: session.group,
        venue_id: session.venue,
        title: session.title.clone(),
        rule: new.pattern.rule.clone(),
        first_on: new.pattern.first,
        until_on: new.pattern.until,
        local_start: session.starts,
        minutes: session.minutes,
        zone: session.zone.name().to_owned(),
        nature: Nature::of(&session, dbs).text()?,
        continues_id: None,
        made_until: None,
        version: 1,
        created_at: call.now,
        ended_at: None,
    };
    row::insert(tx, row.clone()).await?;
    let date = |added: bool| move |on_date: &NaiveDate| series_date::Model { series_id: row.id, on_date: *on_date, added };
    // A date that is both put in and taken out is out.
    let added = new.added.iter().filter(|on| !new.skipped.contains(on)).map(date(true));
    row::insert_all(tx, new.skipped.iter().map(date(false)).chain(added).collect()).await?;
    done(tx, call, Action::SessionSeriesCreate, Subject("SessionSeries", Some(row.id.0)), json!({ "group": row.group_id })).await?;
    emit(tx, call, "series.created", json!({ "series": row.id, "group": row.group_id })).await?;
    Ok(row)
}

/// What says on which dates a series meets.
pub(super) async fn plan(conn: &impl ConnectionTrait, row: &row_of::Model) -> Result<Plan, Fault> {
    let dates = series::dates(conn, &[row.id]).await?;
    let of = |added: bool| dates.iter().filter(|date| date.added == added).map(|date| date.on_date).collect();
    let holidays = series::holidays(conn, &[row.group_id]).await?.remove(&row.group_id).unwrap_or(BankHolidayPolicy::Skip);
    let closures = series::closures(conn, &[row.group_id]).await?;
    let closures = closures.into_iter().map(|closure| Closure { from: closure.from_on, until: closure.until_on }).collect();
    Ok(Plan { pattern: pattern(row), skipped: of(false), added: of(true), holidays, closures })
}

/// Puts the sessions of a locked series into the calendar, those that are not there yet. A date whose session was moved or called off
/// has its session, and gets no other.
pub(super) async fn fill(tx: &impl ConnectionTrait, call: &Call, row: row_of::Model) -> Result<usize, Fault> {
    let today = call.today();
    let until = today.checked_add_days(AHEAD).unwrap_or(today);
    let there: HashSet<NaiveDate> = series::occurrences(tx, row.id, today).await?.into_iter().map(|one| one.on_date).collect();
    let mut made = 0;
    for one in occurrences(&plan(tx, &row).await?, today, until).into_iter().filter(|one| !there.contains(&one.on)) {
        let new = session_on(&row, one.on)?;
        if rules::session::span(one.on, new.starts, i64::from(new.minutes), new.zone).from <= call.now {
            continue;
        }
        let status = if one.asks { SessionStatus::ToConfirm } else { SessionStatus::Scheduled };
        let id: SessionId = match insert_as(tx, call, &new, status).await {
            Ok(id) => id,
            Err(Refusal::Fault(fault)) => return Err(fault),
            Err(refusal) => {
                tracing::warn!(series = %row.id.0, on = %one.on, why = refused(&refusal), "a date of a series has no session");
                continue;
            }
        };
        row::insert(tx, occurrence::Model { session_id: id, series_id: row.id, on_date: one.on, moved: false, closed: false }).await?;
        made += 1;
    }
    // Nothing follows the last date.
    let over = row.until_on.is_some_and(|last| last < today);
    row::update(tx, row_of::Model { made_until: Some(until), ended_at: if over { Some(call.now) } else { row.ended_at }, ..row }).await?;
    Ok(made)
}

fn refused(refusal: &Refusal<CannotCreateSession>) -> String {
    match refusal {
        Refusal::Rule(reasons) => reasons.iter().map(|reason| format!("{:?}", reason.code())).collect::<Vec<_>>().join(", "),
        _ => "not allowed".to_owned(),
    }
}

/// The most series one run goes through; the next run goes on.
const MOST: u64 = 100;

/// Puts the sessions of every series into the calendar, twelve weeks ahead; each series in a transaction of its own.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("series.extend", now);
    let until = local_date(now).checked_add_days(AHEAD).unwrap_or_default();
    let mut made = 0;
    for id in series::to_extend(app.db.read(), until, MOST).await? {
        made += extend(app, &call, id).await?;
    }
    Ok(made)
}

async fn extend(app: &App, call: &Call, id: SeriesId) -> Result<usize, Fault> {
    transact!(app.db, |tx| {
        match series::lock(&tx, id).await?.filter(|row| row.ended_at.is_none()) {
            Some(row) => fill(&tx, call, row).await,
            None => Ok(0),
        }
    })
}

//! Bringing back what closures took away: the sessions are held after all, under the ids they had, and everybody who had counted on
//! them is told once. Nobody is expected again without saying so.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{series as row_of, session};
use rules::assignment::AssignmentStatus;
use rules::id::{ChampionId, GroupId, SessionId};
use rules::life::{SESSION, after};
use rules::offer::OfferStatus;
use rules::policy::Action;
use rules::series::{AHEAD, Occurrence, comes_back, occurrences};
use rules::session::{SessionChangeKind, SessionStatus};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::call_off::{Told, changed};
use super::series::plan;
use super::session_move::NewTime;
use super::{Mail, Subject, done, emit};
use crate::app::Call;
use crate::error::{Fault, Refusal};
use crate::store::{self, offer, row, series};

/// Looks through a group's series, whose closures or bank holidays have changed; answers how many sessions are held that were not.
pub(super) async fn all(tx: &impl ConnectionTrait, call: &Call, group: GroupId, action: Action) -> Result<usize, Fault> {
    let mut back = Vec::new();
    for id in series::live(tx, group).await? {
        if let Some(row) = series::lock(tx, id).await?.filter(|row| row.ended_at.is_none()) {
            back.extend(one(tx, call, &row, action).await?);
        }
    }
    back.sort_by_key(|(session, _)| (session.starts_at, session.id));
    let (mut told, count) = (Told::default(), back.len());
    for (session, counted_on_it) in back {
        told.of(session.id, counted_on_it);
    }
    told.send(tx, call, |champion, session, more| Mail::HeldAfterAll { champion, session, more }).await?;
    Ok(count)
}

/// The sessions of one series that come back, each with those who were told that it was off.
async fn one(
    tx: &impl ConnectionTrait,
    call: &Call,
    row: &row_of::Model,
    action: Action,
) -> Result<Vec<(session::Model, BTreeSet<ChampionId>)>, Fault> {
    let today = call.today();
    let until = today.checked_add_days(AHEAD).unwrap_or(today);
    let held = occurrences(&plan(tx, row).await?, today, until);
    let held: HashMap<NaiveDate, Occurrence> = held.into_iter().map(|one| (one.on, one)).collect();
    let ours: HashMap<SessionId, _> = series::occurrences(tx, row.id, today).await?.into_iter().map(|one| (one.session_id, one)).collect();
    let ids: Vec<SessionId> = ours.keys().copied().collect();
    let mut back = Vec::new();
    for was in store::session::lock_all(tx, &ids).await? {
        let Some(of) = ours.get(&was.id) else { continue };
        let event = comes_back(was.status, of.closed, held.get(&of.on_date).copied(), was.starts_at, call.now);
        let Some(status) = event.and_then(|event| after(SESSION, was.status, event)) else { continue };
        let counted_on_it = if was.status == SessionStatus::Cancelled { who_was_told(tx, was.id).await? } else { BTreeSet::new() };
        back.push((reopen(tx, call, row, was, status, action).await?, counted_on_it));
    }
    let reopened: Vec<SessionId> = back.iter().map(|(session, _)| session.id).collect();
    series::set_closed(tx, &reopened, false).await?;
    Ok(back)
}

/// Puts a session back as its series has it now, under its own id.
async fn reopen(
    tx: &impl ConnectionTrait,
    call: &Call,
    row: &row_of::Model,
    was: session::Model,
    status: SessionStatus,
    action: Action,
) -> Result<session::Model, Fault> {
    super::series_change::resize(tx, call, row, &was).await.map_err(|refusal| match refusal {
        Refusal::Fault(fault) => fault,
        _ => Fault::Other(anyhow::anyhow!("series {} has places that no session could have", row.id.0)),
    })?;
    let (version, was_at) = (was.version + 1, was.starts_at);
    let time = NewTime { date: None, starts: Some(row.local_start), minutes: Some(row.minutes), venue: row.venue_id };
    let new = session::Model { status, version, cancel_reason: None, title: row.title.clone(), ..time.applied(&was)? };
    row::update(tx, new.clone()).await?;
    changed(tx, call, (new.id, version), SessionChangeKind::Changed, was_at).await?;
    done(tx, call, action, Subject("Session", Some(new.id.0)), json!({ "to": status })).await?;
    emit(tx, call, "session.reopened", json!({ "session": new.id, "starts_at": new.starts_at })).await?;
    Ok(new)
}

/// Who had a place when the session was last called off, or was still being waited for.
async fn who_was_told(tx: &impl ConnectionTrait, id: SessionId) -> Result<BTreeSet<ChampionId>, Fault> {
    let changes = store::session::changes(tx, &[id]).await?;
    let off: Option<DateTime<Utc>> =
        changes.iter().rev().find(|change| change.kind == SessionChangeKind::Cancelled).map(|change| change.at);
    let placed = offer::assignments_at(tx, id).await?;
    let placed = placed.iter().filter(|a| a.status == AssignmentStatus::SessionCancelled && a.ended_at == off).map(|a| a.champion_id);
    let asked = offer::of_sessions(tx, &[id]).await?;
    let waited =
        |o: &&entity::offer::Model| o.status == OfferStatus::Withdrawn && o.responded_at == off && off.is_some_and(|at| at < o.expires_at);
    Ok(placed.chain(asked.iter().filter(waited).map(|o| o.champion_id)).collect())
}

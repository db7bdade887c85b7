//! Calling sessions off: what was arranged ends, and everybody who counted on it is told once, however many sessions it is.

use std::collections::{BTreeMap, BTreeSet};

use entity::{session, session_change};
use rules::assignment::AssignmentStatus;
use rules::id::{ChampionId, SessionId};
use rules::life::StandInEvent;
use rules::offer::OfferStatus;
use rules::policy::Action;
use rules::session::{SessionChangeKind, SessionStatus};
use rules::staffing::RiskCause;
use rules::wave::WavesStatus;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{Mail, Subject, done, emit, mail};
use crate::app::Call;
use crate::error::Fault;
use crate::store::{self, offer, row};

/// Who counted on a session that was called off.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// To be told: those placed, and those still asked.
    pub told: BTreeSet<ChampionId>,
    /// Those placed: their other duties are to be judged again.
    pub placed: Vec<ChampionId>,
}

/// Calls one session off, which is locked. The caller tells people, and judges again those who were placed.
pub(super) async fn one(
    tx: &impl ConnectionTrait,
    call: &Call,
    session: session::Model,
    reason: Option<String>,
    action: Action,
) -> Result<Ended, Fault> {
    let (id, version, was) = (session.id, session.version + 1, session.starts_at);
    row::update(tx, session::Model { status: SessionStatus::Cancelled, cancel_reason: reason, version, ..session }).await?;
    changed(tx, call, (id, version), SessionChangeKind::Cancelled, was).await?;
    let pending: Vec<_> = offer::of_sessions(tx, &[id]).await?.into_iter().filter(|o| o.status == OfferStatus::Pending).collect();
    super::offer_close::close(tx, call, &pending, OfferStatus::Withdrawn, action).await?;
    store::staffing::settle(tx, id, RiskCause::ALL, call.now).await?;
    for found in store::wave::running(tx, id).await? {
        super::wave::end(tx, call, found, WavesStatus::Closed).await?;
    }
    for place in offer::confirmed(tx, &[id]).await? {
        super::stand_in::duty_ended(tx, call, place.id, StandInEvent::Close, action).await?;
    }
    let placed = offer::end_all(tx, id, AssignmentStatus::SessionCancelled, call.now).await?;
    offer::mark_ended(tx, placed.iter().filter_map(|a| a.offer_id)).await?;
    for place in &placed {
        done(tx, call, action, Subject("Assignment", Some(place.id.0)), json!({ "session": id })).await?;
    }
    // Whoever let the offer lapse has not waited for an answer.
    let waited = pending.iter().filter(|o| o.expires_at > call.now).map(|o| o.champion_id);
    let placed: Vec<ChampionId> = placed.into_iter().map(|a| a.champion_id).collect();
    let detail = json!({ "offers": pending.len(), "assignments": placed.len() });
    done(tx, call, action, Subject("Session", Some(id.0)), detail).await?;
    emit(tx, call, "session.cancelled", json!({ "session": id })).await?;
    Ok(Ended { told: waited.chain(placed.iter().copied()).collect(), placed })
}

/// Calls off those of these sessions that are still to come, and says which. Each champion gets one message, however many of them it
/// ends.
pub(super) async fn several(
    tx: &impl ConnectionTrait,
    call: &Call,
    ids: &[SessionId],
    reason: Option<String>,
    action: Action,
) -> Result<Vec<SessionId>, Fault> {
    let mut sessions = store::session::lock_all(tx, ids).await?;
    sessions.retain(|s| s.status != SessionStatus::Cancelled && s.starts_at > call.now);
    sessions.sort_by_key(|s| (s.starts_at, s.id));
    let ids: Vec<SessionId> = sessions.iter().map(|s| s.id).collect();
    let (mut told, mut placed) = (Told::default(), Vec::new());
    for session in sessions {
        let id = session.id;
        let ended = one(tx, call, session, reason.clone(), action).await?;
        told.of(id, ended.told);
        placed.extend(ended.placed);
    }
    placed.sort_unstable();
    placed.dedup();
    store::champion::lock_all(tx, &placed).await?;
    super::clearance::judge_again(tx, call, action, &placed).await?;
    told.send(tx, call, |champion, session, more| Mail::CalledOff { champion, session, more }).await?;
    Ok(ids)
}

/// Who is to be told of which sessions: one message each, about the first and how many more.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<ChampionId, (SessionId, u32)>);

impl Told {
    /// These champions are to be told of a session; sessions come by their start.
    pub fn of(&mut self, session: SessionId, champions: impl IntoIterator<Item = ChampionId>) {
        for champion in champions {
            self.0.entry(champion).and_modify(|(_, more)| *more += 1).or_insert((session, 0));
        }
    }

    /// Puts the messages into the outbox.
    pub async fn send(
        self,
        tx: &impl ConnectionTrait,
        call: &Call,
        about: impl Fn(ChampionId, SessionId, u32) -> Mail,
    ) -> Result<(), Fault> {
        for (champion, (session, more)) in self.0 {
            mail(tx, call, about(champion, session, more)).await?;
        }
        Ok(())
    }
}

/// Writes down that a session changed: calendars number their versions by it.
pub(super) async fn changed(
    tx: &impl ConnectionTrait,
    call: &Call,
    (session_id, version): (SessionId, i64),
    kind: SessionChangeKind,
    was_starts_at: chrono::DateTime<chrono::Utc>,
) -> Result<(), Fault> {
    Ok(row::insert(tx, session_change::Model { session_id, version, kind, at: call.now, was_starts_at }).await?)
}

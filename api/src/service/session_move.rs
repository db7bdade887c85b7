//! Moving sessions: the session keeps its id, and those who said yes keep their duty. Who by rule can't keep it is flagged, and people
//! decide (docs/decisions/0011).

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use entity::{assignment, occurrence, offer as offer_row, session};
use rules::calendar::Span;
use rules::id::{ChampionId, SessionId, VenueId};
use rules::matching::{overlap, too_far_apart};
use rules::offer::OfferStatus;
use rules::policy::{Action, Relation};
use rules::series::{CannotMove, Move, move_session, offer_follows};
use rules::session::{SessionChangeKind, SessionStatus, span};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::call_off::{Told, changed};
use super::{Mail, Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, Which};
use crate::store::{self, offer, row, series, transact};

/// A new time and place; what is left out stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewTime {
    /// Local date.
    pub date: Option<NaiveDate>,
    /// Local start.
    pub starts: Option<NaiveTime>,
    /// Length.
    pub minutes: Option<i32>,
    /// Where.
    pub venue: Option<VenueId>,
}

impl NewTime {
    /// A session as it would be then.
    pub(super) fn applied(self, row: &session::Model) -> Result<session::Model, Fault> {
        let zone: Tz = row.zone.parse().map_err(|_| anyhow::anyhow!("session {} has no zone that is known", row.id.0))?;
        let (date, starts) = (self.date.unwrap_or(row.local_date), self.starts.unwrap_or(row.local_start));
        let minutes = self.minutes.unwrap_or(row.minutes);
        let when = span(date, starts, i64::from(minutes), zone);
        let local = when.from.with_timezone(&zone).naive_local();
        Ok(session::Model {
            local_date: local.date(),
            local_start: local.time(),
            minutes,
            starts_at: when.from,
            ends_at: when.until,
            venue_id: self.venue.or(row.venue_id),
            ..row.clone()
        })
    }
}

/// Moves one session. Whoever is placed or asked is told once, and asked to say if they can't come.
pub async fn move_one(app: &App, call: &Call, id: SessionId, expected: Option<i64>, to: NewTime) -> Result<SessionId, Refusal<CannotMove>> {
    let action = Action::SessionMove;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(was) = store::session::lock(&tx, id).await? else { return Err(Refusal::not_found("sessionId")) };
        call.require(action, call.caller.to_group(was.group_id))?;
        if expected.is_some_and(|version| version != was.version) {
            return Err(Refusal::rule(CannotMove::Stale { current: was.version }));
        }
        if let Some(venue) = to.venue
            && store::directory::venue(&tx, venue).await?.is_none()
        {
            return Err(Refusal::not_found("venueId"));
        }
        let new = to.applied(&was)?;
        if new == was && was.status != SessionStatus::Cancelled {
            return Ok(id);
        }
        let between = |row: &session::Model| Span { from: row.starts_at, until: row.ends_at };
        let step = Move { was: between(&was), to: between(&new), modality: was.modality, has_venue: new.venue_id.is_some() };
        move_session(was.status, step, call.now)?;
        if let Some(of) = series::of_sessions(&tx, &[id]).await?.pop() {
            row::update(&tx, occurrence::Model { moved: true, ..of }).await?;
        }
        let (mut told, mut people) = (Told::default(), Vec::new());
        let moved = shift(&tx, call, &was, new, action).await?;
        told.of(id, moved.told);
        people.extend(moved.placed);
        super::clearance::judge_again(&tx, call, action, &people).await?;
        told.send(&tx, call, |champion, session, more| Mail::Moved { champion, session, more }).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(id.0)), result).await
}

/// Who counts on a session that was moved.
#[derive(Debug)]
pub(super) struct Moved {
    /// To be told: those placed, and those asked.
    pub told: Vec<ChampionId>,
    /// Those placed: to be judged again.
    pub placed: Vec<ChampionId>,
}

/// Moves a locked session to where `new` has it: assignments and offers follow. The caller judges again and tells people.
pub(super) async fn shift(
    tx: &impl ConnectionTrait,
    call: &Call,
    was: &session::Model,
    new: session::Model,
    action: Action,
) -> Result<Moved, Fault> {
    let (id, version, starts_at) = (was.id, was.version + 1, new.starts_at);
    let span = Span { from: new.starts_at, until: new.ends_at };
    let new = session::Model { version, ..new };
    row::update(tx, new.clone()).await?;
    changed(tx, call, (id, version), SessionChangeKind::Changed, was.starts_at).await?;
    let placed = follow(tx, new).await?;
    let asked = follow_offers(tx, call, id, span, action).await?;
    done(tx, call, action, Subject("Session", Some(id.0)), json!({ "version": version, "assignments": placed.len() })).await?;
    emit(tx, call, "session.moved", json!({ "session": id, "starts_at": starts_at })).await?;
    Ok(Moved { told: placed.iter().copied().chain(asked).collect(), placed })
}

/// Assignments go where their session goes. One that falls on another duty of its champion, or too near one to travel, says so: it is
/// flagged by whoever judges again, and nothing is taken from anybody.
async fn follow(tx: &impl ConnectionTrait, session: session::Model) -> Result<Vec<ChampionId>, Fault> {
    let rows = offer::confirmed(tx, &[session.id]).await?;
    let champions: Vec<ChampionId> = rows.iter().map(|a| a.champion_id).collect();
    store::champion::lock_all(tx, &champions).await?;
    let records = facts::champions(tx, Which::These(&champions)).await?;
    let (starts_at, ends_at) = (session.starts_at, session.ends_at);
    let facts = facts::need(tx, session).await?;
    for duty in rows {
        let judged = facts.need_at(duty.place_id).zip(records.iter().find(|r| r.id == duty.champion_id));
        let clashing = judged.is_some_and(|(need, champion)| overlap(need, champion).is_some());
        let hurried = judged.is_some_and(|(need, champion)| too_far_apart(need, champion).is_some());
        row::update(tx, assignment::Model { starts_at, ends_at, clashing, hurried, ..duty }).await?;
    }
    Ok(champions)
}

/// Offers that wait follow their session, or lapse if nobody could answer in time; answers whom the rest are for.
async fn follow_offers(
    tx: &impl ConnectionTrait,
    call: &Call,
    session: SessionId,
    span: Span,
    action: Action,
) -> Result<Vec<ChampionId>, Fault> {
    let mut pending = offer::of_sessions(tx, &[session]).await?;
    pending.retain(|o| o.status == OfferStatus::Pending);
    let (mut asked, mut late) = (Vec::new(), Vec::new());
    for one in pending {
        match offer_follows(one.expires_at, span.from, call.now) {
            Some(expires_at) => {
                asked.push(one.champion_id);
                row::update(tx, offer_row::Model { expires_at, ..one }).await?;
            }
            None => late.push(one),
        }
    }
    super::offer_close::tell_and_close(tx, call, &late, OfferStatus::Expired, action).await?;
    Ok(asked)
}

//! When a champion can help.

use entity::{availability_exception, availability_window};
use rules::availability::{CannotAddException, CannotRemoveException, CannotReplaceWindows, Exception, WINDOW_LIMIT, Window};
use rules::id::{ChampionId, ExceptionId, WindowId};
use rules::policy::{Action, Relation};
use serde_json::json;

use super::champion::visible;
use super::{Once, Subject, answered, audited, done, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::{availability, row, transact};

pub(super) fn window_row(champion: ChampionId, window: &Window, call: &Call) -> availability_window::Model {
    availability_window::Model {
        id: new_id::<WindowId>(call.now),
        champion_id: champion,
        weekday: window.weekday,
        starts: window.starts,
        ends: window.ends,
        zone: window.zone.name().to_owned(),
        every_weeks: i32::try_from(window.every_weeks).unwrap_or(1),
        valid_from: window.valid_from,
        valid_until: window.valid_until,
        modality: window.modality,
    }
}

/// How many sessions a champion wants at most; what is none stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// In a week.
    pub per_week: Option<Option<i32>>,
    /// In a calendar month.
    pub per_month: Option<Option<i32>>,
}

/// Replaces the weekly pattern as a whole.
pub async fn replace_windows(
    app: &App,
    call: &Call,
    champion: ChampionId,
    windows: Vec<Window>,
    limits: Limits,
) -> Result<ChampionId, Refusal<CannotReplaceWindows>> {
    let result = transact!(app.db, |tx| {
        let mut person = visible(&tx, call, champion, Action::AvailabilityWindowsReplace).await?;
        if windows.len() > WINDOW_LIMIT {
            return Err(Refusal::rule(CannotReplaceWindows::TooMany { most: WINDOW_LIMIT }));
        }
        availability::replace_windows(&tx, champion, windows.iter().map(|w| window_row(champion, w, call)).collect()).await?;
        person.most_per_week = limits.per_week.unwrap_or(person.most_per_week);
        if let Some(most) = limits.per_month {
            crate::store::wave::most_per_month(&tx, champion, most).await?;
        }
        person.version += 1;
        person.updated_at = call.now;
        row::update(&tx, person).await?;
        done(&tx, call, Action::AvailabilityWindowsReplace, Subject::champion(champion), json!({ "windows": windows.len() })).await?;
        Ok(champion)
    });
    audited(app, call, Action::AvailabilityWindowsReplace, Subject::champion(champion), result).await
}

/// Adds leave or extra time.
pub async fn add_exception(
    app: &App,
    call: &Call,
    once: Option<Once>,
    champion: ChampionId,
    exception: Exception,
    reason: Option<String>,
) -> Result<ExceptionId, Refusal<CannotAddException>> {
    let result = transact!(app.db, |tx| {
        visible(&tx, call, champion, Action::AvailabilityExceptionAdd).await?;
        if let Some(kept) = answered::<ExceptionId, CannotAddException>(&tx, call, once.as_ref(), Action::AvailabilityExceptionAdd).await? {
            return Ok(kept);
        }
        let id: ExceptionId = new_id(call.now);
        let added = availability_exception::Model {
            id,
            champion_id: champion,
            kind: exception.kind,
            first_date: exception.first,
            last_date: exception.last,
            starts: exception.times.map(|t| t.0),
            ends: exception.times.map(|t| t.1),
            zone: exception.zone.name().to_owned(),
            reason: reason.clone(),
            created_at: call.now,
        };
        row::insert(&tx, added).await?;
        done(&tx, call, Action::AvailabilityExceptionAdd, Subject::champion(champion), json!({ "kind": exception.kind })).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, Action::AvailabilityExceptionAdd, Subject::champion(champion), result).await
}

/// Removes leave or extra time; answers whose it was.
pub async fn remove_exception(app: &App, call: &Call, id: ExceptionId) -> Result<ChampionId, Refusal<CannotRemoveException>> {
    let result = transact!(app.db, |tx| {
        call.require(Action::AvailabilityExceptionRemove, Relation::Own)?;
        let found = availability::exception(&tx, id).await?;
        let theirs = found.filter(|e| call.may(Action::AvailabilityExceptionRemove, call.caller.to_champion(e.champion_id)));
        let Some(exception) = theirs else { return Err(Refusal::not_found("exceptionId")) };
        let champion = exception.champion_id;
        crate::store::champion::lock(&tx, champion).await?;
        availability::remove_exception(&tx, id).await?;
        done(&tx, call, Action::AvailabilityExceptionRemove, Subject::champion(champion), json!({ "exception": id })).await?;
        Ok(champion)
    });
    audited(app, call, Action::AvailabilityExceptionRemove, Subject("AvailabilityException", Some(id.0)), result).await
}

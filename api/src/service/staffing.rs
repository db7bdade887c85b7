//! How many champions a session needs.

use entity::{assignment, place, staffing};
use rules::id::SessionId;
use rules::policy::{Action, Relation};
use rules::session::PlaceKind;
use rules::staffing::{CannotSetStaffing, Count, Wanted, set as judge};
use serde_json::json;

use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::error::Refusal;
use crate::store::{self, row, staffing as rows, transact};

/// How each kind of place of a session is filled, by its rows.
pub fn counts(places: &[place::Model], confirmed: &[assignment::Model], said: &[staffing::Model]) -> Vec<Count> {
    let of_kind = |kind: &PlaceKind| {
        let ids: Vec<_> = places.iter().filter(|p| p.kind == *kind).map(|p| p.id).collect();
        let wanted = match said.iter().find(|row| row.kind == *kind) {
            Some(row) => rows::fact(row),
            None => Wanted::default_of(*kind, ids.len()),
        };
        let filled = confirmed.iter().filter(|a| ids.contains(&a.place_id)).count();
        (!ids.is_empty()).then_some(Count { kind: *kind, wanted, places: ids.len(), filled })
    };
    PlaceKind::ALL.iter().filter_map(of_kind).collect()
}

/// Says how many of a kind a session needs, and how many would be best.
pub async fn set(
    app: &App,
    call: &Call,
    id: SessionId,
    kind: PlaceKind,
    minimum: i32,
    ideal: i32,
) -> Result<SessionId, Refusal<CannotSetStaffing>> {
    let action = Action::SessionStaffingSet;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(session) = store::session::lock(&tx, id).await? else { return Err(Refusal::not_found("sessionId")) };
        call.require(action, call.caller.to_group(session.group_id))?;
        let places = store::session::places(&tx, &[id]).await?.iter().filter(|p| p.kind == kind).count();
        judge((kind, places), minimum, ideal, session.status, session.starts_at, call.now).map_err(Refusal::rule)?;
        rows::remove(&tx, id, kind).await?;
        row::insert(&tx, staffing::Model { session_id: id, kind, minimum, ideal }).await?;
        done(&tx, call, action, Subject("Session", Some(id.0)), json!({ "kind": kind, "minimum": minimum, "ideal": ideal })).await?;
        emit(&tx, call, "session.staffing_set", json!({ "session": id })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(id.0)), result).await
}

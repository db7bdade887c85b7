//! How many champions a session needs.

use entity::staffing;
use rules::id::SessionId;
use rules::policy::{Action, Relation};
use rules::session::PlaceKind;
use rules::staffing::{CannotSetStaffing, set as judge};
use serde_json::json;

use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::error::Refusal;
use crate::store::{self, row, staffing as rows, transact};

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

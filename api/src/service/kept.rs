//! The answer to a request with an idempotency key, kept so that the same request is answered the same for 24 hours.
//!
//! It is kept before it is sent, and the first to keep it wins: whatever anybody was told is what the next retry is told, on any
//! replica, and after a crash the first answer that gets out is the one that stays (docs/decisions/0017).

use entity::kept_answer;
use serde_json::{Value, json};

use super::{Once, owner};
use crate::app::{App, Call};
use crate::error::Fault;
use crate::keys::id_of;
use crate::store::ledger;

/// The name a request goes by: its document, variables and operation, and what the caller may do. Somebody whose rights have changed asks
/// another question, and is answered by what they may see now.
pub fn name(app: &App, call: &Call, asked: &Value) -> String {
    let caller = &call.caller;
    let (mut roles, mut leads, mut trains) = (caller.roles.clone(), caller.leads.clone(), caller.trains.clone());
    roles.sort();
    leads.sort();
    trains.sort();
    let standing = json!({ "roles": roles, "leads": leads, "trains": trains, "champion": caller.champion,
        "client": caller.client.map(|(id, _)| id), "scopes": caller.scopes });
    app.keys.fingerprint(json!({ "asked": asked, "standing": standing }).to_string().as_bytes())
}

/// Keeps an answer, or finds the one that was kept before. Sealed: it may hold what no dump may show.
pub async fn settle(app: &App, call: &Call, once: &Once, request: &str, answer: &str) -> Result<Option<String>, Fault> {
    let row = id_of(request);
    let fresh = kept_answer::Model {
        caller: owner(call),
        key: once.key.clone(),
        request_hash: request.to_owned(),
        answer: app.sealing.seal(row, answer)?,
        created_at: call.now,
    };
    let Some(kept) = ledger::keep_first(app.db.single(), fresh).await? else { return Ok(None) };
    match app.sealing.open(row, &kept.answer) {
        Ok(text) => Ok(Some(text)),
        Err(_) => {
            tracing::warn!(request_id = call.request_id, "a kept answer can't be opened: its sealing key is gone");
            Ok(None)
        }
    }
}

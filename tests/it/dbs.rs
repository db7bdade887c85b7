//! DBS checks: from the request to the decision, who may, and who has looked.

mod permitted;
mod pipeline;
mod privacy;
pub mod update_service;

use serde_json::{Value, json};

use crate::harness::Persona;

pub const REQUEST: &str = "mutation($input: DbsCheckRequestInput!) { dbsCheckRequest(input: $input) { check { id status version scope { level workforce barredLists } } userErrors { code field message } } }";
const ADVANCE: &str = "mutation($id: ID!, $step: DbsStepInput!, $version: Int) { dbsCheckAdvance(input: {checkId: $id, step: $step, expectedVersion: $version}) { check { status version applicationReference certificateNumber printedName issuedOn seenAt decidedOn conditions recheckDueOn } warnings userErrors { code field message } } }";

/// Asks for a check; answers its id.
async fn requested(lead: &Persona<'_>, champion: &Value, scope: Value) -> Value {
    let done = lead.done(REQUEST, json!({ "input": { "championId": champion, "scope": scope, "positions": everything() } })).await;
    assert_eq!(done["check"]["status"], "REQUESTED");
    done["check"]["id"].clone()
}

/// Records steps that must succeed, a second apart; answers the check after the last.
pub async fn advanced(lead: &Persona<'_>, id: &Value, steps: &[Value]) -> Value {
    let mut check = Value::Null;
    for step in steps {
        lead.world.pass(chrono::TimeDelta::seconds(1));
        check = lead.done(ADVANCE, json!({ "id": id, "step": step })).await["check"].take();
    }
    check
}

/// Everything up to the certificate being sent today.
pub fn to_issued() -> Vec<Value> {
    vec![
        json!({ "other": "APPLICANT_STARTED" }),
        json!({ "idChecked": { "documents": "passport, council tax bill" } }),
        json!({ "submitted": { "applicationReference": "F0012345678" } }),
        json!({ "issued": { "issuedOn": "2026-11-21" } }),
    ]
}

pub fn seen(number: &str, on: &str) -> Value {
    json!({ "seen": { "certificateNumber": number, "printedName": "VALENTINA ROSSI", "issuedOn": on } })
}

/// What permits any check: teaching children weekly, and handling an adult's shopping.
fn everything() -> Value {
    json!([{ "audience": "CHILDREN", "weekly": true }, { "audience": "ADULTS_PUBLIC", "weekly": false, "handlesMoney": true }])
}

pub fn basic() -> Value {
    json!({ "level": "BASIC", "workforce": "OTHER" })
}

fn refusal(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

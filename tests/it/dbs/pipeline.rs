//! The steps of a check.

use serde_json::{Value, json};

use super::{ADVANCE, REQUEST, advanced, basic, everything, refusal, requested, seen, to_issued};
use crate::both;
use crate::champion::{CONFIRM, PASSWORD, SIGN_UP, form, own};

const ACCEPT: &str = "mutation($id: ID!) { offerAccept(input: {offerId: $id}) { assignment { status clearedForSession } userErrors { code field message } } }";

both!(a_check_goes_step_by_step_to_its_clearance, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let scope = json!({ "level": "ENHANCED", "workforce": "ADULT", "barredLists": ["ADULTS"] });
    let check = requested(&lead, &id, scope).await;
    let issued = advanced(&lead, &check, &to_issued()).await;
    assert_eq!(
        (&issued["status"], &issued["applicationReference"], &issued["seenAt"]),
        (&json!("ISSUED"), &json!("F0012345678"), &Value::Null)
    );
    let cleared = advanced(&lead, &check, &[seen(" 0012-3456 7890", "2026-11-21"), json!({ "cleared": {} })]).await;
    assert_eq!(
        cleared,
        json!({
            "status": "CLEARED", "version": 7, "applicationReference": "F0012345678", "certificateNumber": "001234567890",
            "printedName": "VALENTINA ROSSI", "issuedOn": "2026-11-21", "seenAt": "2026-11-21T09:00:05.000Z", "decidedOn": "2026-11-21",
            "conditions": null, "recheckDueOn": "2029-11-21",
        })
    );
    const STEPS: &str = "query($id: ID!) { champion(by: {id: $id}) { dbsChecks { scope { level workforce barredLists } steps { from to note actor { displayName } } } onboarding { steps { status waitingOn requirement { kind } } } } }";
    let data = lead.ask(STEPS, json!({ "id": id })).await["champion"].take();
    let steps = data["dbsChecks"][0]["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 7, "one event a step");
    assert_eq!((&steps[0]["from"], &steps[6]["to"]), (&Value::Null, &json!("CLEARED")));
    assert_eq!(steps[2]["note"], "passport, council tax bill");
    assert!(steps.iter().all(|step| step["actor"]["displayName"] == "Demo Safeguarding Lead"));
    let line = data["onboarding"]["steps"].as_array().expect("lines").iter().find(|step| step["requirement"]["kind"] == "DBS").cloned();
    assert_eq!(line.map(|line| line["status"].clone()), Some(json!("DONE")));
});

both!(a_risk_assessment_ends_in_conditions_or_a_no, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let check = requested(&lead, &id, basic()).await;
    advanced(&lead, &check, &to_issued()).await;
    advanced(&lead, &check, &[seen("001234567890", "2026-11-21")]).await;
    let conditional = json!({ "id": check, "step": { "cleared": { "conditions": "Never alone" } } });
    assert_eq!(lead.problems(ADVANCE, conditional.clone()).await, refusal("ILLEGAL_TRANSITION", "step"), "not before it was weighed");
    advanced(&lead, &check, &[json!({ "other": "RISK_ASSESSMENT" })]).await;
    let done = lead.done(ADVANCE, conditional).await["check"].take();
    assert_eq!((&done["status"], &done["conditions"]), (&json!("CLEARED_WITH_CONDITIONS"), &json!("Never alone")));
    let after = advanced(
        &lead,
        &check,
        &[json!({ "other": "SUSPENDED" }), json!({ "other": "RISK_ASSESSMENT" }), json!({ "other": "NOT_CLEARED" })],
    )
    .await;
    assert_eq!(after["status"], "NOT_CLEARED");
});

both!(certificate_numbers_are_twelve_digits, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let check = requested(&lead, &id, basic()).await;
    advanced(&lead, &check, &to_issued()).await;
    for number in ["", "1234567890", "12345678901", "0012345678901", "00123456789O", "١٢٣٤٥٦٧٨٩٠١٢"] {
        let refused = lead.problems(ADVANCE, json!({ "id": check, "step": seen(number, "2026-11-21") })).await;
        assert_eq!(refused, refusal("INVALID", "step.seen.certificateNumber"), "{number}");
    }
    let as_a_number =
        json!({ "id": check, "step": { "seen": { "certificateNumber": 1_234_567_890, "printedName": "V R", "issuedOn": "2026-11-21" } } });
    assert_eq!(lead.fault(ADVANCE, as_a_number).await, "BAD_USER_INPUT", "a number would lose its zeros");
    let done = advanced(&lead, &check, &[seen("000000000001", "2026-11-21")]).await;
    assert_eq!(done["certificateNumber"], "000000000001");
});

both!(steps_that_do_not_follow_are_refused, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let check = requested(&lead, &id, basic()).await;
    let illegal = [
        json!({ "idChecked": { "documents": "passport" } }),
        json!({ "submitted": {} }),
        json!({ "issued": { "issuedOn": "2026-11-21" } }),
        seen("001234567890", "2026-11-21"),
        json!({ "cleared": {} }),
        json!({ "other": "RISK_ASSESSMENT" }),
        json!({ "other": "NOT_CLEARED" }),
        json!({ "other": "REJECTED_BY_DBS" }),
        json!({ "other": "SUSPENDED" }),
    ];
    for step in illegal {
        assert_eq!(lead.problems(ADVANCE, json!({ "id": check, "step": step })).await, refusal("ILLEGAL_TRANSITION", "step"), "{step}");
    }
    for two in [json!({}), json!({ "other": "WITHDRAWN", "cleared": {} })] {
        assert_eq!(lead.fault(ADVANCE, json!({ "id": check, "step": two })).await, "BAD_USER_INPUT", "exactly one step");
    }
    let withdrawn = advanced(&lead, &check, &[json!({ "other": "WITHDRAWN" })]).await;
    assert_eq!((&withdrawn["status"], &withdrawn["version"]), (&json!("WITHDRAWN"), &json!(2)), "the refused steps left no trace");
    assert_eq!(
        lead.problems(ADVANCE, json!({ "id": check, "step": { "other": "APPLICANT_STARTED" } })).await,
        refusal("ILLEGAL_TRANSITION", "step")
    );
});

both!(dates_that_disagree_are_refused, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let check = requested(&lead, &id, basic()).await;
    advanced(&lead, &check, &to_issued()[..3]).await;
    let issued = |on: &str| json!({ "id": check, "step": { "issued": { "issuedOn": on } } });
    assert_eq!(lead.problems(ADVANCE, issued("2026-11-22")).await, refusal("IN_FUTURE", "step"));
    assert_eq!(lead.problems(ADVANCE, issued("2026-11-20")).await, refusal("DATES_DISAGREE", "step"), "older than the request");
    world.pass(chrono::TimeDelta::days(20));
    let lead = world.sign_in("safeguarding").await;
    lead.done(ADVANCE, issued("2026-12-05")).await;
    let other = json!({ "id": check, "step": seen("001234567890", "2026-12-06") });
    assert_eq!(lead.problems(ADVANCE, other).await, refusal("DATES_DISAGREE", "step"), "not the date it was issued on");
    let done = advanced(&lead, &check, &[seen("001234567890", "2026-12-05"), json!({ "cleared": {} })]).await;
    assert_eq!((&done["decidedOn"], &done["recheckDueOn"]), (&json!("2026-12-11"), &json!("2029-12-05")));
});

both!(an_unusual_reference_is_kept_with_a_warning, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let check = requested(&lead, &id, basic()).await;
    advanced(&lead, &check, &to_issued()[..2]).await;
    let stale = json!({ "id": check, "step": { "submitted": { "applicationReference": "X1" } }, "version": 2 });
    assert_eq!(lead.problems(ADVANCE, stale).await, refusal("STALE", "expectedVersion"));
    let done = lead.done(ADVANCE, json!({ "id": check, "step": { "submitted": { "applicationReference": "X1" } }, "version": 3 })).await;
    assert_eq!((&done["check"]["applicationReference"], done["warnings"].as_array().map(Vec::len)), (&json!("X1"), Some(1)));
});

both!(a_request_that_will_not_do_is_refused, |world| async move {
    let (lead, id) = (world.sign_in("safeguarding").await, world.champion_id("Valentina Rossi").await);
    let ask = |scope: Value| json!({ "input": { "championId": id, "scope": scope, "positions": everything() } });
    for scope in [
        json!({ "level": "BASIC", "workforce": "ADULT" }),
        json!({ "level": "STANDARD", "workforce": "ADULT", "barredLists": ["ADULTS"] }),
        json!({ "level": "ENHANCED", "workforce": "ADULT", "barredLists": ["CHILDREN"] }),
    ] {
        assert_eq!(lead.problems(REQUEST, ask(scope.clone())).await, refusal("INCOHERENT", "scope.level"), "{scope}");
    }
    requested(&lead, &id, basic()).await;
    assert_eq!(lead.problems(REQUEST, ask(basic())).await, refusal("UNDER_WAY", "championId"));
    let mut keyed = ask(json!({ "level": "ENHANCED", "workforce": "CHILD" }));
    keyed["input"]["idempotencyKey"] = json!("check-1");
    let first = lead.done(REQUEST, keyed.clone()).await;
    assert_eq!(lead.done(REQUEST, keyed.clone()).await, first);
    keyed["input"]["scope"]["workforce"] = json!("ADULT");
    assert_eq!(lead.problems(REQUEST, keyed).await, refusal("IDEMPOTENCY_MISMATCH", "idempotencyKey"));
});

both!(nobody_handles_their_own_check, |world| async move {
    let email = "safeguarding@demo.digiknow.example";
    world.partner().done(SIGN_UP, json!({ "input": form(email) })).await;
    let token = world.letters(email).await[0].token();
    world.stranger().done(CONFIRM, json!({ "token": token, "password": PASSWORD })).await;
    let lead = world.sign_in("safeguarding").await;
    let id = own(&lead, "id").await["id"].take();
    assert_eq!(
        lead.problems(REQUEST, json!({ "input": { "championId": id, "scope": basic() } })).await,
        refusal("OWN_CHECK", "championId")
    );
});

both!(a_suspended_check_stops_an_acceptance_and_clearance_allows_it_again, |world| async move {
    const OFFERS: &str = "{ viewer { champion { offers(statuses: [PENDING]) { nodes { id viewerCannotAcceptReasons { code } } } } } }";
    let (lead, champion) = (world.sign_in("safeguarding").await, world.sign_in("champion").await);
    let offers = async || champion.ask(OFFERS, json!({})).await["viewer"]["champion"]["offers"]["nodes"][0].take();
    let offer = offers().await;
    assert_eq!(offer["viewerCannotAcceptReasons"], json!([]));
    let subject = own(&champion, "id").await["id"].take();
    let checks = lead.ask("query($id: ID!) { champion(by: {id: $id}) { dbsChecks { id status } } }", json!({ "id": subject })).await;
    let check = checks["champion"]["dbsChecks"][0]["id"].clone();
    advanced(&lead, &check, &[json!({ "other": "SUSPENDED" })]).await;
    assert_eq!(offers().await["viewerCannotAcceptReasons"], json!([{ "code": "DBS_NOT_IN_PLACE" }]));
    let refused = champion.refused(ACCEPT, json!({ "id": offer["id"] })).await;
    assert_eq!(refused, ["DBS_NOT_IN_PLACE"]);
    advanced(&lead, &check, &[json!({ "other": "RISK_ASSESSMENT" })]).await;
    assert_eq!(champion.refused(ACCEPT, json!({ "id": offer["id"] })).await, ["DBS_NOT_IN_PLACE"], "what is not decided is not clear");
    advanced(&lead, &check, &[json!({ "cleared": {} })]).await;
    let done = champion.done(ACCEPT, json!({ "id": offer["id"] })).await;
    assert_eq!(done["assignment"], json!({ "status": "CONFIRMED", "clearedForSession": true }));
});

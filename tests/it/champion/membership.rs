//! Where a champion stands, and who moves that.

use serde_json::{Value, json};

use super::{SIGN_UP, form, joined, own};
use crate::both;
use crate::harness::Persona;

const MOVE: &str = "mutation($id: ID!, $to: Membership!, $version: Int) { championMembershipChange(input: {championId: $id, to: $to, expectedVersion: $version}) { champion { membership membershipChangedAt version } userErrors { code field message } } }";

async fn moved(by: &Persona<'_>, id: &Value, to: &str) -> String {
    let payload = by.payload(MOVE, json!({ "id": id, "to": to })).await;
    match payload["userErrors"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => payload["champion"]["membership"].as_str().expect("a membership").to_owned(),
    }
}

both!(a_coordinator_takes_an_applicant_on_step_by_step, |world| async move {
    let applicant = joined(&world, form("steps@example.org")).await;
    let id = own(&applicant, "id").await["id"].take();
    let coordinator = world.sign_in("coordinator").await;
    assert_eq!(moved(&applicant, &id, "SCREENING").await, "ILLEGAL_TRANSITION", "nobody promotes themselves");
    assert_eq!(moved(&coordinator, &id, "ACTIVE").await, "ILLEGAL_TRANSITION", "no step is skipped");
    assert_eq!(moved(&coordinator, &id, "SCREENING").await, "SCREENING");
    assert_eq!(moved(&coordinator, &id, "APPROVED").await, "APPROVED");
    for to in ["ON_TRIAL", "ACTIVE"] {
        let refused = coordinator.payload(MOVE, json!({ "id": id, "to": to })).await;
        let problem = &refused["userErrors"][0];
        assert_eq!((&problem["code"], &problem["field"]), (&json!("NOT_READY"), &json!(["to"])));
        let message = problem["message"].as_str().expect("a message");
        for missing in [
            "Informal conversation",
            "Identity check",
            "Two references",
            "Volunteer agreement",
            "Safeguarding adults, level 1",
            "DBS check",
        ] {
            assert!(message.contains(missing), "{to}: {message}");
        }
        assert_eq!(message.contains("Induction visit"), to == "ACTIVE", "{message}");
        assert!(!message.contains("Privacy notice"), "that is done: {message}");
    }
    assert_eq!(moved(&coordinator, &id, "DECLINED").await, "DECLINED");
    assert_eq!(moved(&coordinator, &id, "APPLIED").await, "ILLEGAL_TRANSITION");
});

both!(somebody_on_trial_with_everything_done_becomes_active, |world| async move {
    const INDUCTED: &str = "mutation($id: ID!, $requirement: ID!) { evidenceRecord(input: {championId: $id, requirementId: $requirement}) { userErrors { code field message } } }";
    let (coordinator, id) = (world.sign_in("coordinator").await, world.champion_id("Helena Marlowe-Finch").await);
    assert_eq!(moved(&coordinator, &id, "ACTIVE").await, "NOT_READY", "the induction is to come");
    coordinator.done(INDUCTED, json!({ "id": id, "requirement": world.requirement_id("INDUCTION").await })).await;
    let done = coordinator.done(MOVE, json!({ "id": id, "to": "ACTIVE" })).await;
    assert_eq!(
        (&done["champion"]["membership"], &done["champion"]["membershipChangedAt"]),
        (&json!("ACTIVE"), &json!("2026-11-21T09:00:00.000Z"))
    );
});

both!(a_champion_pauses_comes_back_and_leaves_without_asking, |world| async move {
    let (champion, id) = (world.sign_in("oksana.11").await, world.champion_id("Oksana Kovalenko").await);
    assert_eq!(moved(&champion, &id, "PAUSED").await, "PAUSED");
    assert_eq!(moved(&champion, &id, "PAUSED").await, "ILLEGAL_TRANSITION");
    assert_eq!(moved(&champion, &id, "ACTIVE").await, "ACTIVE");
    assert_eq!(moved(&champion, &id, "SUSPENDED").await, "ILLEGAL_TRANSITION");
    assert_eq!(moved(&champion, &id, "WITHDRAWN").await, "ILLEGAL_TRANSITION", "that is for applicants");
    assert_eq!(moved(&champion, &id, "LEFT").await, "LEFT");
    assert_eq!(moved(&champion, &id, "ACTIVE").await, "ILLEGAL_TRANSITION", "coming back is a new application");
    assert_eq!(moved(&world.sign_in("coordinator").await, &id, "APPLIED").await, "APPLIED");
});

both!(an_applicant_withdraws, |world| async move {
    let applicant = joined(&world, form("withdraw@example.org")).await;
    let id = own(&applicant, "id").await["id"].take();
    assert_eq!(moved(&applicant, &id, "LEFT").await, "ILLEGAL_TRANSITION");
    assert_eq!(moved(&applicant, &id, "WITHDRAWN").await, "WITHDRAWN");
    assert_eq!(own(&applicant, "membership").await["membership"], "WITHDRAWN", "their own record stays theirs to see");
});

both!(an_enquiry_becomes_an_application_by_the_link_alone, |world| async move {
    world.partner().done(SIGN_UP, json!({ "input": form("enquiry@example.org") })).await;
    let coordinator = world.sign_in("coordinator").await;
    let found = coordinator.ask("{ champion(by: {reference: \"DC-0061\"}) { id } }", json!({})).await;
    for to in ["APPLIED", "SCREENING", "ACTIVE", "WITHDRAWN"] {
        assert_eq!(moved(&coordinator, &found["champion"]["id"], to).await, "ILLEGAL_TRANSITION", "{to}");
    }
});

both!(only_the_safeguarding_lead_lifts_a_suspension, |world| async move {
    let id = world.champion_id("Oksana Kovalenko").await;
    let (coordinator, lead) = (world.sign_in("coordinator").await, world.sign_in("safeguarding").await);
    assert_eq!(moved(&coordinator, &id, "SUSPENDED").await, "SUSPENDED");
    assert_eq!(moved(&coordinator, &id, "ACTIVE").await, "ILLEGAL_TRANSITION");
    assert_eq!(moved(&world.sign_in("oksana.11").await, &id, "ACTIVE").await, "ILLEGAL_TRANSITION");
    assert_eq!(moved(&lead, &id, "ACTIVE").await, "ACTIVE");
});

both!(an_outdated_version_moves_nobody, |world| async move {
    let (champion, id) = (world.sign_in("oksana.11").await, world.champion_id("Oksana Kovalenko").await);
    let done = champion.done(MOVE, json!({ "id": id, "to": "PAUSED", "version": 1 })).await;
    assert_eq!(done["champion"]["version"], 2);
    assert_eq!(
        champion.problems(MOVE, json!({ "id": id, "to": "ACTIVE", "version": 1 })).await,
        [("STALE".to_owned(), "expectedVersion".to_owned())]
    );
});

both!(others_may_not_move_a_champion, |world| async move {
    let id = world.champion_id("Oksana Kovalenko").await;
    for name in ["leader", "trainer", "admin"] {
        assert_eq!(world.sign_in(name).await.fault(MOVE, json!({ "id": id, "to": "PAUSED" })).await, "FORBIDDEN", "{name}");
    }
    assert_eq!(moved(&world.sign_in("champion").await, &id, "PAUSED").await, "NOT_FOUND", "another champion is not theirs to know");
});

//! Exemptions and new versions of a requirement.

use serde_json::{Value, json};

use super::{booked, clearance, events, standing};
use crate::both;
use crate::harness::World;

const GRANT: &str = "mutation($input: ExemptionGrantInput!) { exemptionGrant(input: $input) { champion { onboarding { exemptions { id from until comment grantedBy endedAt requirement { kind } } steps { status waitingOn requirement { kind } } } } userErrors { code field message } } }";
const END: &str = "mutation($id: ID!) { exemptionEnd(input: {exemptionId: $id}) { champion { onboarding { exemptions { endedAt } } } userErrors { code field message } } }";
pub const SUPERSEDE: &str = "mutation($input: RequirementSupersedeInput!) { requirementSupersede(input: $input) { requirement { id kind inForceFrom supersededOn } userErrors { code field message } } }";
const SIGN: &str =
    "mutation($input: EvidenceRecordInput!) { evidenceRecord(input: $input) { champion { id } userErrors { code field message } } }";

async fn input(world: &World, champion: &Value, kind: &str, until: &str) -> Value {
    json!({ "input": { "championId": champion, "requirementId": world.requirement_id(kind).await, "until": until, "comment": "Known to us for ten years" } })
}

both!(an_exemption_counts_to_its_last_day_and_names_who_answers_for_it, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let id = world.champion_id("Valentina Rossi").await;
    let asked = input(&world, &id, "REFERENCE", "2026-12-31").await;
    let done = coordinator.done(GRANT, asked).await["champion"]["onboarding"].take();
    let given = &done["exemptions"][0];
    assert_eq!((&given["from"], &given["until"], &given["endedAt"]), (&json!("2026-11-21"), &json!("2026-12-31"), &Value::Null));
    assert_eq!((&given["comment"], &given["grantedBy"]), (&json!("Known to us for ten years"), &json!("Demo Coordinator")));
    let line = done["steps"].as_array().expect("steps").iter().find(|s| s["requirement"]["kind"] == "REFERENCE").cloned();
    assert_eq!(line.map(|l| (l["status"].clone(), l["waitingOn"].clone())), Some((json!("EXEMPT"), Value::Null)));
    let names = async |on: &str| {
        let found = clearance(&coordinator, &id, on).await;
        found["reasons"].as_array().expect("reasons").iter().any(|r| r["message"].as_str().is_some_and(|m| m.contains("references")))
    };
    assert!(!names("2026-12-31").await, "its last day");
    assert!(names("2027-01-01").await, "the day after");
});

both!(ending_an_exemption_breaks_what_stood_on_it, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let who = booked(&world).await;
    // A second piece of paper is taken back by a later "no"; the exemption stands in for it.
    const NO: &str =
        "mutation($input: EvidenceRecordInput!) { evidenceRecord(input: $input) { champion { id } userErrors { code field message } } }";
    let identity = world.requirement_id("IDENTITY").await;
    let no = json!({ "input": { "championId": who.champion, "requirementId": identity, "outcome": "NOT_SATISFIED", "note": "Name has changed" } });
    coordinator.done(NO, no).await;
    assert!(standing(&coordinator, &who.assignment).await["atRiskSince"].is_string(), "a no undoes a yes, and the promise with it");
    let granted = coordinator.done(GRANT, input(&world, &who.champion, "IDENTITY", "2027-11-21").await).await;
    assert_eq!(standing(&coordinator, &who.assignment).await["atRiskSince"], Value::Null);
    let id = granted["champion"]["onboarding"]["exemptions"][0]["id"].clone();
    coordinator.done(END, json!({ "id": id })).await;
    assert!(standing(&coordinator, &who.assignment).await["atRiskSince"].is_string());
    assert_eq!(events(&world, "exemption.ended").await, 1);
    let again = coordinator.problems(END, json!({ "id": id })).await;
    assert_eq!(again, [("ALREADY_ENDED".to_owned(), "exemptionId".to_owned())]);
});

both!(what_the_law_asks_has_no_exemption_and_nobody_exempts_for_ever, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let id = world.champion_id("Valentina Rossi").await;
    for (kind, until, expected) in [
        ("DBS", "2027-01-01", ("NOT_EXEMPTIBLE", "requirementId")),
        ("RIGHT_TO_VOLUNTEER", "2027-01-01", ("NOT_EXEMPTIBLE", "requirementId")),
        ("SAFEGUARDING_DECLARATION", "2027-01-01", ("NOT_EXEMPTIBLE", "requirementId")),
        ("REFERENCE", "2027-11-22", ("PERIOD", "until")),
        ("REFERENCE", "2026-11-20", ("PERIOD", "until")),
    ] {
        let found = coordinator.problems(GRANT, input(&world, &id, kind, until).await).await;
        assert_eq!(found, [(expected.0.to_owned(), expected.1.to_owned())], "{kind} until {until}");
    }
    let mut silent = input(&world, &id, "REFERENCE", "2027-01-01").await;
    silent["input"]["comment"] = json!("because");
    assert_eq!(coordinator.problems(GRANT, silent).await, [("INVALID".to_owned(), "comment".to_owned())]);
});

both!(new_wording_is_signed_again_from_its_day_on, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let champion = world.sign_in("champion").await;
    let id = crate::champion::own(&champion, "id").await["id"].take();
    let old = world.requirement_id("AGREEMENT").await;
    let new = json!({ "input": { "requirementId": old, "name": "Volunteer agreement, 2027 wording", "inForceFrom": "2027-01-01" } });
    let made = coordinator.done(SUPERSEDE, new.clone()).await["requirement"].take();
    assert_eq!((&made["kind"], &made["supersededOn"]), (&json!("AGREEMENT"), &Value::Null));
    let lacks = async |on: &str| {
        let found = clearance(&coordinator, &id, on).await;
        found["reasons"].as_array().expect("reasons").iter().any(|r| r["message"].as_str().is_some_and(|m| m.contains("agreement")))
    };
    assert!(!lacks("2026-12-31").await, "evidence before a version was superseded still counts for the old one");
    assert!(lacks("2027-01-01").await, "signed again on new wording");
    let again = coordinator.problems(SUPERSEDE, new).await;
    assert_eq!(again, [("ALREADY_SUPERSEDED".to_owned(), "requirementId".to_owned())]);
    let sign = json!({ "input": { "championId": id, "requirementId": made["id"] } });
    assert_eq!(champion.problems(SIGN, sign.clone()).await, [("SUPERSEDED".to_owned(), "requirementId".to_owned())], "not before its day");
    world.pass(chrono::TimeDelta::days(41));
    let champion = world.sign_in("champion").await;
    champion.done(SIGN, sign).await;
    let coordinator = world.sign_in("coordinator").await;
    let found = clearance(&coordinator, &id, "2027-02-01").await;
    assert!(!found["reasons"].as_array().expect("reasons").iter().any(|r| r["message"].as_str().is_some_and(|m| m.contains("agreement"))));
});

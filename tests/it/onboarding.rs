//! The checklist moves as evidence comes in: signed by the champion, checked by a coordinator.

use serde_json::{Value, json};

use crate::both;
use crate::champion::{form, joined, own};
use crate::harness::{Persona, World};

const RECORD: &str = "mutation($input: EvidenceRecordInput!) { evidenceRecord(input: $input) { champion { onboarding { doneCount nextStep { title waitingOn } } } userErrors { code field message } } }";

/// What to send for a kind of requirement.
async fn input(world: &World, champion: &Value, kind: &str) -> Value {
    json!({ "input": { "championId": champion, "requirementId": world.requirement_id(kind).await } })
}

/// Records a kind; answers how many lines are done.
async fn recorded(by: &Persona<'_>, champion: &Value, kind: &str) -> Value {
    let payload = by.done(RECORD, input(by.world, champion, kind).await).await;
    payload["champion"]["onboarding"]["doneCount"].clone()
}

/// The line of a kind, as the champion sees it.
async fn line(champion: &Persona<'_>, kind: &str) -> Value {
    let list = own(champion, "onboarding { steps { status waitingOn requirement { kind } } }").await;
    let steps = list["onboarding"]["steps"].as_array().cloned().expect("steps");
    let step = steps.into_iter().find(|step| step["requirement"]["kind"] == kind).expect("a line");
    json!([step["status"], step["waitingOn"]])
}

fn refusal(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

both!(a_champion_signs_and_a_coordinator_checks_until_training_is_next, |world| async move {
    let (champion, coordinator) = (joined(&world, form("papers@example.org")).await, world.sign_in("coordinator").await);
    let id = own(&champion, "id").await["id"].take();
    for (kind, done) in [("RIGHT_TO_VOLUNTEER", 4), ("SAFEGUARDING_DECLARATION", 5), ("CODE_OF_CONDUCT", 6), ("AGREEMENT", 7)] {
        assert_eq!(recorded(&champion, &id, kind).await, done, "{kind}");
    }
    for (kind, done) in [("CONVERSATION", 8), ("IDENTITY", 9), ("REFERENCE", 9)] {
        assert_eq!(recorded(&coordinator, &id, kind).await, done, "{kind}");
    }
    assert_eq!(line(&champion, "REFERENCE").await, json!(["IN_PROGRESS", "REFEREE"]), "two are needed");
    assert_eq!(recorded(&coordinator, &id, "REFERENCE").await, 10);
    assert_eq!(line(&champion, "REFERENCE").await, json!(["DONE", null]));
    let next = own(&champion, "onboarding { nextStep { title waitingOn requirement { kind module { code } } } }").await;
    let training = json!({ "title": "Champion induction", "waitingOn": "TRAINER", "requirement": { "kind": "TRAINING", "module": { "code": "IND" } } });
    assert_eq!(next["onboarding"]["nextStep"], training);
});

both!(nobody_signs_for_another_or_checks_themselves, |world| async move {
    let (champion, coordinator) = (joined(&world, form("self@example.org")).await, world.sign_in("coordinator").await);
    let id = own(&champion, "id").await["id"].take();
    for kind in ["IDENTITY", "REFERENCE", "CONVERSATION", "INDUCTION"] {
        assert_eq!(champion.problems(RECORD, input(&world, &id, kind).await).await, refusal("OWN_EVIDENCE", "championId"), "{kind}");
    }
    for kind in ["AGREEMENT", "CODE_OF_CONDUCT", "PRIVACY_NOTICE", "SAFEGUARDING_DECLARATION", "RIGHT_TO_VOLUNTEER"] {
        assert_eq!(
            coordinator.problems(RECORD, input(&world, &id, kind).await).await,
            refusal("SIGNED_BY_CHAMPION", "requirementId"),
            "{kind}"
        );
    }
    for kind in ["TRAINING", "DBS", "APPLICATION"] {
        for by in [&champion, &coordinator] {
            assert_eq!(by.problems(RECORD, input(&world, &id, kind).await).await, refusal("RECORDED_ELSEWHERE", "requirementId"), "{kind}");
        }
    }
});

both!(a_coordinator_who_volunteers_is_checked_by_another, |world| async move {
    world.partner().done(crate::champion::SIGN_UP, json!({ "input": form("coordinator@demo.digiknow.example") })).await;
    let token = world.letters("coordinator@demo.digiknow.example").await[0].token();
    world.stranger().done(crate::champion::CONFIRM, json!({ "token": token, "password": crate::champion::PASSWORD })).await;
    let coordinator = world.sign_in("coordinator").await;
    let id = own(&coordinator, "id").await["id"].take();
    assert_eq!(coordinator.problems(RECORD, input(&world, &id, "IDENTITY").await).await, refusal("OWN_EVIDENCE", "championId"));
    assert_eq!(recorded(&coordinator, &id, "AGREEMENT").await, 4, "signing is their own");
});

both!(dates_and_ids_that_will_not_do_name_their_field, |world| async move {
    let (champion, coordinator) = (joined(&world, form("dates@example.org")).await, world.sign_in("coordinator").await);
    let id = own(&champion, "id").await["id"].take();
    let good = input(&world, &id, "CONVERSATION").await["input"].take();
    for (field, value, code, named) in [
        ("givenOn", json!("2026-11-22"), "IN_FUTURE", "givenOn"),
        ("givenOn", json!("2019-12-31"), "SUPERSEDED", "requirementId"),
        ("requirementId", id.clone(), "NOT_FOUND", "requirementId"),
        ("requirementId", json!("nonsense"), "NOT_FOUND", "requirementId"),
        ("championId", good["requirementId"].clone(), "NOT_FOUND", "championId"),
        ("note", json!("n".repeat(501)), "INVALID", "note"),
        ("note", json!("bell\u{7}"), "INVALID", "note"),
        ("idempotencyKey", json!("a b"), "INVALID", "idempotencyKey"),
    ] {
        let mut bad = good.clone();
        bad[field] = value.clone();
        assert_eq!(coordinator.problems(RECORD, json!({ "input": bad })).await, refusal(code, named), "{field}: {value}");
    }
    assert_eq!(line(&champion, "CONVERSATION").await, json!(["TO_DO", "COORDINATOR"]), "nothing changed");
});

both!(a_later_no_undoes_an_earlier_yes, |world| async move {
    let (champion, coordinator) = (joined(&world, form("undo@example.org")).await, world.sign_in("coordinator").await);
    let id = own(&champion, "id").await["id"].take();
    let mut given = input(&world, &id, "CONVERSATION").await;
    given["input"]["givenOn"] = json!("2026-11-20");
    coordinator.done(RECORD, given.clone()).await;
    assert_eq!(line(&champion, "CONVERSATION").await, json!(["DONE", null]));
    given["input"]["givenOn"] = json!("2026-11-21");
    given["input"]["outcome"] = json!("NOT_SATISFIED");
    coordinator.done(RECORD, given).await;
    assert_eq!(line(&champion, "CONVERSATION").await, json!(["TO_DO", "COORDINATOR"]));
});

both!(the_same_reference_sent_again_counts_once, |world| async move {
    let (champion, coordinator) = (joined(&world, form("refs@example.org")).await, world.sign_in("coordinator").await);
    let id = own(&champion, "id").await["id"].take();
    let mut reference = input(&world, &id, "REFERENCE").await;
    reference["input"]["idempotencyKey"] = json!("reference-1");
    reference["input"]["note"] = json!("Known for ten years, not a relative");
    let first = coordinator.done(RECORD, reference.clone()).await;
    assert_eq!(coordinator.done(RECORD, reference.clone()).await, first);
    assert_eq!(line(&champion, "REFERENCE").await, json!(["IN_PROGRESS", "REFEREE"]));
    reference["input"]["note"] = json!("Another");
    assert_eq!(coordinator.problems(RECORD, reference).await, refusal("IDEMPOTENCY_MISMATCH", "idempotencyKey"));
    const NOTES: &str = "query($id: ID!) { champion(by: {id: $id}) { onboarding { evidence { note requirement { kind } } } } }";
    let of_reference = |data: Value| {
        let evidence = data["champion"]["onboarding"]["evidence"].as_array().cloned().expect("evidence");
        evidence.into_iter().find(|piece| piece["requirement"]["kind"] == "REFERENCE").expect("a reference")["note"].clone()
    };
    assert_eq!(of_reference(coordinator.ask(NOTES, json!({ "id": id })).await), "Known for ten years, not a relative");
    assert_eq!(
        of_reference(champion.ask(NOTES, json!({ "id": id })).await),
        Value::Null,
        "what a referee says is not the champion's to read"
    );
});

both!(evidence_is_for_the_champion_and_coordinators, |world| async move {
    let id = world.champion_id("Ngozi Eze").await;
    let agreement = input(&world, &id, "AGREEMENT").await;
    for name in ["leader", "trainer", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(name).await.fault(RECORD, agreement.clone()).await, "FORBIDDEN", "{name}");
    }
    assert_eq!(world.sign_in("champion").await.problems(RECORD, agreement.clone()).await, refusal("NOT_FOUND", "championId"));
    assert_eq!(world.stranger().fault(RECORD, agreement).await, "UNAUTHENTICATED");
});

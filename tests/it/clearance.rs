//! Clearance on a date, the year ahead, the forecast, and facts that change after somebody has said yes.

mod exemption;
mod forecast;
mod many;
mod window;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::both;
use crate::champion::own;
use crate::harness::{Persona, World};

const MARK: &str = "mutation($input: TrainingCompletionRecordInput!) { trainingCompletionRecord(input: $input) { completions { id } userErrors { code field message } } }";
const REVOKE: &str = "mutation($id: ID!) { trainingCompletionRevoke(input: {completionId: $id, reason: \"Marked by mistake\"}) { champion { id } userErrors { code field message } } }";
const CLEARANCE: &str = "query($id: ID!, $on: LocalDate) { champion(by: {id: $id}) { clearance(on: $on) { on cleared clearedUntil reasons { kind message remedy { kind what } } timeline { from until cleared reasons { kind } } } } }";

/// How many events of a topic there are.
async fn events(world: &World, topic: &str) -> usize {
    let rows = entity::outbox::Entity::find().filter(entity::outbox::Column::Topic.eq(topic));
    rows.all(world.app.db.read()).await.expect("the outbox").len()
}

async fn clearance(who: &Persona<'_>, id: &Value, on: &str) -> Value {
    who.ask(CLEARANCE, json!({ "id": id, "on": on })).await["champion"]["clearance"].take()
}

/// A champion of the demo with sessions ahead, the DPR completion that counts then, and the first of those sessions.
struct Booked {
    champion: Value,
    completion: Value,
    expires: String,
    assignment: Value,
    session: Value,
    kind: Value,
    date: String,
}

async fn booked(world: &World) -> Booked {
    const ASK: &str = "query($after: String) { champions(first: 20, after: $after, filter: {memberships: [ACTIVE]}) { pageInfo { endCursor } nodes { id trainingCompletions { id expiresOn module { code } }
        assignments(first: 50, statuses: [CONFIRMED]) { nodes { id kind session { id date startsAt } } } } } }";
    let coordinator = world.sign_in("coordinator").await;
    let found = coordinator.ask(ASK, json!({})).await["champions"]["nodes"].take();
    for champion in found.as_array().expect("champions") {
        let training = champion["trainingCompletions"].as_array().expect("training");
        let dpr: Vec<&Value> = training.iter().filter(|c| c["module"]["code"] == "DPR").collect();
        let counts: Vec<&&Value> = dpr.iter().filter(|c| c["expiresOn"].as_str().is_some_and(|on| on >= "2026-11-21")).collect();
        let ahead = champion["assignments"]["nodes"].as_array().expect("assignments");
        let next = ahead.iter().find(|a| a["session"]["startsAt"].as_str().is_some_and(|at| at > "2026-11-22"));
        if let ([one], Some(next)) = (&counts[..], next) {
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            return Booked {
                champion: champion["id"].clone(),
                completion: one["id"].clone(),
                expires: text(&one["expiresOn"]),
                assignment: next["id"].clone(),
                session: next["session"]["id"].clone(),
                kind: next["kind"].clone(),
                date: text(&next["session"]["date"]),
            };
        }
    }
    panic!("nobody in the demo has one DPR completion and a session ahead");
}

/// The assignment as somebody sees it.
async fn standing(who: &Persona<'_>, id: &Value) -> Value {
    who.ask("query($id: ID!) { node(id: $id) { ... on Assignment { clearedForSession atRiskSince } } }", json!({ "id": id })).await["node"]
        .take()
}

both!(a_verdict_holds_to_the_last_day_and_not_to_the_next, |world| async move {
    let who = booked(&world).await;
    let coordinator = world.sign_in("coordinator").await;
    let last: chrono::NaiveDate = who.expires.parse().expect("a date");
    let next = last.succ_opt().expect("a day").to_string();
    let on_the_last = clearance(&coordinator, &who.champion, &who.expires).await;
    assert!(
        !on_the_last["reasons"]
            .as_array()
            .expect("reasons")
            .iter()
            .any(|r| r["kind"] == "TRAINING" && r["message"].as_str().is_some_and(|m| m.contains("DPR")))
    );
    let after = clearance(&coordinator, &who.champion, &next).await;
    assert_eq!(after["cleared"], false);
    let reason = after["reasons"].as_array().expect("reasons").iter().find(|r| r["remedy"]["what"] == "DPR").cloned().expect("DPR");
    assert_eq!((&reason["kind"], &reason["remedy"]["kind"]), (&json!("TRAINING"), &json!("COMPLETE_MODULE")));
    assert!(reason["message"].as_str().is_some_and(|m| m.contains(&who.expires)), "{reason}");
});

both!(the_timeline_covers_the_year_without_a_gap, |world| async move {
    let who = booked(&world).await;
    let found = clearance(&world.sign_in("coordinator").await, &who.champion, "2026-11-21").await;
    let periods = found["timeline"].as_array().expect("periods");
    assert_eq!((&periods[0]["from"], &periods[periods.len() - 1]["until"]), (&json!("2026-11-21"), &json!("2027-11-21")));
    for pair in periods.windows(2) {
        let until: chrono::NaiveDate = pair[0]["until"].as_str().expect("a date").parse().expect("a date");
        assert_eq!(pair[1]["from"], json!(until.succ_opt().expect("a day").to_string()));
    }
    assert_eq!(found["cleared"], periods[0]["cleared"]);
    assert!(periods.len() > 1, "data protection lasts a year, so a year sees it lapse");
    for period in periods {
        assert_eq!(period["cleared"], json!(period["reasons"] == json!([])));
    }
});

both!(somebody_new_is_told_everything_at_once_with_what_to_do, |world| async move {
    let id = world.champion_id("Valentina Rossi").await;
    let found = clearance(&world.sign_in("coordinator").await, &id, "2026-12-01").await;
    let reasons = found["reasons"].as_array().expect("reasons");
    let kinds: Vec<&str> = reasons.iter().filter_map(|r| r["kind"].as_str()).collect();
    for kind in ["NOT_ACTIVE", "TRAINING", "DBS_CHECK", "ONBOARDING"] {
        assert!(kinds.contains(&kind), "{kind} of {kinds:?}");
    }
    for reason in reasons.iter().filter(|r| r["kind"] != "NOT_ACTIVE" && r["kind"] != "AGE") {
        assert!(reason["remedy"]["kind"].is_string(), "{reason}");
    }
});

both!(clearance_is_for_the_champion_coordinators_and_the_safeguarding_lead, |world| async move {
    let id = own(&world.sign_in("champion").await, "id").await["id"].take();
    for (name, sees) in [("champion", true), ("coordinator", true), ("safeguarding", true), ("trainer", false), ("leader", false)] {
        let who = world.sign_in(name).await;
        let found = who.ask("query($id: ID!) { champion(by: {id: $id}) { clearance { cleared } } }", json!({ "id": id })).await;
        assert_eq!(found["champion"]["clearance"].is_object(), sees, "{name}");
    }
});

both!(b3_a_fact_that_changes_after_the_yes_is_judged_again, |world| async move {
    let who = booked(&world).await;
    let (coordinator, trainer) = (world.sign_in("coordinator").await, world.sign_in("trainer").await);
    let fine = json!({ "clearedForSession": true, "atRiskSince": null });
    assert_eq!(standing(&coordinator, &who.assignment).await, fine);
    let before = events(&world, "assignment.at_risk").await;
    trainer.done(REVOKE, json!({ "id": who.completion })).await;
    let broken = standing(&coordinator, &who.assignment).await;
    assert_eq!(broken, json!({ "clearedForSession": false, "atRiskSince": "2026-11-21T09:00:00.000Z" }));
    assert!(events(&world, "assignment.at_risk").await > before);
    assert_eq!(events(&world, "training.revoked").await, 1);
    let why = coordinator
        .ask(
            "query($id: ID!, $session: ID!, $kind: PlaceKind!) { champion(by: {id: $id}) { clearanceFor(sessionId: $session, kind: $kind) { on cleared reasons { kind remedy { what } } } } }",
            json!({ "id": who.champion, "session": who.session, "kind": who.kind }),
        )
        .await["champion"]["clearanceFor"]
        .take();
    assert_eq!((&why["on"], &why["cleared"]), (&json!(who.date), &json!(false)));
    assert_eq!(why["reasons"], json!([{ "kind": "TRAINING", "remedy": { "what": "DPR" } }]));
    let module = world.module_id("DPR").await;
    let again = json!({ "input": { "moduleId": module, "championIds": [who.champion], "completedOn": "2026-11-21" } });
    trainer.done(MARK, again).await;
    assert_eq!(standing(&coordinator, &who.assignment).await, fine);
    assert!(events(&world, "assignment.in_order").await >= 1);
    let leader = world.sign_in("leader").await;
    assert_eq!(standing(&leader, &who.assignment).await.get("atRiskSince").cloned().unwrap_or_default(), Value::Null);
});

both!(clearance_of_a_list_costs_as_many_statements_for_sixty_as_for_ten, |world| async move {
    const LIST: &str = "query($first: Int!) { champions(first: $first, filter: {memberships: [ACTIVE, ENQUIRED, APPLIED, SCREENING]}) { nodes { clearance { cleared timeline { from } } } } }";
    let coordinator = world.sign_in("coordinator").await;
    let mut counts = Vec::new();
    for first in [10, 60] {
        world.statements.lock().expect("a list").clear();
        coordinator.ask(LIST, json!({ "first": first })).await;
        counts.push(world.statements.lock().expect("a list").len());
    }
    assert!(counts[0].abs_diff(counts[1]) <= 40, "{counts:?}");
});

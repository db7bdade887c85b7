//! Training: a class marked at once, and what stands in the way.

use serde_json::{Value, json};

use crate::both;
use crate::champion::{CONFIRM, PASSWORD, SIGN_UP, form, own};
use crate::harness::World;

const MARK: &str = "mutation($input: TrainingCompletionRecordInput!) { trainingCompletionRecord(input: $input) { completions { id completedOn expiresOn champion { fullName } module { code } today: countsOn last: countsOn(date: \"2025-02-28\") after: countsOn(date: \"2025-03-01\") } userErrors { code field message } } }";
const REVOKE: &str = "mutation($id: ID!, $reason: String!) { trainingCompletionRevoke(input: {completionId: $id, reason: $reason}) { champion { trainingCompletions { id } } userErrors { code field message } } }";

async fn class(world: &World, module: &str, names: &[&str], on: &str) -> Value {
    let mut ids = Vec::new();
    for name in names {
        ids.push(world.champion_id(name).await);
    }
    json!({ "input": { "moduleId": world.module_id(module).await, "championIds": ids, "completedOn": on } })
}

/// The codes and dates of a champion's training, as a trainer sees it.
async fn record_of(world: &World, name: &str) -> Vec<(String, String)> {
    const ASK: &str = "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { completedOn module { code } } } }";
    let data = world.sign_in("trainer").await.ask(ASK, json!({ "id": world.champion_id(name).await })).await;
    let rows = data["champion"]["trainingCompletions"].as_array().cloned().expect("training");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    rows.iter().map(|row| (text(&row["module"]["code"]), text(&row["completedOn"]))).collect()
}

fn refusal(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

const CLASS: [&str; 3] = ["Valentina Rossi", "Derek Schofield", "Ngozi Eze"];

both!(a_class_is_marked_at_once_and_twice_is_safe, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let asked = class(&world, "DPR", &CLASS, "2026-11-21").await;
    let done = trainer.done(MARK, asked.clone()).await["completions"].take();
    let rows = done.as_array().expect("completions");
    let mut names: Vec<&str> = rows.iter().filter_map(|row| row["champion"]["fullName"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Derek Schofield", "Ngozi Eze", "Valentina Rossi"]);
    for row in rows {
        assert_eq!((&row["expiresOn"], &row["module"]["code"], &row["today"]), (&json!("2027-11-21"), &json!("DPR"), &json!(true)));
    }
    let sorted = |value: &Value| {
        let mut ids: Vec<String> = value.as_array().expect("completions").iter().map(|row| row["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let again = trainer.done(MARK, asked).await["completions"].take();
    assert_eq!(sorted(&again), sorted(&done), "the same completions, no new ones");
    assert_eq!(record_of(&world, "Ngozi Eze").await, [("DPR".to_owned(), "2026-11-21".to_owned())]);
});

both!(a_year_from_29_february_ends_on_the_28th, |world| async move {
    let asked = class(&world, "DPR", &["Ngozi Eze"], "2024-02-29").await;
    let row = world.sign_in("trainer").await.done(MARK, asked).await["completions"][0].take();
    assert_eq!(
        (&row["expiresOn"], &row["last"], &row["after"], &row["today"]),
        (&json!("2025-02-28"), &json!(true), &json!(false), &json!(false))
    );
    let three = class(&world, "SGA1", &["Ngozi Eze"], "2024-02-29").await;
    assert_eq!(world.sign_in("trainer").await.done(MARK, three).await["completions"][0]["expiresOn"], "2027-02-28");
    let for_ever = class(&world, "IND", &["Ngozi Eze"], "2024-02-29").await;
    assert_eq!(world.sign_in("trainer").await.done(MARK, for_ever).await["completions"][0]["expiresOn"], Value::Null);
});

both!(only_a_trainer_of_the_module_marks_it, |world| async move {
    let asked = class(&world, "DPR", &CLASS, "2026-11-21").await;
    assert_eq!(world.sign_in("trainer2").await.problems(MARK, asked.clone()).await, refusal("NOT_YOUR_MODULE", "moduleId"));
    for name in ["coordinator", "safeguarding", "leader", "champion", "admin"] {
        assert_eq!(world.sign_in(name).await.fault(MARK, asked.clone()).await, "FORBIDDEN", "{name}");
    }
    assert_eq!(world.stranger().fault(MARK, asked).await, "UNAUTHENTICATED");
    const TRAINS: &str = "{ trainingModules(first: 100) { nodes { code viewerCanMark } } }";
    let modules = world.sign_in("trainer2").await.ask(TRAINS, json!({})).await["trainingModules"]["nodes"].take();
    let marks: Vec<&str> =
        modules.as_array().expect("modules").iter().filter(|m| m["viewerCanMark"] == true).filter_map(|m| m["code"].as_str()).collect();
    assert_eq!(marks, ["SGA1", "SGC1"], "what is offered is what is enforced");
});

both!(nobody_marks_their_own_training, |world| async move {
    let email = "trainer@demo.digiknow.example";
    world.partner().done(SIGN_UP, json!({ "input": form(email) })).await;
    let token = world.letters(email).await[0].token();
    world.stranger().done(CONFIRM, json!({ "token": token, "password": PASSWORD })).await;
    let trainer = world.sign_in("trainer").await;
    let mut asked = class(&world, "SGA1", &["Ngozi Eze"], "2026-11-21").await;
    asked["input"]["championIds"].as_array_mut().expect("ids").push(own(&trainer, "id").await["id"].take());
    assert_eq!(trainer.problems(MARK, asked.clone()).await, refusal("OWN_TRAINING", "championIds.1"));
    assert_eq!(record_of(&world, "Ngozi Eze").await, [], "the whole class or nobody");
    assert_eq!(
        world.sign_in("trainer2").await.done(MARK, asked).await["completions"].as_array().map(Vec::len),
        Some(2),
        "another trainer may"
    );
});

both!(what_stands_in_the_way_names_its_line, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let future = class(&world, "DPR", &CLASS, "2026-11-22").await;
    assert_eq!(trainer.problems(MARK, future).await, refusal("IN_FUTURE", "completedOn"));
    let unprepared = class(&world, "SUP", &["Amélie Rousseau-Clarke", "Ngozi Eze", "Derek Schofield"], "2026-11-21").await;
    let lines: Vec<String> = trainer.problems(MARK, unprepared).await.into_iter().map(|(code, field)| format!("{code} {field}")).collect();
    assert_eq!(lines, ["PREREQUISITE_MISSING championIds.1", "PREREQUISITE_MISSING championIds.2"]);
    assert!(record_of(&world, "Amélie Rousseau-Clarke").await.iter().all(|(code, _)| code != "SUP"), "nobody was marked");
    let too_early = class(&world, "SUP", &["Amélie Rousseau-Clarke"], "2026-10-30").await;
    assert_eq!(trainer.problems(MARK, too_early).await, refusal("PREREQUISITE_MISSING", "championIds.0"), "the induction came on the 31st");
    let gone = class(&world, "DPR", &["Ngozi Eze", "Roy Clutterbuck"], "2026-11-21").await;
    assert_eq!(trainer.problems(MARK, gone).await, refusal("NOT_A_MEMBER", "championIds.1"));
});

both!(a_list_that_will_not_do_is_refused, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let good = class(&world, "DPR", &["Ngozi Eze"], "2026-11-21").await;
    let ngozi = good["input"]["championIds"][0].clone();
    let absent = json!("Q2hhbXBpb246MDE5MGY3YTAtMTExMS03MDAwLTgwMDAtMDAwMDAwMDAwMDAx");
    for (ids, code, field) in [
        (json!([]), "CLASS_SIZE", "championIds"),
        (json!([ngozi, ngozi]), "CLASS_SIZE", "championIds"),
        (json!(vec![ngozi.clone(); 51]), "CLASS_SIZE", "championIds"),
        (json!([ngozi, absent]), "UNKNOWN_LEARNER", "championIds.1"),
        (json!([ngozi, good["input"]["moduleId"]]), "NOT_FOUND", "championIds.1"),
    ] {
        let mut asked = good.clone();
        asked["input"]["championIds"] = ids;
        assert_eq!(trainer.problems(MARK, asked).await, refusal(code, field));
    }
    let mut asked = good.clone();
    asked["input"]["moduleId"] = ngozi;
    assert_eq!(trainer.problems(MARK, asked).await, refusal("NOT_FOUND", "moduleId"));
    let mut asked = good;
    asked["input"]["note"] = json!("n".repeat(501));
    assert_eq!(trainer.problems(MARK, asked).await, refusal("INVALID", "note"));
    assert_eq!(record_of(&world, "Ngozi Eze").await, []);
});

both!(one_key_marks_one_class, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let mut asked = class(&world, "DPR", &CLASS, "2026-11-20").await;
    asked["input"]["idempotencyKey"] = json!("class-1");
    let first = trainer.done(MARK, asked.clone()).await;
    assert_eq!(trainer.done(MARK, asked.clone()).await, first);
    asked["input"]["completedOn"] = json!("2026-11-21");
    assert_eq!(trainer.problems(MARK, asked).await, refusal("IDEMPOTENCY_MISMATCH", "idempotencyKey"));
    assert_eq!(record_of(&world, "Ngozi Eze").await, [("DPR".to_owned(), "2026-11-20".to_owned())]);
});

both!(a_completion_is_taken_back_once_and_may_be_marked_again, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let asked = class(&world, "DPR", &["Ngozi Eze"], "2026-11-21").await;
    let id = trainer.done(MARK, asked.clone()).await["completions"][0]["id"].take();
    assert_eq!(
        world.sign_in("trainer2").await.problems(REVOKE, json!({ "id": id, "reason": "x" })).await,
        refusal("NOT_YOUR_MODULE", "completionId")
    );
    assert_eq!(world.sign_in("coordinator").await.fault(REVOKE, json!({ "id": id, "reason": "x" })).await, "FORBIDDEN");
    assert_eq!(trainer.problems(REVOKE, json!({ "id": id, "reason": " " })).await, refusal("INVALID", "reason"));
    let revoke = json!({ "id": id, "reason": "Marked by mistake" });
    assert_eq!(trainer.done(REVOKE, revoke.clone()).await["champion"]["trainingCompletions"], json!([]));
    assert_eq!(trainer.problems(REVOKE, revoke).await, refusal("ALREADY_REVOKED", "completionId"));
    let again = trainer.done(MARK, asked).await["completions"][0]["id"].take();
    assert_ne!(again, id, "an event is never rewritten");
    assert_eq!(record_of(&world, "Ngozi Eze").await.len(), 1);
});

//! References: asked by e-mail, answered by a link without an account, once; decided by people; forgotten in time.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use entity::{audit_event, outbox, referee_reference};
use rules::champion::Membership;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::{Value, json};

use crate::both;
use crate::champion::{form, joined, own};
use crate::harness::{Persona, World};

const REQUEST: &str = "mutation($input: ReferenceRequestInput!) { referenceRequest(input: $input) { reused reference { id status level } userErrors { code field message } } }";
const WITHDRAW: &str =
    "mutation($id: ID!) { referenceWithdraw(input: {referenceId: $id}) { reference { status } userErrors { code field message } } }";
const DECIDE: &str = "mutation($id: ID!, $accept: Boolean!) { referenceDecide(input: {referenceId: $id, accept: $accept}) { reference { status } userErrors { code field message } } }";
const LIST: &str = "query($id: ID!) { champion(by: {id: $id}) { onboarding { references { id status level reminders viewerCanDecide referee { name email howKnown }
    answer { knownFor recommends concerns comment } } steps { status waitingOn requirement { kind } } } } }";
const GOOD: &str = "reply=answer&known_for=TWO_TO_FIVE_YEARS&recommends=YES&concerns=NO&comment=Kind+and+reliable";
const WORRYING: &str = "reply=answer&known_for=OVER_FIVE_YEARS&recommends=YES&concerns=YES&comment=Please+ring+me";

fn named(champion: &Value, email: &str) -> Value {
    json!({ "input": { "championId": champion, "name": "Ottoline <b>Reyes", "email": email, "howKnown": "Worked together", "isRelative": false } })
}

impl World {
    /// An answer to a link: status and page, which always has a policy that lets nothing in.
    pub async fn page(&self, method: &str, path: &str, form: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/x-www-form-urlencoded");
        let response = self.http(request.body(Body::from(form.to_owned())).expect("a request")).await;
        let status = response.status();
        let policy = response.headers()["content-security-policy"].to_str().expect("a policy").to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a page");
        (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    /// The path in the newest message to a referee.
    async fn link(&self, referee: &str) -> String {
        let letter = self.letters(referee).await.remove(0);
        let line = letter.body.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("no link: {letter:?}")).to_owned();
        line[line.find("/reference/").expect("a path")..].to_owned()
    }

    async fn references(&self) -> Vec<referee_reference::Model> {
        let mut rows = referee_reference::Entity::find().all(self.app.db.read()).await.expect("rows");
        // The demo has some of its own.
        rows.retain(|row| row.asked_at >= crate::harness::START.parse::<chrono::DateTime<chrono::Utc>>().expect("an instant"));
        rows
    }
}

/// Names a referee for a champion and has them answer; the reference's id.
async fn answered(by: &Persona<'_>, champion: &Value, email: &str, form: &str) -> Value {
    let asked = by.done(REQUEST, named(champion, email)).await;
    let (status, page) = by.world.page("POST", &by.world.link(email).await, form).await;
    assert!(status == StatusCode::OK && page.contains("Thank you"), "{page}");
    asked["reference"]["id"].clone()
}

async fn applicant<'w>(world: &'w World, email: &str) -> (Persona<'w>, Value) {
    let champion = joined(world, form(email)).await;
    let id = own(&champion, "id").await["id"].take();
    (champion, id)
}

/// The line of the references, as the coordinator sees it.
async fn line(by: &Persona<'_>, champion: &Value) -> Value {
    let data = by.ask(LIST, json!({ "id": champion })).await;
    let steps = data["champion"]["onboarding"]["steps"].as_array().cloned().expect("steps");
    steps.into_iter().find(|s| s["requirement"]["kind"] == "REFERENCE").expect("a line")["status"].clone()
}

both!(two_accepted_answers_are_the_evidence_and_one_referee_counts_once, |world| async move {
    let (champion, id) = applicant(&world, "two.refs@example.org").await;
    let coordinator = world.sign_in("coordinator").await;
    let first = answered(&champion, &id, "one@referees.example", GOOD).await;
    assert_eq!(line(&coordinator, &id).await, "TO_DO", "an answer alone is no evidence");
    for _ in 0..2 {
        let decided = coordinator.done(DECIDE, json!({ "id": first, "accept": true })).await;
        assert_eq!(decided["reference"]["status"], "ACCEPTED");
    }
    assert_eq!(line(&coordinator, &id).await, "IN_PROGRESS");
    let again = coordinator.done(REQUEST, named(&id, "ONE@referees.example")).await;
    assert_eq!((&again["reused"], &again["reference"]["id"]), (&json!(true), &first), "nobody is asked twice for the same");
    let mut more = named(&id, "one@referees.example");
    more["input"]["level"] = json!("REGULATED");
    let asked = coordinator.done(REQUEST, more).await;
    assert_eq!(asked["reused"], false, "an answer for less will not do");
    assert_eq!(world.page("POST", &world.link("one@referees.example").await, GOOD).await.0, StatusCode::OK);
    coordinator.done(DECIDE, json!({ "id": asked["reference"]["id"], "accept": true })).await;
    assert_eq!(line(&coordinator, &id).await, "IN_PROGRESS", "one person is one referee, however often they answer");
    let second = answered(&champion, &id, "two@referees.example", GOOD).await;
    coordinator.done(DECIDE, json!({ "id": second, "accept": true })).await;
    assert_eq!(line(&coordinator, &id).await, "DONE");
});

both!(looking_changes_nothing_and_a_link_answers_once, |world| async move {
    let (champion, id) = applicant(&world, "once.ref@example.org").await;
    champion.done(REQUEST, named(&id, "ref@referees.example")).await;
    let link = world.link("ref@referees.example").await;
    for _ in 0..2 {
        let (status, page) = world.page("GET", &link, "").await;
        assert!(status == StatusCode::OK && page.contains("O’Brien-Nwosu") && !page.contains("<script"), "{page}");
    }
    for wrong in [
        "",
        "reply=answer",
        "reply=answer&known_for=AGES&recommends=YES&concerns=NO",
        "reply=answer&known_for=OVER_FIVE_YEARS&recommends=YES",
    ] {
        assert_eq!(world.page("POST", &link, wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let long = format!("{GOOD}{}", "x".repeat(2_001));
    assert_eq!(world.page("POST", &link, &long).await.0, StatusCode::UNPROCESSABLE_ENTITY, "bounded");
    assert_eq!(world.references().await[0].status.code(), "ASKED", "nothing was written");
    assert_eq!(world.page("POST", &link, GOOD).await.0, StatusCode::OK);
    for method in ["GET", "POST"] {
        assert_eq!(world.page(method, &link, WORRYING).await.0, StatusCode::NOT_FOUND, "{method}: used");
    }
    let row = world.references().await.remove(0);
    assert_eq!((row.status.code(), row.comment.as_deref()), ("ANSWERED", Some("Kind and reliable")));
    let audit = audit_event::Entity::find().filter(audit_event::Column::Action.eq("ReferenceAnswer")).all(world.app.db.read()).await;
    let audit = audit.expect("rows");
    assert!(audit.len() == 1 && audit[0].actor_id.is_none() && !audit[0].detail.contains("Kind"), "{audit:?}");
});

both!(a_link_is_for_this_alone_and_ends, |world| async move {
    let (champion, id) = applicant(&world, "purpose@example.org").await;
    let asked = champion.done(REQUEST, named(&id, "ref@referees.example")).await;
    let link = world.link("ref@referees.example").await;
    let reference = world.references().await.remove(0);
    let until = reference.expires_at.timestamp();
    for (purpose, until) in [(1, until), (15, until), (16, until + 86_400)] {
        let forged = format!("/reference/{}", world.app.keys.answer_token(purpose, reference.id.0, until));
        assert_eq!(world.page("GET", &forged, "").await.0, if purpose == 16 { StatusCode::OK } else { StatusCode::NOT_FOUND });
    }
    let mut changed = link.clone();
    changed.replace_range(20..21, if &link[20..21] == "A" { "B" } else { "A" });
    assert_eq!(world.page("GET", &changed, "").await.0, StatusCode::NOT_FOUND);
    let token = link.strip_prefix("/reference/").expect("a token");
    let elsewhere = world.http(Request::get(format!("/answer/{token}")).body(Body::empty()).expect("a request")).await;
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND, "no other door");
    assert_eq!(champion.done(WITHDRAW, json!({ "id": asked["reference"]["id"] })).await["reference"]["status"], "WITHDRAWN");
    assert_eq!(world.page("POST", &link, GOOD).await.0, StatusCode::NOT_FOUND, "taken back");
    champion.done(REQUEST, named(&id, "ref@referees.example")).await;
    let link = world.link("ref@referees.example").await;
    world.pass(TimeDelta::days(28));
    for method in ["GET", "POST"] {
        assert_eq!(world.page(method, &link, GOOD).await.0, StatusCode::NOT_FOUND, "{method}: too old");
    }
});

both!(a_concern_goes_to_the_safeguarding_lead_and_nobody_else_learns_of_it, |world| async move {
    let (champion, id) = applicant(&world, "concern@example.org").await;
    let reference = answered(&champion, &id, "ref@referees.example", WORRYING).await;
    let (coordinator, lead) = (world.sign_in("coordinator").await, world.sign_in("safeguarding").await);
    let told = world.letters("safeguarding@demo.digiknow.example").await;
    assert!(told.iter().any(|l| l.subject == "A referee raised a concern"), "{told:?}");
    let decide = json!({ "id": reference, "accept": true });
    assert_eq!(coordinator.refused(DECIDE, decide.clone()).await, ["FOR_SAFEGUARDING_LEAD"]);
    let seen = |data: &Value| data["champion"]["onboarding"]["references"][0].clone();
    let theirs = seen(&champion.ask(LIST, json!({ "id": id })).await);
    assert_eq!((&theirs["status"], &theirs["referee"], &theirs["answer"]), (&json!("ANSWERED"), &Value::Null, &Value::Null));
    let coordinators = seen(&coordinator.ask(LIST, json!({ "id": id })).await);
    assert_eq!((&coordinators["answer"], &coordinators["viewerCanDecide"]), (&Value::Null, &json!(false)), "what was said is the lead's");
    assert_eq!(coordinators["referee"]["name"], "Ottoline <b>Reyes");
    let leads = seen(&lead.ask(LIST, json!({ "id": id })).await);
    assert_eq!((&leads["answer"]["comment"], &leads["viewerCanDecide"]), (&json!("Please ring me"), &json!(true)));
    lead.done(DECIDE, decide).await;
    assert_eq!(line(&lead, &id).await, "IN_PROGRESS", "the lead may let it count");
    let told = outbox::Entity::find().all(world.app.db.read()).await.expect("rows");
    assert!(told.iter().all(|row| !row.payload.contains("ring me") && !row.payload.contains("Ottoline")), "the outbox names nobody");
});

both!(referees_are_reminded_on_their_days_and_then_the_coordinator_is_told, |world| async move {
    let (champion, id) = applicant(&world, "remind@example.org").await;
    let reference = own(&champion, "reference").await["reference"].as_str().expect("a reference").to_owned();
    champion.done(REQUEST, named(&id, "ref@referees.example")).await;
    for (days, letters, reminders) in [(6, 1, 0), (1, 2, 1), (0, 2, 1), (7, 3, 2), (13, 3, 2)] {
        world.pass(TimeDelta::days(days));
        world.work().await;
        assert_eq!(world.letters("ref@referees.example").await.len(), letters, "{days} days later");
        assert_eq!(world.references().await[0].reminders, reminders);
    }
    world.pass(TimeDelta::days(1));
    for _ in 0..2 {
        world.work().await;
        assert_eq!(world.references().await[0].status.code(), "EXPIRED");
        let told = world.letters("coordinator@demo.digiknow.example").await;
        let theirs = |l: &&crate::harness::Letter| l.subject == "A referee did not answer" && l.body.contains(&reference);
        assert_eq!(told.iter().filter(theirs).count(), 1, "told once");
    }
});

both!(who_may_be_named_and_who_may_not, |world| async move {
    let (champion, id) = applicant(&world, "naming@example.org").await;
    let coordinator = world.sign_in("coordinator").await;
    let mut relative = named(&id, "aunt@referees.example");
    relative["input"]["isRelative"] = json!(true);
    assert_eq!(champion.refused(REQUEST, relative).await, ["RELATIVE"]);
    assert_eq!(champion.refused(REQUEST, named(&id, "Naming@Example.org")).await, ["OWN_ADDRESS"]);
    let mut first = named(&id, "ref@referees.example");
    first["input"]["idempotencyKey"] = json!("reference-1");
    let asked = champion.done(REQUEST, first.clone()).await;
    assert_eq!(champion.done(REQUEST, first).await["reference"], asked["reference"]);
    assert_eq!(coordinator.refused(REQUEST, named(&id, "REF@referees.example")).await, ["ALREADY_ASKED"]);
    let other = world.champion_id("Ngozi Eze").await;
    assert_eq!(champion.problems(REQUEST, named(&other, "x@referees.example")).await, [("NOT_FOUND".into(), "championId".into())]);
    for who in ["leader", "trainer", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(who).await.fault(REQUEST, named(&id, "y@referees.example")).await, "FORBIDDEN", "{who}");
    }
    let decide = json!({ "id": asked["reference"]["id"], "accept": true });
    assert_eq!(champion.fault(DECIDE, decide.clone()).await, "FORBIDDEN");
    assert_eq!(coordinator.refused(DECIDE, decide).await, ["NOT_ANSWERED"]);
    let stranger = world.sign_in("champion").await;
    assert_eq!(stranger.refused(WITHDRAW, json!({ "id": asked["reference"]["id"] })).await, ["NOT_FOUND"]);
});

both!(referees_are_forgotten_with_the_applicant, |world| async move {
    let (champion, id) = applicant(&world, "forget@example.org").await;
    answered(&champion, &id, "one@referees.example", GOOD).await;
    champion.done(REQUEST, named(&id, "two@referees.example")).await;
    let row = entity::champion::Entity::find().filter(entity::champion::Column::EmailKey.eq("forget@example.org"));
    let mut row = row.one(world.app.db.read()).await.expect("a row").expect("the applicant").into_active_model();
    row.membership = Set(Membership::Withdrawn);
    row.membership_changed_at = Set(world.now());
    row.update(world.app.db.single()).await.expect("withdrawn");
    world.pass(TimeDelta::days(180));
    world.work().await;
    assert!(world.references().await.iter().all(|r| r.email.is_some()), "six months are not over");
    world.pass(TimeDelta::days(3));
    world.work().await;
    for row in world.references().await {
        assert!(row.removed_at.is_some());
        let left = (row.referee_name, row.email, row.email_key, row.how_known, row.comment, row.concerns);
        assert_eq!(left, (None, None, None, None, None, None));
    }
});

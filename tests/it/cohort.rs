//! Training by the day: seats and the waiting list, attendance that marks, certificates of others, warnings, badges.

use chrono::{Days, TimeDelta};
use entity::{completion, renewal_warning};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::both;
use crate::champion::own;
use crate::harness::{Persona, World};

const CREATE: &str = "mutation($input: TrainingCohortCreateInput!) { trainingCohortCreate(input: $input) { cohort { id capacity status bookedCount } userErrors { code field message } } }";
const JOIN: &str = "mutation($id: ID!, $who: ID!) { trainingCohortJoin(input: {cohortId: $id, championId: $who}) { cohort { bookedCount waitingCount } userErrors { code field message } } }";
const LEAVE: &str = "mutation($id: ID!, $who: ID!) { trainingCohortLeave(input: {cohortId: $id, championId: $who}) { cohort { bookedCount waitingCount } userErrors { code field message } } }";
const ATTEND: &str = "mutation($id: ID!, $there: [ID!]!) { trainingCohortAttend(input: {cohortId: $id, championIds: $there}) { cohort { status seats { status champion { id } } } userErrors { code field message } } }";
const CANCEL: &str =
    "mutation($id: ID!) { trainingCohortCancel(input: {cohortId: $id}) { cohort { status } userErrors { code field message } } }";
const EQUIVALENCE: &str = "mutation($input: TrainingEquivalenceRecordInput!) { trainingEquivalenceRecord(input: $input) { completion { expiresOn certificate { name issuer seen } } userErrors { code field message } } }";
const HELD: &str = "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { completedOn expiresOn module { code } } } }";

async fn cohort(trainer: &Persona<'_>, code: &str, date: &str, capacity: i32) -> Value {
    let module = trainer.world.module_id(code).await;
    let input = json!({ "moduleId": module, "date": date, "startTime": "18:00", "place": "Central Library, room 2", "capacity": capacity });
    trainer.done(CREATE, json!({ "input": input })).await["cohort"]["id"].clone()
}

/// Active champions of the demo, by reference.
async fn active(world: &World, count: usize) -> Vec<Value> {
    let list = "{ champions(first: 100, filter: {memberships: [ACTIVE]}) { nodes { id } } }";
    let found = world.sign_in("coordinator").await.ask(list, json!({})).await;
    found["champions"]["nodes"].as_array().expect("champions").iter().take(count).map(|n| n["id"].clone()).collect()
}

async fn holds(world: &World, champion: &Value, code: &str, on: &str) -> bool {
    let data = world.sign_in("coordinator").await.ask(HELD, json!({ "id": champion })).await;
    let held = data["champion"]["trainingCompletions"].as_array().cloned().expect("completions");
    held.iter().any(|c| c["module"]["code"] == code && c["completedOn"] == on)
}

both!(seats_run_out_people_wait_and_move_up, |world| async move {
    let (trainer, coordinator) = (world.sign_in("trainer").await, world.sign_in("coordinator").await);
    let id = cohort(&trainer, "ACC", "2026-12-03", 2).await;
    let people = active(&world, 4).await;
    for (index, (booked, waiting)) in [(1, 0), (2, 0), (2, 1), (2, 2)].into_iter().enumerate() {
        world.pass(TimeDelta::minutes(1));
        for _ in 0..2 {
            let joined = coordinator.done(JOIN, json!({ "id": id, "who": people[index] })).await;
            assert_eq!(joined["cohort"], json!({ "bookedCount": booked, "waitingCount": waiting }), "joining twice is the same");
        }
    }
    let left = coordinator.done(LEAVE, json!({ "id": id, "who": people[0] })).await;
    assert_eq!(left["cohort"], json!({ "bookedCount": 2, "waitingCount": 1 }), "the first who waited moved up");
    assert_eq!(coordinator.refused(LEAVE, json!({ "id": id, "who": people[0] })).await, ["NO_SEAT"]);
    let seat = "query($id: ID!) { champion(by: {id: $id}) { contact { email } } }";
    let mail =
        coordinator.ask(seat, json!({ "id": people[2] })).await["champion"]["contact"]["email"].as_str().expect("an address").to_owned();
    let told = |subject: &'static str| {
        let (world, mail) = (&world, &mail);
        async move { world.letters(mail).await.iter().filter(|l| l.subject == subject).count() }
    };
    assert_eq!((told("You have a seat").await, told("Training called off").await), (1, 0));
    let champion = world.sign_in("champion").await;
    let list = champion
        .ask("{ trainingCohorts(first: 100) { totalCount nodes { id date seats { status } viewerSeat { status } } } }", json!({}))
        .await;
    let mine = list["trainingCohorts"]["nodes"].as_array().expect("cohorts").iter().find(|c| c["id"] == id).cloned().expect("the cohort");
    assert_eq!(mine["seats"], Value::Null, "who else is there is for trainers and coordinators");
    assert_eq!(trainer.done(CANCEL, json!({ "id": id })).await["cohort"]["status"], "CANCELLED");
    assert_eq!(told("Training called off").await, 1);
    assert_eq!(coordinator.refused(JOIN, json!({ "id": id, "who": people[0] })).await, ["NOT_PLANNED"]);
});

both!(attendance_marks_those_who_were_there_all_or_nobody, |world| async move {
    let (trainer, coordinator) = (world.sign_in("trainer").await, world.sign_in("coordinator").await);
    let id = cohort(&trainer, "ACC", "2026-11-24", 3).await;
    let people = active(&world, 3).await;
    for who in &people[..2] {
        coordinator.done(JOIN, json!({ "id": id, "who": who })).await;
        world.pass(TimeDelta::seconds(1));
    }
    let there = json!({ "id": id, "there": [people[0]] });
    assert_eq!(trainer.refused(ATTEND, there.clone()).await, ["NOT_YET"]);
    world.pass(TimeDelta::days(3));
    let trainer = world.sign_in("trainer").await;
    assert_eq!(trainer.refused(ATTEND, json!({ "id": id, "there": [people[0], people[2]] })).await, ["NO_SEAT"]);
    assert!(!holds(&world, &people[0], "ACC", "2026-11-24").await, "nobody was marked");
    let held = trainer.done(ATTEND, there.clone()).await;
    assert_eq!(held["cohort"]["status"], "HELD");
    let seats: Vec<_> = held["cohort"]["seats"].as_array().expect("seats").iter().map(|s| s["status"].clone()).collect();
    assert_eq!(seats, ["ATTENDED", "ABSENT"]);
    assert!(holds(&world, &people[0], "ACC", "2026-11-24").await && !holds(&world, &people[1], "ACC", "2026-11-24").await);
    assert_eq!(trainer.refused(ATTEND, there).await, ["NOT_PLANNED", "NO_SEAT"]);
});

both!(only_a_trainer_of_the_module_plans_marks_and_calls_off, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let all = trainer.ask("{ trainingModules(first: 100) { nodes { id code viewerCanMark } } }", json!({})).await;
    let modules = all["trainingModules"]["nodes"].as_array().cloned().expect("modules");
    let other = modules.iter().find(|m| m["viewerCanMark"] == false);
    let input = |module: &Value, date: &str, capacity: i32| json!({ "input": { "moduleId": module, "date": date, "startTime": "10:00", "place": "Hall", "capacity": capacity } });
    if let Some(other) = other {
        assert_eq!(trainer.refused(CREATE, input(&other["id"], "2026-12-01", 5)).await, ["NOT_YOUR_MODULE"]);
    }
    let mine = &modules.iter().find(|m| m["viewerCanMark"] == true).expect("a module")["id"];
    assert_eq!(trainer.refused(CREATE, input(mine, "2026-11-20", 51)).await, ["IN_PAST", "CAPACITY"]);
    for who in ["coordinator", "leader", "champion", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(who).await.fault(CREATE, input(mine, "2026-12-01", 5)).await, "FORBIDDEN", "{who}");
    }
    let champion = world.sign_in("champion").await;
    let id = own(&champion, "id").await["id"].take();
    let cohort = trainer.done(CREATE, input(mine, "2026-12-01", 5)).await["cohort"]["id"].clone();
    let stranger = world.champion_id("Ngozi Eze").await;
    assert_eq!(champion.refused(JOIN, json!({ "id": cohort, "who": stranger })).await, ["NOT_FOUND"], "a seat is one's own");
    assert_eq!(champion.fault(ATTEND, json!({ "id": cohort, "there": [id] })).await, "FORBIDDEN");
});

both!(a_certificate_of_others_stands_until_its_own_date, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let who = active(&world, 1).await.remove(0);
    let module = world.module_id("ACC").await;
    let input = |issued: &str, until: &str| {
        json!({ "input": { "championId": who, "moduleId": module, "certificate": "Accessible Web, level 2",
            "issuer": "An invented college", "seen": "Paper certificate", "issuedOn": issued, "validUntil": until } })
    };
    assert_eq!(trainer.refused(EQUIVALENCE, input("2025-03-01", "2026-11-20")).await, ["LAPSED"]);
    assert_eq!(trainer.refused(EQUIVALENCE, input("2026-11-22", "2027-11-20")).await, ["IN_FUTURE"]);
    let done = trainer.done(EQUIVALENCE, input("2025-03-01", "2027-05-06")).await;
    let certificate = json!({ "name": "Accessible Web, level 2", "issuer": "An invented college", "seen": "Paper certificate" });
    assert_eq!(done["completion"], json!({ "expiresOn": "2027-05-06", "certificate": certificate }));
    assert_eq!(trainer.refused(EQUIVALENCE, input("2025-03-01", "2027-05-06")).await, ["ALREADY"]);
    assert_eq!(world.sign_in("coordinator").await.fault(EQUIVALENCE, input("2025-03-01", "2027-05-06")).await, "FORBIDDEN");
});

both!(warnings_come_at_sixty_thirty_and_seven_days_once_and_a_renewal_stops_them, |world| async move {
    let trainer = world.sign_in("trainer").await;
    let champion = world.sign_in("champion").await;
    let id = own(&champion, "id").await["id"].take();
    // Nothing else of anybody's lapses meanwhile.
    completion::Entity::delete_many().exec(world.app.db.single()).await.expect("deleted");
    let module = world.module_id("ACC").await;
    let last = world.now().date_naive() + Days::new(61);
    let input = json!({ "championId": id, "moduleId": module, "certificate": "C", "issuer": "I", "seen": "Seen", "issuedOn": "2025-01-01", "validUntil": last });
    trainer.done(EQUIVALENCE, json!({ "input": input })).await;
    let warned = || async { renewal_warning::Entity::find().all(world.app.db.read()).await.expect("rows").len() };
    let letters = || async {
        world.letters("champion@demo.digiknow.example").await.iter().filter(|l| l.subject == "Some training lapses soon").count()
    };
    for (days, count) in [(0, 0), (1, 1), (0, 1), (29, 1), (1, 2), (1, 2)] {
        world.pass(TimeDelta::days(days));
        world.work().await;
        let replica = world.replica().await;
        replica.work().await;
        assert_eq!((warned().await, letters().await), (count, count), "{days} days later");
    }
    let record = "mutation($input: TrainingCompletionRecordInput!) { trainingCompletionRecord(input: $input) { userErrors { code field message } } }";
    let today = world.now().date_naive();
    let trainer = world.sign_in("trainer").await;
    trainer.done(record, json!({ "input": { "moduleId": module, "championIds": [id], "completedOn": today } })).await;
    for _ in 0..40 {
        world.pass(TimeDelta::days(1));
        world.work().await;
    }
    assert_eq!((warned().await, letters().await), (2, 2), "taken early, the old one is not warned of any more");
});

both!(a_badge_is_checked_with_the_published_keys_and_names_nobody, |world| async move {
    let champion = world.sign_in("champion").await;
    let (email, id) = ("champion@demo.digiknow.example", own(&champion, "id").await["id"].take());
    const BADGES: &str = "query($id: ID!) { champion(by: {id: $id}) { trainingCompletions { expiresOn module { title } badge withEmail: badge(withEmail: true) } } }";
    let data = champion.ask(BADGES, json!({ "id": id })).await;
    let held = data["champion"]["trainingCompletions"].as_array().cloned().expect("completions");
    let response = world.http(axum::http::Request::get("/.well-known/jwks.json").body(axum::body::Body::empty()).expect("a request")).await;
    let (_, jwks) = crate::harness::json(response).await;
    let check = |jwt: &str| -> Value {
        let header = jsonwebtoken::decode_header(jwt).expect("a header");
        let jwk = jwks["keys"].as_array().expect("keys").iter().find(|k| k["kid"] == json!(header.kid)).expect("its key is published");
        let key = DecodingKey::from_ed_components(jwk["x"].as_str().expect("x")).expect("a key");
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_required_spec_claims(&["iss", "sub", "nbf"]);
        rules.validate_exp = false;
        rules.set_issuer(&["http://127.0.0.1:8080"]);
        jsonwebtoken::decode::<Value>(jwt, &key, &rules).expect("a good signature").claims
    };
    for completion in &held {
        let claims = check(completion["badge"].as_str().expect("a badge"));
        assert_eq!(claims["type"], json!(["VerifiableCredential", "OpenBadgeCredential"]));
        assert_eq!(
            (&claims["jti"], &claims["sub"], &claims["iss"]),
            (&claims["id"], &claims["credentialSubject"]["id"], &claims["issuer"]["id"])
        );
        assert_eq!(claims["credentialSubject"]["achievement"]["name"], completion["module"]["title"]);
        assert_eq!(claims["validUntil"].is_null(), completion["expiresOn"].is_null());
        let text = claims.to_string();
        assert!(!text.contains(email) && !text.contains("Precious") && !text.contains("Ncube"), "{text}");
        let identity = &claims["credentialSubject"]["identifier"][0];
        let salted = format!("{email}{}", identity["salt"].as_str().expect("a salt"));
        assert_eq!(
            identity["identityHash"],
            json!(format!("sha256${}", api::keys::sha256_hex(salted.as_bytes()))),
            "the holder can show it is theirs"
        );
        assert!(check(completion["withEmail"].as_str().expect("a badge")).to_string().contains(email), "in clear if they ask");
        let bent = completion["badge"].as_str().expect("a badge").replacen(".ey", ".fy", 1);
        assert_ne!(bent, completion["badge"].as_str().expect("a badge"));
    }
    let theirs = held[0]["badge"].as_str().expect("a badge");
    let (status, _) = world.holder(&json!(theirs)).send("{ viewer { account { id } } }", json!({})).await;
    assert_eq!(status, axum::http::StatusCode::UNAUTHORIZED, "a badge opens nothing");
    for who in ["trainer", "coordinator", "safeguarding"] {
        let data = world.sign_in(who).await.ask(BADGES, json!({ "id": id })).await;
        assert_eq!(data["champion"]["trainingCompletions"][0]["badge"], Value::Null, "{who}");
    }
});

both!(coverage_says_what_training_would_open_and_training_opens_it, |world| async move {
    const ASK: &str = "{ trainingCoverage(days: 28) { summary module { code } steps { champions sessions } } }";
    let coordinator = world.sign_in("coordinator").await;
    let found = coordinator.ask(ASK, json!({})).await["trainingCoverage"].take();
    for line in found.as_array().expect("lines") {
        let steps = line["steps"].as_array().cloned().expect("steps");
        assert!(!steps.is_empty() && steps.len() <= 5, "{line:#}");
        for (index, step) in steps.iter().enumerate() {
            assert_eq!(step["champions"], json!(index + 1));
            assert!(index == 0 || step["sessions"].as_u64() >= steps[index - 1]["sessions"].as_u64(), "{line:#}");
        }
    }
    assert_eq!(coordinator.fault("{ trainingCoverage(days: 93) { summary } }", json!({})).await, "BAD_USER_INPUT");
    for who in ["champion", "leader", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(who).await.ask(ASK, json!({})).await["trainingCoverage"], Value::Null, "{who}");
    }
});

//! Scalars and enum values.

use serde_json::{Value, json};

use crate::both;
use crate::harness::World;

/// The message of a document that must fail as input that can't be read.
async fn message(world: &World, who: &str, query: &str, variables: Value) -> String {
    let (status, body) = world.sign_in(who).await.send(query, variables).await;
    let error = &body["errors"][0];
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{status} {body:#}");
    error["message"].as_str().expect("a message").to_owned()
}

const AWAY: &str = "mutation($id: ID!, $day: LocalDate!, $from: LocalTime, $zone: TimeZone!, $kind: ExceptionKind!) { availabilityExceptionAdd(input: {championId: $id, kind: $kind, firstDate: $day, startTime: $from, endTime: $from, timeZone: $zone}) { userErrors { code } } }";

both!(a_date_time_or_zone_that_does_not_exist_says_what_to_send, |world| async move {
    let id = world.champion_id("Precious Ncube-Whittle").await;
    let good = json!({ "id": id, "day": "2027-02-28", "zone": "Europe/London", "kind": "AWAY", "from": null });
    let cases = [
        ("day", json!("2027-02-29"), "like 2026-11-21"),
        ("day", json!("2027-2-9"), "like 2026-11-21"),
        ("day", json!("29/02/2028"), "like 2026-11-21"),
        ("day", json!("+2027-02-28"), "like 2026-11-21"),
        ("day", json!(20270228), "string"),
        ("from", json!("25:00"), "like 14:30"),
        ("from", json!("24:00"), "like 14:30"),
        ("from", json!("9:30"), "like 14:30"),
        ("from", json!("09:30:60"), "like 14:30"),
        ("from", json!("09:30pm"), "like 14:30"),
        ("zone", json!("Europe/Stockport"), "like Europe/London"),
        ("zone", json!("BST"), "like Europe/London"),
        ("zone", json!(""), "like Europe/London"),
        ("kind", json!("AWYA"), "AWYA"),
        ("kind", json!("away"), "away"),
        ("kind", json!(1), "ExceptionKind"),
    ];
    for (name, value, advice) in cases {
        let mut variables = good.clone();
        variables[name] = value.clone();
        let said = message(&world, "champion", AWAY, variables).await;
        assert!(said.contains(advice), "{name} {value}: {said}");
        assert!(!said.contains("chrono") && !said.contains("ParseError"), "{said}");
    }
    let kept = crate::champion::own(&world.sign_in("champion").await, "version availability { exceptions { id } }").await;
    assert_eq!(kept, json!({ "version": 1, "availability": { "exceptions": [] } }), "nothing changed");
});

both!(the_same_values_written_in_the_document_are_refused_alike, |world| async move {
    let id = world.champion_id("Precious Ncube-Whittle").await;
    for (field, advice) in [
        ("kind: AWAY, firstDate: \"2027-02-29\"", "like 2026-11-21"),
        ("kind: AWAY, firstDate: \"2027-02-28\", startTime: \"25:00\"", "like 14:30"),
        ("kind: AWAY, firstDate: \"2027-02-28\", timeZone: \"Mars/Olympus\"", "like Europe/London"),
        ("kind: AWYA, firstDate: \"2027-02-28\"", "AWYA"),
    ] {
        let query = format!("mutation {{ availabilityExceptionAdd(input: {{championId: {id}, {field}}}) {{ userErrors {{ code }} }} }}");
        let said = message(&world, "champion", &query, json!({})).await;
        assert!(said.contains(advice), "{field}: {said}");
    }
});

both!(an_instant_needs_an_offset, |world| async move {
    const ASK: &str =
        "query($from: DateTime!, $until: DateTime!) { sessions(first: 1, filter: {range: {from: $from, until: $until}}) { nodes { id } } }";
    for from in ["2026-11-21", "2026-11-21T09:00:00", "2026-02-30T09:00:00Z", "2026-11-21T25:00:00Z", "yesterday", ""] {
        let said = message(&world, "leader", ASK, json!({ "from": from, "until": "2026-12-01T00:00:00Z" })).await;
        assert!(said.contains("like 2026-11-21T18:21:14Z"), "{from}: {said}");
    }
    for from in ["2026-11-21T09:00:00Z", "2026-11-21t09:00:00.5+01:00"] {
        world.sign_in("leader").await.ask(ASK, json!({ "from": from, "until": "2026-12-01T00:00:00Z" })).await;
    }
});

both!(numbers_that_do_not_fit_are_refused, |world| async move {
    const UPDATE: &str =
        "mutation($id: ID!, $metres: Int) { championUpdate(input: {championId: $id, maxDistanceMetres: $metres}) { userErrors { code } } }";
    let id = world.champion_id("Precious Ncube-Whittle").await;
    for metres in [json!(2_147_483_648_i64), json!(-2_147_483_649_i64), json!(1e30), json!(12.5), json!("12"), json!(true), json!([[]])] {
        let said = message(&world, "champion", UPDATE, json!({ "id": id, "metres": metres })).await;
        assert!(said.contains("Int"), "{metres}: {said}");
    }
    let literal = format!(
        "mutation {{ championUpdate(input: {{championId: {id}, maxDistanceMetres: 99999999999999999999}}) {{ userErrors {{ code }} }} }}"
    );
    message(&world, "champion", &literal, json!({})).await;
    assert_eq!(crate::champion::own(&world.sign_in("champion").await, "version").await["version"], 1);
});

both!(a_field_that_is_missing_or_unknown_is_named, |world| async move {
    const SIGN_UP: &str = "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { userErrors { code } } }";
    let form = |change: fn(&mut Value)| {
        let mut form = crate::champion::form("new@example.org");
        change(&mut form);
        json!({ "input": form })
    };
    let missing = form(|form| {
        form.as_object_mut().expect("a form").remove("fullName");
    });
    let unknown = form(|form| form["membership"] = json!("ACTIVE"));
    let purpose = form(|form| form["consents"][0]["purpose"] = json!("PRIVACY_NOTISE"));
    for (variables, named) in [(missing, "fullName"), (unknown, "membership"), (purpose, "PRIVACY_NOTISE")] {
        let (_, body) = world.partner().send(SIGN_UP, variables).await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{body:#}");
        assert!(body["errors"][0]["message"].as_str().is_some_and(|said| said.contains(named)), "{named}: {body:#}");
    }
    assert_eq!(world.letters("new@example.org").await, []);
});

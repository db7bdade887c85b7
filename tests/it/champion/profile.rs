//! Changing a profile.

use serde_json::{Value, json};

use super::{form, joined, own};
use crate::both;
use crate::harness::Persona;

const UPDATE: &str = "mutation($input: ChampionUpdateInput!) { championUpdate(input: $input) { champion { version displayName languages { code } topics contact { phone postcode } availability { mostPerWeek maxDistanceMetres remoteOnly } } userErrors { code field message } } }";

async fn id_of(champion: &Persona<'_>) -> Value {
    own(champion, "id").await["id"].take()
}

both!(a_champion_and_a_coordinator_change_what_they_name_and_nothing_else, |world| async move {
    let champion = joined(&world, form("change@example.org")).await;
    let id = id_of(&champion).await;
    let done = champion.done(UPDATE, json!({ "input": { "championId": id, "knownAs": " Zo ", "languages": ["urd", "eng", "urd"] } })).await;
    let mut expected = json!({
        "version": 3, "displayName": "Zo", "languages": [{ "code": "eng" }, { "code": "urd" }], "topics": ["NHS_APP", "EMAIL"],
        "contact": { "phone": "+441614960123", "postcode": "SK4 4DP" },
        "availability": { "mostPerWeek": null, "maxDistanceMetres": 6000, "remoteOnly": false },
    });
    assert_eq!(done["champion"], expected);
    let change = json!({ "input": { "championId": id, "topics": [], "postcode": "m191RR", "maxDistanceMetres": 0, "remoteOnly": true, "mostPerWeek": 14, "phone": "07700 900123" } });
    let done = world.sign_in("coordinator").await.done(UPDATE, change).await;
    expected["version"] = json!(4);
    expected["topics"] = json!([]);
    expected["contact"] = json!({ "phone": "+447700900123", "postcode": "M19 1RR" });
    expected["availability"] = json!({ "mostPerWeek": 14, "maxDistanceMetres": 0, "remoteOnly": true });
    assert_eq!(done["champion"], expected);
});

both!(an_outdated_version_is_stale, |world| async move {
    let champion = joined(&world, form("stale@example.org")).await;
    let id = id_of(&champion).await;
    let read = own(&champion, "version").await["version"].clone();
    champion.done(UPDATE, json!({ "input": { "championId": id, "expectedVersion": read, "knownAs": "First" } })).await;
    let stale = json!({ "input": { "championId": id, "expectedVersion": read, "knownAs": "Second" } });
    assert_eq!(champion.problems(UPDATE, stale).await, [("STALE".to_owned(), "expectedVersion".to_owned())]);
    assert_eq!(own(&champion, "displayName").await["displayName"], "First");
});

both!(one_of_two_writers_with_the_same_version_wins, |world| async move {
    let champion = joined(&world, form("writers@example.org")).await;
    let (id, read) = (id_of(&champion).await, own(&champion, "version").await["version"].clone());
    let write =
        |name: &'static str| champion.payload(UPDATE, json!({ "input": { "championId": id, "expectedVersion": read, "knownAs": name } }));
    let (a, b) = tokio::join!(write("A"), write("B"));
    let won = [a, b].iter().filter(|payload| payload["userErrors"] == json!([])).count();
    assert_eq!(won, 1);
});

both!(each_rejected_change_names_its_field, |world| async move {
    let champion = joined(&world, form("wrong@example.org")).await;
    let id = id_of(&champion).await;
    let cases = [
        ("knownAs", json!("\u{202e}"), "knownAs"),
        ("phone", json!("12"), "phone"),
        ("postcode", json!("SW1A 1AA"), "postcode"),
        ("languages", json!([]), "languages"),
        ("languages", json!(["en"]), "languages.0"),
        ("maxDistanceMetres", json!(50_001), "maxDistanceMetres"),
        ("mostPerWeek", json!(0), "mostPerWeek"),
        ("mostPerWeek", json!(15), "mostPerWeek"),
    ];
    let mut all = json!({ "championId": id });
    for (field, value, named) in cases {
        all[field] = value.clone();
        let refused = champion.problems(UPDATE, json!({ "input": { "championId": id, field: value } })).await;
        assert_eq!(refused, [("INVALID".to_owned(), named.to_owned())]);
    }
    assert_eq!(champion.problems(UPDATE, json!({ "input": all })).await.len(), 6, "and all at once");
    assert_eq!(own(&champion, "version").await["version"], 2, "nothing changed");
});

both!(null_takes_away_and_left_out_keeps, |world| async move {
    const VARIABLES: &str = "mutation($id: ID!, $phone: String, $knownAs: String, $most: Int) { championUpdate(input: {championId: $id, phone: $phone, knownAs: $knownAs, mostPerWeek: $most}) { champion { contact { phone } displayName availability { mostPerWeek } } userErrors { code field message } } }";
    let champion = joined(&world, form("null@example.org")).await;
    let id = id_of(&champion).await;
    let full = json!({ "contact": { "phone": "+441614960123" }, "displayName": "Zo", "availability": { "mostPerWeek": 3 } });
    let set = champion.done(VARIABLES, json!({ "id": id, "phone": "0161 496 0123", "knownAs": "Zo", "most": 3 })).await;
    assert_eq!(set["champion"], full);
    assert_eq!(champion.done(VARIABLES, json!({ "id": id })).await["champion"], full, "variables that are left out");
    assert_eq!(champion.done(UPDATE, json!({ "input": { "championId": id } })).await["champion"]["contact"]["phone"], "+441614960123");
    let cleared = champion.done(VARIABLES, json!({ "id": id, "phone": null, "knownAs": null, "most": null })).await;
    assert_eq!(
        cleared["champion"],
        json!({ "contact": { "phone": null }, "displayName": "Zoë O.", "availability": { "mostPerWeek": null } })
    );
    champion.done(VARIABLES, json!({ "id": id, "phone": "0161 496 0123" })).await;
    let literal = format!(
        "mutation {{ championUpdate(input: {{championId: {id}, phone: null}}) {{ champion {{ contact {{ phone }} }} userErrors {{ code }} }} }}"
    );
    assert_eq!(champion.done(&literal, json!({})).await["champion"]["contact"]["phone"], Value::Null);
});

both!(a_variable_left_out_leaves_the_default_in_place, |world| async move {
    const SIGN_UP: &str = "mutation($email: String!, $reach: Int, $remote: Boolean, $windows: [AvailabilityWindowInput!], $topics: [Topic!]) { championSignUp(input: {fullName: \"Ada\", email: $email, birthDate: \"1990-01-01\", languages: [\"eng\"], maxDistanceMetres: $reach, remoteOnly: $remote, windows: $windows, topics: $topics, consents: [{purpose: PRIVACY_NOTICE, wordingVersion: \"1\", given: true}]}) { nextStep userErrors { code field message } } }";
    world.partner().done(SIGN_UP, json!({ "email": "default@example.org" })).await;
    let found = world.sign_in("coordinator").await.ask("query($first: Int, $words: String, $places: Int) { champions(first: $first, filter: {nameContains: $words, memberships: [ENQUIRED]}) { nodes { contact { email } availability { maxDistanceMetres } opportunities { open(first: $places) { score } } } } }", json!({})).await;
    let nodes = found["champions"]["nodes"].as_array().expect("champions");
    let ada = nodes.iter().find(|node| node["contact"]["email"] == "default@example.org").expect("Ada");
    assert_eq!(ada["availability"]["maxDistanceMetres"], 8000);
    assert_eq!(
        world.partner().fault(SIGN_UP, json!({ "email": "null@example.org", "reach": null })).await,
        "BAD_USER_INPUT",
        "null is no number"
    );
});

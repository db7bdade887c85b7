//! The areas champions serve beside what is near their homes.

use serde_json::{Value, json};

use crate::both;
use crate::champion::{SIGN_UP, form, joined, own, with};
use crate::harness::booking::Volunteer;
use crate::harness::{Persona, World};
use crate::travel::elsewhere;

const UPDATE: &str = "mutation($input: ChampionUpdateInput!) { championUpdate(input: $input) {
    champion { availability { areas maxDistanceMetres } } userErrors { code field message } } }";
const OPPORTUNITIES: &str = "{ viewer { champion { opportunities {
    unlocks { sessionCount remedies { kind what } } } } } }";

/// Where a champion goes.
async fn goes(world: &World, who: &Volunteer, metres: i32, areas: Value) -> Value {
    let input = json!({ "championId": who.id, "maxDistanceMetres": metres, "areas": areas });
    let done = world.sign_in("coordinator").await.done(UPDATE, json!({ "input": input })).await;
    done["champion"]["availability"].clone()
}

async fn areas_of(persona: &Persona<'_>, venue: &Value) -> Vec<String> {
    let nodes = persona.ask("{ venues(first: 100) { nodes { id areas postcode ward } } }", json!({})).await;
    let venue = nodes["venues"]["nodes"].as_array().expect("venues").iter().find(|v| v["id"] == *venue).cloned().expect("the venue");
    let areas: Vec<String> = serde_json::from_value(venue["areas"].clone()).expect("areas");
    let outward = venue["postcode"].as_str().and_then(|p| p.split(' ').next()).expect("a postcode");
    assert_eq!(json!(areas), json!([outward, venue["ward"]]), "a demo venue lies in Stockport");
    areas
}

async fn is_matched(world: &World, session: &Value, who: &Volunteer) -> bool {
    !world.matched(session, std::slice::from_ref(who)).await.is_empty()
}

both!(an_area_served_is_within_reach_and_any_other_is_not, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let (here, there) = (leader.ask_for(&world.free_session().await).await.session, elsewhere(&world).await);
    let (_, venue) = world.group("stockroom-digital-desk").await;
    let [outward, ward] = areas_of(&world.partner(), &venue).await.try_into().expect("an outward code and a ward");
    let who = world.matched(&here, &volunteers).await.remove(0);
    for (metres, areas, comes) in [
        (0, json!([]), false),
        (0, json!(["OL16"]), false),
        (0, json!([outward]), true),
        (0, json!([ward, "OL16"]), true),
        (50_000, json!(["OL16"]), true),
    ] {
        assert_eq!(goes(&world, &who, metres, areas.clone()).await, json!({ "areas": areas, "maxDistanceMetres": metres }));
        assert_eq!(is_matched(&world, &here, &who).await, comes, "{metres} {areas}");
    }
    goes(&world, &who, 0, json!([ward])).await;
    let moved = crate::harness::booking::with(world.free_session().await, json!({ "venueId": there, "date": "2026-12-13" }));
    let other = leader.ask_for(&moved).await.session;
    let elsewhere = areas_of(&world.partner(), &there).await;
    assert_eq!(is_matched(&world, &other, &who).await, elsewhere.contains(&ward), "only there");
    let mine = world.sign_in(&who.mailbox).await.ask(OPPORTUNITIES, json!({})).await["viewer"]["champion"]["opportunities"].clone();
    let served = json!({ "kind": "SERVE_AREA", "what": elsewhere[0] });
    let unlocks = mine["unlocks"].as_array().expect("unlocks");
    assert!(unlocks.iter().any(|u| u["remedies"].as_array().expect("remedies").contains(&served)), "{mine:#}");
});

both!(areas_are_read_kindly_and_refused_by_name, |world| async move {
    let champion = joined(&world, with("areas@example.org", "areas", json!(["sk4", " E05015027 ", "SK4", "M1"]))).await;
    let mine = own(&champion, "id availability { areas }").await;
    assert_eq!(mine["availability"]["areas"], json!(["E05015027", "M1", "SK4"]));
    let sent = json!({ "input": with("areas.too@example.org", "areas", json!(["SK4", "Heaton Moor"])) });
    assert_eq!(world.partner().problems(SIGN_UP, sent).await, [("INVALID".to_owned(), "areas.1".to_owned())]);
    for (areas, field) in [(json!(["SK4", "SW1A"]), "areas.1"), (json!(["E05015013"]), "areas.0"), (json!(vec!["SK4"; 51]), "areas")] {
        let input = json!({ "championId": mine["id"], "areas": areas });
        assert_eq!(champion.problems(UPDATE, json!({ "input": input })).await, [("INVALID".to_owned(), field.to_owned())]);
    }
    let kept = champion.done(UPDATE, json!({ "input": { "championId": mine["id"], "maxDistanceMetres": 100 } })).await;
    assert_eq!(kept["champion"]["availability"]["areas"], json!(["E05015027", "M1", "SK4"]), "what is left out stays");
    let gone = champion.done(UPDATE, json!({ "input": { "championId": mine["id"], "areas": [] } })).await;
    assert_eq!(gone["champion"]["availability"]["areas"], json!([]));
    let plain = joined(&world, form("nowhere@example.org")).await;
    assert_eq!(own(&plain, "availability { areas }").await["availability"]["areas"], json!([]));
});

//! Two sessions in person need time to get from one to the other: wherever somebody is asked, says yes or stands in.

use rules::travel::Pace;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, Asked, Volunteer, all_at_once, with};

const SEEK: &str = "mutation($input: StandInSeekInput!) { standInSeek(input: $input) { userErrors { code field message } } }";
const REFERENCE: &str = "{ viewer { champion { reference } } }";

/// A session from ten to twelve, one five minutes later somewhere else, and champions who could come to either, asked for both.
struct Day {
    here: Asked,
    there: Asked,
    who: Vec<Volunteer>,
    offers: [Vec<Value>; 2],
}

pub async fn elsewhere(world: &World) -> Value {
    let (_, here) = world.group("stockroom-digital-desk").await;
    let venues = world.partner().ask("{ venues(first: 100) { nodes { id postcode } } }", json!({})).await;
    let nodes = venues["venues"]["nodes"].as_array().cloned().expect("venues");
    let postcode = nodes.iter().find(|v| v["id"] == here).expect("the venue")["postcode"].clone();
    nodes.into_iter().find(|v| v["postcode"] != postcode).expect("another")["id"].clone()
}

async fn day(world: &World, second: Value) -> Day {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let here = leader.ask_for(&world.free_session().await).await;
    let there = leader.ask_for(&with(world.free_session().await, second)).await;
    let who: Vec<_> = world.matched(&here.session, &volunteers).await.into_iter().take(3).collect();
    let offers = [leader.offer(&here.request, &who).await, leader.offer(&there.request, &who).await];
    Day { here, there, who, offers }
}

async fn near_in_time(world: &World) -> Day {
    day(world, json!({ "startTime": "12:05", "venueId": elsewhere(world).await, "places": [{ "kind": "HELPER", "count": 2 }] })).await
}

both!(a_journey_that_does_not_fit_is_told_in_minutes, |world| async move {
    let day = near_in_time(&world).await;
    let champion = world.sign_in(&day.who[0].mailbox).await;
    champion.done(ACCEPT, json!({ "id": day.offers[0][0] })).await;
    let refused = champion.payload(ACCEPT, json!({ "id": day.offers[1][0] })).await["userErrors"].clone();
    assert_eq!((&refused[0]["code"], refused.as_array().map(Vec::len)), (&json!("TOO_LITTLE_TIME"), Some(1)), "{refused:#}");
    let message = refused[0]["message"].as_str().expect("a sentence");
    let minutes: i64 = message.split_whitespace().find_map(|word| word.parse().ok()).expect("a number");
    assert!((11..120).contains(&minutes), "ten of the quarter of an hour, and the journey: {message}");
    let others = world.matched(&day.there.session, &day.who).await;
    assert!(others.iter().all(|v| v.id != day.who[0].id), "and is not proposed either");
    api::store::travel::agree(world.app.db.single(), Pace { buffer: 0, speed: 5_000 }).await.expect("agreed");
    champion.done(ACCEPT, json!({ "id": day.offers[1][0] })).await;
});

both!(at_the_same_place_one_session_follows_the_other, |world| async move {
    let day = day(&world, json!({ "startTime": "12:00" })).await;
    let champion = world.sign_in(&day.who[0].mailbox).await;
    for offers in &day.offers {
        champion.done(ACCEPT, json!({ "id": offers[0] })).await;
    }
});

both!(nobody_stands_in_who_could_not_get_there, |world| async move {
    let day = near_in_time(&world).await;
    let (first, second) = (world.sign_in(&day.who[0].mailbox).await, world.sign_in(&day.who[1].mailbox).await);
    let place = first.done(ACCEPT, json!({ "id": day.offers[0][0] })).await["assignment"]["id"].clone();
    second.done(ACCEPT, json!({ "id": day.offers[1][1] })).await;
    let reference = second.ask(REFERENCE, json!({})).await["viewer"]["champion"]["reference"].clone();
    let input = json!({ "assignmentId": place, "standInReference": reference });
    assert_eq!(first.refused(SEEK, json!({ "input": input })).await, ["STAND_IN_NOT_POSSIBLE"]);
    assert_eq!(world.session(&day.here.session).await["cover"], "COVERED");
    api::store::travel::agree(world.app.db.single(), Pace { buffer: 0, speed: 5_000 }).await.expect("agreed");
    first.done(SEEK, json!({ "input": input })).await;
});

both!(two_answers_at_once_that_clash_by_the_journey_alone_and_one_stands, |world| async move {
    let day = near_in_time(&world).await;
    for (at, who) in day.who.iter().enumerate().skip(1) {
        let champion = world.sign_in(&who.mailbox).await;
        let calls = (0..16).map(|n| (champion.clone(), ACCEPT, json!({ "id": day.offers[n % 2][at] }))).collect();
        let answers = all_at_once(calls).await;
        let mut refused: Vec<&str> =
            answers.iter().flat_map(|a| a["userErrors"].as_array().expect("a list")).filter_map(|e| e["code"].as_str()).collect();
        refused.sort_unstable();
        refused.dedup();
        assert!(refused.iter().all(|code| ["TOO_LITTLE_TIME", "PLACES_FILLED"].contains(code)), "{answers:#?}");
        let mut placed = 0;
        for session in [&day.here.session, &day.there.session] {
            let found = world.session(session).await["assignments"].as_array().cloned().expect("assignments");
            placed += found.iter().filter(|a| a["champion"]["id"] == who.id).count();
        }
        assert_eq!(placed, 1, "one of the two");
    }
});

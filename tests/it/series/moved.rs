//! Moving a session: it keeps its id, people keep their duty, and whoever can't is flagged.

use serde_json::{Value, json};

use super::MOVE;
use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, Asked, CANCEL, DECLINE, GIVE_UP, Volunteer, with};

const DUTY: &str =
    "query($id: ID!) { node(id: $id) { ... on Assignment { status clashing atRiskSince standIn { id status } session { startsAt } } } }";
const SEEK: &str =
    "mutation($id: ID!) { standInSeek(input: {assignmentId: $id}) { standIn { id status } userErrors { code field message } } }";
const PENDING: &str = "{ viewer { champion { offers(statuses: [PENDING]) { nodes { id expiresAt session { id startsAt } } } } } }";

/// A session with one champion placed and another asked.
struct Booked {
    asked: Asked,
    who: Volunteer,
    place: Value,
    waits: Volunteer,
    offer: Value,
}

async fn booked(world: &World, volunteers: &[Volunteer], over: Value) -> Booked {
    let leader = world.sign_in("leader").await;
    let places = json!({ "places": [{ "kind": "HELPER", "count": 2 }] });
    let asked = leader.ask_for(&with(with(world.free_session().await, places), over)).await;
    let chosen: Vec<_> = world.matched(&asked.session, volunteers).await.into_iter().take(2).collect();
    let offers = leader.offer(&asked.request, &chosen).await;
    let place = world.sign_in(&chosen[0].mailbox).await.done(ACCEPT, json!({ "id": offers[0] })).await["assignment"]["id"].clone();
    Booked { asked, who: chosen[0].clone(), place, waits: chosen[1].clone(), offer: offers[1].clone() }
}

async fn duty(world: &World, place: &Value) -> Value {
    world.sign_in("coordinator").await.ask(DUTY, json!({ "id": place })).await["node"].clone()
}

async fn told(world: &World, who: &Volunteer) -> Vec<String> {
    world.told(&who.mailbox, "A session has moved").await
}

both!(a_moved_session_keeps_its_id_its_champions_and_its_offers_and_tells_each_once, |world| async move {
    let volunteers = world.everybody_comes().await;
    let booked = booked(&world, &volunteers, json!({})).await;
    let leader = world.sign_in("leader").await;
    let input = |over: Value| json!({ "input": with(json!({ "sessionId": booked.asked.session }), over) });
    assert_eq!(leader.problems(MOVE, input(json!({ "date": "2026-11-20" }))).await, [("OUTSIDE_CALENDAR".to_owned(), "date".to_owned())]);
    assert_eq!(leader.refused(MOVE, input(json!({ "durationMinutes": 0 }))).await, ["INVALID"]);
    assert_eq!(leader.refused(MOVE, input(json!({ "venueId": "nothing" }))).await, ["NOT_FOUND"]);
    assert_eq!(leader.refused(MOVE, input(json!({ "expectedVersion": 9, "startTime": "11:00" }))).await, ["STALE"]);
    assert_eq!(world.sign_in("leader2").await.fault(MOVE, input(json!({ "startTime": "11:00" }))).await, "FORBIDDEN");
    let to = input(json!({ "date": "2026-12-13", "startTime": "14:00", "expectedVersion": 1 }));
    let moved = leader.done(MOVE, to).await["session"].clone();
    assert_eq!((&moved["id"], &moved["startsAt"]), (&booked.asked.session, &json!("2026-12-13T14:00:00.000Z")));
    assert_eq!((&moved["isMoved"], &moved["version"], &moved["occurrenceDate"]), (&json!(true), &json!(2), &json!(null)));
    leader.done(MOVE, input(json!({ "date": "2026-12-13" }))).await;
    let after = duty(&world, &booked.place).await;
    assert_eq!((&after["status"], &after["clashing"], &after["atRiskSince"]), (&json!("CONFIRMED"), &json!(false), &json!(null)));
    for who in [&booked.who, &booked.waits] {
        let told = told(&world, who).await;
        assert_eq!(told.len(), 1, "once, though it was sent twice");
        assert!(told[0].contains("2026-12-13 at 14:00") && told[0].contains("say so"), "{told:?}");
    }
    let accepted = world.sign_in(&booked.waits.mailbox).await.done(ACCEPT, json!({ "id": booked.offer })).await;
    assert_eq!(duty(&world, &accepted["assignment"]["id"]).await["session"]["startsAt"], "2026-12-13T14:00:00.000Z");
    leader.done(CANCEL, json!({ "input": { "sessionId": booked.asked.session } })).await;
    assert_eq!(leader.refused(MOVE, input(json!({ "startTime": "15:00" }))).await, ["CANCELLED"]);
});

both!(an_offer_that_nobody_could_answer_in_time_lapses_with_the_move, |world| async move {
    let volunteers = world.everybody_comes().await;
    let booked = booked(&world, &volunteers, json!({})).await;
    let to = json!({ "sessionId": booked.asked.session, "date": "2026-11-21", "startTime": "09:10" });
    world.sign_in("leader").await.done(MOVE, json!({ "input": to })).await;
    let waits = world.sign_in(&booked.waits.mailbox).await;
    let mine = waits.ask(PENDING, json!({})).await;
    let left = mine["viewer"]["champion"]["offers"]["nodes"].as_array().cloned().expect("offers");
    assert!(left.iter().all(|offer| offer["id"] != booked.offer), "{left:#?}");
    assert!(told(&world, &booked.waits).await.is_empty(), "they are no longer needed, and told that");
    assert!(!waits.refused(DECLINE, json!({ "id": booked.offer })).await.is_empty());
});

both!(whoever_is_moved_onto_another_duty_keeps_both_flagged_until_people_have_decided, |world| async move {
    let volunteers = world.everybody_comes().await;
    let first = booked(&world, &volunteers, json!({ "startTime": "10:00", "places": [{ "kind": "HELPER", "count": 1 }] })).await;
    let leader = world.sign_in("leader").await;
    let other = leader.ask_for(&with(world.free_session().await, json!({ "startTime": "14:00" }))).await;
    let offer = leader.offer(&other.request, std::slice::from_ref(&first.who)).await.remove(0);
    let second = world.sign_in(&first.who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone();
    leader.done(MOVE, json!({ "input": { "sessionId": other.session, "startTime": "11:00" } })).await;
    let flagged = duty(&world, &second).await;
    assert_eq!((&flagged["status"], &flagged["clashing"]), (&json!("CONFIRMED"), &json!(true)), "nothing is taken from anybody");
    assert!(flagged["atRiskSince"].is_string());
    assert_eq!(duty(&world, &first.place).await["clashing"], false, "the duty that was there is in order");
    let looked = world.sign_in(&first.who.mailbox).await.done(SEEK, json!({ "id": second })).await;
    assert_eq!(looked["standIn"]["status"], "SEEKING", "a stand-in can take one of them");
    leader.done(MOVE, json!({ "input": { "sessionId": other.session, "startTime": "15:00" } })).await;
    let settled = duty(&world, &second).await;
    assert_eq!((&settled["clashing"], &settled["atRiskSince"]), (&json!(false), &json!(null)), "and in order once they part");
    leader.done(MOVE, json!({ "input": { "sessionId": other.session, "startTime": "10:30" } })).await;
    assert_eq!(duty(&world, &second).await["clashing"], true);
    leader.done(CANCEL, json!({ "input": { "sessionId": first.asked.session } })).await;
    let alone = duty(&world, &second).await;
    assert_eq!((&alone["clashing"], &alone["atRiskSince"]), (&json!(false), &json!(null)), "or once one of them is off");
});

both!(whoever_could_not_get_there_after_a_move_is_flagged_until_the_journey_fits, |world| async move {
    let volunteers = world.everybody_comes().await;
    let first = booked(&world, &volunteers, json!({ "places": [{ "kind": "HELPER", "count": 1 }] })).await;
    let leader = world.sign_in("leader").await;
    let far = crate::travel::elsewhere(&world).await;
    let near = world.free_session().await;
    let other = leader.ask_for(&with(near.clone(), json!({ "startTime": "16:00", "venueId": far }))).await;
    let offer = leader.offer(&other.request, std::slice::from_ref(&first.who)).await.remove(0);
    let second = world.sign_in(&first.who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone();
    // The first is from ten to twelve; at the same place nobody travels.
    for (to, short) in [
        (json!({ "startTime": "12:05" }), true),
        (json!({ "venueId": near["venueId"] }), false),
        (json!({ "venueId": far }), true),
        (json!({ "startTime": "15:00" }), false),
        (json!({ "startTime": "11:59" }), true),
        (json!({ "startTime": "12:05" }), true),
        (json!({ "startTime": "07:55" }), true),
    ] {
        leader.done(MOVE, json!({ "input": with(to.clone(), json!({ "sessionId": other.session })) })).await;
        let now = duty(&world, &second).await;
        assert_eq!((&now["status"], &now["clashing"], now["atRiskSince"].is_string()), (&json!("CONFIRMED"), &json!(short), short), "{to}");
        assert_eq!(duty(&world, &first.place).await["clashing"], false, "{to}: the duty that was there is in order");
    }
    world.sign_in(&first.who.mailbox).await.done(GIVE_UP, json!({ "id": first.place })).await;
    let alone = duty(&world, &second).await;
    assert_eq!((&alone["clashing"], &alone["atRiskSince"]), (&json!(false), &json!(null)), "and in order once one of them has ended");
});

both!(a_move_past_the_end_of_a_clearance_is_flagged, |world| async move {
    let volunteers = world.everybody_comes().await;
    let booked = booked(&world, &volunteers, json!({})).await;
    let leader = world.sign_in("leader").await;
    let mut flagged = json!(null);
    for date in ["2027-03-07", "2027-06-06", "2027-08-29", "2027-11-14"] {
        leader.done(MOVE, json!({ "input": { "sessionId": booked.asked.session, "date": date } })).await;
        let now = duty(&world, &booked.place).await;
        let query = "query($id: ID!) { node(id: $id) { ... on Assignment { clearedForSession } } }";
        let cleared =
            world.sign_in("coordinator").await.ask(query, json!({ "id": booked.place })).await["node"]["clearedForSession"].clone();
        assert_eq!(now["atRiskSince"].is_null(), cleared == json!(true), "{date}: {now:#}");
        flagged = now["atRiskSince"].clone();
    }
    assert!(flagged.is_string(), "within a year something of everybody's runs out");
});

both!(one_occurrence_is_moved_covered_or_swapped_without_leaving_the_series, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let made = leader.repeat("FREQ=WEEKLY;COUNT=4", json!({ "startTime": "07:00" })).await;
    let second = made.sessions[1]["id"].clone();
    let moved = leader.done(MOVE, json!({ "input": { "sessionId": second, "date": "2026-12-15", "startTime": "19:00" } })).await;
    assert_eq!((&moved["session"]["isMoved"], &moved["session"]["occurrenceDate"]), (&json!(true), &json!("2026-12-13")));
    world.pass(chrono::TimeDelta::minutes(11));
    world.work().await;
    let now = leader.series(&made.id).await;
    assert_eq!(now["sessions"]["nodes"].as_array().map(Vec::len), Some(made.sessions.len()), "its date is not filled again");
    let ask = json!({ "input": { "target": { "sessionId": second } } });
    let request = leader.done(crate::harness::booking::ASK, ask).await["request"]["id"].clone();
    let mut crew = world.matched(&second, &volunteers).await;
    let who = crew.remove(0);
    let offer = leader.offer(&request, std::slice::from_ref(&who)).await.remove(0);
    let champion = world.sign_in(&who.mailbox).await;
    let place = champion.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone();
    champion.done(SEEK, json!({ "id": place })).await;
    let mut covered = false;
    for other in &crew {
        let stand_in = world.sign_in(&other.mailbox).await;
        let mine = stand_in.ask(PENDING, json!({})).await;
        let offers = mine["viewer"]["champion"]["offers"]["nodes"].as_array().cloned().expect("offers");
        if let Some(offer) = offers.iter().find(|offer| offer["session"]["id"] == second) {
            stand_in.done(ACCEPT, json!({ "id": offer["id"] })).await;
            covered = true;
            break;
        }
    }
    assert!(covered, "somebody was asked");
    assert_eq!(duty(&world, &place).await["status"], "REPLACED");
    let query = "query($id: ID!) { session(id: $id) { cover isMoved series { id } } }";
    let session = leader.ask(query, json!({ "id": second })).await["session"].clone();
    assert_eq!(session, json!({ "cover": "COVERED", "isMoved": true, "series": { "id": made.id } }));
});

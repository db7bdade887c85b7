//! Places that champions take themselves, and the waiting list of a session that is full.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, DECLINE, GIVE_UP, Volunteer, all_at_once, with};

const OPEN: &str = "mutation($input: SessionSignUpSetInput!) { sessionSignUpSet(input: $input) { session { openSignUp } userErrors { code field message } } }";
const OPEN_GROUP: &str =
    "mutation($input: GroupSignUpSetInput!) { groupSignUpSet(input: $input) { group { openSignUp } userErrors { code field message } } }";
const TAKE: &str =
    "mutation($input: PlaceTakeInput!) { placeTake(input: $input) { assignment { id status } userErrors { code field message } } }";
const JOIN: &str = "mutation($input: WaitingListJoinInput!) { waitingListJoin(input: $input) { waitingEntry { id status } userErrors { code field message } } }";
const LEAVE: &str =
    "mutation($input: WaitingListLeaveInput!) { waitingListLeave(input: $input) { session { id } userErrors { code field message } } }";
const LIST: &str = "query($id: ID!) { session(id: $id) { waitingList { status champion { id } } } }";
const PENDING: &str = "{ viewer { champion { offers(statuses: [PENDING]) { nodes { id session { id } } } } } }";

/// A session with so many helpers' places that champions take themselves, and champions who could.
async fn open_session(world: &World, places: usize) -> (Value, Vec<Volunteer>) {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let places = json!({ "places": [{ "kind": "HELPER", "count": places }] });
    let asked = leader.ask_for(&with(world.free_session().await, places)).await;
    leader.done(OPEN, json!({ "input": { "sessionId": asked.session, "open": true } })).await;
    let who = world.matched(&asked.session, &volunteers).await;
    (asked.session, who)
}

fn at(session: &Value) -> Value {
    json!({ "input": { "sessionId": session } })
}

async fn list(world: &World, session: &Value) -> Vec<(String, Value)> {
    let found = world.sign_in("leader").await.ask(LIST, json!({ "id": session })).await;
    let rows = found["session"]["waitingList"].as_array().cloned().expect("a list");
    rows.iter().map(|w| (w["status"].as_str().expect("a status").to_owned(), w["champion"]["id"].clone())).collect()
}

async fn offer_of(world: &World, who: &Volunteer, session: &Value) -> Option<Value> {
    let mine = world.sign_in(&who.mailbox).await.ask(PENDING, json!({})).await;
    let nodes = mine["viewer"]["champion"]["offers"]["nodes"].as_array().cloned().expect("offers");
    nodes.into_iter().find(|o| o["session"]["id"] == *session).map(|o| o["id"].clone())
}

/// Lets the clock's jobs look once more.
async fn look(world: &World) {
    world.pass(TimeDelta::minutes(2));
    world.work().await;
}

both!(a_place_is_taken_where_the_group_lets_champions, |world| async move {
    let (session, who) = open_session(&world, 1).await;
    let leader = world.sign_in("leader").await;
    let champion = world.sign_in(&who[0].mailbox).await;
    leader.done(OPEN, json!({ "input": { "sessionId": session, "open": null } })).await;
    assert_eq!(champion.refused(TAKE, at(&session)).await, ["NOT_OPEN"]);
    let (group, _) = world.group("stockroom-digital-desk").await;
    let set = leader.done(OPEN_GROUP, json!({ "input": { "groupId": group, "open": true } })).await;
    assert_eq!(set["group"]["openSignUp"], true);
    let key = json!({ "input": { "sessionId": session, "idempotencyKey": "mine" } });
    let taken = champion.done(TAKE, key.clone()).await;
    assert_eq!(taken["assignment"]["status"], "CONFIRMED");
    assert_eq!(champion.done(TAKE, key).await, taken, "the same key is the same answer");
    assert_eq!(champion.refused(TAKE, at(&session)).await, ["PLACES_FILLED", "ALREADY_PLACED"]);
    assert_eq!(world.session(&session).await["cover"], "COVERED");
    let other = world.sign_in(&who[1].mailbox).await;
    assert_eq!(other.refused(TAKE, at(&session)).await, ["PLACES_FILLED"]);
    leader.done(OPEN, json!({ "input": { "sessionId": session, "open": false } })).await;
    assert_eq!(other.refused(TAKE, at(&session)).await, ["NOT_OPEN"], "the session says otherwise than its group");
    assert_eq!(leader.fault(TAKE, at(&session)).await, "FORBIDDEN");
    assert_eq!(other.fault(OPEN, json!({ "input": { "sessionId": session, "open": true } })).await, "FORBIDDEN");
});

both!(sixty_four_clients_take_two_places_and_two_champions_have_them, |world| async move {
    let (session, who) = open_session(&world, 2).await;
    let mut calls = Vec::new();
    for one in who.iter().cycle().take(64) {
        calls.push((world.sign_in(&one.mailbox).await, TAKE, at(&session)));
    }
    let answers = all_at_once(calls).await;
    assert_eq!(answers.iter().filter(|a| a["assignment"]["id"].is_string()).count(), 2);
    assert_eq!(world.session(&session).await["assignments"].as_array().map(Vec::len), Some(2));
});

both!(a_place_that_becomes_free_goes_to_whoever_has_waited_longest_and_takes_it, |world| async move {
    let (session, who) = open_session(&world, 1).await;
    let place = world.sign_in(&who[0].mailbox).await.done(TAKE, at(&session)).await["assignment"]["id"].clone();
    for one in &who[1..4] {
        let champion = world.sign_in(&one.mailbox).await;
        let joined = champion.done(JOIN, at(&session)).await;
        assert_eq!(champion.done(JOIN, at(&session)).await, joined, "joining twice is the same place on the list");
        assert_eq!(
            world.sign_in(&one.mailbox).await.ask(LIST, json!({ "id": session })).await["session"]["waitingList"].as_array().map(Vec::len),
            Some(1)
        );
        world.pass(TimeDelta::seconds(1));
    }
    look(&world).await;
    assert!(list(&world, &session).await.iter().all(|(status, _)| status == "WAITING"), "no place, no offer");
    world.sign_in(&who[0].mailbox).await.done(GIVE_UP, json!({ "id": place })).await;
    let newcomer = world.sign_in(&who[4].mailbox).await;
    assert_eq!(newcomer.refused(TAKE, at(&session)).await, ["PLACES_FILLED"], "those who wait come first");
    look(&world).await;
    let first = offer_of(&world, &who[1], &session).await.expect("an offer");
    assert_eq!(offer_of(&world, &who[2], &session).await, None, "one place, one offer");
    look(&world).await;
    world.sign_in(&who[1].mailbox).await.done(DECLINE, json!({ "id": first })).await;
    look(&world).await;
    assert!(offer_of(&world, &who[2], &session).await.is_some(), "the next");
    world.pass(TimeDelta::hours(25));
    world.work().await;
    look(&world).await;
    let third = offer_of(&world, &who[3], &session).await.expect("nobody answered: the one after");
    world.sign_in(&who[3].mailbox).await.done(ACCEPT, json!({ "id": third })).await;
    assert!(list(&world, &session).await.is_empty());
    let after = world.session(&session).await;
    assert_eq!((&after["cover"], &after["assignments"][0]["champion"]["id"]), (&json!("COVERED"), &who[3].id));
    let newcomer = world.sign_in(&who[4].mailbox).await;
    assert_eq!(newcomer.done(JOIN, at(&session)).await["waitingEntry"]["status"], "WAITING");
    newcomer.done(LEAVE, at(&session)).await;
    assert_eq!(newcomer.refused(LEAVE, at(&session)).await, ["NOT_FOUND"]);
});

both!(nobody_waits_for_what_is_free_or_could_not_be_theirs, |world| async move {
    let (session, who) = open_session(&world, 1).await;
    let first = world.sign_in(&who[0].mailbox).await;
    assert_eq!(first.refused(JOIN, at(&session)).await, ["PLACE_IS_FREE"]);
    first.done(TAKE, at(&session)).await;
    assert_eq!(first.refused(JOIN, at(&session)).await, ["ALREADY_PLACED"]);
    let second = world.sign_in(&who[1].mailbox).await;
    second.done(JOIN, at(&session)).await;
    let leader = world.sign_in("leader").await;
    leader.done(OPEN, json!({ "input": { "sessionId": session, "open": false } })).await;
    assert_eq!(world.sign_in(&who[2].mailbox).await.refused(JOIN, at(&session)).await, ["NOT_OPEN"]);
    let version = world.session(&session).await["version"].clone();
    leader.done(crate::harness::booking::CANCEL, json!({ "input": { "sessionId": session, "expectedVersion": version } })).await;
    look(&world).await;
    assert!(list(&world, &session).await.is_empty(), "called off: nobody waits");
});

both!(however_many_give_up_and_take_at_once_no_place_is_filled_twice, |world| async move {
    let (session, who) = open_session(&world, 2).await;
    let mut places = Vec::new();
    for one in &who[..2] {
        let champion = world.sign_in(&one.mailbox).await;
        places.push((champion.clone(), champion.done(TAKE, at(&session)).await["assignment"]["id"].clone()));
    }
    for one in &who[2..6] {
        world.sign_in(&one.mailbox).await.done(JOIN, at(&session)).await;
    }
    for (champion, place) in &places {
        champion.done(GIVE_UP, json!({ "id": place })).await;
    }
    look(&world).await;
    let mut calls = Vec::new();
    for one in &who[2..10] {
        let champion = world.sign_in(&one.mailbox).await;
        match offer_of(&world, one, &session).await {
            Some(offer) => (0..4).for_each(|_| calls.push((champion.clone(), ACCEPT, json!({ "id": offer })))),
            None => calls.push((champion.clone(), TAKE, at(&session))),
        }
    }
    all_at_once(calls).await;
    look(&world).await;
    let placed = world.session(&session).await["assignments"].as_array().cloned().expect("assignments");
    let who: std::collections::HashSet<_> = placed.iter().map(|a| a["champion"]["id"].to_string()).collect();
    assert_eq!((placed.len(), who.len()), (2, 2), "the two who were offered the places");
});

both!(a_session_with_fewer_than_it_needs_is_at_risk, |world| async move {
    const SET: &str = "mutation($input: SessionStaffingSetInput!) { sessionStaffingSet(input: $input) { session { atRisk } userErrors { code field message } } }";
    const READ: &str = "query($id: ID!) { session(id: $id) { atRisk staffing { kind minimum ideal maximum filled level } } }";
    let (session, who) = open_session(&world, 3).await;
    let leader = world.sign_in("leader").await;
    assert_eq!(leader.ask(READ, json!({ "id": session })).await["session"]["atRisk"], json!(["3 more helper places are to be filled."]));
    let input = json!({ "sessionId": session, "minimum": 1, "ideal": 2 });
    leader.done(SET, json!({ "input": input })).await;
    let champion = world.sign_in(&who[0].mailbox).await;
    champion.done(TAKE, at(&session)).await;
    let staffing = json!([{ "kind": "HELPER", "minimum": 1, "ideal": 2, "maximum": 3, "filled": 1, "level": "ENOUGH" }]);
    let told = leader.ask(READ, json!({ "id": session })).await["session"].take();
    assert_eq!((&told["atRisk"], &told["staffing"]), (&json!([]), &staffing));
    assert_eq!(champion.ask(READ, json!({ "id": session })).await["session"]["atRisk"], Value::Null);
    for (over, code) in
        [(json!({ "minimum": 3 }), "OUT_OF_ORDER"), (json!({ "ideal": 4 }), "OUT_OF_ORDER"), (json!({ "kind": "LEAD" }), "NO_PLACES")]
    {
        assert_eq!(leader.refused(SET, json!({ "input": with(input.clone(), over) })).await, [code]);
    }
    assert_eq!(champion.fault(SET, json!({ "input": input })).await, "FORBIDDEN");
});

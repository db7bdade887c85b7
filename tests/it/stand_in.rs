//! "I can't be there": the duty stands until a stand-in has accepted, or a coordinator releases the champion.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, CANCEL, DECLINE, Volunteer};

const SEEK: &str =
    "mutation($input: StandInSeekInput!) { standInSeek(input: $input) { standIn { id status named } userErrors { code field message } } }";
const AFTER_ALL: &str =
    "mutation($id: ID!) { standInCancel(input: {standInId: $id}) { standIn { status } userErrors { code field message } } }";
const RELEASE: &str = "mutation($id: ID!) { assignmentRelease(input: {assignmentId: $id}) { assignment { status standIn { status } } userErrors { code field message } } }";
const MINE: &str = "query($id: ID!) { node(id: $id) { ... on Assignment { status standIn { id status takenBy { id } } } } }";
const PENDING: &str =
    "{ viewer { champion { reference offers(statuses: [PENDING]) { nodes { id session { id } viewerCannotAcceptReasons { code } } } } } }";

/// One champion placed at a session of `leader@`, and the others who could come.
struct Placed {
    session: Value,
    place: Value,
    who: Volunteer,
    others: Vec<Volunteer>,
}

async fn placed(world: &World) -> Placed {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let mut others = world.matched(&asked.session, &volunteers).await;
    let who = others.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let place = world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone();
    Placed { session: asked.session, place, who, others }
}

impl Placed {
    /// Who of the others was asked, and their offer.
    async fn asked(&self, world: &World) -> Vec<(Volunteer, Value)> {
        let mut asked = Vec::new();
        for other in &self.others {
            let mine = world.sign_in(&other.mailbox).await.ask(PENDING, json!({})).await;
            let nodes = mine["viewer"]["champion"]["offers"]["nodes"].as_array().cloned().expect("offers");
            asked.extend(nodes.into_iter().filter(|o| o["session"]["id"] == self.session).map(|o| (other.clone(), o)));
        }
        asked
    }

    async fn duty(&self, world: &World) -> Value {
        world.sign_in(&self.who.mailbox).await.ask(MINE, json!({ "id": self.place })).await["node"].clone()
    }

    async fn seek(&self, world: &World) -> Value {
        let champion = world.sign_in(&self.who.mailbox).await;
        champion.done(SEEK, json!({ "input": { "assignmentId": self.place, "reason": "A funeral" } })).await["standIn"].clone()
    }
}

both!(the_duty_stands_until_a_stand_in_has_accepted, |world| async move {
    let placed = placed(&world).await;
    placed.seek(&world).await;
    assert_eq!(placed.duty(&world).await["status"], "CONFIRMED", "still expected");
    assert_eq!(world.session(&placed.session).await["cover"], "COVERED");
    let champion = world.sign_in(&placed.who.mailbox).await;
    assert_eq!(champion.refused(SEEK, json!({ "input": { "assignmentId": placed.place } })).await, ["ALREADY_SEEKING"]);
    let asked = placed.asked(&world).await;
    assert_eq!(asked.len(), 5, "the first wave");
    assert!(asked.iter().all(|(_, offer)| offer["viewerCannotAcceptReasons"] == json!([])), "though no place is open");
    let taken = world.sign_in(&asked[2].0.mailbox).await.done(ACCEPT, json!({ "id": asked[2].1["id"] })).await;
    assert_eq!(taken["assignment"]["status"], "CONFIRMED");
    let duty = placed.duty(&world).await;
    assert_eq!((&duty["status"], &duty["standIn"]["status"]), (&json!("REPLACED"), &json!("COVERED")));
    let session = world.session(&placed.session).await;
    assert_eq!((&session["cover"], session["assignments"].as_array().map(Vec::len)), (&json!("COVERED"), Some(1)));
    assert!(placed.asked(&world).await.is_empty(), "the others are no longer waited for");
    let late = world.sign_in(&asked[0].0.mailbox).await;
    assert_eq!(late.refused(ACCEPT, json!({ "id": asked[0].1["id"] })).await, ["PLACES_FILLED"]);
    let told = world.letters(&format!("{}@demo.digiknow.example", placed.who.mailbox)).await;
    assert!(told.iter().any(|letter| letter.subject == "Somebody stands in for you"), "{told:#?}");
});

both!(whoever_is_named_is_asked_alone_and_then_the_others, |world| async move {
    let placed = placed(&world).await;
    let named = world.sign_in(&placed.others[7].mailbox).await;
    let reference = named.ask(PENDING, json!({})).await["viewer"]["champion"]["reference"].clone();
    let champion = world.sign_in(&placed.who.mailbox).await;
    let seek = |reference: &Value| json!({ "input": { "assignmentId": placed.place, "standInReference": reference } });
    for (wrong, code) in [(json!("DC-9999"), "STAND_IN_NOT_POSSIBLE"), (json!("somebody"), "INVALID")] {
        assert_eq!(champion.problems(SEEK, seek(&wrong)).await, [(code.to_owned(), "standInReference".to_owned())]);
    }
    assert_eq!(champion.done(SEEK, seek(&reference)).await["standIn"]["named"], true);
    let asked = placed.asked(&world).await;
    assert_eq!(asked.iter().map(|(who, _)| &who.mailbox).collect::<Vec<_>>(), [&placed.others[7].mailbox]);
    named.done(DECLINE, json!({ "id": asked[0].1["id"] })).await;
    world.pass(TimeDelta::minutes(1));
    world.work().await;
    assert_eq!(placed.asked(&world).await.len(), 5);
    assert_eq!(placed.duty(&world).await["status"], "CONFIRMED");
});

both!(a_coordinator_releases_and_an_offer_made_for_the_duty_still_counts, |world| async move {
    let placed = placed(&world).await;
    placed.seek(&world).await;
    let asked = placed.asked(&world).await;
    let released = world.sign_in("coordinator").await.done(RELEASE, json!({ "id": placed.place })).await;
    assert_eq!(released["assignment"], json!({ "status": "RELEASED", "standIn": { "status": "RELEASED" } }));
    assert_eq!(world.session(&placed.session).await["cover"], "UNCOVERED", "the one hole there may be is a coordinator's own");
    world.sign_in(&asked[0].0.mailbox).await.done(ACCEPT, json!({ "id": asked[0].1["id"] })).await;
    assert_eq!(world.session(&placed.session).await["cover"], "COVERED");
    let late = world.sign_in(&asked[1].0.mailbox).await;
    assert_eq!(late.refused(ACCEPT, json!({ "id": asked[1].1["id"] })).await, ["PLACES_FILLED"]);
});

both!(who_comes_after_all_keeps_the_place, |world| async move {
    let placed = placed(&world).await;
    let search = placed.seek(&world).await["id"].clone();
    let asked = placed.asked(&world).await;
    let champion = world.sign_in(&placed.who.mailbox).await;
    assert_eq!(world.sign_in(&asked[0].0.mailbox).await.refused(AFTER_ALL, json!({ "id": search })).await, ["NOT_FOUND"]);
    for _ in 0..2 {
        assert_eq!(champion.done(AFTER_ALL, json!({ "id": search })).await["standIn"]["status"], "WITHDRAWN", "twice is the same");
    }
    assert!(placed.asked(&world).await.is_empty());
    assert_eq!(placed.duty(&world).await["status"], "CONFIRMED");
    assert_eq!(world.sign_in(&asked[0].0.mailbox).await.refused(ACCEPT, json!({ "id": asked[0].1["id"] })).await.len(), 1);
});

both!(a_search_ends_with_its_session, |world| async move {
    let first = placed(&world).await;
    first.seek(&world).await;
    world.sign_in("leader").await.done(CANCEL, json!({ "input": { "sessionId": first.session } })).await;
    let duty = first.duty(&world).await;
    assert_eq!((&duty["status"], &duty["standIn"]["status"]), (&json!("SESSION_CANCELLED"), &json!("CLOSED")));
    assert!(first.asked(&world).await.is_empty());
});

both!(a_search_nobody_answered_is_closed_when_the_session_begins, |world| async move {
    let placed = placed(&world).await;
    placed.seek(&world).await;
    world.pass(TimeDelta::days(16));
    world.work().await;
    let duty = placed.duty(&world).await;
    assert_eq!(
        (&duty["status"], &duty["standIn"]["status"]),
        (&json!("CONFIRMED"), &json!("CLOSED")),
        "and the champion was expected to the end"
    );
});

//! Swaps: both duties stand until the other has accepted; then both change hands at once.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, GIVE_UP, Volunteer, with};
use crate::harness::{Persona, World};

const PROPOSE: &str = "mutation($input: SwapProposeInput!) { swapPropose(input: $input) { swap { id status gives { id } takes { id } } userErrors { code field message } } }";
const YES: &str = "mutation($id: ID!) { swapAccept(input: {swapId: $id}) { swap { status } userErrors { code field message } } }";
const NO: &str = "mutation($id: ID!) { swapDecline(input: {swapId: $id}) { swap { status } userErrors { code field message } } }";
const BACK: &str = "mutation($id: ID!) { swapWithdraw(input: {swapId: $id}) { swap { status } userErrors { code field message } } }";
const MINE: &str = "{ viewer { champion { reference swaps(proposedOnly: false) { id status viewerCanAnswer message } assignments(statuses: [CONFIRMED], first: 100) { nodes { id session { id } } } } } }";

/// Two champions, each placed at a session of their own.
struct Pair {
    sessions: [Value; 2],
    places: [Value; 2],
    who: [Volunteer; 2],
}

async fn pair(world: &World, second_starts: &str) -> Pair {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let one = leader.ask_for(&world.free_session().await).await;
    let two = leader.ask_for(&with(world.free_session().await, json!({ "startTime": second_starts }))).await;
    let who: Vec<_> = world.matched(&one.session, &volunteers).await.into_iter().take(2).collect();
    let mut places = Vec::new();
    for (asked, who) in [(&one, &who[0]), (&two, &who[1])] {
        let offer = leader.offer(&asked.request, std::slice::from_ref(who)).await.remove(0);
        places.push(world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone());
    }
    Pair { sessions: [one.session, two.session], places: [places[0].clone(), places[1].clone()], who: [who[0].clone(), who[1].clone()] }
}

impl Pair {
    async fn propose(&self, world: &World) -> Value {
        let reference = world.sign_in(&self.who[1].mailbox).await.ask(MINE, json!({})).await["viewer"]["champion"]["reference"].clone();
        let input =
            json!({ "assignmentId": self.places[0], "withReference": reference, "sessionId": self.sessions[1], "message": "Could we?" });
        let champion = world.sign_in(&self.who[0].mailbox).await;
        champion.done(PROPOSE, json!({ "input": input })).await["swap"]["id"].clone()
    }

    async fn holders(&self, world: &World) -> Vec<Value> {
        let mut holders = Vec::new();
        for session in &self.sessions {
            holders.push(world.session(session).await["assignments"][0]["champion"]["id"].clone());
        }
        holders
    }
}

async fn swaps(who: &Persona<'_>) -> Vec<Value> {
    who.ask(MINE, json!({})).await["viewer"]["champion"]["swaps"].as_array().cloned().expect("swaps")
}

both!(both_places_change_hands_at_once, |world| async move {
    let pair = pair(&world, "11:00").await;
    let before = pair.holders(&world).await;
    let swap = pair.propose(&world).await;
    assert_eq!(pair.holders(&world).await, before, "until it is accepted both are expected where they were");
    let (one, other) = (world.sign_in(&pair.who[0].mailbox).await, world.sign_in(&pair.who[1].mailbox).await);
    assert_eq!((&swaps(&one).await[0]["viewerCanAnswer"], &swaps(&other).await[0]["viewerCanAnswer"]), (&json!(false), &json!(true)));
    assert_eq!(one.refused(YES, json!({ "id": swap })).await, ["NOT_FOUND"], "one does not answer for the other");
    for _ in 0..2 {
        assert_eq!(other.done(YES, json!({ "id": swap })).await["swap"]["status"], "ACCEPTED", "twice is the same");
    }
    let after = pair.holders(&world).await;
    assert_eq!((&after[0], &after[1]), (&before[1], &before[0]), "though the two sessions overlap");
    assert_eq!(one.done(GIVE_UP, json!({ "id": pair.places[0] })).await["assignment"]["status"], "REPLACED", "nothing is left to give up");
    let told = world.letters(&format!("{}@demo.digiknow.example", pair.who[0].mailbox)).await;
    assert!(told.iter().any(|letter| letter.subject == "Your swap is done"));
});

both!(a_swap_is_declined_taken_back_or_lapses, |world| async move {
    let pair = pair(&world, "14:00").await;
    let before = pair.holders(&world).await;
    let (one, other) = (world.sign_in(&pair.who[0].mailbox).await, world.sign_in(&pair.who[1].mailbox).await);
    let declined = pair.propose(&world).await;
    assert_eq!(other.done(NO, json!({ "id": declined })).await["swap"]["status"], "DECLINED");
    let back = pair.propose(&world).await;
    assert_eq!(one.done(BACK, json!({ "id": back })).await["swap"]["status"], "WITHDRAWN");
    for swap in [&declined, &back] {
        assert_eq!(other.refused(YES, json!({ "id": swap })).await, ["SWAP_CLOSED"]);
    }
    let lapsing = pair.propose(&world).await;
    assert_eq!(pair.holders(&world).await, before);
    other.done(GIVE_UP, json!({ "id": pair.places[1] })).await;
    assert_eq!(swaps(&one).await.iter().find(|s| s["id"] == lapsing).expect("the swap")["status"], "LAPSED");
});

both!(a_swap_lapses_when_a_session_begins, |world| async move {
    let pair = pair(&world, "14:00").await;
    let swap = pair.propose(&world).await;
    world.pass(TimeDelta::days(16));
    world.work().await;
    let other = world.sign_in(&pair.who[1].mailbox).await;
    assert_eq!(other.refused(YES, json!({ "id": swap })).await, ["SWAP_CLOSED"]);
    assert_eq!(swaps(&other).await[0]["status"], "LAPSED");
});

both!(nobody_swaps_into_a_clash_or_learns_who_is_where, |world| async move {
    let pair = pair(&world, "14:00").await;
    let leader = world.sign_in("leader").await;
    let busy = leader.ask_for(&with(world.free_session().await, json!({ "startTime": "15:00" }))).await;
    let offer = leader.offer(&busy.request, &pair.who[..1]).await.remove(0);
    let one = world.sign_in(&pair.who[0].mailbox).await;
    one.done(ACCEPT, json!({ "id": offer })).await;
    let reference = world.sign_in(&pair.who[1].mailbox).await.ask(MINE, json!({})).await["viewer"]["champion"]["reference"].clone();
    let input = |with: &Value, at: &Value| json!({ "input": { "assignmentId": pair.places[0], "withReference": with, "sessionId": at } });
    let mut answers = Vec::new();
    for variables in [input(&reference, &pair.sessions[1]), input(&reference, &busy.session), input(&json!("DC-9999"), &pair.sessions[1])] {
        answers.push(one.problems(PROPOSE, variables).await);
    }
    assert!(answers.iter().all(|a| *a == [("NOT_POSSIBLE".to_owned(), "withReference".to_owned())]), "all look the same: {answers:?}");
});

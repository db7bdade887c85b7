//! Waves: the best few first, more in time, nobody too often, and everybody at once when it is urgent.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, Asked, DECLINE, GIVE_UP, SEND, Volunteer, with};

const START: &str = "mutation($input: OfferWavesStartInput!) { offerWavesStart(input: $input) { waves { id status waveCount offers { id } } userErrors { code field message } } }";
const STOP: &str =
    "mutation($id: ID!) { offerWavesStop(input: {wavesId: $id}) { waves { status nextAt } userErrors { code field message } } }";
const NOT_NOW: &str =
    "mutation($id: ID!) { offerDecline(input: {offerId: $id, scope: NOT_NOW}) { offer { status } userErrors { code field message } } }";
const RUNS: &str = "query($id: ID!) { championRequest(id: $id) { status waves { status urgent forStandIn waveCount
    offers { id status wave askedBecause expiresAt champion { id } } } } }";

/// A request of `leader@` with one place on a free Sunday, and everybody free.
async fn request(world: &World) -> (Asked, Vec<Volunteer>) {
    let volunteers = world.everybody_comes().await;
    (world.sign_in("leader").await.ask_for(&world.free_session().await).await, volunteers)
}

/// The runs of a request as its leader sees them.
async fn runs(world: &World, request: &Value) -> Vec<Value> {
    let data = world.sign_in("leader").await.ask(RUNS, json!({ "id": request })).await;
    data["championRequest"]["waves"].as_array().cloned().expect("waves")
}

fn offers(run: &Value) -> Vec<Value> {
    run["offers"].as_array().cloned().expect("offers")
}

/// Whose an offer is.
fn whose<'v>(volunteers: &'v [Volunteer], offer: &Value) -> &'v Volunteer {
    volunteers.iter().find(|v| v.id == offer["champion"]["id"]).expect("a volunteer")
}

both!(the_first_wave_goes_out_at_once_and_the_next_when_its_time_comes, |world| async move {
    let (asked, _) = request(&world).await;
    let leader = world.sign_in("leader").await;
    let input = json!({ "requestId": asked.request, "size": 2, "everyMinutes": 60, "idempotencyKey": "w-1" });
    let begun = leader.done(START, json!({ "input": input })).await;
    assert_eq!(begun["waves"]["offers"].as_array().map(Vec::len), Some(2));
    assert_eq!(leader.done(START, json!({ "input": input })).await, begun, "the same key, the same run");
    assert_eq!(leader.refused(START, json!({ "input": { "requestId": asked.request } })).await, ["ALREADY_RUNNING"]);
    world.work().await;
    world.pass(TimeDelta::minutes(59));
    world.work().await;
    assert_eq!(offers(&runs(&world, &asked.request).await[0]).len(), 2, "not yet");
    world.pass(TimeDelta::minutes(1));
    world.work().await;
    let run = runs(&world, &asked.request).await.remove(0);
    let waves: Vec<_> = offers(&run).iter().map(|o| o["wave"].clone()).collect();
    assert_eq!((waves, &run["waveCount"]), (vec![json!(1), json!(1), json!(2), json!(2)], &json!(2)));
    for offer in offers(&run) {
        assert!(offer["askedBecause"].as_str().is_some_and(|why| why.contains("points")), "{offer}");
    }
    world.pass(TimeDelta::minutes(1));
    world.work().await;
    assert_eq!(offers(&runs(&world, &asked.request).await[0]).len(), 4, "the job is idempotent");
});

both!(a_no_moves_on_at_once_and_a_yes_ends_the_run, |world| async move {
    let (asked, volunteers) = request(&world).await;
    let leader = world.sign_in("leader").await;
    leader.done(START, json!({ "input": { "requestId": asked.request, "size": 1, "everyMinutes": 10_080 } })).await;
    let first = offers(&runs(&world, &asked.request).await[0]).remove(0);
    let no = world.sign_in(&whose(&volunteers, &first).mailbox).await;
    no.done(DECLINE, json!({ "id": first["id"] })).await;
    assert_eq!(
        no.ask("query($id: ID!) { node(id: $id) { ... on Offer { askedBecause } } }", json!({ "id": first["id"] })).await["node"]["askedBecause"],
        Value::Null,
        "the log is the leaders'"
    );
    world.pass(TimeDelta::seconds(15));
    world.work().await;
    let all = offers(&runs(&world, &asked.request).await[0]);
    assert_eq!(all.len(), 2, "nobody was left to answer");
    world.sign_in(&whose(&volunteers, &all[1]).mailbox).await.done(ACCEPT, json!({ "id": all[1]["id"] })).await;
    world.pass(TimeDelta::minutes(1));
    world.work().await;
    assert_eq!(runs(&world, &asked.request).await[0]["status"], "FILLED");
});

both!(nobody_is_asked_more_often_than_the_budget_allows, |world| async move {
    let (asked, volunteers) = request(&world).await;
    let leader = world.sign_in("leader").await;
    let often = world.matched(&asked.session, &volunteers).await.remove(0);
    for hour in 14..18 {
        let other =
            leader.ask_for(&with(world.free_session().await, json!({ "startTime": format!("{hour}:00"), "durationMinutes": 60 }))).await;
        leader.offer(&other.request, std::slice::from_ref(&often)).await;
    }
    leader.done(START, json!({ "input": { "requestId": asked.request, "size": 20, "everyMinutes": 5 } })).await;
    for _ in 0..5 {
        world.pass(TimeDelta::minutes(5));
        world.work().await;
    }
    let run = runs(&world, &asked.request).await.remove(0);
    assert!(offers(&run).len() > 20 && offers(&run).iter().all(|o| o["champion"]["id"] != often.id), "asked four times this week already");
});

both!(who_says_not_now_is_left_in_peace_for_two_weeks, |world| async move {
    let (asked, volunteers) = request(&world).await;
    let leader = world.sign_in("leader").await;
    let tired = world.matched(&asked.session, &volunteers).await.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&tired)).await.remove(0);
    assert_eq!(world.sign_in(&tired.mailbox).await.done(NOT_NOW, json!({ "id": offer })).await["offer"]["status"], "DECLINED");
    let later = with(world.free_session().await, json!({ "date": "2026-12-13" }));
    let other = leader.ask_for(&later).await;
    let send = json!({ "input": { "requestId": other.request, "championIds": [tired.id] } });
    assert_eq!(leader.refused(SEND, send.clone()).await, ["RESTING"]);
    leader.done(START, json!({ "input": { "requestId": other.request, "urgent": true } })).await;
    assert!(offers(&runs(&world, &other.request).await[0]).iter().all(|o| o["champion"]["id"] != tired.id));
    world.pass(TimeDelta::days(14));
    let leader = world.sign_in("leader").await;
    assert_eq!(leader.done(SEND, send).await["offers"].as_array().map(Vec::len), Some(1), "and may be asked again");
});

both!(an_urgent_call_asks_everybody_once_and_says_when_nobody_is_left, |world| async move {
    let (asked, volunteers) = request(&world).await;
    let could = world.matched(&asked.session, &volunteers).await.len();
    let leader = world.sign_in("leader").await;
    leader.done(START, json!({ "input": { "requestId": asked.request, "urgent": true } })).await;
    let run = runs(&world, &asked.request).await.remove(0);
    assert_eq!((offers(&run).len(), &offers(&run)[0]["expiresAt"]), (could, &json!("2026-11-21T21:00:00.000Z")));
    world.pass(TimeDelta::hours(12));
    world.work().await;
    let run = runs(&world, &asked.request).await.remove(0);
    assert_eq!((&run["status"], offers(&run).len()), (&json!("EXHAUSTED"), could), "nobody is asked twice for one session");
});

both!(a_run_is_stopped_by_its_leader_and_by_nobody_else, |world| async move {
    let (asked, _) = request(&world).await;
    let leader = world.sign_in("leader").await;
    let id = leader.done(START, json!({ "input": { "requestId": asked.request, "size": 1 } })).await["waves"]["id"].clone();
    assert_eq!(world.sign_in("leader2").await.refused(STOP, json!({ "id": id })).await, ["NOT_FOUND"]);
    assert_eq!(world.sign_in("champion").await.fault(STOP, json!({ "id": id })).await, "FORBIDDEN");
    for _ in 0..2 {
        assert_eq!(leader.done(STOP, json!({ "id": id })).await["waves"], json!({ "status": "STOPPED", "nextAt": null }));
    }
    world.pass(TimeDelta::days(1));
    world.work().await;
    assert_eq!(offers(&runs(&world, &asked.request).await[0]).len(), 1);
    for (field, value) in [("size", 0), ("size", 21), ("everyMinutes", 4), ("everyMinutes", 10_081)] {
        let problems =
            world.sign_in("leader").await.problems(START, json!({ "input": { "requestId": asked.request, field: value } })).await;
        assert_eq!(problems, [("INVALID".to_owned(), field.to_owned())]);
    }
});

both!(giving_a_place_up_late_asks_everybody_else_at_once, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader
        .ask_for(&with(world.free_session().await, json!({ "date": "2026-11-22", "startTime": "21:00", "durationMinutes": 60 })))
        .await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let champion = world.sign_in(&who.mailbox).await;
    let place = champion.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone();
    champion.done(GIVE_UP, json!({ "id": place })).await;
    let run = runs(&world, &asked.request).await.remove(0);
    assert_eq!((&run["urgent"], &run["status"]), (&json!(true), &json!("RUNNING")));
    assert!(offers(&run).len() > 5, "{run}");
});

//! More than three days with children in any thirty, over all groups: what it raises, for which of somebody's promises, and what
//! lowers it again.

use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, Asked, CANCEL, GIVE_UP, SEND, Volunteer, with};
use crate::series::MOVE;

const MATCHES: &str = "query($id: ID!) { session(id: $id) { matches(kind: SHADOW, first: 100) { edges { node { id } } } } }";
const STANDING: &str = "query($id: ID!) { node(id: $id) { ... on Assignment { status clearedForSession atRiskSince } } }";
const WHY: &str = "query($id: ID!, $session: ID!) { champion(by: {id: $id}) { clearanceFor(sessionId: $session, kind: SHADOW) { reasons { kind remedy { kind what } } } } }";
const GROUPS: [&str; 3] = ["stockroom-digital-desk", "heatons-library-monday", "first-house-get-online"];

/// The check of regulated activity with children, in words.
const REGULATED: &str = "an enhanced child workforce check with the children's barred list";

/// A single session for children, of one of three groups in turn; it asks for no check of its own, and one champion may watch.
async fn with_children(world: &World, turn: usize, date: &str, time: &str, over: Value) -> Asked {
    let (group, venue) = world.group(GROUPS[turn % GROUPS.len()]).await;
    let session = json!({ "groupId": group, "venueId": venue, "title": "Coding with children", "date": date, "startTime": time,
        "durationMinutes": 20, "audience": "CHILDREN", "dbs": null, "places": [{ "kind": "HELPER" }, { "kind": "SHADOW" }] });
    world.sign_in("coordinator").await.ask_for(&with(session, over)).await
}

async fn matched(world: &World, session: &Value) -> Vec<Value> {
    let data = world.sign_in("coordinator").await.ask(MATCHES, json!({ "id": session })).await;
    data["session"]["matches"]["edges"].as_array().expect("matches").iter().map(|edge| edge["node"]["id"].clone()).collect()
}

/// Somebody who may watch single sessions with children until the last of these, and lacks the check of regulated activity.
async fn somebody(world: &World, volunteers: &[Volunteer], sessions: &[&Asked]) -> Volunteer {
    let mut regulated = json!({ "weekly": true });
    regulated["dbs"] = json!({ "level": "ENHANCED", "workforce": "CHILD", "barredLists": ["CHILDREN"] });
    let weekly = with_children(world, 0, "2026-12-20", "21:00", regulated).await;
    let checked = matched(world, &weekly.session).await;
    let mut can: Vec<Volunteer> = volunteers.iter().filter(|v| !checked.contains(&v.id)).cloned().collect();
    for asked in sessions {
        let found = matched(world, &asked.session).await;
        can.retain(|volunteer| found.contains(&volunteer.id));
    }
    can.into_iter().next().expect("somebody without that check")
}

async fn offered(world: &World, asked: &Asked, who: &Volunteer) -> Value {
    let input = json!({ "requestId": asked.request, "championIds": [who.id], "kind": "SHADOW" });
    world.sign_in("coordinator").await.done(SEND, json!({ "input": input })).await["offers"][0]["id"].clone()
}

/// An offer, which waits.
async fn offers(world: &World, asked: &[Asked], who: &Volunteer) -> Vec<Value> {
    let mut offers = Vec::new();
    for one in asked {
        offers.push(offered(world, one, who).await);
    }
    offers
}

async fn accepted(world: &World, offer: &Value, who: &Volunteer) -> Value {
    world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await["assignment"]["id"].clone()
}

/// For each assignment, whether it is at risk; what is said of clearance agrees.
async fn at_risk(world: &World, assignments: &[Value]) -> Vec<bool> {
    let coordinator = world.sign_in("coordinator").await;
    let mut found = Vec::new();
    for id in assignments {
        let one = coordinator.ask(STANDING, json!({ "id": id })).await["node"].clone();
        assert_eq!(one["clearedForSession"] == false, one["atRiskSince"].is_string(), "{one}");
        found.push(one["atRiskSince"].is_string());
    }
    found
}

both!(the_fourth_date_with_children_over_all_groups_is_refused_and_one_that_ends_makes_room, |world| async move {
    let volunteers = world.everybody_comes().await;
    let mut asked = Vec::new();
    // Over two ends of a month: from 30 January to 28 February are 29 days.
    for (turn, date) in ["2027-01-30", "2027-02-10", "2027-02-20", "2027-02-28"].into_iter().enumerate() {
        asked.push(with_children(&world, turn, date, "21:00", json!({})).await);
    }
    let who = somebody(&world, &volunteers, &asked.iter().collect::<Vec<_>>()).await;
    let offers = offers(&world, &asked, &who).await;
    let mut placed = Vec::new();
    for offer in &offers[..3] {
        placed.push(accepted(&world, offer, &who).await);
    }
    assert_eq!(at_risk(&world, &placed).await, [false; 3]);
    let me = world.sign_in(&who.mailbox).await;
    let payload = me.payload(ACCEPT, json!({ "id": offers[3] })).await;
    assert_eq!(payload["userErrors"][0]["code"], "DBS_NOT_IN_PLACE", "{payload:#}");
    assert!(payload["userErrors"][0]["message"].as_str().is_some_and(|m| m.contains(REGULATED)), "{payload:#}");
    let why = me.ask(WHY, json!({ "id": who.id, "session": asked[3].session })).await["champion"]["clearanceFor"].clone();
    assert_eq!(why["reasons"], json!([{ "kind": "DBS_CHECK", "remedy": { "kind": "DBS_CHECK", "what": REGULATED } }]));
    assert!(!matched(&world, &asked[3].session).await.contains(&who.id));
    me.done(GIVE_UP, json!({ "id": placed[1] })).await;
    assert!(matched(&world, &asked[3].session).await.contains(&who.id), "there is room again");
    placed[1] = accepted(&world, &offers[3], &who).await;
    assert_eq!(at_risk(&world, &placed).await, [false; 3]);
});

both!(a_session_that_moves_into_the_window_raises_all_of_them_and_one_called_off_clears_the_rest, |world| async move {
    let volunteers = world.everybody_comes().await;
    let mut asked = Vec::new();
    // 1 March is thirty days after 30 January: the first is out of the window by then.
    for (turn, date) in ["2027-01-30", "2027-02-10", "2027-02-20", "2027-03-01", "2027-04-10"].into_iter().enumerate() {
        asked.push(with_children(&world, turn, date, "21:00", json!({})).await);
    }
    let who = somebody(&world, &volunteers, &asked.iter().collect::<Vec<_>>()).await;
    let mut placed = Vec::new();
    for offer in offers(&world, &asked, &who).await {
        placed.push(accepted(&world, &offer, &who).await);
    }
    assert_eq!(at_risk(&world, &placed).await, [false; 5]);
    let coordinator = world.sign_in("coordinator").await;
    let to = |date: &str| json!({ "input": { "sessionId": asked[3].session, "date": date } });
    coordinator.done(MOVE, to("2027-02-28")).await;
    assert_eq!(at_risk(&world, &placed).await, [true, true, true, true, false], "all four of the window, and nothing beyond it");
    coordinator.done(MOVE, to("2027-03-01")).await;
    assert_eq!(at_risk(&world, &placed).await, [false; 5], "moved back");
    coordinator.done(MOVE, to("2027-02-28")).await;
    world.pass(chrono::TimeDelta::seconds(1));
    coordinator.done(CANCEL, json!({ "input": { "sessionId": asked[1].session, "reason": "The hall is flooded." } })).await;
    placed.remove(1);
    assert_eq!(at_risk(&world, &placed).await, [false; 4], "one called off, and the rest are in order");
});

both!(the_window_counts_days_by_the_clock_on_the_wall_across_the_change_of_the_clocks, |world| async move {
    let volunteers = world.everybody_comes().await;
    let mut asked = Vec::new();
    // Half past midnight on 9 April is still 8 April by UTC, which would be the thirtieth day.
    for (turn, (date, time)) in
        [("2027-03-10", "21:00"), ("2027-03-20", "21:00"), ("2027-03-28", "21:00"), ("2027-04-08", "23:00"), ("2027-04-09", "00:30")]
            .into_iter()
            .enumerate()
    {
        asked.push(with_children(&world, turn, date, time, json!({})).await);
    }
    let who = somebody(&world, &volunteers, &asked.iter().collect::<Vec<_>>()).await;
    let offers = offers(&world, &asked, &who).await;
    let mut placed = Vec::new();
    for offer in &offers[..3] {
        placed.push(accepted(&world, offer, &who).await);
    }
    let me = world.sign_in(&who.mailbox).await;
    assert_eq!(me.refused(ACCEPT, json!({ "id": offers[3] })).await, ["DBS_NOT_IN_PLACE"], "29 days after the first");
    placed.push(accepted(&world, &offers[4], &who).await);
    assert_eq!(at_risk(&world, &placed).await, [false; 4], "30 days after the first");
});

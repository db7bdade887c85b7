//! Many at once: one wins, the others are told why, and no state is left that is not legal.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{self, ACCEPT, ASK, FREE_DAY, GIVE_UP, Volunteer, with};
use crate::harness::{Persona, World};

/// How many ask at once.
const CLIENTS: usize = 64;

/// All at once; on PostgreSQL every other call goes to a second replica.
async fn all_at_once(world: &World, mut calls: Vec<(Persona<'_>, &'static str, Value)>) -> Vec<Value> {
    let twin = if world.app.db.backend() == sea_orm::DbBackend::Postgres { Some(world.replica().await) } else { None };
    let mut there: Vec<_> = Vec::new();
    if let Some(twin) = &twin {
        for (who, query, variables) in calls.drain(..) {
            let world = if there.len().is_multiple_of(2) { who.world } else { twin };
            there.push((Persona { world, headers: who.headers }, query, variables));
        }
        return booking::all_at_once(there).await;
    }
    booking::all_at_once(calls).await
}

/// The codes of an answer's user errors.
fn codes(payload: &Value) -> Vec<&str> {
    payload["userErrors"].as_array().expect("a list").iter().filter_map(|e| e["code"].as_str()).collect()
}

/// Champions who could take a place of a session, with an offer each.
async fn offered(world: &World, over: Value) -> (Value, Vec<(Volunteer, Value)>) {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&with(world.free_session().await, over)).await;
    let who = world.matched(&asked.session, &volunteers).await;
    let offers = leader.offer(&asked.request, &who).await;
    (asked.session, who.into_iter().zip(offers).collect())
}

both!(sixty_four_clients_for_the_last_place_and_one_champion_gets_it, |world| async move {
    let (session, offers) = offered(&world, json!({})).await;
    assert!(offers.len() >= 16, "{} champions are cleared", offers.len());
    let mut calls = Vec::new();
    for (who, offer) in offers.iter().cycle().take(CLIENTS) {
        calls.push((world.sign_in(&who.mailbox).await, ACCEPT, json!({ "id": offer })));
    }
    let answers = all_at_once(&world, calls).await;
    let won: HashSet<_> = answers.iter().filter(|a| codes(a).is_empty()).map(|a| a["assignment"]["id"].to_string()).collect();
    assert_eq!(won.len(), 1, "one place, one assignment");
    assert!(answers.iter().filter(|a| !codes(a).is_empty()).all(|a| codes(a) == ["PLACES_FILLED"]), "{answers:#?}");
    let after = world.session(&session).await;
    assert_eq!(after["assignments"].as_array().map(Vec::len), Some(1));
    assert_eq!((&after["cover"], &after["request"]["status"]), (&json!("COVERED"), &json!("FILLED")));
    let open = after["request"]["offers"].as_array().expect("offers").iter().filter(|o| o["status"] == "PENDING").count();
    assert_eq!(open, 0, "nobody waits for a place that is gone");
});

both!(three_places_take_three_champions_however_many_ask, |world| async move {
    let (session, offers) = offered(&world, json!({ "places": [{ "kind": "HELPER", "count": 3 }] })).await;
    let mut calls = Vec::new();
    for (who, offer) in offers.iter().cycle().take(CLIENTS) {
        calls.push((world.sign_in(&who.mailbox).await, ACCEPT, json!({ "id": offer })));
    }
    all_at_once(&world, calls).await;
    let placed = world.session(&session).await["assignments"].as_array().cloned().expect("assignments");
    let who: HashSet<_> = placed.iter().map(|a| a["champion"]["id"].to_string()).collect();
    assert_eq!((placed.len(), who.len()), (3, 3), "never over-filled, never twice the same");
});

both!(sixty_four_overlapping_sessions_of_one_champion_and_one_is_won, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let probe = leader.ask_for(&world.free_session().await).await;
    let who = world.matched(&probe.session, &volunteers).await.remove(0);
    let mut calls = Vec::new();
    for index in 0..CLIENTS {
        let start = format!("{:02}:{:02}", 10 + index / 60, index % 60);
        let asked = leader.ask_for(&with(world.free_session().await, json!({ "startTime": start }))).await;
        let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
        calls.push((world.sign_in(&who.mailbox).await, ACCEPT, json!({ "id": offer })));
    }
    let answers = all_at_once(&world, calls).await;
    assert_eq!(answers.iter().filter(|a| codes(a).is_empty()).count(), 1, "a champion is in one place at a time");
    assert!(answers.iter().filter(|a| !codes(a).is_empty()).all(|a| codes(a) == ["CLASHES"]), "{answers:#?}");
    let rota =
        "query($week: LocalDate!, $id: ID!) { rota(week: $week, of: {championId: $id}) { sessions(first: 100) { nodes { id date } } } }";
    let week = world.sign_in(&who.mailbox).await.ask(rota, json!({ "week": FREE_DAY, "id": who.id })).await;
    let that_day = week["rota"]["sessions"]["nodes"].as_array().expect("sessions").iter().filter(|s| s["date"] == FREE_DAY).count();
    assert_eq!(that_day, 1);
});

both!(accepting_and_giving_up_at_once_end_in_a_legal_state, |world| async move {
    let (session, offers) = offered(&world, json!({})).await;
    let (first, rest) = offers.split_first().expect("offers");
    let holder = world.sign_in(&first.0.mailbox).await;
    let place = holder.done(ACCEPT, json!({ "id": first.1 })).await["assignment"]["id"].clone();
    let leader = world.sign_in("leader").await;
    let request = world.session(&session).await["request"]["id"].clone();
    holder.done(GIVE_UP, json!({ "id": place })).await;
    let again = leader.offer(&request, std::slice::from_ref(&first.0)).await.remove(0);
    let place = holder.done(ACCEPT, json!({ "id": again })).await["assignment"]["id"].clone();
    let mut calls = Vec::new();
    for index in 0..CLIENTS {
        let (who, offer) = &rest[index % rest.len()];
        calls.push(match index % 4 {
            0 => (holder.clone(), GIVE_UP, json!({ "id": place })),
            1 => (holder.clone(), ACCEPT, json!({ "id": again })),
            _ => (world.sign_in(&who.mailbox).await, ACCEPT, json!({ "id": offer })),
        });
    }
    all_at_once(&world, calls).await;
    let after = world.session(&session).await;
    let placed = after["assignments"].as_array().map_or(0, Vec::len);
    assert_eq!(after["places"][0]["filled"], placed == 1);
    assert_eq!(placed, 0, "the one who held it gave it up, and the others' offers had closed with the place");
    let taken = all_at_once(&world, (0..4).map(|_| (holder.clone(), GIVE_UP, json!({ "id": place }))).collect()).await;
    assert!(taken.iter().all(|t| t["assignment"]["status"] == "WITHDRAWN" && codes(t).is_empty()));
});

both!(a_place_given_up_while_others_ask_again_goes_to_one, |world| async move {
    let (session, offers) = offered(&world, json!({ "places": [{ "kind": "HELPER", "count": 2 }] })).await;
    let holder = world.sign_in(&offers[0].0.mailbox).await;
    let place = holder.done(ACCEPT, json!({ "id": offers[0].1 })).await["assignment"]["id"].clone();
    let mut calls = vec![(holder.clone(), GIVE_UP, json!({ "id": place }))];
    for (who, offer) in offers[1..].iter().cycle().take(CLIENTS - 1) {
        calls.push((world.sign_in(&who.mailbox).await, ACCEPT, json!({ "id": offer })));
    }
    let answers = all_at_once(&world, calls).await;
    // An offer closes with the last place, and stays closed when a place is given up after that.
    assert!(answers.iter().all(|a| [&[][..], &["PLACES_FILLED"], &["OFFER_CLOSED"]].contains(&&codes(a)[..])), "{answers:#?}");
    let after = world.session(&session).await;
    let placed = after["assignments"].as_array().cloned().expect("assignments");
    assert!((1..=2).contains(&placed.len()), "one took the open place, another perhaps the one given up: {placed:#?}");
    let filled = after["places"].as_array().expect("places").iter().filter(|p| p["filled"] == true).count();
    assert_eq!(filled, placed.len());
});

both!(sixteen_clients_with_one_key_create_one_thing, |world| async move {
    let leader = world.sign_in("leader").await;
    let count = "{ championRequests { totalCount } sessions { totalCount } }";
    let before = leader.ask(count, json!({})).await;
    let session = world.free_session().await;
    let input = json!({ "input": { "idempotencyKey": "one-and-the-same", "target": { "newSession": session } } });
    let answers = all_at_once(&world, (0..16).map(|_| (leader.clone(), ASK, input.clone())).collect()).await;
    let ids: HashSet<_> = answers.iter().map(|a| a["request"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{answers:#?}");
    assert!(answers.iter().all(|a| codes(a).is_empty()));
    let after = leader.ask(count, json!({})).await;
    for list in ["championRequests", "sessions"] {
        let (was, is) = (before[list]["totalCount"].as_i64(), after[list]["totalCount"].as_i64());
        assert_eq!(is, was.map(|n| n + 1), "{list}");
    }
});

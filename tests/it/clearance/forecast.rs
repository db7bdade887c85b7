//! The promises that will break, and what would prevent it.

use api::store::clearance::confirmed_between;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{REVOKE, booked};
use crate::both;

const FORECAST: &str = "query($days: Int!) { clearanceForecast(days: $days, first: 100) { totalCount nodes { on assignment { id } reasons { kind remedy { kind what } } } preventions { remedy { kind what } by servesCount aloneCount champion { id } } } }";

both!(the_forecast_names_what_will_break_and_one_thing_that_saves_it_all, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let before = coordinator.ask(FORECAST, json!({ "days": 90 })).await["clearanceForecast"]["totalCount"].as_u64();
    assert_eq!(before, Some(0), "the demo's rota was made by the same rules");
    let who = booked(&world).await;
    world.sign_in("trainer").await.done(REVOKE, json!({ "id": who.completion })).await;
    let found = coordinator.ask(FORECAST, json!({ "days": 90 })).await["clearanceForecast"].take();
    let nodes = found["nodes"].as_array().expect("lines");
    assert!(nodes.iter().any(|n| n["assignment"]["id"] == who.assignment && n["on"] == json!(who.date)), "{found:#}");
    assert!(nodes.iter().all(|n| n["reasons"] == json!([{ "kind": "TRAINING", "remedy": { "kind": "COMPLETE_MODULE", "what": "DPR" } }])));
    let saves = &found["preventions"][0];
    assert_eq!((&saves["champion"]["id"], &saves["remedy"]["what"]), (&who.champion, &json!("DPR")));
    assert_eq!((&saves["servesCount"], &saves["aloneCount"]), (&found["totalCount"], &found["totalCount"]));
    assert_eq!(saves["by"], json!(who.date), "by the first of them");
    for (name, sees) in [("safeguarding", true), ("leader", false), ("trainer", false), ("champion", false)] {
        let answer = world.sign_in(name).await.ask(FORECAST, json!({ "days": 90 })).await;
        assert_eq!(answer["clearanceForecast"] != Value::Null, sees, "{name}");
    }
    for days in [0, 367] {
        assert_eq!(coordinator.fault(FORECAST, json!({ "days": days })).await, "BAD_USER_INPUT");
    }
});

both!(the_forecast_costs_the_same_for_a_week_and_for_a_year, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let mut counts = Vec::new();
    // The first who asks has everybody read into memory.
    coordinator.ask(FORECAST, json!({ "days": 7 })).await;
    for days in [7, 366] {
        world.statements.lock().expect("a list").clear();
        coordinator.ask("query($days: Int!) { clearanceForecast(days: $days) { totalCount } }", json!({ "days": days })).await;
        counts.push(world.statements.lock().expect("a list").len());
    }
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] <= 10, "{counts:?}");
});

both!(assignments_ahead_come_in_pages_each_of_them_once, |world| async move {
    let (conn, now) = (world.app.db.read(), world.app.clock.now());
    let between = (now, now + TimeDelta::days(366));
    let all = confirmed_between(conn, between, None, 10_000).await.expect("assignments");
    let mut paged = Vec::new();
    loop {
        let page = confirmed_between(conn, between, paged.last(), 7).await.expect("a page");
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert!(all.windows(2).any(|two| two[0].starts_at == two[1].starts_at), "some begin at once");
    assert_eq!(paged, all);
});

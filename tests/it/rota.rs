//! The rota of a week: whose it is, where the week begins and ends, and who sees who is placed.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, with};

const ROTA: &str = "query($week: LocalDate!, $of: RotaOf!) { rota(week: $week, of: $of) { from to
    sessions(first: 100) { totalCount nodes { id date startTime group { id slug } venue { id } assignments { id champion { id } } } } } }";

/// The sessions of a week's rota.
fn nodes(data: &Value) -> Vec<Value> {
    data["rota"]["sessions"]["nodes"].as_array().cloned().expect("sessions")
}

both!(a_week_of_a_group_runs_from_monday_to_sunday, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    for day in ["2026-11-30", "2026-12-02", "2026-12-06"] {
        let data = leader.ask(ROTA, json!({ "week": day, "of": { "groupId": group } })).await;
        assert_eq!((&data["rota"]["from"], &data["rota"]["to"]), (&json!("2026-11-30"), &json!("2026-12-06")), "{day}");
        let sessions = nodes(&data);
        assert_eq!(sessions.iter().map(|s| s["date"].clone()).collect::<Vec<_>>(), [json!("2026-11-30")], "{day}");
        assert!(sessions.iter().all(|s| s["group"]["id"] == group));
    }
});

both!(a_week_of_a_venue_has_every_group_that_meets_there, |world| async move {
    let champion = world.sign_in("champion").await;
    let (group, venue) = world.group("first-house-get-online").await;
    let data = champion.ask(ROTA, json!({ "week": "2026-11-26", "of": { "venueId": venue } })).await;
    let sessions = nodes(&data);
    assert!(sessions.iter().all(|s| s["venue"]["id"] == venue), "{sessions:#?}");
    let slugs: Vec<_> = sessions.iter().filter_map(|s| s["group"]["slug"].as_str()).collect();
    assert_eq!(slugs, ["first-house-get-online", "first-house-homework-club"], "by their start");
    assert!(sessions.iter().any(|s| s["group"]["id"] == group));
});

both!(a_champion_sees_their_own_week_and_nobody_elses, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let champion = world.sign_in(&who.mailbox).await;
    champion.done(ACCEPT, json!({ "id": offer })).await;
    let of = json!({ "week": "2026-12-06", "of": { "championId": who.id } });
    for may in [&champion, &world.sign_in("coordinator").await, &world.sign_in("safeguarding").await] {
        let week = nodes(&may.ask(ROTA, of.clone()).await);
        assert!(week.iter().any(|s| s["id"] == asked.session), "{week:#?}");
    }
    let another = volunteers.iter().find(|v| v.mailbox != who.mailbox).expect("another");
    for mailbox in ["leader", "leader2", "trainer", "admin", another.mailbox.as_str()] {
        let data = world.sign_in(mailbox).await.ask(ROTA, of.clone()).await;
        assert_eq!(data["rota"], Value::Null, "{mailbox} is shown nothing");
    }
    assert_eq!(world.stranger().ask(ROTA, of.clone()).await["rota"], Value::Null);
    assert_eq!(world.partner().ask(ROTA, of).await["rota"], Value::Null);
});

both!(who_is_placed_is_for_those_who_may, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let placed = async |mailbox: &str| {
        let data = world.sign_in(mailbox).await.ask(ROTA, json!({ "week": "2026-12-06", "of": { "groupId": group } })).await;
        nodes(&data).into_iter().find(|s| s["id"] == asked.session).expect("the session")["assignments"].clone()
    };
    for mailbox in ["leader", "coordinator", "safeguarding", who.mailbox.as_str()] {
        assert_eq!(placed(mailbox).await[0]["champion"]["id"], who.id, "{mailbox}");
    }
    let another = volunteers.iter().find(|v| v.mailbox != who.mailbox).expect("another");
    for mailbox in ["leader2", "trainer", "admin", another.mailbox.as_str()] {
        assert_eq!(placed(mailbox).await, Value::Null, "{mailbox}");
    }
});

/// A session on each day around a change of the clocks, at the edges of the day; the weeks they turn up in.
async fn weeks_of(world: &World, monday: NaiveDate) -> Vec<(String, String)> {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    for (date, start) in [
        (monday - Days::new(1), "23:59"),
        (monday, "00:00"),
        (monday + Days::new(6), "00:30"),
        (monday + Days::new(6), "23:59"),
        (monday + Days::new(7), "00:00"),
    ] {
        let session = with(world.free_session().await, json!({ "date": date.to_string(), "startTime": start, "durationMinutes": 30 }));
        leader.ask_for(&session).await;
    }
    let data = leader.ask(ROTA, json!({ "week": (monday + Days::new(3)).to_string(), "of": { "groupId": group } })).await;
    let text = |s: &Value, name: &str| s[name].as_str().expect("text").to_owned();
    nodes(&data).iter().map(|s| (text(s, "date"), text(s, "startTime"))).collect()
}

both!(the_week_of_a_clock_change_begins_and_ends_at_local_midnight, |world| async move {
    for change in ["2027-03-28", "2027-10-31"] {
        let sunday: NaiveDate = change.parse().expect("a date");
        assert_eq!(sunday.weekday(), Weekday::Sun);
        let monday = sunday - Days::new(6);
        let found = weeks_of(&world, monday).await;
        let expected: Vec<_> = [(monday, "00:00:00"), (sunday, "00:30:00"), (sunday, "23:59:00")]
            .map(|(date, start)| (date.to_string(), start.to_owned()))
            .to_vec();
        assert_eq!(found, expected, "the week that ends with {change}");
        let next = nodes(&world.sign_in("leader").await.ask(ROTA, json!({ "week": (sunday + Days::new(1)).to_string(), "of": { "groupId": world.group("stockroom-digital-desk").await.0 } })).await);
        assert_eq!(next.iter().map(|s| s["startTime"].clone()).collect::<Vec<_>>(), [json!("00:00:00")], "the week after {change}");
    }
});

both!(a_week_outside_the_calendar_is_bad_input_and_an_unknown_group_is_nothing, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, venue) = world.group("stockroom-digital-desk").await;
    assert_eq!(leader.fault(ROTA, json!({ "week": "1999-12-31", "of": { "groupId": group } })).await, "BAD_USER_INPUT");
    assert_eq!(leader.fault(ROTA, json!({ "week": "2026-02-29", "of": { "groupId": group } })).await, "BAD_USER_INPUT");
    assert_eq!(leader.fault(ROTA, json!({ "week": "2026-11-30", "of": { "groupId": group, "venueId": venue } })).await, "BAD_USER_INPUT");
    let data = leader.ask(ROTA, json!({ "week": "2026-11-30", "of": { "groupId": venue } })).await;
    assert_eq!(data["rota"], Value::Null, "an id of another kind is not found");
});

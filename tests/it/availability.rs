//! When a champion can help, and what that does to the sessions they could do.

use serde_json::{Value, json};

use crate::both;
use crate::champion::own;
use crate::harness::{Persona, World};

const REPLACE: &str = "mutation($input: AvailabilityWindowsReplaceInput!) { availabilityWindowsReplace(input: $input) { champion { availability { windows { weekday startTime endTime timeZone everyWeeks validFrom validUntil } mostPerWeek } } userErrors { code field message } } }";
const ADD: &str = "mutation($input: AvailabilityExceptionAddInput!) { availabilityExceptionAdd(input: $input) { exception { id kind firstDate lastDate startTime endTime timeZone reason } userErrors { code field message } } }";
const REMOVE: &str = "mutation($id: ID!) { availabilityExceptionRemove(input: {exceptionId: $id}) { champion { availability { exceptions { id } } } userErrors { code field message } } }";

/// The demo's champion and their id.
async fn precious(world: &World) -> (Persona<'_>, Value) {
    (world.sign_in("champion").await, world.champion_id("Precious Ncube-Whittle").await)
}

/// The dates of the sessions they could do, and the kinds of reason why not, by date.
async fn outlook(champion: &Persona<'_>) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let found =
        own(champion, "opportunities { open(first: 100) { session { date } } blocked(first: 100) { session { date } reasons { kind } } }")
            .await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let open = found["opportunities"]["open"].as_array().expect("open").iter().map(|place| text(&place["session"]["date"])).collect();
    let blocked = found["opportunities"]["blocked"].as_array().expect("blocked");
    let kinds = |row: &Value| row["reasons"].as_array().expect("reasons").iter().map(|reason| text(&reason["kind"])).collect();
    (open, blocked.iter().map(|row| (text(&row["session"]["date"]), kinds(row))).collect())
}

fn refusal(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

both!(the_pattern_is_replaced_as_a_whole, |world| async move {
    let (champion, id) = precious(&world).await;
    let windows = json!([
        { "weekday": "THURSDAY", "startTime": "18:00", "endTime": "00:00", "timeZone": "Europe/Dublin", "everyWeeks": 2, "validFrom": "2026-11-26", "validUntil": "2027-02-28" },
        { "weekday": "MONDAY", "startTime": "09:30:00", "endTime": "12:30" },
    ]);
    let done = champion.done(REPLACE, json!({ "input": { "championId": id, "windows": windows, "mostPerWeek": 2 } })).await;
    assert_eq!(
        done["champion"]["availability"],
        json!({
            "windows": [
                { "weekday": "MONDAY", "startTime": "09:30:00", "endTime": "12:30:00", "timeZone": "Europe/London", "everyWeeks": 1, "validFrom": "2026-11-21", "validUntil": null },
                { "weekday": "THURSDAY", "startTime": "18:00:00", "endTime": "00:00:00", "timeZone": "Europe/Dublin", "everyWeeks": 2, "validFrom": "2026-11-26", "validUntil": "2027-02-28" },
            ],
            "mostPerWeek": 2,
        })
    );
    let kept = world.sign_in("coordinator").await.done(REPLACE, json!({ "input": { "championId": id, "windows": [] } })).await;
    assert_eq!(kept["champion"]["availability"], json!({ "windows": [], "mostPerWeek": 2 }), "left out keeps the limit");
    let free = champion.done(REPLACE, json!({ "input": { "championId": id, "windows": [], "mostPerWeek": null } })).await;
    assert_eq!(free["champion"]["availability"]["mostPerWeek"], Value::Null);
});

/// "Tuesdays 14:00-16:00"
fn is_hours(what: &str) -> bool {
    let time = |t: &str| chrono::NaiveTime::parse_from_str(t, "%H:%M").is_ok();
    let parts = what.split_once(' ').and_then(|(day, times)| Some((day, times.split_once('-')?)));
    parts.is_some_and(|(day, (from, until))| day.ends_with("days") && time(from) && time(until))
}

both!(opportunities_follow_the_pattern, |world| async move {
    let (champion, id) = precious(&world).await;
    let (open, _) = outlook(&champion).await;
    assert!(!open.is_empty(), "the demo's champion could do something");
    champion.done(REPLACE, json!({ "input": { "championId": id, "windows": [] } })).await;
    let (none, blocked) = outlook(&champion).await;
    assert_eq!(none, Vec::<String>::new(), "without windows there is nothing");
    let for_time_alone = |date: &String| blocked.iter().any(|(on, kinds)| on == date && kinds[..] == ["NOT_AVAILABLE"]);
    assert!(open.iter().all(for_time_alone), "{blocked:?}");
    let unlocks = own(&champion, "opportunities { unlocks { sessionCount remedies { kind what } } }").await;
    let first = &unlocks["opportunities"]["unlocks"][0];
    let hours = |remedy: &Value| remedy["kind"] == "ADD_AVAILABILITY" && remedy["what"].as_str().is_some_and(is_hours);
    assert!(first["remedies"].as_array().is_some_and(|remedies| remedies.iter().any(hours)), "{first}");
    assert!(first["sessionCount"].as_u64().is_some_and(|count| count > 0));
});

both!(extra_time_adds_and_leave_wins, |world| async move {
    let (champion, id) = precious(&world).await;
    let day = outlook(&champion).await.0[0].clone();
    let on = |kind: &str| json!({ "input": { "championId": id, "kind": kind, "firstDate": day } });
    champion.done(REPLACE, json!({ "input": { "championId": id, "windows": [] } })).await;
    let mut extra = on("EXTRA");
    extra["input"]["startTime"] = json!("00:00");
    extra["input"]["endTime"] = json!("00:00");
    champion.done(ADD, extra).await;
    let (open, _) = outlook(&champion).await;
    assert!(!open.is_empty() && open.iter().all(|date| *date == day), "that day and no other: {open:?}");
    let away = champion.done(ADD, on("AWAY")).await["exception"].take();
    let (none, blocked) = outlook(&champion).await;
    assert_eq!(none, Vec::<String>::new(), "leave wins");
    assert!(blocked.iter().any(|(date, kinds)| *date == day && kinds[..] == ["ON_LEAVE"]), "{blocked:?}");
    let left = champion.done(REMOVE, json!({ "id": away["id"] })).await;
    assert_eq!(left["champion"]["availability"]["exceptions"].as_array().map(Vec::len), Some(1));
    assert_eq!(outlook(&champion).await.0, open);
    assert_eq!(champion.problems(REMOVE, json!({ "id": away["id"] })).await, refusal("NOT_FOUND", "exceptionId"), "once is enough");
});

both!(leave_is_kept_as_it_was_given, |world| async move {
    let (champion, id) = precious(&world).await;
    let input = json!({ "championId": id, "kind": "AWAY", "firstDate": "2027-02-28", "lastDate": "2028-02-28", "startTime": "09:00", "endTime": "17:30", "timeZone": "America/St_Johns", "reason": " Visiting my sister \r\n", "idempotencyKey": "leave-1" });
    let added = champion.done(ADD, json!({ "input": input })).await;
    let mut expected = json!({ "kind": "AWAY", "firstDate": "2027-02-28", "lastDate": "2028-02-28", "startTime": "09:00:00", "endTime": "17:30:00", "timeZone": "America/St_Johns", "reason": "Visiting my sister" });
    expected["id"] = added["exception"]["id"].clone();
    assert_eq!(added["exception"], expected);
    assert_eq!(champion.done(ADD, json!({ "input": input })).await, added, "the same key, the same leave");
    let mut other = input;
    other["lastDate"] = json!("2027-03-01");
    assert_eq!(champion.problems(ADD, json!({ "input": other })).await, refusal("IDEMPOTENCY_MISMATCH", "idempotencyKey"));
    assert_eq!(own(&champion, "availability { exceptions { id } }").await["availability"]["exceptions"], json!([{ "id": expected["id"] }]));
    world.pass(chrono::TimeDelta::days(500));
    assert_eq!(
        own(&world.sign_in("champion").await, "availability { exceptions { id } }").await["availability"]["exceptions"],
        json!([]),
        "what is over is not shown"
    );
});

both!(each_malformed_window_names_its_field, |world| async move {
    let (champion, id) = precious(&world).await;
    let good = json!({ "weekday": "MONDAY", "startTime": "09:00", "endTime": "12:00" });
    for (field, value, named) in [
        ("endTime", json!("09:00"), "windows.1.endTime"),
        ("endTime", json!("08:59"), "windows.1.endTime"),
        ("everyWeeks", json!(0), "windows.1.everyWeeks"),
        ("everyWeeks", json!(-1), "windows.1.everyWeeks"),
        ("everyWeeks", json!(9), "windows.1.everyWeeks"),
        ("validUntil", json!("2026-11-20"), "windows.1.validUntil"),
    ] {
        let mut bad = good.clone();
        bad[field] = value.clone();
        let refused = champion.problems(REPLACE, json!({ "input": { "championId": id, "windows": [good, bad] } })).await;
        assert_eq!(refused, refusal("INVALID", named), "{field}: {value}");
    }
    for most in [0, 15, -1] {
        let refused = champion.problems(REPLACE, json!({ "input": { "championId": id, "windows": [good], "mostPerWeek": most } })).await;
        assert_eq!(refused, refusal("INVALID", "mostPerWeek"));
    }
    let many = json!({ "input": { "championId": id, "windows": vec![good; 51] } });
    assert_eq!(champion.problems(REPLACE, many).await[0].1, "windows");
    let kept = own(&champion, "version availability { windows { weekday } }").await;
    assert_eq!(
        kept,
        json!({ "version": 1, "availability": { "windows": [{ "weekday": "TUESDAY" }, { "weekday": "WEDNESDAY" }, { "weekday": "FRIDAY" }] } })
    );
});

both!(each_malformed_exception_names_its_field, |world| async move {
    let (champion, id) = precious(&world).await;
    let good = json!({ "championId": id, "kind": "AWAY", "firstDate": "2026-12-01", "lastDate": "2026-12-05", "startTime": "09:00", "endTime": "12:00" });
    for (changes, named) in [
        (json!({ "lastDate": "2026-11-30" }), "lastDate"),
        (json!({ "lastDate": "2027-12-02" }), "lastDate"),
        (json!({ "firstDate": "2026-11-01", "lastDate": "2026-11-20" }), "lastDate"),
        (json!({ "endTime": "09:00" }), "endTime"),
        (json!({ "endTime": null }), "endTime"),
        (json!({ "startTime": null }), "startTime"),
        (json!({ "kind": "EXTRA", "startTime": null, "endTime": null }), "startTime"),
        (json!({ "reason": "r".repeat(501) }), "reason"),
        (json!({ "idempotencyKey": "k".repeat(129) }), "idempotencyKey"),
    ] {
        let mut bad = good.clone();
        for (field, value) in changes.as_object().cloned().unwrap_or_default() {
            bad[field] = value;
        }
        assert_eq!(champion.problems(ADD, json!({ "input": bad })).await, refusal("INVALID", named), "{changes}");
    }
    assert_eq!(own(&champion, "availability { exceptions { id } }").await["availability"]["exceptions"], json!([]));
});

both!(an_exception_of_somebody_else_is_not_found, |world| async move {
    let zofia = world.champion_id("Zofia Wiśniewska-Nowak").await;
    const LEAVE: &str = "query($id: ID!) { champion(by: {id: $id}) { availability { exceptions { id kind } } } }";
    let coordinator = world.sign_in("coordinator").await;
    let leave = coordinator.ask(LEAVE, json!({ "id": zofia })).await["champion"]["availability"]["exceptions"][0].take();
    assert_eq!(leave["kind"], "AWAY");
    let (champion, _) = precious(&world).await;
    let theirs = champion.problems(REMOVE, json!({ "id": leave["id"] })).await;
    let absent =
        champion.problems(REMOVE, json!({ "id": "QXZhaWxhYmlsaXR5RXhjZXB0aW9uOjAxOTBmN2EwLTExMTEtNzAwMC04MDAwLTAwMDAwMDAwMDAwMQ" })).await;
    assert_eq!((&theirs, &absent), (&refusal("NOT_FOUND", "exceptionId"), &theirs));
    for name in ["leader", "trainer", "safeguarding", "admin"] {
        assert_eq!(world.sign_in(name).await.fault(REMOVE, json!({ "id": leave["id"] })).await, "FORBIDDEN", "{name}");
    }
    for (mutation, input) in [
        (REPLACE, json!({ "championId": zofia, "windows": [] })),
        (ADD, json!({ "championId": zofia, "kind": "AWAY", "firstDate": "2026-12-01" })),
    ] {
        assert_eq!(champion.problems(mutation, json!({ "input": input })).await, refusal("NOT_FOUND", "championId"));
        assert_eq!(world.sign_in("leader").await.fault(mutation, json!({ "input": input })).await, "FORBIDDEN");
    }
    let left = coordinator.done(REMOVE, json!({ "id": leave["id"] })).await;
    assert_eq!(left["champion"]["availability"]["exceptions"], json!([]));
});

both!(slots_are_worked_out_across_the_change_of_the_clocks, |world| async move {
    let (champion, id) = precious(&world).await;
    let windows = json!([
        { "weekday": "SUNDAY", "startTime": "18:00", "endTime": "20:00", "everyWeeks": 2, "validFrom": "2027-03-14" },
        { "weekday": "MONDAY", "startTime": "09:00", "endTime": "10:00", "modality": "PHONE", "validFrom": "2027-03-29", "validUntil": "2027-03-29" },
    ]);
    let input = json!({ "championId": id, "windows": windows, "mostPerMonth": 3 });
    champion.done(REPLACE, json!({ "input": input })).await;
    let added = json!({ "championId": id, "kind": "AWAY", "firstDate": "2027-04-11" });
    champion.done(ADD, json!({ "input": added })).await;
    const SLOTS: &str = "query($from: LocalDate!, $until: LocalDate!, $modality: Modality) { viewer { champion { availability { mostPerMonth slots(from: $from, until: $until, modality: $modality) { startsAt endsAt } } } } }";
    let found =
        champion.ask(SLOTS, json!({ "from": "2027-03-10", "until": "2027-04-25" })).await["viewer"]["champion"]["availability"].take();
    assert_eq!(found["mostPerMonth"], 3);
    let starts: Vec<_> = found["slots"].as_array().expect("slots").iter().map(|s| s["startsAt"].clone()).collect();
    let expected = ["2027-03-14T18:00:00.000Z", "2027-03-28T17:00:00.000Z", "2027-03-29T08:00:00.000Z", "2027-04-25T17:00:00.000Z"];
    assert_eq!(starts, expected);
    let in_person = champion.ask(SLOTS, json!({ "from": "2027-03-29", "until": "2027-03-29", "modality": "IN_PERSON" })).await;
    assert_eq!(in_person["viewer"]["champion"]["availability"]["slots"], json!([]), "hours for the telephone are no others");
    assert_eq!(champion.fault(SLOTS, json!({ "from": "2027-01-01", "until": "2027-12-31" })).await, "BAD_USER_INPUT");
    for most in [0, 32] {
        let input = json!({ "championId": id, "windows": [], "mostPerMonth": most });
        assert_eq!(champion.problems(REPLACE, json!({ "input": input })).await, refusal("INVALID", "mostPerMonth"));
    }
});

both!(who_has_enough_that_month_is_not_asked_and_may_say_yes_all_the_same, |world| async move {
    use crate::harness::booking::{ACCEPT, with};
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let first = leader.ask_for(&world.free_session().await).await;
    let second = leader.ask_for(&with(world.free_session().await, json!({ "date": "2026-12-13" }))).await;
    let who = world.matched(&first.session, &volunteers).await.remove(0);
    let champion = world.sign_in(&who.mailbox).await;
    let offer = leader.offer(&second.request, std::slice::from_ref(&who)).await.remove(0);
    let taken = leader.offer(&first.request, std::slice::from_ref(&who)).await.remove(0);
    champion.done(ACCEPT, json!({ "id": taken })).await;
    let windows = json!([{ "weekday": "SUNDAY", "startTime": "00:00", "endTime": "00:00" }]);
    champion.done(REPLACE, json!({ "input": { "championId": who.id, "windows": windows, "mostPerMonth": 1 } })).await;
    let found = world.matched(&second.session, &volunteers).await;
    assert!(found.iter().all(|v| v.id != who.id), "one in December is enough");
    const WHY: &str = "query($id: ID!) { session(id: $id) { matches { blocked { kind count } } } }";
    let why = leader.ask(WHY, json!({ "id": second.session })).await["session"]["matches"]["blocked"].take();
    assert!(why.as_array().expect("reasons").iter().any(|b| b["kind"] == "MONTH_IS_FULL"), "{why}");
    champion.done(ACCEPT, json!({ "id": offer })).await;
});

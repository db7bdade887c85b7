//! Bank holidays and the time between terms.

use entity::{audit_event, outbox};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::{CREATE, HOLIDAYS, Made, each};
use crate::both;
use crate::harness::World;
use crate::harness::booking::{ACCEPT, ASK, CANCEL, with};

const CONFIRM: &str =
    "mutation($id: ID!) { sessionConfirm(input: {sessionId: $id}) { session { status version } userErrors { code field message } } }";
const CLOSE: &str = "mutation($input: GroupClosureAddInput!) { groupClosureAdd(input: $input) { group { closures { id fromDate untilDate name } } userErrors { code field message } } }";
const REOPEN: &str =
    "mutation($id: ID!) { groupClosureRemove(input: {closureId: $id}) { group { closures { id } } userErrors { code field message } } }";

async fn mondays(world: &World, policy: &str) -> Made {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let set = leader.done(HOLIDAYS, json!({ "input": { "groupId": group, "policy": policy } })).await;
    assert_eq!(set["group"]["bankHolidays"], policy);
    leader.repeat("FREQ=WEEKLY;COUNT=3", json!({ "date": "2026-12-21", "startTime": "18:00" })).await
}

both!(a_series_with_the_bank_holiday_of_28_december_2026_skips_runs_or_asks, |world| async move {
    let skipped = mondays(&world, "SKIP").await;
    assert_eq!(each(&skipped.sessions, "date"), ["2026-12-21", "2027-01-04"]);
    let held = mondays(&world, "RUN").await;
    assert_eq!(each(&held.sessions, "date"), ["2026-12-21", "2026-12-28", "2027-01-04"]);
    assert!(held.sessions.iter().all(|s| s["status"] == "SCHEDULED"));
    let asked = mondays(&world, "ASK").await;
    assert_eq!(each(&asked.sessions, "date"), ["2026-12-21", "2026-12-28", "2027-01-04"]);
    assert_eq!(each(&asked.sessions, "status"), ["SCHEDULED", "TO_CONFIRM", "SCHEDULED"]);
    let leader = world.sign_in("leader").await;
    let after = leader.series(&skipped.id).await;
    assert_eq!(after["sessions"]["nodes"].as_array().map(Vec::len), Some(2), "nothing is added before the clock looks again");
});

both!(nobody_is_asked_for_a_bank_holiday_until_a_leader_has_said_that_it_is_held, |world| async move {
    let leader = world.sign_in("leader").await;
    let holiday = mondays(&world, "ASK").await.sessions[1]["id"].clone();
    let ask = json!({ "input": { "target": { "sessionId": holiday } } });
    assert_eq!(leader.refused(ASK, ask.clone()).await, ["SESSION_CLOSED"]);
    assert_eq!(world.sign_in("leader2").await.fault(CONFIRM, json!({ "id": holiday })).await, "FORBIDDEN");
    for _ in 0..2 {
        assert_eq!(leader.done(CONFIRM, json!({ "id": holiday })).await["session"], json!({ "status": "SCHEDULED", "version": 2 }));
    }
    leader.done(ASK, ask).await;
    let called_off = mondays(&world, "ASK").await.sessions[1]["id"].clone();
    leader.done(CANCEL, json!({ "input": { "sessionId": called_off } })).await;
    assert_eq!(leader.refused(CONFIRM, json!({ "id": called_off })).await, ["OVER"]);
});

both!(a_bank_holiday_that_nobody_confirms_is_called_off_when_its_time_comes_once, |world| async move {
    let waits = mondays(&world, "ASK").await.sessions[1].clone();
    let held = mondays(&world, "ASK").await.sessions[1]["id"].clone();
    world.sign_in("leader").await.done(CONFIRM, json!({ "id": held })).await;
    world.app.clock.set("2026-12-28T17:59:59Z".parse().expect("an instant"));
    world.work().await;
    assert_eq!(world.session(&waits["id"]).await["status"], "TO_CONFIRM", "until the last moment");
    world.pass(chrono::TimeDelta::minutes(2));
    for _ in 0..2 {
        world.work().await;
        let lapsed = world.session(&waits["id"]).await;
        assert_eq!((&lapsed["status"], &lapsed["version"]), (&json!("CANCELLED"), &json!(2)), "once, however often the job runs");
        world.pass(chrono::TimeDelta::minutes(2));
    }
    assert_eq!(world.session(&held).await["status"], "SCHEDULED");
    let id = api::graphql::id::decode(&async_graphql::ID(waits["id"].as_str().expect("an id").to_owned())).expect("an id").1;
    let audit =
        audit_event::Entity::find().filter(audit_event::Column::SubjectId.eq(id)).filter(audit_event::Column::Action.eq("SessionLapse"));
    let audit = audit.all(world.app.db.read()).await.expect("rows");
    assert_eq!(audit.len(), 1);
    assert_eq!((audit[0].actor_id, audit[0].request_id.as_str()), (None, "job:sessions.lapse"));
    let told = outbox::Entity::find().filter(outbox::Column::Topic.eq("session.cancelled")).all(world.app.db.read()).await.expect("rows");
    assert_eq!(told.iter().filter(|row| row.payload.contains(&id.to_string())).count(), 1);
    assert_eq!(world.sign_in("leader").await.refused(CONFIRM, json!({ "id": waits["id"] })).await, ["OVER"]);
});

both!(a_closure_calls_off_what_is_there_with_one_message_a_champion, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let made = leader.repeat("FREQ=WEEKLY;COUNT=5", json!({ "startTime": "07:00" })).await;
    let mut placed = None;
    for session in &made.sessions[2..4] {
        let asked = leader.done(ASK, json!({ "input": { "target": { "sessionId": session["id"] } } })).await;
        let who = match placed {
            Some(who) => who,
            None => world.matched(&session["id"], &volunteers).await.remove(0),
        };
        let offer = leader.offer(&asked["request"]["id"], std::slice::from_ref(&who)).await.remove(0);
        world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
        placed = Some(who);
    }
    let who = placed.expect("somebody");
    let (group, _) = world.group("stockroom-digital-desk").await;
    let input =
        |from: &str, until: &str| json!({ "input": { "groupId": group, "fromDate": from, "untilDate": until, "name": "Christmas" } });
    assert_eq!(leader.problems(CLOSE, input("2027-01-03", "2026-12-19")).await, [("DATES".to_owned(), "untilDate".to_owned())]);
    let closed = leader.done(CLOSE, input("2026-12-19", "2027-01-03")).await;
    let after = leader.series(&made.id).await;
    let statuses = each(after["sessions"]["nodes"].as_array().expect("sessions"), "status");
    assert_eq!(statuses, made.sessions.iter().map(expected).collect::<Vec<_>>());
    let told = world.told(&who.mailbox, "Sessions were called off").await;
    assert_eq!(told.len(), 1, "two sessions, one message");
    assert!(told[0].contains("one more date"), "{told:?}");
    world.work().await;
    assert_eq!(
        leader.series(&made.id).await["sessions"]["nodes"].as_array().map(Vec::len),
        Some(5),
        "what was called off is not made again"
    );
    let closure = closed["group"]["closures"][0]["id"].clone();
    assert_eq!(world.sign_in("leader2").await.fault(REOPEN, json!({ "id": closure })).await, "FORBIDDEN");
    assert_eq!(leader.done(REOPEN, json!({ "id": closure })).await["group"]["closures"], json!([]));
    assert_eq!(leader.refused(REOPEN, json!({ "id": closure })).await, ["NOT_FOUND"]);
    let again = leader.series(&made.id).await["sessions"]["nodes"].as_array().cloned().expect("sessions");
    assert_eq!((each(&again, "id"), each(&again, "status")), (each(&made.sessions, "id"), vec!["SCHEDULED".to_owned(); 5]), "all are back");
    assert!(again.iter().all(|s| s["assignments"] == json!([])), "nobody is expected who has not said so again");
    let told = world.told(&who.mailbox, "Sessions are held after all").await;
    assert_eq!(told.len(), 1, "two sessions, one message");
    assert!(told[0].contains("one more date"), "{told:?}");
    let offer = leader.offer(&world.session(&again[2]["id"]).await["request"]["id"], std::slice::from_ref(&who)).await.remove(0);
    world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
});

both!(what_anything_else_keeps_away_does_not_come_back_with_a_closure, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let made = leader.repeat("FREQ=WEEKLY;COUNT=5", json!({ "startTime": "07:00" })).await;
    let ids = each(&made.sessions, "id");
    let cancel = |id: &str| json!({ "input": { "sessionId": id } });
    let close = |from: &str, until: &str| json!({ "input": { "groupId": group, "fromDate": from, "untilDate": until, "name": "Repairs" } });
    let closure = |closed: Value| closed["group"]["closures"].as_array().cloned().expect("closures");
    leader.done(CANCEL, cancel(&ids[0])).await;
    let all = closure(leader.done(CLOSE, close("2026-12-01", "2027-01-10")).await)[0]["id"].clone();
    leader.done(CLOSE, close("2026-12-19", "2026-12-21")).await;
    leader.done(CANCEL, cancel(&ids[1])).await;
    let change = "mutation($input: SessionSeriesChangeInput!) { sessionSeriesChange(input: $input) { userErrors { code message } } }";
    let later = json!({ "seriesId": made.id, "scope": "ALL", "startTime": "08:00", "places": [{ "kind": "HELPER", "count": 2 }] });
    leader.done(change, json!({ "input": later })).await;
    leader.done(REOPEN, json!({ "id": all })).await;
    let now = leader.series(&made.id).await["sessions"]["nodes"].as_array().cloned().expect("sessions");
    // Called off by its leader before; by its leader after; by another closure; and two by nothing else.
    assert_eq!(each(&now, "status"), ["CANCELLED", "CANCELLED", "CANCELLED", "SCHEDULED", "SCHEDULED"]);
    assert_eq!(each(&now[3..], "startTime"), ["08:00:00", "08:00:00"], "as the series is now");
    assert!(now[3..].iter().all(|s| s["places"].as_array().map(Vec::len) == Some(2)));
    world.pass(chrono::TimeDelta::minutes(11));
    world.work().await;
    let after = world.sign_in("leader").await.series(&made.id).await["sessions"]["nodes"].as_array().cloned().expect("sessions");
    assert_eq!(each(&after, "id"), ids, "and no date is filled twice");
});

both!(a_policy_that_runs_confirms_what_waited_for_a_word, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let policy = |policy: &str| json!({ "input": { "groupId": group, "policy": policy } });
    let asked = mondays(&world, "ASK").await;
    let close = json!({ "input": { "groupId": group, "fromDate": "2026-12-28", "untilDate": "2026-12-28", "name": "Away" } });
    let closure = leader.done(CLOSE, close).await["group"]["closures"][0]["id"].clone();
    leader.done(REOPEN, json!({ "id": closure })).await;
    let status = |series: &Value| each(series["sessions"]["nodes"].as_array().expect("sessions"), "status");
    assert_eq!(status(&leader.series(&asked.id).await), ["SCHEDULED", "TO_CONFIRM", "SCHEDULED"], "asked for again");
    leader.done(HOLIDAYS, policy("SKIP")).await;
    assert_eq!(status(&leader.series(&asked.id).await)[1], "TO_CONFIRM", "nothing is called off by a policy");
    leader.done(HOLIDAYS, policy("RUN")).await;
    assert_eq!(status(&leader.series(&asked.id).await), ["SCHEDULED"; 3]);
});

both!(a_policy_that_skips_calls_off_what_stands_if_it_is_told_to_and_brings_it_back, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let policy = |policy: &str, off: bool| json!({ "input": { "groupId": group, "policy": policy, "callOff": off } });
    let held = mondays(&world, "RUN").await;
    let meant = with(world.free_session().await, json!({ "date": "2026-12-07", "startTime": "06:00" }));
    let input = json!({ "input": { "rule": "FREQ=WEEKLY;COUNT=2", "session": meant, "extraDates": ["2026-12-28"] } });
    let meant = leader.done(CREATE, input).await["series"]["id"].clone();
    let volunteers = world.everybody_comes().await;
    let holiday = held.sessions[1]["id"].clone();
    let request = leader.done(ASK, json!({ "input": { "target": { "sessionId": holiday } } })).await["request"]["id"].clone();
    let who = world.matched(&holiday, &volunteers).await.remove(0);
    let offer = leader.offer(&request, std::slice::from_ref(&who)).await.remove(0);
    world.sign_in(&who.mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
    let status = |series: &Value| each(series["sessions"]["nodes"].as_array().expect("sessions"), "status");
    leader.done(HOLIDAYS, policy("SKIP", false)).await;
    assert_eq!(status(&leader.series(&held.id).await), ["SCHEDULED"; 3]);
    for _ in 0..2 {
        leader.done(HOLIDAYS, policy("SKIP", true)).await;
        assert_eq!(status(&leader.series(&held.id).await), ["SCHEDULED", "CANCELLED", "SCHEDULED"]);
        assert_eq!(world.told(&who.mailbox, "Sessions were called off").await.len(), 1, "told once");
    }
    assert!(status(&leader.series(&meant).await).iter().all(|status| status == "SCHEDULED"), "a date somebody put in is meant");
    leader.done(HOLIDAYS, policy("RUN", true)).await;
    assert_eq!(status(&leader.series(&held.id).await), ["SCHEDULED"; 3], "held after all");
    assert_eq!(world.told(&who.mailbox, "Sessions are held after all").await.len(), 1);
});

/// What becomes of a session when the group is closed from 19 December to 3 January.
fn expected(session: &Value) -> String {
    let date = session["date"].as_str().expect("a date");
    if ("2026-12-19"..="2027-01-03").contains(&date) { "CANCELLED" } else { "SCHEDULED" }.to_owned()
}

both!(a_new_closure_keeps_dates_out_and_removing_it_lets_them_in, |world| async move {
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let close = json!({ "input": { "groupId": group, "fromDate": "2027-01-01", "untilDate": "2027-01-20", "name": "Repairs" } });
    let closure = leader.done(CLOSE, close).await["group"]["closures"][0]["id"].clone();
    let made = leader.repeat("FREQ=WEEKLY;INTERVAL=2;COUNT=4", json!({})).await;
    assert_eq!(each(&made.sessions, "date"), ["2026-12-06", "2026-12-20"]);
    leader.done(REOPEN, json!({ "id": closure })).await;
    world.pass(chrono::TimeDelta::minutes(11));
    world.work().await;
    let now = leader.series(&made.id).await;
    let dates = each(now["sessions"]["nodes"].as_array().expect("sessions"), "date");
    assert_eq!(dates, ["2026-12-06", "2026-12-20", "2027-01-03", "2027-01-17"]);
    let extra = with(world.free_session().await, json!({ "date": "2026-12-07", "startTime": "06:00" }));
    let input = json!({ "input": { "rule": "FREQ=WEEKLY;COUNT=3", "session": extra, "skippedDates": ["2026-12-14"], "extraDates": ["2026-12-28"] } });
    let made = leader.done(CREATE, input).await;
    let dates = each(made["series"]["sessions"]["nodes"].as_array().expect("sessions"), "date");
    assert_eq!(dates, ["2026-12-07", "2026-12-21", "2026-12-28"], "a date somebody put in is held, bank holiday or not");
});

//! Several dates offered at once: one message, one answer if they like, and each date judged on its own.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::{ACCEPT, CANCEL, DECLINE, Volunteer, all_at_once, with};
use crate::harness::{Persona, World};

const SEND: &str = "mutation($input: OfferBundleSendInput!) { offerBundleSend(input: $input) {
    bundle { id message waitingCount champion { id } offers { id status session { id date } } } userErrors { code field message } } }";
const ANSWER: &str = "mutation($input: OfferBundleAnswerInput!) { offerBundleAnswer(input: $input) {
    dates { offer { id status } assignment { id status } notAccepted { code message } notDeclined { code } } userErrors { code field message } } }";
const MINE: &str = "{ viewer { champion { offerBundles { totalCount nodes { id waitingCount offers { id status bundle { id } } } } } } }";
const START: &str = "mutation($id: ID!) { offerWavesStart(input: {requestId: $id, urgent: true}) { waves { offers { champion { id } } } userErrors { code } } }";

/// Dates of a weekly series of `leader@`, with a helper place each, offered to somebody who could take them all.
struct Sent {
    who: Volunteer,
    others: Vec<Volunteer>,
    bundle: Value,
    sessions: Vec<Value>,
    offers: Vec<Value>,
}

async fn weekly(world: &World, count: usize) -> (Vec<Value>, Vec<Volunteer>) {
    let volunteers = world.everybody_comes().await;
    let made = world.sign_in("leader").await.repeat("FREQ=WEEKLY", json!({})).await;
    let sessions: Vec<Value> = made.sessions.iter().take(count).map(|s| s["id"].clone()).collect();
    let first = world.matched(&sessions[0], &volunteers).await;
    let last = world.matched(sessions.last().expect("a date"), &first).await;
    (sessions, last)
}

async fn sent(world: &World, count: usize) -> Sent {
    let (sessions, mut others) = weekly(world, count).await;
    let who = others.remove(0);
    let input = json!({ "championId": who.id, "sessionIds": sessions, "message": "Any of these?" });
    let bundle = world.sign_in("leader").await.done(SEND, json!({ "input": input })).await["bundle"].clone();
    let offers = bundle["offers"].as_array().expect("offers").iter().map(|o| o["id"].clone()).collect();
    Sent { who, others, bundle, sessions, offers }
}

impl Sent {
    fn reply(&self, yes: &[&Value]) -> Value {
        json!({ "input": { "bundleId": self.bundle["id"], "acceptOfferIds": yes } })
    }

    async fn link(&self, world: &World) -> String {
        let letters = world.told(&self.who.mailbox, "Can you help on one of these dates?").await;
        assert_eq!(letters.len(), 1, "one message for all of them");
        let from = letters[0].find("/dates/").expect("a link");
        letters[0][from..].lines().next().expect("a line").to_owned()
    }

    /// What has become of each offer, by date.
    async fn statuses(&self, world: &World) -> Vec<String> {
        let read = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Offer { status } } }";
        let found = world.sign_in("leader").await.ask(read, json!({ "ids": self.offers })).await;
        found["nodes"].as_array().expect("offers").iter().map(|o| o["status"].as_str().expect("a status").to_owned()).collect()
    }
}

/// The names of a page's boxes, in order.
fn boxes(page: &str) -> Vec<String> {
    page.split("<input type=\"checkbox\" name=\"").skip(1).map(|rest| rest.split('"').next().expect("a name").to_owned()).collect()
}

async fn mine(champion: &Persona<'_>) -> Value {
    champion.ask(MINE, json!({})).await["viewer"]["champion"]["offerBundles"].clone()
}

both!(several_dates_are_one_offer_and_the_same_key_sends_it_once, |world| async move {
    let (sessions, who) = weekly(&world, 4).await;
    let leader = world.sign_in("leader").await;
    let backwards: Vec<&Value> = sessions.iter().rev().collect();
    let input =
        json!({ "input": { "championId": who[0].id, "sessionIds": backwards, "message": "Any of these?", "idempotencyKey": "dates-1" } });
    let sent = leader.done(SEND, input.clone()).await;
    let bundle = &sent["bundle"];
    let dates: Vec<&Value> = bundle["offers"].as_array().expect("offers").iter().map(|o| &o["session"]["id"]).collect();
    assert_eq!(dates, Vec::from_iter(&sessions), "by date, whatever the order they were named in");
    assert_eq!((&bundle["waitingCount"], &bundle["message"]), (&json!(4), &json!("Any of these?")));
    assert_eq!(leader.done(SEND, input).await, sent, "the same key, the same offer");
    let champion = world.sign_in(&who[0].mailbox).await;
    let seen = mine(&champion).await;
    assert_eq!((&seen["totalCount"], &seen["nodes"][0]["id"]), (&json!(1), &bundle["id"]));
    assert!(seen["nodes"][0]["offers"].as_array().expect("offers").iter().all(|o| o["bundle"]["id"] == bundle["id"]));
    assert_eq!(world.told(&who[0].mailbox, "Can you help on one of these dates?").await.len(), 1);
    assert!(world.told(&who[0].mailbox, "Can you help?").await.is_empty(), "and none for each date");
    for session in &sessions {
        assert_eq!(world.session(session).await["request"]["status"], "OFFERED");
    }
});

both!(some_dates_are_accepted_and_the_others_declined_and_again_is_the_same, |world| async move {
    let sent = sent(&world, 4).await;
    let champion = world.sign_in(&sent.who.mailbox).await;
    let reply = sent.reply(&[&sent.offers[2], &sent.offers[0]]);
    let answered = champion.done(ANSWER, reply.clone()).await;
    let told: Vec<(&Value, &Value)> =
        answered["dates"].as_array().expect("dates").iter().map(|d| (&d["offer"]["id"], &d["offer"]["status"])).collect();
    let (yes, no) = (json!("ACCEPTED"), json!("DECLINED"));
    assert_eq!(told, [(&sent.offers[0], &yes), (&sent.offers[2], &yes), (&sent.offers[1], &no), (&sent.offers[3], &no)]);
    let dates = answered["dates"].as_array().expect("dates");
    assert!(dates.iter().all(|d| d["notAccepted"] == json!([]) && d["notDeclined"] == json!([])), "{answered:#}");
    assert!(dates[..2].iter().all(|d| d["assignment"]["status"] == "CONFIRMED") && dates[2]["assignment"].is_null());
    assert_eq!(champion.done(ANSWER, reply).await, answered);
    assert_eq!(world.session(&sent.sessions[2]).await["assignments"][0]["champion"]["id"], sent.who.id);
    let otherwise = champion.done(ANSWER, sent.reply(&[&sent.offers[1]])).await;
    let codes = |date: &Value| (date["notAccepted"][0]["code"].clone(), date["notDeclined"][0]["code"].clone());
    let told: Vec<_> = otherwise["dates"].as_array().expect("dates").iter().map(codes).collect();
    assert_eq!(told[0], (json!("OFFER_CLOSED"), Value::Null), "a no is a no");
    assert_eq!(told[1], (Value::Null, json!("ALREADY_ACCEPTED")), "and a yes is withdrawn from, not declined");
    assert_eq!(sent.statuses(&world).await, ["ACCEPTED", "DECLINED", "ACCEPTED", "DECLINED"]);
});

both!(a_date_that_is_gone_says_so_and_keeps_no_other, |world| async move {
    let sent = sent(&world, 3).await;
    let leader = world.sign_in("leader").await;
    let rival = &sent.others[0];
    let request = world.session(&sent.sessions[1]).await["request"]["id"].clone();
    let offer = leader.offer(&request, std::slice::from_ref(rival)).await.remove(0);
    world.sign_in(&rival.mailbox).await.done(ACCEPT, json!({ "id": offer })).await;
    leader.done(CANCEL, json!({ "input": { "sessionId": sent.sessions[2], "reason": "no heating" } })).await;
    let answered = world.sign_in(&sent.who.mailbox).await.done(ANSWER, sent.reply(&Vec::from_iter(&sent.offers))).await;
    let told: Vec<_> = answered["dates"].as_array().expect("dates").iter().map(|d| d["notAccepted"][0]["code"].clone()).collect();
    assert_eq!(told, [Value::Null, json!("PLACES_FILLED"), json!("OFFER_CLOSED")], "{answered:#}");
    assert_eq!(answered["dates"][0]["assignment"]["status"], "CONFIRMED");
});

both!(of_two_dates_at_one_time_the_first_is_taken, |world| async move {
    let (sessions, who) = weekly(&world, 1).await;
    let leader = world.sign_in("leader").await;
    let twin = leader.ask_for(&with(world.free_session().await, json!({ "startTime": "11:00" }))).await.session;
    let input = json!({ "input": { "championId": who[0].id, "sessionIds": [twin, sessions[0]] } });
    let bundle = leader.done(SEND, input).await["bundle"].clone();
    let offers: Vec<&Value> = bundle["offers"].as_array().expect("offers").iter().map(|o| &o["id"]).collect();
    let reply = json!({ "input": { "bundleId": bundle["id"], "acceptOfferIds": offers } });
    let answered = world.sign_in(&who[0].mailbox).await.done(ANSWER, reply).await;
    assert_eq!(answered["dates"][0]["offer"]["status"], "ACCEPTED");
    assert_eq!(
        (&answered["dates"][1]["notAccepted"][0]["code"], &answered["dates"][1]["offer"]["status"]),
        (&json!("CLASHES"), &json!("PENDING"))
    );
});

both!(all_dates_are_offered_or_none, |world| async move {
    let (sessions, who) = weekly(&world, 5).await;
    let leader = world.sign_in("leader").await;
    let send = |champion: &Value, sessions: Vec<&Value>| json!({ "input": { "championId": champion, "sessionIds": sessions } });
    let problems = async |input: Value| world.sign_in("leader").await.problems(SEND, input).await;
    let said = |code: &str, field: &str| vec![(code.to_owned(), field.to_owned())];
    let (a, b, c) = (&sessions[0], &sessions[1], &sessions[2]);
    assert_eq!(problems(send(&who[0].id, vec![a])).await, said("LIST_SIZE", "sessionIds"));
    assert_eq!(problems(send(&who[0].id, vec![a, b, a])).await, said("LIST_SIZE", "sessionIds"));
    assert_eq!(problems(send(&who[0].id, vec![a, &who[0].id])).await, said("NOT_FOUND", "sessionIds.1"));
    assert_eq!(problems(send(a, vec![a, b])).await, said("NOT_FOUND", "championId"));
    leader.done(CANCEL, json!({ "input": { "sessionId": c, "reason": "no heating" } })).await;
    assert_eq!(problems(send(&who[0].id, vec![a, b, c])).await, said("SESSION_CLOSED", "sessionIds.2"));
    let lead = json!({ "input": { "championId": who[0].id, "sessionIds": [a, b], "kind": "LEAD" } });
    assert_eq!(problems(lead).await, [said("NO_OPEN_PLACE", "sessionIds.0"), said("NO_OPEN_PLACE", "sessionIds.1")].concat());
    let paused = world.champion_id("Bernadette McAllister-Doyle").await;
    assert_eq!(problems(send(&paused, vec![a, b])).await.remove(0), said("CANNOT_TAKE_PLACE", "sessionIds.0").remove(0));
    assert_eq!(world.session(a).await["request"], Value::Null, "nothing was asked for");
    leader.done(SEND, send(&who[0].id, vec![a, b])).await;
    assert_eq!(problems(send(&who[0].id, vec![&sessions[3], b])).await, said("ALREADY_ASKED", "sessionIds.1"));
    let bundle = mine(&world.sign_in(&who[0].mailbox).await).await["nodes"][0].clone();
    let never = json!({ "input": { "bundleId": bundle["id"], "acceptOfferIds": [], "scope": "NOT_NOW" } });
    world.sign_in(&who[0].mailbox).await.done(ANSWER, never).await;
    assert_eq!(problems(send(&who[0].id, vec![&sessions[3], &sessions[4]])).await, said("RESTING", "championId"));
    // Another group's: its leader may not, and a coordinator keeps the two apart.
    let (group, venue) = world.group("abney-photo-memories").await;
    let other = with(world.free_session().await, json!({ "groupId": group, "venueId": venue }));
    let coordinator = world.sign_in("coordinator").await;
    let other = coordinator.ask_for(&other).await.session;
    assert_eq!(problems(send(&who[1].id, vec![a, &other])).await, said("NOT_FOUND", "sessionIds.1"));
    assert_eq!(coordinator.problems(SEND, send(&who[1].id, vec![a, &other])).await, said("OTHER_GROUP", "sessionIds.1"));
});

both!(only_the_champion_answers_and_only_these_dates, |world| async move {
    let sent = sent(&world, 2).await;
    let other = world.sign_in(&sent.others[0].mailbox).await;
    assert_eq!(other.problems(ANSWER, sent.reply(&[])).await, [("NOT_FOUND".to_owned(), "bundleId".to_owned())]);
    assert_eq!(world.sign_in("leader").await.fault(ANSWER, sent.reply(&[])).await, "FORBIDDEN");
    let leader = world.sign_in("leader").await;
    let request = leader.ask_for(&with(world.free_session().await, json!({ "date": "2026-12-05" }))).await.request;
    let single = leader.offer(&request, std::slice::from_ref(&sent.who)).await.remove(0);
    let champion = world.sign_in(&sent.who.mailbox).await;
    let strange = champion.problems(ANSWER, sent.reply(&[&sent.offers[0], &single])).await;
    assert_eq!(strange, [("NOT_AMONG_THEM".to_owned(), "acceptOfferIds.1".to_owned())]);
    assert_eq!(sent.statuses(&world).await, ["PENDING", "PENDING"]);
    champion.done(DECLINE, json!({ "id": sent.offers[0] })).await;
    champion.done(ACCEPT, json!({ "id": sent.offers[1] })).await;
    assert_eq!(mine(&champion).await["nodes"][0]["waitingCount"], 0, "each may be answered alone too");
});

both!(a_page_shows_the_dates_and_takes_one_answer_for_all, |world| async move {
    let sent = sent(&world, 3).await;
    let link = sent.link(&world).await;
    let (status, page) = world.page("GET", &link, "").await;
    let ticks = boxes(&page);
    assert!(status == StatusCode::OK && ticks.len() == 3 && page.contains("Sunday 6 December 2026"), "{page}");
    world.page("GET", &link, &format!("{}=on&reply=ticked", ticks[0])).await;
    assert_eq!(sent.statuses(&world).await, ["PENDING"; 3], "looking changes nothing");
    for form in ["", "reply=ticked", "reply=yes", &format!("{}=on", ticks[0])] {
        let (status, page) = world.page("POST", &link, form).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("role=\"alert\"") && boxes(&page) == ticks, "{form}: {page}");
    }
    for _ in 0..2 {
        let (status, page) = world.page("POST", &link, &format!("{}=on&{}=on&reply=ticked", ticks[0], ticks[2])).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!(page.matches("you are on the rota").count(), 2);
        assert_eq!(page.matches("you are not expected").count(), 1);
    }
    assert_eq!(sent.statuses(&world).await, ["ACCEPTED", "DECLINED", "ACCEPTED"]);
    assert_eq!(world.page("GET", &link, "").await.0, StatusCode::NOT_FOUND, "nothing waits any more");
    let (status, page) = world.page("POST", &link, "reply=none").await;
    assert!(status == StatusCode::OK && page.contains("withdraw from the session instead"), "{page}");
});

both!(a_page_for_dates_is_its_champions_ends_with_them_and_is_no_other_link, |world| async move {
    let sent = sent(&world, 2).await;
    let link = sent.link(&world).await;
    let token = link.strip_prefix("/dates/").expect("a token");
    let elsewhere = [format!("/answer/{token}"), format!("/reference/{token}"), format!("/dates/{}A", &token[..token.len() - 2])];
    for wrong in elsewhere {
        for method in ["GET", "POST"] {
            assert_eq!(world.page(method, &wrong, "reply=none").await.0, StatusCode::NOT_FOUND, "{method} {wrong}");
        }
    }
    let (status, page) = world.page("POST", &link, "reply=not-now").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert_eq!(sent.statuses(&world).await, ["DECLINED", "DECLINED"]);
    let again = json!({ "input": { "championId": sent.who.id, "sessionIds": sent.sessions } });
    let refused = world.sign_in("leader").await.problems(SEND, again).await;
    assert_eq!(refused, [("RESTING".to_owned(), "championId".to_owned())]);
    world.pass(TimeDelta::days(7));
    for method in ["GET", "POST"] {
        assert_eq!(world.page(method, &link, "reply=none").await.0, StatusCode::NOT_FOUND);
    }
});

both!(each_date_lapses_on_its_own, |world| async move {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let soon = leader.ask_for(&with(world.free_session().await, json!({ "date": "2026-11-27" }))).await.session;
    let late = leader.ask_for(&world.free_session().await).await.session;
    let who = world.matched(&soon, &world.matched(&late, &volunteers).await).await.remove(0);
    let sent = leader.done(SEND, json!({ "input": { "championId": who.id, "sessionIds": [soon, late] } })).await;
    let bundle = sent["bundle"]["id"].clone();
    let ends: chrono::DateTime<chrono::Utc> = "2026-11-27T09:45:00Z".parse().expect("an instant");
    assert!(ends - world.now() < TimeDelta::days(7), "the first begins before the week is over");
    world.pass(ends - world.now());
    let champion = world.sign_in(&who.mailbox).await;
    let seen = mine(&champion).await["nodes"][0].clone();
    let offers: Vec<Value> = seen["offers"].as_array().expect("offers").iter().map(|o| o["id"].clone()).collect();
    assert_eq!((&seen["offers"][0]["status"], &seen["offers"][1]["status"]), (&json!("EXPIRED"), &json!("PENDING")));
    let reply = json!({ "input": { "bundleId": bundle, "acceptOfferIds": offers } });
    let answered = champion.done(ANSWER, reply).await;
    assert_eq!(answered["dates"][0]["notAccepted"][0]["code"], "OFFER_CLOSED");
    assert_eq!(answered["dates"][1]["offer"]["status"], "ACCEPTED");
});

both!(several_dates_count_as_one_contact, |world| async move {
    let sent = sent(&world, 4).await;
    let leader = world.sign_in("leader").await;
    let urgent = async |date: &str| {
        let leader = world.sign_in("leader").await;
        let request = leader.ask_for(&with(world.free_session().await, json!({ "date": date }))).await.request;
        let run = leader.done(START, json!({ "id": request })).await;
        run["waves"]["offers"].as_array().expect("offers").iter().any(|o| o["champion"]["id"] == sent.who.id)
    };
    // Four a week, and twice as many where it is urgent: one so far, and each call is one more.
    for day in 7..14 {
        assert!(urgent(&format!("2026-12-{day:02}")).await, "on {day} December");
    }
    assert!(!urgent("2026-12-14").await, "eight are enough");
    let champion = world.sign_in(&sent.who.mailbox).await;
    champion.done(ANSWER, sent.reply(&[&sent.offers[3]])).await;
    assert!(urgent("2026-12-15").await, "a yes to one of the dates is a yes");
    assert!(leader.ask(MINE, json!({})).await["viewer"]["champion"].is_null());
});

both!(many_answers_at_once_leave_each_place_to_one, |world| async move {
    let first = sent(&world, 3).await;
    let leader = world.sign_in("leader").await;
    let mut calls = Vec::new();
    let mut rivals = vec![(first.who.clone(), first.reply(&Vec::from_iter(&first.offers)))];
    for who in first.others.iter().take(3) {
        let bundle = leader.done(SEND, json!({ "input": { "championId": who.id, "sessionIds": first.sessions } })).await["bundle"].clone();
        let offers: Vec<&Value> = bundle["offers"].as_array().expect("offers").iter().map(|o| &o["id"]).collect();
        rivals.push((who.clone(), json!({ "input": { "bundleId": bundle["id"], "acceptOfferIds": offers } })));
    }
    for (who, reply) in rivals.iter().cycle().take(16) {
        calls.push((world.sign_in(&who.mailbox).await, ANSWER, reply.clone()));
    }
    let answers = all_at_once(calls).await;
    let refusals =
        answers.iter().flat_map(|a| a["dates"].as_array().expect("dates")).flat_map(|d| d["notAccepted"].as_array().expect("a list"));
    let codes: std::collections::BTreeSet<&str> = refusals.filter_map(|r| r["code"].as_str()).collect();
    assert_eq!(Vec::from_iter(codes), ["PLACES_FILLED"], "{answers:#?}");
    for session in &first.sessions {
        let after = world.session(session).await;
        assert_eq!(after["assignments"].as_array().map(Vec::len), Some(1));
        let open = after["request"]["offers"].as_array().expect("offers").iter().filter(|o| o["status"] == "PENDING").count();
        assert_eq!((&after["cover"], open), (&json!("COVERED"), 0));
    }
});

//! I2, I3, I4 and I5: changing a password, limits on guessing, and answers that don't tell who is known.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::door::{Answer, From, address, post, refresh, signed_in, statements, works};
use crate::both;
use crate::harness::World;

const NEW: &str = "kettle lantern harbour";
const OLD: &str = api::demo::DEMO_PASSWORD;

async fn wrong(world: &World, from: &From, name: &str) -> Answer {
    from.sign_in(world, name, "a wrong guess of it").await
}

both!(i2_a_new_password_ends_every_token_at_once, |world| async move {
    let (here, there) = (signed_in(&world, "trainer").await, signed_in(&world, "trainer").await);
    let by_hand = json!(api::operate::token(&world.app, &address("trainer"), 60).await.expect("a token"));
    let me = From::with(&here["accessToken"]);
    let refused = me.post(&world, "/auth/password", json!({ "currentPassword": "not this one", "newPassword": NEW })).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let short = me.post(&world, "/auth/password", json!({ "currentPassword": OLD, "newPassword": "short" })).await;
    assert_eq!((short.status, &short.json()["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("newPassword")));
    let changed = me.post(&world, "/auth/password", json!({ "currentPassword": OLD, "newPassword": NEW })).await;
    assert_eq!(changed.status, StatusCode::OK);
    for ended in [&here["accessToken"], &there["accessToken"], &by_hand] {
        assert!(!works(&world, ended).await);
    }
    assert_eq!(refresh(&world, &there["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
    assert!(works(&world, &changed.json()["accessToken"]).await);
    assert_eq!(From::default().sign_in(&world, "trainer", OLD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(From::default().sign_in(&world, "trainer", NEW).await.status, StatusCode::OK);
    assert_eq!(world.letters(&address("trainer")).await[0].subject, "Your password was changed");
});

both!(i2_a_lost_role_ends_access_and_refresh_tokens, |world| async move {
    let trainer = signed_in(&world, "trainer").await;
    let admin = world.sign_in("admin").await;
    let found =
        admin.ask("query($e: String!) { account(email: $e) { memberships { id role } } }", json!({ "e": address("trainer") })).await;
    let membership = found["account"]["memberships"][0]["id"].clone();
    admin
        .done("mutation($id: ID!) { roleRevoke(input: {membershipId: $id}) { userErrors { message } } }", json!({ "id": membership }))
        .await;
    assert!(!works(&world, &trainer["accessToken"]).await);
    assert_eq!(refresh(&world, &trainer["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
});

both!(i3_guessing_stops_and_time_lets_in_again, |world| async move {
    for _ in 0..5 {
        assert_eq!(wrong(&world, &From::default(), "trainer").await.status, StatusCode::UNAUTHORIZED);
    }
    let stopped = From::default().sign_in(&world, "trainer", OLD).await;
    assert_eq!((stopped.status, &stopped.json()["error"]["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("RATE_LIMITED")));
    let seconds: i64 = stopped.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(From::default().sign_in(&world, "leader", OLD).await.status, StatusCode::OK, "nobody else is held up");
    world.pass(TimeDelta::seconds(seconds));
    assert_eq!(From::default().sign_in(&world, "trainer", OLD).await.status, StatusCode::OK);
});

both!(i3_a_right_password_costs_nothing, |world| async move {
    for _ in 0..12 {
        signed_in(&world, "trainer").await;
    }
});

both!(i3_one_place_can_not_lock_an_account_for_others, |world| async move {
    let mut refused = 0;
    for _ in 0..60 {
        refused += usize::from(wrong(&world, &From::at("203.0.113.66"), "trainer").await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 55, "five guesses, and no more");
    assert_eq!(From::at("198.51.100.7").sign_in(&world, "trainer", OLD).await.status, StatusCode::OK, "the owner, from elsewhere");
});

both!(i3_many_places_can_not_lock_out_a_known_device_a_session_or_a_link, |world| async move {
    let known = signed_in(&world, "trainer").await;
    let places = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5", "203.0.113.6", "203.0.113.7"];
    for place in places {
        for _ in 0..5 {
            wrong(&world, &From::at(place), "trainer").await;
        }
    }
    let owner = From::at("198.51.100.7");
    assert_eq!(owner.sign_in(&world, "trainer", OLD).await.status, StatusCode::TOO_MANY_REQUESTS, "a stranger's device waits");
    let body = json!({ "email": address("trainer"), "password": OLD, "deviceToken": known["deviceToken"] });
    assert_eq!(owner.post(&world, "/auth/sign-in", body).await.status, StatusCode::OK, "a known device does not");
    let theirs = signed_in(&world, "leader").await;
    let body = json!({ "email": address("trainer"), "password": OLD, "deviceToken": theirs["deviceToken"] });
    assert_eq!(owner.post(&world, "/auth/sign-in", body).await.status, StatusCode::TOO_MANY_REQUESTS, "another's device is a stranger's");
    assert!(works(&world, &known["accessToken"]).await);
    assert_eq!(refresh(&world, &known["refreshToken"]).await.status, StatusCode::OK);
    assert_eq!(post(&world, "/auth/link", json!({ "email": address("trainer") })).await.status, StatusCode::ACCEPTED);
    world.pass(TimeDelta::minutes(10));
    assert_eq!(owner.sign_in(&world, "trainer", OLD).await.status, StatusCode::OK, "and it drains");
});

both!(i3_a_known_device_is_limited_too, |world| async move {
    let known = signed_in(&world, "trainer").await;
    let body = json!({ "email": address("trainer"), "password": "a wrong guess of it", "deviceToken": known["deviceToken"] });
    let mut stopped = 0;
    for _ in 0..15 {
        stopped += usize::from(post(&world, "/auth/sign-in", body.clone()).await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(stopped, 5);
});

both!(i3_every_spelling_of_a_mailbox_fills_one_bucket, |world| async move {
    for email in ["trainer@demo.digiknow.example", "TRAINER@demo.digiknow.example", " Trainer@Demo.DigiKnow.Example "] {
        for _ in 0..2 {
            post(&world, "/auth/sign-in", json!({ "email": email, "password": "a wrong guess of it" })).await;
        }
    }
    assert_eq!(wrong(&world, &From::default(), "trainer").await.status, StatusCode::TOO_MANY_REQUESTS);
});

both!(i3_a_stolen_session_can_not_find_the_password_out, |world| async move {
    let stolen = From::with(&signed_in(&world, "trainer").await["accessToken"]);
    let mut stopped = 0;
    for _ in 0..12 {
        let guess = json!({ "currentPassword": "a wrong guess of it", "newPassword": NEW });
        stopped += usize::from(stolen.post(&world, "/auth/password", guess).await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(stopped, 2);
});

/// What an answer shows, without what is new in each.
fn shown(answer: &Answer) -> (StatusCode, String, Vec<(String, String)>) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    headers.sort();
    (answer.status, answer.text.clone(), headers)
}

both!(i4_known_and_unknown_accounts_answer_alike_and_do_the_same_work, |world| async move {
    // Two with an account, one without.
    let emails = [address("trainer"), address("nobody-has-this"), address("champion")];
    for path in ["/auth/sign-in", "/auth/link", "/auth/recover"] {
        world.pass(TimeDelta::hours(1));
        let mut seen = Vec::new();
        for email in &emails {
            let body = if path == "/auth/sign-in" {
                json!({ "email": email, "password": "a wrong guess of it" })
            } else {
                json!({ "email": email })
            };
            // Once before it is measured, so that the buckets' rows are there.
            post(&world, path, body.clone()).await;
            let (answer, sent) = statements(&world, post(&world, path, body)).await;
            assert!(sent.len() > 3, "{path} does something");
            seen.push((shown(&answer), sent));
        }
        for other in &seen[1..] {
            assert_eq!(other, &seen[0], "{path}");
        }
    }
});

both!(i4_limits_do_not_tell_who_is_known_either, |world| async move {
    for (path, most) in [("/auth/sign-in", 5), ("/auth/link", 3)] {
        let mut seen: Vec<Vec<Value>> = Vec::new();
        for email in [address("leader"), address("nobody-has-this")] {
            let mut statuses = Vec::new();
            for _ in 0..most + 2 {
                let answer = post(&world, path, json!({ "email": email, "password": "a wrong guess of it" })).await;
                statuses.push(json!([answer.status.as_u16(), answer.header("retry-after"), answer.text]));
            }
            seen.push(statuses);
        }
        assert_eq!(seen[0], seen[1], "{path}");
        assert_eq!(seen[0].iter().filter(|s| s[0] == 429).count(), 2, "{path}");
    }
});

both!(i5_a_huge_password_is_refused_before_any_hashing, |world| async move {
    let huge = From::default().sign_in(&world, "trainer", &"x".repeat(1 << 20)).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Between the bodies that are read and the passwords that are hashed: refused like a wrong one.
    let long = From::default().sign_in(&world, "trainer", &"x".repeat(4_000)).await;
    assert_eq!(long.status, StatusCode::UNAUTHORIZED);
    let me = From::with(&signed_in(&world, "leader").await["accessToken"]);
    let new = me.post(&world, "/auth/password", json!({ "currentPassword": OLD, "newPassword": "x".repeat(4_000) })).await;
    assert_eq!(new.status, StatusCode::UNPROCESSABLE_ENTITY);
    let method = me.call(&world, Method::GET, "/auth/password", None).await;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
});

both!(i4_signing_up_answers_alike_and_does_the_same_work_for_all, |world| async move {
    use crate::champion::{SIGN_UP, form};
    // Somebody with us, somebody who has not confirmed the address, and somebody new.
    world.partner().done(SIGN_UP, json!({ "input": form("not-yet@example.org") })).await;
    let mut seen = Vec::new();
    for email in [address("champion").as_str(), "not-yet@example.org", "somebody-new@example.org"] {
        let partner = world.partner();
        let (answer, sent) = statements(&world, partner.send(SIGN_UP, json!({ "input": form(email) }))).await;
        seen.push((answer, sent));
    }
    assert!(seen[0].1.len() > 10);
    for other in &seen[1..] {
        assert_eq!(other, &seen[0]);
    }
    let subjects = |letters: Vec<crate::harness::Letter>| letters.into_iter().map(|l| l.subject).collect::<Vec<_>>();
    assert_eq!(subjects(world.letters(&address("champion")).await)[0], "You have signed up before");
    assert_eq!(subjects(world.letters("not-yet@example.org").await).len(), 2, "a link each time");
    assert_eq!(subjects(world.letters("somebody-new@example.org").await), ["Confirm your e-mail address"]);
});

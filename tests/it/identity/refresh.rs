//! I1: refresh tokens rotate in families. Sessions are listed and ended.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::door::{From, address, post, refresh, send, signed_in, works};
use crate::both;

both!(i1_refresh_tokens_rotate, |world| async move {
    let first = signed_in(&world, "trainer").await;
    assert_eq!((&first["tokenType"], &first["expiresIn"]), (&json!("Bearer"), &json!(600)));
    assert!(first["refreshToken"].as_str().is_some_and(|token| token.starts_with("dk_refresh_") && token.len() >= 11 + 43));
    let mut newest = first["refreshToken"].clone();
    for _ in 0..3 {
        world.pass(TimeDelta::minutes(10));
        let answer = refresh(&world, &newest).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
        assert!(works(&world, &answer.json()["accessToken"]).await);
        assert_ne!(answer.json()["refreshToken"], newest);
        newest = answer.json()["refreshToken"].clone();
    }
});

both!(i1_a_replay_after_the_successor_was_used_kills_the_family, |world| async move {
    let first = signed_in(&world, "trainer").await;
    let second = refresh(&world, &first["refreshToken"]).await.json();
    let third = refresh(&world, &second["refreshToken"]).await.json();
    assert!(works(&world, &third["accessToken"]).await);
    assert_eq!(refresh(&world, &first["refreshToken"]).await.status, StatusCode::UNAUTHORIZED, "a replay");
    assert_eq!(refresh(&world, &third["refreshToken"]).await.status, StatusCode::UNAUTHORIZED, "the newest died with it");
    assert!(!works(&world, &third["accessToken"]).await, "and so did what was got with it");
    let letters = world.letters(&address("trainer")).await;
    assert_eq!(letters[0].subject, "A sign-in was ended");
});

both!(i1_a_retry_after_a_lost_answer_works, |world| async move {
    let first = signed_in(&world, "trainer").await;
    let lost = refresh(&world, &first["refreshToken"]).await.json();
    world.pass(TimeDelta::seconds(90));
    let again = refresh(&world, &first["refreshToken"]).await;
    assert_eq!(again.status, StatusCode::OK, "the successor was not used");
    let next = refresh(&world, &again.json()["refreshToken"]).await;
    assert_eq!(next.status, StatusCode::OK);
    let twin = refresh(&world, &lost["refreshToken"]).await;
    assert_eq!(twin.status, StatusCode::OK, "the lost one is its twin, and came through after all");
    assert!(works(&world, &next.json()["accessToken"]).await);
});

both!(i1_a_lost_answer_is_forgiven_for_two_minutes, |world| async move {
    let first = signed_in(&world, "trainer").await;
    let second = refresh(&world, &first["refreshToken"]).await.json();
    world.pass(TimeDelta::minutes(2));
    assert_eq!(refresh(&world, &first["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&world, &second["refreshToken"]).await.status, StatusCode::UNAUTHORIZED, "nobody can tell whose copy it was");
});

both!(i1_two_tabs_that_refresh_at_once_both_go_on, |world| async move {
    let first = signed_in(&world, "trainer").await;
    let token = &first["refreshToken"];
    let (one, other) = tokio::join!(refresh(&world, token), refresh(&world, token));
    assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK));
    assert!(works(&world, &one.json()["accessToken"]).await && works(&world, &other.json()["accessToken"]).await);
});

both!(i1_a_sign_in_that_nobody_uses_ends, |world| async move {
    let first = signed_in(&world, "trainer").await;
    world.pass(TimeDelta::days(14));
    assert_eq!(refresh(&world, &first["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
});

both!(i1_signing_out_ends_that_sign_in_and_no_other, |world| async move {
    let (here, there) = (signed_in(&world, "trainer").await, signed_in(&world, "trainer").await);
    for token in [&here["refreshToken"], &here["refreshToken"], &json!("dk_refresh_unknown")] {
        assert_eq!(post(&world, "/auth/sign-out", json!({ "refreshToken": token })).await.status, StatusCode::NO_CONTENT);
    }
    assert!(!works(&world, &here["accessToken"]).await);
    assert_eq!(refresh(&world, &here["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
    assert!(works(&world, &there["accessToken"]).await);
});

both!(sessions_are_listed_and_ended_by_their_owner_alone, |world| async move {
    let (here, there) = (signed_in(&world, "trainer").await, signed_in(&world, "trainer").await);
    let stranger = signed_in(&world, "champion").await;
    let me = From::with(&here["accessToken"]);
    let list = me.call(&world, Method::GET, "/auth/sessions", None).await.json();
    let sessions = list["sessions"].as_array().cloned().expect("sessions");
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|s| s["current"] == false).expect("the other");
    assert_eq!((&other["method"], sessions.iter().filter(|s| s["current"] == true).count()), (&json!("PASSWORD"), 1));
    let path = format!("/auth/sessions/{}", other["id"].as_str().expect("an id"));
    let theirs = From::with(&stranger["accessToken"]).call(&world, Method::DELETE, &path, None).await;
    let nobodys = me.call(&world, Method::DELETE, "/auth/sessions/0190f7a0-1111-7000-8000-000000000001", None).await;
    assert_eq!((theirs.status, &theirs.text), (StatusCode::NOT_FOUND, &nobodys.text), "another's looks like none");
    assert!(works(&world, &there["accessToken"]).await);
    assert_eq!(me.call(&world, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert!(!works(&world, &there["accessToken"]).await && works(&world, &here["accessToken"]).await);
    assert_eq!(me.call(&world, Method::DELETE, "/auth/sessions", None).await.status, StatusCode::NO_CONTENT);
    assert!(!works(&world, &here["accessToken"]).await);
    assert_eq!(refresh(&world, &here["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
    for (method, path) in [(Method::GET, "/auth/sessions"), (Method::DELETE, "/auth/sessions"), (Method::DELETE, path.as_str())] {
        let nobody = From::default().call(&world, method, path, None).await;
        assert_eq!((nobody.status, &nobody.json()["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("UNAUTHENTICATED")));
    }
});

both!(bodies_of_auth_are_json_small_and_whole, |world| async move {
    for (path, good) in [
        ("/auth/sign-in", json!({ "email": "a@b.example", "password": "x" })),
        ("/auth/refresh", json!({ "refreshToken": "x" })),
        ("/auth/sign-out", json!({ "refreshToken": "x" })),
        ("/auth/link", json!({ "email": "a@b.example" })),
        ("/auth/recover", json!({ "email": "a@b.example" })),
    ] {
        for (kind, body, status) in [
            ("text/plain", good.to_string(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("application/x-www-form-urlencoded", "email=a%40b.example&password=x".to_owned(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("application/json", "{".to_owned(), StatusCode::BAD_REQUEST),
            ("application/json", "{}".to_owned(), StatusCode::BAD_REQUEST),
            ("application/json", format!("{{\"email\": \"{}\"}}", "x".repeat(9_000)), StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let request = axum::http::Request::post(path).header("content-type", kind).body(body.into()).expect("a request");
            let answer = send(&world, request).await;
            assert_eq!(answer.status, status, "{path} {kind}");
            let error: Value = answer.json();
            assert!(error["error"]["message"].as_str().is_some_and(|m| m.len() > 20) && answer.header("cache-control") == "no-store");
        }
    }
});

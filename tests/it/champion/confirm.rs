//! The link in the message, the password, and the first sign-in.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CONFIRM, PASSWORD, SIGN_UP, form, joined, own};
use crate::both;
use crate::harness::{self, World};

async fn sign_in(world: &World, email: &str, password: &str) -> (StatusCode, Value) {
    let body = Body::from(json!({ "email": email, "password": password }).to_string());
    let request = Request::post("/auth/sign-in").header("content-type", "application/json").body(body);
    harness::json(world.http(request.expect("a request")).await).await
}

/// The token of the newest link to an address that signs up now.
async fn link(world: &World, email: &str) -> String {
    world.partner().done(SIGN_UP, json!({ "input": form(email) })).await;
    world.letters(email).await[0].token()
}

fn problem(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

both!(the_link_opens_an_account_that_signs_in, |world| async move {
    let token = link(&world, "New.Person@example.org").await;
    let (status, _) = sign_in(&world, "new.person@example.org", PASSWORD).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "not before the address is confirmed");
    let confirmed = world.stranger().done(CONFIRM, json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(confirmed["confirmed"], true);
    let here = world.holder(&confirmed["accessToken"]).ask("{ viewer { roles account { displayName email } } }", json!({})).await;
    assert_eq!(here["viewer"]["roles"], json!(["CHAMPION"]));
    assert_eq!(here["viewer"]["account"]["email"], "New.Person@example.org");
    let body = Body::from(json!({ "refreshToken": confirmed["refreshToken"] }).to_string());
    let request = Request::post("/auth/refresh").header("content-type", "application/json").body(body);
    let (status, next) = harness::json(world.http(request.expect("a request")).await).await;
    assert_eq!(status, StatusCode::OK, "it goes on: {next}");
    assert_eq!(own(&world.holder(&next["accessToken"]), "membership").await["membership"], "APPLIED");
    let (status, answer) = sign_in(&world, " new.person@EXAMPLE.org", PASSWORD).await;
    assert_eq!((status, &answer["tokenType"]), (StatusCode::OK, &json!("Bearer")));
    assert_eq!(own(&world.holder(&answer["accessToken"]), "membership").await["membership"], "APPLIED");
    let (status, answer) = sign_in(&world, "new.person@example.org", "kettle lantern harbor").await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("UNAUTHENTICATED")));
    assert_eq!(answer, sign_in(&world, "nobody@example.org", PASSWORD).await.1, "an unknown address answers alike");
});

both!(the_checklist_says_what_is_next_and_who_it_waits_for, |world| async move {
    let champion = joined(&world, form("list@example.org")).await;
    let list = own(&champion, "onboarding { doneCount stepCount nextStep { title status waitingOn requirement { kind } } steps { title status waitingOn requirement { kind count module { code } } } evidence { outcome givenOn requirement { kind } } }").await["onboarding"].take();
    assert_eq!((&list["doneCount"], &list["stepCount"]), (&json!(3), &json!(16)));
    assert_eq!(
        list["nextStep"],
        json!({ "title": "Informal conversation", "status": "TO_DO", "waitingOn": "COORDINATOR", "requirement": { "kind": "CONVERSATION" } })
    );
    let steps: Vec<(&str, &str, &str)> = list["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| {
            (
                step["requirement"]["kind"].as_str().unwrap_or("the address"),
                step["status"].as_str().unwrap_or_default(),
                step["waitingOn"].as_str().unwrap_or("nobody"),
            )
        })
        .collect();
    let training = ("TRAINING", "TO_DO", "TRAINER");
    assert_eq!(
        steps,
        [
            ("the address", "DONE", "nobody"),
            ("APPLICATION", "DONE", "nobody"),
            ("PRIVACY_NOTICE", "DONE", "nobody"),
            ("CONVERSATION", "TO_DO", "COORDINATOR"),
            ("IDENTITY", "TO_DO", "COORDINATOR"),
            ("REFERENCE", "TO_DO", "REFEREE"),
            ("RIGHT_TO_VOLUNTEER", "TO_DO", "CHAMPION"),
            ("SAFEGUARDING_DECLARATION", "TO_DO", "CHAMPION"),
            ("CODE_OF_CONDUCT", "TO_DO", "CHAMPION"),
            ("AGREEMENT", "TO_DO", "CHAMPION"),
            training,
            training,
            training,
            training,
            ("DBS", "TO_DO", "SAFEGUARDING_LEAD"),
            ("INDUCTION", "TO_DO", "COORDINATOR"),
        ]
    );
    assert_eq!(list["evidence"].as_array().map(Vec::len), Some(2), "the form is the application, and the notice was ticked");
});

both!(before_the_address_is_confirmed_that_is_the_next_step, |world| async move {
    link(&world, "early@example.org").await;
    let data = world.sign_in("coordinator").await.ask("{ champion(by: {reference: \"dc 0061\"}) { membership contact { emailConfirmed } onboarding { nextStep { title waitingOn requirement { id } } } } }", json!({})).await;
    assert_eq!((&data["champion"]["membership"], &data["champion"]["contact"]["emailConfirmed"]), (&json!("ENQUIRED"), &json!(false)));
    assert_eq!(
        data["champion"]["onboarding"]["nextStep"],
        json!({ "title": "Confirm your e-mail address", "waitingOn": "CHAMPION", "requirement": null })
    );
});

both!(a_link_serves_once, |world| async move {
    let (first, second) = (link(&world, "once@example.org").await, link(&world, "once@example.org").await);
    world.stranger().done(CONFIRM, json!({ "token": first, "password": PASSWORD })).await;
    for (token, what) in [(&first, "used"), (&second, "another link of somebody who is confirmed")] {
        let refused = world.stranger().payload(CONFIRM, json!({ "token": token, "password": "another good password" })).await;
        assert_eq!(
            (&refused["userErrors"][0]["code"], &refused["confirmed"], &refused["accessToken"]),
            (&json!("LINK_EXPIRED"), &json!(false), &Value::Null),
            "{what}"
        );
    }
    assert_eq!(sign_in(&world, "once@example.org", "another good password").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&world, "once@example.org", PASSWORD).await.0, StatusCode::OK);
});

both!(a_link_followed_twice_at_once_opens_one_account, |world| async move {
    let token = link(&world, "race@example.org").await;
    let confirm = || async { world.stranger().payload(CONFIRM, json!({ "token": token, "password": PASSWORD })).await };
    let (a, b) = tokio::join!(confirm(), confirm());
    assert_ne!(a["confirmed"], b["confirmed"]);
});

both!(forged_links_are_not_ours, |world| async move {
    let token = link(&world, "forged@example.org").await;
    let mut bent = token.clone().into_bytes();
    bent[5] = if bent[5] == b'A' { b'B' } else { b'A' };
    for forged in
        ["", "x", "0190f7a0-1111-7000-8000-000000000001", &token[..token.len() - 2], &String::from_utf8(bent).expect("text"), "💥"]
    {
        assert_eq!(
            world.stranger().problems(CONFIRM, json!({ "token": forged, "password": PASSWORD })).await,
            problem("LINK_UNKNOWN", "token"),
            "{forged}"
        );
    }
    world.stranger().done(CONFIRM, json!({ "token": format!(" {token}\n"), "password": PASSWORD })).await;
});

both!(a_link_is_good_for_three_days_and_a_new_one_is_easily_had, |world| async move {
    let old = link(&world, "late@example.org").await;
    world.pass(TimeDelta::hours(72));
    assert_eq!(world.stranger().problems(CONFIRM, json!({ "token": old, "password": PASSWORD })).await, problem("LINK_EXPIRED", "token"));
    let new = link(&world, "late@example.org").await;
    world.pass(TimeDelta::hours(72) - TimeDelta::seconds(1));
    world.stranger().done(CONFIRM, json!({ "token": new, "password": PASSWORD })).await;
});

both!(a_password_that_will_not_do_leaves_the_link_good, |world| async move {
    let token = link(&world, "short@example.org").await;
    for password in ["", "elevenchars", &"x".repeat(129), &"💥".repeat(129)] {
        assert_eq!(
            world.stranger().problems(CONFIRM, json!({ "token": token, "password": password })).await,
            problem("INVALID", "password")
        );
    }
    let unusual = "пароль со смыслом 💥";
    world.stranger().done(CONFIRM, json!({ "token": token, "password": unusual })).await;
    assert_eq!(sign_in(&world, "short@example.org", unusual).await.0, StatusCode::OK);
});

both!(somebody_with_an_account_becomes_a_champion_with_it, |world| async move {
    let token = link(&world, "Trainer@demo.digiknow.example").await;
    let confirmed = world.stranger().done(CONFIRM, json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(
        (&confirmed["confirmed"], &confirmed["accessToken"]),
        (&json!(true), &Value::Null),
        "a link in a mailbox does not replace a password"
    );
    assert_eq!(sign_in(&world, "trainer@demo.digiknow.example", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&world, "trainer@demo.digiknow.example", api::demo::DEMO_PASSWORD).await.0, StatusCode::OK);
    let trainer = world.sign_in("trainer").await.ask("{ viewer { roles champion { membership } } }", json!({})).await;
    assert_eq!(trainer["viewer"]["champion"]["membership"], "APPLIED");
    let mut roles: Vec<&str> = trainer["viewer"]["roles"].as_array().expect("roles").iter().filter_map(Value::as_str).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["CHAMPION", "TRAINER"]);
});

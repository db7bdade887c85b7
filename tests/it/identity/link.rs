//! Links by e-mail: to sign in, and to choose a new password.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use chrono::TimeDelta;
use serde_json::json;

use super::door::{Answer, From, address, post, refresh, send, signed_in, works};
use crate::both;
use crate::harness::World;

const NEW: &str = "kettle lantern harbour";

/// The newest link to somebody, as its path and query.
async fn link(world: &World, name: &str) -> String {
    let letters = world.letters(&address(name)).await;
    let url = letters.first().expect("a letter").token();
    let path = url.strip_prefix("http://127.0.0.1:8080").unwrap_or_else(|| panic!("{url} is not ours"));
    path.to_owned()
}

fn token(link: &str) -> String {
    link.split_once("token=").expect("a token").1.to_owned()
}

async fn ask(world: &World, path: &str, name: &str) -> String {
    // The newest letter is found by its instant.
    world.pass(TimeDelta::seconds(1));
    let answer = post(world, path, json!({ "email": address(name) })).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    link(world, name).await
}

async fn follow(world: &World, link: &str) -> Answer {
    From::default().call(world, Method::GET, link, None).await
}

/// Submits a page's form as a browser does.
async fn submit(world: &World, path: &str, form: &str, site: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", site);
    send(world, request.body(Body::from(form.to_owned())).expect("a request")).await
}

both!(a_link_signs_in_once, |world| async move {
    let link = ask(&world, "/auth/link", "trainer").await;
    let used = post(&world, "/auth/link/use", json!({ "token": token(&link) })).await;
    assert_eq!(used.status, StatusCode::OK);
    assert!(works(&world, &used.json()["accessToken"]).await);
    assert_eq!(refresh(&world, &used.json()["refreshToken"]).await.status, StatusCode::OK);
    assert_eq!(post(&world, "/auth/link/use", json!({ "token": token(&link) })).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(follow(&world, &link).await.status, StatusCode::GONE);
});

both!(a_link_used_twice_at_once_signs_in_once, |world| async move {
    let link = ask(&world, "/auth/link", "trainer").await;
    let use_it = || post(&world, "/auth/link/use", json!({ "token": token(&link) }));
    let (one, other) = tokio::join!(use_it(), use_it());
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
});

both!(a_mail_scanner_that_follows_a_link_does_not_spend_it, |world| async move {
    for (path, form) in [("/auth/link", "/auth/link/use"), ("/auth/recover", "/auth/recover/use")] {
        let link = ask(&world, path, "trainer").await;
        for _ in 0..3 {
            let page = follow(&world, &link).await;
            assert_eq!(page.status, StatusCode::OK);
            let policy = page.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
            assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
            assert!(
                page.text.contains(&format!("<form method=\"post\" action=\"{form}\">")) && !page.text.contains("<script"),
                "{}",
                page.text
            );
        }
    }
});

both!(a_link_is_good_for_a_quarter_of_an_hour, |world| async move {
    let link = ask(&world, "/auth/link", "trainer").await;
    world.pass(TimeDelta::minutes(15) - TimeDelta::seconds(1));
    assert_eq!(follow(&world, &link).await.status, StatusCode::OK);
    world.pass(TimeDelta::seconds(1));
    assert_eq!(follow(&world, &link).await.status, StatusCode::GONE);
    assert_eq!(post(&world, "/auth/link/use", json!({ "token": token(&link) })).await.status, StatusCode::UNAUTHORIZED);
});

both!(the_button_works_without_a_script_and_from_our_page_alone, |world| async move {
    let link = ask(&world, "/auth/link", "trainer").await;
    let form = format!("token={}", token(&link));
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(submit(&world, "/auth/link/use", &form, site).await.status, StatusCode::GONE, "{site}");
    }
    let page = submit(&world, "/auth/link/use", &form, "same-origin").await;
    let access = page.text.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).expect("a token");
    assert!(page.status == StatusCode::OK && works(&world, &json!(access)).await);
});

both!(recovery_chooses_a_new_password_and_ends_every_sign_in, |world| async move {
    let before = signed_in(&world, "trainer").await;
    let link = ask(&world, "/auth/recover", "trainer").await;
    let short = post(&world, "/auth/recover/use", json!({ "token": token(&link), "newPassword": "short" })).await;
    assert_eq!((short.status, &short.json()["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("newPassword")));
    let page = submit(&world, "/auth/recover/use", &format!("token={}&newPassword=short", token(&link)), "same-origin").await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("<form"), "the form again, with what is wrong");
    let done = post(&world, "/auth/recover/use", json!({ "token": token(&link), "newPassword": NEW })).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert!(!works(&world, &before["accessToken"]).await);
    assert_eq!(refresh(&world, &before["refreshToken"]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(From::default().sign_in(&world, "trainer", api::demo::DEMO_PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(From::default().sign_in(&world, "trainer", NEW).await.status, StatusCode::OK);
    let again = post(&world, "/auth/recover/use", json!({ "token": token(&link), "newPassword": "another good password" })).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED, "once");
});

both!(recovery_works_by_form_too, |world| async move {
    let link = ask(&world, "/auth/recover", "trainer").await;
    let form = format!("token={}&newPassword={}", token(&link), NEW.replace(' ', "+"));
    let page = submit(&world, "/auth/recover/use", &form, "same-origin").await;
    assert!(page.status == StatusCode::OK && page.text.contains("The password is changed"), "{}", page.text);
    assert_eq!(From::default().sign_in(&world, "trainer", NEW).await.status, StatusCode::OK);
});

both!(a_link_is_for_its_purpose_and_ours_alone, |world| async move {
    let (sign_in, recover) = (ask(&world, "/auth/link", "trainer").await, ask(&world, "/auth/recover", "leader").await);
    assert_eq!(post(&world, "/auth/link/use", json!({ "token": token(&recover) })).await.status, StatusCode::UNAUTHORIZED);
    let body = json!({ "token": token(&sign_in), "newPassword": NEW });
    assert_eq!(post(&world, "/auth/recover/use", body).await.status, StatusCode::UNAUTHORIZED);
    for forged in ["", "x", "%22%3E%3Cscript%3E", "0190f7a0-1111-7000-8000-000000000001", &token(&sign_in)[1..]] {
        let page = follow(&world, &format!("/auth/link?token={forged}")).await;
        assert!(page.status == StatusCode::GONE && !page.text.contains("<script"), "{forged}");
    }
    assert_eq!(follow(&world, &sign_in).await.status, StatusCode::OK, "the right one is still good");
});

both!(i6_the_database_holds_nothing_that_works, |world| async move {
    use sea_orm::{ConnectionTrait, Statement};
    let signed = signed_in(&world, "trainer").await;
    let links = [ask(&world, "/auth/link", "trainer").await, ask(&world, "/auth/recover", "trainer").await];
    let mut dump = String::new();
    for table in ["sign_in", "refresh_token", "account_link", "outbox", "audit_event", "rate_limit", "client_key", "api_client"] {
        let db = world.app.db.read();
        let backend = db.get_database_backend();
        let sql = match backend {
            sea_orm::DbBackend::Postgres => format!("SELECT row_to_json({table})::text AS line FROM {table}"),
            _ => {
                let columns =
                    db.query_all_raw(Statement::from_string(backend, format!("SELECT name FROM pragma_table_info('{table}')"))).await;
                let names: Vec<String> = columns
                    .expect("columns")
                    .iter()
                    .map(|c| format!("coalesce(quote({}), '')", c.try_get::<String>("", "name").expect("a name")))
                    .collect();
                format!("SELECT {} AS line FROM {table}", names.join(" || ' ' || "))
            }
        };
        for row in db.query_all_raw(Statement::from_string(backend, sql)).await.expect("rows") {
            dump.push_str(&row.try_get::<String>("", "line").expect("a line"));
            dump.push('\n');
        }
    }
    assert!(dump.len() > 1_000);
    let secrets = [
        signed["refreshToken"].as_str().expect("a token").to_owned(),
        signed["accessToken"].as_str().expect("a token").to_owned(),
        signed["deviceToken"].as_str().expect("a token").to_owned(),
        token(&links[0]),
        token(&links[1]),
        api::demo::DEMO_KEY.to_owned(),
        address("trainer"),
    ];
    for secret in secrets {
        assert!(!dump.contains(&secret), "{secret} stands in the database");
    }
});

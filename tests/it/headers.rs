//! H2, H3, H4, H6: what a page of another site can make a browser do, and what every answer carries.

use axum::body::Body;
use axum::http::{Method, Request, Response};
use serde_json::json;

use crate::harness::{Backend, World};

const ELSEWHERE: &str = "https://evil.example";
const PARTNER: &str = "https://partner.example.org";
const MUTATION: &str =
    r#"{"query":"mutation { championEmailConfirm(input: {token: \"x\", password: \"a-long-enough-one\"}) { userErrors { code } } }"}"#;

async fn world() -> World {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    api::operate::add_client(&world.app, "A partner", true, &[], &[PARTNER.to_owned()]).await.expect("a client");
    world
}

async fn send(world: &World, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.http(request.body(Body::from(body.to_owned())).expect("a request")).await
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().expect("text"))
}

#[tokio::test]
async fn h2_what_a_form_a_link_or_an_image_of_another_site_can_send_changes_nothing() {
    let world = world().await;
    let url = "/graphql?query=mutation%7BchampionEmailConfirm(input%3A%7Btoken%3A%22x%22%2Cpassword%3A%22a-long-enough-one%22%7D)%7BuserErrors%7Bcode%7D%7D%7D";
    for (method, path, content_type, status) in [
        (Method::GET, url, None, 405),
        (Method::HEAD, url, None, 405),
        (Method::POST, "/graphql", Some("text/plain"), 415),
        (Method::POST, "/graphql", Some("application/x-www-form-urlencoded"), 415),
        (Method::POST, "/graphql", Some("multipart/form-data; boundary=x"), 415),
        (Method::POST, "/graphql", Some("application/json, text/plain"), 415),
        (Method::POST, "/graphql", None, 415),
        (Method::PUT, "/graphql", Some("application/json"), 405),
        (Method::POST, "/graphql", Some("application/json"), 200),
    ] {
        let mut headers = vec![("origin", ELSEWHERE)];
        headers.extend(content_type.map(|value| ("content-type", value)));
        let response = send(&world, method.clone(), path, &headers, MUTATION).await;
        assert_eq!(response.status(), status, "{method} {content_type:?}");
        // The last is what a page can't send without asking first, and it is told no.
        assert_eq!(header(&response, "access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn h3_pages_of_registered_origins_may_read_and_others_may_not() {
    let world = world().await;
    for (origin, allowed) in [
        (PARTNER, true),
        (ELSEWHERE, false),
        ("null", false),
        ("https://partner.example.org.evil.example", false),
        ("http://partner.example.org", false),
    ] {
        let asks = [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "content-type")];
        for (method, headers, body) in [
            (Method::OPTIONS, &asks[..], ""),
            (Method::POST, &[("origin", origin), ("content-type", "application/json")][..], r#"{"query":"{server{version}}"}"#),
        ] {
            let response = send(&world, method.clone(), "/graphql", headers, body).await;
            assert_eq!(header(&response, "access-control-allow-origin"), allowed.then_some(origin), "{method} {origin}");
            assert_eq!(header(&response, "access-control-allow-credentials"), None);
            assert!(
                response.headers().get_all("vary").iter().any(|v| v.to_str().is_ok_and(|v| v.to_lowercase().contains("origin"))),
                "{method}"
            );
            if method == Method::OPTIONS && allowed {
                assert!(header(&response, "access-control-allow-headers").is_some_and(|h| h.contains("authorization") && !h.contains('*')));
            }
        }
    }
}

#[tokio::test]
async fn h4_every_answer_is_not_stored_not_guessed_and_pages_run_nothing_but_their_own() {
    let world = world().await;
    for (path, is_page) in [
        ("/graphql?query=%7Bserver%7Bversion%7D%7D", false),
        ("/graphql?query=%7B", false),
        ("/schema.graphql", false),
        ("/health/live", false),
        ("/health/ready", false),
        ("/.well-known/jwks.json", false),
        ("/nowhere", false),
        ("/explorer", true),
        ("/dev/mail", true),
    ] {
        let response = send(&world, Method::GET, path, &[], "").await;
        assert!(header(&response, "cache-control").is_some_and(|value| value.contains("no-store") || path.contains("jwks")), "{path}");
        assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header(&response, "referrer-policy"), Some("no-referrer"), "{path}");
        assert!(header(&response, "x-request-id").is_some_and(|id| id.len() == 36), "{path}");
        if is_page {
            let policy = header(&response, "content-security-policy").expect("a policy");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(path != "/explorer" || (!policy.contains("unsafe") && policy.matches("'sha256-").count() == 2), "{policy}");
        }
    }
}

#[tokio::test]
async fn h6_strangers_are_told_no_names_of_the_schema() {
    let world = world().await;
    let query = r#"{ servr { version } champion(by: {idd: "x"}) { id } }"#;
    let (_, body) = world.stranger().send(query, json!({})).await;
    assert!(!body.to_string().contains("Did you mean"), "{body:#}");
    let (_, body) = world.sign_in("coordinator").await.send(query, json!({})).await;
    assert!(body.to_string().contains("Did you mean"), "{body:#}");
}

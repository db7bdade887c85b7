//! R7: what callers may ask for in a time. And documents that are known by their hash.

use api::budget::Rates;
use api::http::{Settings, Site, router};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use chrono::TimeDelta;
use rules::limit::Limit;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::both;
use crate::harness::{Backend, Persona, World};

/// Ten points a unit: a thousand points at once, a hundred a second.
const SMALL: Limit = Limit { most: 100, each_ms: 100 };

fn limited(world: &World) -> Router {
    let rates = Some(Rates { credential: SMALL, stranger: Limit { most: 10, each_ms: 1000 } });
    router(Site::new(world.app.clone()).with_settings(Settings { rates, ..Settings::default() }), false)
}

async fn post(router: &Router, who: &Persona<'_>, body: Value) -> (u16, HeaderMap, Value) {
    let mut request = Request::post("/graphql").header("content-type", "application/json");
    for (name, value) in &who.headers {
        request = request.header(*name, value);
    }
    let response = router.clone().oneshot(request.body(Body::from(body.to_string())).expect("a request")).await.expect("an answer");
    let headers = response.headers().clone();
    let (status, body) = crate::harness::json(response).await;
    (status.as_u16(), headers, body)
}

/// Costs 2 + 25 rows of 1, so 3 units.
const ASK: &str = "{ rateLimit { cost limit remaining resetsAt } groups { nodes { id } } }";

both!(r7_cost_is_counted_by_credential_and_shared_by_replicas, |world| async move {
    let replica = world.replica().await;
    let (here, there) = (limited(&world), limited(&replica));
    let (coordinator, leader) = (world.sign_in("coordinator").await, world.sign_in("leader").await);
    let (status, headers, body) = post(&here, &coordinator, json!({ "query": ASK })).await;
    let told = &body["data"]["rateLimit"];
    let cost = told["cost"].as_u64().expect("a cost");
    assert_eq!((status, &told["limit"]), (200, &json!(1000)), "{body:#}");
    assert!(cost > 25 && told["remaining"].as_u64().is_some_and(|left| left < 1000 && left + cost + 10 >= 1000), "{told}");
    assert_eq!(headers["ratelimit-policy"], "\"cost\";q=1000;w=60");
    assert!(headers["ratelimit"].to_str().is_ok_and(|value| value.starts_with(&format!("\"cost\";r={};t=", told["remaining"]))));
    // Two replicas together give no more than one would.
    let (mut served, mut refused) = (1, None);
    for number in 0..200 {
        let router = if number % 2 == 0 { &there } else { &here };
        let (status, headers, body) = post(router, &coordinator, json!({ "query": ASK })).await;
        if status == 200 {
            served += 1;
        } else {
            refused = Some((status, headers, body));
            break;
        }
    }
    let (status, headers, body) = refused.expect("refused in the end");
    assert!(served <= 1000 / cost + 1, "{served} times {cost}");
    assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (429, &json!("RATE_LIMITED")), "{body:#}");
    let wait: i64 = headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=10).contains(&wait) && headers.contains_key("ratelimit"));
    assert_eq!(post(&here, &leader, json!({ "query": ASK })).await.0, 200, "others have their own");
    assert_eq!(post(&here, &world.partner(), json!({ "query": ASK })).await.0, 200);
    world.pass(TimeDelta::seconds(wait));
    assert_eq!(post(&here, &coordinator, json!({ "query": ASK })).await.0, 200, "and it comes back");
});

#[tokio::test]
async fn r7_strangers_are_counted_by_address_and_refused_documents_cost_nothing() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let router = limited(&world);
    for _ in 0..30 {
        let (_, headers, _) = post(&router, &world.stranger(), json!({ "query": "{ groups(first: 101) { totalCount } }" })).await;
        assert!(!headers.contains_key("ratelimit"));
    }
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(post(&router, &world.stranger(), json!({ "query": "{ server { version } }" })).await.0);
    }
    assert_eq!(statuses, [vec![200; 10], vec![429; 2]].concat());
}

#[tokio::test]
async fn a_document_is_known_by_its_hash_once_it_has_passed_the_guard() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let hash = api::http::documents::hash;
    let named = |query: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(query) } });
    let (good, bad) = ("{ server { schemaPath } }", "{ groups(first: 101) { totalCount } }");
    let stranger = world.stranger();
    let code = |body: &Value| body["errors"][0]["extensions"]["code"].clone();
    for query in [good, bad] {
        assert_eq!(code(&stranger.body(&json!({ "extensions": named(query) })).await), "PERSISTED_QUERY_NOT_FOUND");
        stranger.body(&json!({ "query": query, "extensions": named(query) })).await;
    }
    assert_eq!(stranger.body(&json!({ "extensions": named(good) })).await["data"]["server"]["schemaPath"], "/schema.graphql");
    assert_eq!(code(&stranger.body(&json!({ "extensions": named(bad) })).await), "PERSISTED_QUERY_NOT_FOUND", "refused ones are not kept");
    assert_eq!(code(&stranger.body(&json!({ "query": good, "extensions": named(bad) })).await), "BAD_USER_INPUT", "another's hash");
    for wrong in [json!(1), json!({ "version": 2, "sha256Hash": hash(good) }), json!({ "version": 1, "sha256Hash": "../../etc/passwd" })] {
        assert_eq!(code(&stranger.body(&json!({ "extensions": { "persistedQuery": wrong } })).await), "BAD_USER_INPUT");
    }
}

both!(a_client_that_has_registered_documents_runs_those_alone, |world| async move {
    let (listed, other) = ("{ groups { totalCount } }", "{ venues { totalCount } }");
    let partner = world.partner();
    let client = api::store::client::enabled(world.app.db.read()).await.expect("clients").remove(0).name;
    api::operate::register(&world.app, &client, &[listed.to_owned()]).await.expect("registered");
    assert!(partner.ask(listed, json!({})).await["groups"]["totalCount"].is_number());
    assert_eq!(partner.fault(other, json!({})).await, "FORBIDDEN");
    let by_hash = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": api::http::documents::hash(listed) } } });
    assert!(partner.body(&by_hash).await["data"]["groups"]["totalCount"].is_number());
    assert!(
        world.sign_in("coordinator").await.ask(other, json!({})).await["venues"]["totalCount"].is_number(),
        "others run what they like"
    );
    let wrong = api::operate::register(&world.app, &client, &["{ nothing".to_owned()]).await;
    assert!(wrong.is_err(), "what would be refused can't be registered");
});

#[tokio::test]
async fn r5_a_variable_has_to_fit_its_place() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let coordinator = world.sign_in("coordinator").await;
    for (query, variables, fits) in [
        ("query($n: Int) { champions(first: $n) { totalCount } }", json!({ "n": 1 }), true),
        ("query($n: Int!) { champions(first: $n) { totalCount } }", json!({ "n": 1 }), true),
        ("query($n: String) { champions(first: $n) { totalCount } }", json!({ "n": "1" }), false),
        ("query($n: [Int]) { champions(first: $n) { totalCount } }", json!({ "n": [1] }), false),
        ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": "x" }), true),
        ("query($id: ID) { node(id: $id) { id } }", json!({ "id": "x" }), false),
        ("query($id: ID = \"x\") { node(id: $id) { id } }", json!({}), true),
        ("query($id: String!) { node(id: $id) { id } }", json!({ "id": "x" }), false),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [] }), true),
        ("query($ids: [ID]!) { nodes(ids: $ids) { id } }", json!({ "ids": [] }), false),
        ("query($ids: ID!) { nodes(ids: $ids) { id } }", json!({ "ids": "x" }), false),
        ("query($id: ID!) { nodes(ids: [$id]) { id } }", json!({ "id": "x" }), true),
        ("query($n: Int) { champions(filter: {nameContains: $n}) { totalCount } }", json!({ "n": 1 }), false),
        ("query($n: String) { champions(filter: {nameContains: $n}) { totalCount } }", json!({ "n": "x" }), true),
        ("query($n: Int) { ...A } fragment A on Query { champions(filter: {nameContains: $n}) { totalCount } }", json!({ "n": 1 }), false),
        ("query($b: Boolean) { server @skip(if: $b) { version } }", json!({ "b": true }), false),
        ("query($b: Boolean!) { server @skip(if: $b) { version } }", json!({ "b": true }), true),
    ] {
        let (_, body) = coordinator.send(query, variables).await;
        let code = &body["errors"][0]["extensions"]["code"];
        assert_eq!(code, &if fits { Value::Null } else { json!("GRAPHQL_VALIDATION_FAILED") }, "{query}: {body:#}");
    }
}

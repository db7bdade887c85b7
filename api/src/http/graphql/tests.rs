use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_graphql::{Error, ErrorExtensions, Object, Schema, Subscription};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::Stream;
use serde_json::{Value, json};

use super::{Exchange, RawRequest, Rejection, Settings, refuse, respond};
use crate::graphql::code::Code;

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

#[derive(Default)]
struct Query;

#[Object]
impl Query {
    async fn zebra(&self) -> &str {
        "stripes"
    }
    async fn apple(&self, #[graphql(validator(minimum = 1))] count: Option<i32>) -> Option<i32> {
        count
    }
    async fn leak(&self) -> Option<Result<i32, Error>> {
        Some(Err(Error::new("password of the database: hunter2")))
    }
    async fn forged(&self) -> Option<Result<i32, Error>> {
        let error = std::io::Error::other("Failed to parse \"/etc/digiknow.toml\": denied");
        Some(Err(error.into()))
    }
    async fn forbidden(&self) -> Option<Result<i32, Error>> {
        Some(Err(Error::new("Not yours.").extend_with(|_, e| e.set("code", "FORBIDDEN"))))
    }
    async fn odd(&self) -> Option<Result<i32, Error>> {
        Some(Err(Error::new("secret").extend_with(|_, e| e.set("code", "ODD"))))
    }
    async fn panic(&self, unless: Option<i32>) -> Option<i32> {
        Some(unless.expect("a panic with hunter2 in it"))
    }
    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        1
    }
}

#[derive(Default)]
struct Mutation(Arc<AtomicU32>);

#[Object]
impl Mutation {
    async fn bump(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

struct Ticks;

#[Subscription]
impl Ticks {
    async fn tick(&self) -> impl Stream<Item = i32> {
        futures_util::stream::iter([1])
    }
}

type Tiny = Schema<Query, Mutation, Ticks>;

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON answer")
    }
    fn code(&self) -> Value {
        self.json()["errors"][0]["extensions"]["code"].clone()
    }
    fn message(&self) -> String {
        let message = self.json()["errors"][0]["message"].clone();
        message.as_str().expect("a message").to_owned()
    }
}

async fn ask(schema: &Tiny, request: Request<Body>, suggestions: bool) -> Got {
    let settings = Settings { timeout: Duration::from_millis(200), ..Settings::default() };
    let exchange = Exchange { settings: &settings, request_id: "req-1", suggestions, known: None };
    let raw = RawRequest::read(request, settings.body).await;
    let ready = |request, _: &_| std::future::ready(Ok(request));
    let response = respond(schema, raw, exchange, ready).await;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Got { status: parts.status, headers: parts.headers, text }
}

fn tiny() -> Tiny {
    Schema::new(Query, Mutation::default(), Ticks)
}

fn post(accept: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/graphql").header("content-type", JSON).header("accept", accept).body(body.into()).expect("a request")
}

async fn query(accept: &str, query: &str) -> Got {
    ask(&tiny(), post(accept, json!({ "query": query }).to_string()), false).await
}

async fn get(url: &str) -> Got {
    let request = Request::get(url).header("accept", GRAPHQL).body(Body::empty());
    ask(&tiny(), request.expect("a request"), false).await
}

#[tokio::test]
async fn keys_keep_their_order_and_headers_are_set() {
    let got = query(GRAPHQL, "{zebra apple(count: 2)}").await;
    assert_eq!(got.text, r#"{"data":{"zebra":"stripes","apple":2}}"#);
    assert_eq!(got.status, StatusCode::OK);
    for (name, value) in [
        ("content-type", "application/graphql-response+json; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("vary", "accept, origin"),
    ] {
        assert_eq!(got.headers[name], value);
    }
}

#[tokio::test]
async fn the_answer_is_in_the_type_that_is_accepted() {
    for (accept, expected) in [
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        ("Application/JSON; charset=UTF-8", JSON),
        (GRAPHQL, GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json", JSON),
        ("application/graphql-response+json, */*;q=0.1", GRAPHQL),
        ("application/json, */*", JSON),
        ("application/json;q=0, */*", GRAPHQL),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
    ] {
        let got = query(accept, "{zebra}").await;
        assert_eq!(got.status, StatusCode::OK, "{accept}");
        assert_eq!(got.headers["content-type"], format!("{expected}; charset=utf-8"), "{accept}");
    }
    for accept in ["text/html", "", "application/json;q=0", "application/json;charset=latin1", "application/json;q=7"] {
        let got = query(accept, "{zebra}").await;
        assert_eq!(got.status, StatusCode::NOT_ACCEPTABLE, "{accept}");
        assert_eq!(got.code(), "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn only_json_bodies_are_read() {
    for (content_type, expected) in [
        (Some("application/json"), StatusCode::OK),
        (Some("Application/Json ; Charset=\"UTF-8\""), StatusCode::OK),
        (Some("application/json; charset=utf-16"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("text/plain"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("multipart/form-data; boundary=x"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("application/x-www-form-urlencoded"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Some("application/graphql"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (None, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let mut request = Request::post("/graphql").body(Body::from(r#"{"query":"{zebra}"}"#)).expect("a request");
        if let Some(content_type) = content_type {
            let value = content_type.parse().expect("a header");
            request.headers_mut().insert("content-type", value);
        }
        assert_eq!(ask(&tiny(), request, false).await.status, expected, "{content_type:?}");
    }
}

#[tokio::test]
async fn broken_bodies_get_one_clean_line() {
    let deep = format!("{{\"variables\":{{\"a\":{}", "[".repeat(500));
    for body in [
        b"".as_slice(),
        b"{",
        b"null",
        b"7",
        b"\"{zebra}\"",
        b"{\"query\": 7}",
        b"{\"query\": [\"{zebra}\"]}",
        b"{\"query\": null}",
        b"{}",
        b"{\"query\": \"{zebra}\", \"operationName\": {}}",
        b"{\"query\": \"{zebra}\", \"variables\": []}",
        b"{\"query\": \"{zebra}\", \"variables\": \"{}\"}",
        b"{\"query\": \"{zebra}\", \"extensions\": 0}",
        b"{\"query\": \"{zebra}\", \"query\": \"{apple}\"}",
        b"{\"query\": \"{zebra}\xff\"}",
        b"{\"query\": \"{zebra}\", \"else\": \"\xff\"}",
        b"{\"query\": \"\\ud800\"}",
        b" [{\"query\": \"{zebra}\"}]",
        b"[\"{zebra}\"]",
        deep.as_bytes(),
    ] {
        let got = ask(&tiny(), post(JSON, body.to_vec()), false).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{shown}");
        assert_eq!(got.code(), "BAD_USER_INPUT", "{shown}");
        assert_eq!(got.json()["errors"][0]["extensions"]["requestId"], "req-1");
        assert!(got.json().get("data").is_none(), "{shown}");
        let message = got.message();
        let internals = ["line", "column", "serde", "expected", "\n", "visit"];
        assert!(!internals.iter().any(|word| message.contains(word)), "{message}");
    }
}

#[tokio::test]
async fn large_bodies_are_refused_with_or_without_a_length() {
    let padded = |n: usize| format!("{{\"query\":\"{{zebra}}\"{}}}", " ".repeat(n - 19));
    let got = ask(&tiny(), post(JSON, padded(256 * 1024)), false).await;
    assert_eq!(got.status, StatusCode::OK);
    let got = ask(&tiny(), post(JSON, padded(256 * 1024 + 1)), false).await;
    assert_eq!((got.status, got.code()), (StatusCode::PAYLOAD_TOO_LARGE, "BAD_USER_INPUT".into()));
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1_000)));
    let got = ask(&tiny(), post(JSON, Body::from_stream(endless)), false).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
    let broken = futures_util::stream::iter([Ok("{"), Err(std::io::Error::other("reset"))]);
    let got = ask(&tiny(), post(JSON, Body::from_stream(broken)), false).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn get_runs_queries_and_nothing_else() {
    let got = get(
        "/graphql?query=query%20A%7Bzebra%7D%20query%20B(%24c%3AInt)%7Bapple(count%3A%24c)%7D&operationName=B&variables=%7B%22c%22%3A3%7D",
    )
    .await;
    assert_eq!(got.text, r#"{"data":{"apple":3}}"#);
    let schema = tiny();
    let request = Request::get("/graphql?query=mutation%7Bbump%7D").body(Body::empty()).expect("a request");
    let got = ask(&schema, request, false).await;
    assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(got.headers["allow"], "POST");
    let got = ask(&schema, post(JSON, r#"{"query":"mutation{bump}"}"#), false).await;
    assert_eq!(got.text, r#"{"data":{"bump":0}}"#, "the GET before must not have run");
    for url in
        ["/graphql", "/graphql?query=%7Bzebra%7D&variables=%7B", "/graphql?query=%7Bzebra%7D&variables=[]", "/graphql?query=a&query=b"]
    {
        assert_eq!(get(url).await.status, StatusCode::BAD_REQUEST, "{url}");
    }
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/graphql").body(Body::empty());
        let got = ask(&tiny(), request.expect("a request"), false).await;
        assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(got.headers["allow"], "GET, POST");
    }
}

#[tokio::test]
async fn refused_documents_have_no_data_and_a_code() {
    for (text, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{nothing}", "GRAPHQL_VALIDATION_FAILED"),
        ("{zebra{a}}", "GRAPHQL_VALIDATION_FAILED"),
        ("{...F}", "GRAPHQL_VALIDATION_FAILED"),
        ("{apple(count: \"x\")}", "BAD_USER_INPUT"),
        ("query($c: Int!){apple(count: $c)}", "BAD_USER_INPUT"),
        ("{a:apple(first: 1000)}", "BAD_USER_INPUT"),
        ("subscription {tick}", "BAD_USER_INPUT"),
        ("mutation {bump bump}", "GRAPHQL_VALIDATION_FAILED"),
        ("{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a}}}}}}}}}}}}}}}}", "OPERATION_TOO_COMPLEX"),
    ] {
        for (accept, status) in [(GRAPHQL, StatusCode::BAD_REQUEST), (JSON, StatusCode::OK)] {
            let got = query(accept, text).await;
            assert_eq!((got.status, got.code()), (status, code.into()), "{text}");
            assert!(got.json().get("data").is_none(), "{text}");
            assert!(!got.message().contains('\n'));
        }
    }
}

#[tokio::test]
async fn strangers_are_told_no_names() {
    for text in ["{zebr}", "{apple(coun: 1)}"] {
        let body = json!({ "query": text }).to_string();
        let told = ask(&tiny(), post(JSON, body.clone()), true).await;
        assert!(told.message().contains("Did you mean"), "{}", told.message());
        let got = ask(&tiny(), post(JSON, body), false).await;
        assert!(!got.text.contains("Did you mean"), "{}", got.text);
        assert!(got.message().starts_with("Unknown"), "{}", got.message());
    }
    let many = format!("{{{}}}", "nothing ".repeat(20));
    assert_eq!(query(JSON, &many).await.json()["errors"].as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn errors_of_resolvers_show_nothing_of_ours() {
    let got = query(GRAPHQL, "{zebra leak forged odd forbidden}").await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.json()["data"]["zebra"], "stripes");
    let mut codes: Vec<_> = Vec::new();
    for error in got.json()["errors"].as_array().expect("errors") {
        assert_eq!(error["extensions"]["requestId"], "req-1");
        codes.push((error["path"][0].clone(), error["extensions"]["code"].clone()));
    }
    let internal = json!("INTERNAL_SERVER_ERROR");
    for name in ["leak", "forged", "odd"] {
        assert!(codes.contains(&(name.into(), internal.clone())), "{codes:?}");
    }
    assert!(codes.contains(&("forbidden".into(), "FORBIDDEN".into())), "{codes:?}");
    for secret in ["hunter2", "/etc", "secret"] {
        assert!(!got.text.contains(secret), "{}", got.text);
    }
}

#[tokio::test]
async fn values_that_cannot_be_read_name_their_argument() {
    let got = query(GRAPHQL, "{\n zebra\n apple(\n  count : 0)\n}").await;
    assert_eq!(got.code(), "BAD_USER_INPUT");
    assert!(got.message().starts_with("Argument \"count\": Failed to parse \"Int\""), "{}", got.message());
    let sent = json!({"query": "query($c:Int){apple(count:$c)}", "variables": {"c": "x".repeat(5_000)}});
    let got = ask(&tiny(), post(GRAPHQL, sent.to_string()), false).await;
    assert_eq!(got.code(), "BAD_USER_INPUT");
    assert!(got.message().contains("\"count\", expected type \"Int\""), "{}", got.message());
}

#[tokio::test]
async fn a_panic_fails_one_request() {
    let got = query(JSON, "{zebra panic}").await;
    assert_eq!(got.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(got.code(), "INTERNAL_SERVER_ERROR");
    assert!(!got.text.contains("hunter2"), "{}", got.text);
    assert_eq!(query(JSON, "{zebra}").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_slow_operation_is_stopped() {
    let got = query(JSON, "{slow}").await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(got.message(), "The operation was stopped: it took longer than 0.2 seconds.");
}

#[tokio::test]
async fn persisted_queries_are_asked_for_in_full() {
    let hash = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0".repeat(64)}}});
    let got = ask(&tiny(), post(JSON, hash.to_string()), false).await;
    assert_eq!(got.code(), "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn preparing_sees_the_cost_and_may_refuse() {
    let settings = Settings::default();
    let exchange = Exchange { settings: &settings, request_id: "req-2", suggestions: true, known: None };
    let limited = || {
        Rejection::http(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, "Slower, please.")
            .with_header(axum::http::header::RETRY_AFTER, "7")
    };
    let raw = RawRequest::read(post(JSON, r#"{"query":"mutation{bump a:bump}"}"#), settings.body).await;
    let schema = tiny();
    let response = respond(&schema, raw, exchange, |_, checked| {
        let cost = checked.cost;
        async move {
            assert_eq!(cost, 2);
            Err(limited())
        }
    });
    let response = response.await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "7");
    let got = ask(&schema, post(JSON, r#"{"query":"mutation{bump}"}"#), false).await;
    assert_eq!(got.text, r#"{"data":{"bump":0}}"#);
    let early = refuse(&HeaderMap::new(), limited(), "req-3");
    assert_eq!(early.headers()["content-type"], "application/json; charset=utf-8");
}

//! Bodies that are not a GraphQL request.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::both;
use crate::harness::{self, World};

/// Posts bytes as a type; answers status, code and message.
async fn post(world: &World, content_type: &str, body: impl Into<Body>) -> (StatusCode, String, String) {
    let key = api::demo::DEMO_KEY;
    let request = Request::post("/graphql").header("content-type", content_type).header("digiknow-client-key", key).body(body.into());
    let (status, answer) = harness::json(world.http(request.expect("a request")).await).await;
    let error = &answer["errors"][0];
    assert!(answer.get("data").is_none() && error["extensions"]["requestId"].is_string(), "{answer:#}");
    (status, error["extensions"]["code"].as_str().expect("a code").to_owned(), error["message"].as_str().expect("a message").to_owned())
}

both!(a_body_that_is_no_request_is_refused_in_one_clean_line, |world| async move {
    let sign_up =
        json!({ "query": crate::champion::SIGN_UP, "variables": { "input": crate::champion::form("body@example.org") } }).to_string();
    let mut not_utf8 = sign_up.clone().into_bytes();
    let place = not_utf8.iter().position(|byte| *byte == b'Z').expect("the name");
    not_utf8[place] = 0xff;
    let bodies: [(&str, Vec<u8>); 9] = [
        ("nothing", vec![]),
        ("not JSON", b"query { requirements { kind } }".to_vec()),
        ("cut off", sign_up.as_bytes()[..sign_up.len() - 3].to_vec()),
        ("bad UTF-8", not_utf8),
        ("a batch", format!("[{sign_up}]").into_bytes()),
        ("a string", b"\"hello\"".to_vec()),
        ("a query that is a number", b"{\"query\": 7}".to_vec()),
        ("variables that are a list", b"{\"query\": \"{ __typename }\", \"variables\": []}".to_vec()),
        ("no query", b"{}".to_vec()),
    ];
    for (what, body) in bodies {
        let (status, code, message) = post(&world, "application/json", body).await;
        assert_eq!((status, code.as_str()), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"), "{what}: {message}");
        assert!(!message.contains("serde") && !message.contains(" line ") && !message.contains('\n'), "{what}: {message}");
    }
    assert_eq!(world.letters("body@example.org").await, [], "nobody signed up");
});

both!(other_content_types_are_not_read, |world| async move {
    let body =
        json!({ "query": crate::champion::SIGN_UP, "variables": { "input": crate::champion::form("type@example.org") } }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
    ] {
        let (status, code, _) = post(&world, kind, body.clone()).await;
        assert_eq!((status, code.as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT"), "{kind}");
    }
    assert_eq!(world.letters("type@example.org").await, [], "nobody signed up");
});

both!(three_hundred_kilobytes_are_too_much, |world| async move {
    let padded = |length: usize| {
        let mut form = crate::champion::form("large@example.org");
        form["knownAs"] = json!("x".repeat(length));
        json!({ "query": crate::champion::SIGN_UP, "variables": { "input": form } }).to_string()
    };
    let (status, code, message) = post(&world, "application/json", padded(300_000)).await;
    assert_eq!((status, code.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "BAD_USER_INPUT"), "{message}");
    let under = Request::post("/graphql").header("content-type", "application/json").header("digiknow-client-key", api::demo::DEMO_KEY);
    let (status, answer) = harness::json(world.http(under.body(Body::from(padded(200_000))).expect("a request")).await).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["data"]["championSignUp"]["userErrors"][0]["field"], json!(["knownAs"]), "{answer:#}");
    assert_eq!(world.letters("large@example.org").await, []);
});

both!(sign_in_reads_json_of_its_own_size, |world| async move {
    let send = async |kind: &str, body: String| {
        let request = Request::post("/auth/sign-in").header("content-type", kind).body(Body::from(body)).expect("a request");
        let (status, answer) = harness::json(world.http(request).await).await;
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let good = json!({ "email": "champion@demo.digiknow.example", "password": api::demo::DEMO_PASSWORD }).to_string();
    let huge = json!({ "email": "champion@demo.digiknow.example", "password": "x".repeat(1 << 20) }).to_string();
    let bad = "BAD_USER_INPUT".to_owned();
    assert_eq!(send("text/plain", good.clone()).await, (StatusCode::UNSUPPORTED_MEDIA_TYPE, bad.clone()));
    assert_eq!(send("application/json", "email=x".to_owned()).await, (StatusCode::BAD_REQUEST, bad.clone()));
    assert_eq!(send("application/json", "{\"email\": 1}".to_owned()).await, (StatusCode::BAD_REQUEST, bad.clone()));
    assert_eq!(send("application/json", huge).await, (StatusCode::PAYLOAD_TOO_LARGE, bad));
    assert_eq!(send("application/json; charset=utf-8", good).await, (StatusCode::OK, String::new()));
});

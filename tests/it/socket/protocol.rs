//! H5: graphql-transport-ws to the letter.

use std::time::Duration;

use api::http::Settings;
use api::http::server::Patience;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::harness::server::{PATIENCE, Server};
use crate::harness::{Backend, World};

const INIT: &str = r#"{"type":"connection_init"}"#;
const FOLLOW: &str = "subscription { sessionChanged { kind } }";

async fn served(settings: Settings) -> (World, Server) {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let server = world.serve(settings, Patience::default()).await;
    (world, server)
}

fn subscribe(id: &str, query: &str) -> String {
    json!({ "type": "subscribe", "id": id, "payload": { "query": query } }).to_string()
}

#[tokio::test]
async fn h5_every_misuse_closes_with_its_code() {
    let (world, server) = served(Settings::default()).await;
    let token = world.sign_in("coordinator").await.headers[0].1.clone();
    let signed_in = json!({ "type": "connection_init", "payload": { "Authorization": token } }).to_string();
    let (two, follow) = ("subscription { a: sessionChanged { kind } b: sessionChanged { kind } }", subscribe("1", FOLLOW));
    let cases: Vec<(&str, Vec<String>, u16)> = vec![
        ("not JSON", vec!["{".into()], 4400),
        ("a list", vec!["[]".into()], 4400),
        ("a type nobody knows", vec![r#"{"type":"start","id":"1"}"#.into()], 4400),
        ("a message of the server's", vec![INIT.into(), r#"{"type":"next","id":"1","payload":{}}"#.into()], 4400),
        ("a payload that is a list", vec![r#"{"type":"connection_init","payload":[1]}"#.into()], 4400),
        ("no id", vec![INIT.into(), r#"{"type":"subscribe","payload":{"query":"{server{version}}"}}"#.into()], 4400),
        ("no payload", vec![INIT.into(), r#"{"type":"subscribe","id":"1"}"#.into()], 4400),
        ("no query", vec![INIT.into(), r#"{"type":"subscribe","id":"1","payload":{}}"#.into()], 4400),
        ("a query that is a number", vec![INIT.into(), r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#.into()], 4400),
        (
            "variables in a list",
            vec![INIT.into(), r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#.into()],
            4400,
        ),
        ("an operation before connection_init", vec![subscribe("1", "{ server { version } }")], 4401),
        ("a forged token", vec![r#"{"type":"connection_init","payload":{"authorization":"Bearer a.b.c"}}"#.into()], 4403),
        ("a token that is no text", vec![r#"{"type":"connection_init","payload":{"authorization":1}}"#.into()], 4403),
        ("an unknown key", vec![r#"{"type":"connection_init","payload":{"digiknow-client-key":"dk_sec_x"}}"#.into()], 4403),
        ("a second connection_init", vec![INIT.into(), INIT.into()], 4429),
        ("the id of an operation that runs", vec![signed_in.clone(), follow.clone(), follow.clone()], 4409),
        ("more than 64 KB", vec![format!("{{\"type\":\"ping\",\"payload\":{{\"a\":\"{}\"}}}}", "a".repeat(65 * 1024))], 1009),
    ];
    for (what, messages, code) in cases {
        let mut socket = server.open().await;
        for message in &messages {
            // The server may have closed before the last one is sent.
            let _ = socket.0.send(Message::Text(message.as_str().into())).await;
        }
        assert_eq!(socket.closed().await, code, "{what}");
    }
    let mut socket = server.open().await;
    socket.0.send(Message::Binary(Bytes::from_static(INIT.as_bytes()))).await.expect("sent");
    assert_eq!(socket.closed().await, 4400, "binary");
    for wrong in [two, "subscription { __typename }", "subscription { sessionChanged @skip(if: false) { kind } }"] {
        let mut socket = server.open_as(&world.sign_in("coordinator").await).await;
        socket.send(&subscribe("1", wrong)).await;
        let answer = socket.hear().await;
        assert_eq!(
            (&answer["type"], &answer["payload"][0]["extensions"]["code"]),
            (&json!("error"), &json!("GRAPHQL_VALIDATION_FAILED")),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn h5_whoever_says_nothing_is_closed_and_pings_are_sent_and_answered() {
    let mut settings = Settings::default();
    settings.sockets.init = Duration::from_millis(200);
    settings.sockets.ping = Duration::from_millis(300);
    let (_world, server) = served(settings).await;
    let mut silent = server.open().await;
    assert_eq!(silent.closed().await, 4408);
    let mut socket = server.open().await;
    socket.send(r#"{"type":"ping","payload":{"b":1,"a":2}}"#).await;
    assert_eq!(socket.next().await.as_deref(), Ok(r#"{"type":"pong","payload":{"b":1,"a":2}}"#), "before connection_init as well");
    socket.send(INIT).await;
    assert_eq!(socket.next().await.as_deref(), Ok(r#"{"type":"connection_ack"}"#));
    socket.send(r#"{"type":"ping"}"#).await;
    assert_eq!(socket.next().await.as_deref(), Ok(r#"{"type":"pong"}"#));
    for nothing in [r#"{"type":"pong"}"#, r#"{"type":"complete","id":"nobody"}"#] {
        socket.send(nothing).await;
    }
    let mut pings = 0;
    while pings < 4 {
        match tokio::time::timeout(PATIENCE, socket.0.next()).await.expect("a ping") {
            Some(Ok(Message::Ping(_))) => pings += 1,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn h5_queries_and_mutations_run_keep_the_order_of_their_keys_and_pass_the_guard() {
    let (world, server) = served(Settings::default()).await;
    let mut socket = server.open_as(&world.sign_in("coordinator").await).await;
    socket.subscribe("q", "{ zebra: server { version } apple: server { version } }", json!({})).await;
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        r#"{{"type":"next","id":"q","payload":{{"data":{{"zebra":{{"version":"{version}"}},"apple":{{"version":"{version}"}}}}}}}}"#
    );
    assert_eq!(socket.next().await, Ok(expected));
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "q" }));
    let input = json!({ "championId": crate::harness::introspection::nobody("Champion"), "to": "PAUSED" });
    let change = "mutation($input: ChampionMembershipChangeInput!) { championMembershipChange(input: $input) { userErrors { code } } }";
    socket.subscribe("m", change, json!({ "input": input })).await;
    let answer = socket.hear().await;
    assert_eq!(answer["payload"]["data"]["championMembershipChange"]["userErrors"][0]["code"], "NOT_FOUND", "{answer:#}");
    socket.hear().await;
    let bomb = format!(
        "{{ ...F0 }} {} fragment F25 on Query {{ server {{ version }} }}",
        (0..25).map(|n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }}", n + 1)).collect::<String>()
    );
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ champions(first: 101) { totalCount } }", "BAD_USER_INPUT"),
        (&bomb, "OPERATION_TOO_COMPLEX"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { sessionChanged { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        socket.subscribe("e", query, Value::Null).await;
        let answer = socket.hear().await;
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!("e")), "{query}: {answer:#}");
        assert_eq!(answer["payload"][0]["extensions"]["code"], code, "{query}");
        assert!(answer["payload"][0]["extensions"]["requestId"].is_string());
    }
    socket.say(json!({ "type": "subscribe", "id": "p", "payload": { "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "0".repeat(64) } } } })).await;
    assert_eq!(socket.hear().await["payload"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn h5_operations_on_a_socket_are_bounded_and_an_id_is_free_once_completed() {
    let mut settings = Settings::default();
    settings.sockets.operations = 2;
    let (world, server) = served(settings).await;
    let mut socket = server.open_as(&world.sign_in("coordinator").await).await;
    for id in ["1", "2", "3"] {
        socket.send(&subscribe(id, FOLLOW)).await;
    }
    let refused = socket.hear().await;
    assert_eq!((&refused["id"], &refused["payload"][0]["extensions"]["code"]), (&json!("3"), &json!("RATE_LIMITED")));
    for _ in 0..3 {
        socket.say(json!({ "type": "complete", "id": "1" })).await;
        socket.send(&subscribe("1", FOLLOW)).await;
    }
    socket.send(&subscribe("1", FOLLOW)).await;
    assert_eq!(socket.closed().await, 4409);
}

#[tokio::test]
async fn h5_sockets_are_closed_when_the_server_stops_and_it_ends() {
    let (world, server) = served(Settings::default()).await;
    let mut socket = server.open_as(&world.sign_in("coordinator").await).await;
    socket.send(&subscribe("1", FOLLOW)).await;
    server.stop();
    assert_eq!(socket.closed().await, 1001);
    tokio::time::timeout(PATIENCE, server.task).await.expect("it ends").expect("no panic");
    tokio::time::timeout(PATIENCE, server.site.without_sockets()).await.expect("no socket is left");
}

//! H5: who may open a socket, how many, and for how long.

use api::http::Settings;
use api::http::server::Patience;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::both;
use crate::harness::server::Server;
use crate::harness::{Backend, Persona, World};

/// The status of a refused upgrade, or 101.
async fn status(server: &Server, headers: &[(&'static str, String)]) -> StatusCode {
    match server.try_open(headers).await {
        Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
        Err(Error::Http(response)) => response.status(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn h5_pages_of_other_origins_are_refused_at_the_upgrade() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let server = world.serve(Settings::default(), Patience::default()).await;
    api::operate::add_client(&world.app, "A partner", true, &[], &["https://partner.example.org".to_owned()]).await.expect("a client");
    let own = format!("http://{}", server.address);
    for (origin, expected) in [
        (own.as_str(), StatusCode::SWITCHING_PROTOCOLS),
        ("https://partner.example.org", StatusCode::SWITCHING_PROTOCOLS),
        ("https://partner.example.org.evil.example", StatusCode::FORBIDDEN),
        ("http://partner.example.org", StatusCode::FORBIDDEN),
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(status(&server, &[("origin", origin.to_owned())]).await, expected, "{origin}");
    }
    for other in ["graphql-ws", "chat"] {
        assert_eq!(status(&server, &[("sec-websocket-protocol", other.to_owned())]).await, StatusCode::BAD_REQUEST, "{other}");
    }
    let bare = format!("ws://{}/graphql", server.address).into_client_request().expect("a request");
    assert!(matches!(tokio_tungstenite::connect_async(bare).await, Err(Error::Http(r)) if r.status() == StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn h5_sockets_are_bounded_in_all_by_address_and_by_account() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let mut settings = Settings::default();
    settings.sockets.account = 1;
    let server = world.serve(settings.clone(), Patience::default()).await;
    let coordinator = world.sign_in("coordinator").await;
    let first = server.open_as(&coordinator).await;
    let mut second = server.open().await;
    second.say(json!({ "type": "connection_init", "payload": { "authorization": coordinator.headers[0].1 } })).await;
    assert_eq!(second.closed().await, 4403, "one for each account");
    settings.sockets.everybody = 2;
    let server = world.serve(settings.clone(), Patience::default()).await;
    let (one, _other) = (server.open().await, server.open().await);
    assert_eq!(status(&server, &[]).await, StatusCode::TOO_MANY_REQUESTS);
    drop((first, one));
    let again = async {
        while status(&server, &[]).await != StatusCode::SWITCHING_PROTOCOLS {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::harness::server::PATIENCE, again).await.expect("its place is free again");
    settings.sockets.address = 0;
    assert_eq!(status(&world.serve(settings, Patience::default()).await, &[]).await, StatusCode::TOO_MANY_REQUESTS);
}

/// Sockets of an account that follow something, one by a token in the payload and one by a header.
async fn followed(server: &Server, who: &Persona<'_>) -> [crate::harness::server::Socket; 2] {
    let mut by_header = server.try_open(&who.headers).await.expect("a socket");
    by_header.say(json!({ "type": "connection_init" })).await;
    by_header.hear().await;
    let mut sockets = [server.open_as(who).await, by_header];
    for socket in &mut sockets {
        socket.subscribe("1", "subscription { sessionChanged { kind } }", json!({})).await;
    }
    sockets
}

both!(h5_a_socket_ends_with_its_token, |world| async move {
    let server = world.serve(Settings::default(), Patience::default()).await;
    let sockets = followed(&server, &world.sign_in("coordinator").await).await;
    world.pass(TimeDelta::minutes(61));
    for mut socket in sockets {
        assert_eq!(socket.closed().await, 4403);
    }
});

both!(i2_a_socket_ends_with_a_role, |world| async move {
    let server = world.serve(Settings::default(), Patience::default()).await;
    let sockets = followed(&server, &world.sign_in("leader").await).await;
    let admin = world.sign_in("admin").await;
    let found = admin.ask("{ account(email: \"leader@demo.digiknow.example\") { memberships { id } } }", json!({})).await;
    let query = "mutation($id: ID!) { roleRevoke(input: {membershipId: $id}) { userErrors { code field message } } }";
    admin.done(query, json!({ "id": found["account"]["memberships"][0]["id"] })).await;
    for mut socket in sockets {
        assert_eq!(socket.closed().await, 4403);
    }
});

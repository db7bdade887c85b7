//! GraphQL over WebSocket, to the letter of graphql-transport-ws.
//!
//! A socket is for open screens. Every operation on it passes the same guard as a request; a subscription is run anew for each
//! of the news, in a context of its own, with the caller's rights as they are then. Nothing outlives the token it began with.

mod connection;
mod operation;
mod places;
mod protocol;

use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use self::connection::Connection;
use self::places::For;
pub use self::places::Places;
use self::protocol::PROTOCOL;
use super::graphql::{Rejection, refuse};
use super::{RequestId, Site, cors};
use crate::graphql::code::Code;

/// What a socket may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the upgrade to `connection_init`: 5 s.
    pub init: Duration,
    /// Between two pings: 20 s. Whoever has not been heard for two of them and a half is gone.
    pub ping: Duration,
    /// Between two looks at whether the caller is still welcome: 1 s.
    pub check: Duration,
    /// For one message to be taken by the client: 10 s.
    pub send: Duration,
    /// Bytes of a message: 64 KB.
    pub message: usize,
    /// Operations at once on a socket: 20.
    pub operations: usize,
    /// Sockets of one account or client key: 10 and 200.
    pub account: usize,
    pub client: usize,
    /// Sockets from one address: 100.
    pub address: usize,
    /// Sockets of this server: 300.
    pub everybody: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(5),
            ping: Duration::from_secs(20),
            check: Duration::from_secs(1),
            send: Duration::from_secs(10),
            message: 64 * 1024,
            operations: 20,
            account: 10,
            client: 200,
            address: 100,
            everybody: 300,
        }
    }
}

/// `GET /graphql` with an upgrade: refuses what a browser's page of another site might send, and what is over the limits.
pub async fn open(site: Site, upgrade: WebSocketUpgrade, parts: Parts, id: RequestId) -> Response {
    let address = site.address(&parts);
    let headers = parts.headers;
    let limits = &site.settings.sockets;
    if let Err(rejection) = welcome(&site, &upgrade, &headers).await {
        return refuse(&headers, rejection, &id.0);
    }
    let everybody = site.places.take(For::Everybody, limits.everybody);
    let near = site.places.take(For::Address(address.clone()), limits.address);
    let (Some(everybody), Some(near)) = (everybody, near) else {
        let rejection = Rejection::http(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, "Too many sockets are open: close one first.");
        return refuse(&headers, rejection.with_header(header::RETRY_AFTER, "5"), &id.0);
    };
    let places = vec![everybody, near];
    let message = limits.message;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(message).max_frame_size(message).max_write_buffer_size(4 << 20);
    upgrade.on_upgrade(move |socket| Connection::new(site, socket, headers, address, places, id.0).run())
}

/// A page may open a socket without asking first, and sends no header that would need leave: its origin is all there is to go by.
async fn welcome(site: &Site, upgrade: &WebSocketUpgrade, headers: &HeaderMap) -> Result<(), Rejection> {
    if site.is_stopping() {
        return Err(Rejection::unavailable());
    }
    let named = |value: &axum::http::HeaderValue| value.to_str().is_ok_and(|names| names.split(',').any(|name| name.trim() == PROTOCOL));
    if !upgrade.requested_protocols().any(named) {
        let message = format!("Name the subprotocol {PROTOCOL} in Sec-WebSocket-Protocol: no other is spoken.");
        return Err(Rejection::http(StatusCode::BAD_REQUEST, Code::BadUserInput, message));
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| cors::is_own(origin, headers))
        && !cors::is_registered(site, origin).await
    {
        let message = "Pages of this origin may not open a socket: ask for it to be added to a client.";
        return Err(Rejection::http(StatusCode::FORBIDDEN, Code::Forbidden, message));
    }
    Ok(())
}

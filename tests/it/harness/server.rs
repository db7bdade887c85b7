//! A world served over TCP, and clients of it.

use std::net::SocketAddr;
use std::time::Duration;

use api::http::server::{Patience, serve};
use api::http::{Settings, Site, router};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Persona, World};

/// Longer than anything takes on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server of a world.
pub struct Server {
    pub address: SocketAddr,
    pub site: Site,
    stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl World {
    /// Serves this world on a port of its own.
    pub async fn serve(&self, settings: Settings, patience: Patience) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (stop, stopping) = watch::channel(false);
        let site = Site::new(self.app.clone()).with_settings(settings).until(stopping.clone());
        let address = listener.local_addr().expect("an address");
        let mut stopping = stopping;
        let routes = router(site.clone(), true);
        let task = tokio::spawn(async move {
            serve(listener, routes, patience, async {
                let _ = stopping.wait_for(|stop| *stop).await;
            })
            .await;
        });
        Server { address, site, stop, task }
    }
}

impl Server {
    /// Asks it to stop.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Opens a socket with these headers beside the subprotocol's.
    pub async fn try_open(&self, headers: &[(&'static str, String)]) -> Result<Socket, Error> {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        Ok(Socket(connect_async(request).await?.0))
    }

    /// Opens a socket.
    pub async fn open(&self) -> Socket {
        self.try_open(&[]).await.expect("a socket")
    }

    /// Opens a socket and says who it is for.
    pub async fn open_as(&self, who: &Persona<'_>) -> Socket {
        let mut socket = self.open().await;
        let payload: serde_json::Map<String, Value> = who.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket
    }
}

/// A client's end of a socket.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn say(&mut self, message: Value) {
        self.send(&message.to_string()).await;
    }

    /// Sends any text.
    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::Text(Utf8Bytes::from(text))).await.expect("sent");
    }

    /// Starts an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query, "variables": variables } })).await;
    }

    /// The next message, or the code the socket is closed with.
    pub async fn next(&mut self) -> Result<String, u16> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                    Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(1006),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a message")
    }

    /// The next message as JSON.
    pub async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.next().await.expect("a message")).expect("JSON")
    }

    /// The code the socket is closed with.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

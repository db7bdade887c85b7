//! The messages of graphql-transport-ws, and the codes a socket is closed with.
//! <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>

use async_graphql::{ServerError, Value};
use axum::extract::ws::{CloseFrame, Utf8Bytes};
use serde::{Deserialize, Serialize};

use crate::http::graphql::Answer;

/// The one subprotocol that is spoken.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// The longest id of an operation: it is said again in a close frame, which takes 123 bytes.
const ID_LENGTH: usize = 64;

/// What a client says.
#[derive(Debug)]
pub enum Said {
    Init(Value),
    Ping(Value),
    Pong,
    Subscribe { id: String, payload: Value },
    Complete { id: String },
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    payload: Value,
}

impl Said {
    /// Reads a message, or says why it is none.
    pub fn read(text: &str) -> Result<Self, Close> {
        let envelope: Envelope =
            serde_json::from_str(text).map_err(|_| Close::invalid("Send JSON objects that name their type, each key once."))?;
        let payload = envelope.payload;
        match envelope.kind.as_str() {
            "connection_init" => details(payload).map(Self::Init),
            "ping" => details(payload).map(Self::Ping),
            "pong" => details(payload).map(|_| Self::Pong),
            "subscribe" => Ok(Self::Subscribe { id: id(envelope.id)?, payload }),
            "complete" => Ok(Self::Complete { id: id(envelope.id)? }),
            _ => Err(Close::invalid("There is no message of this type for a client to send.")),
        }
    }
}

/// The payload of a message that says nothing of an operation.
fn details(payload: Value) -> Result<Value, Close> {
    match payload {
        Value::Null | Value::Object(_) => Ok(payload),
        _ => Err(Close::invalid("The payload of this message is an object, or left out.")),
    }
}

fn id(value: Value) -> Result<String, Close> {
    match value {
        Value::String(id) if !id.is_empty() && id.len() <= ID_LENGTH => Ok(id),
        _ => Err(Close::invalid("This message needs an id: a text of 1 to 64 bytes.")),
    }
}

/// What the server says. Written straight to text: through a JSON value, keys would come out sorted.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Says<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "is_null")]
        payload: &'a Value,
    },
    Next {
        id: &'a str,
        payload: Answer<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

fn is_null(value: &Value) -> bool {
    *value == Value::Null
}

impl Says<'_> {
    /// As it is sent.
    pub fn text(&self) -> Utf8Bytes {
        // Nothing in it can fail to be written: keys are text, and numbers finite.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

/// Why a socket is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Close {
    code: u16,
    reason: String,
}

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// The server is going away: connect again, to another.
    pub fn going_away() -> Self {
        Self::new(1001, "Going away")
    }

    /// A message is larger than is read.
    pub fn too_big() -> Self {
        Self::new(1009, "A message is larger than 64 KB")
    }

    /// Who this is can't be found out just now.
    pub fn try_later() -> Self {
        Self::new(1013, "Try again later")
    }

    /// A message is not of the protocol.
    pub fn invalid(reason: &str) -> Self {
        Self::new(4400, reason)
    }

    /// An operation before the connection was acknowledged.
    pub fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    /// Whoever this is may not connect, or may not any more.
    pub fn forbidden(reason: &str) -> Self {
        Self::new(4403, reason)
    }

    /// No `connection_init` in time.
    pub fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// Two operations with one id.
    pub fn exists(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    /// A second `connection_init`.
    pub fn too_many_inits() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    /// As it is sent: a reason has 123 bytes at most.
    pub fn frame(mut self) -> CloseFrame {
        let end = self.reason.floor_char_boundary(123);
        self.reason.truncate(end);
        CloseFrame { code: self.code, reason: self.reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"next","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"connection_init","payload":[]}"#,
            r#"{"type":"ping","payload":"now"}"#,
            r#"{"type":"ping","type":"ping"}"#,
        ] {
            assert_eq!(Said::read(text).map(|said| format!("{said:?}")).map_err(|close| close.code), Err(4400), "{text}");
        }
    }

    #[test]
    fn a_reason_fits_its_frame() {
        let frame = Close::exists(&"é".repeat(100)).frame();
        assert!(frame.reason.len() <= 123 && frame.reason.starts_with("Subscriber for é"));
    }
}

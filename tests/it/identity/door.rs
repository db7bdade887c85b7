//! What the tests of identity knock with.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::harness::World;

/// The demo's address of somebody.
pub fn address(name: &str) -> String {
    format!("{name}@demo.digiknow.example")
}

/// An answer of `/auth`.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends a request; answers everything.
pub async fn send(world: &World, request: Request<Body>) -> Answer {
    let response = world.http(request).await;
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).expect("UTF-8") }
}

/// A caller at an address, as a proxy in front would name it, perhaps with an access token.
#[derive(Clone, Debug, Default)]
pub struct From {
    pub address: &'static str,
    pub token: Option<String>,
}

impl From {
    pub fn at(address: &'static str) -> Self {
        Self { address, token: None }
    }

    pub fn with(token: &Value) -> Self {
        Self { address: "", token: Some(token.as_str().expect("a token").to_owned()) }
    }

    pub async fn call(&self, world: &World, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("x-forwarded-for", self.address);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        send(world, request.body(body).expect("a request")).await
    }

    pub async fn post(&self, world: &World, path: &str, body: Value) -> Answer {
        self.call(world, Method::POST, path, Some(body)).await
    }

    pub async fn sign_in(&self, world: &World, name: &str, password: &str) -> Answer {
        self.post(world, "/auth/sign-in", json!({ "email": address(name), "password": password })).await
    }
}

/// Posts without a network address or token.
pub async fn post(world: &World, path: &str, body: Value) -> Answer {
    From::default().post(world, path, body).await
}

/// A sign-in of the demo that must work.
pub async fn signed_in(world: &World, name: &str) -> Value {
    let answer = From::default().sign_in(world, name, api::demo::DEMO_PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

/// Exchanges a refresh token.
pub async fn refresh(world: &World, token: &Value) -> Answer {
    post(world, "/auth/refresh", json!({ "refreshToken": token })).await
}

/// Whether an access token is taken.
pub async fn works(world: &World, token: &Value) -> bool {
    let (status, body) = world.holder(token).send("{ viewer { account { id } } }", json!({})).await;
    assert!(status == StatusCode::OK || status == StatusCode::UNAUTHORIZED, "{body:#}");
    status == StatusCode::OK && body["data"]["viewer"]["account"]["id"].is_string()
}

/// The statements that were sent while something was done.
pub async fn statements<T>(world: &World, work: impl Future<Output = T>) -> (T, Vec<String>) {
    world.statements.lock().expect("a list").clear();
    let outcome = work.await;
    (outcome, world.statements.lock().expect("a list").clone())
}

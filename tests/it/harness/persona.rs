//! Somebody who asks.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::World;

/// Somebody who asks, with the headers that say who.
#[derive(Clone)]
pub struct Persona<'w> {
    pub world: &'w World,
    pub headers: Vec<(&'static str, String)>,
}

impl Persona<'_> {
    /// Sends a document; answers status and body.
    pub async fn send(&self, query: &str, variables: Value) -> (StatusCode, Value) {
        self.post(&json!({ "query": query, "variables": variables })).await
    }

    /// Sends a whole request body; answers the body.
    pub async fn body(&self, body: &Value) -> Value {
        self.post(body).await.1
    }

    async fn post(&self, body: &Value) -> (StatusCode, Value) {
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        super::json(self.world.http(request.body(Body::from(body.to_string())).expect("a request")).await).await
    }

    /// The data of a document that must not fail.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let (status, body) = self.send(query, variables).await;
        assert!(status.is_success() && body.get("errors").is_none(), "{query}\n{body:#}");
        body["data"].clone()
    }

    /// The one payload of a mutation that must not fail at the top level.
    pub async fn payload(&self, query: &str, variables: Value) -> Value {
        let data = self.ask(query, variables).await;
        data.as_object().and_then(|fields| fields.values().next()).cloned().expect("a payload")
    }

    /// The payload of a mutation that must succeed.
    pub async fn done(&self, query: &str, variables: Value) -> Value {
        let payload = self.payload(query, variables).await;
        assert_eq!(payload["userErrors"], json!([]), "{query}");
        payload
    }

    /// The codes of a mutation that must be refused by its rules.
    pub async fn refused(&self, query: &str, variables: Value) -> Vec<String> {
        let payload = self.payload(query, variables).await;
        let errors = payload["userErrors"].as_array().cloned().unwrap_or_default();
        assert!(!errors.is_empty(), "it was done: {payload:#}");
        errors.iter().map(|e| e["code"].as_str().unwrap_or("no code was asked for").to_owned()).collect()
    }

    /// Code and dotted field of each problem of a mutation that must be refused; each comes with a sentence.
    pub async fn problems(&self, query: &str, variables: Value) -> Vec<(String, String)> {
        let payload = self.payload(query, variables).await;
        let errors = payload["userErrors"].as_array().cloned().unwrap_or_default();
        assert!(!errors.is_empty(), "it was done: {payload:#}");
        let field = |error: &Value| -> String {
            let path = error["field"].as_array().cloned().unwrap_or_default();
            path.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
        };
        for error in &errors {
            assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "says nothing: {error}");
        }
        errors.iter().map(|error| (error["code"].as_str().expect("a code").to_owned(), field(error))).collect()
    }

    /// The code of a document that must fail at the top level.
    pub async fn fault(&self, query: &str, variables: Value) -> String {
        let (_, body) = self.send(query, variables).await;
        body["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error: {body:#}")).to_owned()
    }
}

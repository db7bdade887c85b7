//! The explorer: a page of our own to ask the API with, and the tour it offers.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Site;
use crate::demo;

/// The five-minute tour. README.md prints it and tests/it/tour.rs runs it.
pub const TOUR: &str = include_str!("../web/tour.json");

const PAGE: &str = include_str!("../web/explorer.html");

/// `GET /explorer`: the page, with its script and style inside: nothing is fetched from anywhere else, and nothing runs but these.
pub async fn page() -> Response {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let (style, script) = (hashes("style"), hashes("script"));
        format!(
            "default-src 'none'; style-src {style}; script-src {script}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    });
    ([(header::CONTENT_SECURITY_POLICY, POLICY.as_str())], Html(PAGE)).into_response()
}

/// The hashes of the page's elements of a kind, as a policy names them.
fn hashes(element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let inside = PAGE.split(open.as_str()).skip(1).filter_map(|rest| rest.split(close.as_str()).next());
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())));
    inside.map(hash).collect::<Vec<_>>().join(" ")
}

/// `GET /explorer/tour.json`: the tour, and in the demo, only there, how to sign in as each persona.
pub async fn tour(State(site): State<Site>) -> Response {
    let personas = if site.app.demo { personas() } else { json!([]) };
    // The tour's text goes in as it is: parsing would sort its keys.
    let body = format!("{{\"personas\":{personas},\"tour\":{TOUR}}}");
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The demo's personas: a client key, or an address and the password of the demo.
fn personas() -> Value {
    let partner = json!({ "id": "partner", "name": "Partner website", "clientKey": demo::DEMO_KEY });
    let accounts = demo::PERSONAS
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "email": demo::address(id), "password": demo::DEMO_PASSWORD }));
    std::iter::once(partner).chain(accounts).collect()
}

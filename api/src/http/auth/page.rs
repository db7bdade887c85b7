//! The pages that links in messages open: no script, nothing from elsewhere, and a button, since mail scanners follow links.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const STYLE: &str = "body{max-width:32rem;margin:0 auto;padding:1rem;font:1.1rem/1.5 system-ui,sans-serif}\
h1{font-size:1.5rem}label{display:block}input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem}\
button{font:inherit;margin-top:1rem;padding:.6rem 1.2rem}code{overflow-wrap:anywhere}";

/// The one style that the policy lets through.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes())));

/// A page. `goes_to` is where its form may lead, besides this service.
pub fn page(status: StatusCode, title: &str, body: &str, goes_to: Option<&str>) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_HASH,
        goes_to.unwrap_or_default()
    );
    let html = format!(
        "<!doctype html><html lang=\"en-GB\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main></html>"
    );
    (status, [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store".to_owned())], Html(html)).into_response()
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

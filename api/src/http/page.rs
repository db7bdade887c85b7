//! Pages: no script, nothing from elsewhere, and one style, which the policy names by its hash (CSP level 3). A form, if there is one,
//! has a button, since mail scanners follow links.

use aws_lc_rs::digest;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

/// How pages with a question or an answer look: legible on a telephone.
const STYLE: &str = "body{max-width:32rem;margin:0 auto;padding:1rem;font:1.1rem/1.5 system-ui,sans-serif}\
h1{font-size:1.5rem}label{display:block}input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem}\
button{font:inherit;margin-top:1rem;padding:.6rem 1.2rem}code{overflow-wrap:anywhere}";

/// A page with a question or an answer. `goes_to` is where its form may lead, besides this service.
pub fn page(status: StatusCode, title: &str, body: &str, goes_to: Option<&str>) -> Response {
    let form = format!("'self' {}", goes_to.unwrap_or_default());
    (status, styled(STYLE, title, &format!("<h1>{title}</h1>{body}"), form.trim_end())).into_response()
}

/// A page in a style of its own. `form` is where its form may lead, as the policy says it; `'none'` if there is none.
pub fn styled(style: &str, title: &str, body: &str, form: &str) -> Response {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, style.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; form-action {form}; base-uri 'none'; frame-ancestors 'none'");
    let html = format!(
        "<!doctype html><html lang=\"en-GB\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>{style}</style><main>{body}</main></html>"
    );
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

/// The largest form that is read.
const BODY: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// The form that a request sends; an empty one if it sends none.
pub async fn form<T: DeserializeOwned + Default>(request: Request) -> T {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
        return T::default();
    }
    let body = axum::body::to_bytes(request.into_body(), BODY).await.ok();
    body.and_then(|body| serde_urlencoded::from_bytes(&body).ok()).unwrap_or_default()
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

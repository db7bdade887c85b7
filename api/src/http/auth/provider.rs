//! `/auth/oidc`: through an identity provider and back. A browser comes here, so the answers are pages.

use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::Site;
use super::link::signed_in_page;
use super::{not_granted, problem, visit, with};
use crate::graphql::code::Code;
use crate::http::page::page;
use crate::service::provider::{Back, NotLetIn, begin, finish};

/// Where a sign-in begins.
const START: &str = "/auth/oidc/start";

/// The one cookie of this service: for minutes, for this path, worth nothing but to show that the browser that comes back is the one
/// that began. Without it somebody could be led into another person's sign-in.
fn cookie(site: &Site, value: &str, seconds: i64) -> String {
    let secure = site.app.policy.identity.public_url.starts_with("https://");
    let (name, rest) = (cookie_name(secure), if secure { "; Secure" } else { "" });
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{rest}")
}

/// A browser keeps a `__Host-` cookie only from this very host, over TLS.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-digiknow-sign-in" } else { "digiknow-sign-in" }
}

fn kept(site: &Site, headers: &HeaderMap) -> String {
    let name = cookie_name(site.app.policy.identity.public_url.starts_with("https://"));
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
}

fn off() -> Response {
    let message =
        "No identity provider is set up here: sign in with a password at POST /auth/sign-in, or ask for a link at POST /auth/link.";
    problem(StatusCode::NOT_FOUND, Code::BadUserInput, None, message)
}

/// `GET /auth/oidc/start`: leads to the identity provider.
pub async fn start(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(provider) = site.app.provider.get() else { return off() };
    match begin(&site.app, provider, &visit(&site, &parts)).await {
        Ok(begun) => {
            let minutes = rules::provider::ATTEMPT_LASTS.num_seconds();
            let headers = [(header::LOCATION, begun.to), (header::SET_COOKIE, cookie(&site, &begun.browser, minutes))];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(refused) => stayed_out(refused),
    }
}

#[derive(Deserialize)]
pub struct Returned {
    #[serde(default)]
    state: String,
    code: Option<String>,
}

/// `GET /auth/oidc/callback`: where the provider leads back to. Ends as a sign-in by link does.
pub async fn callback(State(site): State<Site>, Query(returned): Query<Returned>, request: Request) -> Response {
    let (parts, _): (Parts, _) = request.into_parts();
    let Some(provider) = site.app.provider.get() else { return off() };
    let back = Back { state: returned.state, code: returned.code, browser: kept(&site, &parts.headers) };
    let answer = match finish(&site.app, provider, &visit(&site, &parts), back).await {
        Ok(tokens) => signed_in_page(&site, &tokens),
        Err(refused) => stayed_out(refused),
    };
    with(answer, header::SET_COOKIE, &cookie(&site, "", 0))
}

fn stayed_out(refused: NotLetIn) -> Response {
    let again = format!("<p><a href=\"{START}\">Begin again</a></p>");
    match refused {
        NotLetIn::NotGood => {
            let why = "<p>This sign-in was not finished: it was stopped, took longer than ten minutes, or was used before.</p>";
            page(StatusCode::BAD_REQUEST, "You are not signed in", &format!("{why}{again}"), None)
        }
        NotLetIn::Away => {
            let why =
                "<p>The place where you sign in does not answer just now. Nothing is wrong with your account: try again in a moment.</p>";
            let answer = page(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment", &format!("{why}{again}"), None);
            with(answer, header::RETRY_AFTER, "5")
        }
        NotLetIn::Nothing => {
            let why =
                "<p>You signed in where you work, but there is nothing here for you to use. An administrator of this service can help.</p>";
            page(StatusCode::FORBIDDEN, "There is no access for you here", why, None)
        }
        NotLetIn::Not(refused) => not_granted(refused, "This is not possible."),
    }
}

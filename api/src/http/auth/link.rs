//! Links by e-mail: to sign in, and to choose a new password. Asking answers the same for everybody; following shows a button;
//! only a POST uses the link up.

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rules::sign_in::LinkPurpose;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::Site;
use super::session::granted;
use super::{BODY, is, json_body, not_changed, not_granted, too_large, visit};
use crate::http::page::{escape, page};
use crate::service::password::{self, NotChanged};
use crate::service::sign_in::{Granted, NotGranted};

const FORM: &str = "application/x-www-form-urlencoded";
const OVER: &str = "This link is not good, or not any more: ask for another. It is good for 15 minutes, once.";

#[derive(Deserialize)]
struct Address {
    email: String,
}

/// `POST /auth/link` with an `email`: sends a link to sign in with, if somebody has the address. The answer does not say.
pub async fn request_sign_in(State(site): State<Site>, request: Request) -> Response {
    ask(&site, request, LinkPurpose::SignIn).await
}

/// `POST /auth/recover` with an `email`: sends a link to choose a new password with, if somebody has the address. The answer does
/// not say.
pub async fn request_recovery(State(site): State<Site>, request: Request) -> Response {
    ask(&site, request, LinkPurpose::Recover).await
}

async fn ask(site: &Site, request: Request, purpose: LinkPurpose) -> Response {
    let (parts, body) = match json_body::<Address>(request, "{\"email\": \"name@example.org\"}").await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    match password::request_link(&site.app, &visit(site, &parts), &body.email, purpose).await {
        Ok(()) => {
            let message = "If somebody has this address with us, a link is on its way to it. It is good for 15 minutes, once.";
            (StatusCode::ACCEPTED, Json(json!({ "message": message }))).into_response()
        }
        Err(refused) => not_granted(refused, OVER),
    }
}

#[derive(Deserialize)]
pub struct Followed {
    #[serde(default)]
    token: String,
}

/// `GET /auth/link?token=…`: a button.
pub async fn sign_in_page(State(site): State<Site>, Query(followed): Query<Followed>, request: Request) -> Response {
    let form = format!(
        "<p>Press the button to sign in.</p><form method=\"post\" action=\"/auth/link/use\">\
         <input type=\"hidden\" name=\"token\" value=\"{}\"><button>Sign in</button></form>",
        escape(&followed.token)
    );
    follow(&site, request, &followed.token, LinkPurpose::SignIn, "Sign in to DigiKnow", &form).await
}

/// `GET /auth/recover?token=…`: a form for the new password.
pub async fn recovery_page(State(site): State<Site>, Query(followed): Query<Followed>, request: Request) -> Response {
    follow(&site, request, &followed.token, LinkPurpose::Recover, NEW_PASSWORD, &password_form(&followed.token, "")).await
}

const NEW_PASSWORD: &str = "Choose a new password";

fn password_form(token: &str, problem: &str) -> String {
    format!(
        "<p role=\"alert\">{}</p><form method=\"post\" action=\"/auth/recover/use\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
         <label for=\"new\">New password, of 12 characters or more</label>\
         <input id=\"new\" name=\"newPassword\" type=\"password\" autocomplete=\"new-password\" minlength=\"12\" maxlength=\"128\" required>\
         <button>Change the password</button></form>",
        escape(problem),
        escape(token)
    )
}

async fn follow(site: &Site, request: Request, token: &str, purpose: LinkPurpose, title: &str, form: &str) -> Response {
    let (parts, _) = request.into_parts();
    match password::link_is_good(&site.app, &visit(site, &parts).call, token, purpose).await {
        Ok(true) => page(StatusCode::OK, title, form, app_origin(site).as_deref()),
        Ok(false) => over(),
        Err(fault) => super::broken(&fault),
    }
}

fn over() -> Response {
    page(StatusCode::GONE, "This link is over", &format!("<p>{OVER}</p>"), None)
}

/// The origin of the app that a sign-in returns to.
fn app_origin(site: &Site) -> Option<String> {
    let url = site.app.policy.identity.app_url.as_deref()?;
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}", rest.split(['/', '?', '#']).next()?))
}

/// A body that an app sends as JSON and a page as a form. A form must come from our own page: another site's would sign a visitor
/// in as somebody else.
async fn either<T: DeserializeOwned>(request: Request, like: &str) -> Result<(Parts, T, bool), Response> {
    if !is(request.headers(), FORM) {
        return json_body(request, like).await.map(|(parts, body)| (parts, body, false));
    }
    let (parts, body) = request.into_parts();
    let from = parts.headers.get("sec-fetch-site").map(|value| value.as_bytes());
    let body = axum::body::to_bytes(body, BODY).await.map_err(|_| too_large())?;
    let value = serde_urlencoded::from_bytes(&body).ok().filter(|_| from.is_none_or(|from| from == b"same-origin"));
    value.map(|value| (parts, value, true)).ok_or_else(over)
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// `POST /auth/link/use` with the `token`: signs in. An app sends JSON and gets tokens; the page is led to the app.
pub async fn sign_in(State(site): State<Site>, request: Request) -> Response {
    let (parts, body, from_page) = match either::<Token>(request, "{\"token\": \"…\"}").await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    match password::sign_in_with_link(&site.app, &visit(&site, &parts), &body.token).await {
        Ok(tokens) if from_page => signed_in_page(&site, &tokens),
        Ok(tokens) => granted(&site.app, tokens),
        Err(NotGranted::Wrong) if from_page => over(),
        Err(refused) => not_granted(refused, OVER),
    }
}

/// Leads to the app with a refresh token in the fragment, which no server sees and which works once; without an app, shows the
/// access token.
pub(super) fn signed_in_page(site: &Site, tokens: &Granted) -> Response {
    if let Some(app) = &site.app.policy.identity.app_url {
        let to = format!("{app}#refreshToken={}", tokens.refresh_token);
        return (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    }
    let body = format!(
        "<p>You are signed in. This access token is good for {} minutes:</p><p><code>{}</code></p>",
        site.app.policy.access_token_minutes,
        escape(&tokens.access_token)
    );
    page(StatusCode::OK, "Signed in", &body, None)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reset {
    token: String,
    new_password: String,
}

/// `POST /auth/recover/use` with `token` and `newPassword`: changes the password and ends every sign-in.
pub async fn reset(State(site): State<Site>, request: Request) -> Response {
    let (parts, body, from_page) = match either::<Reset>(request, "{\"token\": \"…\", \"newPassword\": \"…\"}").await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    match (password::reset(&site.app, &visit(&site, &parts).call, &body.token, body.new_password).await, from_page) {
        (Ok(()), false) => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), true) => {
            page(StatusCode::OK, "The password is changed", "<p>You are signed out everywhere: sign in with the new one.</p>", None)
        }
        (Err(NotChanged::Malformed(problem)), true) => {
            page(StatusCode::UNPROCESSABLE_ENTITY, NEW_PASSWORD, &password_form(&body.token, &problem.message), None)
        }
        (Err(NotChanged::Not(NotGranted::Wrong)), true) => over(),
        (Err(refused), _) => not_changed(refused, OVER),
    }
}

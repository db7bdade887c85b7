//! `/auth/sign-in`, `/auth/refresh`, `/auth/sign-out`, `/auth/password` and `/auth/sessions`.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use rules::id::SignInId;
use rules::policy::{Action, Relation};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::Site;
use super::{broken, json_body, not_changed, not_granted, problem, signed_in, visit, with};
use crate::app::{App, Call};
use crate::graphql::code::Code;
use crate::service::password;
use crate::service::sign_in::{self, Granted};

/// What a sign-in answers.
pub fn granted(app: &App, granted: Granted) -> Response {
    let mut body = json!({
        "accessToken": granted.access_token,
        "tokenType": "Bearer",
        "expiresIn": app.policy.access_token_minutes * 60,
        "refreshToken": granted.refresh_token,
    });
    if let Some(device) = granted.device_token {
        body["deviceToken"] = device.into();
    }
    with(Json(body).into_response(), header::CACHE_CONTROL, "no-store")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    email: String,
    password: String,
    device_token: Option<String>,
}

/// `POST /auth/sign-in` with `email`, `password` and, from a device that signed in before, its `deviceToken`. A wrong password and
/// an unknown address answer the same, in the same time.
pub async fn sign_in(State(site): State<Site>, request: Request) -> Response {
    let like = "{\"email\": \"name@example.org\", \"password\": \"…\"}";
    let (parts, body) = match json_body::<Credentials>(request, like).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let visit = visit(&site, &parts);
    match sign_in::with_password(&site.app, &visit, &body.email, body.password, body.device_token.as_deref()).await {
        Ok(tokens) => granted(&site.app, tokens),
        Err(refused) => not_granted(refused, "This address and password don't go together: check both."),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefreshToken {
    refresh_token: String,
}

/// `POST /auth/refresh` with the newest `refreshToken` answers the next. If the answer is lost, the same one works again for two
/// minutes; one that was replaced before that ends the sign-in.
pub async fn refresh(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = match json_body::<RefreshToken>(request, "{\"refreshToken\": \"…\"}").await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    match sign_in::refresh(&site.app, &visit(&site, &parts).call, &body.refresh_token).await {
        Ok(tokens) => granted(&site.app, tokens),
        Err(refused) => not_granted(refused, "This sign-in is over: sign in again at POST /auth/sign-in."),
    }
}

/// `POST /auth/sign-out` with a `refreshToken` ends its sign-in, access tokens included. Answers 204, whatever was sent.
pub async fn sign_out(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = match json_body::<RefreshToken>(request, "{\"refreshToken\": \"…\"}").await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    match sign_in::sign_out(&site.app, &visit(&site, &parts).call, &body.refresh_token).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(fault) => broken(&fault),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// `POST /auth/password` with `currentPassword` and `newPassword`: ends every sign-in and answers a new one.
pub async fn change_password(State(site): State<Site>, request: Request) -> Response {
    let like = "{\"currentPassword\": \"…\", \"newPassword\": \"…\"}";
    let (parts, body) = match json_body::<PasswordChange>(request, like).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let visit = match signed_in(&site, &parts).await {
        Ok(visit) => visit,
        Err(refused) => return refused,
    };
    let Some(account) = allowed(&visit.call, Action::PasswordChange) else { return forbidden() };
    match password::change(&site.app, &visit, account, body.current_password, body.new_password).await {
        Ok(tokens) => granted(&site.app, tokens),
        Err(refused) => not_changed(refused, "The current password is not this: check it, or ask for a link at POST /auth/recover."),
    }
}

/// The caller's account, if the policy lets it act for itself.
fn allowed(call: &Call, action: Action) -> Option<rules::id::AccountId> {
    call.caller.account.filter(|_| call.may(action, Relation::Own))
}

fn forbidden() -> Response {
    problem(StatusCode::FORBIDDEN, Code::Forbidden, None, "You may not do this.")
}

/// `GET /auth/sessions`: where the account is signed in, newest first.
pub async fn list(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let call = match signed_in(&site, &parts).await {
        Ok(visit) => visit.call,
        Err(refused) => return refused,
    };
    let Some(account) = allowed(&call, Action::SignInRead) else { return forbidden() };
    let text = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    match sign_in::list(&site.app, account, call.now).await {
        Ok(rows) => {
            let one = |row: &entity::sign_in::Model| {
                json!({ "id": row.id, "method": row.method, "device": row.device, "createdAt": text(row.created_at),
                    "lastUsedAt": text(row.rotated_at), "current": call.caller.sign_in == Some(row.id) })
            };
            Json(json!({ "sessions": rows.iter().map(one).collect::<Vec<Value>>() })).into_response()
        }
        Err(fault) => broken(&fault),
    }
}

/// `DELETE /auth/sessions/{id}`: ends one, its access tokens included.
pub async fn end(State(site): State<Site>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let call = match signed_in(&site, &parts).await {
        Ok(visit) => visit.call,
        Err(refused) => return refused,
    };
    let Some(account) = allowed(&call, Action::SignInEnd) else { return forbidden() };
    let ended = match Uuid::parse_str(&id) {
        Ok(id) => sign_in::revoke(&site.app, &call, account, SignInId(id)).await,
        Err(_) => Ok(false),
    };
    match ended {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => {
            problem(StatusCode::NOT_FOUND, Code::BadUserInput, Some("id"), "There is no such session: list them at GET /auth/sessions.")
        }
        Err(fault) => broken(&fault),
    }
}

/// `DELETE /auth/sessions`: ends all of them, this one included.
pub async fn end_all(State(site): State<Site>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let call = match signed_in(&site, &parts).await {
        Ok(visit) => visit.call,
        Err(refused) => return refused,
    };
    let Some(account) = allowed(&call, Action::SignInEnd) else { return forbidden() };
    match sign_in::revoke_all(&site.app, &call, account).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(fault) => broken(&fault),
    }
}

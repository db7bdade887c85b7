//! The development mail sink: what the outbox would send, put into words when it is looked at. Served by the demo alone.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use std::fmt::Write as _;

use super::Site;
use crate::app::App;
use crate::error::Fault;
use crate::service::Mail;
use crate::store::{self, ledger};

/// A message in words.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Who gets it.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
}

/// Puts a message into words: here, and not in the database, are address and link joined.
pub async fn letter(app: &App, mail: Mail) -> Result<Option<Letter>, Fault> {
    let (champion, subject, body) = match mail {
        Mail::ConfirmEmail { champion, token } => {
            let link = app.keys.link_token(token);
            (
                champion,
                "Confirm your e-mail address",
                format!(
                    "Thank you for signing up. To confirm this address and choose a password, use this token with championEmailConfirm:\n\n{link}\n\nIt is good for {} hours, once.",
                    app.policy.email_link_hours
                ),
            )
        }
        Mail::SignedUpAgain { champion } => (
            champion,
            "You have signed up before",
            "Somebody, probably you, signed up again with this address. You are with us already: sign in with your password.".to_owned(),
        ),
        Mail::Offer { champion, offer } => match session_of_offer(app, offer).await? {
            Some(session) => (
                champion,
                "Can you help?",
                format!(
                    "{} on {} at {}. Answer in the app: yes or no, both are fine.",
                    session.title,
                    session.local_date,
                    session.local_start.format("%H:%M")
                ),
            ),
            None => return Ok(None),
        },
        Mail::NoLongerNeeded { champion, session } => match store::session::find(app.db.read(), session).await? {
            Some(session) => (
                champion,
                "You are no longer needed",
                format!(
                    "{} on {} at {}: your place is taken, or the session was called off. Thank you for answering.",
                    session.title,
                    session.local_date,
                    session.local_start.format("%H:%M")
                ),
            ),
            None => return Ok(None),
        },
    };
    let person = store::champion::find(app.db.read(), champion).await?;
    Ok(person.map(|person| Letter { to: person.email, subject: subject.to_owned(), body }))
}

async fn session_of_offer(app: &App, offer: rules::id::OfferId) -> Result<Option<entity::session::Model>, Fault> {
    let Some(offer) = store::offer::find(app.db.read(), offer).await? else { return Ok(None) };
    Ok(store::session::find(app.db.read(), offer.session_id).await?)
}

/// How the page begins: legible on a telephone, and dark where that is preferred.
const HEAD: &str = r#"<!doctype html><html lang="en-GB"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Messages of the DigiKnow demo</title><style>body{max-width:45rem;margin:0 auto;padding:1rem;font:1rem/1.5 system-ui,sans-serif}article{border-top:1px solid;padding:.5rem 0}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:0}p{margin:0}pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}</style><main><h1>Messages the demo would have sent</h1>"#;

/// `GET /dev/mail`: the last 50 messages, newest first.
pub async fn sink(State(site): State<Site>) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    match page(&site.app).await {
        Ok(html) => ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response(),
        Err(fault) => {
            tracing::error!(%fault, "the mail sink could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the messages can't be read just now").into_response()
        }
    }
}

async fn page(app: &App) -> Result<String, Fault> {
    let mut html = String::from(HEAD);
    for row in ledger::newest(app.db.read(), "mail", 50).await? {
        let Ok(mail) = serde_json::from_str::<Mail>(&row.payload) else { continue };
        let Some(letter) = letter(app, mail).await? else { continue };
        let _ = write!(
            html,
            "<article><h2>{}</h2><p>To {}, {}</p><pre>{}</pre></article>",
            escape(&letter.subject),
            escape(&letter.to),
            row.at.format("%Y-%m-%d %H:%M UTC"),
            escape(&letter.body)
        );
    }
    html.push_str("</main></html>");
    Ok(html)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! The development mail sink: what the outbox would send, put into words when it is looked at. Served by the demo alone.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rules::id::AccountId;
use rules::sign_in::LinkPurpose;
use std::fmt::Write as _;

use super::Site;
use super::answer::{self, Answer};
use super::page::{escape, styled};
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
        Mail::Offer { champion, offer } => match offered(app, offer).await? {
            Some(body) => (champion, "Can you help?", body),
            None => return Ok(None),
        },
        Mail::OfferBundle { champion, bundle } => match super::dates::asked(app, bundle).await? {
            Some(body) => (champion, "Can you help on one of these dates?", body),
            None => return Ok(None),
        },
        Mail::Covered { champion, session } => match store::session::find(app.db.read(), session).await? {
            Some(session) => {
                (champion, "Somebody stands in for you", format!("{}: somebody has taken your place. You are free.", when(&session)))
            }
            None => return Ok(None),
        },
        Mail::SwapProposed { champion, swap } => match swapped(app, swap).await? {
            Some((gives, takes)) => (
                champion,
                "Would you swap?",
                format!(
                    "A champion would do {} for you, if you do {} for them. Answer in the app: yes or no, both are fine.",
                    when(&takes),
                    when(&gives)
                ),
            ),
            None => return Ok(None),
        },
        Mail::SwapDone { champion, swap } => match swapped(app, swap).await? {
            Some((gives, takes)) => {
                (champion, "Your swap is done", format!("You are now expected at {}, and no longer at {}.", when(&takes), when(&gives)))
            }
            None => return Ok(None),
        },
        Mail::UpdateServiceNoMatch { champion } => (
            champion,
            "Is your DBS subscription right?",
            "We asked the DBS Update Service about your certificate, as you agreed, and it found nobody. Perhaps a number was mistyped, or the subscription has lapsed. Please tell the safeguarding lead. Nothing else has changed.".to_owned(),
        ),
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
        Mail::CalledOff { champion, session, more } => match store::session::find(app.db.read(), session).await? {
            Some(session) => {
                (champion, "Sessions were called off", format!("{}{}: called off. You are not expected. Thank you.", when(&session), and_more(more)))
            }
            None => return Ok(None),
        },
        Mail::HeldAfterAll { champion, session, more } => match store::session::find(app.db.read(), session).await? {
            Some(session) => (
                champion,
                "Sessions are held after all",
                format!(
                    "{}{}: held after all. You are not expected unless you say so again: if you would still come, tell the group leader.",
                    when(&session),
                    and_more(more)
                ),
            ),
            None => return Ok(None),
        },
        Mail::Moved { champion, session, more } => match store::session::find(app.db.read(), session).await? {
            Some(session) => (champion, "A session has moved", moved(app, &session, more).await?),
            None => return Ok(None),
        },
        Mail::AtRisk { account, session, cause } => {
            let Some(session) = store::session::find(app.db.read(), session).await? else { return Ok(None) };
            let body = format!("{}: {} Ask more champions or change who comes, or call it off while there is time.", when(&session), cause.sentence());
            return to_account(app, account, "A session is at risk", body).await;
        }
        Mail::ReferenceRequest { .. } | Mail::ReferenceConcern { .. } | Mail::ReferenceExpired { .. } => {
            return super::reference::letter(app, mail).await;
        }
        Mail::CohortSeat { champion, cohort } => match training_day(app, cohort).await? {
            Some(day) => (champion, "You have a seat", format!("A seat came free: {day}. If you can't come, give it up in the app.")),
            None => return Ok(None),
        },
        Mail::CohortCancelled { champion, cohort } => match training_day(app, cohort).await? {
            Some(day) => (champion, "Training called off", format!("{day} was called off. Choose another day in the app.")),
            None => return Ok(None),
        },
        Mail::RenewalDue { champion, completion } => {
            let Some(lapsing) = store::training::lapsing(app.db.read(), completion).await? else { return Ok(None) };
            let (title, last) = lapsing;
            (champion, "Some training lapses soon", format!("{title} counts until {last}. Take it again before then: renewing early loses nothing."))
        }
        Mail::JoinUpdateService { champion, until } => (
            champion,
            "Join the DBS Update Service while you can",
            format!("Your certificate can join the DBS Update Service until {until}. It is free for volunteers, and saves you a new check later. Whether you join is up to you; tell the safeguarding lead if you do."),
        ),
        Mail::AccountLink { link } => return account_link(app, link).await,
        Mail::PasswordChanged { account } => {
            let body = "The password of your DigiKnow account was changed, and every sign-in ended. If that was not you, choose a new one at once: ask for a link at the sign-in page.";
            return to_account(app, account, "Your password was changed", body.to_owned()).await;
        }
        Mail::SignInEnded { account } => {
            let body = "One of your sign-ins was ended, since a key to it was used a second time: somebody may have a copy. Sign in again. If you did not expect this, change your password.";
            return to_account(app, account, "A sign-in was ended", body.to_owned()).await;
        }
    };
    let person = store::champion::find(app.db.read(), champion).await?;
    Ok(person.map(|person| Letter { to: person.email, subject: subject.to_owned(), body }))
}

/// A dated training session in a sentence.
async fn training_day(app: &App, id: rules::id::CohortId) -> Result<Option<String>, Fault> {
    let db = app.db.read();
    let Some(cohort) = store::cohort::find(db, id).await? else { return Ok(None) };
    let Some(module) = store::training::module(db, cohort.module_id).await? else { return Ok(None) };
    Ok(Some(format!("{} on {} at {}, {}", module.title, cohort.on_date, cohort.start_time.format("%H:%M"), cohort.place)))
}

/// A session in a sentence.
pub(super) fn when(session: &entity::session::Model) -> String {
    format!("{} on {} at {}", session.title, session.local_date, session.local_start.format("%H:%M"))
}

/// How many more dates a message is about.
fn and_more(more: u32) -> String {
    match more {
        0 => String::new(),
        1 => " and one more date".to_owned(),
        more => format!(" and {more} more dates"),
    }
}

/// Where a session is now, and what to do if that does not suit.
async fn moved(app: &App, session: &entity::session::Model, more: u32) -> Result<String, Fault> {
    let venue = match session.venue_id {
        Some(venue) => store::directory::venue(app.db.read(), venue).await?.map(|venue| format!(", {}", venue.name)),
        None => None,
    };
    Ok(format!(
        "The time or place has changed. It is now {}{}{}. If you said yes, you are still expected. If you can't come, please say so in the app: a stand-in is looked for, and nobody minds.",
        when(session),
        venue.unwrap_or_default(),
        and_more(more)
    ))
}

/// What an offer asks, with a link for each answer.
async fn offered(app: &App, id: rules::id::OfferId) -> Result<Option<String>, Fault> {
    let Some(offer) = store::offer::find(app.db.read(), id).await? else { return Ok(None) };
    let Some(session) = store::session::find(app.db.read(), offer.session_id).await? else { return Ok(None) };
    let mut body = format!("{}. Answer here, without signing in: yes or no, both are fine.\n", when(&session));
    for answer in Answer::ALL {
        let _ = write!(body, "\n{}:\n{}\n", answer.words(), answer::path(app, answer, id, offer.expires_at));
    }
    Ok(Some(body))
}

/// The sessions of a swap: whose place is given, and whose is asked for.
async fn swapped(app: &App, id: rules::id::SwapId) -> Result<Option<(entity::session::Model, entity::session::Model)>, Fault> {
    let db = app.db.read();
    let Some(swap) = store::stand_in::swap(db, id).await? else { return Ok(None) };
    let (gives, takes) = (store::offer::assignment(db, swap.gives_id).await?, store::offer::assignment(db, swap.takes_id).await?);
    let (Some(gives), Some(takes)) = (gives, takes) else { return Ok(None) };
    let (gives, takes) = (store::session::find(db, gives.session_id).await?, store::session::find(db, takes.session_id).await?);
    Ok(gives.zip(takes))
}

/// The link of an account, while it is good for something.
async fn account_link(app: &App, id: uuid::Uuid) -> Result<Option<Letter>, Fault> {
    let Some(link) = store::sign_in::link(app.db.read(), id).await? else { return Ok(None) };
    let Some(account) = link.account_id else { return Ok(None) };
    let (path, subject, what) = match link.purpose {
        LinkPurpose::SignIn => ("link", "Sign in to DigiKnow", "To sign in, open this link and press the button"),
        LinkPurpose::Recover => ("recover", "Choose a new password", "To choose a new password, open this link"),
    };
    let url = format!("{}/auth/{path}?token={}", app.policy.identity.public_url.trim_end_matches('/'), app.keys.link_token(id));
    let body = format!("{what}:\n\n{url}\n\nIt is good for 15 minutes, once. If you did not ask for it, do nothing.");
    to_account(app, account, subject, body).await
}

async fn to_account(app: &App, account: AccountId, subject: &str, body: String) -> Result<Option<Letter>, Fault> {
    let account = store::account::find(app.db.read(), account).await?;
    Ok(account.map(|account| Letter { to: account.email, subject: subject.to_owned(), body }))
}

const STYLE: &str = "body{max-width:45rem;margin:0 auto;padding:1rem;font:1rem/1.5 system-ui,sans-serif}\
article{border-top:1px solid;padding:.5rem 0}h1{font-size:1.5rem}h2{font-size:1.15rem;margin:0}p{margin:0}\
pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}";

/// `GET /dev/mail`: the last 200 messages, newest first.
pub async fn sink(State(site): State<Site>) -> Response {
    match page(&site.app).await {
        Ok(body) => styled(STYLE, "Messages of the DigiKnow demo", &body, "'none'"),
        Err(fault) => {
            tracing::error!(%fault, "the mail sink could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the messages can't be read just now").into_response()
        }
    }
}

async fn page(app: &App) -> Result<String, Fault> {
    let mut html = String::from("<h1>Messages the demo would have sent</h1>");
    for row in ledger::newest(app.db.read(), "mail", 200).await? {
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
    Ok(html)
}

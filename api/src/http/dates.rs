//! One page for several dates: the link of their message, which needs no account. GET shows the dates that wait, POST answers them all.
//!
//! A link is signed and ends with the last of its dates. The same answer again finds what was done.

use std::collections::HashMap;
use std::fmt::Write as _;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::{offer, session};
use rules::id::{OfferBundleId, OfferId};
use rules::offer::OfferStatus;
use rules::policy::Caller;
use rules::reason::Reason;
use rules::wave::DeclineScope;

use super::answer::{Answer, addressee, broken, gone, page};
use super::mail::when;
use super::page::{escape, form};
use super::{RequestId, Site};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::service::bundle::{Answered, Reply, answer};
use crate::service::offer::fact;
use crate::store::bundle;

/// What sets these links apart from the other signed ones: the byte is part of what is signed, so none opens another's door.
const PURPOSE: u8 = 17;
/// The button that says yes to the dates that are ticked.
const TICKED: &str = "ticked";
/// The button that says no to all of them.
const NONE: &str = "none";
/// The button that says no, and nothing for a while.
const NOT_NOW: &str = "not-now";

type Dates = Vec<(offer::Model, session::Model)>;

fn path(app: &App, id: OfferBundleId, until: DateTime<Utc>) -> String {
    format!("/dates/{}", app.keys.answer_token(PURPOSE, id.0, until.timestamp()))
}

fn read(app: &App, token: &str, now: DateTime<Utc>) -> Option<OfferBundleId> {
    let (purpose, id, until) = app.keys.answer_of(token)?;
    (purpose == PURPOSE && until > now.timestamp()).then_some(OfferBundleId(id))
}

/// The message about several dates, with the link; none if there are none.
pub(super) async fn asked(app: &App, id: OfferBundleId) -> Result<Option<String>, Fault> {
    let dates = bundle::dates(app.db.read(), [id]).await?;
    let Some(until) = dates.iter().map(|(offer, _)| offer.expires_at).max() else { return Ok(None) };
    let list: String = dates.iter().map(|(_, session)| format!("\n- {}", when(session))).collect();
    let link = format!("{}{}", app.policy.identity.public_url.trim_end_matches('/'), path(app, id, until));
    Ok(Some(format!(
        "You are asked for these dates:\n{list}\n\nTick those on which you can help, without signing in; all, some or none of them, each is fine:\n\n{link}"
    )))
}

/// Whose dates these are, and the dates; nothing if the champion's account is switched off.
async fn found(app: &App, id: OfferBundleId) -> Result<Option<(Caller, Dates)>, Fault> {
    let Some(row) = bundle::find(app.db.read(), id).await? else { return Ok(None) };
    let Some(caller) = addressee(app, row.champion_id).await? else { return Ok(None) };
    Ok(Some((caller, bundle::dates(app.db.read(), [id]).await?)))
}

/// `GET /dates/{token}`: the dates, to be ticked. Changes nothing.
pub async fn show(State(site): State<Site>, Path(token): Path<String>) -> Response {
    let now = site.app.clock.now();
    let Some(id) = read(&site.app, &token, now) else { return gone() };
    match found(&site.app, id).await {
        Ok(Some((_, dates))) => question(&dates, now, None).map_or_else(gone, |body| page(StatusCode::OK, &body)),
        Ok(None) => gone(),
        Err(fault) => broken(&fault),
    }
}

fn in_words(session: &session::Model) -> String {
    let (day, time) = (session.local_date.format("%A %-d %B %Y"), session.local_start.format("%H:%M"));
    escape(&format!("{} on {day} at {time}, {} minutes", session.title, session.minutes))
}

/// The form; none if no date waits for an answer any more.
fn question(dates: &Dates, now: DateTime<Utc>, wrong: Option<&str>) -> Option<String> {
    let waiting = dates.iter().filter(|(offer, _)| fact(offer).status_at(now) == OfferStatus::Pending);
    let tick = |(offer, session): &(offer::Model, session::Model)| {
        format!("<p><label><input type=\"checkbox\" name=\"{}\"> {}</label></p>", offer.id.0, in_words(session))
    };
    let ticks: String = waiting.map(tick).collect();
    let wrong = wrong.map(|message| format!("<p role=\"alert\"><strong>{}</strong></p>", escape(message))).unwrap_or_default();
    let button = |reply: &str, words: &str| format!("<p><button name=\"reply\" value=\"{reply}\">{}</button></p>", escape(words));
    let buttons = [
        button(TICKED, "Yes to those I ticked, no to the others"),
        button(NONE, "None of them this time"),
        button(NOT_NOW, Answer::NotNow.words()),
    ];
    (!ticks.is_empty()).then(|| format!("<h1>Can you help?</h1>{wrong}<form method=\"post\">{ticks}{}</form>", buttons.concat()))
}

/// What the form says, or what is wrong with it: its other fields are the ids of the dates that are ticked.
fn reply(form: &HashMap<String, String>, dates: &Dates) -> Result<Reply, &'static str> {
    let ticked = dates.iter().map(|(offer, _)| offer.id).filter(|id| form.contains_key(&id.0.to_string()));
    let yes: Vec<OfferId> = ticked.collect();
    let (yes, scope) = match form.get("reply").map(String::as_str) {
        Some(TICKED) if yes.is_empty() => return Err("Tick a date, or press another button."),
        Some(TICKED) => (yes, DeclineScope::NotThisOne),
        Some(NONE) => (Vec::new(), DeclineScope::NotThisOne),
        Some(NOT_NOW) => (Vec::new(), DeclineScope::NotNow),
        _ => return Err("Press one of the buttons."),
    };
    Ok(Reply { yes, scope, reason: None })
}

/// `POST /dates/{token}`: answers, by the same rules as the API, and says what became of each date.
pub async fn act(State(site): State<Site>, Path(token): Path<String>, request: Request) -> Response {
    let (app, now) = (&site.app, site.app.clock.now());
    let Some(id) = read(app, &token, now) else { return gone() };
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let form: HashMap<String, String> = form(request).await;
    let (caller, dates) = match found(app, id).await {
        Ok(Some(found)) => found,
        Ok(None) => return gone(),
        Err(fault) => return broken(&fault),
    };
    let reply = match reply(&form, &dates) {
        Ok(reply) => reply,
        Err(wrong) => return question(&dates, now, Some(wrong)).map_or_else(gone, |body| page(StatusCode::UNPROCESSABLE_ENTITY, &body)),
    };
    match answer(app, &Call { caller, now, request_id }, id, reply).await {
        Ok(answered) => told(&dates, &answered),
        Err(Refusal::Fault(fault)) => broken(&fault),
        Err(Refusal::Rule(_) | Refusal::Unauthenticated | Refusal::Forbidden) => gone(),
    }
}

/// What became of each date.
fn told(dates: &Dates, answered: &[Answered]) -> Response {
    let refused = answered.iter().any(|one| one.assignment.is_none() && !one.not_accepted.is_empty());
    let (status, title) =
        if refused { (StatusCode::CONFLICT, "Not all of your dates could be taken") } else { (StatusCode::OK, "Thank you") };
    let mut body = format!("<h1>{title}</h1>");
    for (offer, session) in dates {
        let Some(one) = answered.iter().find(|one| one.offer == offer.id) else { continue };
        let why = one.not_accepted.iter().map(Reason::message).chain(one.not_declined.iter().map(Reason::message));
        let became = match (one.assignment, why.collect::<Vec<_>>().join(" ")) {
            (Some(_), _) => "you are on the rota.".to_owned(),
            (None, why) if why.is_empty() => "you are not expected.".to_owned(),
            (None, why) => why,
        };
        let _ = write!(body, "<p>{}: {}</p>", in_words(session), escape(&became));
    }
    page(status, &format!("{body}<p>You can close this page.</p>"))
}

//! The page a referee opens from the message, without an account: GET shows the questions, POST takes the answers, once.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use rules::id::ReferenceId;
use rules::input::paragraph;
use rules::policy::Caller;
use rules::reference::{Answer, KnownFor, Recommends, ReferenceStatus};
use serde::Deserialize;

use super::mail::Letter;
use super::page::{escape, form, page};
use super::{RequestId, Site};
use crate::app::{App, Call};
use crate::error::Fault;
use crate::service::Mail;
use crate::service::reference::{Said, answer};
use crate::store;

/// What sets these links apart from the other signed ones: the byte is part of what is signed, so none opens another's door.
const PURPOSE: u8 = 16;

/// The path of a referee's link.
pub fn path(app: &App, id: ReferenceId, until: DateTime<Utc>) -> String {
    format!("/reference/{}", app.keys.answer_token(PURPOSE, id.0, until.timestamp()))
}

fn read(app: &App, token: &str, now: DateTime<Utc>) -> Option<ReferenceId> {
    let (purpose, id, until) = app.keys.answer_of(token)?;
    (purpose == PURPOSE && until > now.timestamp()).then_some(ReferenceId(id))
}

fn gone() -> Response {
    let body = "<p>It was answered, taken back, or its time has passed. Nothing needs doing.</p>";
    page(StatusCode::NOT_FOUND, "This link is no longer good", body, None)
}

fn broken(fault: &Fault) -> Response {
    tracing::error!(%fault, "a reference could not be answered");
    page(StatusCode::SERVICE_UNAVAILABLE, "Please try again", "<p>Your answer could not be saved just now.</p>", None)
}

/// `GET /reference/{token}`: the questions. Changes nothing.
pub async fn show(State(site): State<Site>, Path(token): Path<String>) -> Response {
    let now = site.app.clock.now();
    let Some(id) = read(&site.app, &token, now) else { return gone() };
    match applicant(&site.app, id, now).await {
        Ok(Some(name)) => page(StatusCode::OK, "A reference", &questions(&name, None), None),
        Ok(None) => gone(),
        Err(fault) => broken(&fault),
    }
}

/// Whom the reference is for, while it can be answered.
async fn applicant(app: &App, id: ReferenceId, now: DateTime<Utc>) -> Result<Option<String>, Fault> {
    let open = |r: &entity::referee_reference::Model| r.status == ReferenceStatus::Asked && r.expires_at > now;
    let Some(found) = store::reference::find(app.db.read(), id).await?.filter(open) else { return Ok(None) };
    Ok(store::champion::find(app.db.read(), found.champion_id).await?.map(|c| c.full_name))
}

fn questions(name: &str, wrong: Option<&str>) -> String {
    let wrong = wrong.map(|message| format!("<p role=\"alert\"><strong>{}</strong></p>", escape(message))).unwrap_or_default();
    format!(
        "{wrong}<p>{} would like to volunteer as a Digital Champion, helping people to get online, and named you as somebody who knows \
         them. Your answers go to the alliance's coordinator, or to its safeguarding lead if you raise a concern. The applicant does not \
         see them. This link is good for one answer.</p>\
         <form method=\"post\"><p><label for=\"known_for\">How long have you known them?</label>\
         <select id=\"known_for\" name=\"known_for\" required><option value=\"\">Choose</option>\
         <option value=\"UNDER_ONE_YEAR\">Less than a year</option><option value=\"ONE_TO_TWO_YEARS\">One to two years</option>\
         <option value=\"TWO_TO_FIVE_YEARS\">Two to five years</option><option value=\"OVER_FIVE_YEARS\">More than five years</option></select></p>\
         <p><label for=\"recommends\">Would you recommend them to help people who may be vulnerable?</label>\
         <select id=\"recommends\" name=\"recommends\" required><option value=\"\">Choose</option><option value=\"YES\">Yes</option>\
         <option value=\"WITH_RESERVATIONS\">Yes, with reservations</option><option value=\"NO\">No</option></select></p>\
         <p><label for=\"concerns\">Do you know of any reason for concern?</label>\
         <select id=\"concerns\" name=\"concerns\" required><option value=\"\">Choose</option><option value=\"NO\">No</option>\
         <option value=\"YES\">Yes</option></select></p>\
         <p><label for=\"comment\">Anything to add (up to 2,000 characters)</label>\
         <textarea id=\"comment\" name=\"comment\" maxlength=\"2000\" rows=\"6\" cols=\"40\"></textarea></p>\
         <button name=\"reply\" value=\"answer\">Send</button> \
         <button name=\"reply\" value=\"nothing\" formnovalidate>I would rather not say</button></form>",
        escape(name)
    )
}

#[derive(Deserialize, Default)]
struct Form {
    #[serde(default)]
    reply: String,
    #[serde(default)]
    known_for: String,
    #[serde(default)]
    recommends: String,
    #[serde(default)]
    concerns: String,
    #[serde(default)]
    comment: String,
}

impl Form {
    /// What was said, or what is wrong with it.
    fn said(&self) -> Result<Said, String> {
        match self.reply.as_str() {
            "nothing" => return Ok(Said::Nothing),
            "answer" => {}
            _ => return Err("Press one of the two buttons.".to_owned()),
        }
        let missing = || "Answer the three questions.".to_owned();
        let concerns = match self.concerns.as_str() {
            "YES" => true,
            "NO" => false,
            _ => return Err(missing()),
        };
        Ok(Said::Answer(Answer {
            known_for: KnownFor::from_code(&self.known_for).ok_or_else(missing)?,
            recommends: Recommends::from_code(&self.recommends).ok_or_else(missing)?,
            concerns,
            comment: paragraph("comment", &self.comment, 2_000).map_err(|e| e.message)?,
        }))
    }
}

/// `POST /reference/{token}`: takes the answers. A second time finds the link used.
pub async fn act(State(site): State<Site>, Path(token): Path<String>, request: Request) -> Response {
    let (app, now) = (&site.app, site.app.clock.now());
    let Some(id) = read(app, &token, now) else { return gone() };
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let form: Form = form(request).await;
    let name = match applicant(app, id, now).await {
        Ok(Some(name)) => name,
        Ok(None) => return gone(),
        Err(fault) => return broken(&fault),
    };
    let said = match form.said() {
        Ok(said) => said,
        Err(wrong) => return page(StatusCode::UNPROCESSABLE_ENTITY, "A reference", &questions(&name, Some(&wrong)), None),
    };
    let call = Call { caller: Caller::default(), now, request_id };
    match answer(app, &call, id, said).await {
        Ok(true) => page(StatusCode::OK, "Thank you", "<p>Your answer has been sent. You can close this page.</p>", None),
        Ok(false) => gone(),
        Err(fault) => broken(&fault),
    }
}

/// The messages about references, in words; none if there is nothing to send any more.
pub async fn letter(app: &App, message: Mail) -> Result<Option<Letter>, Fault> {
    let (id, account) = match message {
        Mail::ReferenceRequest { reference, .. } => (reference, None),
        Mail::ReferenceConcern { account, reference } | Mail::ReferenceExpired { account, reference } => (reference, Some(account)),
        _ => return Ok(None),
    };
    let db = app.db.read();
    let Some(found) = store::reference::find(db, id).await? else { return Ok(None) };
    let Some(champion) = store::champion::find(db, found.champion_id).await? else { return Ok(None) };
    let who = rules::champion::reference(champion.number);
    if let Some(account) = account {
        let (subject, body) = if matches!(message, Mail::ReferenceConcern { .. }) {
            (
                "A referee raised a concern",
                format!("A referee of {who} raised a concern or does not recommend them. Please look at it and decide."),
            )
        } else {
            ("A referee did not answer", format!("Nobody answered in time for {who}. Please ask for another referee."))
        };
        let to = store::account::find(db, account).await?;
        return Ok(to.map(|to| Letter { to: to.email, subject: subject.to_owned(), body }));
    }
    let Some(to) = found.email.filter(|_| found.status == ReferenceStatus::Asked) else { return Ok(None) };
    let link = format!("{}{}", app.policy.identity.public_url.trim_end_matches('/'), path(app, id, found.expires_at));
    let again = if matches!(message, Mail::ReferenceRequest { reminder: true, .. }) { "A reminder: " } else { "" };
    Ok(Some(Letter {
        to,
        subject: format!("{again}would you give a reference?"),
        body: format!(
            "Dear {},\n\n{} would like to volunteer as a Digital Champion and named you as a referee. It takes two minutes and no account:\n\n{link}\n\nThe link is good for one answer until {}. You need not answer.",
            found.referee_name.unwrap_or_default(),
            champion.full_name,
            found.expires_at.format("%-d %B %Y")
        ),
    }))
}

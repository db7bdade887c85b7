//! One tap: the links of an offer's message, which need no account. GET shows what is asked, POST answers.
//!
//! A link is signed, good for one answer to one offer, and ends with the offer. Mail scanners and previews only ever GET.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rules::id::{ChampionId, OfferId};
use rules::offer::OfferStatus;
use rules::policy::{Caller, Role};
use rules::reason::Reason;
use rules::wave::DeclineScope;

use super::page::{escape, styled};
use super::{RequestId, Site};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::service::offer::{accept, decline, fact};
use crate::store;

/// What a link answers; the byte is part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes = 1,
    /// No, not this one.
    NotThisOne = 2,
    /// No, and nothing for a while.
    NotNow = 3,
}

impl Answer {
    /// Every answer, in the order of the message.
    pub const ALL: [Self; 3] = [Self::Yes, Self::NotThisOne, Self::NotNow];

    /// What it says in the message and on the button.
    pub fn words(self) -> &'static str {
        match self {
            Self::Yes => "Yes, I can help",
            Self::NotThisOne => "Not this one",
            Self::NotNow => "Not now: please don't ask for two weeks",
        }
    }
}

/// The path of a link.
pub fn path(app: &App, answer: Answer, offer: OfferId, until: DateTime<Utc>) -> String {
    format!("/answer/{}", app.keys.answer_token(answer as u8, offer.0, until.timestamp()))
}

pub(super) fn page(status: StatusCode, body: &str) -> Response {
    const STYLE: &str = "body{max-width:36rem;margin:0 auto;padding:1rem;font:1.125rem/1.5 system-ui,sans-serif}button{font:inherit;padding:.75rem 1.25rem}";
    (status, styled(STYLE, "DigiKnow", body, "'self'")).into_response()
}

pub(super) fn gone() -> Response {
    page(StatusCode::NOT_FOUND, "<h1>This link is no longer good</h1><p>It was answered, or its time has passed. Nothing needs doing.</p>")
}

pub(super) fn broken(fault: &Fault) -> Response {
    tracing::error!(%fault, "an answer by link failed");
    page(StatusCode::SERVICE_UNAVAILABLE, "<h1>Please try again</h1><p>Your answer could not be saved just now.</p>")
}

/// What a link names, if it is ours and its time has not passed.
fn read(app: &App, token: &str, now: DateTime<Utc>) -> Option<(Answer, OfferId)> {
    let (answer, offer, until) = app.keys.answer_of(token)?;
    let answer = Answer::ALL.into_iter().find(|a| *a as u8 == answer)?;
    (until > now.timestamp()).then_some((answer, OfferId(offer)))
}

/// `GET /answer/{token}`: what is asked, and a button. Changes nothing.
pub async fn show(State(site): State<Site>, Path(token): Path<String>) -> Response {
    let now = site.app.clock.now();
    let Some((answer, id)) = read(&site.app, &token, now) else { return gone() };
    match question(&site.app, answer, id, now).await {
        Ok(Some(body)) => page(StatusCode::OK, &body),
        Ok(None) => gone(),
        Err(fault) => broken(&fault),
    }
}

async fn question(app: &App, answer: Answer, id: OfferId, now: DateTime<Utc>) -> Result<Option<String>, Fault> {
    let Some(offer) = store::offer::find(app.db.read(), id).await? else { return Ok(None) };
    if whose(app, id).await?.is_none() {
        return Ok(None);
    }
    if fact(&offer).status_at(now) != OfferStatus::Pending {
        return Ok(None);
    }
    let Some(session) = store::session::find(app.db.read(), offer.session_id).await? else { return Ok(None) };
    Ok(Some(format!(
        "<h1>Can you help?</h1><p>{} on {} at {}, {} minutes.</p><form method=\"post\"><button>{}</button></form>",
        escape(&session.title),
        session.local_date.format("%A %-d %B %Y"),
        session.local_start.format("%H:%M"),
        session.minutes,
        escape(answer.words()),
    )))
}

/// `POST /answer/{token}`: answers, by the same rules as the API. The second time is the same answer.
pub async fn act(State(site): State<Site>, Path(token): Path<String>, request: axum::extract::Request) -> Response {
    let now = site.app.clock.now();
    let Some((answer, id)) = read(&site.app, &token, now) else { return gone() };
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let caller = match whose(&site.app, id).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return gone(),
        Err(fault) => return broken(&fault),
    };
    let call = Call { caller, now, request_id };
    match answer {
        Answer::Yes => told(accept(&site.app, &call, id).await.map(|_| ()), "Thank you: you are on the rota"),
        Answer::NotThisOne => {
            told(decline(&site.app, &call, id, DeclineScope::NotThisOne, None).await.map(|_| ()), "Thank you for telling us")
        }
        Answer::NotNow => {
            told(decline(&site.app, &call, id, DeclineScope::NotNow, None).await.map(|_| ()), "Thank you: we won't ask for two weeks")
        }
    }
}

/// Whom an offer is for.
async fn whose(app: &App, id: OfferId) -> Result<Option<Caller>, Fault> {
    match store::offer::find(app.db.read(), id).await? {
        Some(offer) => addressee(app, offer.champion_id).await,
        None => Ok(None),
    }
}

/// A champion as who they answer a message: with the right to this one answer, and to nothing else they may do. Nobody, if their
/// account is switched off.
pub(super) async fn addressee(app: &App, id: ChampionId) -> Result<Option<Caller>, Fault> {
    let db = app.db.read();
    let Some(champion) = store::champion::find(db, id).await? else { return Ok(None) };
    let account = match champion.account_id {
        Some(account) => store::account::find(db, account).await?,
        None => None,
    };
    if account.as_ref().is_some_and(|account| !account.active) {
        return Ok(None);
    }
    let (account, champion) = (account.map(|account| account.id), Some(champion.id));
    Ok(Some(Caller { account, champion, roles: vec![Role::Champion], ..Caller::default() }))
}

fn told<R: Reason>(result: Result<(), Refusal<R>>, thanks: &str) -> Response {
    match result {
        Ok(()) => page(StatusCode::OK, &format!("<h1>{}</h1><p>You can close this page.</p>", escape(thanks))),
        Err(Refusal::Rule(reasons)) => {
            let why: String = reasons.iter().map(|r| format!("<p>{}</p>", escape(&r.message()))).collect();
            page(StatusCode::CONFLICT, &format!("<h1>Your answer was not taken</h1>{why}"))
        }
        Err(Refusal::Fault(fault)) => broken(&fault),
        Err(Refusal::Unauthenticated | Refusal::Forbidden) => gone(),
    }
}

//! Requests: a group leader asks for champions, for a session that is there or one created in the same call.

use std::collections::HashMap;

use entity::champion_request;
use rules::id::{RequestId, SessionId};
use rules::offer::OfferStatus;
use rules::policy::{Action, Relation};
use rules::request::{CannotAsk, CannotWithdraw, Progress, status, withdraw as judge_withdraw};
use rules::session::{PlaceKind, SessionStatus};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::session::{NewSession, group_for};
use super::{Once, Subject, answered, audited, done, emit, event, keep, outgoing};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, ledger, offer, row, transact};

/// What champions are asked for.
#[derive(Clone, Debug)]
pub enum Target {
    /// A session that is there.
    Session(SessionId),
    /// A new one.
    New(Box<NewSession>),
}

/// Asks for champions.
pub async fn create(app: &App, call: &Call, once: Option<Once>, target: Target, message: String) -> Result<RequestId, Refusal<CannotAsk>> {
    let action = Action::ChampionRequestCreate;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        if let Target::New(new) = &target {
            group_for(&tx, call, new.group, action, "target.newSession.groupId").await?;
        }
        if let Some(kept) = answered::<RequestId, CannotAsk>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let session = match &target {
            Target::Session(id) => *id,
            Target::New(new) => super::session::insert(&tx, call, new).await.map_err(inside)?,
        };
        let Some(session) = store::session::lock(&tx, session).await? else { return Err(Refusal::not_found("target.sessionId")) };
        call.require(action, call.caller.to_group(session.group_id))?;
        if session.status != SessionStatus::Scheduled || session.starts_at <= call.now {
            return Err(Refusal::rule(CannotAsk::SessionClosed));
        }
        if offer::request_for(&tx, session.id).await?.is_some() {
            return Err(Refusal::rule(CannotAsk::AlreadyAsked));
        }
        let id = open(&tx, call, action, &[&session], &message).await?[0];
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("ChampionRequest", None), result).await
}

/// The session's live request, made if there is none: whoever looks for cover asks for the session's sake. The session is locked.
pub(super) async fn ensure(
    tx: &impl ConnectionTrait,
    call: &Call,
    session: &entity::session::Model,
    action: Action,
) -> Result<champion_request::Model, Fault> {
    if let Some(there) = offer::request_for(tx, session.id).await? {
        return Ok(there);
    }
    open(tx, call, action, &[session], "").await?;
    offer::request_for(tx, session.id).await?.ok_or_else(|| Fault::Other(anyhow::anyhow!("a request that was just made is gone")))
}

/// The live requests of these sessions, made where there is none. The sessions are locked.
pub(super) async fn ensure_all(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    sessions: &[&entity::session::Model],
) -> Result<HashMap<SessionId, RequestId>, Fault> {
    let there = offer::requests_for(tx, &sessions.iter().map(|s| s.id).collect::<Vec<_>>()).await?;
    let mut requests: HashMap<SessionId, RequestId> = there.into_iter().map(|r| (r.session_id, r.id)).collect();
    let without: Vec<&entity::session::Model> = sessions.iter().copied().filter(|s| !requests.contains_key(&s.id)).collect();
    let opened = open(tx, call, action, &without, "").await?;
    requests.extend(without.iter().map(|s| s.id).zip(opened));
    Ok(requests)
}

/// Puts a request on record for each of these sessions, which have none, under their locks: a fixed number of statements.
pub(super) async fn open(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    sessions: &[&entity::session::Model],
    message: &str,
) -> Result<Vec<RequestId>, Fault> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let first = ledger::next_numbers(tx, "request", i64::try_from(sessions.len()).unwrap_or(i64::MAX)).await?;
    let request = |(number, session): (i32, &&entity::session::Model)| champion_request::Model {
        id: new_id(call.now),
        number,
        group_id: session.group_id,
        session_id: session.id,
        requested_by: call.caller.account,
        message: message.to_owned(),
        withdrawn_at: None,
        created_at: call.now,
    };
    let rows: Vec<champion_request::Model> = (first..).zip(sessions).map(request).collect();
    let ids: Vec<RequestId> = rows.iter().map(|r| r.id).collect();
    let audit = rows.iter().map(|r| {
        let subject = Subject("ChampionRequest", Some(r.id.0));
        event(call, action, subject, "DONE", json!({ "session": r.session_id }))
    });
    ledger::audit_all(tx, audit.collect()).await?;
    let out = rows.iter().map(|r| outgoing(call, "request.created", json!({ "request": r.id, "session": r.session_id })));
    ledger::emit_all(tx, out.collect()).await?;
    row::insert_all(tx, rows).await?;
    Ok(ids)
}

/// What is wrong with the new session is said at its place in this input.
pub(crate) fn inside(refusal: Refusal<rules::session::CannotCreateSession>) -> Refusal<CannotAsk> {
    super::session::within(refusal, "target.newSession", |problem| CannotAsk::Session { problem })
}

/// Where a request stands at this call's instant.
pub async fn progress(
    conn: &impl ConnectionTrait,
    request: &champion_request::Model,
    call: &Call,
) -> Result<rules::request::RequestStatus, Fault> {
    let session = store::session::find(conn, request.session_id)
        .await?
        .ok_or_else(|| Fault::Other(anyhow::anyhow!("a request without its session")))?;
    let places = store::session::places(conn, &[session.id]).await?;
    let confirmed = offer::confirmed(conn, &[session.id]).await?;
    let offers = offer::of_sessions(conn, &[session.id]).await?;
    Ok(stands(request, &session, &places, &confirmed, &offers, call.now))
}

/// Where a request stands, by its session's rows. Shadow places don't count: nobody waits for them.
pub fn stands(
    request: &champion_request::Model,
    session: &entity::session::Model,
    places: &[entity::place::Model],
    confirmed: &[entity::assignment::Model],
    offers: &[entity::offer::Model],
    now: chrono::DateTime<chrono::Utc>,
) -> rules::request::RequestStatus {
    let wanted: Vec<_> = places.iter().filter(|p| p.kind != PlaceKind::Shadow).map(|p| p.id).collect();
    let pending =
        offers.iter().filter(|o| o.request_id == request.id && super::offer::fact(o).status_at(now) == OfferStatus::Pending).count();
    let progress = Progress {
        withdrawn: request.withdrawn_at.is_some(),
        session: session.status,
        starts_at: session.starts_at,
        places: wanted.len(),
        filled: confirmed.iter().filter(|a| wanted.contains(&a.place_id)).count(),
        pending,
    };
    status(progress, now)
}

/// The request, its session locked, if the caller may see requests of its group.
pub(super) async fn locked<R: rules::reason::Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    id: RequestId,
    action: Action,
) -> Result<(champion_request::Model, entity::session::Model), Refusal<R>> {
    call.require(action, Relation::Own)?;
    let visible = offer::request(tx, id).await?.filter(|r| call.may(Action::ChampionRequestRead, call.caller.to_group(r.group_id)));
    let Some(request) = visible else { return Err(Refusal::not_found("requestId")) };
    call.require(action, call.caller.to_group(request.group_id))?;
    let Some(session) = store::session::lock(tx, request.session_id).await? else { return Err(Refusal::not_found("requestId")) };
    // Read again: who held the lock before may have taken the request back.
    let request = offer::request(tx, id).await?.ok_or(Refusal::not_found("requestId"))?;
    Ok((request, session))
}

/// Takes a request back with its pending offers; champions who have accepted keep their places.
pub async fn withdraw(app: &App, call: &Call, id: RequestId) -> Result<RequestId, Refusal<CannotWithdraw>> {
    let action = Action::ChampionRequestWithdraw;
    let result = transact!(app.db, |tx| {
        let (mut request, session) = locked(&tx, call, id, action).await?;
        if !judge_withdraw(progress(&tx, &request, call).await?).map_err(Refusal::rule)? {
            return Ok(id);
        }
        request.withdrawn_at = Some(call.now);
        row::update(&tx, request).await?;
        super::offer_close::close_all(&tx, call, session.id, OfferStatus::Withdrawn, action).await?;
        done(&tx, call, action, Subject("ChampionRequest", Some(id.0)), json!({ "session": session.id })).await?;
        emit(&tx, call, "request.withdrawn", json!({ "request": id, "session": session.id })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("ChampionRequest", Some(id.0)), result).await
}

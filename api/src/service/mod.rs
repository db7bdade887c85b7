//! Use cases: one function per mutation or guarded query. Each opens its transaction, asks the policy, loads the facts,
//! asks the rule, saves the verdict, and leaves an audit row and outbox rows in the same transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entity::audit_event;
use rules::id::{AccountId, AuditId, ChampionId, OfferBundleId, OfferId};
use rules::policy::Action;
use rules::reason::{Creates, Reason};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::ledger;

pub mod acceptance;
pub mod account;
pub mod assignment;
pub mod attendance;
pub mod availability;
pub mod badge;
pub mod bundle;
pub mod calendar;
pub mod calendar_feed;
mod call_off;
pub mod champion;
pub mod clearance;
pub mod client;
pub mod cohort;
pub mod coverage;
pub mod dbs;
pub mod dbs_content;
pub mod dbs_join;
pub mod directory;
pub mod duplicate;
pub mod emergency;
pub mod evidence;
pub mod exemption;
pub mod group_calendar;
pub mod kept;
pub mod limit;
pub mod matching;
pub mod offer;
pub mod offer_close;
pub mod outcome;
pub mod password;
pub mod provider;
pub mod reference;
pub mod renewal;
mod reopen;
pub mod request;
pub mod requirement;
pub mod risk;
pub mod rota;
pub mod rota_change;
pub mod rota_job;
pub mod rota_publish;
pub mod rota_sheet;
pub mod series;
pub mod series_change;
pub mod session;
pub mod session_move;
pub mod sign_in;
pub mod sign_up;
pub mod staffing;
pub mod stage;
pub mod stand_in;
pub mod swap;
mod team;
pub mod training;
pub mod update_service;
pub mod wave;

/// What an audit row is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject(pub &'static str, pub Option<Uuid>);

impl Subject {
    /// About a champion.
    pub fn champion(id: ChampionId) -> Self {
        Self("Champion", Some(id.0))
    }
}

fn event(call: &Call, action: Action, subject: Subject, outcome: &str, detail: serde_json::Value) -> audit_event::Model {
    audit_event::Model {
        id: new_id::<AuditId>(call.now),
        at: call.now,
        actor_id: call.caller.account,
        client_id: call.caller.client.map(|(id, _)| id),
        action: format!("{action:?}"),
        subject_kind: subject.0.to_owned(),
        subject_id: subject.1,
        outcome: outcome.to_owned(),
        detail: detail.to_string(),
        request_id: call.request_id.clone(),
    }
}

/// Records what was done, in the transaction that does it. The detail holds ids and states, never personal values.
async fn done(tx: &impl ConnectionTrait, call: &Call, action: Action, subject: Subject, detail: serde_json::Value) -> Result<(), DbErr> {
    ledger::audit(tx, event(call, action, subject, "DONE", detail)).await
}

/// Records a denial in a transaction of its own, since the one that was refused has been rolled back. Somebody without key or
/// sign-in leaves a log line and no row: a stranger must not be able to fill the database.
async fn audited<T, R: Reason>(
    app: &App,
    call: &Call,
    action: Action,
    subject: Subject,
    result: Result<T, Refusal<R>>,
) -> Result<T, Refusal<R>>
where
    R::Code: std::fmt::Debug,
{
    let why = match &result {
        Err(Refusal::Forbidden) => json!({ "refused": "FORBIDDEN" }),
        Err(Refusal::Rule(reasons)) => json!({ "refused": reasons.iter().map(|r| format!("{:?}", r.code())).collect::<Vec<_>>() }),
        Err(Refusal::Unauthenticated) => {
            tracing::info!(request_id = call.request_id, ?action, "refused: nobody is signed in");
            return result;
        }
        _ => return result,
    };
    let denial = event(call, action, subject, "DENIED", why);
    let written: Result<(), Fault> =
        async { crate::store::transact!(app.db, |tx| { Ok(ledger::audit(&tx, denial.clone()).await?) }) }.await;
    written?;
    result
}

/// A message to a person. The outbox row names who and what for; address and links are put in when it is sent.
#[derive(Clone, Copy, Debug, Serialize, serde::Deserialize)]
#[serde(tag = "template", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mail {
    /// Confirm your e-mail address.
    ConfirmEmail { champion: ChampionId, token: Uuid },
    /// You signed up again, and have an account.
    SignedUpAgain { champion: ChampionId },
    /// Can you help at this session?
    Offer { champion: ChampionId, offer: OfferId },
    /// Can you help on one of these dates, or several?
    OfferBundle { champion: ChampionId, bundle: OfferBundleId },
    /// The session you were to help at was called off, or your place is no longer needed.
    NoLongerNeeded { champion: ChampionId, session: rules::id::SessionId },
    /// Sessions you were to help at, or were asked for, were called off: the first of them, and how many more.
    CalledOff { champion: ChampionId, session: rules::id::SessionId, more: u32 },
    /// Sessions that were called off are held after all: the first of them, and how many more.
    HeldAfterAll { champion: ChampionId, session: rules::id::SessionId, more: u32 },
    /// Sessions you are to help at, or are asked for, have another time or place: the first of them, and how many more.
    Moved { champion: ChampionId, session: rules::id::SessionId, more: u32 },
    /// A stand-in has taken your place.
    Covered { champion: ChampionId, session: rules::id::SessionId },
    /// Somebody proposes to swap places.
    SwapProposed { champion: ChampionId, swap: rules::id::SwapId },
    /// The swap you proposed was accepted.
    SwapDone { champion: ChampionId, swap: rules::id::SwapId },
    /// A session that begins soon is at risk. Goes to its group's leaders and the coordinators.
    AtRisk { account: AccountId, session: rules::id::SessionId, cause: rules::staffing::RiskCause },
    /// The DBS Update Service found nobody with this number: is it right, and the subscription paid?
    UpdateServiceNoMatch { champion: ChampionId },
    /// Would you give a reference? Goes to the referee, with a link that needs no account.
    ReferenceRequest { reference: rules::id::ReferenceId, reminder: bool },
    /// A referee raised a concern.
    ReferenceConcern { account: AccountId, reference: rules::id::ReferenceId },
    /// A referee did not answer in time.
    ReferenceExpired { account: AccountId, reference: rules::id::ReferenceId },
    /// You have a seat at a dated training session after all.
    CohortSeat { champion: ChampionId, cohort: rules::id::CohortId },
    /// A dated training session was called off.
    CohortCancelled { champion: ChampionId, cohort: rules::id::CohortId },
    /// Some training of yours lapses soon.
    RenewalDue { champion: ChampionId, completion: rules::id::CompletionId },
    /// Your certificate can still join the DBS Update Service, until this day.
    JoinUpdateService { champion: ChampionId, until: chrono::NaiveDate },
    /// A link to sign in or to choose a new password; one that is nobody's is not sent.
    AccountLink { link: Uuid },
    /// Your password was changed.
    PasswordChanged { account: AccountId },
    /// A sign-in of yours was ended, since a copy of it was used.
    SignInEnded { account: AccountId },
}

/// Puts a message into the outbox.
async fn mail(tx: &impl ConnectionTrait, call: &Call, mail: Mail) -> Result<(), Fault> {
    emit(tx, call, "mail", json!(mail)).await
}

/// An outbox row: ids and what happened, nothing personal.
fn outgoing(call: &Call, topic: &str, payload: serde_json::Value) -> entity::outbox::Model {
    entity::outbox::Model {
        id: new_id(call.now),
        at: call.now,
        topic: topic.to_owned(),
        payload: payload.to_string(),
        attempts: 0,
        delivered_at: None,
    }
}

/// Puts an event into the outbox: ids and what happened, nothing personal.
async fn emit(tx: &impl ConnectionTrait, call: &Call, topic: &str, payload: serde_json::Value) -> Result<(), Fault> {
    Ok(ledger::emit(tx, new_id(call.now), call.now, topic, payload.to_string()).await?)
}

/// A creating mutation's key and the fingerprint of its input.
#[derive(Clone, Debug)]
pub struct Once {
    key: String,
    input_hash: String,
    /// Whether what was made under the key stands: made now, or before. A refusal leaves the key free.
    settled: Arc<AtomicBool>,
}

impl Once {
    /// A key as the client sent it, and the fingerprint of everything in the input.
    pub fn new(key: &str, input_hash: String) -> Self {
        Self { key: key.to_owned(), input_hash, settled: Arc::default() }
    }

    /// Whether something stands under the key.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    fn settle(&self, settled: bool) {
        self.settled.store(settled, Ordering::Release);
    }
}

/// Whose keys these are: each account and each client has its own.
fn owner(call: &Call) -> String {
    match (call.caller.account, call.caller.client) {
        (Some(account), _) => format!("account:{}", account.0),
        (None, Some((client, _))) => format!("client:{}", client.0),
        (None, None) => "anyone".to_owned(),
    }
}

/// The answer kept for a key, if it was used before with the same input.
async fn answered<T: DeserializeOwned, R: Creates>(
    tx: &impl ConnectionTrait,
    call: &Call,
    once: Option<&Once>,
    action: Action,
) -> Result<Option<T>, Refusal<R>> {
    let Some(once) = once else { return Ok(None) };
    // A transaction that is run again begins from nothing.
    once.settle(false);
    let operation = format!("{action:?}");
    let row = entity::idempotency::Model {
        caller: owner(call),
        key: once.key.clone(),
        operation: operation.clone(),
        input_hash: once.input_hash.clone(),
        response: String::new(),
        created_at: call.now,
    };
    let Some(kept) = ledger::claim(tx, row).await? else { return Ok(None) };
    if kept.operation != operation || kept.input_hash != once.input_hash {
        return Err(Refusal::rule(R::key_reused()));
    }
    let answer = serde_json::from_str(&kept.response).map_err(|e| Fault::Other(anyhow::Error::new(e).context("a kept answer is broken")));
    once.settle(answer.is_ok());
    answer.map(Some).map_err(Refusal::Fault)
}

/// Keeps the answer for a key, in the transaction that made it.
async fn keep<T: Serialize>(tx: &impl ConnectionTrait, call: &Call, once: Option<&Once>, answer: &T) -> Result<(), Fault> {
    let Some(once) = once else { return Ok(()) };
    let text = serde_json::to_string(answer).map_err(anyhow::Error::new)?;
    ledger::keep_answer(tx, &owner(call), &once.key, text).await?;
    once.settle(true);
    Ok(())
}

//! Offers of several dates: sent at once, or not at all; answered at once, each date judged on its own.

use std::collections::HashMap;

use entity::{offer_bundle, session};
use rules::bundle::{CannotAnswerBundle, CannotSendBundle, Date, Sorted, answer as sort, check_list, send as judge};
use rules::id::{AssignmentId, ChampionId, OfferBundleId, OfferId, PlaceId, SessionId};
use rules::matching::ChampionRecord;
use rules::offer::{CannotAccept, CannotDecline, expires_at};
use rules::policy::{Action, Relation};
use rules::reason::Reason;
use rules::session::PlaceKind;
use rules::wave::DeclineScope;
use sea_orm::ConnectionTrait;

use super::offer::{Asked, accept, decline, fact, post};
use super::team::Teams;
use super::{Once, Subject, answered, audited, keep, request};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::{self, bundle, offer, rota, row, transact};

/// Several dates for a champion.
#[derive(Clone, Debug)]
pub struct NewBundle {
    /// Who is asked.
    pub champion: ChampionId,
    /// For which sessions.
    pub sessions: Vec<SessionId>,
    /// For which kind of place.
    pub kind: PlaceKind,
    /// What they should know.
    pub message: String,
}

/// Offers a champion several dates of a group: all of them, or none.
pub async fn send(app: &App, call: &Call, once: Option<Once>, new: NewBundle) -> Result<OfferBundleId, Refusal<CannotSendBundle>> {
    let action = Action::OfferBundleSend;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        if let Some(kept) = answered::<OfferBundleId, CannotSendBundle>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let sessions = locked(&tx, call, &new.sessions).await?;
        let record = asked(&tx, call, new.champion).await?;
        let facts = facts::needs(&tx, sessions).await?;
        judge_dates(&tx, call, &new, &facts, &record).await?;
        let sessions: Vec<&session::Model> = facts.iter().map(|f| &f.session).collect();
        let requests = request::ensure_all(&tx, call, action, &sessions).await?;
        let id: OfferBundleId = new_id(call.now);
        let group_id = sessions[0].group_id;
        let message = new.message.clone();
        row::insert(&tx, offer_bundle::Model { id, group_id, champion_id: new.champion, message, sent_at: call.now }).await?;
        let asked: Vec<Asked<'_>> = sessions
            .iter()
            .map(|session| Asked {
                request: requests[&session.id],
                session,
                kind: new.kind,
                champion: new.champion,
                expires_at: expires_at(call.now, session.starts_at),
            })
            .collect();
        post(&tx, call, action, &asked, &new.message, Some(id)).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject::champion(new.champion), result).await
}

/// The sessions in the order of the list, all of one group that the caller may ask for, and locked in the order of their ids.
async fn locked(tx: &impl ConnectionTrait, call: &Call, ids: &[SessionId]) -> Result<Vec<session::Model>, Refusal<CannotSendBundle>> {
    check_list(ids).map_err(Refusal::rule)?;
    let mut found: HashMap<SessionId, session::Model> = rota::lock_sessions(tx, ids).await?.into_iter().map(|s| (s.id, s)).collect();
    found.retain(|_, session| call.may(Action::OfferBundleSend, call.caller.to_group(session.group_id)));
    let missing = ids.iter().position(|id| !found.contains_key(id));
    if let Some(index) = missing {
        return Err(Refusal::not_found(&format!("sessionIds.{index}")));
    }
    let sessions: Vec<session::Model> = ids.iter().filter_map(|id| found.remove(id)).collect();
    match sessions.iter().position(|session| session.group_id != sessions[0].group_id) {
        Some(index) => Err(Refusal::rule(CannotSendBundle::OtherGroup { index })),
        None => Ok(sessions),
    }
}

/// The champion, locked, if anybody may ask them.
async fn asked(tx: &impl ConnectionTrait, call: &Call, id: ChampionId) -> Result<ChampionRecord, Refusal<CannotSendBundle>> {
    store::champion::lock(tx, id).await?;
    let record = facts::champions(tx, Which::These(&[id])).await?.pop().filter(|r| r.clearance.membership.is_open());
    let record = record.ok_or(Refusal::not_found("championId"))?;
    if store::wave::resting(tx, call.now).await?.contains_key(&id) {
        return Err(Refusal::rule(CannotSendBundle::Resting));
    }
    Ok(record)
}

async fn judge_dates(
    tx: &impl ConnectionTrait,
    call: &Call,
    new: &NewBundle,
    facts: &[SessionFactsRow],
    record: &ChampionRecord,
) -> Result<(), Refusal<CannotSendBundle>> {
    let taken: Vec<PlaceId> = offer::confirmed(tx, &new.sessions).await?.into_iter().map(|a| a.place_id).collect();
    let earlier = offer::of_sessions(tx, &new.sessions).await?;
    let teams = Teams::joined_by(tx, facts.iter().map(|facts| (facts, record))).await?;
    let date = |facts: &'_ SessionFactsRow| {
        let open = facts.open(new.kind, &taken);
        let last = earlier.iter().rev().find(|o| o.session_id == facts.session.id && o.champion_id == new.champion);
        (facts.session.status, facts.session.starts_at, teams.beside(facts, &open), !open.is_empty(), last.map(fact))
    };
    let dates = facts.iter().map(|facts| {
        let (status, starts_at, team, is_open, earlier) = date(facts);
        Date { status, starts_at, need: facts.need(new.kind).filter(|_| is_open), team, earlier }
    });
    Ok(judge(new.kind, &dates.collect::<Vec<_>>(), record, call.now)?)
}

/// A champion's answer to several dates.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The offers they say yes to; they say no to the others.
    pub yes: Vec<OfferId>,
    /// What the "no" is about.
    pub scope: DeclineScope,
    /// Why, if they want to say.
    pub reason: Option<String>,
}

/// What became of a date.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its offer.
    pub offer: OfferId,
    /// The place it led to.
    pub assignment: Option<AssignmentId>,
    /// Why the "yes" was not taken.
    pub not_accepted: Vec<CannotAccept>,
    /// Why the "no" was not taken.
    pub not_declined: Vec<CannotDecline>,
}

/// Answers several dates, the first of them first. Each is accepted or declined in a transaction of its own, as if it had been offered alone:
/// what one can't have does not keep the others. The same answer again finds what was done, and does the rest.
pub async fn answer(app: &App, call: &Call, id: OfferBundleId, reply: Reply) -> Result<Vec<Answered>, Refusal<CannotAnswerBundle>> {
    let action = Action::OfferBundleAnswer;
    let sorted = sorted(app, call, id, &reply.yes).await;
    let (yes, no) = audited(app, call, action, Subject("OfferBundle", Some(id.0)), sorted).await?;
    let mut told = Vec::new();
    for offer in yes {
        let (made, not_accepted) = ended(accept(app, call, offer).await)?;
        told.push(Answered { offer, assignment: made.map(|made| made.id), not_accepted, not_declined: Vec::new() });
    }
    for offer in no {
        let (_, not_declined) = ended(decline(app, call, offer, reply.scope, reply.reason.clone()).await)?;
        told.push(Answered { offer, assignment: None, not_accepted: Vec::new(), not_declined });
    }
    Ok(told)
}

async fn sorted(app: &App, call: &Call, id: OfferBundleId, yes: &[OfferId]) -> Result<Sorted, Refusal<CannotAnswerBundle>> {
    let action = Action::OfferBundleAnswer;
    call.require(action, Relation::Own)?;
    let found = bundle::find(app.db.read(), id).await?.filter(|b| call.may(action, call.caller.to_champion(b.champion_id)));
    found.ok_or(Refusal::not_found("bundleId"))?;
    let dates: Vec<OfferId> = bundle::dates(app.db.read(), [id]).await?.into_iter().map(|(offer, _)| offer.id).collect();
    Ok(sort(&dates, yes)?)
}

/// What was done, or every reason why not; anything else ends the whole answer.
fn ended<T, R: Reason>(result: Result<T, Refusal<R>>) -> Result<(Option<T>, Vec<R>), Refusal<CannotAnswerBundle>> {
    match result {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(Refusal::Rule(reasons)) => Ok((None, reasons)),
        Err(Refusal::Fault(fault)) => Err(Refusal::Fault(fault)),
        Err(Refusal::Forbidden) => Err(Refusal::Forbidden),
        Err(Refusal::Unauthenticated) => Err(Refusal::Unauthenticated),
    }
}

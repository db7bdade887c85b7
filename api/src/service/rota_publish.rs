//! Publishing a planned rota: all of it or nothing, each offer once, in a fixed number of statements however many lines.

use std::collections::{BTreeSet, HashMap};

use entity::{rota_line, rota_proposal, session};
use rules::id::{ChampionId, OfferId, RotaProposalId, SessionId};
use rules::offer::{OfferStatus, expires_at};
use rules::policy::{Action, Relation};
use rules::proposal::{CannotPublish, ProposalStatus, Publishing, publish as judge};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::offer::{Asked, fact, post};
use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::store::{self, offer, rota, row, transact};

/// Publishes a rota. Confirmed champions keep their places, those who were asked already are not asked again, and the rest
/// get their offers from this transaction's outbox. Locks the rota, its sessions and its champions, in that order.
pub async fn publish(
    app: &App,
    call: &Call,
    id: RotaProposalId,
    expected: i64,
    message: String,
) -> Result<RotaProposalId, Refusal<CannotPublish>> {
    let action = Action::RotaPublish;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let mut proposal = rota::lock(&tx, id).await?.ok_or(Refusal::not_found("proposalId"))?;
        let standing = Publishing {
            status: proposal.status,
            version: proposal.version,
            by_caller: proposal.published_by.is_some() && proposal.published_by == call.caller.account,
        };
        if !judge(standing, expected).map_err(Refusal::rule)? {
            return Ok(id);
        }
        let lines = rota::lines(&tx, id).await?;
        let sent = send(&tx, call, &proposal, lines, &message).await?;
        proposal.status = ProposalStatus::Published;
        proposal.published_by = call.caller.account;
        proposal.version += 1;
        row::update(&tx, proposal).await?;
        done(&tx, call, action, Subject("RotaProposal", Some(id.0)), json!({ "offers": sent })).await?;
        emit(&tx, call, "rota.published", json!({ "proposal": id })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("RotaProposal", Some(id.0)), result).await
}

/// Judges all lines under lock, then sends what has not been sent; answers how many were.
async fn send(
    tx: &impl ConnectionTrait,
    call: &Call,
    proposal: &rota_proposal::Model,
    mut lines: Vec<rota_line::Model>,
    message: &str,
) -> Result<usize, Refusal<CannotPublish>> {
    let ids: BTreeSet<SessionId> = lines.iter().map(|l| l.session_id).collect();
    let ids = Vec::from_iter(ids);
    let sessions = rota::lock_sessions(tx, &ids).await?;
    let champions: BTreeSet<ChampionId> = lines.iter().map(|l| l.champion_id).collect();
    store::champion::lock_all(tx, &Vec::from_iter(champions)).await?;
    let judged = super::rota::judged(tx, proposal, &lines, call.now).await?;
    let broken =
        |(line, troubles): (usize, Vec<_>)| troubles.into_iter().take(1).map(move |trouble| CannotPublish::LineBroken { line, trouble });
    let problems: Vec<CannotPublish> = judged.into_iter().enumerate().flat_map(broken).collect();
    if !problems.is_empty() {
        return Err(Refusal::Rule(problems));
    }
    let (placed, asked) = answered(tx, call, &ids).await?;
    let waiting = |l: &rota_line::Model| asked.get(&(l.session_id, l.champion_id)).copied();
    let fresh: Vec<usize> = (0..lines.len())
        .filter(|at| waiting(&lines[*at]).is_none() && !placed.contains(&(lines[*at].session_id, lines[*at].champion_id)))
        .collect();
    let sent = ask(tx, call, &sessions, fresh.iter().map(|at| &lines[*at]), message).await?;
    lines.iter_mut().for_each(|line| line.offer_id = waiting(line));
    fresh.iter().zip(&sent).for_each(|(at, offer)| lines[*at].offer_id = Some(*offer));
    rota::replace(tx, proposal.id, lines).await?;
    Ok(sent.len())
}

type Pair = (SessionId, ChampionId);

/// Who has a place at these sessions, and who has an offer that waits for an answer.
async fn answered(
    tx: &impl ConnectionTrait,
    call: &Call,
    sessions: &[SessionId],
) -> Result<(BTreeSet<Pair>, HashMap<Pair, OfferId>), Fault> {
    let placed = offer::confirmed(tx, sessions).await?.into_iter().map(|a| (a.session_id, a.champion_id)).collect();
    let offers = offer::of_sessions(tx, sessions).await?.into_iter().filter(|o| fact(o).status_at(call.now) == OfferStatus::Pending);
    Ok((placed, offers.map(|o| ((o.session_id, o.champion_id), o.id)).collect()))
}

/// Sends the offers, on the sessions' requests or on new ones.
async fn ask<'a>(
    tx: &impl ConnectionTrait,
    call: &Call,
    sessions: &[session::Model],
    lines: impl Iterator<Item = &'a rota_line::Model> + Clone,
    message: &str,
) -> Result<Vec<OfferId>, Fault> {
    let wanted: BTreeSet<SessionId> = lines.clone().map(|l| l.session_id).collect();
    let wanted: Vec<&session::Model> = sessions.iter().filter(|s| wanted.contains(&s.id)).collect();
    let requests = super::request::ensure_all(tx, call, Action::RotaPublish, &wanted).await?;
    let by_id: HashMap<SessionId, &session::Model> = sessions.iter().map(|s| (s.id, s)).collect();
    let asked = |l: &rota_line::Model| {
        let (session, request) = (by_id.get(&l.session_id)?, requests.get(&l.session_id)?);
        let expires_at = expires_at(call.now, session.starts_at);
        Some(Asked { request: *request, session, kind: l.kind, champion: l.champion_id, expires_at })
    };
    let asked: Option<Vec<Asked<'_>>> = lines.map(asked).collect();
    let asked = asked.ok_or_else(|| Fault::Other(anyhow::anyhow!("a line without its session")))?;
    post(tx, call, Action::RotaPublish, &asked, message, None).await
}

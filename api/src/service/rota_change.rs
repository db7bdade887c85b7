//! Changing a planned rota by hand: every change is judged at once, beside the champion's other lines.

use entity::{rota_line, rota_proposal};
use rules::id::{ChampionId, RotaLineId, RotaProposalId, SessionId};
use rules::policy::{Action, Relation};
use rules::proposal::{
    CannotAddLine, CannotArchive, CannotCancelProposal, CannotLockLine, CannotRemoveLine, Line, LineOrigin, ProposalStatus,
    add as judge_add, archive as judge_archive, cancel as judge_cancel,
};
use rules::reason::Reason;
use rules::session::PlaceKind;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::rota::{board, row as line_row};
use super::rota_job::tell;
use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::store::facts::Which;
use crate::store::{rota, row, transact};

/// What a line is changed in: its rota must be as it was read, and open to changes.
enum Closed {
    Stale(i64),
    Status(ProposalStatus),
}

fn open_to_change(proposal: &rota_proposal::Model, expected: Option<i64>) -> Result<(), Closed> {
    match proposal.status {
        _ if expected.is_some_and(|version| version != proposal.version) => Err(Closed::Stale(proposal.version)),
        ProposalStatus::Done => Ok(()),
        status => Err(Closed::Status(status)),
    }
}

async fn proposal<R: Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    id: RotaProposalId,
) -> Result<rota_proposal::Model, Refusal<R>> {
    call.require(action, Relation::Other)?;
    rota::lock(tx, id).await?.ok_or(Refusal::not_found("proposalId"))
}

async fn line<R: Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    id: RotaLineId,
) -> Result<(rota_proposal::Model, rota_line::Model), Refusal<R>> {
    call.require(action, Relation::Other)?;
    let seen = rota::line(tx, id).await?.ok_or(Refusal::not_found("lineId"))?;
    let proposal = rota::lock(tx, seen.proposal_id).await?.ok_or(Refusal::not_found("lineId"))?;
    let line = rota::line(tx, id).await?.ok_or(Refusal::not_found("lineId"))?;
    Ok((proposal, line))
}

/// Another version, for its lines are others.
async fn touch(tx: &impl ConnectionTrait, call: &Call, mut proposal: rota_proposal::Model) -> Result<(), Fault> {
    proposal.version += 1;
    let id = proposal.id;
    row::update(tx, proposal).await?;
    emit(tx, call, "rota.lines_changed", json!({ "proposal": id })).await
}

/// Adds a line by hand.
pub async fn add(
    app: &App,
    call: &Call,
    id: RotaProposalId,
    wanted: (SessionId, PlaceKind, ChampionId),
    expected: Option<i64>,
) -> Result<RotaLineId, Refusal<CannotAddLine>> {
    let action = Action::RotaLineAdd;
    let (session, kind, champion) = wanted;
    let line = Line { session, kind, champion };
    let result = transact!(app.db, |tx| {
        let proposal = proposal(&tx, call, action, id).await?;
        open_to_change(&proposal, expected).map_err(|closed| {
            Refusal::rule(match closed {
                Closed::Stale(current) => CannotAddLine::Stale { current },
                Closed::Status(status) => CannotAddLine::NotOpen { status },
            })
        })?;
        let others: Vec<rota_line::Model> = rota::lines(&tx, id).await?;
        if let Some(there) = others.iter().find(|l| rota::fact(l) == line) {
            return Ok(there.id);
        }
        // Others of the rota may be company for somebody new.
        let people: Vec<ChampionId> = others.iter().map(|l| l.champion_id).chain([champion]).collect();
        let facts = board(&tx, (proposal.from_date, proposal.until_date), Which::These(&people), call.now).await?;
        if facts.champion(champion).is_none_or(|c| !c.clearance.membership.is_open()) {
            return Err(Refusal::not_found("championId"));
        }
        judge_add(&facts, line, &others.iter().map(rota::fact).collect::<Vec<_>>())?;
        let new = rota_line::Model { origin: LineOrigin::Added, ..line_row(&proposal, &facts, line, false, call.now) };
        let new_line = new.id;
        row::insert(&tx, new).await?;
        touch(&tx, call, proposal).await?;
        done(&tx, call, action, Subject("RotaProposal", Some(id.0)), json!({ "session": session, "champion": champion })).await?;
        Ok(new_line)
    });
    audited(app, call, action, Subject("RotaProposal", Some(id.0)), result).await
}

/// Takes a line out.
pub async fn remove(app: &App, call: &Call, id: RotaLineId, expected: Option<i64>) -> Result<RotaProposalId, Refusal<CannotRemoveLine>> {
    let action = Action::RotaLineRemove;
    let result = transact!(app.db, |tx| {
        let (proposal, line) = line(&tx, call, action, id).await?;
        open_to_change(&proposal, expected).map_err(|closed| {
            Refusal::rule(match closed {
                Closed::Stale(current) => CannotRemoveLine::Stale { current },
                Closed::Status(status) => CannotRemoveLine::NotOpen { status },
            })
        })?;
        if line.locked {
            return Err(Refusal::rule(CannotRemoveLine::Locked));
        }
        let of = proposal.id;
        rota::remove(&tx, id).await?;
        touch(&tx, call, proposal).await?;
        let detail = json!({ "session": line.session_id, "champion": line.champion_id });
        done(&tx, call, action, Subject("RotaProposal", Some(of.0)), detail).await?;
        Ok(of)
    });
    audited(app, call, action, Subject("RotaLine", Some(id.0)), result).await
}

/// Locks a line, or unlocks it.
pub async fn lock(
    app: &App,
    call: &Call,
    id: RotaLineId,
    locked: bool,
    expected: Option<i64>,
) -> Result<RotaLineId, Refusal<CannotLockLine>> {
    let action = Action::RotaLineLock;
    let result = transact!(app.db, |tx| {
        let (proposal, line) = line(&tx, call, action, id).await?;
        open_to_change(&proposal, expected).map_err(|closed| {
            Refusal::rule(match closed {
                Closed::Stale(current) => CannotLockLine::Stale { current },
                Closed::Status(status) => CannotLockLine::NotOpen { status },
            })
        })?;
        if line.locked == locked {
            return Ok(id);
        }
        let of = proposal.id;
        row::update(&tx, rota_line::Model { locked, ..line }).await?;
        touch(&tx, call, proposal).await?;
        done(&tx, call, action, Subject("RotaProposal", Some(of.0)), json!({ "line": id, "locked": locked })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("RotaLine", Some(id.0)), result).await
}

/// Stops the planner.
pub async fn cancel(app: &App, call: &Call, id: RotaProposalId) -> Result<RotaProposalId, Refusal<CannotCancelProposal>> {
    let action = Action::RotaProposalCancel;
    let result = transact!(app.db, |tx| {
        let proposal = proposal(&tx, call, action, id).await?;
        if judge_cancel(proposal.status).map_err(Refusal::rule)? {
            moved(&tx, call, action, proposal, ProposalStatus::Cancelled).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("RotaProposal", Some(id.0)), result).await
}

/// Puts a rota away; its offers and lines stay as they are.
pub async fn archive(app: &App, call: &Call, id: RotaProposalId) -> Result<RotaProposalId, Refusal<CannotArchive>> {
    let action = Action::RotaArchive;
    let result = transact!(app.db, |tx| {
        let proposal = proposal(&tx, call, action, id).await?;
        if judge_archive(proposal.status).map_err(Refusal::rule)? {
            moved(&tx, call, action, proposal, ProposalStatus::Archived).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("RotaProposal", Some(id.0)), result).await
}

async fn moved(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    mut proposal: rota_proposal::Model,
    to: ProposalStatus,
) -> Result<(), Fault> {
    let id = proposal.id;
    proposal.status = to;
    proposal.finished_at = proposal.finished_at.or(Some(call.now));
    proposal.version += 1;
    row::update(tx, proposal.clone()).await?;
    tell(tx, call, &proposal).await?;
    Ok(done(tx, call, action, Subject("RotaProposal", Some(id.0)), json!({ "status": to })).await?)
}

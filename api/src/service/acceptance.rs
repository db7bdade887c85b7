//! Each organisation's own word on a champion it deploys: yes or no, by whom, when, and relying on what; and whether its groups'
//! sessions ask for it.

use entity::{acceptance as row_of, organisation};
use rules::acceptance::{CannotAccept, CannotSetAcceptance, ReliesOn, record as judge};
use rules::champion::Membership;
use rules::id::{ChampionId, OrganisationId};
use rules::policy::{Action, Relation};
use serde_json::json;

use super::clearance::{judge_again, judge_soon};
use super::{Once, Subject, answered, audited, done, emit, keep};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::clearance::{self, Whose};
use crate::store::{self, acceptance, directory, row, transact};

/// A word as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Whose.
    pub organisation: OrganisationId,
    /// On whom.
    pub champion: ChampionId,
    /// Yes or no.
    pub accepted: bool,
    /// What it relies on.
    pub relies_on: ReliesOn,
}

/// Records an organisation's word: by somebody who leads one of its groups, or a coordinator.
pub async fn record(app: &App, call: &Call, once: Option<Once>, word: Word) -> Result<ChampionId, Refusal<CannotAccept>> {
    let action = Action::AcceptanceRecord;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        if let Some(kept) = answered::<ChampionId, CannotAccept>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let theirs = acceptance::organisations_of(&tx, &call.caller.leads).await?.contains(&word.organisation);
        let relation = if theirs { Relation::Own } else { Relation::Other };
        let there = directory::organisation(&tx, word.organisation).await?.is_some();
        if !there || !call.may(action, relation) {
            return Err(Refusal::not_found("organisationId"));
        }
        // A leader sees those who may be placed, and so accepts nobody else.
        let seen =
            |m: Membership| call.may(Action::ChampionNameRead, Relation::Other) || matches!(m, Membership::Active | Membership::OnTrial);
        let person = store::champion::lock(&tx, word.champion).await?.filter(|c| seen(c.membership) && c.membership != Membership::Merged);
        let Some(person) = person else { return Err(Refusal::not_found("championId")) };
        judge(call.caller.to_champion(person.id) == Relation::Own, person.membership, word.accepted)?;
        let said = row_of::Model {
            id: new_id(call.now),
            organisation_id: word.organisation,
            champion_id: word.champion,
            accepted: word.accepted,
            relies_on: word.relies_on,
            decided_by: call.caller.account,
            decided_at: call.now,
        };
        row::insert(&tx, said).await?;
        let detail = json!({ "organisation": word.organisation, "accepted": word.accepted, "reliesOn": word.relies_on });
        done(&tx, call, action, Subject::champion(word.champion), detail).await?;
        emit(&tx, call, "acceptance.recorded", json!({ "champion": word.champion, "organisation": word.organisation })).await?;
        judge_again(&tx, call, action, &[person.id]).await?;
        keep(&tx, call, once.as_ref(), &word.champion).await?;
        Ok(word.champion)
    });
    audited(app, call, action, Subject::champion(word.champion), result).await
}

/// Says whether a DBS check that an organisation did not obtain counts at its groups' sessions only with its own word.
pub async fn set_asked(app: &App, call: &Call, id: OrganisationId, asked: bool) -> Result<OrganisationId, Refusal<CannotSetAcceptance>> {
    let action = Action::OrganisationAcceptanceSet;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(row) = directory::organisation(&tx, id).await? else { return Err(Refusal::not_found("organisationId")) };
        if row.asks_acceptance == asked {
            return Ok(id);
        }
        // Nobody says yes to one of its sessions meanwhile: whoever does later is judged by what is written here.
        store::session::lock_ahead_of(&tx, id, call.now).await?;
        row::update(&tx, organisation::Model { asks_acceptance: asked, ..row }).await?;
        done(&tx, call, action, Subject("Organisation", Some(id.0)), json!({ "asked": asked })).await?;
        emit(&tx, call, "organisation.acceptance_set", json!({ "organisation": id, "asked": asked })).await?;
        clearance::note_due(&tx, Whose::PlacedBy(id), call.now).await?;
        Ok(id)
    });
    let set = audited(app, call, action, Subject("Organisation", Some(id.0)), result).await?;
    judge_soon(app, call).await;
    Ok(set)
}

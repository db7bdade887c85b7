//! Whom to call in an emergency: kept while it may be needed, and not a day longer.

use entity::{emergency_contact, evidence};
use rules::champion::CannotSetEmergencyContact;
use rules::id::{ChampionId, EvidenceId};
use rules::input::Phone;
use rules::policy::Action;
use rules::requirement::{EvidenceOutcome, RequirementKind};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::champion::visible;
use super::clearance::judge_again;
use super::{Subject, audited, done};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{champion, row, training, transact};

/// A contact as it was given.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Their name.
    pub full_name: String,
    /// Who they are to the champion.
    pub relation: String,
    /// Their telephone number.
    pub phone: Phone,
}

/// Keeps whom to call, instead of whoever was there. Where the role asks for a contact, this is the evidence.
pub async fn set(app: &App, call: &Call, id: ChampionId, contact: Contact) -> Result<ChampionId, Refusal<CannotSetEmergencyContact>> {
    let action = Action::EmergencyContactSet;
    let result = transact!(app.db, |tx| {
        let person = visible(&tx, call, id, action).await?;
        if !person.membership.is_open() {
            return Err(Refusal::rule(CannotSetEmergencyContact::NotAMember { membership: person.membership }));
        }
        let kept = emergency_contact::Model {
            champion_id: id,
            full_name: contact.full_name.clone(),
            relation: contact.relation.clone(),
            phone_raw: contact.phone.raw.clone(),
            phone_e164: contact.phone.e164.clone(),
            updated_at: call.now,
        };
        champion::set_emergency_contact(&tx, kept).await?;
        give_evidence(&tx, call, id).await?;
        done(&tx, call, action, Subject::champion(id), json!({})).await?;
        judge_again(&tx, call, action, &[id]).await?;
        Ok(id)
    });
    audited(app, call, action, Subject::champion(id), result).await
}

async fn give_evidence(tx: &impl ConnectionTrait, call: &Call, champion: ChampionId) -> Result<(), Fault> {
    let asked = training::requirements(tx).await?;
    let in_force = |r: &&entity::requirement::Model| {
        r.kind == RequirementKind::EmergencyContact && training::requirement_fact(r).in_force_on(call.today())
    };
    let Some(requirement) = asked.iter().find(in_force) else { return Ok(()) };
    let piece = evidence::Model {
        id: new_id::<EvidenceId>(call.now),
        champion_id: champion,
        requirement_id: requirement.id,
        outcome: EvidenceOutcome::Satisfied,
        given_on: call.today(),
        note: String::new(),
        recorded_by: call.caller.account,
        recorded_at: call.now,
    };
    Ok(row::insert(tx, piece).await?)
}

/// Somebody left: whom to call is deleted, with the evidence that there was somebody.
pub(super) async fn forget(tx: &impl ConnectionTrait, champion: ChampionId) -> Result<(), Fault> {
    champion::remove_emergency_contact(tx, champion).await?;
    let asked = training::requirements(tx).await?;
    let contact = asked.iter().filter(|r| r.kind == RequirementKind::EmergencyContact).map(|r| r.id);
    Ok(training::remove_evidence(tx, champion, contact.collect()).await?)
}

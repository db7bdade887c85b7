//! References: asking by e-mail, the answer by a link without an account, the decision, reminders, and forgetting who answered.

use chrono::{DateTime, Months, Utc};
use entity::{evidence, referee_reference};
use rules::id::{AccountId, ChampionId, EvidenceId, ReferenceId};
use rules::input::Email;
use rules::policy::{Action, Relation, Role};
use rules::reference::{
    Answer, Applicant, Asking, CannotAskReference, CannotDecideReference, CannotWithdrawReference, Decider, Named, Plan, ReferenceLevel,
    ReferenceStatus, ask as judge_ask, decide as judge_decide, withdraw as judge_withdraw,
};
use rules::requirement::{EvidenceOutcome, RequirementKind};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::champion::visible;
use super::clearance::judge_again;
use super::{Mail, Once, Subject, answered, audited, done, emit, keep, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, reference, row, training, transact};

/// How many the clock goes through in one round.
const ROUND: u64 = 200;

/// A referee as they were named.
#[derive(Clone, Debug)]
pub struct Referee {
    /// Their name.
    pub name: String,
    /// Where to write to.
    pub email: Email,
    /// How they know the champion.
    pub how_known: String,
    /// Whether they are a relative.
    pub is_relative: bool,
    /// What the reference is for.
    pub level: ReferenceLevel,
}

/// The reference, and whether an earlier answer is used again.
pub type Requested = (ReferenceId, bool);

fn plan(app: &App) -> Plan {
    let mut reminder_days = app.policy.references.reference_reminder_days.clone();
    reminder_days.sort_unstable();
    Plan { reminder_days, days: app.policy.references.reference_days }
}

fn subject(id: ReferenceId) -> Subject {
    Subject("Reference", Some(id.0))
}

/// Asks somebody for a reference, or uses what they said not long ago.
pub async fn request(
    app: &App,
    call: &Call,
    once: Option<Once>,
    champion: ChampionId,
    referee: Referee,
) -> Result<Requested, Refusal<CannotAskReference>> {
    let action = Action::ReferenceRequest;
    let result = transact!(app.db, |tx| {
        let person = visible(&tx, call, champion, action).await?;
        if let Some(kept) = answered::<Requested, CannotAskReference>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let references: Vec<_> = reference::of(&tx, &[champion]).await?.iter().map(reference::fact).collect();
        let named = Named { mailbox: &referee.email.key, is_relative: referee.is_relative, level: referee.level };
        let of = Applicant { mailbox: &person.email_key, membership: person.membership, references: &references };
        let requested = match judge_ask(&named, &of, app.policy.references.reference_reuse_days, call.now)? {
            Asking::Reuse(id) => {
                done(&tx, call, action, subject(id), json!({ "champion": champion, "reused": true })).await?;
                (id, true)
            }
            Asking::Ask => {
                let row = asked(app, call, champion, &referee);
                let id = row.id;
                row::insert(&tx, row).await?;
                done(&tx, call, action, subject(id), json!({ "champion": champion, "level": referee.level })).await?;
                emit(&tx, call, "reference.requested", json!({ "champion": champion, "reference": id })).await?;
                mail(&tx, call, Mail::ReferenceRequest { reference: id, reminder: false }).await?;
                (id, false)
            }
        };
        keep(&tx, call, once.as_ref(), &requested).await?;
        Ok(requested)
    });
    audited(app, call, action, Subject::champion(champion), result).await
}

fn asked(app: &App, call: &Call, champion_id: ChampionId, referee: &Referee) -> referee_reference::Model {
    let plan = plan(app);
    let expires_at = plan.expires_at(call.now);
    referee_reference::Model {
        id: new_id(call.now),
        champion_id,
        level: referee.level,
        status: ReferenceStatus::Asked,
        referee_name: Some(referee.name.clone()),
        email: Some(referee.email.address.clone()),
        email_key: Some(referee.email.key.clone()),
        how_known: Some(referee.how_known.clone()),
        asked_by: call.caller.account,
        asked_at: call.now,
        reminders: 0,
        next_at: Some(plan.next_at(call.now, 0, expires_at)),
        expires_at,
        answered_at: None,
        known_for: None,
        recommends: None,
        concerns: None,
        comment: None,
        decided_by: None,
        decided_at: None,
        evidence_id: None,
        removed_at: None,
    }
}

/// Takes a reference back that nobody has answered: its link ends.
pub async fn withdraw(app: &App, call: &Call, id: ReferenceId) -> Result<ReferenceId, Refusal<CannotWithdrawReference>> {
    let action = Action::ReferenceWithdraw;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let seen = reference::find(&tx, id).await?.filter(|r| call.may(action, call.caller.to_champion(r.champion_id)));
        let Some(seen) = seen else { return Err(Refusal::not_found("referenceId")) };
        let Some(found) = reference::lock(&tx, id).await? else { return Err(Refusal::not_found("referenceId")) };
        if judge_withdraw(found.status).map_err(Refusal::rule)? {
            row::update(&tx, referee_reference::Model { status: ReferenceStatus::Withdrawn, next_at: None, ..found }).await?;
            done(&tx, call, action, subject(id), json!({ "champion": seen.champion_id })).await?;
            emit(&tx, call, "reference.withdrawn", json!({ "champion": seen.champion_id, "reference": id })).await?;
        }
        Ok(id)
    });
    audited(app, call, action, subject(id), result).await
}

/// What a referee did with the link.
#[derive(Clone, Debug)]
pub enum Said {
    /// Answered.
    Answer(Answer),
    /// Would rather not.
    Nothing,
}

/// Writes a referee's answer down; false if the link is no longer good. The link is their only right, and this is all it opens.
pub async fn answer(app: &App, call: &Call, id: ReferenceId, said: Said) -> Result<bool, Fault> {
    transact!(app.db, |tx| {
        let Some(seen) = reference::find(&tx, id).await? else { return Ok(false) };
        store::champion::lock(&tx, seen.champion_id).await?;
        let Some(found) = reference::lock(&tx, id).await? else { return Ok(false) };
        if found.status != ReferenceStatus::Asked || found.expires_at <= call.now {
            return Ok(false);
        }
        let champion = found.champion_id;
        let row = replied(found, &said, call.now);
        let status = row.status;
        row::update(&tx, row).await?;
        done(&tx, call, Action::ReferenceAnswer, subject(id), json!({ "champion": champion })).await?;
        emit(&tx, call, "reference.answered", json!({ "champion": champion, "reference": id })).await?;
        if status == ReferenceStatus::Concern {
            tell(&tx, call, Role::SafeguardingLead, |account| Mail::ReferenceConcern { account, reference: id }).await?;
        }
        Ok(true)
    })
}

fn replied(found: referee_reference::Model, said: &Said, now: DateTime<Utc>) -> referee_reference::Model {
    let after = referee_reference::Model { answered_at: Some(now), next_at: None, ..found };
    match said {
        Said::Nothing => referee_reference::Model { status: ReferenceStatus::Declined, ..after },
        Said::Answer(answer) => referee_reference::Model {
            status: answer.goes_to(),
            known_for: Some(answer.known_for),
            recommends: Some(answer.recommends),
            concerns: Some(answer.concerns),
            comment: Some(answer.comment.clone()),
            ..after
        },
    }
}

/// A message to everybody with a role.
async fn tell(tx: &impl ConnectionTrait, call: &Call, role: Role, message: impl Fn(AccountId) -> Mail) -> Result<(), Fault> {
    for account in store::account::holders(tx, role).await? {
        mail(tx, call, message(account)).await?;
    }
    Ok(())
}

/// Accepts an answer, or does not. An accepted one is evidence; one referee is evidence once.
pub async fn decide(app: &App, call: &Call, id: ReferenceId, accept: bool) -> Result<ReferenceId, Refusal<CannotDecideReference>> {
    let action = Action::ReferenceDecide;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(seen) = reference::find(&tx, id).await? else { return Err(Refusal::not_found("referenceId")) };
        let champion = seen.champion_id;
        store::champion::lock(&tx, champion).await?;
        let Some(found) = reference::lock(&tx, id).await? else { return Err(Refusal::not_found("referenceId")) };
        let own = call.caller.to_champion(champion) == Relation::Own;
        let by = Decider { own, is_lead: call.caller.has(Role::SafeguardingLead) };
        let to = judge_decide(found.status, accept, by).map_err(Refusal::rule)?;
        if to == found.status {
            return Ok(id);
        }
        let evidence_id = if accept { Some(evidence_of(&tx, call, &found).await?) } else { None };
        let decided =
            referee_reference::Model { status: to, decided_by: call.caller.account, decided_at: Some(call.now), evidence_id, ..found };
        row::update(&tx, decided).await?;
        done(&tx, call, action, subject(id), json!({ "champion": champion, "accepted": accept })).await?;
        emit(&tx, call, "reference.decided", json!({ "champion": champion, "reference": id })).await?;
        judge_again(&tx, call, action, &[champion]).await?;
        Ok(id)
    });
    audited(app, call, action, subject(id), result).await
}

/// The evidence an accepted reference gives: that of the same referee's earlier one, or a new piece.
async fn evidence_of(tx: &impl ConnectionTrait, call: &Call, found: &referee_reference::Model) -> Result<EvidenceId, Fault> {
    let same = |r: &referee_reference::Model| r.id != found.id && r.email_key.is_some() && r.email_key == found.email_key;
    let earlier = reference::of(tx, &[found.champion_id]).await?.into_iter().filter(same).find_map(|r| r.evidence_id);
    if let Some(earlier) = earlier {
        return Ok(earlier);
    }
    let asked = training::requirements(tx).await?;
    let in_force =
        |r: &&entity::requirement::Model| r.kind == RequirementKind::Reference && training::requirement_fact(r).in_force_on(call.today());
    let requirement = asked.iter().find(in_force).or_else(|| asked.iter().rfind(|r| r.kind == RequirementKind::Reference));
    let requirement = requirement.ok_or_else(|| Fault::Other(anyhow::anyhow!("there is no requirement for references")))?;
    let id: EvidenceId = new_id(call.now);
    let piece = evidence::Model {
        id,
        champion_id: found.champion_id,
        requirement_id: requirement.id,
        outcome: EvidenceOutcome::Satisfied,
        given_on: call.today(),
        note: String::new(),
        recorded_by: call.caller.account,
        recorded_at: call.now,
    };
    row::insert(tx, piece).await?;
    Ok(id)
}

/// Reminds referees whose day has come, and ends what nobody answered in time.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("references.follow", now);
    let due = reference::due(app.db.read(), now, ROUND).await?;
    for seen in &due {
        follow(app, &call, seen.id).await?;
    }
    Ok(due.len())
}

async fn follow(app: &App, call: &Call, id: ReferenceId) -> Result<(), Fault> {
    let plan = plan(app);
    transact!(app.db, |tx| {
        let waits = |r: &referee_reference::Model| r.status == ReferenceStatus::Asked && r.next_at.is_some_and(|at| at <= call.now);
        let Some(found) = reference::lock(&tx, id).await?.filter(waits) else { return Ok(()) };
        let champion = found.champion_id;
        if found.expires_at <= call.now {
            row::update(&tx, referee_reference::Model { status: ReferenceStatus::Expired, next_at: None, ..found }).await?;
            done(&tx, call, Action::ReferenceFollow, subject(id), json!({ "champion": champion, "expired": true })).await?;
            emit(&tx, call, "reference.expired", json!({ "champion": champion, "reference": id })).await?;
            return tell(&tx, call, Role::Coordinator, |account| Mail::ReferenceExpired { account, reference: id }).await;
        }
        let sent = plan.reminders_due(found.asked_at, call.now);
        let next_at = Some(plan.next_at(found.asked_at, sent, found.expires_at));
        let reminders = i32::try_from(sent).unwrap_or(i32::MAX);
        let reminded = referee_reference::Model { reminders, next_at, ..found };
        row::update(&tx, reminded).await?;
        done(&tx, call, Action::ReferenceFollow, subject(id), json!({ "champion": champion, "reminder": reminders })).await?;
        mail(&tx, call, Mail::ReferenceRequest { reference: id, reminder: true }).await
    })
}

/// Forgets who the referees of those who went were, once their own time is over.
pub async fn forget_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("references.forget", now);
    let back = |months: u32| now.checked_sub_months(Months::new(months)).unwrap_or(now);
    let references = &app.policy.references;
    let (applicants, leavers) = (back(references.applicant_months), back(references.leaver_months));
    let due = reference::kept_too_long(app.db.read(), applicants, leavers, ROUND).await?;
    for seen in &due {
        transact!(app.db, |tx| {
            let Some(found) = reference::lock(&tx, seen.id).await?.filter(|r| r.removed_at.is_none()) else { return Ok(()) };
            row::update(&tx, forgotten(found, now)).await?;
            done(&tx, &call, Action::ReferenceForget, subject(seen.id), json!({})).await?;
            Ok::<_, Fault>(())
        })?;
    }
    Ok(due.len())
}

/// A reference without the third person in it: that there was one stays.
pub(super) fn forgotten(row: referee_reference::Model, now: DateTime<Utc>) -> referee_reference::Model {
    let status = if row.status == ReferenceStatus::Asked { ReferenceStatus::Withdrawn } else { row.status };
    referee_reference::Model {
        status,
        referee_name: None,
        email: None,
        email_key: None,
        how_known: None,
        known_for: None,
        recommends: None,
        concerns: None,
        comment: None,
        next_at: None,
        removed_at: Some(now),
        ..row
    }
}

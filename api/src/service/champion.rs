//! Champions: sign-up, confirmation, profile, membership.

use std::collections::{BTreeSet, HashMap};

use chrono::{NaiveDate, TimeDelta};
use entity::{account, champion, consent, email_token, evidence, role_grant};
use rules::availability::Window;
use rules::champion::{CannotConfirm, CannotMove, CannotSignUp, CannotUpdate, Membership, Mover, step};
use rules::clearance::ClearanceRecord;
use rules::id::{AccountId, ChampionId, ConsentId, EvidenceId, ModuleId};
use rules::input::{ConsentPurpose, Email, Phone, Topic};
use rules::onboarding::{self, checklist, missing_for};
use rules::policy::{Action, Relation, Role};
use rules::reason::{Malformed, Reason};
use rules::requirement::{EvidenceOutcome, Requirement, RequirementKind};
use rules::sign_in::Method;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::clearance::judge_again;
use super::sign_in::{Granted, begin};
use super::{Mail, Once, Subject, answered, audited, availability::window_row, done, emit, keep, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::postcodes::Location;
use crate::store::champion::Profile;
use crate::store::{self, facts, row, training, transact};

/// A consent as ticked on a form.
#[derive(Clone, Debug)]
pub struct ConsentGiven {
    /// What for.
    pub purpose: ConsentPurpose,
    /// The version of the wording that was shown.
    pub wording_version: String,
    /// Ticked or not.
    pub given: bool,
}

/// A sign-up, checked field by field.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The full name.
    pub full_name: String,
    /// What to be called.
    pub known_as: Option<String>,
    /// The e-mail address.
    pub email: Email,
    /// The telephone number.
    pub phone: Option<Phone>,
    /// Where the postcode is.
    pub home: Option<Location>,
    /// The birth date.
    pub birth_date: NaiveDate,
    /// ISO 639-3 codes.
    pub languages: Vec<String>,
    /// Topics.
    pub topics: Vec<Topic>,
    /// How far to go.
    pub reach_metres: i32,
    /// Areas to serve however far.
    pub areas: Vec<String>,
    /// Phone and video only.
    pub remote_only: bool,
    /// First weekly availability.
    pub windows: Vec<Window>,
    /// Consents.
    pub consents: Vec<ConsentGiven>,
}

/// Whether the caller may sign anybody up; asked before the form is looked at. A denial is recorded.
pub async fn may_sign_up(app: &App, call: &Call) -> Result<(), Refusal<CannotSignUp>> {
    let allowed = call.require(Action::ChampionSignUp, Relation::Other);
    audited(app, call, Action::ChampionSignUp, Subject("Champion", None), allowed).await
}

/// Signs a prospective champion up. The answer is the same whether or not the address is known to us: the message that
/// goes to it says which.
pub async fn sign_up(app: &App, call: &Call, once: Option<Once>, form: SignUp) -> Result<(), Refusal<CannotSignUp>> {
    let result = transact!(app.db, |tx| {
        if answered::<(), CannotSignUp>(&tx, call, once.as_ref(), Action::ChampionSignUp).await?.is_some() {
            return Ok(());
        }
        let known = store::champion::by_email(&tx, &form.email.key).await?;
        // Written whoever sent it, and taken back where the address is known: the same statements, and so the same time.
        let step = tx.step().await?;
        let id = enrol(&tx, call, &form, known.is_some()).await?;
        if known.is_some() {
            step.take_back().await?
        } else {
            step.keep().await?
        }
        let (champion, with_us) = known.map_or((id, false), |known| (known.id, known.membership != Membership::Enquired));
        send_link(&tx, app, call, champion, with_us).await?;
        keep(&tx, call, once.as_ref(), &()).await?;
        Ok(())
    });
    audited(app, call, Action::ChampionSignUp, Subject("Champion", None), result).await
}

/// Writes the champion and everything the form said. A rehearsal, which will be taken back, gets by the key of the mailbox.
async fn enrol(tx: &impl ConnectionTrait, call: &Call, form: &SignUp, rehearsal: bool) -> Result<ChampionId, Fault> {
    let id: ChampionId = new_id(call.now);
    let number = store::ledger::next_number(tx, "champion").await?;
    let mut champion = champion_row(id, number, call, form);
    if rehearsal {
        champion.email_key = id.0.to_string();
    }
    row::insert(tx, champion.clone()).await?;
    store::duplicate::note_mailbox(tx, &champion).await?;
    let profile = Profile {
        languages: form.languages.iter().cloned().collect(),
        topics: form.topics.iter().copied().collect(),
        areas: form.areas.iter().cloned().collect(),
    };
    store::champion::set_profile(tx, id, profile).await?;
    row::insert_all(tx, form.windows.iter().map(|w| window_row(id, w, call)).collect()).await?;
    let consents = form.consents.iter().map(|c| consent::Model {
        id: new_id::<ConsentId>(call.now),
        champion_id: id,
        purpose: c.purpose,
        wording_version: c.wording_version.clone(),
        given: c.given,
        given_at: call.now,
        channel: "partner website".to_owned(),
        withdrawn_at: None,
    });
    row::insert_all(tx, consents.collect()).await?;
    let given = [RequirementKind::Application, RequirementKind::PrivacyNotice];
    let now_in_force = training::requirements(tx)
        .await?
        .into_iter()
        .filter(|r| given.contains(&r.kind) && training::requirement_fact(r).in_force_on(call.today()));
    let evidence = now_in_force.map(|r| evidence::Model {
        id: new_id::<EvidenceId>(call.now),
        champion_id: id,
        requirement_id: r.id,
        outcome: EvidenceOutcome::Satisfied,
        given_on: call.today(),
        note: String::new(),
        recorded_by: None,
        recorded_at: call.now,
    });
    row::insert_all(tx, evidence.collect()).await?;
    done(tx, call, Action::ChampionSignUp, Subject::champion(id), json!({})).await?;
    emit(tx, call, "champion.signed_up", json!({ "champion": id })).await?;
    Ok(id)
}

/// Both names in lower case, for searching.
pub(crate) fn name_key(full_name: &str, known_as: Option<&str>) -> String {
    format!("{full_name} {}", known_as.unwrap_or_default()).trim().to_lowercase()
}

fn champion_row(id: ChampionId, number: i32, call: &Call, form: &SignUp) -> champion::Model {
    let home = form.home.as_ref();
    champion::Model {
        id,
        number,
        account_id: None,
        full_name: form.full_name.clone(),
        known_as: form.known_as.clone(),
        name_key: name_key(&form.full_name, form.known_as.as_deref()),
        email: form.email.address.clone(),
        email_key: form.email.key.clone(),
        email_confirmed_at: None,
        phone_raw: form.phone.as_ref().map(|p| p.raw.clone()),
        phone_e164: form.phone.as_ref().map(|p| p.e164.clone()),
        postcode: home.map(|h| h.postcode.clone()),
        latitude: home.map(|h| h.point.latitude),
        longitude: home.map(|h| h.point.longitude),
        ward: home.and_then(|h| h.ward.clone()),
        birth_date: Some(form.birth_date),
        membership: Membership::Enquired,
        membership_changed_at: call.now,
        reach_metres: form.reach_metres,
        remote_only: form.remote_only,
        most_per_week: None,
        last_asked_at: None,
        source_client_id: call.caller.client.map(|(id, _)| id),
        version: 1,
        created_at: call.now,
        updated_at: call.now,
    }
}

/// Sends a link to confirm the address; somebody who did that long ago is told so, and their link is used up.
async fn send_link(tx: &impl ConnectionTrait, app: &App, call: &Call, champion: ChampionId, with_us: bool) -> Result<(), Fault> {
    let token: Uuid = new_id(call.now);
    let expires_at = call.now + TimeDelta::hours(app.policy.email_link_hours);
    row::insert(tx, email_token::Model { id: token, champion_id: champion, expires_at, used_at: with_us.then_some(call.now) }).await?;
    let message = if with_us { Mail::SignedUpAgain { champion } } else { Mail::ConfirmEmail { champion, token } };
    mail(tx, call, message).await
}

/// Confirms an e-mail address and opens the champion's account. Signs in to a new account; somebody who had an account before signs in
/// with the password they have.
pub async fn confirm_email(app: &App, call: &Call, token: &str, password: String) -> Result<Option<Granted>, Refusal<CannotConfirm>> {
    let id = app.keys.link_id(token).ok_or(Refusal::rule(CannotConfirm::LinkUnknown))?;
    rules::input::password("password", &password).map_err(|e| Refusal::rule(CannotConfirm::from(e)))?;
    let hash = app.passwords.hash(password).await?;
    let result = transact!(app.db, |tx| {
        let Some(mut link) = store::champion::lock_token(&tx, id).await? else { return Err(Refusal::rule(CannotConfirm::LinkUnknown)) };
        if link.used_at.is_some() || link.expires_at <= call.now {
            return Err(Refusal::rule(CannotConfirm::LinkExpired));
        }
        link.used_at = Some(call.now);
        let champion_id = link.champion_id;
        row::update(&tx, link).await?;
        let mut champion = store::champion::lock(&tx, champion_id).await?.ok_or(Refusal::rule(CannotConfirm::LinkExpired))?;
        if champion.membership != Membership::Enquired {
            return Err(Refusal::rule(CannotConfirm::LinkExpired));
        }
        let (account, is_new) = open_account(&tx, call, &champion, &hash).await?;
        champion.account_id = Some(account);
        champion.email_confirmed_at = Some(call.now);
        champion.membership = Membership::Applied;
        champion.membership_changed_at = call.now;
        champion.version += 1;
        row::update(&tx, champion).await?;
        done(&tx, call, Action::ChampionEmailConfirm, Subject::champion(champion_id), json!({ "membership": Membership::Applied })).await?;
        emit(&tx, call, "champion.status_changed", json!({ "champion": champion_id, "membership": Membership::Applied })).await?;
        if !is_new {
            return Ok(None);
        }
        let account = store::account::find(&tx, account).await?.ok_or(Refusal::rule(CannotConfirm::LinkExpired))?;
        Ok(Some(begin(&tx, app, call, "", &account, Method::Confirmation).await?))
    });
    audited(app, call, Action::ChampionEmailConfirm, Subject("Champion", None), result).await
}

/// The champion's account: the one with this mailbox, or a new one. Says which.
async fn open_account(
    tx: &impl ConnectionTrait,
    call: &Call,
    champion: &champion::Model,
    hash: &str,
) -> Result<(AccountId, bool), sea_orm::DbErr> {
    let known = store::account::by_email(tx, &champion.email_key).await?.map(|a| a.id);
    let id = known.unwrap_or_else(|| new_id(call.now));
    if known.is_none() {
        let account = account::Model {
            id,
            email: champion.email.clone(),
            email_key: champion.email_key.clone(),
            display_name: champion.known_as.clone().unwrap_or_else(|| champion.full_name.clone()),
            password_hash: Some(hash.to_owned()),
            active: true,
            epoch: 0,
            created_at: call.now,
        };
        row::insert(tx, account).await?;
    }
    row::insert(tx, role_grant::Model { id: new_id(call.now), account_id: id, role: Role::Champion, group_id: None, created_at: call.now })
        .await?;
    Ok((id, known.is_none()))
}

/// Changes to a profile; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What to be called; an empty name takes it away.
    pub known_as: Option<Option<String>>,
    /// The telephone number.
    pub phone: Option<Option<Phone>>,
    /// Where the postcode is.
    pub home: Option<Location>,
    /// ISO 639-3 codes.
    pub languages: Option<Vec<String>>,
    /// Topics.
    pub topics: Option<Vec<Topic>>,
    /// How far to go.
    pub reach_metres: Option<i32>,
    /// Areas to serve however far.
    pub areas: Option<Vec<String>>,
    /// Phone and video only.
    pub remote_only: Option<bool>,
    /// Most sessions a week.
    pub most_per_week: Option<Option<i32>>,
}

/// Changes a champion's profile.
pub async fn update(
    app: &App,
    call: &Call,
    id: ChampionId,
    expected: Option<i64>,
    changes: Changes,
) -> Result<ChampionId, Refusal<CannotUpdate>> {
    let result = transact!(app.db, |tx| {
        let mut champion = visible(&tx, call, id, Action::ChampionUpdate).await?;
        if expected.is_some_and(|version| version != champion.version) {
            return Err(Refusal::rule(CannotUpdate::Stale { current: champion.version }));
        }
        let known = store::champion::profile(&tx, id).await?;
        let profile = Profile {
            languages: changes.languages.clone().map_or(known.languages, BTreeSet::from_iter),
            topics: changes.topics.clone().map_or(known.topics, BTreeSet::from_iter),
            areas: changes.areas.clone().map_or(known.areas, BTreeSet::from_iter),
        };
        store::champion::set_profile(&tx, id, profile).await?;
        apply(&mut champion, &changes, call);
        row::update(&tx, champion).await?;
        done(&tx, call, Action::ChampionUpdate, Subject::champion(id), json!({})).await?;
        Ok(id)
    });
    audited(app, call, Action::ChampionUpdate, Subject::champion(id), result).await
}

fn apply(champion: &mut champion::Model, changes: &Changes, call: &Call) {
    if let Some(known_as) = &changes.known_as {
        champion.known_as.clone_from(known_as);
        champion.name_key = name_key(&champion.full_name, known_as.as_deref());
    }
    if let Some(phone) = &changes.phone {
        champion.phone_raw = phone.as_ref().map(|p| p.raw.clone());
        champion.phone_e164 = phone.as_ref().map(|p| p.e164.clone());
    }
    if let Some(home) = &changes.home {
        champion.postcode = Some(home.postcode.clone());
        champion.latitude = Some(home.point.latitude);
        champion.longitude = Some(home.point.longitude);
        champion.ward.clone_from(&home.ward);
    }
    champion.reach_metres = changes.reach_metres.unwrap_or(champion.reach_metres);
    champion.remote_only = changes.remote_only.unwrap_or(champion.remote_only);
    champion.most_per_week = changes.most_per_week.unwrap_or(champion.most_per_week);
    champion.version += 1;
    champion.updated_at = call.now;
}

/// The champion, locked, if the caller may do `action` to them. Whoever may do it to nobody is forbidden before anything is
/// looked up, and whoever may do it to their own record alone finds nobody else.
pub(super) async fn visible<R: Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    id: ChampionId,
    action: Action,
) -> Result<champion::Model, Refusal<R>> {
    call.require(action, Relation::Own)?;
    if !call.may(action, call.caller.to_champion(id)) {
        return Err(Refusal::not_found("championId"));
    }
    store::champion::lock(tx, id).await?.ok_or_else(|| Refusal::not_found("championId"))
}

/// Moves a champion's membership, if the checklist allows it.
pub async fn change_membership(
    app: &App,
    call: &Call,
    id: ChampionId,
    to: Membership,
    expected: Option<i64>,
) -> Result<ChampionId, Refusal<CannotMove>> {
    let result = transact!(app.db, |tx| {
        let mut champion = visible(&tx, call, id, Action::ChampionMembershipChange).await?;
        if expected.is_some_and(|version| version != champion.version) {
            return Err(Refusal::rule(CannotMove::Stale { current: champion.version }));
        }
        let from = champion.membership;
        step(from, to, mover(call, id)).map_err(Refusal::rule)?;
        let missing = missing_for(to, &current_checklist(&tx, call, &champion).await?);
        if !missing.is_empty() && from != Membership::Paused {
            return Err(Refusal::rule(CannotMove::NotReady { missing }));
        }
        champion.membership = to;
        champion.membership_changed_at = call.now;
        champion.version += 1;
        champion.updated_at = call.now;
        row::update(&tx, champion).await?;
        if !to.is_open() {
            super::emergency::forget(&tx, id).await?;
        }
        done(&tx, call, Action::ChampionMembershipChange, Subject::champion(id), json!({ "from": from, "to": to })).await?;
        emit(&tx, call, "champion.status_changed", json!({ "champion": id, "membership": to })).await?;
        judge_again(&tx, call, Action::ChampionMembershipChange, &[id]).await?;
        Ok(id)
    });
    audited(app, call, Action::ChampionMembershipChange, Subject::champion(id), result).await
}

fn mover(call: &Call, id: ChampionId) -> Mover {
    if call.caller.champion == Some(id) {
        return Mover::Themselves;
    }
    let lead = call.caller.has(Role::SafeguardingLead);
    Mover::Staff(if lead { Role::SafeguardingLead } else { Role::Coordinator })
}

/// The champion's checklist today.
pub async fn current_checklist(
    conn: &impl ConnectionTrait,
    call: &Call,
    champion: &champion::Model,
) -> Result<onboarding::Checklist, Fault> {
    let requirements: Vec<_> = training::requirements(conn).await?.iter().map(training::requirement_fact).collect();
    let record = facts::champions(conn, facts::Which::These(&[champion.id])).await?.pop();
    let titles = training::catalogue(conn).await?.into_iter().map(|(id, (row, _))| (id, row.title)).collect();
    Ok(checklist_of(champion.membership, record.as_ref().map(|r| &r.clearance), &requirements, &titles, call.today()))
}

/// The checklist of whoever stands so and has brought this, on a date.
pub(super) fn checklist_of(
    membership: Membership,
    record: Option<&ClearanceRecord>,
    requirements: &[Requirement],
    titles: &HashMap<ModuleId, String>,
    on: NaiveDate,
) -> onboarding::Checklist {
    let progress = onboarding::Progress {
        membership,
        requirements,
        evidence: record.map_or(&[], |c| &c.evidence),
        completions: record.map_or(&[], |c| &c.completions),
        exemptions: record.map_or(&[], |c| &c.exemptions),
        checks: record.map_or(&[], |c| &c.checks),
        titles,
    };
    checklist(&progress, on)
}

/// A problem with one consent of a form.
pub fn check_consent(index: usize, wording_version: &str) -> Result<String, Malformed> {
    rules::input::line(&format!("consents.{index}.wordingVersion"), wording_version, 40)
}

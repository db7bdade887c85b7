//! Two records of one person: found after sign-up without a word to whoever signed up, merged by a coordinator, all at once.

use chrono::{DateTime, Utc};
use entity::{champion, duplicate};
use rules::champion::Membership;
use rules::duplicate::{
    CannotKeepApart, CannotMerge, DuplicateReason, DuplicateStatus, MergeConflict, keep_apart as judge_apart, merge as judge, reasons,
};
use rules::id::{ChampionId, DuplicateId};
use rules::policy::{Action, Relation, Role};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::champion::name_key;
use super::clearance::judge_again;
use super::{Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::champion::Profile;
use crate::store::{self, duplicate as pairs, row, transact};

/// How many records that share something are looked at for one that is new.
const MOST: u64 = 50;

/// How many new records one round looks at.
const ROUND: u64 = 500;

/// Looks for others like everybody who is new; answers how many were looked at. By the clock and not at sign-up: how long a sign-up
/// takes must not tell whether somebody is known.
pub async fn look_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("champions.duplicates", now);
    let new = pairs::to_look_at(app.db.read(), ROUND).await?;
    for id in &new {
        transact!(app.db, |tx| { look(&tx, &call, *id).await })?;
    }
    Ok(new.len())
}

/// Lists records that may be the same person as a new one, for a coordinator.
async fn look(tx: &impl ConnectionTrait, call: &Call, id: ChampionId) -> Result<(), Fault> {
    let Some(new) = store::champion::lock(tx, id).await? else { return Ok(()) };
    if !pairs::looked(tx, id, call.now).await? || new.membership == Membership::Merged {
        return Ok(());
    }
    let (traits, known) = (pairs::traits(&new), pairs::of(tx, id).await?);
    for other in pairs::candidates(tx, id, &traits, MOST).await? {
        let why = reasons(&traits, &pairs::traits(&other));
        let (first_id, second_id) = (id.min(other.id), id.max(other.id));
        if why.is_empty() || known.iter().any(|pair| (pair.first_id, pair.second_id) == (first_id, second_id)) {
            continue;
        }
        let pair: DuplicateId = new_id(call.now);
        let row = duplicate::Model {
            id: pair,
            first_id,
            second_id,
            reasons: why.into_iter().map(DuplicateReason::code).collect::<Vec<_>>().join(" "),
            status: DuplicateStatus::Open,
            found_at: call.now,
            decided_by: None,
            decided_at: None,
            survivor_id: None,
            comment: String::new(),
        };
        row::insert(tx, row).await?;
        done(tx, call, Action::ChampionDuplicateFind, Subject("ChampionDuplicate", Some(pair.0)), json!({})).await?;
        emit(tx, call, "champion.duplicate_found", json!({ "duplicate": pair })).await?;
    }
    Ok(())
}

/// What merging would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// How many rows of each kind would move.
    pub moves: Vec<(&'static str, u64)>,
    /// What the records disagree about.
    pub conflicts: Vec<MergeConflict>,
}

/// What merging a pair into one of the two would do; none if the survivor is not one of them, or there is nothing to merge.
pub async fn preview(app: &App, pair: &duplicate::Model, survivor: ChampionId) -> Result<Option<Preview>, Fault> {
    let Some(gone) = pairs::fact(pair).other(survivor).filter(|_| pair.status == DuplicateStatus::Open) else { return Ok(None) };
    let conn = app.db.snapshot().await?;
    let (Some(kept_row), Some(gone_row)) = (store::champion::find(&conn, survivor).await?, store::champion::find(&conn, gone).await?)
    else {
        return Ok(None);
    };
    let moves = pairs::counts(&conn, gone).await?;
    Ok(Some(Preview { moves, conflicts: pairs::conflicts(&conn, &kept_row, &gone_row).await? }))
}

/// Merges a pair into the survivor: everything moves, and nobody finds the other record any more.
pub async fn merge(app: &App, call: &Call, id: DuplicateId, survivor: ChampionId) -> Result<ChampionId, Refusal<CannotMerge>> {
    let action = Action::ChampionDuplicateMerge;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(seen) = pairs::find(&tx, id).await? else { return Err(Refusal::not_found("duplicateId")) };
        let both = [seen.first_id, seen.second_id];
        // Whoever changes places or offers of a session locks it before the champions.
        for session in pairs::sessions(&tx, both).await? {
            store::session::lock(&tx, session).await?;
        }
        let mut rows = store::champion::lock_all(&tx, &both).await?;
        let Some(pair) = pairs::lock(&tx, id).await? else { return Err(Refusal::not_found("duplicateId")) };
        let place = rows.iter().position(|c| c.id == survivor);
        let kept = place.map(|place| rows.swap_remove(place));
        let gone = rows.pop();
        let conflicts = match (&kept, &gone) {
            (Some(kept), Some(gone)) => pairs::conflicts(&tx, kept, gone).await?,
            _ => Vec::new(),
        };
        judge(&pairs::fact(&pair), survivor, call.caller.champion, &conflicts)?;
        let (Some(kept), Some(gone)) = (kept, gone) else { return Err(Refusal::not_found("survivorId")) };
        let gone_id = gone.id;
        join_profiles(&tx, kept.id, gone_id).await?;
        pairs::move_all(&tx, gone_id, survivor, call.now).await?;
        join(&tx, call, kept, gone).await?;
        let decided = duplicate::Model {
            status: DuplicateStatus::Merged,
            decided_by: call.caller.account,
            decided_at: Some(call.now),
            survivor_id: Some(survivor),
            ..pair
        };
        row::update(&tx, decided).await?;
        pairs::close_others(&tx, gone_id, call.now).await?;
        done(&tx, call, action, Subject::champion(survivor), json!({ "merged": gone_id })).await?;
        done(&tx, call, action, Subject::champion(gone_id), json!({ "into": survivor })).await?;
        emit(&tx, call, "champion.merged", json!({ "champion": survivor, "merged": gone_id })).await?;
        judge_again(&tx, call, action, &[survivor]).await?;
        Ok(survivor)
    });
    audited(app, call, action, Subject("ChampionDuplicate", Some(id.0)), result).await
}

/// The survivor speaks, helps with and goes to what either did.
async fn join_profiles(tx: &impl ConnectionTrait, kept: ChampionId, gone: ChampionId) -> Result<(), Fault> {
    let mut joint = store::champion::profile(tx, kept).await?;
    let other = store::champion::profile(tx, gone).await?;
    joint.languages.extend(other.languages);
    joint.topics.extend(other.topics);
    joint.areas.extend(other.areas);
    store::champion::set_profile(tx, gone, Profile::default()).await?;
    Ok(store::champion::set_profile(tx, kept, joint).await?)
}

/// Joins the two rows: what the survivor lacks comes from the other, which keeps its number and nothing of a person.
async fn join(tx: &impl ConnectionTrait, call: &Call, kept: champion::Model, gone: champion::Model) -> Result<(), Fault> {
    let account = gone.account_id;
    let home = kept.postcode.is_none();
    let joined = champion::Model {
        account_id: kept.account_id.or(account),
        email_confirmed_at: kept.email_confirmed_at.or(gone.email_confirmed_at.filter(|_| kept.account_id.is_none())),
        known_as: kept.known_as.clone().or(gone.known_as.clone()),
        name_key: name_key(&kept.full_name, kept.known_as.as_deref().or(gone.known_as.as_deref())),
        phone_raw: kept.phone_raw.clone().or(gone.phone_raw.clone()),
        phone_e164: kept.phone_e164.clone().or(gone.phone_e164.clone()),
        postcode: kept.postcode.clone().or(gone.postcode.clone()),
        latitude: if home { gone.latitude } else { kept.latitude },
        longitude: if home { gone.longitude } else { kept.longitude },
        ward: if home { gone.ward.clone() } else { kept.ward.clone() },
        birth_date: kept.birth_date.or(gone.birth_date),
        version: kept.version + 1,
        updated_at: call.now,
        ..kept.clone()
    };
    row::update(tx, emptied(gone, call)).await?;
    row::update(tx, joined).await?;
    if let Some(account) = account.filter(|_| kept.account_id.is_some()) {
        end_account(tx, account).await?;
    }
    Ok(())
}

fn emptied(gone: champion::Model, call: &Call) -> champion::Model {
    champion::Model {
        account_id: None,
        full_name: "Merged record".to_owned(),
        known_as: None,
        name_key: String::new(),
        email: String::new(),
        email_key: gone.id.0.to_string(),
        email_confirmed_at: None,
        phone_raw: None,
        phone_e164: None,
        postcode: None,
        latitude: None,
        longitude: None,
        ward: None,
        birth_date: None,
        membership: Membership::Merged,
        membership_changed_at: call.now,
        version: gone.version + 1,
        updated_at: call.now,
        ..gone
    }
}

/// The account of the record that went is no champion's any more; one that was nothing else is switched off.
async fn end_account(tx: &impl ConnectionTrait, id: rules::id::AccountId) -> Result<(), Fault> {
    let grants = store::account::grants(tx, id).await?;
    for grant in grants.iter().filter(|g| g.role == Role::Champion) {
        store::account::revoke(tx, grant).await?;
    }
    if grants.iter().all(|g| g.role == Role::Champion)
        && let Some(account) = store::account::lock(tx, id).await?
    {
        row::update(tx, entity::account::Model { active: false, ..account }).await?;
    }
    Ok(())
}

/// Says that a pair is two people; it is not asked about again.
pub async fn keep_apart(app: &App, call: &Call, id: DuplicateId, comment: String) -> Result<DuplicateId, Refusal<CannotKeepApart>> {
    let action = Action::ChampionDuplicateDismiss;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Other)?;
        let Some(pair) = pairs::lock(&tx, id).await? else { return Err(Refusal::not_found("duplicateId")) };
        if judge_apart(&pairs::fact(&pair), call.caller.champion).map_err(Refusal::rule)? {
            let decided = duplicate::Model {
                status: DuplicateStatus::Distinct,
                decided_by: call.caller.account,
                decided_at: Some(call.now),
                comment: comment.clone(),
                ..pair
            };
            row::update(&tx, decided).await?;
            done(&tx, call, action, Subject("ChampionDuplicate", Some(id.0)), json!({})).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("ChampionDuplicate", Some(id.0)), result).await
}

//! Sessions: creating one, calling one off.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use entity::{place, place_module, session, session_topic};
use rules::dbs::{DbsScope, SessionFacts};
use rules::id::{GroupId, ModuleId, PlaceId, SessionId, VenueId};
use rules::input::Topic;
use rules::policy::{Action, Relation};
use rules::reason::{Malformed, Reason};
use rules::session::{
    CannotCancel, CannotCreateSession, Draft, Modality, PlaceKind, SessionStatus, Setting, cancel as judge_cancel, create as judge,
    module_codes, span,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Mail, Once, Subject, answered, audited, done, emit, keep, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Refusal;
use crate::store::{self, directory, row, training, transact};

/// A session as it was sent, checked field by field.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The group that holds it.
    pub group: GroupId,
    /// Where; none for phone and video.
    pub venue: Option<VenueId>,
    /// What it is called.
    pub title: String,
    /// How it is held.
    pub modality: Modality,
    /// How champions and learners work together.
    pub setting: Setting,
    /// What it is, for the law.
    pub facts: SessionFacts,
    /// Whether a responsible adult is present.
    pub responsible_adult: bool,
    /// The language champions have to speak.
    pub language: Option<String>,
    /// What learners want to work on.
    pub topics: Vec<Topic>,
    /// Local date.
    pub date: NaiveDate,
    /// Local start.
    pub starts: NaiveTime,
    /// Length.
    pub minutes: i32,
    /// The zone of date and start.
    pub zone: Tz,
    /// The check asked for; none for what the law permits, `Some(None)` for no check.
    pub dbs: Option<Option<DbsScope>>,
    /// The places, in order.
    pub places: Vec<NewPlaces>,
}

/// Places of one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewPlaces {
    /// What they are for.
    pub kind: PlaceKind,
    /// How many.
    pub count: usize,
    /// Modules they ask for beyond what the session's nature does.
    pub modules: Vec<ModuleId>,
}

/// The group, if the caller may do `action` for it; a group that is not theirs can be seen, so this is a plain refusal.
pub(super) async fn group_for<R: rules::reason::Reason>(
    tx: &impl ConnectionTrait,
    call: &Call,
    group: GroupId,
    action: Action,
    field: &str,
) -> Result<(), Refusal<R>> {
    if directory::group(tx, group).await?.is_none() {
        call.require(action, Relation::Own)?;
        return Err(Refusal::not_found(field));
    }
    call.require(action, call.caller.to_group(group))
}

/// Creates a session with its places.
pub async fn create(app: &App, call: &Call, once: Option<Once>, new: NewSession) -> Result<SessionId, Refusal<CannotCreateSession>> {
    let action = Action::SessionCreate;
    let result = transact!(app.db, |tx| {
        group_for(&tx, call, new.group, action, "groupId").await?;
        if let Some(kept) = answered::<SessionId, CannotCreateSession>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        let id = insert(&tx, call, &new).await?;
        keep(&tx, call, once.as_ref(), &id).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Group", Some(new.group.0)), result).await
}

/// Judges and writes a session; the caller's right to do so has been settled.
pub(super) async fn insert(tx: &impl ConnectionTrait, call: &Call, new: &NewSession) -> Result<SessionId, Refusal<CannotCreateSession>> {
    insert_as(tx, call, new, SessionStatus::Scheduled).await
}

/// The same, with the status it begins in.
pub(super) async fn insert_as(
    tx: &impl ConnectionTrait,
    call: &Call,
    new: &NewSession,
    status: SessionStatus,
) -> Result<SessionId, Refusal<CannotCreateSession>> {
    let row = session::Model { status, ..judged(tx, call, new).await? };
    let (id, starts_at) = (row.id, row.starts_at);
    row::insert(tx, row).await?;
    row::insert_all(tx, new.topics.iter().map(|topic| session_topic::Model { session_id: id, topic: *topic }).collect()).await?;
    let (places, modules) = places(tx, call, id, new).await?;
    row::insert_all(tx, places).await?;
    row::insert_all(tx, modules).await?;
    done(tx, call, Action::SessionCreate, Subject("Session", Some(id.0)), json!({ "group": new.group })).await?;
    emit(tx, call, "session.created", json!({ "session": id, "starts_at": starts_at })).await?;
    Ok(id)
}

/// The session's row, or everything that is wrong with it.
pub(super) async fn judged(
    conn: &impl ConnectionTrait,
    call: &Call,
    new: &NewSession,
) -> Result<session::Model, Refusal<CannotCreateSession>> {
    if let Some(venue) = new.venue
        && directory::venue(conn, venue).await?.is_none()
    {
        return Err(Refusal::not_found("venueId"));
    }
    let when = span(new.date, new.starts, i64::from(new.minutes), new.zone);
    let places = new.places.iter().map(|p| p.count).sum();
    let draft = Draft { span: when, modality: new.modality, has_venue: new.venue.is_some(), facts: new.facts, dbs: new.dbs, places };
    let dbs = judge(&draft, call.now)?;
    let local = when.from.with_timezone(&new.zone).naive_local();
    Ok(session::Model {
        id: new_id(call.now),
        group_id: new.group,
        venue_id: new.venue,
        title: new.title.clone(),
        modality: new.modality,
        setting: new.setting,
        audience: new.facts.audience,
        weekly: new.facts.weekly,
        handles_money: new.facts.handles_money,
        overnight: new.facts.overnight,
        responsible_adult: new.responsible_adult,
        language: new.language.clone(),
        // What the clock on the wall will show: a start that the spring change skips has moved forward.
        local_date: local.date(),
        local_start: local.time(),
        minutes: new.minutes,
        zone: new.zone.name().to_owned(),
        starts_at: when.from,
        ends_at: when.until,
        status: SessionStatus::Scheduled,
        dbs_level: dbs.map(|d| d.level),
        dbs_workforce: dbs.map(|d| d.workforce),
        dbs_adults_barred: dbs.is_some_and(|d| d.adults_barred),
        dbs_children_barred: dbs.is_some_and(|d| d.children_barred),
        cancel_reason: None,
        version: 1,
        created_at: call.now,
    })
}

/// The modules a kind of place asks for: what the session's nature does, and what the leader added.
pub(super) async fn modules_for(
    conn: &impl ConnectionTrait,
    new: &NewSession,
    places: &NewPlaces,
    index: usize,
) -> Result<Vec<(ModuleId, String)>, Refusal<CannotCreateSession>> {
    let catalogue = training::catalogue(conn).await?;
    if let Some(unknown) = places.modules.iter().position(|id| !catalogue.contains_key(id)) {
        return Err(Refusal::not_found(&format!("places.{index}.moduleIds.{unknown}")));
    }
    let by_nature = module_codes(places.kind, new.modality, new.setting, new.facts.audience);
    let mut modules: Vec<(ModuleId, String)> = catalogue
        .into_values()
        .filter(|(row, _)| by_nature.contains(&row.code.as_str()) || places.modules.contains(&row.id))
        .map(|(row, _)| (row.id, row.code))
        .collect();
    modules.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(modules)
}

/// The places with what they ask for, or what is wrong with them.
pub(super) async fn places(
    conn: &impl ConnectionTrait,
    call: &Call,
    session: SessionId,
    new: &NewSession,
) -> Result<(Vec<place::Model>, Vec<place_module::Model>), Refusal<CannotCreateSession>> {
    let (mut places, mut modules) = (Vec::new(), Vec::new());
    for (index, kind) in new.places.iter().enumerate() {
        if new.places[..index].iter().any(|earlier| earlier.kind == kind.kind) {
            return Err(crate::error::malformed(Malformed::new(
                &format!("places.{index}.kind"),
                "Each kind of place is listed once: add its count to the first.",
            )));
        }
        let asked = modules_for(conn, new, kind, index).await?;
        for _ in 0..kind.count {
            let id: PlaceId = new_id(call.now);
            places.push(place::Model {
                id,
                session_id: session,
                kind: kind.kind,
                position: i32::try_from(places.len()).unwrap_or(i32::MAX),
            });
            modules.extend(asked.iter().map(|(module, _)| place_module::Model { place_id: id, module_id: *module }));
        }
    }
    Ok((places, modules))
}

/// Carries what is wrong with a session to where it stands in another input, at `path`; `wrap` is for what a value alone does not show.
pub(super) fn within<R: Reason>(refusal: Refusal<CannotCreateSession>, path: &str, wrap: fn(CannotCreateSession) -> R) -> Refusal<R> {
    let at = |field: Vec<String>| format!("{path}.{}", field.join(".")).trim_start_matches('.').to_owned();
    match refusal {
        Refusal::Unauthenticated => Refusal::Unauthenticated,
        Refusal::Forbidden => Refusal::Forbidden,
        Refusal::Fault(fault) => Refusal::Fault(fault),
        Refusal::Rule(reasons) => {
            let moved = reasons.into_iter().map(|reason| match reason {
                CannotCreateSession::Invalid(problem) => Malformed::new(&at(problem.field), problem.message).into(),
                CannotCreateSession::NotFound { field } => R::not_found(&at(field)),
                problem => wrap(problem),
            });
            Refusal::Rule(moved.collect())
        }
    }
}

/// Calls a session off: everybody placed or asked is told, once.
pub async fn cancel(
    app: &App,
    call: &Call,
    id: SessionId,
    expected: Option<i64>,
    reason: Option<String>,
) -> Result<SessionId, Refusal<CannotCancel>> {
    let action = Action::SessionCancel;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(session) = store::session::lock(&tx, id).await? else { return Err(Refusal::not_found("sessionId")) };
        call.require(action, call.caller.to_group(session.group_id))?;
        if expected.is_some_and(|version| version != session.version) {
            return Err(Refusal::rule(CannotCancel::Stale { current: session.version }));
        }
        let when = rules::calendar::Span { from: session.starts_at, until: session.ends_at };
        if !judge_cancel(session.status, when, call.now).map_err(Refusal::rule)? {
            // Whoever calls off what a closure called off before means it, whatever becomes of the closure.
            store::series::set_closed(&tx, &[id], false).await?;
            return Ok(id);
        }
        let ended = super::call_off::one(&tx, call, session, reason.clone(), action).await?;
        for champion in &ended.told {
            mail(&tx, call, Mail::NoLongerNeeded { champion: *champion, session: id }).await?;
        }
        store::champion::lock_all(&tx, &ended.placed).await?;
        super::clearance::judge_again(&tx, call, action, &ended.placed).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Session", Some(id.0)), result).await
}

//! Changing a series: all that is to come, or from one session on, when the series is cut in two; and ending it.

use chrono::{Days, NaiveDate, NaiveTime};
use entity::{assignment, place, place_module, series as row_of, session};
use rules::id::{ModuleId, PlaceId, SeriesId, SessionId, VenueId};
use rules::policy::{Action, Relation};
use rules::reason::{Malformed, Reason};
use rules::series::{CannotChangeSeries, CannotEndSeries, SeriesScope};
use rules::session::{CannotCreateSession, Modality, PlaceKind, SessionChangeKind, SessionStatus};
use rules::staffing::keeps_room;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::call_off::{Told, changed, several};
use super::series::{Nature, pattern, session_on};
use super::session::{NewPlaces, modules_for, places as new_places, within};
use super::session_move::{NewTime, shift};
use super::{Mail, Subject, audited, done, emit};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::{self, offer, row, series, transact};

/// What is to change; what is left out stays.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which sessions.
    pub scope: SeriesScope,
    /// The session it begins with.
    pub from: Option<SessionId>,
    /// The version that was read.
    pub expected: Option<i64>,
    /// What it is called.
    pub title: Option<String>,
    /// Where.
    pub venue: Option<VenueId>,
    /// Local start.
    pub starts: Option<NaiveTime>,
    /// Length.
    pub minutes: Option<i32>,
    /// The places.
    pub places: Option<Vec<NewPlaces>>,
    /// Whether sessions that were moved by themselves change too.
    pub moved_too: bool,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.title.is_none() && self.venue.is_none() && self.starts.is_none() && self.minutes.is_none() && self.places.is_none()
    }
}

type Refused = Refusal<CannotChangeSeries>;

/// Changes a series; answers the series the change is in: the same, or the one that was cut off it.
pub async fn change(app: &App, call: &Call, id: SeriesId, change: Change) -> Result<SeriesId, Refused> {
    let action = Action::SessionSeriesChange;
    let result = transact!(app.db, |tx| {
        let row = owned(&tx, call, id, action).await?;
        if change.expected.is_some_and(|version| version != row.version) {
            return Err(Refusal::rule(CannotChangeSeries::Stale { current: row.version }));
        }
        judge(&tx, &row, &change).await?;
        let from = first_of(&tx, call, &row, &change).await?;
        let target = match from {
            Some(from) => cut(&tx, call, row, from).await?,
            None => row,
        };
        let target = rewritten(&tx, call, target, &change).await?;
        let told = apply(&tx, call, &target, &change).await?;
        told.send(&tx, call, |champion, session, more| Mail::Moved { champion, session, more }).await?;
        done(&tx, call, action, Subject("SessionSeries", Some(target.id.0)), json!({ "scope": change.scope, "cut_from": id })).await?;
        emit(&tx, call, "series.changed", json!({ "series": target.id, "group": target.group_id })).await?;
        Ok(target.id)
    });
    audited(app, call, action, Subject("SessionSeries", Some(id.0)), result).await
}

/// The series, locked, if the caller may do this to its group's.
async fn owned<R: Reason>(tx: &impl ConnectionTrait, call: &Call, id: SeriesId, action: Action) -> Result<row_of::Model, Refusal<R>> {
    call.require(action, Relation::Own)?;
    let row = series::lock(tx, id).await?.ok_or(Refusal::not_found("seriesId"))?;
    call.require(action, call.caller.to_group(row.group_id))?;
    Ok(row)
}

async fn judge(tx: &impl ConnectionTrait, row: &row_of::Model, change: &Change) -> Result<(), Refused> {
    if row.ended_at.is_some() {
        return Err(Refusal::rule(CannotChangeSeries::Ended));
    }
    if change.is_empty() {
        return Err(Refusal::rule(CannotChangeSeries::NothingGiven));
    }
    let Some(venue) = change.venue else { return Ok(()) };
    let modality = Nature::read(row)?.modality();
    if modality != Modality::InPerson {
        return Err(Refusal::rule(CannotChangeSeries::VenueMismatch { modality }));
    }
    store::directory::venue(tx, venue).await?.map(|_| ()).ok_or(Refusal::not_found("venueId"))
}

/// The date of the session the change begins with, if sessions before it stay as they are.
async fn first_of(tx: &impl ConnectionTrait, call: &Call, row: &row_of::Model, change: &Change) -> Result<Option<NaiveDate>, Refused> {
    if change.scope == SeriesScope::All {
        return Ok(None);
    }
    let Some(id) = change.from else { return Err(Refusal::rule(CannotChangeSeries::SessionMissing)) };
    let session = store::session::find(tx, id).await?.filter(|s| s.starts_at > call.now);
    let on = series::of_sessions(tx, &[id]).await?.pop().filter(|one| one.series_id == row.id).map(|one| one.on_date);
    match on.filter(|_| session.is_some()) {
        Some(on) => Ok(Some(on).filter(|on| *on > row.first_on)),
        None => Err(Refusal::rule(CannotChangeSeries::NotAhead)),
    }
}

/// Cuts a series in two before a date: the old one ends, the new one has the dates from there on.
async fn cut(tx: &impl ConnectionTrait, call: &Call, row: row_of::Model, from: NaiveDate) -> Result<row_of::Model, Fault> {
    // The new one begins on a date of the rule, so that "every second week" keeps its step.
    let year_on = from.checked_add_days(Days::new(366)).unwrap_or(from);
    let first_on = pattern(&row).dates(from, year_on).first().copied().unwrap_or(from);
    let rest =
        row_of::Model { id: new_id(call.now), first_on, continues_id: Some(row.id), version: 0, created_at: call.now, ..row.clone() };
    row::insert(tx, rest.clone()).await?;
    series::hand_dates(tx, row.id, rest.id, from).await?;
    let (version, until_on) = (row.version + 1, from.pred_opt());
    row::update(tx, row_of::Model { until_on, version, ..row }).await?;
    Ok(rest)
}

/// Writes what sessions of the series are like from now on.
async fn rewritten(tx: &impl ConnectionTrait, call: &Call, row: row_of::Model, change: &Change) -> Result<row_of::Model, Refused> {
    let mut nature = Nature::read(&row)?;
    if let Some(places) = &change.places {
        nature.places.clone_from(places);
    }
    let new = row_of::Model {
        title: change.title.clone().unwrap_or(row.title),
        venue_id: change.venue.or(row.venue_id),
        local_start: change.starts.unwrap_or(row.local_start),
        minutes: change.minutes.unwrap_or(row.minutes),
        nature: nature.text()?,
        version: row.version + 1,
        ..row
    };
    if change.places.is_some() {
        // The same checks as for a new session: kinds once each, modules that exist.
        new_places(tx, call, new_id(call.now), &session_on(&new, new.first_on)?).await.map_err(inside)?;
    }
    row::update(tx, new.clone()).await?;
    Ok(new)
}

fn inside(refusal: Refusal<CannotCreateSession>) -> Refused {
    within(refusal, "", |problem| Malformed::new("places", problem.message()).into())
}

/// Changes the sessions that stand in the calendar; those moved by themselves stay, unless told otherwise.
async fn apply(tx: &impl ConnectionTrait, call: &Call, row: &row_of::Model, change: &Change) -> Result<Told, Refused> {
    let action = Action::SessionSeriesChange;
    // A session may have been moved to a later day than its own: the dates of the past are looked through too.
    let ours = series::occurrences(tx, row.id, row.first_on).await?;
    let ids: Vec<SessionId> = ours.iter().filter(|one| change.moved_too || !one.moved).map(|one| one.session_id).collect();
    let mut sessions = store::session::lock_all(tx, &ids).await?;
    sessions.retain(|s| s.status != SessionStatus::Cancelled && s.starts_at > call.now);
    sessions.sort_by_key(|s| (s.starts_at, s.id));
    let time = NewTime { date: None, starts: change.starts, minutes: change.minutes, venue: change.venue };
    let (mut told, mut people) = (Told::default(), Vec::new());
    for was in sessions {
        if change.places.is_some() {
            resize(tx, call, row, &was).await?;
        }
        let elsewhere = time.applied(&was)?;
        let stays = elsewhere == was;
        let new = session::Model { title: change.title.clone().unwrap_or_else(|| was.title.clone()), ..elsewhere };
        // A session that would begin in the past stays where it is.
        if new == was || new.starts_at <= call.now {
            continue;
        }
        if stays {
            let version = was.version + 1;
            row::update(tx, session::Model { version, ..new }).await?;
            changed(tx, call, (was.id, version), SessionChangeKind::Changed, was.starts_at).await?;
            emit(tx, call, "session.changed", json!({ "session": was.id, "starts_at": was.starts_at })).await?;
            continue;
        }
        let moved = shift(tx, call, &was, new, action).await?;
        told.of(was.id, moved.told);
        people.extend(moved.placed);
    }
    people.sort_unstable();
    people.dedup();
    store::champion::lock_all(tx, &people).await?;
    super::clearance::judge_again(tx, call, action, &people).await?;
    Ok(told)
}

/// Gives a session the places of its series: what is missing is added; what is too many goes, unless somebody has or had it, or nobody
/// experienced could join somebody new.
pub(super) async fn resize(tx: &impl ConnectionTrait, call: &Call, row: &row_of::Model, session: &session::Model) -> Result<(), Refused> {
    let new = session_on(row, session.local_date)?;
    let there = store::session::places(tx, &[session.id]).await?;
    let confirmed = offer::confirmed(tx, &[session.id]).await?;
    let taken: Vec<PlaceId> = confirmed.iter().map(|a| a.place_id).collect();
    let (mut surplus, mut missing) = (Vec::new(), Vec::new());
    for kind in rules::session::PlaceKind::ALL {
        let wanted = new.places.iter().position(|places| places.kind == *kind);
        let count = wanted.map_or(0, |index| new.places[index].count);
        let mut of: Vec<&place::Model> = there.iter().filter(|p| p.kind == *kind).collect();
        of.sort_by_key(|place| !taken.contains(&place.id));
        surplus.extend(of.iter().skip(count).map(|place| place.id));
        if let Some(index) = wanted.filter(|_| count > of.len()) {
            let modules: Vec<ModuleId> =
                modules_for(tx, &new, &new.places[index], index).await.map_err(inside)?.into_iter().map(|(id, _)| id).collect();
            missing.extend((of.len()..count).map(|_| (*kind, modules.clone())));
        }
    }
    let mut unused = store::session::unused(tx, &surplus).await?;
    if !unused.is_empty() && missing.iter().all(|(kind, _)| *kind == PlaceKind::Shadow) {
        let room = room_beside(tx, session, (&there, &confirmed), &unused).await?;
        unused.retain(|place| Some(*place) != room);
    }
    store::session::remove_places(tx, &unused).await?;
    let last = there.iter().map(|place| place.position).max().unwrap_or_default();
    for (position, (kind, modules)) in (last + 1..).zip(missing) {
        let id: PlaceId = new_id(call.now);
        row::insert(tx, place::Model { id, session_id: session.id, kind, position }).await?;
        row::insert_all(tx, modules.into_iter().map(|module_id| place_module::Model { place_id: id, module_id }).collect()).await?;
    }
    Ok(())
}

/// Of the places that are to go, the one that has to stay for somebody experienced, if only new champions would be left.
async fn room_beside(
    tx: &impl ConnectionTrait,
    session: &session::Model,
    (there, confirmed): (&[place::Model], &[assignment::Model]),
    going: &[PlaceId],
) -> Result<Option<PlaceId>, Fault> {
    let team: Vec<PlaceId> = there.iter().filter(|p| p.kind != PlaceKind::Shadow).map(|p| p.id).collect();
    let beside: Vec<&assignment::Model> = confirmed.iter().filter(|a| team.contains(&a.place_id)).collect();
    let ends = store::staffing::duties_end(tx, beside.iter().map(|a| a.champion_id)).await?;
    let before = |a: &&assignment::Model| ends.get(&a.champion_id).into_iter().flatten().filter(|end| **end <= session.starts_at).count();
    let done: Vec<usize> = beside.iter().map(before).collect();
    let open = team.iter().filter(|place| !going.contains(place) && beside.iter().all(|a| a.place_id != **place)).count();
    Ok(team.iter().find(|place| going.contains(place)).copied().filter(|_| keeps_room(&done, open)))
}

/// Ends a series after a date: sessions after it are called off, with one message a champion.
pub async fn end(
    app: &App,
    call: &Call,
    id: SeriesId,
    expected: Option<i64>,
    last: Option<NaiveDate>,
    reason: Option<String>,
) -> Result<SeriesId, Refusal<CannotEndSeries>> {
    let action = Action::SessionSeriesEnd;
    let result = transact!(app.db, |tx| {
        let row = owned(&tx, call, id, action).await?;
        if expected.is_some_and(|version| version != row.version) {
            return Err(Refusal::rule(CannotEndSeries::Stale { current: row.version }));
        }
        let today = call.today();
        if last.is_some_and(|last| last < today) {
            return Err(Refusal::rule(CannotEndSeries::Past));
        }
        let until = last.unwrap_or(today);
        if row.ended_at.is_some() || row.until_on.is_some_and(|there| last.is_some() && there <= until) {
            return Ok(id);
        }
        // Without a date nothing that is still to come stays, what is later today included.
        let ours = series::occurrences(&tx, id, row.first_on).await?.into_iter().filter(|one| last.is_none_or(|last| one.on_date > last));
        let ids: Vec<SessionId> = ours.map(|one| one.session_id).collect();
        let count = several(&tx, call, &ids, reason.clone(), action).await?.len();
        let ended_at = last.is_none().then_some(call.now);
        let until_on = Some(row.until_on.map_or(until, |there| there.min(until)));
        let version = row.version + 1;
        row::update(&tx, row_of::Model { until_on, ended_at, version, ..row }).await?;
        done(&tx, call, action, Subject("SessionSeries", Some(id.0)), json!({ "until": until, "sessions": count })).await?;
        emit(&tx, call, "series.ended", json!({ "series": id })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("SessionSeries", Some(id.0)), result).await
}

//! What training would open, over the real demand of the weeks ahead.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use anyhow::Context;
use chrono::TimeDelta;
use rules::champion::Membership;
use rules::coverage::{Coverage, Opening, coverage as judge};
use rules::id::{PlaceId, SessionId};
use rules::session::PlaceKind;

use crate::app::{App, Call};
use crate::aside::StopOnDrop;
use crate::error::Fault;
use crate::store::facts::{self, SessionFactsRow};
use crate::store::offer;
use crate::store::session::{self, Filter};

/// The most champions that are thought of as trained.
const MOST: usize = 5;

/// What each module would open in so many days, what opens most first. A fixed number of statements; the judging is off the async threads,
/// and ends when nobody waits for it any more.
pub async fn coverage(app: &App, call: &Call, days: i64) -> Result<Vec<Coverage>, Fault> {
    let (conn, people) = app.db.candidates(call.today()).await?.into_records();
    let until = call.now + TimeDelta::days(days);
    let filter = Filter { from: Some(call.now), until: Some(until), scheduled_only: true, uncovered_only: true, ..Filter::default() };
    let sessions = facts::needs(&conn, session::in_order(&conn, &filter).await?).await?;
    let ids: Vec<SessionId> = sessions.iter().map(|s| s.session.id).collect();
    let taken: HashSet<PlaceId> = offer::confirmed(&conn, &ids).await?.into_iter().map(|a| a.place_id).collect();
    drop(conn);
    let mut people: Vec<_> = people.into_values().filter(|person| person.clearance.membership == Membership::Active).collect();
    people.sort_by_key(|person| person.id);
    let stop = StopOnDrop::default();
    let told = stop.told();
    let work = tokio::task::spawn_blocking(move || {
        let open = |facts: &SessionFactsRow, kind: PlaceKind| {
            kind != PlaceKind::Shadow && facts.places.iter().any(|(id, of)| *of == kind && !taken.contains(id))
        };
        let opening = |(facts, kind): (_, PlaceKind)| {
            let facts: &SessionFactsRow = facts;
            Some(Opening { session: facts.session.id, need: facts.need(kind)? })
        };
        let kinds = sessions.iter().flat_map(|facts| facts.kinds().filter(move |kind| open(facts, *kind)).map(move |kind| (facts, kind)));
        let openings: Vec<Opening<'_>> = kinds.filter_map(opening).collect();
        judge(&openings, &people, MOST, || !told.load(Ordering::Relaxed))
    });
    Ok(work.await.context("the judging of training stopped")?.context("nobody waits for the judging of training")?)
}

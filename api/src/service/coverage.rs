//! What training would open, over the real demand of the weeks ahead.

use std::collections::HashSet;

use chrono::TimeDelta;
use rules::coverage::{Coverage, Openings};
use rules::id::{PlaceId, SessionId};
use rules::session::PlaceKind;

use crate::app::{App, Call};
use crate::error::Fault;
use crate::store::facts::{self, SessionFactsRow};
use crate::store::offer;
use crate::store::session::{self, Filter};

/// The most champions that are thought of as trained.
const MOST: usize = 5;
/// Places that are weighed before others have their turn; with 50,000 champions some milliseconds.
const AT_A_TIME: usize = 32;

/// What each module would open in so many days, what opens most first. A fixed number of statements while nobody changes anything.
pub async fn coverage(app: &App, call: &Call, days: i64) -> Result<Vec<Coverage>, Fault> {
    let conn = app.db.snapshot().await?;
    let until = call.now + TimeDelta::days(days);
    let filter = Filter { from: Some(call.now), until: Some(until), scheduled_only: true, uncovered_only: true, ..Filter::default() };
    let sessions = facts::needs(&conn, session::in_order(&conn, &filter).await?).await?;
    let ids: Vec<SessionId> = sessions.iter().map(|s| s.session.id).collect();
    let taken: HashSet<PlaceId> = offer::confirmed(&conn, &ids).await?.into_iter().map(|a| a.place_id).collect();
    drop(conn);
    let open = |facts: &SessionFactsRow, kind: PlaceKind| {
        kind != PlaceKind::Shadow && facts.places.iter().any(|(id, of)| *of == kind && !taken.contains(id))
    };
    let kinds = |facts| SessionFactsRow::kinds(facts).filter(move |kind| open(facts, *kind)).map(move |kind| (facts, kind));
    let places: Vec<(&SessionFactsRow, PlaceKind)> = sessions.iter().flat_map(kinds).collect();
    let (mut openings, mut moment) = (Openings::default(), app.db.matching(&[], call.today()).await?.let_go());
    for some in places.chunks(AT_A_TIME) {
        let matching = match app.db.again(&moment).await? {
            Some(matching) => matching,
            None => app.db.matching(&[], call.today()).await?,
        };
        let needs = some.iter().filter_map(|(facts, kind)| Some((facts.session.id, facts.need(*kind)?)));
        needs.for_each(|(session, need)| openings.weigh(session, need, &matching.people().index));
        moment = matching.let_go();
        tokio::task::yield_now().await;
    }
    Ok(openings.coverage(MOST))
}

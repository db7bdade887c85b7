//! A week's rota as a sheet: a line for each place, for those who may see who is placed.

use std::collections::{BTreeSet, HashMap};

use chrono::{Days, NaiveDate, NaiveTime};
use entity::{champion, community_group, venue};
use rules::calendar::{monday_of, resolve};
use rules::id::{ChampionId, GroupId, PlaceId};
use rules::policy::{Action, Relation};

use crate::app::{App, Call};
use crate::clock::HOME_ZONE;
use crate::error::Fault;
use crate::store::session::{Filter, in_order, places};
use crate::store::{offer, row};

/// What the columns are called.
pub const HEADINGS: [&str; 9] = ["Date", "Start", "Minutes", "Session", "Group", "Venue", "Status", "Place", "Champion"];

/// A week's rota.
#[derive(Debug)]
pub struct Sheet {
    /// The Monday.
    pub monday: NaiveDate,
    /// A line for each place, by the session's start; cells in the order of the headings.
    pub lines: Vec<[String; 9]>,
}

/// The sheet of the week that a date is in: of one group, or of all that the caller may see; none if there are none.
pub async fn week(app: &App, call: &Call, date: NaiveDate, of: Option<GroupId>) -> Result<Option<Sheet>, Fault> {
    let action = Action::RotaSheetRead;
    let groups = match of {
        Some(group) if call.may(action, call.caller.to_group(group)) => Some(vec![group]),
        None if call.may(action, Relation::Other) => None,
        None if call.may(action, Relation::Own) => Some(call.caller.leads.clone()),
        _ => return Ok(None),
    };
    let monday = monday_of(date);
    let midnight = |day: NaiveDate| resolve(day.and_time(NaiveTime::MIN), HOME_ZONE);
    let filter = Filter { groups, from: Some(midnight(monday)), until: Some(midnight(monday + Days::new(7))), ..Filter::default() };
    let conn = app.db.snapshot().await?;
    let sessions = in_order(&conn, &filter).await?;
    let ids: Vec<_> = sessions.iter().map(|s| s.id).collect();
    let places = places(&conn, &ids).await?;
    let placed: HashMap<PlaceId, ChampionId> =
        offer::confirmed(&conn, &ids).await?.into_iter().map(|a| (a.place_id, a.champion_id)).collect();
    let people: BTreeSet<ChampionId> = placed.values().copied().collect();
    let people = row::holding::<champion::Entity>(&conn, champion::Column::Id, people).await?;
    let names: HashMap<ChampionId, String> =
        people.into_iter().map(|c| (c.id, rules::champion::display_name(&c.full_name, c.known_as.as_deref()))).collect();
    let groups = row::holding::<community_group::Entity>(&conn, community_group::Column::Id, sessions.iter().map(|s| s.group_id)).await?;
    let groups: HashMap<GroupId, String> = groups.into_iter().map(|g| (g.id, g.name)).collect();
    let venues = row::holding::<venue::Entity>(&conn, venue::Column::Id, sessions.iter().filter_map(|s| s.venue_id)).await?;
    let venues: HashMap<_, String> = venues.into_iter().map(|v| (v.id, v.name)).collect();
    let mut lines = Vec::new();
    for session in &sessions {
        for place in places.iter().filter(|place| place.session_id == session.id) {
            lines.push([
                session.local_date.to_string(),
                session.local_start.format("%H:%M").to_string(),
                session.minutes.to_string(),
                session.title.clone(),
                groups.get(&session.group_id).cloned().unwrap_or_default(),
                session.venue_id.and_then(|id| venues.get(&id)).cloned().unwrap_or_default(),
                session.status.to_string(),
                place.kind.to_string(),
                placed.get(&place.id).and_then(|id| names.get(id)).cloned().unwrap_or_default(),
            ]);
        }
    }
    Ok(Some(Sheet { monday, lines }))
}

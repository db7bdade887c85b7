//! What puts sessions at risk, and telling those who can mend it: a group's leaders and the coordinators, once for each cause.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{assignment, place, session, session_alert, staffing};
use rules::id::{ChampionId, SessionId};
use rules::policy::Action;
use rules::session::{PlaceKind, SessionStatus};
use rules::staffing::{Risk, RiskCause, risks};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::staffing::counts;
use super::{Mail, Subject, done, emit, mail};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::Fault;
use crate::store::facts::group;
use crate::store::{self, account, offer, row, staffing as rows, transact};

/// The rows that say whether a session is at risk.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Its places.
    pub places: &'a [place::Model],
    /// Who has one.
    pub confirmed: &'a [assignment::Model],
    /// How many it was said to need.
    pub said: &'a [staffing::Model],
    /// When each duty of those champions ends.
    pub ends: &'a HashMap<ChampionId, Vec<DateTime<Utc>>>,
}

/// What puts a session at risk, if it will be held and has not begun.
pub fn of(session: &session::Model, standing: Standing<'_>, now: DateTime<Utc>) -> Vec<Risk> {
    if session.status != SessionStatus::Scheduled || session.starts_at <= now {
        return Vec::new();
    }
    let team: Vec<_> = standing.places.iter().filter(|p| p.kind != PlaceKind::Shadow).map(|p| p.id).collect();
    let before = |ends: &Vec<DateTime<Utc>>| ends.iter().filter(|end| **end <= session.starts_at).count();
    let there = standing.confirmed.iter().filter(|a| team.contains(&a.place_id));
    let done: Vec<usize> = there.map(|a| standing.ends.get(&a.champion_id).map_or(0, before)).collect();
    risks(session.setting, &counts(standing.places, standing.confirmed, standing.said), &done)
}

/// The same of several: four statements, however many.
async fn judge(conn: &impl ConnectionTrait, sessions: &[session::Model], now: DateTime<Utc>) -> Result<Vec<Vec<Risk>>, Fault> {
    let ids: Vec<SessionId> = sessions.iter().map(|s| s.id).collect();
    let places = group(store::session::places(conn, &ids).await?.into_iter().map(|p| (p.session_id, p)));
    let confirmed = offer::confirmed(conn, &ids).await?;
    let people: BTreeSet<ChampionId> = confirmed.iter().map(|a| a.champion_id).collect();
    let ends = rows::duties_end(conn, people).await?;
    let confirmed = group(confirmed.into_iter().map(|a| (a.session_id, a)));
    let said = group(rows::said(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)));
    let one = |session: &session::Model| {
        let standing = Standing {
            places: places.get(&session.id).map_or(&[], Vec::as_slice),
            confirmed: confirmed.get(&session.id).map_or(&[], Vec::as_slice),
            said: said.get(&session.id).map_or(&[], Vec::as_slice),
            ends: &ends,
        };
        of(session, standing, now)
    };
    Ok(sessions.iter().map(one).collect())
}

/// The most sessions that are read at once.
const CHUNK: usize = 500;

/// Tells of what puts the sessions of the next days at risk; answers of how many sessions something was to be said.
pub async fn due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("sessions.at-risk", now);
    let until = now + TimeDelta::hours(app.policy.risk_hours);
    let soon = rows::ahead(app.db.read(), now, until).await?;
    let mut count = 0;
    for some in soon.chunks(CHUNK) {
        let ids: Vec<SessionId> = some.iter().map(|s| s.id).collect();
        let told = group(rows::alerts(app.db.read(), &ids).await?.into_iter().map(|a| (a.session_id, a.cause)));
        let told = |id: &SessionId| told.get(id).map(|causes| causes.iter().copied().collect()).unwrap_or_default();
        for (session, found) in some.iter().zip(judge(app.db.read(), some, now).await?) {
            if causes(&found) != told(&session.id) {
                count += usize::from(tell(app, &call, session.id).await?);
            }
        }
    }
    // Moved out of these days, they are nobody's worry for now, and told of again when they come near.
    for later in rows::alerted_after(app.db.read(), until).await? {
        count += usize::from(tell(app, &call, later).await?);
    }
    Ok(count)
}

fn causes(found: &[Risk]) -> BTreeSet<RiskCause> {
    found.iter().map(|risk| risk.cause()).collect()
}

/// Says what is new of one session, and settles what is mended; judged again under its lock.
async fn tell(app: &App, call: &Call, id: SessionId) -> Result<bool, Fault> {
    transact!(app.db, |tx| {
        let held = |s: &session::Model| s.status == SessionStatus::Scheduled && s.starts_at > call.now;
        let Some(session) = store::session::lock(&tx, id).await?.filter(held) else { return Ok(false) };
        let is_near = session.starts_at <= call.now + TimeDelta::hours(app.policy.risk_hours);
        let found = if is_near { judge(&tx, std::slice::from_ref(&session), call.now).await? } else { Vec::new() };
        let now: BTreeSet<RiskCause> = found.iter().flat_map(|risks| causes(risks)).collect();
        let told: BTreeSet<RiskCause> = rows::alerts(&tx, &[id]).await?.into_iter().map(|alert| alert.cause).collect();
        let (new, mended): (Vec<_>, Vec<_>) = (now.difference(&told).copied().collect(), told.difference(&now).copied().collect());
        let alert = |cause: &RiskCause| session_alert::Model {
            id: new_id(call.now),
            session_id: id,
            cause: *cause,
            raised_at: call.now,
            settled_at: None,
        };
        row::insert_all(&tx, new.iter().map(alert).collect()).await?;
        rows::settle(&tx, id, &mended, call.now).await?;
        for (causes, topic, at_risk) in [(&new, "cover.at_risk", true), (&mended, "cover.in_order", false)] {
            if !causes.is_empty() {
                done(&tx, call, Action::SessionRiskTell, Subject("Session", Some(id.0)), json!({ "atRisk": at_risk, "causes": causes }))
                    .await?;
                emit(&tx, call, topic, json!({ "session": id, "causes": causes })).await?;
            }
        }
        if !new.is_empty() {
            for account in account::responsible(&tx, session.group_id).await? {
                for cause in &new {
                    mail(&tx, call, Mail::AtRisk { account, session: id, cause: *cause }).await?;
                }
            }
        }
        Ok(!new.is_empty() || !mended.is_empty())
    })
}

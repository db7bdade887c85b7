//! The demo as somebody finds it: a weekly series over a bank holiday, a session that was moved, a swap that waits for an answer, and
//! a gap that is being filled. All through the service itself, by the people whose doing it is.

use anyhow::{Context, Result, bail};
use chrono::{Datelike, TimeDelta};
use entity::{assignment, calendar_feed};
use rules::dbs::{Audience, SessionFacts};
use rules::holiday::BankHolidayPolicy;
use rules::id::{AccountId, ChampionId, GroupId, SessionId};
use rules::matching::ChampionRecord;
use rules::reason::Reason;
use rules::series::Pattern;
use rules::session::{Modality, PlaceKind, Setting};
use rules::staffing::Team;
use rules::swap::{Side, is_possible};
use sea_orm::ConnectionTrait;

use super::address;
use crate::app::{App, Call};
use crate::clock::{HOME_ZONE, new_id};
use crate::error::{Fault, Refusal};
use crate::keys::sha256_text;
use crate::service::session::{NewPlaces, NewSession};
use crate::service::session_move::{NewTime, move_one};
use crate::service::{group_calendar, series, swap, wave};
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::session::{Filter, in_order};
use crate::store::{self, clearance, ledger, offer, row, transact};

/// The secret of the calendar of `champion@`: known, since it is the demo's.
pub const CHAMPION_CALENDAR: &str = "cal_demo_stockport_champion";
/// The secret of the calendar of the first group of `leader@`.
pub const GROUP_CALENDAR: &str = "cal_demo_stockport_group";
/// Marks a demo in which this has been done.
const MARK: &str = "demo-life";

/// Brings a demo to life, once; false if that had been done.
pub async fn enliven(app: &App) -> Result<bool> {
    if ledger::setting(app.db.read(), MARK).await?.is_some() {
        return Ok(false);
    }
    let (leader, champion) = (call_of(app, "leader").await?, call_of(app, "champion").await?);
    let group = weekly(app, &leader).await?;
    moved(app, &leader, champion.caller.champion).await?;
    swap_asked(app, &champion).await?;
    gap(app, &call_of(app, "coordinator").await?).await?;
    let calendars = [(&champion, None, CHAMPION_CALENDAR), (&leader, Some(group), GROUP_CALENDAR)];
    let saved: Result<(), Fault> = async {
        transact!(app.db, |tx| {
            for (call, group, secret) in &calendars {
                add_calendar(&tx, call, *group, secret).await?;
            }
            Ok(ledger::set(&tx, MARK, "1").await?)
        })
    }
    .await;
    saved?;
    Ok(true)
}

async fn call_of(app: &App, mailbox: &str) -> Result<Call> {
    let account = store::account::by_email(app.db.read(), &address(mailbox)).await?.with_context(|| format!("there is no {mailbox}@"))?;
    call_as(app, account.id).await
}

async fn call_as(app: &App, account: AccountId) -> Result<Call> {
    let caller = store::account::absent(app.db.read(), account).await?.context("a deactivated account")?;
    Ok(Call { caller, now: app.clock.now(), request_id: "demo".to_owned() })
}

/// What a refusal says, where nothing should be refused.
fn granted<T, R: Reason>(result: Result<T, Refusal<R>>) -> Result<T> {
    match result {
        Ok(done) => Ok(done),
        Err(Refusal::Fault(fault)) => Err(fault.into()),
        Err(Refusal::Rule(reasons)) => bail!(reasons.iter().map(Reason::message).collect::<Vec<_>>().join(" ")),
        Err(Refusal::Unauthenticated | Refusal::Forbidden) => bail!("nobody of the demo may do this"),
    }
}

/// A weekly evening on Mondays; bank holidays are asked about.
async fn weekly(app: &App, leader: &Call) -> Result<GroupId> {
    let groups = store::row::holding::<entity::community_group::Entity>(
        app.db.read(),
        entity::community_group::Column::Id,
        leader.caller.leads.iter().copied(),
    );
    let mut groups = groups.await?;
    groups.sort_by(|a, b| a.slug.cmp(&b.slug));
    let group = groups.into_iter().find(|group| group.venue_id.is_some()).context("leader@ has no group with a venue")?;
    granted(group_calendar::set_holidays(app, leader, group.id, BankHolidayPolicy::Ask, false).await)?;
    let monday = leader.today().iter_days().skip(1).find(|day| day.weekday() == chrono::Weekday::Mon).context("a Monday")?;
    let pattern = Pattern::read("rule", "FREQ=WEEKLY;BYDAY=MO", monday).map_err(|wrong| anyhow::anyhow!(wrong.message))?;
    let session = NewSession {
        group: group.id,
        venue: group.venue_id,
        title: "Monday Evening Desk".to_owned(),
        modality: Modality::InPerson,
        setting: Setting::Group,
        facts: SessionFacts { audience: Audience::AdultsPublic, weekly: true, handles_money: false, overnight: false },
        responsible_adult: true,
        language: None,
        topics: Vec::new(),
        date: monday,
        starts: chrono::NaiveTime::MIN + TimeDelta::hours(18),
        minutes: 120,
        zone: HOME_ZONE,
        dbs: None,
        places: vec![NewPlaces { kind: PlaceKind::Helper, count: 2, modules: Vec::new() }],
    };
    let new = series::NewSeries { session, pattern, skipped: Vec::new(), added: Vec::new() };
    granted(series::create(app, leader, None, new).await)?;
    Ok(group.id)
}

/// One session of the leader's starts half an hour later: where `champion@` is expected, if there is one.
async fn moved(app: &App, leader: &Call, guest: Option<ChampionId>) -> Result<()> {
    let (from, until) = (leader.now + TimeDelta::days(2), leader.now + TimeDelta::days(28));
    let filter = Filter {
        groups: Some(leader.caller.leads.clone()),
        from: Some(from),
        until: Some(until),
        scheduled_only: true,
        ..Filter::default()
    };
    let sessions = in_order(app.db.read(), &filter).await?;
    let placed = offer::confirmed(app.db.read(), &sessions.iter().map(|s| s.id).collect::<Vec<_>>()).await?;
    let at =
        |id: SessionId, who: Option<ChampionId>| placed.iter().any(|a| a.session_id == id && who.is_none_or(|who| a.champion_id == who));
    let found = sessions.iter().find(|s| guest.is_some() && at(s.id, guest)).or_else(|| sessions.iter().find(|s| at(s.id, None)));
    let Some(session) = found else { return Ok(()) };
    let starts = Some(session.local_start + TimeDelta::minutes(30));
    granted(move_one(app, leader, session.id, None, NewTime { starts, ..NewTime::default() }).await).map(|_| ())
}

/// Somebody asks `champion@` to swap places.
async fn swap_asked(app: &App, guest: &Call) -> Result<()> {
    let Some(me) = guest.caller.champion else { return Ok(()) };
    let conn = app.db.read();
    let between = (guest.now + TimeDelta::days(1), guest.now + TimeDelta::days(28));
    let duties = clearance::confirmed_between(conn, between, None, 10_000).await?;
    let sessions = store::session::many(conn, duties.iter().map(|a| a.session_id).collect::<std::collections::BTreeSet<_>>()).await?;
    let facts = facts::needs(conn, sessions).await?;
    let people: Vec<ChampionId> = duties.iter().map(|a| a.champion_id).collect();
    let people = facts::champions(conn, Which::These(&people)).await?;
    let (mine, others): (Vec<_>, Vec<_>) = duties.iter().partition(|a| a.champion_id == me);
    let pairs = mine.iter().flat_map(|mine| others.iter().map(move |theirs| (*mine, *theirs)));
    let Some((mine, theirs)) = pairs.into_iter().find(|(mine, theirs)| could_swap(&facts, &people, mine, theirs, guest)) else {
        return Ok(());
    };
    let (Some(number), Some(other)) = (
        store::champion::find(conn, me).await?.map(|c| c.number),
        store::champion::find(conn, theirs.champion_id).await?.and_then(|c| c.account_id),
    ) else {
        return Ok(());
    };
    let message = "My sister visits that day. Would yours do for you as well?".to_owned();
    let proposal = swap::Proposal { gives: theirs.id, with: number, at: mine.session_id, message };
    granted(swap::propose(app, &call_as(app, other).await?, None, proposal).await).map(|_| ())
}

fn could_swap(
    facts: &[SessionFactsRow],
    people: &[ChampionRecord],
    mine: &assignment::Model,
    theirs: &assignment::Model,
    call: &Call,
) -> bool {
    let need = |duty: &assignment::Model| {
        let facts = facts.iter().find(|f| f.session.id == duty.session_id)?;
        let kind = facts.places.iter().find(|(id, _)| *id == duty.place_id)?.1;
        facts.need(kind)
    };
    let who = |duty: &assignment::Model| people.iter().find(|p| p.id == duty.champion_id);
    let (Some(my_need), Some(their_need), Some(me), Some(them)) = (need(mine), need(theirs), who(mine), who(theirs)) else { return false };
    let to_me = Side { duty: theirs.status, need: their_need, taker: me, gives: my_need, team: &Team::default() };
    let to_them = Side { duty: mine.status, need: my_need, taker: them, gives: their_need, team: &Team::default() };
    mine.session_id != theirs.session_id && is_possible(to_me, to_them, call.now)
}

/// The next session with a helper's place open is being filled: two are asked now, and two more every quarter of an hour.
async fn gap(app: &App, coordinator: &Call) -> Result<()> {
    let (from, until) = (coordinator.now + TimeDelta::hours(26), coordinator.now + TimeDelta::days(14));
    let filter = Filter { from: Some(from), until: Some(until), scheduled_only: true, uncovered_only: true, ..Filter::default() };
    for session in in_order(app.db.read(), &filter).await? {
        let Some(request) = offer::request_for(app.db.read(), session.id).await? else { continue };
        let taken: Vec<_> = offer::confirmed(app.db.read(), &[session.id]).await?.into_iter().map(|a| a.place_id).collect();
        let places = store::session::places(app.db.read(), &[session.id]).await?;
        if places.iter().any(|p| p.kind == PlaceKind::Helper && !taken.contains(&p.id)) {
            let message = "Somebody fell ill: could you help out?".to_owned();
            let run = wave::Run { kind: PlaceKind::Helper, size: 2, every_minutes: 15, urgent: false, message, stand_in: None };
            return granted(wave::start(app, coordinator, None, request.id, run).await).map(|_| ());
        }
    }
    Ok(())
}

async fn add_calendar(tx: &impl ConnectionTrait, call: &Call, group_id: Option<GroupId>, secret: &str) -> Result<(), Fault> {
    let Some(account_id) = call.caller.account else { return Ok(()) };
    let (id, secret_hash) = (new_id(call.now), sha256_text(secret.as_bytes()));
    let feed = calendar_feed::Model { id, account_id, group_id, secret_hash, created_at: call.now, reset_at: None, revoked_at: None };
    Ok(row::insert(tx, feed).await?)
}

//! Offers: asking champions, and their answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{assignment, offer as row_of};
use rules::assignment::AssignmentStatus;
use rules::id::{AssignmentId, ChampionId, OfferBundleId, OfferId, PlaceId, RequestId, SessionId};
use rules::life::StandInEvent;
use rules::matching::ChampionRecord;
use rules::offer::{
    ASK_LIMIT, Acceptance, CannotAccept, CannotDecline, CannotSend, Offer, OfferStatus, Openings, accept as judge_accept, can_be_offered,
    decline as judge_decline, expires_at, send as judge_send,
};
use rules::policy::{Action, Relation};
use rules::reason::Reason;
use rules::request::RequestStatus;
use rules::session::PlaceKind;
use rules::wave::DeclineScope;
use sea_orm::{ConnectionTrait, IntoActiveModel, Set};
use serde_json::json;

use super::clearance::judge_others;
use super::stand_in::Duty;
use super::team::{Teams, beside};
use super::{Mail, Once, Subject, answered, audited, done, emit, event, keep, mail, outgoing};
use crate::app::{App, Call};
use crate::clock::new_id;
use crate::error::{Fault, Refusal};
use crate::store::facts::{self, SessionFactsRow, Which};
use crate::store::row::{Text, Writes};
use crate::store::taking::{self, Around, Own};
use crate::store::{self, ledger, offer, row, transact};

/// An offer as the rules read it.
pub fn fact(row: &row_of::Model) -> Offer {
    Offer { status: row.status, expires_at: row.expires_at }
}

/// Places of a kind that nobody has, in order.
pub(super) async fn open_places(tx: &impl ConnectionTrait, facts: &SessionFactsRow, kind: PlaceKind) -> Result<Vec<PlaceId>, Fault> {
    let taken: Vec<PlaceId> = offer::confirmed(tx, &[facts.session.id]).await?.into_iter().map(|a| a.place_id).collect();
    Ok(facts.open(kind, &taken))
}

/// Sends offers for a kind of place: to everybody on the list, or to nobody.
pub async fn send(
    app: &App,
    call: &Call,
    once: Option<Once>,
    request: RequestId,
    kind: PlaceKind,
    champions: Vec<ChampionId>,
    message: String,
) -> Result<Vec<OfferId>, Refusal<CannotSend>> {
    let action = Action::OfferSend;
    let result = transact!(app.db, |tx| {
        let (request_row, session) = super::request::locked(&tx, call, request, action).await?;
        if let Some(kept) = answered::<Vec<OfferId>, CannotSend>(&tx, call, once.as_ref(), action).await? {
            return Ok(kept);
        }
        if !can_be_offered(session.status, session.starts_at, call.now) {
            return Err(Refusal::rule(CannotSend::SessionClosed));
        }
        if super::request::progress(&tx, &request_row, call).await? == RequestStatus::Withdrawn {
            return Err(Refusal::rule(CannotSend::RequestClosed));
        }
        let facts = facts::need(&tx, session).await?;
        let open = open_places(&tx, &facts, kind).await?;
        if open.is_empty() {
            return Err(Refusal::rule(CannotSend::NoOpenPlace { kind }));
        }
        judge_list(&tx, call, &facts, (kind, &open), &champions).await?;
        let expires_at = expires_at(call.now, facts.session.starts_at);
        let asking = Asking { request, kind, message: &message, expires_at };
        let ids = ask(&tx, call, action, &facts.session, asking, &champions, Vec::new()).await?;
        keep(&tx, call, once.as_ref(), &ids).await?;
        Ok(ids)
    });
    audited(app, call, action, Subject("ChampionRequest", Some(request.0)), result).await
}

/// What a set of offers has in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    /// For which request.
    pub request: RequestId,
    /// For which kind of place.
    pub kind: PlaceKind,
    /// What they should know.
    pub message: &'a str,
    /// When they lapse.
    pub expires_at: DateTime<Utc>,
}

/// Sends an offer to each of these champions; the session is locked, and so are they. `whys` is empty, or says why for each.
pub(super) async fn ask(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    session: &entity::session::Model,
    asking: Asking<'_>,
    champions: &[ChampionId],
    mut whys: Vec<entity::asking::Model>,
) -> Result<Vec<OfferId>, Fault> {
    let Asking { request, kind, message, expires_at } = asking;
    let asked: Vec<Asked<'_>> = champions.iter().map(|id| Asked { request, session, kind, champion: *id, expires_at }).collect();
    let ids = post(tx, call, action, &asked, message, None).await?;
    whys.iter_mut().zip(&ids).for_each(|(why, id)| why.offer_id = *id);
    row::insert_all(tx, whys).await?;
    Ok(ids)
}

/// One place offered to one champion, who was judged fit for it under lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub request: RequestId,
    pub session: &'a entity::session::Model,
    pub kind: PlaceKind,
    pub champion: ChampionId,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
}

/// Puts offers on record and on their way, each with a message of its own or all of a bundle with one: a fixed number of statements,
/// however many.
pub(super) async fn post(
    tx: &impl ConnectionTrait,
    call: &Call,
    action: Action,
    asked: &[Asked<'_>],
    message: &str,
    bundle: Option<OfferBundleId>,
) -> Result<Vec<OfferId>, Fault> {
    let rows: Vec<row_of::Model> = asked.iter().map(|one| new_offer(call, one, message, bundle)).collect();
    let ids: Vec<OfferId> = rows.iter().map(|o| o.id).collect();
    let champions: Vec<ChampionId> = asked.iter().map(|one| one.champion).collect();
    let mail_of = |o: &row_of::Model| match bundle {
        Some(bundle) => Mail::OfferBundle { champion: o.champion_id, bundle },
        None => Mail::Offer { champion: o.champion_id, offer: o.id },
    };
    let letters = rows.iter().take(if bundle.is_some() { 1 } else { rows.len() });
    let mut out: Vec<entity::outbox::Model> = letters.map(|o| outgoing(call, "mail", json!(mail_of(o)))).collect();
    let mut by_request: BTreeMap<(RequestId, SessionId), Vec<OfferId>> = BTreeMap::new();
    rows.iter().for_each(|o| by_request.entry((o.request_id, o.session_id)).or_default().push(o.id));
    let sent = by_request.iter().map(|((request, session), offers)| json!({ "request": request, "session": session, "offers": offers }));
    out.extend(sent.map(|payload| outgoing(call, "offer.sent", payload)));
    let audit = rows.iter().map(|o| {
        let detail = json!({ "champion": o.champion_id, "session": o.session_id });
        event(call, action, Subject("Offer", Some(o.id.0)), "DONE", detail)
    });
    ledger::audit_all(tx, audit.collect()).await?;
    ledger::emit_all(tx, out).await?;
    super::offer_close::close(tx, call, &lapsed(tx, asked).await?, OfferStatus::Expired, action).await?;
    row::insert_all(tx, rows).await?;
    store::champion::asked(tx, &champions, call.now).await?;
    Ok(ids)
}

/// Offers that lapsed keep the state PENDING until the clock's job comes by; a new one needs the place in the index.
async fn lapsed(tx: &impl ConnectionTrait, asked: &[Asked<'_>]) -> Result<Vec<row_of::Model>, Fault> {
    let pairs: BTreeSet<(SessionId, ChampionId)> = asked.iter().map(|one| (one.session.id, one.champion)).collect();
    let sessions: BTreeSet<SessionId> = pairs.iter().map(|(session, _)| *session).collect();
    let mut old = offer::of_sessions(tx, &Vec::from_iter(sessions)).await?;
    old.retain(|o| o.status == OfferStatus::Pending && pairs.contains(&(o.session_id, o.champion_id)));
    Ok(old)
}

async fn judge_list(
    tx: &impl ConnectionTrait,
    call: &Call,
    facts: &SessionFactsRow,
    (kind, open): (PlaceKind, &[PlaceId]),
    champions: &[ChampionId],
) -> Result<(), Refusal<CannotSend>> {
    let distinct: std::collections::HashSet<_> = champions.iter().collect();
    if champions.is_empty() || champions.len() > ASK_LIMIT || distinct.len() < champions.len() {
        return Err(Refusal::rule(CannotSend::ListSize { most: ASK_LIMIT }));
    }
    store::champion::lock_all(tx, champions).await?;
    let records: HashMap<ChampionId, ChampionRecord> =
        facts::champions(tx, Which::These(champions)).await?.into_iter().map(|r| (r.id, r)).collect();
    let earlier = offer::of_sessions(tx, &[facts.session.id]).await?;
    let resting = store::wave::resting(tx, call.now).await?;
    let Some(need) = facts.need(kind) else { return Err(Refusal::rule(CannotSend::NoOpenPlace { kind })) };
    let team = Teams::joined_by(tx, records.values().map(|record| (facts, record))).await?.beside(facts, open);
    let judge = |(index, id): (usize, &ChampionId)| {
        let last = earlier.iter().rev().find(|o| o.champion_id == *id).map(fact);
        match records.get(id).filter(|r| r.clearance.membership.is_open()) {
            None => Some(CannotSend::UnknownChampion { index }),
            Some(_) if resting.contains_key(id) => Some(CannotSend::Resting { index }),
            Some(record) => judge_send(need, record, &team, last, index, call.now).err(),
        }
    };
    let problems: Vec<CannotSend> = champions.iter().enumerate().filter_map(judge).collect();
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Rule(problems)) }
}

fn new_offer(call: &Call, asked: &Asked<'_>, message: &str, bundle_id: Option<OfferBundleId>) -> row_of::Model {
    row_of::Model {
        id: new_id(call.now),
        request_id: asked.request,
        session_id: asked.session.id,
        champion_id: asked.champion,
        kind: asked.kind,
        status: OfferStatus::Pending,
        message: message.to_owned(),
        sent_by: call.caller.account,
        sent_at: call.now,
        expires_at: asked.expires_at,
        responded_at: None,
        decline_reason: None,
        bundle_id,
    }
}

/// The champion's own offer, with session, offer and champion locked; anybody else's is not found.
async fn own<R: Reason>(tx: &impl ConnectionTrait, call: &Call, id: OfferId, action: Action) -> Result<Own, Refusal<R>> {
    call.require(action, Relation::Own)?;
    let champion = call.caller.champion.ok_or(Refusal::not_found("offerId"))?;
    taking::own(tx, id, champion).await?.ok_or(Refusal::not_found("offerId"))
}

/// Why each of these offers could not be accepted now, by the rule that [`accept`] enforces; empty where it could, or was.
pub async fn cannot_accept(
    conn: &impl ConnectionTrait,
    call: &Call,
    offers: Vec<row_of::Model>,
) -> Result<HashMap<OfferId, Vec<CannotAccept>>, Fault> {
    let ids: Vec<SessionId> = offers.iter().map(|o| o.session_id).collect();
    let rows = store::session::many(conn, ids.iter().copied()).await?;
    let sessions: HashMap<SessionId, SessionFactsRow> = facts::needs(conn, rows).await?.into_iter().map(|s| (s.session.id, s)).collect();
    let taken: Vec<PlaceId> = offer::confirmed(conn, &ids).await?.into_iter().map(|a| a.place_id).collect();
    let asked: Vec<ChampionId> = offers.iter().map(|o| o.champion_id).collect();
    let records: HashMap<ChampionId, ChampionRecord> =
        facts::champions(conn, Which::These(&asked)).await?.into_iter().map(|r| (r.id, r)).collect();
    let searches = super::wave::searches_of(conn, &offers.iter().map(|o| o.id).collect::<Vec<_>>()).await?;
    let duties = super::stand_in::duties(conn, &searches.values().copied().collect::<Vec<_>>()).await?;
    let pairs = offers.iter().filter_map(|o| sessions.get(&o.session_id).zip(records.get(&o.champion_id)));
    let teams = Teams::joined_by(conn, pairs).await?;
    let judge = |offer: row_of::Model| {
        let (facts, record) = (sessions.get(&offer.session_id)?, records.get(&offer.champion_id)?);
        let places: Vec<PlaceId> = match searches.get(&offer.id) {
            Some(search) => duties.get(search).map(|duty| duty.place).into_iter().collect(),
            None => facts.open(offer.kind, &taken),
        };
        let openings = Openings { status: facts.session.status, team: teams.beside(facts, &places), places };
        let reasons = judge_accept(fact(&offer), &openings, facts.need(offer.kind)?, record, call.now).err();
        Some((offer.id, reasons.unwrap_or_default()))
    };
    Ok(offers.into_iter().filter_map(judge).collect())
}

/// Accepts an offer: judged under lock, at the session's date, by facts that are read again or known not to have changed.
pub async fn accept(app: &App, call: &Call, id: OfferId) -> Result<assignment::Model, Refusal<CannotAccept>> {
    let action = Action::OfferAccept;
    let result = transact!(app.db, |tx| {
        let Own { offer, stand_in } = own(&tx, call, id, action).await?;
        let around = taking::around(&tx, &offer).await?;
        let facts = app.db.asked(&tx, &around.numbers, offer.session_id).await?;
        let duty = match stand_in {
            Some(search) => Some(super::stand_in::duties(&tx, &[search]).await?.remove(&search)),
            None => None,
        };
        let places = match &duty {
            Some(duty) => duty.iter().map(|duty| duty.place).collect(),
            None => facts.open(offer.kind, &around.taken),
        };
        let Some(need) = facts.need(offer.kind) else { return Err(Refusal::rule(CannotAccept::PlacesFilled)) };
        let record = app.db.bound(&tx, &around.numbers, (offer.champion_id, need), call.today()).await?;
        let team = beside(&tx, &facts, &places, &record).await?;
        let openings = Openings { status: facts.session.status, places, team };
        match judge_accept(fact(&offer), &openings, need, &record, call.now)? {
            Acceptance::Already => {
                let there = offer::assignment_of(&tx, id).await?;
                there.ok_or(Refusal::Fault(Fault::Other(anyhow::anyhow!("an accepted offer without its assignment"))))
            }
            Acceptance::Takes(place) => Ok(take(&tx, call, offer, (&facts, &record), place, &around, duty.flatten()).await?),
        }
    });
    audited(app, call, action, Subject("Offer", Some(id.0)), result).await
}

/// What is written when a place is taken.
static TAKE: Text = Text::new();

/// Gives the place. Whoever had it until now is free; once the last open place of the kind has gone, the other offers for one close.
async fn take(
    tx: &impl ConnectionTrait,
    call: &Call,
    offer: row_of::Model,
    (facts, record): (&SessionFactsRow, &ChampionRecord),
    place: PlaceId,
    around: &Around,
    duty: Option<Duty>,
) -> Result<assignment::Model, Fault> {
    let session = &facts.session;
    let (offer_id, champion, kind) = (offer.id, offer.champion_id, offer.kind);
    let held = duty.and_then(|duty| duty.held.map(|held| (duty.search, held)));
    if let Some((_, held)) = &held {
        super::assignment::hand_over(tx, call, held.clone(), Action::OfferAccept).await?;
    }
    let made = placed(call, session, place, champion, Some(offer_id));
    let detail = json!({ "assignment": made.id, "place": place });
    let news = json!({ "assignment": made.id, "session": session.id, "champion": champion });
    Writes::default()
        .change(row_of::ActiveModel { status: Set(OfferStatus::Accepted), responded_at: Set(Some(call.now)), ..offer.into_active_model() })?
        .insert(made.clone())
        .insert(event(call, Action::OfferAccept, Subject("Offer", Some(offer_id.0)), "DONE", detail))
        .insert(outgoing(call, "assignment.confirmed", news))
        .run(tx, &TAKE)
        .await?;
    if around.waits {
        store::sign_up::placed(tx, session.id, champion, call.now).await?;
    }
    let full = facts.open(kind, &around.taken).iter().all(|open| *open == place);
    match held {
        Some((search, held)) => relieve(tx, call, search, &held, made.id).await?,
        None if full && (around.others || around.waves) => close_others(tx, call, facts, kind).await?,
        None => {}
    }
    judge_others(tx, call, Action::OfferAccept, record, session).await?;
    Ok(made)
}

/// Puts a champion on the rota: the place is theirs, and they wait for none. The session and the champion are locked.
pub(super) async fn confirm(
    tx: &impl ConnectionTrait,
    call: &Call,
    session: &entity::session::Model,
    place: PlaceId,
    champion: ChampionId,
    offer_id: Option<OfferId>,
) -> Result<AssignmentId, Fault> {
    let made = placed(call, session, place, champion, offer_id);
    let id = made.id;
    row::insert(tx, made).await?;
    store::sign_up::placed(tx, session.id, champion, call.now).await?;
    Ok(id)
}

fn placed(
    call: &Call,
    session: &entity::session::Model,
    place: PlaceId,
    champion: ChampionId,
    offer_id: Option<OfferId>,
) -> assignment::Model {
    assignment::Model {
        id: new_id(call.now),
        session_id: session.id,
        place_id: place,
        champion_id: champion,
        offer_id,
        status: AssignmentStatus::Confirmed,
        starts_at: session.starts_at,
        ends_at: session.ends_at,
        created_at: call.now,
        ended_at: None,
        ended_reason: None,
        clashing: false,
        hurried: false,
    }
}

/// A stand-in has the duty now: the search ends, the swaps of the old place lapse, and whoever had it is told.
async fn relieve(
    tx: &impl ConnectionTrait,
    call: &Call,
    search: entity::stand_in::Model,
    held: &assignment::Model,
    taken_by: AssignmentId,
) -> Result<(), Fault> {
    let action = Action::OfferAccept;
    super::stand_in::end(tx, call, search, StandInEvent::Accept, Some(taken_by), action).await?;
    super::stand_in::duty_ended(tx, call, held.id, StandInEvent::Close, action).await?;
    mail(tx, call, Mail::Covered { champion: held.champion_id, session: held.session_id }).await
}

/// No place of the kind is open any more: the offers for one close; those of searches for stand-ins stand.
pub(super) async fn close_others(tx: &impl ConnectionTrait, call: &Call, facts: &SessionFactsRow, kind: PlaceKind) -> Result<(), Fault> {
    store::wave::hurry(tx, facts.session.id, kind, call.now).await?;
    let mut others = offer::of_sessions(tx, &[facts.session.id]).await?;
    others.retain(|o| o.kind == kind && o.status == OfferStatus::Pending);
    if others.is_empty() {
        return Ok(());
    }
    let searches = super::wave::searches_of(tx, &others.iter().map(|o| o.id).collect::<Vec<_>>()).await?;
    let duties = super::stand_in::duties(tx, &searches.values().copied().collect::<Vec<_>>()).await?;
    others.retain(|o| searches.get(&o.id).is_none_or(|search| !duties.contains_key(search)));
    super::offer_close::tell_and_close(tx, call, &others, OfferStatus::Expired, Action::OfferAccept).await.map(|_| ())
}

/// Declines an offer; the reason is the champion's own, and nobody needs one. After "not now" nobody asks for a while.
pub async fn decline(
    app: &App,
    call: &Call,
    id: OfferId,
    scope: DeclineScope,
    reason: Option<String>,
) -> Result<OfferId, Refusal<CannotDecline>> {
    let action = Action::OfferDecline;
    let result = transact!(app.db, |tx| {
        let Own { offer, .. } = own(&tx, call, id, action).await?;
        if scope == DeclineScope::NotNow {
            store::wave::rest(&tx, offer.champion_id, Some(call.now + TimeDelta::days(app.policy.quiet_days))).await?;
        }
        if !judge_decline(fact(&offer), call.now).map_err(Refusal::rule)? {
            return Ok(id);
        }
        let (session, kind, decline_reason) = (offer.session_id, offer.kind, reason.clone());
        row::update(&tx, row_of::Model { status: OfferStatus::Declined, responded_at: Some(call.now), decline_reason, ..offer }).await?;
        let waits = |o: &row_of::Model| o.kind == kind && fact(o).status_at(call.now) == OfferStatus::Pending;
        if !offer::of_sessions(&tx, &[session]).await?.iter().any(waits) {
            store::wave::hurry(&tx, session, kind, call.now).await?;
        }
        done(&tx, call, action, Subject("Offer", Some(id.0)), json!({ "scope": scope })).await?;
        emit(&tx, call, "offer.declined", json!({ "offer": id, "session": session })).await?;
        Ok(id)
    });
    audited(app, call, action, Subject("Offer", Some(id.0)), result).await
}

//! How offers end without an acceptance: taken back, filled by others, called off, or lapsed with nobody's answer.

use chrono::{DateTime, Utc};
use entity::offer as row_of;
use rules::id::{OfferId, SessionId};
use rules::offer::{CannotTakeBack, OfferStatus, take_back as judge_take_back};
use rules::policy::{Action, Relation};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::offer::fact;
use super::{Mail, Subject, audited, done, emit, mail};
use crate::app::{App, Call};
use crate::error::{Fault, Refusal};
use crate::store::{self, offer, transact};

/// Takes an offer back.
pub async fn withdraw(app: &App, call: &Call, id: OfferId) -> Result<OfferId, Refusal<CannotTakeBack>> {
    let action = Action::OfferWithdraw;
    let result = transact!(app.db, |tx| {
        call.require(action, Relation::Own)?;
        let Some(seen) = offer::find(&tx, id).await? else { return Err(Refusal::not_found("offerId")) };
        let Some(session) = store::session::lock(&tx, seen.session_id).await? else { return Err(Refusal::not_found("offerId")) };
        if !call.may(action, call.caller.to_group(session.group_id)) {
            return Err(Refusal::not_found("offerId"));
        }
        let offer = offer::lock(&tx, id).await?.ok_or(Refusal::not_found("offerId"))?;
        if judge_take_back(fact(&offer), call.now).map_err(Refusal::rule)? {
            mail(&tx, call, Mail::NoLongerNeeded { champion: offer.champion_id, session: session.id }).await?;
            close(&tx, call, &[offer], OfferStatus::Withdrawn, action).await?;
        }
        Ok(id)
    });
    audited(app, call, action, Subject("Offer", Some(id.0)), result).await
}

/// Moves pending offers on, with a row in the audit and an event for each.
pub(super) async fn close(
    tx: &impl ConnectionTrait,
    call: &Call,
    offers: &[row_of::Model],
    to: OfferStatus,
    action: Action,
) -> Result<(), Fault> {
    let ids: Vec<OfferId> = offers.iter().map(|o| o.id).collect();
    offer::close(tx, &ids, to, call.now).await?;
    let topic = if to == OfferStatus::Expired { "offer.expired" } else { "offer.withdrawn" };
    for offer in offers {
        done(tx, call, action, Subject("Offer", Some(offer.id.0)), json!({ "to": to, "session": offer.session_id })).await?;
        emit(tx, call, topic, json!({ "offer": offer.id, "session": offer.session_id })).await?;
    }
    Ok(())
}

/// Closes every pending offer of a session; tells those who were still being waited for.
pub(super) async fn close_all(
    tx: &impl ConnectionTrait,
    call: &Call,
    session: SessionId,
    to: OfferStatus,
    action: Action,
) -> Result<usize, Fault> {
    let pending: Vec<_> = offer::of_sessions(tx, &[session]).await?.into_iter().filter(|o| o.status == OfferStatus::Pending).collect();
    tell_and_close(tx, call, &pending, to, action).await
}

/// Closes pending offers; answers how many people were still being waited for, and tells them.
pub(super) async fn tell_and_close(
    tx: &impl ConnectionTrait,
    call: &Call,
    pending: &[row_of::Model],
    to: OfferStatus,
    action: Action,
) -> Result<usize, Fault> {
    close(tx, call, pending, to, action).await?;
    // Whoever let the offer lapse has not waited for an answer.
    let waited: Vec<_> = pending.iter().filter(|o| o.expires_at > call.now).collect();
    for asked in &waited {
        mail(tx, call, Mail::NoLongerNeeded { champion: asked.champion_id, session: asked.session_id }).await?;
    }
    Ok(waited.len())
}

/// The most sessions one run goes through; the next run goes on.
const MOST: u64 = 200;

/// Writes down which offers have lapsed: a session at a time, judged again under its lock.
pub async fn lapse_due(app: &App, now: DateTime<Utc>) -> Result<usize, Fault> {
    let call = Call::by_the_clock("offers.lapse", now);
    let mut count = 0;
    for session in offer::sessions_with_lapsed(app.db.read(), now, MOST).await? {
        count += lapse(app, &call, session).await?;
    }
    Ok(count)
}

async fn lapse(app: &App, call: &Call, session: SessionId) -> Result<usize, Fault> {
    transact!(app.db, |tx| {
        store::session::lock(&tx, session).await?;
        let mut lapsed = offer::of_sessions(&tx, &[session]).await?;
        lapsed.retain(|o| o.status == OfferStatus::Pending && fact(o).status_at(call.now) == OfferStatus::Expired);
        close(&tx, call, &lapsed, OfferStatus::Expired, Action::OfferLapse).await?;
        Ok(lapsed.len())
    })
}

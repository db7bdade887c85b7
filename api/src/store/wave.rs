//! Runs of waves, why each offer was sent, and how often champions are asked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{asking, champion_pace, offer, offer_waves};
use rules::id::{ChampionId, OfferId, RequestId, SessionId, StandInId, WavesId};
use rules::offer::OfferStatus;
use rules::session::PlaceKind;
use rules::wave::WavesStatus;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::row::is;

/// A run.
pub async fn find(conn: &impl ConnectionTrait, id: WavesId) -> Result<Option<offer_waves::Model>, DbErr> {
    offer_waves::Entity::find_by_id(id).one(conn).await
}

/// The runs of sessions that still go on.
pub async fn running(conn: &impl ConnectionTrait, session: SessionId) -> Result<Vec<offer_waves::Model>, DbErr> {
    let of = offer_waves::Entity::find().filter(offer_waves::Column::SessionId.eq(session));
    of.filter(is(offer_waves::Column::Status, WavesStatus::Running.code())).all(conn).await
}

/// The runs of requests, oldest first.
pub async fn of_requests(conn: &impl ConnectionTrait, requests: &[RequestId]) -> Result<Vec<offer_waves::Model>, DbErr> {
    let of = offer_waves::Entity::find().filter(offer_waves::Column::RequestId.is_in(requests.iter().copied()));
    of.order_by_asc(offer_waves::Column::StartedAt).order_by_asc(offer_waves::Column::Id).all(conn).await
}

/// Runs whose time has come, the longest waiting first.
pub async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>, most: u64) -> Result<Vec<offer_waves::Model>, DbErr> {
    let due = offer_waves::Entity::find().filter(is(offer_waves::Column::Status, WavesStatus::Running.code()));
    due.filter(offer_waves::Column::NextAt.lte(now)).order_by_asc(offer_waves::Column::NextAt).limit(most).all(conn).await
}

/// Nobody is left to answer: the next wave is due now.
pub async fn hurry(conn: &impl ConnectionTrait, session: SessionId, kind: PlaceKind, now: DateTime<Utc>) -> Result<(), DbErr> {
    offer_waves::Entity::update_many()
        .col_expr(offer_waves::Column::NextAt, Expr::value(now))
        .filter(offer_waves::Column::SessionId.eq(session))
        .filter(offer_waves::Column::Kind.eq(kind))
        .filter(is(offer_waves::Column::Status, WavesStatus::Running.code()))
        .exec(conn)
        .await
        .map(|_| ())
}

/// Why offers were sent.
pub async fn askings(conn: &impl ConnectionTrait, offers: &[OfferId]) -> Result<Vec<asking::Model>, DbErr> {
    asking::Entity::find().filter(asking::Column::OfferId.is_in(offers.iter().copied())).all(conn).await
}

/// The offers of a search for a stand-in.
pub async fn for_stand_in(conn: &impl ConnectionTrait, id: StandInId) -> Result<Vec<OfferId>, DbErr> {
    let of = asking::Entity::find().filter(asking::Column::StandInId.eq(id));
    of.select_only().column(asking::Column::OfferId).into_tuple().all(conn).await
}

/// How often each champion was asked since an instant and has not said yes: who likes to help may be asked again. Several dates offered
/// at once are one contact, and a yes to one of them is a yes.
pub async fn asked_since(conn: &impl ConnectionTrait, since: DateTime<Utc>) -> Result<HashMap<ChampionId, usize>, DbErr> {
    let [accepted, ended] = [OfferStatus::Accepted, OfferStatus::Ended].map(|status| status.code());
    let no_yes = format!("MAX(CASE WHEN status IN ('{accepted}', '{ended}') THEN 1 ELSE 0 END) = 0");
    let contacts = Query::select()
        .column(offer::Column::ChampionId)
        .from(offer::Entity)
        .and_where(offer::Column::SentAt.gt(since))
        .add_group_by([Expr::col(offer::Column::ChampionId), Expr::cust("COALESCE(bundle_id, id)")])
        .and_having(Expr::cust(no_yes))
        .to_owned();
    let counted = Query::select()
        .column(offer::Column::ChampionId)
        .expr_as(Expr::cust("COUNT(*)"), "asked")
        .from_subquery(contacts, "contact")
        .group_by_col(offer::Column::ChampionId)
        .to_owned();
    let mut asked = HashMap::new();
    for row in conn.query_all(&counted).await? {
        let times: i64 = row.try_get("", "asked")?;
        asked.insert(row.try_get("", "champion_id")?, usize::try_from(times).unwrap_or(usize::MAX));
    }
    Ok(asked)
}

/// Champions who want quiet at an instant, and until when.
pub async fn resting(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<HashMap<ChampionId, DateTime<Utc>>, DbErr> {
    let rows = champion_pace::Entity::find().filter(champion_pace::Column::QuietUntil.gt(now)).all(conn).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.champion_id, row.quiet_until?))).collect())
}

/// How champions want to be asked.
pub async fn paces(conn: &impl ConnectionTrait, champions: &[ChampionId]) -> Result<Vec<champion_pace::Model>, DbErr> {
    champion_pace::Entity::find().filter(champion_pace::Column::ChampionId.is_in(champions.iter().copied())).all(conn).await
}

/// The most sessions a champion wants in a calendar month; none for no limit.
pub async fn most_per_month(conn: &impl ConnectionTrait, champion: ChampionId, most: Option<i32>) -> Result<(), DbErr> {
    let row = champion_pace::ActiveModel { champion_id: Set(champion), most_per_month: Set(most), quiet_until: Set(None) };
    let conflict = OnConflict::column(champion_pace::Column::ChampionId).update_column(champion_pace::Column::MostPerMonth).to_owned();
    champion_pace::Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await.map(|_| ())
}

/// Nobody asks a champion before an instant; none ends the quiet.
pub async fn rest(conn: &impl ConnectionTrait, champion: ChampionId, until: Option<DateTime<Utc>>) -> Result<(), DbErr> {
    let row = champion_pace::ActiveModel { champion_id: Set(champion), most_per_month: Set(None), quiet_until: Set(until) };
    let conflict = OnConflict::column(champion_pace::Column::ChampionId).update_column(champion_pace::Column::QuietUntil).to_owned();
    champion_pace::Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await.map(|_| ())
}

//! Offers of several dates.

use entity::{offer, offer_bundle, session};
use rules::id::{ChampionId, OfferBundleId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, Select};

use super::paging::Sort;

/// Bundles, newest first.
pub const BUNDLES: Sort<offer_bundle::Column> = Sort { key: offer_bundle::Column::SentAt, id: offer_bundle::Column::Id, descending: true };

/// A bundle.
pub async fn find(conn: &impl ConnectionTrait, id: OfferBundleId) -> Result<Option<offer_bundle::Model>, DbErr> {
    offer_bundle::Entity::find_by_id(id).one(conn).await
}

/// What was offered to a champion in this way.
pub fn to(champion: ChampionId) -> Select<offer_bundle::Entity> {
    offer_bundle::Entity::find().filter(offer_bundle::Column::ChampionId.eq(champion))
}

/// The offers of bundles with their sessions, by date.
pub async fn dates(
    conn: &impl ConnectionTrait,
    bundles: impl IntoIterator<Item = OfferBundleId>,
) -> Result<Vec<(offer::Model, session::Model)>, DbErr> {
    let to_session = offer::Entity::belongs_to(session::Entity).from(offer::Column::SessionId).to(session::Column::Id);
    let rows = offer::Entity::find()
        .filter(offer::Column::BundleId.is_in(bundles))
        .join(JoinType::InnerJoin, to_session.into())
        .order_by_asc(session::Column::StartsAt)
        .order_by_asc(offer::Column::Id)
        .select_also(session::Entity)
        .all(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|(offer, session)| Some((offer, session?))).collect())
}

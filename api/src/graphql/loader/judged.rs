//! What is judged, and what judging reads: records, needs, verdicts and rankings, for all who ask in one level.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use rules::id::{ChampionId, OfferId, SessionId};
use rules::matching::{Blocker, ChampionRecord, blockers};
use rules::offer::CannotAccept;
use rules::session::{PlaceKind, SessionNeed};

use super::{Batch, Rows, shared};
use crate::error::Fault;
use crate::service::matching::{Opportunities, Ranked, Wanted, for_sessions, opportunities};
use crate::store::brief::{self, Named};
use crate::store::facts::{self, Which};
use crate::store::{row, session};

/// What the rules read of a champion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordOf(pub ChampionId);

impl Loader<RecordOf> for Rows {
    type Value = Arc<ChampionRecord>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[RecordOf]) -> Batch<RecordOf, Self::Value> {
        let ids: Vec<ChampionId> = keys.iter().map(|key| key.0).collect();
        let found = facts::champions(self.app.db.read(), Which::These(&ids)).await.map_err(shared)?;
        Ok(found.into_iter().map(|record| (RecordOf(record.id), Arc::new(record))).collect())
    }
}

/// Who a champion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameOf(pub ChampionId);

impl Loader<NameOf> for Rows {
    type Value = Arc<Named>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[NameOf]) -> Batch<NameOf, Self::Value> {
        let found = brief::named(self.app.db.read(), keys.iter().map(|key| key.0)).await.map_err(shared)?;
        Ok(found.into_iter().map(|row| (NameOf(row.id), Arc::new(row))).collect())
    }
}

/// What matching reads of a champion from today on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatchedOf(pub ChampionId);

impl Loader<MatchedOf> for Rows {
    type Value = Arc<ChampionRecord>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[MatchedOf]) -> Batch<MatchedOf, Self::Value> {
        let ids: Vec<RecordOf> = keys.iter().map(|key| RecordOf(key.0)).collect();
        Ok(self.load(&ids).await?.into_iter().map(|(key, record)| (MatchedOf(key.0), record)).collect())
    }
}

/// What a kind of place at a session asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NeedOf(pub SessionId, pub PlaceKind);

impl Loader<NeedOf> for Rows {
    type Value = SessionNeed;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[NeedOf]) -> Batch<NeedOf, Self::Value> {
        let conn = self.app.db.read();
        let rows = session::many(conn, keys.iter().map(|key| key.0)).await.map_err(shared)?;
        let found = facts::needs(conn, rows).await.map_err(shared)?;
        let need = |key: &NeedOf| Some((*key, found.iter().find(|f| f.session.id == key.0)?.need(key.1)?.clone()));
        Ok(keys.iter().filter_map(need).collect())
    }
}

/// Why an offer could not be accepted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CannotAcceptOf(pub OfferId);

impl Loader<CannotAcceptOf> for Rows {
    type Value = Vec<CannotAccept>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[CannotAcceptOf]) -> Batch<CannotAcceptOf, Self::Value> {
        let (conn, ids) = (self.app.db.read(), keys.iter().map(|key| key.0));
        let offers = row::holding::<entity::offer::Entity>(conn, entity::offer::Column::Id, ids).await.map_err(shared)?;
        let reasons = crate::service::offer::cannot_accept(conn, &self.call, offers).await.map_err(shared)?;
        Ok(reasons.into_iter().map(|(id, reasons)| (CannotAcceptOf(id), reasons)).collect())
    }
}

/// Whether a champion is cleared for a kind of place at a session, on its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cleared {
    /// The session.
    pub session: SessionId,
    /// The kind of place.
    pub kind: PlaceKind,
    /// The champion.
    pub champion: ChampionId,
}

impl Loader<Cleared> for Rows {
    type Value = bool;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[Cleared]) -> Batch<Cleared, bool> {
        let conn = self.app.db.read();
        let rows = session::many(conn, keys.iter().map(|k| k.session)).await.map_err(shared)?;
        let sessions: HashMap<SessionId, _> =
            facts::needs(conn, rows).await.map_err(shared)?.into_iter().map(|s| (s.session.id, s)).collect();
        let ids: Vec<ChampionId> = keys.iter().map(|k| k.champion).collect();
        let champions = facts::champions(conn, Which::These(&ids)).await.map_err(shared)?;
        let champions: HashMap<ChampionId, _> = champions.into_iter().map(|c| (c.id, c)).collect();
        let judge = |key: &Cleared| {
            let need = sessions.get(&key.session)?.need(key.kind)?;
            let blockers = blockers(need, champions.get(&key.champion)?);
            Some((*key, !blockers.iter().any(|b| matches!(b, Blocker::Clearance(_)))))
        };
        Ok(keys.iter().filter_map(judge).collect())
    }
}

impl Loader<Wanted> for Rows {
    type Value = Ranked;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[Wanted]) -> Batch<Wanted, Ranked> {
        for_sessions(&self.app, &self.call, keys).await.map_err(shared)
    }
}

/// What a champion could do, and what would unlock more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpportunitiesOf(pub ChampionId);

impl Loader<OpportunitiesOf> for Rows {
    type Value = Opportunities;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[OpportunitiesOf]) -> Batch<OpportunitiesOf, Opportunities> {
        let ids: Vec<ChampionId> = keys.iter().map(|key| key.0).collect();
        let found = opportunities(&self.app, &self.call, &ids).await.map_err(shared)?;
        Ok(found.into_iter().map(|(id, found)| (OpportunitiesOf(id), found)).collect())
    }
}

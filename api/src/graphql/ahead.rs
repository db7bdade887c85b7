//! Reads ahead: where a document goes on from a session's assignments to the champions and their training, both are read with
//! the assignments, in two statements side by side instead of three after one another. What was read ahead is found by whoever
//! asks for it later; what was not is read as always, so that a wrong guess costs a statement and never an answer.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::dataloader::Loader;
use async_graphql::parser::types::{OperationType, SelectionSet};
use async_graphql::{Context, Result};
use entity::assignment;
use rules::id::{ChampionId, SessionId};
use rules::matching::ChampionRecord;
use rules::policy::{Action, Relation};

use super::context::Ctx;
use super::loader::{ConfirmedAt, LanguagesOf, MatchedOf, NameOf, Rows};
use super::quick;
use crate::error::Fault;
use crate::store::brief::{self, Completed, Named};
use crate::store::facts::group;

/// What was read before anybody asked for it, by kind of key.
#[derive(Debug, Default)]
pub struct Ahead {
    any: AtomicBool,
    found: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

impl Ahead {
    fn found(&self) -> MutexGuard<'_, HashMap<TypeId, Box<dyn Any + Send + Sync>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything of a kind that was read ahead.
    pub fn all<K, V>(&self) -> Option<Arc<HashMap<K, V>>>
    where
        K: Send + Sync + Hash + Eq + 'static,
        V: Send + Sync + 'static,
    {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.found().get(&TypeId::of::<K>())?.downcast_ref::<Arc<HashMap<K, V>>>().cloned()
    }

    /// Keeps rows for whoever asks; what is there already stays.
    fn keep<K, V>(&self, rows: impl IntoIterator<Item = (K, V)>)
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        V: Send + Sync + Clone + 'static,
    {
        let mut found = self.found();
        let kind = found.entry(TypeId::of::<K>()).or_insert_with(|| Box::new(Arc::<HashMap<K, V>>::default()));
        if let Some(kept) = kind.downcast_mut::<Arc<HashMap<K, V>>>() {
            let kept = Arc::make_mut(kept);
            rows.into_iter().for_each(|(key, row)| {
                kept.entry(key).or_insert(row);
            });
        }
        self.any.store(true, Ordering::Release);
    }
}

/// The confirmed assignments of a session; their champions' names are read ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PlacedAt(SessionId);

impl Loader<PlacedAt> for Rows {
    type Value = Vec<assignment::Model>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[PlacedAt]) -> Result<HashMap<PlacedAt, Self::Value>, Arc<Fault>> {
        let ids: Vec<SessionId> = keys.iter().map(|key| key.0).collect();
        let rows = brief::placed(self.app.db.read(), &ids).await.map_err(|error| Arc::new(Fault::from(error)))?;
        let (placed, names): (Vec<_>, Vec<_>) = rows.into_iter().map(|row| (row.assignment, row.champion)).unzip();
        self.ahead.keep(names.into_iter().map(|row| (NameOf(row.id), row)));
        Ok(group(placed.into_iter().map(|row| (PlacedAt(row.session_id), row))))
    }
}

/// What a champion has completed, where it was read ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompletedBy(pub ChampionId);

/// Reads ahead the training of whoever is placed at a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TrainingAt(SessionId);

impl Loader<TrainingAt> for Rows {
    type Value = ();
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[TrainingAt]) -> Result<HashMap<TrainingAt, ()>, Arc<Fault>> {
        let ids: Vec<SessionId> = keys.iter().map(|key| key.0).collect();
        let rows = brief::completed_at(self.app.db.read(), &ids).await.map_err(|error| Arc::new(Fault::from(error)))?;
        self.ahead.keep(group(rows.into_iter().map(|row| (CompletedBy(row.champion_id), row))));
        Ok(keys.iter().map(|key| (*key, ())).collect())
    }
}

/// Champions who were matched: what they speak, and when they are free, is known; who they are is read, if nothing else is asked.
pub async fn matched(ctx: &Context<'_>, records: &[&Arc<ChampionRecord>]) -> Result<()> {
    if !is_query(ctx) {
        return Ok(());
    }
    let ahead = ctx.rows().ahead();
    ahead.keep(records.iter().map(|record| (LanguagesOf(record.id), record.languages.clone())));
    ahead.keep(records.iter().map(|record| (MatchedOf(record.id), Arc::clone(record))));
    if quick::within(asked(ctx), "node").is_some_and(quick::knows::<Named>) {
        let names = ctx.rows().many(records.iter().map(|record| NameOf(record.id)).collect()).await?;
        ahead.keep(names.into_iter().map(|row: Named| (NameOf(row.id), row)));
    }
    Ok(())
}

fn asked<'a>(ctx: &Context<'a>) -> &'a SelectionSet {
    &ctx.item.node.selection_set.node
}

/// In a mutation nothing is read ahead: its second field may change what the first has read.
fn is_query(ctx: &Context<'_>) -> bool {
    ctx.query_env.operation.node.ty == OperationType::Query
}

/// The confirmed assignments of a session, with what the document asks of them further on read ahead.
pub async fn placed(ctx: &Context<'_>, session: SessionId) -> Result<Vec<assignment::Model>> {
    let rows = ctx.rows();
    let champion = quick::within(asked(ctx), "champion").filter(|champion| is_query(ctx) && quick::knows::<Named>(champion));
    let Some(champion) = champion else { return rows.list(ConfirmedAt(session)).await };
    if quick::within(champion, "trainingCompletions").is_none() || !ctx.may(Action::TrainingRead, Relation::Other) {
        return rows.list(PlacedAt(session)).await;
    }
    let (placed, _) = futures_util::try_join!(rows.list(PlacedAt(session)), rows.one(TrainingAt(session)))?;
    // Who has no training has no row of it.
    rows.ahead().keep(placed.iter().map(|row| (CompletedBy(row.champion_id), Vec::<Completed>::new())));
    Ok(placed)
}

//! Reads ahead: where a document goes on from a session's assignments to the champions and their training, both are read with
//! the assignments, in two statements side by side instead of three after one another; and where it comes from a page of sessions,
//! in two with the page. What was read ahead is found by whoever
//! asks for it later; what was not is read as always, so that a wrong guess costs a statement and never an answer.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::dataloader::Loader;
use async_graphql::parser::types::{OperationType, SelectionSet};
use async_graphql::{Context, Result};
use entity::{assignment, session};
use rules::id::{ChampionId, GroupId, SessionId};
use rules::policy::{Action, Relation};
use sea_orm::DbErr;

use super::context::Ctx;
use super::listed::Listed;
use super::loader::{ConfirmedAt, MatchedOf, NameOf, Rows};
use super::paging::{Args, read, sliced};
use super::problem::broken;
use super::quick;
use crate::error::Fault;
use crate::service::matching::Person;
use crate::store::brief::{self, Completed, Dated, Named, OnPage};
use crate::store::facts::group;
use crate::store::paging::Page;
use crate::store::session::{BY_START, Filter, select};

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
            let (kept, rows) = (Arc::make_mut(kept), rows.into_iter());
            kept.reserve(rows.size_hint().0);
            rows.for_each(|(key, row)| {
                kept.entry(key).or_insert(row);
            });
        }
        self.any.store(true, Ordering::Release);
    }
}

/// The confirmed assignments of a session; their champions' names are read ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlacedAt(pub SessionId);

impl Loader<PlacedAt> for Rows {
    type Value = Vec<assignment::Model>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[PlacedAt]) -> Result<HashMap<PlacedAt, Self::Value>, Arc<Fault>> {
        let ids: Vec<SessionId> = keys.iter().map(|key| key.0).collect();
        let rows = brief::placed(self.app.db.read(), &ids).await.map_err(|error| Arc::new(Fault::from(error)))?;
        let (placed, names): (Vec<_>, Vec<_>) = rows.into_iter().map(|row| (row.assignment, row.champion)).unzip();
        self.ahead.keep(named(names));
        Ok(group(placed.into_iter().map(|row| (PlacedAt(row.session_id), row))))
    }
}

fn named(names: Vec<Named>) -> impl Iterator<Item = (NameOf, Arc<Named>)> {
    names.into_iter().map(|row| (NameOf(row.id), Arc::new(row)))
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

/// Champions who were matched: who they are, what they speak and when they are free is known.
pub fn matched<'p>(ctx: &Context<'_>, people: impl Iterator<Item = &'p Person> + Clone) {
    if is_query(ctx) {
        let ahead = ctx.rows().ahead();
        ahead.keep(people.clone().map(|(named, _)| (NameOf(named.id), Arc::clone(named))));
        ahead.keep(people.map(|(_, record)| (MatchedOf(record.id), Arc::clone(record))));
    }
}

/// A session with the moment it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsOf(pub SessionId);

/// A session. Where the document goes on to its matches, it is as of the same moment as they are, and read with it: from memory, unless it has changed.
pub async fn session(ctx: &Context<'_>, id: SessionId) -> Result<Option<session::Model>> {
    if !is_query(ctx) || quick::within(asked(ctx), "matches").is_none() || !ctx.may(Action::MatchRead, Relation::Own) {
        return ctx.rows().one(id).await;
    }
    let ids = [id];
    let matching = ctx.rows().aside(ctx.app().db.matching(&ids, ctx.call().today())).await.map_err(broken)?;
    // Another field of the document may look at the champions too: nobody keeps them in between.
    let moment = matching.let_go();
    let found = moment.sessions.get(&id).map(|facts| facts.session.clone());
    ctx.rows().ahead().keep([(AsOf(id), moment)]);
    Ok(found)
}

fn asked<'a>(ctx: &Context<'a>) -> &'a SelectionSet {
    &ctx.item.node.selection_set.node
}

/// In a mutation nothing is read ahead: its second field may change what the first has read.
fn is_query(ctx: &Context<'_>) -> bool {
    ctx.query_env.operation.node.ty == OperationType::Query
}

/// What is asked of champions among the assignments of a session, if it may all be read ahead.
fn of_placed(session: &SelectionSet) -> Option<&SelectionSet> {
    quick::within(quick::within(session, "assignments")?, "champion").filter(|champion| quick::knows::<Named>(champion))
}

/// A page of sessions. Where the document goes on to who is placed, that is read with it, and their training right after: two
/// statements in all.
pub async fn sessions(ctx: &Context<'_>, filter: &Filter, args: Args) -> Result<Page<Listed>> {
    let page = asked(ctx);
    let nodes = quick::within(page, "nodes").or_else(|| quick::within(quick::within(page, "edges")?, "node"));
    let leads = |groups: &Vec<GroupId>| groups.iter().all(|group| ctx.call().caller.leads.contains(group));
    let relation = if filter.groups.as_ref().is_some_and(leads) { Relation::Own } else { Relation::Other };
    let asked = nodes.filter(|_| is_query(ctx) && ctx.may(Action::SessionRotaRead, relation));
    match asked.and_then(|nodes| Some((nodes, of_placed(nodes)?))) {
        Some((nodes, champion)) if quick::knows::<Dated>(nodes) => {
            Ok(with_placed::<Dated>(ctx, filter, args, champion).await?.map(Listed::from))
        }
        Some((_, champion)) => Ok(with_placed::<session::Model>(ctx, filter, args, champion).await?.map(Listed::from)),
        None => Ok(read(ctx, select(filter), BY_START, args).await?.map(Listed::from)),
    }
}

async fn with_placed<S: OnPage>(ctx: &Context<'_>, filter: &Filter, args: Args, champion: &SelectionSet) -> Result<Page<S>> {
    let trained = quick::within(champion, "trainingCompletions").is_some() && ctx.may(Action::TrainingRead, Relation::Other);
    let (slice, conn, ahead) = (sliced(BY_START, args)?, ctx.app().db.read(), ctx.rows().ahead());
    let both = async {
        let (page, placed) = brief::sessions_with_placed::<S>(conn, select(filter), BY_START, &slice).await?;
        if trained {
            let people: BTreeSet<ChampionId> = placed.iter().map(|row| row.champion.id).collect();
            let held = brief::completed_by(conn, people.iter().copied()).await?;
            ahead.keep(group(held.into_iter().map(|row| (CompletedBy(row.champion_id), row))));
            // Who has no training has no row of it.
            ahead.keep(people.into_iter().map(|id| (CompletedBy(id), Vec::<Completed>::new())));
        }
        let (placed, names): (Vec<_>, Vec<_>) = placed.into_iter().map(|row| (row.assignment, row.champion)).unzip();
        ahead.keep(named(names));
        ahead.keep(group(placed.into_iter().map(|row| (PlacedAt(row.session_id), row))));
        ahead.keep(page.rows.iter().map(|row| (PlacedAt(row.id()), Vec::<assignment::Model>::new())));
        Ok::<_, DbErr>(page)
    };
    ctx.rows().aside(both).await.map_err(broken)
}

/// The confirmed assignments of a session, with what the document asks of them further on read ahead.
pub async fn placed(ctx: &Context<'_>, session: SessionId) -> Result<Vec<assignment::Model>> {
    let rows = ctx.rows();
    let champion = quick::within(asked(ctx), "champion").filter(|champion| is_query(ctx) && quick::knows::<Named>(champion));
    let Some(champion) = champion else { return rows.list(ConfirmedAt(session)).await };
    // Where their page has read who is placed, it has read their training too.
    let read = rows.ahead().all::<PlacedAt, Vec<assignment::Model>>().and_then(|all| all.get(&PlacedAt(session)).cloned());
    if let Some(placed) = read {
        return Ok(placed);
    }
    if quick::within(champion, "trainingCompletions").is_none() || !ctx.may(Action::TrainingRead, Relation::Other) {
        return rows.list(PlacedAt(session)).await;
    }
    let (placed, _) = futures_util::try_join!(rows.list(PlacedAt(session)), rows.one(TrainingAt(session)))?;
    // Who has no training has no row of it.
    rows.ahead().keep(placed.iter().map(|row| (CompletedBy(row.champion_id), Vec::<Completed>::new())));
    Ok(placed)
}

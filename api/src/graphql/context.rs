//! What resolvers take from the context.

use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Request, Result};
use rules::policy::{Action, Relation};

use super::loader::Rows;
use super::problem::broken;
use crate::app::{App, Call};
use crate::error::Fault;

/// Short ways to the app, the call and the loader.
pub trait Ctx {
    /// What the service shares.
    fn app(&self) -> &App;
    /// Who asks, and when.
    fn call(&self) -> &Call;
    /// Batches reads of one request; nothing is kept for the next.
    fn rows(&self) -> &Loading;

    /// Whether the caller may.
    fn may(&self, action: Action, relation: Relation) -> bool {
        self.call().may(action, relation)
    }
}

impl Ctx for Context<'_> {
    fn app(&self) -> &App {
        self.data_unchecked::<Arc<App>>()
    }

    fn call(&self) -> &Call {
        self.data_unchecked::<Call>()
    }

    fn rows(&self) -> &Loading {
        self.data_unchecked::<Loading>()
    }
}

/// Gives a request what its resolvers will ask for.
pub fn prepare(request: Request, app: &Arc<App>, call: Call) -> Request {
    let rows = Rows { app: app.clone(), call: call.clone() };
    let loader = DataLoader::new(rows, tokio::spawn).delay(std::time::Duration::ZERO).max_batch_size(500);
    request.data(app.clone()).data(call).data(Loading(loader))
}

/// The loader of one request.
pub struct Loading(DataLoader<Rows>);

impl Loading {
    /// The row of an id, if there is one.
    pub async fn one<K>(&self, id: K) -> Result<Option<<Rows as Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Arc<Fault>>,
    {
        self.0.load_one(id).await.map_err(|fault| broken(anyhow::anyhow!("{fault}")))
    }

    /// The row of an id, if there is an id and a row.
    pub async fn maybe<K>(&self, id: Option<K>) -> Result<Option<<Rows as Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Arc<Fault>>,
    {
        match id {
            Some(id) => self.one(id).await,
            None => Ok(None),
        }
    }

    /// The rows that hang on a key.
    pub async fn list<K, V>(&self, key: K) -> Result<Vec<V>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Value = Vec<V>, Error = Arc<Fault>>,
        Vec<V>: Send + Sync + Clone + 'static,
    {
        Ok(self.one(key).await?.unwrap_or_default())
    }

    /// The rows of several ids, in their order; what is not there is left out.
    pub async fn many<K, V>(&self, ids: Vec<K>) -> Result<Vec<V>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        V: Send + Sync + Clone + 'static,
        Rows: Loader<K, Value = V, Error = Arc<Fault>>,
    {
        let mut found = self.0.load_many(ids.clone()).await.map_err(|fault| broken(anyhow::anyhow!("{fault}")))?;
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }
}

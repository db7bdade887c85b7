//! Batched reads, a level at a time: one statement of a kind for everything the resolvers of a level ask for.
//!
//! Not the library's DataLoader, which reads on another task after a delay: it starts while the level is still being
//! resolved, so that a hundred rows took up to five times the statements of ten. Here [`Loading::drive`] polls the execution
//! itself and sees when it stands still: nobody was woken, and nothing is being read aside. Then everybody who could ask has
//! asked, and the level is read. The number of statements follows from the document, not from rows or timing
//! (docs/decisions/0009). Nothing is kept: what was read is never shown to another request, nor after a write.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::Hash;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_graphql::dataloader::Loader;
use async_graphql::{ObjectType, Request, Response, Result, Schema, SubscriptionType};
use futures_util::future::join_all;
use futures_util::task::AtomicWaker;
use tokio::sync::oneshot;
use tokio::task::coop::unconstrained;

use super::ahead::Ahead;
use super::loader::Rows;
use super::problem::broken;
use crate::error::Fault;

/// The most keys of one statement: both databases take more.
const MOST: usize = 5_000;

type Found<K> = Result<Option<<Rows as Loader<K>>::Value>, Arc<Fault>>;
type Batches = HashMap<TypeId, Box<dyn Batch>>;
type Read<'r> = Pin<Box<dyn Future<Output = ()> + Send + 'r>>;

/// The reads of one request. Whoever asks waits until [`Loading::drive`] has read the level.
#[derive(Debug)]
pub struct Loading {
    rows: Rows,
    /// What is asked for, by kind of key.
    asked: Mutex<Batches>,
    /// Reads that go on beside the batches.
    aside: AtomicUsize,
}

/// Executes a request, and drives the reads that were put into its data.
pub async fn execute<Q, M, S>(schema: &Schema<Q, M, S>, request: Request) -> Response
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let loading = request.data.get(&TypeId::of::<Arc<Loading>>()).and_then(|data| data.downcast_ref::<Arc<Loading>>()).cloned();
    match loading {
        Some(loading) => loading.drive(schema.execute(request)).await,
        None => schema.execute(request).await,
    }
}

impl Loading {
    /// None so far.
    pub fn new(rows: Rows) -> Self {
        Self { rows, asked: Mutex::default(), aside: AtomicUsize::new(0) }
    }

    /// Polls the execution of a request, and reads what its resolvers ask for whenever it stands still.
    pub async fn drive<T>(&self, execution: impl Future<Output = T>) -> T {
        let mut execution = pin!(execution);
        let mut level: Option<Read<'_>> = None;
        let news = Arc::new(News { came: AtomicBool::new(true), driver: AtomicWaker::new() });
        let waker = Waker::from(Arc::clone(&news));
        std::future::poll_fn(move |context| {
            news.driver.register(context.waker());
            loop {
                if news.came.swap(false, Ordering::AcqRel) {
                    match execution.as_mut().poll(&mut Context::from_waker(&waker)) {
                        Poll::Ready(answer) => return Poll::Ready(answer),
                        // It woke itself: somebody in it has more to do, after a turn of the runtime.
                        Poll::Pending if news.came.load(Ordering::Acquire) => return Poll::Pending,
                        Poll::Pending => {}
                    }
                }
                if level.is_none() {
                    level = self.level();
                }
                match level.as_mut().map(|read| read.as_mut().poll(context)) {
                    Some(Poll::Ready(())) => level = None,
                    Some(Poll::Pending) if !news.came.load(Ordering::Acquire) => return Poll::Pending,
                    Some(Poll::Pending) => {}
                    None => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// Reads something that is not batched, such as a page: the next level waits for it.
    pub async fn aside<T>(&self, read: impl Future<Output = T>) -> T {
        let _going_on = GoingOn::new(&self.aside);
        read.await
    }

    /// What was read ahead.
    pub fn ahead(&self) -> &Ahead {
        &self.rows.ahead
    }

    /// The row of an id, if there is one.
    pub async fn one<K>(&self, id: K) -> Result<Option<<Rows as Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Arc<Fault>>,
    {
        if let Some(row) = self.rows.ahead.all::<K, <Rows as Loader<K>>::Value>().and_then(|rows| rows.get(&id).cloned()) {
            return Ok(Some(row));
        }
        // Outside the runtime's budget: when that is spent, the wake comes late, and the level would be split.
        match unconstrained(self.ask(id)).await {
            Ok(found) => found.map_err(|fault| broken(anyhow::anyhow!("{fault}"))),
            Err(_) => Err(broken(anyhow::anyhow!("a read was dropped"))),
        }
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
        let found = futures_util::future::try_join_all(ids.into_iter().map(|id| self.one(id))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    fn asked(&self) -> MutexGuard<'_, Batches> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<K>(&self, id: K) -> oneshot::Receiver<Found<K>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Arc<Fault>>,
    {
        let (tell, told) = oneshot::channel();
        let mut asked = self.asked();
        let batch = asked.entry(TypeId::of::<K>()).or_insert_with(|| Box::new(Asked::<K>(HashMap::new())));
        if let Some(Asked(keys)) = batch.as_any().downcast_mut::<Asked<K>>() {
            keys.entry(id).or_default().push(tell);
        }
        told
    }

    /// The read of everything that is asked for, unless something aside may lead to more.
    fn level(&self) -> Option<Read<'_>> {
        if self.aside.load(Ordering::Acquire) > 0 {
            return None;
        }
        let batches = std::mem::take(&mut *self.asked());
        if batches.is_empty() {
            return None;
        }
        Some(Box::pin(async move {
            join_all(batches.into_values().map(|batch| batch.read(&self.rows))).await;
        }))
    }
}

/// Whether anybody in the execution was woken since it was last polled.
struct News {
    came: AtomicBool,
    driver: AtomicWaker,
}

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.came.store(true, Ordering::Release);
        self.driver.wake();
    }
}

/// A read aside; over when it is dropped, however that comes.
struct GoingOn<'c>(&'c AtomicUsize);

impl<'c> GoingOn<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for GoingOn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is asked for of one kind, whichever it is.
trait Batch: Send {
    fn as_any(&mut self) -> &mut dyn Any;
    fn read(self: Box<Self>, rows: &Rows) -> Read<'_>;
}

impl std::fmt::Debug for dyn Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batch")
    }
}

/// The keys of one kind, and who waits for each.
struct Asked<K>(HashMap<K, Vec<oneshot::Sender<Found<K>>>>)
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = Arc<Fault>>;

impl<K> Batch for Asked<K>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = Arc<Fault>>,
{
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn read(mut self: Box<Self>, rows: &Rows) -> Read<'_> {
        Box::pin(async move {
            let keys: Vec<K> = self.0.keys().cloned().collect();
            for keys in keys.chunks(MOST) {
                let found = rows.load(keys).await;
                for key in keys {
                    let row = found.as_ref().map(|rows| rows.get(key).cloned()).map_err(Arc::clone);
                    for tell in self.0.remove(key).unwrap_or_default() {
                        // Nobody listens any more where an error elsewhere ended the answer.
                        let _ = tell.send(row.clone());
                    }
                }
            }
        })
    }
}

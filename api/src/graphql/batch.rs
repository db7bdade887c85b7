//! Batched reads, a level at a time: one statement of a kind for everything the resolvers of a level ask for.
//!
//! Not the library's DataLoader, which reads on another task after a delay: it starts while the level is still being
//! resolved, so that a hundred rows took up to five times the statements of ten. Here whoever asks waits until turns of the
//! task have passed in which nobody asked and nothing was being read; then one of them reads for all. The number of
//! statements follows from the document alone. Nothing is kept: what was read is never shown to another request, nor after
//! a write.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::Hash;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_graphql::Result;
use async_graphql::dataloader::Loader;
use tokio::sync::{Notify, oneshot};
use tokio::task::coop::unconstrained;

use super::loader::Rows;
use super::problem::broken;
use crate::error::Fault;

/// The most keys of one statement: both databases take more.
const MOST: usize = 5_000;

/// How many turns nobody asks before a level is read. One would do if a turn always went through the whole answer; long lists
/// are gone through in several.
const QUIET_TURNS: usize = 24;

type Found<K> = Result<Option<<Rows as Loader<K>>::Value>, Arc<Fault>>;

/// The reads of one request.
#[derive(Debug)]
pub struct Loading {
    rows: Rows,
    state: Mutex<State>,
    finished: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What is asked for, by kind of key.
    asked: HashMap<TypeId, Box<dyn Batch>>,
    /// The level `asked` belongs to.
    level: u64,
    /// How often anybody asked.
    asks: u64,
    /// Whether a level is being read.
    reading: bool,
}

impl Loading {
    /// None so far.
    pub fn new(rows: Rows) -> Self {
        Self { rows, state: Mutex::default(), finished: Notify::new() }
    }

    /// The row of an id, if there is one.
    pub async fn one<K>(&self, id: K) -> Result<Option<<Rows as Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Arc<Fault>>,
    {
        loop {
            let (level, told) = self.ask(id.clone());
            self.reach(level).await;
            // Whoever was reading may have been dropped by an error elsewhere in the answer: then it is asked again. Outside
            // the runtime's budget of 128 turns, which would split the next level.
            if let Ok(found) = unconstrained(told).await {
                return found.map_err(|fault| broken(anyhow::anyhow!("{fault}")));
            }
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<K>(&self, id: K) -> (u64, oneshot::Receiver<Found<K>>)
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Arc<Fault>>,
    {
        let (tell, told) = oneshot::channel();
        let mut state = self.state();
        state.asks += 1;
        let batch = state.asked.entry(TypeId::of::<K>()).or_insert_with(|| Box::new(Asked::<K>(HashMap::new())));
        if let Some(Asked(keys)) = batch.as_any().downcast_mut::<Asked<K>>() {
            keys.entry(id).or_default().push(tell);
        }
        (state.level, told)
    }

    /// Waits until a level has been read, and reads it if nobody else does.
    async fn reach(&self, level: u64) {
        loop {
            let (asks, reading) = {
                let state = self.state();
                if state.level != level {
                    return;
                }
                (state.asks, state.reading)
            };
            if reading {
                self.finished.notified().await;
                continue;
            }
            for _ in 0..QUIET_TURNS {
                step_aside().await;
            }
            let batches = {
                let mut state = self.state();
                if state.level != level || state.reading || state.asks != asks {
                    continue;
                }
                state.level += 1;
                state.reading = true;
                std::mem::take(&mut state.asked)
            };
            let _reading = Reading(self);
            futures_util::future::join_all(batches.into_values().map(|batch| batch.read(&self.rows))).await;
            return;
        }
    }
}

/// A level being read; over when it is dropped, however that comes.
struct Reading<'l>(&'l Loading);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.state().reading = false;
        self.0.finished.notify_waiters();
    }
}

type Reads<'r> = Pin<Box<dyn Future<Output = ()> + Send + 'r>>;

/// What is asked for of one kind, whichever it is.
trait Batch: Send {
    fn as_any(&mut self) -> &mut dyn Any;
    fn read(self: Box<Self>, rows: &Rows) -> Reads<'_>;
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

    fn read(mut self: Box<Self>, rows: &Rows) -> Reads<'_> {
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

/// Whether the task had its next turn.
struct Turn {
    came: AtomicBool,
    waiting: Waker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.came.store(true, Ordering::Release);
        self.waiting.wake_by_ref();
    }
}

/// Waits for the task's next turn. The runtime's `yield_now` alone ends when it is polled again, and the fields of one object
/// are polled again whenever one of them has news: within the same turn, before the siblings have asked.
async fn step_aside() {
    let mut turn: Option<Arc<Turn>> = None;
    std::future::poll_fn(|context| match &turn {
        Some(turn) if turn.came.load(Ordering::Acquire) => Poll::Ready(()),
        Some(_) => Poll::Pending,
        None => {
            let next = turn.insert(Arc::new(Turn { came: AtomicBool::new(false), waiting: context.waker().clone() }));
            let waker = Waker::from(Arc::clone(next));
            pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker))
        }
    })
    .await;
}

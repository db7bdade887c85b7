//! Work on threads of its own: what is done once and needs much more room than what it leaves, so that the room goes back to the system
//! with the thread, and is not left scattered over those that serve; and what takes long, which ends when nobody waits for it any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinError;

use crate::error::Fault;

/// Does such work. It goes on if nobody waits for it any more.
pub async fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await
}

type Work = Box<dyn FnOnce() + Send>;

/// A thread for all that changes what is kept for long: only the thread that took room for something uses it again soon once it is free
/// (docs/decisions/0037). It starts with the first piece of work and ends with the last copy of this.
#[derive(Clone, Debug, Default)]
pub struct OneThread(Arc<OnceLock<Sender<Work>>>);

impl OneThread {
    /// Does a piece of work after those that came before. It is a fault if it panics; the next is done as if nothing had been.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let (tell, told) = oneshot::channel();
        let work: Work = Box::new(move || drop(tell.send(work())));
        let sender = self.0.get_or_init(|| {
            let (sender, all) = channel::<Work>();
            thread::spawn(move || all.into_iter().for_each(|work| drop(catch_unwind(AssertUnwindSafe(work)))));
            sender
        });
        // Whoever can't be told has dropped `told`, and a thread that takes nothing more has dropped `tell`.
        let _ = sender.send(work);
        told.await.map_err(|_| Fault::Other(anyhow::anyhow!("work on the one thread for it ended without an outcome")))
    }
}

/// Tells work on another thread to stop when nobody waits for it any more: the request was given up, or the service ends.
#[derive(Debug, Default)]
pub struct StopOnDrop(Arc<AtomicBool>);

impl StopOnDrop {
    /// What the work looks at: true once it is to stop.
    pub fn told(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }

    /// Tells it to stop now.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_ends_when_nobody_waits_for_it() {
        let (ended, mut heard) = tokio::sync::oneshot::channel();
        let waiting = tokio::spawn(async {
            let stop = StopOnDrop::default();
            let told = stop.told();
            let work = tokio::task::spawn_blocking(move || {
                while !told.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                ended.send(())
            });
            work.await
        });
        tokio::task::yield_now().await;
        assert!(heard.try_recv().is_err(), "it goes on while somebody waits");
        waiting.abort();
        heard.await.expect("it ended");
    }

    #[tokio::test]
    async fn all_work_for_one_thread_is_done_on_it_whatever_became_of_the_work_before() {
        let keeper = OneThread::default();
        let first = keeper.run(|| thread::current().id()).await.expect("an outcome");
        let lost: Result<(), Fault> = keeper.run(|| panic!("a broken piece of work, meant by this test")).await;
        let copy = keeper.clone();
        let next = tokio::spawn(async move { copy.run(|| thread::current().id()).await }).await.expect("a task").expect("an outcome");
        assert!(lost.is_err() && next == first && first != thread::current().id());
    }
}

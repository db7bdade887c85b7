//! Work on threads of its own: what is done once and needs much more room than what it leaves, so that the room goes back to the system
//! with the thread, and is not left scattered over those that serve; and what takes long, which ends when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use tokio::task::JoinError;

/// Does such work. It goes on if nobody waits for it any more.
pub async fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await
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
}

//! Work that is done once and needs much more room than what it leaves: on a thread of its own, so that the room goes back to the
//! system with the thread, and is not left scattered over those that serve.

use tokio::runtime::Handle;
use tokio::task::JoinError;

/// Does such work. It goes on if nobody waits for it any more.
pub async fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work)).await
}

//! How many sockets are open: in all, from one address, and by one caller. A socket gives its places back when it ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rules::id::{AccountId, ClientId};
use tokio::sync::watch;

/// Whom a place is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum For {
    Everybody,
    Address(String),
    Account(AccountId),
    Client(ClientId),
}

/// The places of one server.
#[derive(Clone, Debug)]
pub struct Places(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    taken: Mutex<HashMap<For, usize>>,
    open: watch::Sender<usize>,
}

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Counts { taken: Mutex::default(), open: watch::channel(0).0 }))
    }
}

impl Places {
    /// A place, unless `most` are taken.
    pub fn take(&self, whose: For, most: usize) -> Option<Place> {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(whose.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        if whose == For::Everybody {
            self.0.open.send_replace(*count);
        }
        Some(Place { whose, of: self.clone() })
    }

    /// Waits until nobody has a place.
    pub async fn empty(&self) {
        // The sender lives as long as we do.
        let _ = self.0.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

/// A place taken.
#[derive(Debug)]
pub struct Place {
    whose: For,
    of: Places,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.of.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.whose).map_or(0, |count| count.saturating_sub(1));
        match left {
            0 => taken.remove(&self.whose),
            left => taken.insert(self.whose.clone(), left),
        };
        if self.whose == For::Everybody {
            self.of.0.open.send_replace(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_bounded_and_given_back() {
        let places = Places::default();
        let (a, b) = (places.take(For::Everybody, 2), places.take(For::Everybody, 2));
        assert!(a.is_some() && b.is_some() && places.take(For::Everybody, 2).is_none());
        drop(a);
        let c = places.take(For::Everybody, 2);
        assert!(c.is_some());
        drop((b, c));
        places.empty().await;
    }
}

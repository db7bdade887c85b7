//! Who asked a moment ago. A page sends several requests at once: its caller is found again without checking the signature and asking
//! the database each time, for a quarter of a second at most and never past a write of this replica. So what ends a token ends it
//! here at once, and on the other replicas within the second that is promised.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rules::policy::Caller;

use crate::store::Db;

/// The most callers that are remembered: beyond, none are.
const MOST: usize = 10_000;

#[derive(Clone, Debug)]
struct Found {
    caller: Caller,
    until: Instant,
    /// Writes of this replica when the caller was looked for.
    commits: u64,
}

/// Callers by what they sent.
#[derive(Debug, Default)]
pub struct Recent(Mutex<HashMap<String, Found>>);

/// A look at the database that is about to be taken: whatever is written from here on makes what it finds old.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    at: Instant,
    commits: u64,
}

impl Look {
    /// Takes it now.
    pub fn now(db: &Db) -> Self {
        Self { at: Instant::now(), commits: db.commits() }
    }
}

impl Recent {
    /// The caller who sent this, if they were found a moment ago.
    pub fn find(&self, sent: &str, look: Look) -> Option<Caller> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(sent).filter(|found| found.until > look.at && found.commits == look.commits).map(|found| found.caller.clone())
    }

    /// Remembers what a look has found.
    pub fn keep(&self, sent: &str, caller: &Caller, look: Look, kept: Duration) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= MOST {
            found.retain(|_, found| found.until > look.at);
        }
        if found.len() >= MOST {
            found.clear();
        }
        found.insert(sent.to_owned(), Found { caller: caller.clone(), until: look.at + kept, commits: look.commits });
    }
}

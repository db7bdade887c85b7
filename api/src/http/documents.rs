//! Documents that are known by their hash: those that clients have sent before (automatic persisted queries), and those that a
//! client has registered and is held to. Those that come again and again are parsed once.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::Value;
use async_graphql::parser::types::ExecutableDocument;
use aws_lc_rs::digest;
use lru::LruCache;
use rules::id::ClientId;
use sea_orm::DbErr;
use tokio::time::Instant;

use super::graphql::{Params, Rejection};
use crate::graphql::code::Code;
use crate::store::{self, Db};

/// Documents that are remembered, the longest of them, and for how long registered ones are believed.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_000).expect("more than none");
const LENGTH: usize = 16 * 1024;
const BELIEVED: Duration = Duration::from_secs(5);
/// Bytes in the texts of all documents that are kept parsed, and in one: the tree of a field takes some two hundred.
const PARSED: usize = 64 * 1024;
const PARSED_ONE: usize = 4 * 1024;

/// The documents of one server.
#[derive(Debug)]
pub struct Documents {
    sent: Mutex<LruCache<String, Arc<str>>>,
    parsed: Mutex<Parsed>,
    registered: tokio::sync::Mutex<Option<(Instant, Arc<Registered>)>>,
}

/// Documents by their text, and how long the texts are together.
#[derive(Debug)]
struct Parsed {
    by_text: LruCache<Box<str>, Arc<ExecutableDocument>>,
    length: usize,
}

impl Parsed {
    fn keep(&mut self, text: &str, document: Arc<ExecutableDocument>) {
        if text.len() > PARSED_ONE || self.by_text.contains(text) {
            return;
        }
        self.by_text.put(text.into(), document);
        self.length += text.len();
        while self.length > PARSED {
            let Some((oldest, _)) = self.by_text.pop_lru() else { return };
            self.length -= oldest.len();
        }
    }
}

/// What clients have registered.
#[derive(Debug, Default)]
struct Registered {
    texts: HashMap<String, Arc<str>>,
    by_client: HashMap<ClientId, HashSet<String>>,
}

impl Default for Documents {
    fn default() -> Self {
        let parsed = Mutex::new(Parsed { by_text: LruCache::unbounded(), length: 0 });
        Self { sent: Mutex::new(LruCache::new(REMEMBERED)), parsed, registered: tokio::sync::Mutex::default() }
    }
}

/// SHA-256 in hexadecimal, as clients write it.
pub fn hash(text: &str) -> String {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Documents {
    /// Puts the text in the place of its hash; if both were sent, they have to belong together.
    pub(super) async fn recall(&self, db: &Db, params: &mut Params) -> Result<(), Rejection> {
        let Some(named) = &params.persisted else { return Ok(()) };
        if params.query.is_empty() {
            let found = self.find(db, named).await.map_err(|_| Rejection::unavailable())?;
            params.query = found.ok_or_else(unknown)?.to_string();
        } else if hash(&params.query) != *named {
            return Err(Rejection::graphql(Code::BadUserInput, "The document sent has another SHA-256 than the one it is named by."));
        }
        Ok(())
    }

    async fn find(&self, db: &Db, hash: &str) -> Result<Option<Arc<str>>, DbErr> {
        if let Some(text) = self.sent.lock().unwrap_or_else(PoisonError::into_inner).get(hash) {
            return Ok(Some(text.clone()));
        }
        Ok(self.registered(db).await?.texts.get(hash).cloned())
    }

    /// A document that has passed the guard lately.
    pub(super) fn parsed(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner).by_text.get(text).cloned()
    }

    /// Remembers a document that has passed the guard, by its text and, if its client named it, by its hash; those used least lately
    /// are forgotten for it.
    pub(super) fn remember(&self, params: &Params, document: Arc<ExecutableDocument>) {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner).keep(&params.query, document);
        if let Some(hash) = params.persisted.as_ref().filter(|_| params.query.len() <= LENGTH) {
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).put(hash.clone(), params.query.as_str().into());
        }
    }

    /// Whether a client may run a document: one that has registered any runs those alone.
    pub async fn allows(&self, db: &Db, client: ClientId, text: &str) -> Result<bool, DbErr> {
        let registered = self.registered(db).await?;
        Ok(registered.by_client.get(&client).is_none_or(|hashes| hashes.contains(&hash(text))))
    }

    async fn registered(&self, db: &Db) -> Result<Arc<Registered>, DbErr> {
        let mut kept = self.registered.lock().await;
        if let Some((_, registered)) = kept.as_ref().filter(|(at, _)| at.elapsed() < BELIEVED) {
            return Ok(registered.clone());
        }
        let mut fresh = Registered::default();
        for row in store::account::client_documents(db.read()).await? {
            fresh.by_client.entry(row.client_id).or_default().insert(row.hash.clone());
            fresh.texts.insert(row.hash, row.document.into());
        }
        let fresh = Arc::new(fresh);
        *kept = Some((Instant::now(), fresh.clone()));
        Ok(fresh)
    }
}

/// A client of automatic persisted queries sends a hash first, and the text as well once it has heard this.
pub(super) fn unknown() -> Rejection {
    Rejection::graphql(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
}

/// The hash that a request names in `extensions.persistedQuery`.
pub(super) fn named(extensions: &Value) -> Result<Option<String>, Rejection> {
    let wrong =
        || Rejection::graphql(Code::BadUserInput, "\"extensions.persistedQuery\" holds version 1 and sha256Hash, 64 hexadecimal digits.");
    let Value::Object(entries) = extensions else { return Ok(None) };
    let Some(persisted) = entries.get("persistedQuery") else { return Ok(None) };
    let Value::Object(fields) = persisted else { return Err(wrong()) };
    let one = fields.get("version").is_some_and(|version| matches!(version, Value::Number(n) if n.as_u64() == Some(1)));
    match fields.get("sha256Hash") {
        Some(Value::String(hash)) if one && hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(Some(hash.to_ascii_lowercase()))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::document::{Limits, read};

    #[test]
    fn what_is_kept_parsed_is_bounded_and_the_oldest_goes_first() {
        let mut parsed = Parsed { by_text: LruCache::unbounded(), length: 0 };
        let mut keep = |text: &str| parsed.keep(text, Arc::new(read(text, &Limits::default()).expect("a document")));
        let long = |index: usize| format!("{{ a{index} }} # {}", "x".repeat(2_000));
        for index in 0..100 {
            keep(&long(index));
            keep(&long(index));
        }
        keep(&format!("{{ a }} # {}", "x".repeat(PARSED_ONE)));
        assert!(parsed.length <= PARSED && parsed.length > PARSED - 2_100, "{}", parsed.length);
        assert_eq!(parsed.by_text.iter().map(|(text, _)| text.len()).sum::<usize>(), parsed.length);
        assert!(parsed.by_text.contains(long(99).as_str()) && !parsed.by_text.contains(long(0).as_str()));
        assert!(parsed.by_text.iter().all(|(text, _)| text.len() <= PARSED_ONE));
    }
}

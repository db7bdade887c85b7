//! Documents that are known by their hash: those that clients have sent before (automatic persisted queries), and those that a
//! client has registered and is held to.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::Value;
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

/// The documents of one server.
#[derive(Debug)]
pub struct Documents {
    sent: Mutex<LruCache<String, Arc<str>>>,
    registered: tokio::sync::Mutex<Option<(Instant, Arc<Registered>)>>,
}

/// What clients have registered.
#[derive(Debug, Default)]
struct Registered {
    texts: HashMap<String, Arc<str>>,
    by_client: HashMap<ClientId, HashSet<String>>,
}

impl Default for Documents {
    fn default() -> Self {
        Self { sent: Mutex::new(LruCache::new(REMEMBERED)), registered: tokio::sync::Mutex::default() }
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

    /// Remembers a document that has passed the guard, if its client named it; the one used least lately is forgotten for it.
    pub(super) fn remember(&self, params: &Params) {
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

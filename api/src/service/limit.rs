//! How often somebody may try: buckets of `rules::limit`, shared by every replica.

use chrono::{DateTime, Utc};
use rules::limit::{Limit, Wait};

use crate::app::App;
use crate::error::Fault;
use crate::store;

/// The key of a bucket: its kind, and a keyed fingerprint of whose it is, so that a dump shows no address.
pub fn key(app: &App, kind: &str, whose: &str) -> String {
    format!("{kind}:{}", app.keys.fingerprint(format!("{kind}\n{whose}").as_bytes()))
}

/// Takes `cost` out of a bucket again: what was counted was no fault.
pub async fn give_back(app: &App, key: &str, limit: Limit, cost: i64) -> Result<(), Fault> {
    Ok(store::limit::give_back(app.db.single(), key, limit, cost).await?)
}

/// Fills a bucket by `cost`: what is left in it, or how long to wait. A refusal fills nothing.
pub async fn take(app: &App, key: &str, limit: Limit, cost: i64, now: DateTime<Utc>) -> Result<Result<i64, Wait>, Fault> {
    Ok(store::limit::take(app.db.single(), key, limit, cost, now).await?)
}

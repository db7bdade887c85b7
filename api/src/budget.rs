//! What callers may ask for in a time: points of cost, out of a bucket that every replica shares.
//!
//! A statement for each request would cost more than most requests do. So a replica takes a share out of the shared bucket and
//! spends that by itself; what it has not spent a minute later is lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use rules::limit::{Limit, Wait};
use rules::policy::Caller;

use crate::app::App;
use crate::error::Fault;
use crate::service::limit;

/// The points that are counted as one: a bucket drains at most one unit a millisecond.
const UNIT: u64 = 10;
/// A replica takes this part of a bucket at once.
const SHARE: i64 = 50;
/// How long it may spend that.
const KEPT: TimeDelta = TimeDelta::minutes(1);
/// The most shares that are held: beyond, all are let go.
const MOST_SHARES: usize = 10_000;

/// The buckets, in units.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Of an account, and of a client.
    pub credential: Limit,
    /// Of an address, for those without either.
    pub stranger: Limit,
}

impl Rates {
    /// For an account or client so many points a second, and a minute's worth at once; for an address a tenth of that.
    pub fn points_a_second(points: u32) -> Option<Self> {
        let each_ms = |part: i64| (1_000 * UNIT.cast_signed() * part).checked_div(i64::from(points)).filter(|ms| *ms > 0);
        let minute = |each_ms: i64| Limit { most: 60_000 / each_ms, each_ms };
        Some(Self { credential: minute(each_ms(1)?), stranger: minute(each_ms(10)?) })
    }
}

/// What a caller has, after this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Points this request cost.
    pub cost: u64,
    /// Points that fit at once.
    pub limit: u64,
    /// Points that are left.
    pub remaining: u64,
    /// When all would be back.
    pub resets_at: DateTime<Utc>,
}

/// Not now.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// As things stand.
    pub budget: Budget,
    /// Seconds until what was asked for fits.
    pub wait: i64,
}

#[derive(Debug)]
struct Share {
    units: i64,
    /// What was left in the bucket when it was taken.
    left: i64,
    until: DateTime<Utc>,
}

/// The shares this replica holds.
#[derive(Debug, Default)]
pub struct Budgets(Mutex<HashMap<String, Share>>);

impl Budgets {
    /// Takes what a request costs out of its caller's bucket; `address` is for those who are nobody.
    pub async fn charge(
        &self,
        app: &App,
        rates: Rates,
        caller: &Caller,
        address: &str,
        cost: u64,
        now: DateTime<Utc>,
    ) -> Result<Result<Budget, Spent>, Fault> {
        let (kind, whose, bucket) = match (caller.account, caller.client) {
            (Some(account), _) => ("cost-account", account.0.to_string(), rates.credential),
            (None, Some((client, _))) => ("cost-client", client.0.to_string(), rates.credential),
            (None, None) => ("cost-address", address.to_owned(), rates.stranger),
        };
        let key = limit::key(app, kind, &whose);
        let units = i64::try_from(cost.div_ceil(UNIT)).unwrap_or(i64::MAX).clamp(1, bucket.most);
        let budget = |left: i64| state(bucket, cost, left, now);
        if let Some(left) = self.spend(&key, units, now) {
            return Ok(Ok(budget(left)));
        }
        for asked in [(bucket.most / SHARE).max(units), units] {
            match limit::take(app, &key, bucket, asked, now).await? {
                Ok(left) => {
                    self.hold(key, Share { units: asked - units, left, until: now + KEPT }, now);
                    return Ok(Ok(budget(left + asked - units)));
                }
                Err(Wait { .. }) if asked > units => {}
                Err(wait) => return Ok(Err(Spent { budget: budget(0), wait: wait.seconds() })),
            }
        }
        Ok(Ok(budget(0)))
    }

    /// Out of the share in hand, if there is enough of it; answers what is left.
    fn spend(&self, key: &str, units: i64, now: DateTime<Utc>) -> Option<i64> {
        let mut shares = self.shares();
        let share = shares.get_mut(key).filter(|share| share.units >= units && share.until > now)?;
        share.units -= units;
        Some(share.left + share.units)
    }

    fn hold(&self, key: String, share: Share, now: DateTime<Utc>) {
        let mut shares = self.shares();
        if shares.len() >= MOST_SHARES {
            shares.retain(|_, share| share.until > now && share.units > 0);
        }
        if shares.len() >= MOST_SHARES {
            shares.clear();
        }
        shares.insert(key, share);
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<String, Share>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn state(bucket: Limit, cost: u64, left: i64, now: DateTime<Utc>) -> Budget {
    let points = |units: i64| units.unsigned_abs().saturating_mul(UNIT);
    let left = left.clamp(0, bucket.most);
    let resets_at = now + TimeDelta::milliseconds((bucket.most - left) * bucket.each_ms);
    Budget { cost, limit: points(bucket.most), remaining: points(left), resets_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_points_a_second_and_a_minute_at_once() {
        let rates = Rates::points_a_second(5_000).expect("rates");
        assert_eq!((rates.credential.most, rates.credential.each_ms), (30_000, 2));
        assert_eq!((rates.stranger.most, rates.stranger.each_ms), (3_000, 20));
        assert!(Rates::points_a_second(0).is_none(), "none at all");
        let now = DateTime::UNIX_EPOCH;
        let full = state(rates.credential, 7, 30_000, now);
        assert_eq!((full.limit, full.remaining, full.resets_at), (300_000, 300_000, now));
        assert_eq!(state(rates.credential, 7, 0, now).resets_at, now + TimeDelta::minutes(1));
    }
}

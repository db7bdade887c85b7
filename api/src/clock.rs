//! Time and randomness come from here and nowhere else, so that a test can hold both.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// The zone the alliance lives in, unless a session or window names another.
pub use rules::calendar::HOME_ZONE;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// Held by a test, in microseconds since the epoch.
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn held(at: DateTime<Utc>) -> Self {
        Self::Held(Arc::new(AtomicI64::new(at.timestamp_micros())))
    }

    /// Moves a held clock; the machine's can't be moved.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Self::Held(micros) = self {
            micros.store(at.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// Now, in whole microseconds: what both databases keep.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now().trunc_subsecs(6),
            Self::Held(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default(),
        }
    }
}

/// The local date of an instant in the alliance's zone.
pub fn local_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&HOME_ZONE).date_naive()
}

/// A new id (UUID v7) born at `at`; ids of one instant differ by 74 random bits.
pub fn new_id<T: From<Uuid>>(at: DateTime<Utc>) -> T {
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos())).into()
}

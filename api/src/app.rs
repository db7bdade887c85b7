//! What the whole service shares, and what belongs to one call.

use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, Utc};
use rules::policy::{Action, Caller, Relation, decide};

use crate::auth::Passwords;
use crate::clock::{Clock, local_date};
use crate::config::Policy;
use crate::error::Refusal;
use crate::keys::Keys;
use crate::news::Newsroom;
use crate::postcodes::Postcodes;
use crate::provider::Provider;
use crate::sealing::Sealing;
use crate::store::Db;
use crate::update_service::UpdateService;

/// What the whole service shares.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Keys that never reach the database.
    pub keys: Keys,
    /// Password hashing, off the async threads.
    pub passwords: Passwords,
    /// Where postcodes are.
    pub postcodes: Postcodes,
    /// Seals certificate numbers.
    pub sealing: Sealing,
    /// The DBS Update Service, where an operator has named it.
    pub update_service: OnceLock<UpdateService>,
    /// The identity provider people may sign in through, where an operator has named one.
    pub provider: OnceLock<Provider>,
    /// Periods the alliance sets.
    pub policy: Policy,
    /// What has just changed, for those who follow.
    pub news: Newsroom,
    /// Whether this is the demo: explorer page and mail sink on.
    pub demo: bool,
}

/// One call: who asks, when, and the id it is logged under.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who asks.
    pub caller: Caller,
    /// When: one instant for everything the call judges and writes.
    pub now: DateTime<Utc>,
    /// Goes into errors, logs and audit rows.
    pub request_id: String,
}

impl Call {
    /// Nobody asks: the time has come for a job. It decides by its rule alone, since no policy grants it anything.
    pub fn by_the_clock(job: &str, now: DateTime<Utc>) -> Self {
        Self { caller: Caller::default(), now, request_id: format!("job:{job}") }
    }

    /// The local date of the call.
    pub fn today(&self) -> NaiveDate {
        local_date(self.now)
    }

    /// Whether the caller may do `action` to something it stands in `relation` to.
    pub fn may(&self, action: Action, relation: Relation) -> bool {
        decide(&self.caller, action, relation)
    }

    /// The caller may, or is told whether signing in would help.
    pub fn require<R>(&self, action: Action, relation: Relation) -> Result<(), Refusal<R>> {
        if self.may(action, relation) {
            return Ok(());
        }
        let nobody = self.caller.account.is_none() && self.caller.client.is_none();
        Err(if nobody { Refusal::Unauthenticated } else { Refusal::Forbidden })
    }
}

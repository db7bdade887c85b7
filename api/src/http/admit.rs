//! What stands between a caller and an operation that has passed the guard: the documents they are held to, and their budget.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use rules::policy::Caller;

use super::Site;
use super::graphql::Rejection;
use crate::budget::Budget;
use crate::graphql::code::Code;

impl Site {
    /// Admits an operation of this text and cost, and says what is left; nothing where nothing is counted.
    pub(super) async fn admit(
        &self,
        caller: &Caller,
        address: &str,
        text: &str,
        cost: u64,
        now: DateTime<Utc>,
    ) -> Result<Option<Budget>, Rejection> {
        if let Some((client, _)) = caller.client
            && !self.documents.allows(&self.app.db, client, text).await.map_err(|_| Rejection::unavailable())?
        {
            let message = "This client runs the documents it has registered, and this is none of them.";
            return Err(Rejection::http(StatusCode::FORBIDDEN, Code::Forbidden, message));
        }
        let Some(rates) = self.settings.rates else { return Ok(None) };
        let charged = self.budgets.charge(&self.app, rates, caller, address, cost, now).await;
        charged.map_err(|_| Rejection::unavailable())?.map(Some).map_err(|spent| {
            let message = format!("This operation costs {cost} points, more than are left: send it again in {} seconds.", spent.wait);
            let rejection =
                Rejection::http(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message).with_header(header::RETRY_AFTER, spent.wait);
            headers(spent.budget, now).into_iter().fold(rejection, |rejection, (name, value)| rejection.with_header(name, value))
        })
    }
}

/// The budget as draft-ietf-httpapi-ratelimit-headers has it: how much fits in which time, what is left, and seconds until all is back.
pub(super) fn headers(budget: Budget, now: DateTime<Utc>) -> Vec<(HeaderName, HeaderValue)> {
    let seconds = (budget.resets_at - now).num_milliseconds().max(0).unsigned_abs().div_ceil(1000);
    [
        ("ratelimit-policy", format!("\"cost\";q={};w=60", budget.limit)),
        ("ratelimit", format!("\"cost\";r={};t={seconds}", budget.remaining)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?)))
    .collect()
}

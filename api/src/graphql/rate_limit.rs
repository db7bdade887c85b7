//! What the caller has left.

use async_graphql::{Context, Object, SimpleObject};

use super::scalar::DateTime;
use crate::budget::Budget;

/// Points of the viewer: every operation costs what its fields and rows are worth, and points come back with time.
#[derive(SimpleObject, Debug)]
pub struct RateLimit {
    /// Points this operation cost.
    cost: u64,
    /// Points that may be spent at once.
    limit: u64,
    /// Points that are left.
    remaining: u64,
    /// When all of them would be back.
    resets_at: DateTime,
}

impl From<Budget> for RateLimit {
    fn from(budget: Budget) -> Self {
        Self { cost: budget.cost, limit: budget.limit, remaining: budget.remaining, resets_at: DateTime(budget.resets_at) }
    }
}

/// Queries.
#[derive(Default, Debug)]
pub struct RateLimitQuery;

#[Object]
impl RateLimitQuery {
    /// What this operation cost, and what is left; null where nothing is counted. Needs no key: without one, the network address
    /// counts.
    async fn rate_limit(&self, ctx: &Context<'_>) -> Option<RateLimit> {
        ctx.data_opt::<Budget>().copied().map(RateLimit::from)
    }
}

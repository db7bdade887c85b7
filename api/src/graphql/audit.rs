//! The trail of what was done and refused.

use async_graphql::{Context, ID, Object, Result};
use entity::audit_event;
use rules::audit::Part;

use super::context::Ctx;
use super::id::{NodeId, decode, encode};
use super::paging::{Args, connection};
use super::scalar::DateTime;
use crate::store::ledger::{NEWEST, Trail, trail};

/// Something that was done, or refused. Rows are never changed.
#[derive(Clone, Debug)]
pub struct AuditEvent(audit_event::Model);

/// Something that was done, or refused. Rows are never changed.
#[Object]
impl AuditEvent {
    /// Tells rows apart.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// What, as in the table of permissions: `SessionCancel`, `RoleGrant`. New ones may come at any time.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// Whether it was refused; if not, it was done.
    async fn denied(&self) -> bool {
        self.0.outcome == "DENIED"
    }

    /// The name of the account that did it; null for the clock, and for whoever was not signed in.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        ctx.rows().maybe(self.0.actor_id).await.transpose().map(|row| row.map(|account| account.display_name))
    }

    /// The type of the thing it was about.
    async fn about_type(&self) -> &str {
        &self.0.subject_kind
    }

    /// The id of the thing it was about; null if it was about none, or none that is known.
    async fn about(&self) -> Option<ID> {
        self.0.subject_id.map(|id| encode(&self.0.subject_kind, id))
    }

    /// More about it as JSON: ids and states, never names or addresses. Its shape may change at any time.
    async fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The id of the request, as in its answer and in the log.
    async fn request_id(&self) -> &str {
        &self.0.request_id
    }
}

connection!(AuditEventConnection, AuditEventEdge, AuditEvent, "what was done and refused", audit_event, |row: &audit_event::Model| row.at);

/// Queries.
#[derive(Default, Debug)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// What was done and refused, newest first. Coordinators and the safeguarding lead read about the programme, the safeguarding lead
    /// alone about DBS checks, administrators about accounts, roles, sign-ins and partner clients. Null for everybody else.
    #[allow(clippy::too_many_arguments, reason = "paging takes four")]
    async fn audit_trail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "About this thing alone, by its id.")] about: Option<ID>,
        #[graphql(desc = "What was refused alone.", default)] denied_only: bool,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<AuditEventConnection>> {
        let parts = Part::open_to(&ctx.call().caller);
        if parts.is_empty() {
            return None;
        }
        let about = match about {
            // What is no id names nothing.
            Some(id) => Some(decode(&id)?),
            None => None,
        };
        let rows = trail(&Trail { parts, about, denied_only });
        Some(AuditEventConnection::read(ctx, rows, NEWEST, Args { first, after, last, before }).await)
    }
}

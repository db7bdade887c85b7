//! Sessions of a page: what a list tells of them, and the rest only where more is asked for.

use std::borrow::Cow;
use std::ops::Deref;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ScalarType, ServerError, ServerResult, Value};
use entity::{assignment, session};
use rules::id::SessionId;
use rules::policy::Action;

use super::ahead::PlacedAt;
use super::assignment::Assignment;
use super::context::Ctx;
use super::id::NodeId;
use super::quick::{self, AtHand, text};
use super::scalar::{DateTime, LocalDate, LocalTime};
use super::session::Session;
use crate::store::brief::Dated;

/// A session of a page.
#[derive(Clone, Debug)]
pub struct Listed {
    dated: Dated,
    whole: Option<session::Model>,
}

impl From<Dated> for Listed {
    fn from(dated: Dated) -> Self {
        Self { dated, whole: None }
    }
}

impl From<session::Model> for Listed {
    fn from(row: session::Model) -> Self {
        Self { dated: Dated::from(&row), whole: Some(row) }
    }
}

impl Deref for Listed {
    type Target = Dated;

    fn deref(&self) -> &Dated {
        &self.dated
    }
}

impl OutputType for Listed {
    fn type_name() -> Cow<'static, str> {
        Session::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Session::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if let Some(value) = quick::object(ctx, &ctx.item.node, &self.dated) {
            return Ok(value);
        }
        let row = match &self.whole {
            Some(row) => Ok(Some(row.clone())),
            None => ctx.rows().one(self.id).await,
        };
        match row.map_err(|error| error.into_server_error(field.pos))? {
            Some(row) => Session(row).resolve(ctx, field).await,
            None => Err(ServerError::new("This session is gone.", Some(field.pos))),
        }
    }
}

impl AtHand for Dated {
    const TYPE: &'static str = SessionId::TYPE;
    const FIELDS: &'static [&'static str] = &[
        "id",
        "title",
        "modality",
        "startsAt",
        "endsAt",
        "date",
        "startTime",
        "durationMinutes",
        "timeZone",
        "status",
        "assignments",
        "version",
    ];

    fn knows_within(field: &Field) -> bool {
        field.name.node != "assignments" || quick::knows::<Assignment>(&field.selection_set.node)
    }

    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "id" => text(Some(self.id.to_global())),
            "title" => text(Some(&self.title)),
            "modality" => text(Some(self.modality.code())),
            "startsAt" => DateTime(self.starts_at).to_value(),
            "endsAt" => DateTime(self.ends_at).to_value(),
            "date" => LocalDate(self.local_date).to_value(),
            "startTime" => LocalTime(self.local_start).to_value(),
            "durationMinutes" => self.minutes.into(),
            "timeZone" => text(Some(&self.zone)),
            "status" => text(Some(self.status.code())),
            "version" => self.version.into(),
            "assignments" => {
                // Whether a champion is placed here is not at hand.
                let relation = ctx.call().caller.to_group(self.group_id);
                let placed = ctx.rows().ahead().all::<PlacedAt, Vec<assignment::Model>>();
                let placed = placed.filter(|_| ctx.may(Action::SessionRotaRead, relation))?.get(&PlacedAt(self.id)).cloned()?;
                let placed: Vec<Assignment> = placed.into_iter().map(Assignment).collect();
                return quick::list(ctx, &field.selection_set.node, &placed);
            }
            _ => return None,
        })
    }
}

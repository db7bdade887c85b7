//! Changes to sessions: creating one, and calling one off.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use rules::dbs::{Audience, SessionFacts};
use rules::id::SessionId;
use rules::input::{self, Topic};
use rules::reason::{Malformed, Reason};
use rules::session::{CannotCancel, CannotCreateSession, Modality, PlaceKind, SessionCancelErrorCode, SessionCreateErrorCode, Setting};

use super::context::Ctx;
use super::id;
use super::once::once;
use super::problem::{Problem, settle};
use super::scalar::{LocalDate, LocalTime, TimeZone};
use super::session::Session;
use super::shared::{DbsScopeInput, distinct};
use crate::error::{Refusal, malformed};
use crate::service::session::{NewPlaces, NewSession, cancel, create};

/// Places of one kind.
#[derive(InputObject, Clone, Debug)]
pub struct PlacesInput {
    /// What they are for; each kind is listed once.
    kind: PlaceKind,
    /// How many.
    #[graphql(default = 1)]
    count: i32,
    /// Training modules they ask for beyond what the session's nature does.
    #[graphql(default)]
    module_ids: Vec<ID>,
}

/// A session to create, or to preview.
#[derive(InputObject, Clone, Debug)]
pub struct NewSessionInput {
    /// The group that holds it.
    group_id: ID,
    /// Where; needed in person, left out for phone and video.
    venue_id: Option<ID>,
    /// What it is called, up to 120 characters.
    title: String,
    /// How it is held.
    #[graphql(default_with = "Modality::InPerson")]
    modality: Modality,
    /// How champions and learners work together.
    #[graphql(default_with = "Setting::Group")]
    setting: Setting,
    /// Who it is for; the DBS check the law permits follows from it.
    #[graphql(default_with = "Audience::AdultsPublic")]
    audience: Audience,
    /// Whether it repeats weekly or more often.
    #[graphql(default)]
    weekly: bool,
    /// Whether champions handle an adult's cash, bills or shopping because of age, illness or disability.
    #[graphql(default)]
    handles_money: bool,
    /// Whether it runs overnight with children.
    #[graphql(default)]
    overnight: bool,
    /// Whether a responsible adult is present throughout.
    #[graphql(default = true)]
    responsible_adult: bool,
    /// Date on the wall calendar.
    date: LocalDate,
    /// Time on the wall clock. A time that the spring change skips moves forward; one that the autumn change repeats is the first.
    start_time: LocalTime,
    /// How long it runs, 1 to 720 minutes.
    duration_minutes: i32,
    /// The zone of date and time.
    #[graphql(default_with = "TimeZone::default()")]
    time_zone: TimeZone,
    /// The language champions have to speak, ISO 639-3; left out if any will do.
    language: Option<String>,
    /// What learners want to work on.
    #[graphql(default)]
    topics: Vec<Topic>,
    /// The DBS check to ask for: left out for what the law permits, null for none.
    dbs: MaybeUndefined<DbsScopeInput>,
    /// The places; one helper if left out.
    #[graphql(default_with = "vec![PlacesInput { kind: PlaceKind::Helper, count: 1, module_ids: Vec::new() }]")]
    places: Vec<PlacesInput>,
}

impl NewSessionInput {
    /// As the service reads it; problems are named by their field.
    pub fn checked<R: Reason>(self) -> Result<NewSession, Refusal<R>> {
        if !(1..=720).contains(&self.duration_minutes) {
            return Err(malformed(Malformed::new("durationMinutes", "A session runs between 1 and 720 minutes.")));
        }
        let dbs = match self.dbs {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(scope) => Some(Some(scope.into())),
        };
        Ok(NewSession {
            group: id::at(&self.group_id, "groupId")?,
            venue: self.venue_id.map(|venue| id::at(&venue, "venueId")).transpose()?,
            title: input::line("title", &self.title, 120).map_err(malformed)?,
            modality: self.modality,
            setting: self.setting,
            facts: SessionFacts {
                audience: self.audience,
                weekly: self.weekly,
                handles_money: self.handles_money,
                overnight: self.overnight,
            },
            responsible_adult: self.responsible_adult,
            language: self.language.map(|code| input::language("language", &code)).transpose().map_err(malformed)?,
            topics: distinct(self.topics),
            date: self.date.0,
            starts: self.start_time.0,
            minutes: self.duration_minutes,
            zone: self.time_zone.0,
            dbs,
            places: checked_places(self.places)?,
        })
    }

    /// The date it was sent with.
    pub(super) fn first_date(&self) -> chrono::NaiveDate {
        self.date.0
    }
}

/// Places as the service reads them; problems are named by their line.
pub(super) fn checked_places<R: Reason>(places: Vec<PlacesInput>) -> Result<Vec<NewPlaces>, Refusal<R>> {
    places.into_iter().enumerate().map(|(index, places)| places.checked(index)).collect()
}

impl PlacesInput {
    fn checked<R: Reason>(self, index: usize) -> Result<NewPlaces, Refusal<R>> {
        let count = usize::try_from(self.count).ok().filter(|count| (1..=rules::session::PLACE_LIMIT).contains(count));
        let message = format!("Ask for between 1 and {} places.", rules::session::PLACE_LIMIT);
        let count = count.ok_or_else(|| malformed(Malformed::new(&format!("places.{index}.count"), message)))?;
        Ok(NewPlaces { kind: self.kind, count, modules: distinct(id::all(&self.module_ids, &format!("places.{index}.moduleIds"))?) })
    }
}

/// Input of `sessionCreate`.
#[derive(InputObject, Debug)]
pub struct SessionCreateInput {
    /// A UUID made by the client; send the same one when trying again within 24 hours.
    idempotency_key: Option<String>,
    /// The session.
    session: NewSessionInput,
}

/// Result of `sessionCreate`.
#[derive(SimpleObject, Debug)]
pub struct SessionCreatePayload {
    /// The new session; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionCreateErrorCode>>,
}

/// Input of `sessionCancel`.
#[derive(InputObject, Debug)]
pub struct SessionCancelInput {
    /// Which session.
    session_id: ID,
    /// The version that was read; refused as STALE if there is a newer one.
    expected_version: Option<i64>,
    /// Why, up to 500 characters; told to everybody placed or asked.
    reason: Option<String>,
}

/// Result of `sessionCancel`.
#[derive(SimpleObject, Debug)]
pub struct SessionCancelPayload {
    /// The session as it stands now; null if there are errors.
    session: Option<Session>,
    /// What stood in the way; empty on success.
    user_errors: Vec<Problem<SessionCancelErrorCode>>,
}

/// Mutations.
#[derive(Default, Debug)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Create a session without asking for champions yet. The group's leaders and coordinators.
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session.")] input: SessionCreateInput,
    ) -> Option<Result<SessionCreatePayload>> {
        Some(create_payload(ctx, input).await)
    }

    /// Call a session off; everybody placed or asked is told, once. The group's leaders and coordinators.
    async fn session_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: SessionCancelInput,
    ) -> Option<Result<SessionCancelPayload>> {
        Some(cancel_payload(ctx, input).await)
    }
}

async fn create_payload(ctx: &Context<'_>, input: SessionCreateInput) -> Result<SessionCreatePayload> {
    let result: Result<SessionId, Refusal<CannotCreateSession>> = async {
        let once = once(ctx, input.idempotency_key.as_deref())?;
        create(ctx.app(), ctx.call(), once, input.session.checked()?).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    let user_errors = user_errors.into_iter().map(|problem| problem.under("session")).collect();
    Ok(SessionCreatePayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

async fn cancel_payload(ctx: &Context<'_>, input: SessionCancelInput) -> Result<SessionCancelPayload> {
    let result: Result<SessionId, Refusal<CannotCancel>> = async {
        let session = id::at(&input.session_id, "sessionId")?;
        let reason = input.reason.map(|r| input::paragraph("reason", &r, 500)).transpose().map_err(malformed)?.filter(|r| !r.is_empty());
        cancel(ctx.app(), ctx.call(), session, input.expected_version, reason).await
    }
    .await;
    let (id, user_errors) = settle(result)?;
    Ok(SessionCancelPayload { session: ctx.rows().maybe(id).await?.map(Session), user_errors })
}

//! Sessions and their places.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{place, session};
use rules::dbs::{Audience, DbsScope, SessionFacts, permitted};
use rules::id::GroupId;
use rules::input::Topic;
use rules::matching::ChampionRecord;
use rules::policy::{Action, Relation};
use rules::session::{Cover, Modality, PlaceKind, SessionChangeKind, SessionStatus, Setting, cover};
use rules::sign_up::is_open;

use super::ahead::{self, AsOf, placed, sessions};
use super::assignment::Assignment;
use super::context::Ctx;
use super::group::Group;
use super::id::{self, NodeId};
use super::listed::Listed;
use super::loader::{
    ChangesOf, ConfirmedAt, GroupSignUp, MarksOf, OccurrenceOf, OutcomesOf, PlaceModules, PlacesOf, RecordOf, RequestFor, SessionSignUp,
    SessionTopics, StaffingOf, WaitingAt,
};
use super::matching::MatchConnection;
use super::outcome::SessionOutcome;
use super::paging::{Args, DateTimeRangeInput, connection, needed};
use super::problem::broken;
use super::quick::Quick;
use super::request::ChampionRequest;
use super::scalar::{DateTime, LocalDate, LocalTime};
use super::series::SessionSeries;
use super::shared::{DbsRequirement, Language};
use super::sign_up::WaitingEntry;
use super::staffing::Staffing;
use super::training::TrainingModule;
use super::venue::Venue;
use crate::service::matching::{Ranked, Wanted, ranked_again};
use crate::service::risk::{self, Standing};
use crate::service::staffing::counts;
use crate::store::candidates::Moment;
use crate::store::session::{Filter, select};

/// One dated session.
#[derive(Clone, Debug)]
pub struct Session(pub session::Model);

impl Session {
    fn facts(&self) -> SessionFacts {
        SessionFacts { audience: self.0.audience, weekly: self.0.weekly, handles_money: self.0.handles_money, overnight: self.0.overnight }
    }

    /// Leaders of its group and champions placed at it have it as theirs.
    pub(super) async fn relation(&self, ctx: &Context<'_>) -> Result<Relation> {
        let caller = &ctx.call().caller;
        if caller.leads.contains(&self.0.group_id) {
            return Ok(Relation::Own);
        }
        let placed = caller.champion.is_some()
            && ctx.rows().list(ConfirmedAt(self.0.id)).await?.iter().any(|a| Some(a.champion_id) == caller.champion);
        Ok(if placed { Relation::Own } else { Relation::Other })
    }

    async fn risks(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let places = ctx.rows().list(PlacesOf(self.0.id)).await?;
        let confirmed = ctx.rows().list(ConfirmedAt(self.0.id)).await?;
        let said = ctx.rows().list(StaffingOf(self.0.id)).await?;
        let records: Vec<Arc<ChampionRecord>> = ctx.rows().many(confirmed.iter().map(|a| RecordOf(a.champion_id)).collect()).await?;
        let ends = records.iter().map(|r| (r.id, r.bookings.iter().map(|b| b.span.until).collect())).collect();
        let standing = Standing { places: &places, confirmed: &confirmed, said: &said, ends: &ends };
        Ok(risk::of(&self.0, standing, ctx.call().now).iter().map(ToString::to_string).collect())
    }

    async fn rota(&self, ctx: &Context<'_>) -> Result<Option<Vec<Quick<Assignment>>>> {
        if !ctx.may(Action::SessionRotaRead, self.relation(ctx).await?) {
            return Ok(None);
        }
        Ok(Some(placed(ctx, self.0.id).await?.into_iter().map(|row| Quick(Assignment(row))).collect()))
    }
}

/// One dated session: in person, by telephone or by video.
#[Object]
impl Session {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// The series it is of; null if it stands alone.
    async fn series(&self, ctx: &Context<'_>) -> Option<Result<SessionSeries>> {
        let id = match ctx.rows().list(OccurrenceOf(self.0.id)).await {
            Ok(found) => found.first()?.series_id,
            Err(error) => return Some(Err(error)),
        };
        ctx.rows().one(id).await.transpose().map(|row| row.map(SessionSeries))
    }

    /// The date its series gave it, which it keeps wherever it is moved; null if it stands alone.
    async fn occurrence_date(&self, ctx: &Context<'_>) -> Option<Result<LocalDate>> {
        ctx.rows().list(OccurrenceOf(self.0.id)).await.map(|found| found.first().map(|one| LocalDate(one.on_date))).transpose()
    }

    /// Whether it was moved by itself: away from where its series has it or, if it stands alone, from where it was created.
    async fn is_moved(&self, ctx: &Context<'_>) -> Result<bool> {
        if let Some(one) = ctx.rows().list(OccurrenceOf(self.0.id)).await?.first() {
            return Ok(one.moved);
        }
        Ok(ctx.rows().list(ChangesOf(self.0.id)).await?.iter().any(|change| change.kind == SessionChangeKind::Changed))
    }

    /// The group that holds it.
    async fn group(&self, ctx: &Context<'_>) -> Option<Result<Group>> {
        ctx.rows().one(self.0.group_id).await.transpose().map(|row| row.map(Group))
    }

    /// Where; null for phone and video.
    async fn venue(&self, ctx: &Context<'_>) -> Option<Result<Venue>> {
        ctx.rows().maybe(self.0.venue_id).await.transpose().map(|row| row.map(Venue))
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// How it is held.
    async fn modality(&self) -> Modality {
        self.0.modality
    }

    /// How champions and learners work together.
    async fn setting(&self) -> Setting {
        self.0.setting
    }

    /// Who it is for.
    async fn audience(&self) -> Audience {
        self.0.audience
    }

    /// When it starts.
    async fn starts_at(&self) -> DateTime {
        DateTime(self.0.starts_at)
    }

    /// When it ends.
    async fn ends_at(&self) -> DateTime {
        DateTime(self.0.ends_at)
    }

    /// The date on the wall calendar: clearance is judged for it.
    async fn date(&self) -> LocalDate {
        LocalDate(self.0.local_date)
    }

    /// The time on the wall clock.
    async fn start_time(&self) -> LocalTime {
        LocalTime(self.0.local_start)
    }

    /// How long it runs, in minutes.
    async fn duration_minutes(&self) -> i32 {
        self.0.minutes
    }

    /// The zone of date and time.
    async fn time_zone(&self) -> &str {
        &self.0.zone
    }

    /// Whether it will be held; TO_CONFIRM waits for `sessionConfirm` or `sessionCancel`.
    async fn status(&self) -> SessionStatus {
        self.0.status
    }

    /// How well it is staffed; shadow places don't count.
    async fn cover(&self, ctx: &Context<'_>) -> Result<Cover> {
        let places = ctx.rows().list(PlacesOf(self.0.id)).await?;
        let confirmed = ctx.rows().list(ConfirmedAt(self.0.id)).await?;
        let wanted: Vec<_> = places.iter().filter(|p| p.kind != PlaceKind::Shadow).map(|p| p.id).collect();
        Ok(cover(wanted.len(), confirmed.iter().filter(|a| wanted.contains(&a.place_id)).count()))
    }

    /// The places, in order.
    async fn places(&self, ctx: &Context<'_>) -> Result<Vec<Place>> {
        Ok(ctx.rows().list(PlacesOf(self.0.id)).await?.into_iter().map(Place).collect())
    }

    /// The language champions have to speak; null if any will do.
    async fn language(&self) -> Option<Language> {
        self.0.language.clone().map(Language::from)
    }

    /// What learners want to work on.
    async fn topics(&self, ctx: &Context<'_>) -> Result<Vec<Topic>> {
        let mut topics = ctx.rows().list(SessionTopics(self.0.id)).await?;
        topics.sort();
        Ok(topics)
    }

    /// Whether a responsible adult is present throughout; then champions of 16 and 17 may help in a group.
    async fn responsible_adult(&self) -> bool {
        self.0.responsible_adult
    }

    /// The DBS check it asks for; null for none.
    async fn dbs_required(&self) -> Option<DbsRequirement> {
        let row = &self.0;
        let scope = |(level, workforce)| DbsScope {
            level,
            workforce,
            adults_barred: row.dbs_adults_barred,
            children_barred: row.dbs_children_barred,
        };
        row.dbs_level.zip(row.dbs_workforce).map(scope).map(DbsRequirement::from)
    }

    /// The highest check the law permits for it, and why.
    async fn dbs_permitted(&self) -> DbsPermitted {
        DbsPermitted::from(permitted(self.facts(), false))
    }

    /// The live request for champions. For the group's leaders and coordinators.
    async fn request(&self, ctx: &Context<'_>) -> Option<Result<ChampionRequest>> {
        if !ctx.may(Action::ChampionRequestRead, ctx.call().caller.to_group(self.0.group_id)) {
            return None;
        }
        let rows = ctx.rows().list(RequestFor(self.0.id)).await;
        rows.map(|rows| rows.into_iter().next().map(ChampionRequest)).transpose()
    }

    /// Who is placed. For the group's leaders, champions placed here, coordinators and the safeguarding lead.
    async fn assignments(&self, ctx: &Context<'_>) -> Option<Result<Vec<Quick<Assignment>>>> {
        self.rota(ctx).await.transpose()
    }

    /// How each kind of place is staffed: how many are needed, would be best, and are there.
    async fn staffing(&self, ctx: &Context<'_>) -> Result<Vec<Staffing>> {
        let places = ctx.rows().list(PlacesOf(self.0.id)).await?;
        let confirmed = ctx.rows().list(ConfirmedAt(self.0.id)).await?;
        let said = ctx.rows().list(StaffingOf(self.0.id)).await?;
        Ok(counts(&places, &confirmed, &said).into_iter().map(Staffing::from).collect())
    }

    /// Why it is at risk, in words: what is missing to the minimum of each kind of place, a home visit for several with one
    /// champion, somebody new without company. Empty if nothing is, if it was called off or has begun. For the group's leaders and
    /// coordinators.
    async fn at_risk(&self, ctx: &Context<'_>) -> Option<Result<Vec<String>>> {
        if !ctx.may(Action::ChampionRequestRead, ctx.call().caller.to_group(self.0.group_id)) {
            return None;
        }
        Some(self.risks(ctx).await)
    }

    /// Whether cleared champions take its places themselves, by `placeTake`.
    async fn open_sign_up(&self, ctx: &Context<'_>) -> Result<bool> {
        let own: Vec<bool> = ctx.rows().list(SessionSignUp(self.0.id)).await?;
        let group: Vec<bool> = ctx.rows().list(GroupSignUp(self.0.group_id)).await?;
        Ok(is_open(group.first().copied(), own.first().copied()))
    }

    /// Who waits for a place, in the order they joined. For the group's leaders and coordinators; others see their own entry alone.
    async fn waiting_list(&self, ctx: &Context<'_>) -> Result<Vec<WaitingEntry>> {
        let all = ctx.may(Action::ChampionRequestRead, ctx.call().caller.to_group(self.0.group_id));
        let rows: Vec<entity::waiting::Model> = ctx.rows().list(WaitingAt(self.0.id)).await?;
        let mine = |row: &entity::waiting::Model| all || ctx.call().caller.champion == Some(row.champion_id);
        Ok(rows.into_iter().filter(mine).map(WaitingEntry).collect())
    }

    /// What it did, in numbers; null while nobody has recorded it. For the group's leaders and coordinators.
    async fn outcome(&self, ctx: &Context<'_>) -> Option<Result<SessionOutcome>> {
        if !ctx.may(Action::OutcomeRead, ctx.call().caller.to_group(self.0.group_id)) {
            return None;
        }
        let steps: Vec<entity::outcome::Model> = match ctx.rows().list(OutcomesOf(self.0.id)).await {
            Ok(steps) => steps,
            Err(error) => return Some(Err(error)),
        };
        let last = steps.last()?.id;
        let marks: Result<Vec<rules::outcome::Mark>> = ctx.rows().list(MarksOf(last)).await;
        let sees_small = ctx.may(Action::SmallNumbersRead, Relation::Other);
        marks.map(|marks| SessionOutcome::of(&steps, &marks, sees_small)).transpose()
    }

    /// Champions who could take a place, best first, and how many could not, by reason. For the group's leaders and
    /// coordinators; null if the session has no place of this kind.
    #[allow(clippy::too_many_arguments, reason = "the four paging arguments are the style of every list")]
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which kind of place.", default_with = "PlaceKind::Helper")] kind: PlaceKind,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<MatchConnection>> {
        if !ctx.may(Action::MatchRead, ctx.call().caller.to_group(self.0.group_id)) {
            return None;
        }
        let args = Args { first, after, last, before };
        let ranked = match needed(&args) {
            Ok(most) => {
                let counted = ctx.look_ahead().field("blocked").exists();
                ranked(ctx, Wanted { session: self.0.id, kind, most, counted }).await
            }
            Err(error) => Err(error),
        };
        ranked.transpose().map(|ranked| MatchConnection::new(ranked?, args))
    }

    /// Whether the viewer may move it, call it off or ask for champions.
    async fn viewer_can_update(&self, ctx: &Context<'_>) -> bool {
        ctx.may(Action::SessionCancel, ctx.call().caller.to_group(self.0.group_id))
    }

    /// Why it was called off; null if it was not, or nobody said.
    async fn cancel_reason(&self) -> Option<&str> {
        self.0.cancel_reason.as_deref()
    }

    /// Give it back as `expectedVersion` to guard against lost updates.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

async fn ranked(ctx: &Context<'_>, wanted: Wanted) -> Result<Option<Ranked>> {
    let moments = ctx.rows().ahead().all::<AsOf, Moment>();
    if let Some(moment) = moments.as_ref().and_then(|moments| moments.get(&AsOf(wanted.session)))
        && let Some(ranked) = ctx.rows().aside(ranked_again(ctx.app(), ctx.call(), moment, &wanted)).await.map_err(broken)?
    {
        return Ok(ranked);
    }
    ctx.rows().one(wanted).await
}

connection!(SessionConnection, SessionEdge, [Listed], "sessions", session, |row: &Listed| row.starts_at);

/// The highest DBS check the law permits for a session.
#[derive(SimpleObject, Debug)]
pub struct DbsPermitted {
    /// The check.
    scope: DbsRequirement,
    /// Whether it is regulated activity: then nothing less will do.
    regulated: bool,
    /// Why.
    reason: String,
    /// The version of the rules it was derived by.
    rules_version: String,
}

impl From<rules::dbs::Permitted> for DbsPermitted {
    fn from(permitted: rules::dbs::Permitted) -> Self {
        Self {
            scope: permitted.scope.into(),
            regulated: permitted.regulated,
            reason: permitted.reason.to_owned(),
            rules_version: rules::dbs::RULES_VERSION.to_owned(),
        }
    }
}

/// One champion needed at a session.
#[derive(Debug)]
pub struct Place(pub place::Model);

/// One champion needed at a session, with its own requirements.
#[Object]
impl Place {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// What it is for.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }

    /// Whether somebody has it.
    async fn filled(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.rows().list(ConfirmedAt(self.0.session_id)).await?.iter().any(|a| a.place_id == self.0.id))
    }

    /// Training modules it asks for beyond the role's own.
    async fn modules(&self, ctx: &Context<'_>) -> Result<Vec<TrainingModule>> {
        let ids = ctx.rows().list(PlaceModules(self.0.id)).await?;
        let mut rows: Vec<entity::training_module::Model> = ctx.rows().many(ids).await?;
        rows.sort_by(|a, b| a.code.cmp(&b.code));
        Ok(rows.into_iter().map(TrainingModule).collect())
    }
}

/// Which sessions to list; conditions are joined with AND.
#[derive(InputObject, Debug, Default)]
pub struct SessionFilter {
    /// Starting in this span.
    range: Option<DateTimeRangeInput>,
    /// Of these groups.
    group_ids: Option<Vec<ID>>,
    /// At this venue.
    venue_id: Option<ID>,
    /// Only those that will be held.
    #[graphql(default)]
    scheduled_only: bool,
    /// Only those with a lead or helper place open.
    #[graphql(default)]
    uncovered_only: bool,
}

/// Queries.
#[derive(Default, Debug)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// Sessions, by their start. For anybody signed in.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sessions to list.", default)] filter: SessionFilter,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<SessionConnection>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        let nowhere = || rules::id::VenueId(uuid::Uuid::nil());
        let filter = Filter {
            from: filter.range.map(|r| r.from.0),
            until: filter.range.map(|r| r.until.0),
            groups: filter.group_ids.map(|ids| ids.iter().filter_map(id::parse::<GroupId>).collect()),
            venue: filter.venue_id.map(|id| id::parse(&id).unwrap_or_else(nowhere)),
            scheduled_only: filter.scheduled_only,
            uncovered_only: filter.uncovered_only,
            ..Filter::default()
        };
        let page = sessions(ctx, &filter, Args { first, after, last, before }).await;
        Some(page.map(|page| SessionConnection { page, all: select(&filter) }))
    }

    /// One session. For anybody signed in.
    async fn session(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Option<Result<Session>> {
        if !ctx.may(Action::SessionRead, Relation::Other) {
            return None;
        }
        ahead::session(ctx, id::parse(&id)?).await.transpose().map(|row| row.map(Session))
    }
}

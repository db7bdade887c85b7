//! Champions: what each viewer may see of one, and the lists.

use std::sync::Arc;

use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::{Context, ContextSelectionSet, ID, InputObject, Object, OneofObject, Result, SimpleObject, Value};
use entity::champion;
use rules::champion::{Membership, display_name, number_of, reference};
use rules::id::{ChampionId, GroupId};
use rules::input::{self, Topic, spaced_postcode};
use rules::policy::{Action, Relation};

use super::acceptance::Acceptance;
use super::ahead::CompletedBy;
use super::assignment::AssignmentConnection;
use super::attendance::{DatePeriodInput, HoursTotal};
use super::availability::Availability;
use super::bundle::OfferBundleConnection;
use super::clearance::{ChampionClearance, asked_on};
use super::context::Ctx;
use super::dbs::{DbsCheck, DbsRead};
use super::emergency::EmergencyContact;
use super::id::{self, NodeId};
use super::loader::{
    AcceptancesOf, CompletionsOf, DbsDetailOf, DbsReadsOf, EmergencyContactOf, HoursOf, LanguagesOf, MatchedOf, NameOf, NeedOf,
    OpportunitiesOf, RecordOf, RequirementsAll, SwapsOf, TopicsOf,
};
use super::matching::OpportunityList;
use super::offer::OfferConnection;
use super::onboarding::Onboarding;
use super::paging::{Args, connection};
use super::problem::broken;
use super::quick::{self, AtHand, text};
use super::scalar::{DateTime, LocalDate};
use super::shared::Language;
use super::swap::Swap;
use super::training::TrainingCompletion;
use crate::service::clearance::outlook;
use crate::store::attendance::Hours;
use crate::store::brief::{Completed, Named};
use crate::store::champion::{BY_REFERENCE, Filter, by_number, select};
use crate::store::training::requirement_fact;
use crate::store::{bundle, offer};
use rules::assignment::AssignmentStatus;
use rules::matching::ChampionRecord;
use rules::offer::OfferStatus;
use rules::session::{PlaceKind, SessionNeed};
use rules::swap::SwapStatus;

/// A volunteer Digital Champion.
#[derive(Clone, Debug)]
pub struct Champion(pub champion::Model);

/// How to reach a champion, and what only they and the coordinators may know.
#[derive(SimpleObject, Debug)]
pub struct ChampionContact {
    /// The e-mail address.
    email: String,
    /// Whether it was confirmed.
    email_confirmed: bool,
    /// The telephone number in E.164 form.
    phone: Option<String>,
    /// The postcode, as people write it.
    postcode: Option<String>,
    /// Electoral ward (ONS code); null outside Stockport.
    ward: Option<String>,
    /// The birth date; age limits are judged on a session's date.
    birth_date: Option<LocalDate>,
}

impl Champion {
    /// The champion, if the caller may see that they exist.
    pub async fn find(ctx: &Context<'_>, id: ChampionId) -> Option<Result<Self>> {
        if !ctx.may(Action::ChampionRead, ctx.call().caller.to_champion(id)) {
            return None;
        }
        Self::visible(ctx, ctx.rows().one(id).await).transpose()
    }

    /// Somebody with their own record sees it always; leaders see those who may be placed.
    fn sees(ctx: &impl Ctx, id: ChampionId, membership: Membership) -> bool {
        let relation = ctx.call().caller.to_champion(id);
        // A record that was merged is nobody's any more.
        membership != Membership::Merged
            && (ctx.may(Action::ChampionNameRead, relation)
                || (ctx.may(Action::ChampionRead, relation) && matches!(membership, Membership::Active | Membership::OnTrial)))
    }

    fn visible(ctx: &Context<'_>, row: Result<Option<champion::Model>>) -> Result<Option<Self>> {
        Ok(row?.filter(|row| Self::sees(ctx, row.id, row.membership)).map(Self))
    }

    /// What [`Self::find`] would find, answered at once if it was read ahead and everything asked of it is at hand.
    pub fn at_hand_of(ctx: &ContextSelectionSet<'_>, id: ChampionId, asked: &SelectionSet) -> Option<Value> {
        if !ctx.may(Action::ChampionRead, ctx.call().caller.to_champion(id)) {
            return Some(Value::Null);
        }
        let all = ctx.rows().ahead().all::<NameOf, Arc<Named>>()?;
        let row = all.get(&NameOf(id))?;
        if Self::sees(ctx, id, row.membership) { quick::object(ctx, asked, &**row) } else { Some(Value::Null) }
    }

    async fn outlook(&self, ctx: &Context<'_>, on: Option<LocalDate>, need: Option<SessionNeed>) -> Result<ChampionClearance> {
        let on = asked_on(on, ctx.call().today())?;
        let (record, requirements) = futures_util::try_join!(ctx.rows().one(RecordOf(self.0.id)), ctx.rows().list(RequirementsAll))?;
        let record = record.ok_or_else(|| broken(anyhow::anyhow!("a champion without a record")))?;
        let requirements: Vec<_> = requirements.iter().map(requirement_fact).collect();
        Ok(outlook(&record, need.as_ref(), &requirements, on).into())
    }

    async fn words(&self, ctx: &Context<'_>, all: bool) -> Result<Vec<Acceptance>> {
        let mut rows: Vec<entity::acceptance::Model> = ctx.rows().list(AcceptancesOf(self.0.id)).await?;
        if !all {
            let groups: Vec<entity::community_group::Model> = ctx.rows().many(ctx.call().caller.leads.clone()).await?;
            rows.retain(|row| groups.iter().any(|group| group.organisation_id == row.organisation_id));
        }
        Ok(rows.into_iter().map(Acceptance).collect())
    }

    fn may(&self, ctx: &impl Ctx, action: Action) -> bool {
        ctx.may(action, ctx.call().caller.to_champion(self.0.id))
    }
}

impl AtHand for Named {
    const TYPE: &'static str = ChampionId::TYPE;
    const FIELDS: &'static [&'static str] =
        &["id", "reference", "displayName", "fullName", "membership", "languages", "availability", "trainingCompletions"];

    fn knows_within(field: &Field) -> bool {
        let asked = &field.selection_set.node;
        match field.name.node.as_str() {
            "languages" => quick::knows::<Language>(asked),
            "availability" => quick::knows::<Arc<ChampionRecord>>(asked),
            "trainingCompletions" => quick::knows::<Completed>(asked),
            _ => true,
        }
    }

    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        let may = |action| ctx.may(action, ctx.call().caller.to_champion(self.id));
        let (ahead, asked) = (ctx.rows().ahead(), &field.selection_set.node);
        Some(match field.name.node.as_str() {
            "id" => text(Some(self.id.to_global())),
            "reference" => text(Some(reference(self.number))),
            "displayName" => text(Some(display_name(&self.full_name, self.known_as.as_deref()))),
            "fullName" => text(may(Action::ChampionNameRead).then_some(self.full_name.as_str())),
            "membership" => text(Some(self.membership.code())),
            "languages" => {
                let all = ahead.all::<MatchedOf, Arc<ChampionRecord>>()?;
                return quick::list(ctx, asked, &spoken(&all.get(&MatchedOf(self.id))?.languages));
            }
            "availability" if !may(Action::AvailabilityRead) => Value::Null,
            "availability" => {
                let all = ahead.all::<MatchedOf, Arc<ChampionRecord>>()?;
                return quick::object(ctx, asked, all.get(&MatchedOf(self.id))?);
            }
            "trainingCompletions" if !may(Action::TrainingRead) => Value::Null,
            "trainingCompletions" => {
                let all = ahead.all::<CompletedBy, Vec<Completed>>()?;
                return quick::list(ctx, asked, all.get(&CompletedBy(self.id))?);
            }
            _ => return None,
        })
    }
}

/// Languages by their codes.
fn spoken(languages: &[input::Language]) -> Vec<Language> {
    let mut known: Vec<Language> = languages.iter().copied().map(Language::from).collect();
    known.sort_unstable_by(|one, other| one.code.cmp(&other.code));
    known
}

/// A volunteer Digital Champion. What a viewer may not see of one is null.
#[Object]
impl Champion {
    /// Opaque and stable.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_global()
    }

    /// Short reference to say on the telephone: `DC-0421`.
    async fn reference(&self) -> String {
        reference(self.0.number)
    }

    /// Known-as name, or first name and initial.
    async fn display_name(&self) -> String {
        display_name(&self.0.full_name, self.0.known_as.as_deref())
    }

    /// Full name. For the champion, trainers, coordinators and the safeguarding lead.
    async fn full_name(&self, ctx: &Context<'_>) -> Option<&str> {
        self.may(ctx, Action::ChampionNameRead).then_some(self.0.full_name.as_str())
    }

    /// How to reach them. For the champion, coordinators and the safeguarding lead.
    async fn contact(&self, ctx: &Context<'_>) -> Option<ChampionContact> {
        self.may(ctx, Action::ChampionContactRead).then(|| ChampionContact {
            email: self.0.email.clone(),
            email_confirmed: self.0.email_confirmed_at.is_some(),
            phone: self.0.phone_e164.clone(),
            postcode: self.0.postcode.as_deref().map(spaced_postcode),
            ward: self.0.ward.clone(),
            birth_date: self.0.birth_date.map(LocalDate),
        })
    }

    /// Whom to call in an emergency; null if nobody was named. For the champion, coordinators and the safeguarding lead.
    async fn emergency_contact(&self, ctx: &Context<'_>) -> Option<Result<EmergencyContact>> {
        self.may(ctx, Action::EmergencyContactRead).then_some(())?;
        let rows: Result<Vec<entity::emergency_contact::Model>> = ctx.rows().list(EmergencyContactOf(self.0.id)).await;
        rows.map(|mut rows| rows.pop().map(EmergencyContact::from)).transpose()
    }

    /// The latest word of each organisation that deploys them, yes or no. The champion, coordinators and the safeguarding lead see all;
    /// leaders see that of their groups' organisations.
    async fn acceptances(&self, ctx: &Context<'_>) -> Option<Result<Vec<Acceptance>>> {
        let all = self.may(ctx, Action::AcceptanceRead);
        (all || ctx.may(Action::AcceptanceRecord, Relation::Own)).then_some(())?;
        Some(self.words(ctx, all).await)
    }

    /// Where they stand with the alliance. Whether they can take a session is judged for that session.
    async fn membership(&self) -> Membership {
        self.0.membership
    }

    /// Since when.
    async fn membership_changed_at(&self) -> DateTime {
        DateTime(self.0.membership_changed_at)
    }

    /// Languages they help in.
    async fn languages(&self, ctx: &Context<'_>) -> Result<Vec<Language>> {
        let matched = ctx.rows().ahead().all::<MatchedOf, Arc<ChampionRecord>>();
        if let Some(known) = matched.and_then(|all| Some(spoken(&all.get(&MatchedOf(self.0.id))?.languages))) {
            return Ok(known);
        }
        let mut codes = ctx.rows().list(LanguagesOf(self.0.id)).await?;
        codes.sort();
        Ok(codes.into_iter().map(Language::from).collect())
    }

    /// Topics they like to help with.
    async fn topics(&self, ctx: &Context<'_>) -> Result<Vec<Topic>> {
        let mut topics = ctx.rows().list(TopicsOf(self.0.id)).await?;
        topics.sort();
        Ok(topics)
    }

    /// The checklist. For the champion, coordinators and the safeguarding lead.
    async fn onboarding(&self, ctx: &Context<'_>) -> Option<Result<Onboarding>> {
        if !self.may(ctx, Action::OnboardingRead) {
            return None;
        }
        Some(Onboarding::load(ctx, &self.0).await)
    }

    /// Whether they are cleared on a date for the least that any place asks, why not, and the year from then. For the champion,
    /// coordinators and the safeguarding lead.
    async fn clearance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The date; today if left out.")] on: Option<LocalDate>,
    ) -> Option<Result<ChampionClearance>> {
        self.may(ctx, Action::ClearanceRead).then_some(())?;
        Some(self.outlook(ctx, on, None).await)
    }

    /// Whether they are cleared for a place at a session on its date, why not, and the year from then; null if the session has no
    /// such place. For the champion, coordinators and the safeguarding lead.
    async fn clearance_for(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
        #[graphql(desc = "Which kind of place.", default_with = "PlaceKind::Helper")] kind: PlaceKind,
    ) -> Option<Result<ChampionClearance>> {
        self.may(ctx, Action::ClearanceRead).then_some(())?;
        match ctx.rows().one(NeedOf(id::parse(&session_id)?, kind)).await {
            Ok(need) => {
                let need = need?;
                Some(self.outlook(ctx, Some(LocalDate(need.date)), Some(need)).await)
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Training that counts or did, oldest first; what was taken back is left out. For the champion, trainers, coordinators
    /// and the safeguarding lead.
    async fn training_completions(&self, ctx: &Context<'_>) -> Option<Result<Vec<TrainingCompletion>>> {
        if !self.may(ctx, Action::TrainingRead) {
            return None;
        }
        Some(ctx.rows().list(CompletionsOf(self.0.id)).await.map(|rows| rows.into_iter().map(TrainingCompletion).collect()))
    }

    /// DBS checks, newest first. For the safeguarding lead alone; every read, and every attempt, is recorded.
    async fn dbs_checks(&self, ctx: &Context<'_>) -> Option<Result<Vec<DbsCheck>>> {
        match ctx.rows().one(DbsDetailOf(self.0.id)).await {
            Ok(found) => found.flatten().map(|rows| Ok(rows.into_iter().map(DbsCheck).collect())),
            Err(error) => Some(Err(error)),
        }
    }

    /// Who has read the detail of their DBS checks, newest first, up to 100. For the champion and the safeguarding lead.
    async fn dbs_read_log(&self, ctx: &Context<'_>) -> Option<Result<Vec<DbsRead>>> {
        if !self.may(ctx, Action::DbsReadLogRead) {
            return None;
        }
        let rows = ctx.rows().list(DbsReadsOf(self.0.id)).await;
        Some(rows.map(|rows| rows.into_iter().take(100).map(DbsRead).collect()))
    }

    /// When they can help. For the champion and coordinators.
    async fn availability(&self, ctx: &Context<'_>) -> Option<Availability> {
        self.may(ctx, Action::AvailabilityRead).then(|| Availability(self.0.clone()))
    }

    /// Offers to them, newest first. For the champion, coordinators and the safeguarding lead.
    async fn offers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those in these states; all if left out.", default)] statuses: Vec<OfferStatus>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<OfferConnection>> {
        if !self.may(ctx, Action::ChampionRotaRead) {
            return None;
        }
        Some(OfferConnection::read(ctx, offer::to(self.0.id, &statuses), offer::OFFERS, Args { first, after, last, before }).await)
    }

    /// Several dates that were offered to them at once, newest first. For the champion, coordinators and the safeguarding lead.
    async fn offer_bundles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<OfferBundleConnection>> {
        if !self.may(ctx, Action::ChampionRotaRead) {
            return None;
        }
        Some(OfferBundleConnection::read(ctx, bundle::to(self.0.id), bundle::BUNDLES, Args { first, after, last, before }).await)
    }

    /// Swaps of places they proposed or are asked for, newest first. For the champion, coordinators and the safeguarding lead.
    async fn swaps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that wait for an answer.", default = true)] proposed_only: bool,
    ) -> Option<Result<Vec<Swap>>> {
        if !self.may(ctx, Action::ChampionRotaRead) {
            return None;
        }
        let wanted = |row: &entity::swap::Model| !proposed_only || row.status == SwapStatus::Proposed;
        let rows = ctx.rows().list(SwapsOf(self.0.id)).await;
        Some(rows.map(|rows| rows.into_iter().filter(wanted).take(50).map(Swap).collect()))
    }

    /// Sessions they are or were placed at, by their start. For the champion, coordinators and the safeguarding lead.
    async fn assignments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those in these states; all if left out.", default)] statuses: Vec<AssignmentStatus>,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<AssignmentConnection>> {
        if !self.may(ctx, Action::ChampionRotaRead) {
            return None;
        }
        Some(
            AssignmentConnection::read(
                ctx,
                offer::assignments_of(self.0.id, &statuses),
                offer::ASSIGNMENTS,
                Args { first, after, last, before },
            )
            .await,
        )
    }

    /// Hours they have given. For the champion, coordinators and the safeguarding lead.
    async fn hours(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which period.", default)] period: DatePeriodInput,
        #[graphql(desc = "For which group; all if left out.")] group_id: Option<ID>,
    ) -> Option<Result<HoursTotal>> {
        if !self.may(ctx, Action::ChampionRotaRead) {
            return None;
        }
        // An id that is none belongs to no group.
        let of = group_id.map(|id| id::parse(&id).unwrap_or(GroupId(uuid::Uuid::nil())));
        let rows: Result<Vec<Hours>> = ctx.rows().list(HoursOf(self.0.id)).await;
        let counts = |h: &&Hours| period.holds(h.date) && of.is_none_or(|group| h.group == group);
        Some(rows.map(|rows| HoursTotal::of(rows.iter().filter(counts))))
    }

    /// Which sessions of the next eight weeks they could do, and what would unlock more. For the champion and coordinators.
    async fn opportunities(&self, ctx: &Context<'_>) -> Option<Result<OpportunityList>> {
        if !self.may(ctx, Action::OpportunitiesRead) {
            return None;
        }
        Some(ctx.rows().one(OpportunitiesOf(self.0.id)).await.map(|found| OpportunityList(found.unwrap_or_default())))
    }

    /// Whether the viewer may change the profile and availability.
    async fn viewer_can_update(&self, ctx: &Context<'_>) -> bool {
        self.may(ctx, Action::ChampionUpdate)
    }

    /// When they signed up.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Give it back as `expectedVersion` to guard against lost updates.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

connection!(ChampionConnection, ChampionEdge, Champion, "champions", champion, |row: &champion::Model| row.number);

/// Which champions to list; conditions are joined with AND.
#[derive(InputObject, Debug, Default)]
pub struct ChampionFilter {
    /// With one of these memberships; all but those who have gone, if left out.
    #[graphql(default)]
    memberships: Vec<Membership>,
    /// Whose full or known-as name holds this text, in any case.
    name_contains: Option<String>,
}

/// A champion by id or by the reference read out on the telephone.
#[derive(OneofObject, Debug)]
pub enum ChampionKey {
    /// By id.
    Id(ID),
    /// By reference, in any case: `DC-0421`.
    Reference(String),
}

/// Queries.
#[derive(Default, Debug)]
pub struct ChampionQuery;

#[Object]
impl ChampionQuery {
    /// Champions, by reference. For trainers, coordinators and the safeguarding lead.
    async fn champions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which champions to list.", default)] filter: ChampionFilter,
        #[graphql(desc = "The first so many: 25 if neither first nor last is given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Option<Result<ChampionConnection>> {
        if !ctx.may(Action::ChampionList, Relation::Other) {
            return None;
        }
        let filter = Filter { open_only: filter.memberships.is_empty(), memberships: filter.memberships, name_holds: filter.name_contains };
        Some(ChampionConnection::read(ctx, select(&filter), BY_REFERENCE, Args { first, after, last, before }).await)
    }

    /// One champion.
    async fn champion(&self, ctx: &Context<'_>, #[graphql(desc = "Which one.")] by: ChampionKey) -> Option<Result<Champion>> {
        match by {
            ChampionKey::Id(id) => Champion::find(ctx, id::parse(&id)?).await,
            ChampionKey::Reference(text) => {
                let row = ctx.rows().aside(by_number(ctx.app().db.read(), number_of(&text)?)).await.map_err(broken);
                Champion::visible(ctx, row).transpose()
            }
        }
    }
}

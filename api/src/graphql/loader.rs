//! Batched reads: a fixed number of statements for a level of a query, however many rows. No cache: what one request read
//! is never shown to another, nor after a write.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use rules::id::{
    AccountId, AssignmentId, CalendarFeedId, ChampionId, ClientId, CohortId, CompletionId, DbsCheckId, DuplicateId, GroupId, ModuleId,
    OfferBundleId, OfferId, OrganisationId, OutcomeId, PlaceId, ReferenceId, RequestId, RequirementId, RotaLineId, RotaProposalId,
    SeriesId, SessionId, StandInId, SwapId, VenueId, WaitingId, WavesId,
};
use sea_orm::DbErr;

use super::ahead::Ahead;
use crate::app::{App, Call};
use crate::error::Fault;
use crate::store::facts::group;
use crate::store::{
    acceptance, attendance, availability, bundle, calendar, clearance, cohort, dbs, ledger, offer, outcome, reference, row, series,
    session, sign_up, stand_in, training, update_service, wave,
};

mod judged;

pub use judged::{CannotAcceptOf, Cleared, MatchedOf, NameOf, NeedOf, OpportunitiesOf, RecordOf};

/// The loader of one request.
#[derive(Debug)]
pub struct Rows {
    /// The service.
    pub app: Arc<App>,
    /// The request.
    pub call: Call,
    /// What was read before anybody asked.
    pub ahead: Ahead,
}

type Batch<K, V> = Result<HashMap<K, V>, Arc<Fault>>;

fn shared(error: impl Into<Fault>) -> Arc<Fault> {
    Arc::new(error.into())
}

macro_rules! by_id {
    ($($id:ident => $entity:ident),+ $(,)?) => { $(
        impl Loader<$id> for Rows {
            type Value = entity::$entity::Model;
            type Error = Arc<Fault>;

            async fn load(&self, keys: &[$id]) -> Batch<$id, Self::Value> {
                let rows = row::holding::<entity::$entity::Entity>(self.app.db.read(), entity::$entity::Column::Id, keys.iter().copied()).await;
                Ok(rows.map_err(shared)?.into_iter().map(|row| (row.id, row)).collect())
            }
        }
    )+ };
}

by_id! {
    AccountId => account,
    CalendarFeedId => calendar_feed,
    ClientId => api_client,
    OrganisationId => organisation,
    GroupId => community_group,
    VenueId => venue,
    ChampionId => champion,
    CompletionId => completion,
    CohortId => cohort,
    RequirementId => requirement,
    DuplicateId => duplicate,
    ReferenceId => referee_reference,
    RotaLineId => rota_line,
    RotaProposalId => rota_proposal,
    SeriesId => series,
    SessionId => session,
    PlaceId => place,
    RequestId => champion_request,
    OfferId => offer,
    OfferBundleId => offer_bundle,
    AssignmentId => assignment,
    WavesId => offer_waves,
    StandInId => stand_in,
    SwapId => swap,
    WaitingId => waiting,
}

impl Loader<ModuleId> for Rows {
    type Value = entity::training_module::Model;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[ModuleId]) -> Batch<ModuleId, Self::Value> {
        let rows = training::by_ids(&self.app.db, keys).await.map_err(shared)?;
        Ok(rows.iter().map(|row| (row.id, entity::training_module::Model::clone(row))).collect())
    }
}

macro_rules! by_parent {
    ($($(#[$meta:meta])* $key:ident($parent:ident) -> $value:ty: |$conn:ident, $ids:ident| $load:expr),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $key(pub $parent);

        impl Loader<$key> for Rows {
            type Value = Vec<$value>;
            type Error = Arc<Fault>;

            async fn load(&self, keys: &[$key]) -> Batch<$key, Self::Value> {
                let $ids: Vec<$parent> = keys.iter().map(|key| key.0).collect();
                let $conn = self.app.db.read();
                let pairs: Result<Vec<($parent, $value)>, DbErr> = async { $load }.await;
                Ok(group(pairs.map_err(shared)?.into_iter().map(|(id, value)| ($key(id), value))))
            }
        }
    )+ };
}

by_parent! {
    /// The languages of a champion.
    LanguagesOf(ChampionId) -> String: |conn, ids| {
        let rows = row::holding::<entity::champion_language::Entity>(conn, entity::champion_language::Column::ChampionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.champion_id, r.language)).collect())
    },
    /// The topics of a champion.
    TopicsOf(ChampionId) -> rules::input::Topic: |conn, ids| {
        let rows = row::holding::<entity::champion_topic::Entity>(conn, entity::champion_topic::Column::ChampionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.champion_id, r.topic)).collect())
    },
    /// The areas a champion serves.
    AreasOf(ChampionId) -> String: |conn, ids| {
        let rows = row::holding::<entity::champion_area::Entity>(conn, entity::champion_area::Column::ChampionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.champion_id, r.area)).collect())
    },
    /// The offers of several dates, by date.
    OffersOfBundle(OfferBundleId) -> entity::offer::Model: |conn, ids| {
        Ok(bundle::dates(conn, ids).await?.into_iter().filter_map(|(offer, _)| Some((offer.bundle_id?, offer))).collect())
    },
    /// The topics of a group.
    GroupTopics(GroupId) -> rules::input::Topic: |conn, ids| {
        let rows = row::holding::<entity::group_topic::Entity>(conn, entity::group_topic::Column::GroupId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.group_id, r.topic)).collect())
    },
    /// The completions of a champion that were not taken back.
    CompletionsOf(ChampionId) -> entity::completion::Model: |conn, ids| {
        Ok(training::completions(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The seats of a dated training session, in the order in which they were taken.
    SeatsOf(CohortId) -> entity::cohort_seat::Model: |conn, ids| {
        Ok(cohort::seats(conn, &ids).await?.into_iter().map(|r| (r.cohort_id, r)).collect())
    },
    /// The certificate of somebody else that a completion rests on.
    EquivalenceOf(CompletionId) -> entity::equivalence::Model: |conn, ids| {
        let rows = row::holding::<entity::equivalence::Entity>(conn, entity::equivalence::Column::CompletionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.completion_id, r)).collect())
    },
    /// The evidence of a champion.
    EvidenceOf(ChampionId) -> entity::evidence::Model: |conn, ids| {
        Ok(training::evidence(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The references of a champion, oldest first.
    ReferencesOf(ChampionId) -> entity::referee_reference::Model: |conn, ids| {
        Ok(reference::of(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// Whom to call for a champion in an emergency.
    EmergencyContactOf(ChampionId) -> entity::emergency_contact::Model: |conn, ids| {
        let rows = row::holding::<entity::emergency_contact::Entity>(conn, entity::emergency_contact::Column::ChampionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The latest word of each organisation on a champion.
    AcceptancesOf(ChampionId) -> entity::acceptance::Model: |conn, ids| {
        Ok(acceptance::latest(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The exemptions of a champion, those that ended included.
    ExemptionsOf(ChampionId) -> entity::exemption::Model: |conn, ids| {
        Ok(clearance::exemptions(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The open alerts of an assignment.
    AlertsOf(AssignmentId) -> entity::assignment_alert::Model: |conn, ids| {
        Ok(clearance::alerts(conn, &ids).await?.into_iter().map(|r| (r.assignment_id, r)).collect())
    },
    /// The checks of a champion, for the checklist: their state only, never shown.
    ChecksOf(ChampionId) -> rules::dbs::DbsRecord: |conn, ids| {
        Ok(dbs::of(conn, &ids).await?.into_iter().map(|r| (r.champion_id, dbs::fact(&r))).collect())
    },
    /// The consents of a champion.
    ConsentsOf(ChampionId) -> entity::consent::Model: |conn, ids| {
        let rows = row::holding::<entity::consent::Entity>(conn, entity::consent::Column::ChampionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The weekly windows of a champion.
    WindowsOf(ChampionId) -> entity::availability_window::Model: |conn, ids| {
        Ok(availability::windows(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// How often a champion wants to help.
    PaceOf(ChampionId) -> entity::champion_pace::Model: |conn, ids| {
        Ok(wave::paces(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// Leave and extra time of a champion.
    ExceptionsOf(ChampionId) -> entity::availability_exception::Model: |conn, ids| {
        Ok(availability::exceptions(conn, &ids).await?.into_iter().map(|r| (r.champion_id, r)).collect())
    },
    /// The modules that come before a module.
    PrerequisitesOf(ModuleId) -> ModuleId: |conn, ids| {
        let rows = row::holding::<entity::module_prerequisite::Entity>(conn, entity::module_prerequisite::Column::ModuleId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.module_id, r.prerequisite_id)).collect())
    },
    /// The places of a session.
    PlacesOf(SessionId) -> entity::place::Model: |conn, ids| {
        Ok(session::places(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// The modules of a place.
    PlaceModules(PlaceId) -> ModuleId: |conn, ids| {
        Ok(session::place_modules(conn, &ids).await?.into_iter().map(|r| (r.place_id, r.module_id)).collect())
    },
    /// The topics of a session.
    SessionTopics(SessionId) -> rules::input::Topic: |conn, ids| {
        Ok(session::topics(conn, &ids).await?.into_iter().map(|r| (r.session_id, r.topic)).collect())
    },
    /// Which date of which series a session is.
    OccurrenceOf(SessionId) -> entity::occurrence::Model: |conn, ids| {
        Ok(series::of_sessions(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// What changed about a session, oldest first.
    ChangesOf(SessionId) -> entity::session_change::Model: |conn, ids| {
        Ok(session::changes(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// The dates taken out of a series and put in.
    DatesOf(SeriesId) -> entity::series_date::Model: |conn, ids| {
        Ok(series::dates(conn, &ids).await?.into_iter().map(|r| (r.series_id, r)).collect())
    },
    /// What bank holidays mean to a group.
    HolidaysOf(GroupId) -> rules::holiday::BankHolidayPolicy: |conn, ids| {
        Ok(series::holidays(conn, &ids).await?.into_iter().collect())
    },
    /// The closures of a group, by date.
    ClosuresOf(GroupId) -> entity::group_closure::Model: |conn, ids| {
        Ok(series::closures(conn, &ids).await?.into_iter().map(|r| (r.group_id, r)).collect())
    },
    /// The confirmed assignments of a session.
    ConfirmedAt(SessionId) -> entity::assignment::Model: |conn, ids| {
        Ok(offer::confirmed(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// The offers of a session.
    OffersFor(SessionId) -> entity::offer::Model: |conn, ids| {
        Ok(offer::of_sessions(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// The live request of a session.
    RequestFor(SessionId) -> entity::champion_request::Model: |conn, ids| {
        Ok(offer::requests_for(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// Whether champions take places of a group's sessions themselves.
    GroupSignUp(GroupId) -> bool: |conn, ids| {
        let rows = row::holding::<entity::group_sign_up::Entity>(conn, entity::group_sign_up::Column::GroupId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.group_id, r.open)).collect())
    },
    /// Whether champions take a session's places themselves, whatever its group says.
    SessionSignUp(SessionId) -> bool: |conn, ids| {
        let rows = row::holding::<entity::session_sign_up::Entity>(conn, entity::session_sign_up::Column::SessionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.session_id, r.open)).collect())
    },
    /// How many champions a session was said to need, by kind of place.
    StaffingOf(SessionId) -> entity::staffing::Model: |conn, ids| {
        let rows = row::holding::<entity::staffing::Entity>(conn, entity::staffing::Column::SessionId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// Who waits for a place at a session, in order.
    WaitingAt(SessionId) -> entity::waiting::Model: |conn, ids| {
        Ok(sign_up::on_list(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// What was recorded of somebody's attendance, oldest first.
    AttendanceOf(AssignmentId) -> entity::attendance::Model: |conn, ids| {
        Ok(attendance::steps(conn, &ids).await?.into_iter().map(|r| (r.assignment_id, r)).collect())
    },
    /// The hours of a champion.
    HoursOf(ChampionId) -> attendance::Hours: |conn, ids| {
        Ok(attendance::hours(conn, attendance::Of::Champions(&ids)).await?.into_iter().map(|h| (h.champion, h)).collect())
    },
    /// The hours given to a group.
    GroupHours(GroupId) -> attendance::Hours: |conn, ids| {
        Ok(attendance::hours(conn, attendance::Of::Groups(&ids)).await?.into_iter().map(|h| (h.group, h)).collect())
    },
    /// What was recorded of what a session did, oldest first.
    OutcomesOf(SessionId) -> entity::outcome::Model: |conn, ids| {
        Ok(outcome::steps(conn, &ids).await?.into_iter().map(|r| (r.session_id, r)).collect())
    },
    /// The numbers of an outcome.
    MarksOf(OutcomeId) -> rules::outcome::Mark: |conn, ids| {
        outcome::marks(conn, &ids).await
    },
    /// What the sessions of a group did.
    ToldOf(GroupId) -> outcome::Told: |conn, ids| {
        Ok(outcome::told(conn, &ids).await?.into_iter().map(|t| (t.group, t)).collect())
    },
    /// Why an offer was sent.
    AskingOf(OfferId) -> entity::asking::Model: |conn, ids| {
        Ok(wave::askings(conn, &ids).await?.into_iter().map(|r| (r.offer_id, r)).collect())
    },
    /// The runs of waves of a request.
    WavesOf(RequestId) -> entity::offer_waves::Model: |conn, ids| {
        Ok(wave::of_requests(conn, &ids).await?.into_iter().map(|r| (r.request_id, r)).collect())
    },
    /// The searches for a stand-in for an assignment.
    StandInsOf(AssignmentId) -> entity::stand_in::Model: |conn, ids| {
        Ok(stand_in::of_assignments(conn, &ids).await?.into_iter().map(|r| (r.assignment_id, r)).collect())
    },
    /// The swaps of a champion.
    SwapsOf(ChampionId) -> entity::swap::Model: |conn, ids| {
        let rows = stand_in::swaps_of(conn, &ids).await?;
        Ok(rows.into_iter().flat_map(|r| [(r.proposer_id, r.clone()), (r.other_id, r)]).filter(|(id, _)| ids.contains(id)).collect())
    },
    /// The assignment an offer led to.
    AssignmentOf(OfferId) -> entity::assignment::Model: |conn, ids| {
        let rows = row::holding::<entity::assignment::Entity>(conn, entity::assignment::Column::OfferId, ids).await?;
        Ok(rows.into_iter().filter_map(|r| Some((r.offer_id?, r))).collect())
    },
    /// Reads of the detail of a champion's DBS checks, and attempts, newest first.
    DbsReadsOf(ChampionId) -> entity::audit_event::Model: |conn, ids| {
        let rows = ledger::audit_of(conn, ids.iter().map(|id| id.0), "DbsDetailRead").await?;
        Ok(rows.into_iter().filter_map(|r| Some((ChampionId(r.subject_id?), r))).collect())
    },
    /// The live calendar addresses of an account.
    FeedsOf(AccountId) -> entity::calendar_feed::Model: |conn, ids| {
        Ok(calendar::of_accounts(conn, &ids).await?.into_iter().map(|r| (r.account_id, r)).collect())
    },
    /// The roles of an account.
    GrantsOf(AccountId) -> entity::role_grant::Model: |conn, ids| {
        let rows = row::holding::<entity::role_grant::Entity>(conn, entity::role_grant::Column::AccountId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.account_id, r)).collect())
    },
    /// The subscription of a check to the Update Service.
    SubscriptionOf(DbsCheckId) -> entity::dbs_subscription::Model: |conn, ids| {
        let rows = row::holding::<entity::dbs_subscription::Entity>(conn, entity::dbs_subscription::Column::CheckId, ids).await?;
        Ok(rows.into_iter().map(|r| (r.check_id, r)).collect())
    },
    /// The answers of the Update Service about a check, newest first.
    AnswersOf(DbsCheckId) -> entity::dbs_status_check::Model: |conn, ids| {
        Ok(update_service::answers(conn, &ids).await?.into_iter().map(|r| (r.check_id, r)).collect())
    },
    /// Until when a champion can join the Update Service with the certificates they have.
    JoinBy(ChampionId) -> chrono::NaiveDate: |conn, ids| {
        update_service::join_deadlines(conn, &ids).await
    },
    /// The keys of a partner client, oldest first.
    KeysOf(ClientId) -> entity::client_key::Model: |conn, ids| {
        let mut rows = row::holding::<entity::client_key::Entity>(conn, entity::client_key::Column::ClientId, ids).await?;
        rows.sort_by_key(|r| (r.created_at, r.id));
        Ok(rows.into_iter().map(|r| (r.client_id, r)).collect())
    },
    /// The steps of a check.
    StepsOf(DbsCheckId) -> entity::dbs_event::Model: |conn, ids| {
        Ok(dbs::events(conn, &ids).await?.into_iter().map(|r| (r.check_id, r)).collect())
    },
}

/// Every requirement version, in the suggested order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequirementsAll;

impl Loader<RequirementsAll> for Rows {
    type Value = Vec<entity::requirement::Model>;
    type Error = Arc<Fault>;

    async fn load(&self, _: &[RequirementsAll]) -> Batch<RequirementsAll, Self::Value> {
        let rows = training::requirements(self.app.db.read()).await.map_err(shared)?;
        Ok(HashMap::from([(RequirementsAll, rows)]))
    }
}

/// The detail of a champion's DBS checks; every read, granted or denied, leaves an audit row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DbsDetailOf(pub ChampionId);

impl Loader<DbsDetailOf> for Rows {
    type Value = Option<Vec<entity::dbs_check::Model>>;
    type Error = Arc<Fault>;

    async fn load(&self, keys: &[DbsDetailOf]) -> Batch<DbsDetailOf, Self::Value> {
        let ids: Vec<ChampionId> = keys.iter().map(|key| key.0).collect();
        let mut found = crate::service::dbs::read_detail(&self.app, &self.call, &ids).await.map_err(shared)?;
        Ok(keys.iter().map(|key| (*key, found.remove(&key.0))).collect())
    }
}

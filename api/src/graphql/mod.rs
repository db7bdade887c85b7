//! The GraphQL adapter: names, nullability, paging, payloads. No rule and no SQL of its own.

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema};

pub mod acceptance;
pub mod account;
pub mod ahead;
pub mod assignment;
pub mod attendance;
pub mod audit;
pub mod availability;
pub mod batch;
pub mod bundle;
pub mod calendar;
pub mod champion;
pub mod champion_change;
pub mod clearance;
pub mod client;
pub mod code;
pub mod cohort;
pub mod context;
pub mod dbs;
pub mod document;
pub mod duplicate;
pub mod emergency;
pub mod exemption;
pub mod group;
pub mod group_calendar;
pub mod id;
mod listed;
pub mod loader;
pub mod matching;
pub mod node;
pub mod offer;
pub mod onboarding;
pub mod once;
pub mod organisation;
pub mod outcome;
pub mod paging;
pub mod problem;
pub mod quick;
pub mod rate_limit;
pub mod reference;
pub mod request;
pub mod requirement;
pub mod rota;
pub mod rota_change;
pub mod rota_proposal;
mod rota_proposal_changed;
pub mod scalar;
pub mod series;
pub mod series_change;
pub mod session;
pub mod session_change;
pub mod session_changed;
pub mod shared;
pub mod sign_up;
pub mod staffing;
pub mod stage;
pub mod stand_in;
pub mod swap;
pub mod training;
pub mod training_change;
pub mod update_service;
pub mod venue;
pub mod wave;

/// Reads. A field is null when the thing does not exist or the viewer may not see it; the two look the same.
#[derive(MergedObject, Default, Debug)]
pub struct Query(
    node::NodeQuery,
    account::AccountQuery,
    client::ApiClientQuery,
    audit::AuditQuery,
    organisation::OrganisationQuery,
    group::GroupQuery,
    venue::VenueQuery,
    champion::ChampionQuery,
    requirement::RequirementQuery,
    reference::ReferenceQuery,
    duplicate::DuplicateQuery,
    stage::StageQuery,
    clearance::ClearanceQuery,
    training::TrainingQuery,
    cohort::CohortQuery,
    session::SessionQuery,
    series::SeriesQuery,
    request::RequestQuery,
    matching::MatchQuery,
    rota::RotaQuery,
    rate_limit::RateLimitQuery,
    rota_proposal::RotaProposalQuery,
);

/// Writes about who takes part. A list of their own, since the compiler follows a merged one only so deep.
#[derive(MergedObject, Default, Debug)]
pub struct TakingPart(
    offer::OfferMutation,
    bundle::BundleMutation,
    wave::WaveMutation,
    sign_up::SignUpMutation,
    staffing::StaffingMutation,
    stand_in::StandInMutation,
    swap::SwapMutation,
    assignment::AssignmentMutation,
    attendance::AttendanceMutation,
    outcome::OutcomeMutation,
);

/// Writes. Each takes one `input` and answers a payload: look at `userErrors` before anything else. Inputs that create
/// something take an `idempotencyKey`: the same key and input within 24 hours answer the first result again.
#[derive(MergedObject, Default, Debug)]
pub struct Mutation(
    champion_change::ChampionMutation,
    onboarding::OnboardingMutation,
    exemption::ExemptionMutation,
    requirement::RequirementMutation,
    reference::ReferenceMutation,
    acceptance::AcceptanceMutation,
    duplicate::DuplicateMutation,
    emergency::EmergencyMutation,
    stage::StageMutation,
    training_change::TrainingMutation,
    cohort::CohortMutation,
    dbs::DbsMutation,
    update_service::UpdateServiceMutation,
    availability::AvailabilityMutation,
    session_change::SessionMutation,
    series_change::SeriesMutation,
    group_calendar::GroupCalendarMutation,
    calendar::CalendarMutation,
    request::RequestMutation,
    TakingPart,
    rota_change::RotaMutation,
    organisation::OrganisationMutation,
    group::GroupMutation,
    venue::VenueMutation,
    account::AccountMutation,
    client::ApiClientMutation,
);

/// What goes on, over WebSocket with the protocol graphql-transport-ws at the same path. For open screens: a connection may drop
/// at any time, and whoever comes back reads again.
#[derive(MergedSubscription, Default, Debug)]
pub struct Subscription(session_changed::SessionSubscription, rota_proposal_changed::RotaProposalSubscription);

/// The whole contract.
pub type Contract = Schema<Query, Mutation, Subscription>;

/// Builds the schema. What a request needs is put into it by [`context::prepare`].
pub fn contract() -> Contract {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<problem::UserError>()
        .register_output_type::<node::Node>()
        .finish()
}

/// The contract as text: what `schema.graphql` holds.
pub fn sdl() -> String {
    sdl_of(&contract())
}

/// The same of a contract that is there.
pub fn sdl_of(contract: &Contract) -> String {
    contract.sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items())
}

//! DigiKnow's service: champion onboarding, clearance and rota over GraphQL.
pub mod clock;
pub mod error;
pub mod graphql;
pub mod http;
pub mod store;

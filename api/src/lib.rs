//! DigiKnow's service: champion onboarding, clearance and rota over GraphQL.
pub mod app;
pub mod auth;
pub mod backup;
pub mod baseline;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod graphql;
pub mod http;
pub mod keys;
pub mod operate;
pub mod postcodes;
pub mod rota;
pub mod scheduler;
pub mod service;
pub mod store;

//! DigiKnow's service: champion onboarding, clearance and rota over GraphQL.
// The root types of the contract are merged of many: their futures nest as deep.
#![recursion_limit = "256"]

pub mod app;
pub mod aside;
pub mod auth;
pub mod backup;
pub mod baseline;
pub mod budget;
pub mod clock;
pub mod command;
pub mod config;
pub mod demo;
pub mod error;
pub mod generate;
pub mod graphql;
pub mod http;
pub mod keys;
pub mod metrics;
pub mod news;
pub mod operate;
pub mod postcodes;
pub mod provider;
pub mod rota;
pub mod scheduler;
pub mod sealing;
pub mod service;
pub mod store;
pub mod token;
pub mod update_service;

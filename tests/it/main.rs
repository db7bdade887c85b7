//! Behaviour through GraphQL and HTTP, on SQLite and, where `DIGIKNOW_TEST_POSTGRES_URL` names a server, on PostgreSQL.

mod authz;
mod availability;
mod away;
mod backup;
mod budget;
mod champion;
mod clearance;
mod contract;
mod dbs;
mod harness;
mod identity;
mod input;
mod layers;
mod metrics;
mod offer;
mod onboarding;
mod race;
mod request;
mod rota;
mod scheduler;
mod session;
mod slow;
mod socket;
mod tour;
mod training;

//! Behaviour through GraphQL and HTTP, on SQLite and, where `DIGIKNOW_TEST_POSTGRES_URL` names a server, on PostgreSQL.

mod availability;
mod champion;
mod dbs;
mod harness;
mod input;
mod layers;
mod offer;
mod onboarding;
mod training;

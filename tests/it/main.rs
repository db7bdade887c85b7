//! Behaviour through GraphQL and HTTP, on SQLite and, where `DIGIKNOW_TEST_POSTGRES_URL` names a server, on PostgreSQL.

mod authz;
mod budget;
mod contract;
mod harness;
mod layers;
mod offer;
mod race;
mod request;
mod rota;
mod session;
mod tour;

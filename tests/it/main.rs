//! Behaviour through GraphQL and HTTP, on SQLite and, where `DIGIKNOW_TEST_POSTGRES_URL` names a server, on PostgreSQL.

#![recursion_limit = "256"]

mod acceptance;
mod answer;
mod authz;
mod availability;
mod away;
mod backup;
mod budget;
mod canary;
mod champion;
mod clearance;
mod cohort;
mod contract;
mod dbs;
mod duplicate;
mod emergency;
mod harness;
mod headers;
mod identity;
mod input;
mod layers;
mod life;
mod limits;
mod metrics;
mod offer;
mod onboarding;
mod race;
mod reference;
mod request;
mod rota;
mod rota_plan;
mod scheduler;
mod session;
mod slow;
mod socket;
mod stage;
mod stand_in;
mod swap;
mod sweep;
mod tour;
mod training;
mod wave;

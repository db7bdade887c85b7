//! The schema's history, oldest first. A migration that has shipped is never edited: add another.

use sea_orm_migration::prelude::*;

mod m20261121_000001_first;
mod m20261121_000002_identity;
mod m20261121_000003_edge;
mod m20261121_000004_rota;
mod m20261121_000005_onboarding;
mod m20261121_000005b_dbs;
mod m20261121_000006_life;
mod m20261122_000006_cover;
mod m20261122_000007_access;
mod m20261122_000009_series;
mod m20261122_000010_taking_part;
mod m20261122_000011_onboarding;
mod m20261122_000012_speed;
mod m20261122_000013_candidates;
mod m20261122_000014_acceptance;
mod m20261122_000016_need_change;
mod m20261122_000021_hurried;
mod m20261122_000022_to_confirm;
mod m20261122_000023_session_alert;
mod m20261122_000024_closed;
mod m20261122_000031_areas;
mod m20261122_000032_bundle;
mod m20261122_000033_who_has_a_role;
mod m20261123_000034_clearance_due;

/// Runs the migrations. Replicas that start together go through `api::store::migrate`, which holds a lock.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_first::Migration),
            Box::new(m20261121_000002_identity::Migration),
            Box::new(m20261121_000003_edge::Migration),
            Box::new(m20261121_000004_rota::Migration),
            Box::new(m20261121_000005_onboarding::Migration),
            Box::new(m20261121_000005b_dbs::Migration),
            Box::new(m20261121_000006_life::Migration),
            Box::new(m20261122_000006_cover::Migration),
            Box::new(m20261122_000007_access::Migration),
            Box::new(m20261122_000009_series::Migration),
            Box::new(m20261122_000010_taking_part::Migration),
            Box::new(m20261122_000011_onboarding::Migration),
            Box::new(m20261122_000012_speed::Migration),
            Box::new(m20261122_000013_candidates::Migration),
            Box::new(m20261122_000014_acceptance::Migration),
            Box::new(m20261122_000016_need_change::Migration),
            Box::new(m20261122_000021_hurried::Migration),
            Box::new(m20261122_000022_to_confirm::Migration),
            Box::new(m20261122_000023_session_alert::Migration),
            Box::new(m20261122_000024_closed::Migration),
            Box::new(m20261122_000031_areas::Migration),
            Box::new(m20261122_000032_bundle::Migration),
            Box::new(m20261122_000033_who_has_a_role::Migration),
            Box::new(m20261123_000034_clearance_due::Migration),
        ]
    }
}

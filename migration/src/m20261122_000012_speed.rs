//! Indexes that a million assignments ask for.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

const INDEXES: [&str; 3] = [
    // The assignment an offer led to.
    "CREATE INDEX assignment_offer_id ON assignment (offer_id)",
    // Who is expected from now on, for the forecast.
    "CREATE INDEX assignment_confirmed_ahead ON assignment (starts_at) WHERE status = 'CONFIRMED'",
    // Offers that have lapsed, each minute.
    "CREATE INDEX offer_pending_until ON offer (expires_at) WHERE status = 'PENDING'",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

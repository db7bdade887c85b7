//! The few sessions that wait for a leader's word, for the clock that ends the waiting.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX session_to_confirm ON session (starts_at) WHERE status = 'TO_CONFIRM'";
        manager.get_connection().execute_unprepared(index).await.map(|_| ())
    }
}

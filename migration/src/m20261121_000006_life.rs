//! The scheduler's jobs, and offers whose place has ended since they were accepted.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(job()).await?;
        // What led to a place that has ended reads ENDED from now on, not ACCEPTED.
        let ended = "UPDATE offer SET status = 'ENDED' WHERE status = 'ACCEPTED' AND EXISTS \
             (SELECT 1 FROM assignment a WHERE a.offer_id = offer.id AND a.status <> 'CONFIRMED')";
        manager.get_connection().execute_unprepared(ended).await.map(|_| ())
    }
}

fn job() -> TableCreateStatement {
    Table::create()
        .table("job")
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("due_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("held_by").uuid())
        .col(ColumnDef::new("held_until").timestamp_with_time_zone())
        .col(ColumnDef::new("ran_at").timestamp_with_time_zone())
        .col(ColumnDef::new("failures").integer().not_null())
        .primary_key(Index::create().col("name"))
        .take()
}

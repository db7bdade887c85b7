//! What leaders and coordinators were told puts a session at risk: each cause once, until it is mended.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(session_alert()).await?;
        let once = "CREATE UNIQUE INDEX session_alert_once ON session_alert (session_id, cause) WHERE settled_at IS NULL";
        manager.get_connection().execute_unprepared(once).await.map(|_| ())
    }
}

fn session_alert() -> TableCreateStatement {
    Table::create()
        .table("session_alert")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("cause").text().not_null())
        .col(ColumnDef::new("raised_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("settled_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("session_alert", "session_id").to("session", "id"))
        .take()
}

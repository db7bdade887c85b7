//! Tells replicas of new outbox rows, and keeps the documents a client has registered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(client_document()).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            for statement in TELL {
                manager.get_connection().execute_unprepared(statement).await?;
            }
        }
        Ok(())
    }
}

fn client_document() -> TableCreateStatement {
    Table::create()
        .table("client_document")
        .col(ColumnDef::new("client_id").uuid().not_null())
        .col(ColumnDef::new("hash").text().not_null())
        .col(ColumnDef::new("document").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("client_id").col("hash"))
        .foreign_key(ForeignKey::create().from("client_document", "client_id").to("api_client", "id"))
        .take()
}

/// A notification leaves when its transaction commits, and not at all if it does not. It names the row: what is in it is read.
const TELL: [&str; 2] = [
    "CREATE FUNCTION outbox_tell() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN PERFORM pg_notify('digiknow_outbox', NEW.id::text); RETURN NULL; END $$",
    "CREATE TRIGGER outbox_tell AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.topic <> 'mail') EXECUTE FUNCTION outbox_tell()",
];

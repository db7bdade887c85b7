//! Several dates of a group, offered to a champion at once: ordinary offers that name what they were sent with.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(offer_bundle()).await?;
        let bundle = ColumnDef::new("bundle_id").uuid().take();
        manager.alter_table(Table::alter().table("offer").add_column(bundle).take()).await?;
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const INDEXES: [&str; 2] = [
    "CREATE INDEX offer_bundle_of ON offer (bundle_id) WHERE bundle_id IS NOT NULL",
    "CREATE INDEX offer_bundle_champion ON offer_bundle (champion_id, sent_at)",
];

fn offer_bundle() -> TableCreateStatement {
    Table::create()
        .table("offer_bundle")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("group_id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("message").text().not_null())
        .col(ColumnDef::new("sent_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("offer_bundle", "group_id").to("community_group", "id"))
        .foreign_key(ForeignKey::create().from("offer_bundle", "champion_id").to("champion", "id"))
        .take()
}

//! The areas that champions serve beside what lies within their reach.

use sea_orm_migration::prelude::*;

use super::m20261122_000013_candidates::triggers;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(champion_area()).await?;
        for statement in triggers(manager.get_database_backend(), "champion_area", "champion_id") {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

fn champion_area() -> TableCreateStatement {
    Table::create()
        .table("champion_area")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("area").text().not_null())
        .primary_key(Index::create().col("champion_id").col("area"))
        .foreign_key(ForeignKey::create().from("champion_area", "champion_id").to("champion", "id"))
        .take()
}

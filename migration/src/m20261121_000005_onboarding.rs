//! Exemptions, and alerts of assignments that facts have broken since they were accepted.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(exemption()).await?;
        manager.create_table(assignment_alert()).await?;
        manager.create_index(Index::create().name("exemption_champion_id").table("exemption").col("champion_id").take()).await?;
        let one_open = "CREATE UNIQUE INDEX assignment_alert_one_open ON assignment_alert (assignment_id) WHERE settled_at IS NULL";
        manager.get_connection().execute_unprepared(one_open).await?;
        Ok(())
    }
}

fn exemption() -> TableCreateStatement {
    Table::create()
        .table("exemption")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("requirement_id").uuid().not_null())
        .col(ColumnDef::new("comment").text().not_null())
        .col(ColumnDef::new("from_on").date().not_null())
        .col(ColumnDef::new("until_on").date().not_null())
        .col(ColumnDef::new("granted_by").uuid())
        .col(ColumnDef::new("granted_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("ended_by").uuid())
        .col(ColumnDef::new("ended_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("exemption", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("exemption", "requirement_id").to("requirement", "id"))
        .foreign_key(ForeignKey::create().from("exemption", "granted_by").to("account", "id"))
        .foreign_key(ForeignKey::create().from("exemption", "ended_by").to("account", "id"))
        .take()
}

fn assignment_alert() -> TableCreateStatement {
    Table::create()
        .table("assignment_alert")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("assignment_id").uuid().not_null())
        .col(ColumnDef::new("raised_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("settled_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("assignment_alert", "assignment_id").to("assignment", "id"))
        .take()
}

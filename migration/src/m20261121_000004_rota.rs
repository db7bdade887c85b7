//! Planned rotas and their lines.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(proposal()).await?;
        manager.create_table(line()).await?;
        manager.create_index(Index::create().name("rota_proposal_created_at").table("rota_proposal").col("created_at").take()).await?;
        let once = Index::create()
            .name("rota_line_once")
            .table("rota_line")
            .col("proposal_id")
            .col("session_id")
            .col("champion_id")
            .unique()
            .take();
        manager.create_index(once).await
    }
}

fn proposal() -> TableCreateStatement {
    Table::create()
        .table("rota_proposal")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("from_date").date().not_null())
        .col(ColumnDef::new("until_date").date().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("seed").big_integer().not_null())
        .col(ColumnDef::new("seconds").integer().not_null())
        .col(ColumnDef::new("keep_locked_of").uuid())
        .col(ColumnDef::new("objective").big_integer())
        .col(ColumnDef::new("bound").big_integer())
        .col(ColumnDef::new("work").big_integer().not_null())
        .col(ColumnDef::new("figures").text())
        .col(ColumnDef::new("requested_by").uuid())
        .col(ColumnDef::new("published_by").uuid())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("runner").uuid())
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(ColumnDef::new("heard_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("finished_at").timestamp_with_time_zone())
        .col(ColumnDef::new("version").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("rota_proposal", "keep_locked_of").to("rota_proposal", "id"))
        .foreign_key(ForeignKey::create().from("rota_proposal", "requested_by").to("account", "id"))
        .foreign_key(ForeignKey::create().from("rota_proposal", "published_by").to("account", "id"))
        .take()
}

fn line() -> TableCreateStatement {
    Table::create()
        .table("rota_line")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("proposal_id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("starts_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("locked").boolean().not_null())
        .col(ColumnDef::new("origin").text().not_null())
        .col(ColumnDef::new("offer_id").uuid())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("rota_line", "proposal_id").to("rota_proposal", "id"))
        .foreign_key(ForeignKey::create().from("rota_line", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("rota_line", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("rota_line", "offer_id").to("offer", "id"))
        .take()
}

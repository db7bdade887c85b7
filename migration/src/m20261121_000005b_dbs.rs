//! Subscriptions to the DBS Update Service and its answers; what a check was asked for, and when its content was removed.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [ColumnDef::new("position").text().take(), ColumnDef::new("content_removed_at").timestamp_with_time_zone().take()] {
            manager.alter_table(Table::alter().table("dbs_check").add_column(column).take()).await?;
        }
        manager.create_table(dbs_subscription()).await?;
        manager.create_table(dbs_status_check()).await?;
        let index =
            |table: &'static str, column: &'static str| Index::create().name(format!("{table}_{column}")).table(table).col(column).take();
        manager.create_index(index("dbs_subscription", "next_check_at")).await?;
        manager.create_index(index("dbs_status_check", "check_id")).await?;
        manager.create_index(index("dbs_check", "decided_on")).await
    }
}

fn dbs_subscription() -> TableCreateStatement {
    Table::create()
        .table("dbs_subscription")
        .col(ColumnDef::new("check_id").uuid().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("joined_on").date().not_null())
        .col(ColumnDef::new("surname").text().not_null())
        .col(ColumnDef::new("wording_version").text().not_null())
        .col(ColumnDef::new("agreed_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("recorded_by").uuid())
        .col(ColumnDef::new("stale_since").timestamp_with_time_zone())
        .col(ColumnDef::new("checked_at").timestamp_with_time_zone())
        .col(ColumnDef::new("failures").integer().not_null())
        .col(ColumnDef::new("next_check_at").timestamp_with_time_zone())
        .col(ColumnDef::new("lease_id").uuid())
        .col(ColumnDef::new("lease_until").timestamp_with_time_zone())
        .primary_key(Index::create().col("check_id"))
        .foreign_key(ForeignKey::create().from("dbs_subscription", "check_id").to("dbs_check", "id"))
        .foreign_key(ForeignKey::create().from("dbs_subscription", "recorded_by").to("account", "id"))
        .take()
}

fn dbs_status_check() -> TableCreateStatement {
    Table::create()
        .table("dbs_status_check")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("check_id").uuid().not_null())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("answer").text().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("dbs_status_check", "check_id").to("dbs_check", "id"))
        .take()
}

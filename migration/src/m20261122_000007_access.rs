//! Access: sign-in through an identity provider, and what requests with an idempotency key were answered.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [provider_attempt(), provider_link(), provider_role(), kept_answer()] {
            manager.create_table(table).await?;
        }
        // An account has one name at an issuer: somebody who is given the address later does not get the account.
        let once = Index::create().name("provider_link_once").table("provider_link").col("account_id").col("issuer").unique().take();
        manager.create_index(once).await?;
        for (table, column) in [("provider_attempt", "expires_at"), ("kept_answer", "created_at"), ("idempotency", "created_at")] {
            manager.create_index(Index::create().name(format!("{table}_{column}")).table(table).col(column).take()).await?;
        }
        Ok(())
    }
}

/// Somebody is on the way through the provider. Hashes only.
fn provider_attempt() -> TableCreateStatement {
    Table::create()
        .table("provider_attempt")
        .col(ColumnDef::new("state_hash").text().not_null())
        .col(ColumnDef::new("browser_hash").text().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("state_hash"))
        .take()
}

/// Who at the provider is which account.
fn provider_link() -> TableCreateStatement {
    Table::create()
        .table("provider_link")
        .col(ColumnDef::new("issuer").text().not_null())
        .col(ColumnDef::new("subject").text().not_null())
        .col(ColumnDef::new("account_id").uuid().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("last_used_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("issuer").col("subject"))
        .foreign_key(ForeignKey::create().from("provider_link", "account_id").to("account", "id").on_delete(ForeignKeyAction::Cascade))
        .take()
}

/// Which roles came with a group. A table of its own: the version before writes roles without knowing of it.
fn provider_role() -> TableCreateStatement {
    Table::create()
        .table("provider_role")
        .col(ColumnDef::new("grant_id").uuid().not_null())
        .primary_key(Index::create().col("grant_id"))
        .foreign_key(ForeignKey::create().from("provider_role", "grant_id").to("role_grant", "id").on_delete(ForeignKeyAction::Cascade))
        .take()
}

/// What was answered under a key, sealed.
fn kept_answer() -> TableCreateStatement {
    Table::create()
        .table("kept_answer")
        .col(ColumnDef::new("caller").text().not_null())
        .col(ColumnDef::new("key").text().not_null())
        .col(ColumnDef::new("request_hash").text().not_null())
        .col(ColumnDef::new("answer").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("caller").col("key").col("request_hash"))
        .take()
}

//! Identity: refresh families, links by e-mail, keys of clients, and how often somebody tried.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [rate_limit(), sign_in(), refresh_token(), account_link(), client_key()];
        for table in tables {
            manager.create_table(table).await?;
        }
        for (table, column) in
            [("rate_limit", "empty_at"), ("sign_in", "account_id"), ("refresh_token", "sign_in_id"), ("client_key", "client_id")]
        {
            manager.create_index(Index::create().name(format!("{table}_{column}")).table(table).col(column).take()).await?;
        }
        let scopes = ColumnDef::new("scopes").text().not_null().default("[]").take();
        manager.alter_table(Table::alter().table("api_client").add_column(scopes).take()).await?;
        // The keys that are there go on working.
        let copy = "INSERT INTO client_key (id, client_id, hash, prefix, created_at) \
                    SELECT id, id, key_hash, key_prefix, created_at FROM api_client";
        manager.get_connection().execute_unprepared(copy).await.map(|_| ())
    }
}

/// How full each bucket of `rules::limit` is.
fn rate_limit() -> TableCreateStatement {
    Table::create()
        .table("rate_limit")
        .col(ColumnDef::new("key").text().not_null())
        .col(ColumnDef::new("empty_at").big_integer().not_null())
        .primary_key(Index::create().col("key"))
        .take()
}

/// A family of refresh tokens: one sign-in, on one device.
fn sign_in() -> TableCreateStatement {
    Table::create()
        .table("sign_in")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("account_id").uuid().not_null())
        .col(ColumnDef::new("epoch").big_integer().not_null())
        .col(ColumnDef::new("method").text().not_null())
        .col(ColumnDef::new("device").text().not_null())
        .col(ColumnDef::new("generation").integer().not_null())
        .col(ColumnDef::new("rotated_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("ended_at").timestamp_with_time_zone())
        .col(ColumnDef::new("end_reason").text())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("sign_in", "account_id").to("account", "id"))
        .take()
}

fn refresh_token() -> TableCreateStatement {
    Table::create()
        .table("refresh_token")
        .col(ColumnDef::new("hash").text().not_null())
        .col(ColumnDef::new("sign_in_id").uuid().not_null())
        .col(ColumnDef::new("generation").integer().not_null())
        .primary_key(Index::create().col("hash"))
        .foreign_key(ForeignKey::create().from("refresh_token", "sign_in_id").to("sign_in", "id"))
        .take()
}

/// A link of an address nobody has names no account: asking leaves the same rows either way.
fn account_link() -> TableCreateStatement {
    Table::create()
        .table("account_link")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("account_id").uuid())
        .col(ColumnDef::new("purpose").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("used_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("account_link", "account_id").to("account", "id"))
        .take()
}

fn client_key() -> TableCreateStatement {
    Table::create()
        .table("client_key")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("client_id").uuid().not_null())
        .col(ColumnDef::new("hash").text().not_null().unique_key())
        .col(ColumnDef::new("prefix").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone())
        .col(ColumnDef::new("last_used_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("client_key", "client_id").to("api_client", "id"))
        .take()
}

//! Champion tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![champion(), champion_language(), champion_topic(), consent(), email_token()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![super::index("champion", &["membership"]), super::index("consent", &["champion_id"])]
}

fn champion() -> TableCreateStatement {
    Table::create()
        .table("champion")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("number").integer().not_null().unique_key())
        .col(ColumnDef::new("account_id").uuid().unique_key())
        .col(ColumnDef::new("full_name").text().not_null())
        .col(ColumnDef::new("known_as").text())
        .col(ColumnDef::new("name_key").text().not_null())
        .col(ColumnDef::new("email").text().not_null())
        .col(ColumnDef::new("email_key").text().not_null().unique_key())
        .col(ColumnDef::new("email_confirmed_at").timestamp_with_time_zone())
        .col(ColumnDef::new("phone_raw").text())
        .col(ColumnDef::new("phone_e164").text())
        .col(ColumnDef::new("postcode").text())
        .col(ColumnDef::new("latitude").double())
        .col(ColumnDef::new("longitude").double())
        .col(ColumnDef::new("ward").text())
        .col(ColumnDef::new("birth_date").date())
        .col(ColumnDef::new("membership").text().not_null())
        .col(ColumnDef::new("membership_changed_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("reach_metres").integer().not_null())
        .col(ColumnDef::new("remote_only").boolean().not_null())
        .col(ColumnDef::new("most_per_week").integer())
        .col(ColumnDef::new("last_asked_at").timestamp_with_time_zone())
        .col(ColumnDef::new("source_client_id").uuid())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("champion", "account_id").to("account", "id"))
        .foreign_key(ForeignKey::create().from("champion", "source_client_id").to("api_client", "id"))
        .take()
}

fn champion_language() -> TableCreateStatement {
    Table::create()
        .table("champion_language")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("language").text().not_null())
        .primary_key(Index::create().col("champion_id").col("language"))
        .foreign_key(ForeignKey::create().from("champion_language", "champion_id").to("champion", "id"))
        .take()
}

fn champion_topic() -> TableCreateStatement {
    Table::create()
        .table("champion_topic")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("topic").text().not_null())
        .primary_key(Index::create().col("champion_id").col("topic"))
        .foreign_key(ForeignKey::create().from("champion_topic", "champion_id").to("champion", "id"))
        .take()
}

fn consent() -> TableCreateStatement {
    Table::create()
        .table("consent")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("purpose").text().not_null())
        .col(ColumnDef::new("wording_version").text().not_null())
        .col(ColumnDef::new("given").boolean().not_null())
        .col(ColumnDef::new("given_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("channel").text().not_null())
        .col(ColumnDef::new("withdrawn_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("consent", "champion_id").to("champion", "id"))
        .take()
}

fn email_token() -> TableCreateStatement {
    Table::create()
        .table("email_token")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("used_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("email_token", "champion_id").to("champion", "id"))
        .take()
}

//! Directory tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![account(), organisation(), api_client(), venue(), community_group(), group_topic(), role_grant()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![super::index("community_group", &["organisation_id"]), super::index("role_grant", &["account_id"])]
}

fn account() -> TableCreateStatement {
    Table::create()
        .table("account")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("email").text().not_null())
        .col(ColumnDef::new("email_key").text().not_null().unique_key())
        .col(ColumnDef::new("display_name").text().not_null())
        .col(ColumnDef::new("password_hash").text())
        .col(ColumnDef::new("active").boolean().not_null())
        .col(ColumnDef::new("epoch").big_integer().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .take()
}

fn organisation() -> TableCreateStatement {
    Table::create()
        .table("organisation")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("slug").text().not_null().unique_key())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("description").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .take()
}

fn api_client() -> TableCreateStatement {
    Table::create()
        .table("api_client")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("organisation_id").uuid())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("key_prefix").text().not_null())
        .col(ColumnDef::new("key_hash").text().not_null().unique_key())
        .col(ColumnDef::new("origins").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("disabled_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("api_client", "organisation_id").to("organisation", "id"))
        .take()
}

fn venue() -> TableCreateStatement {
    Table::create()
        .table("venue")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("organisation_id").uuid())
        .col(ColumnDef::new("slug").text().not_null().unique_key())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("address").text().not_null())
        .col(ColumnDef::new("postcode").text().not_null())
        .col(ColumnDef::new("latitude").double().not_null())
        .col(ColumnDef::new("longitude").double().not_null())
        .col(ColumnDef::new("ward").text())
        .col(ColumnDef::new("step_free").boolean().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("venue", "organisation_id").to("organisation", "id"))
        .take()
}

fn community_group() -> TableCreateStatement {
    Table::create()
        .table("community_group")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("organisation_id").uuid().not_null())
        .col(ColumnDef::new("venue_id").uuid())
        .col(ColumnDef::new("slug").text().not_null().unique_key())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("description").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("community_group", "organisation_id").to("organisation", "id"))
        .foreign_key(ForeignKey::create().from("community_group", "venue_id").to("venue", "id"))
        .take()
}

fn group_topic() -> TableCreateStatement {
    Table::create()
        .table("group_topic")
        .col(ColumnDef::new("group_id").uuid().not_null())
        .col(ColumnDef::new("topic").text().not_null())
        .primary_key(Index::create().col("group_id").col("topic"))
        .foreign_key(ForeignKey::create().from("group_topic", "group_id").to("community_group", "id"))
        .take()
}

fn role_grant() -> TableCreateStatement {
    Table::create()
        .table("role_grant")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("account_id").uuid().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("group_id").uuid())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("role_grant", "account_id").to("account", "id"))
        .foreign_key(ForeignKey::create().from("role_grant", "group_id").to("community_group", "id"))
        .take()
}

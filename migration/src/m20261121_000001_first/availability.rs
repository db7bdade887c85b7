//! Availability tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![availability_window(), availability_exception()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![super::index("availability_window", &["champion_id"]), super::index("availability_exception", &["champion_id"])]
}

fn availability_window() -> TableCreateStatement {
    Table::create()
        .table("availability_window")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("weekday").text().not_null())
        .col(ColumnDef::new("starts").time().not_null())
        .col(ColumnDef::new("ends").time().not_null())
        .col(ColumnDef::new("zone").text().not_null())
        .col(ColumnDef::new("every_weeks").integer().not_null())
        .col(ColumnDef::new("valid_from").date().not_null())
        .col(ColumnDef::new("valid_until").date())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("availability_window", "champion_id").to("champion", "id"))
        .take()
}

fn availability_exception() -> TableCreateStatement {
    Table::create()
        .table("availability_exception")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("first_date").date().not_null())
        .col(ColumnDef::new("last_date").date().not_null())
        .col(ColumnDef::new("starts").time())
        .col(ColumnDef::new("ends").time())
        .col(ColumnDef::new("zone").text().not_null())
        .col(ColumnDef::new("reason").text())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("availability_exception", "champion_id").to("champion", "id"))
        .take()
}

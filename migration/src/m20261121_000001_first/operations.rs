//! Operations tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![audit_event(), outbox(), idempotency(), setting(), counter()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        super::index("audit_event", &["subject_id", "at"]),
        super::index("audit_event", &["at"]),
        super::index("outbox", &["delivered_at", "at"]),
    ]
}

fn audit_event() -> TableCreateStatement {
    Table::create()
        .table("audit_event")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("actor_id").uuid())
        .col(ColumnDef::new("client_id").uuid())
        .col(ColumnDef::new("action").text().not_null())
        .col(ColumnDef::new("subject_kind").text().not_null())
        .col(ColumnDef::new("subject_id").uuid())
        .col(ColumnDef::new("outcome").text().not_null())
        .col(ColumnDef::new("detail").text().not_null())
        .col(ColumnDef::new("request_id").text().not_null())
        .primary_key(Index::create().col("id"))
        .take()
}

fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("topic").text().not_null())
        .col(ColumnDef::new("payload").text().not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(ColumnDef::new("delivered_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("id"))
        .take()
}

fn idempotency() -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(ColumnDef::new("caller").text().not_null())
        .col(ColumnDef::new("key").text().not_null())
        .col(ColumnDef::new("operation").text().not_null())
        .col(ColumnDef::new("input_hash").text().not_null())
        .col(ColumnDef::new("response").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("caller").col("key"))
        .take()
}

fn setting() -> TableCreateStatement {
    Table::create()
        .table("setting")
        .col(ColumnDef::new("key").text().not_null())
        .col(ColumnDef::new("value").text().not_null())
        .primary_key(Index::create().col("key"))
        .take()
}

fn counter() -> TableCreateStatement {
    Table::create()
        .table("counter")
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("value").big_integer().not_null())
        .primary_key(Index::create().col("name"))
        .take()
}

//! Dbs tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![dbs_check(), dbs_event()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![super::index("dbs_check", &["champion_id"]), super::index("dbs_event", &["check_id"])]
}

fn dbs_check() -> TableCreateStatement {
    Table::create()
        .table("dbs_check")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("level").text().not_null())
        .col(ColumnDef::new("workforce").text().not_null())
        .col(ColumnDef::new("adults_barred").boolean().not_null())
        .col(ColumnDef::new("children_barred").boolean().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("application_reference").text())
        .col(ColumnDef::new("certificate_number").text())
        .col(ColumnDef::new("printed_name").text())
        .col(ColumnDef::new("issued_on").date())
        .col(ColumnDef::new("seen_by").uuid())
        .col(ColumnDef::new("seen_at").timestamp_with_time_zone())
        .col(ColumnDef::new("decided_by").uuid())
        .col(ColumnDef::new("decided_on").date())
        .col(ColumnDef::new("conditions").text())
        .col(ColumnDef::new("recheck_due_on").date())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("requested_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("dbs_check", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("dbs_check", "seen_by").to("account", "id"))
        .foreign_key(ForeignKey::create().from("dbs_check", "decided_by").to("account", "id"))
        .take()
}

fn dbs_event() -> TableCreateStatement {
    Table::create()
        .table("dbs_event")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("check_id").uuid().not_null())
        .col(ColumnDef::new("from_status").text())
        .col(ColumnDef::new("to_status").text().not_null())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("actor_id").uuid())
        .col(ColumnDef::new("note").text().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("dbs_event", "check_id").to("dbs_check", "id"))
        .foreign_key(ForeignKey::create().from("dbs_event", "actor_id").to("account", "id"))
        .take()
}

//! Training: certificates of others, cohorts and their seats, warnings before a completion lapses.

use sea_orm_migration::prelude::*;

use super::instant;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![equivalence(), cohort(), cohort_seat(), renewal_warning()]
}

fn equivalence() -> TableCreateStatement {
    Table::create()
        .table("equivalence")
        .col(ColumnDef::new("completion_id").uuid().not_null())
        .col(ColumnDef::new("certificate").text().not_null())
        .col(ColumnDef::new("issuer").text().not_null())
        .col(ColumnDef::new("seen").text().not_null())
        .primary_key(Index::create().col("completion_id"))
        .foreign_key(ForeignKey::create().from("equivalence", "completion_id").to("completion", "id"))
        .take()
}

fn cohort() -> TableCreateStatement {
    Table::create()
        .table("cohort")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("module_id").uuid().not_null())
        .col(ColumnDef::new("on_date").date().not_null())
        .col(ColumnDef::new("start_time").time().not_null())
        .col(ColumnDef::new("place").text().not_null())
        .col(ColumnDef::new("capacity").integer().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("created_by").uuid())
        .col(instant("created_at").not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("cohort", "module_id").to("training_module", "id"))
        .foreign_key(ForeignKey::create().from("cohort", "created_by").to("account", "id"))
        .take()
}

fn cohort_seat() -> TableCreateStatement {
    Table::create()
        .table("cohort_seat")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("cohort_id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(instant("joined_at").not_null())
        .col(instant("changed_at").not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("cohort_seat", "cohort_id").to("cohort", "id"))
        .foreign_key(ForeignKey::create().from("cohort_seat", "champion_id").to("champion", "id"))
        .take()
}

fn renewal_warning() -> TableCreateStatement {
    Table::create()
        .table("renewal_warning")
        .col(ColumnDef::new("completion_id").uuid().not_null())
        .col(ColumnDef::new("days").integer().not_null())
        .col(instant("sent_at").not_null())
        .primary_key(Index::create().col("completion_id").col("days"))
        .foreign_key(ForeignKey::create().from("renewal_warning", "completion_id").to("completion", "id"))
        .take()
}

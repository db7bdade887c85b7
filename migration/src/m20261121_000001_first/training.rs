//! Training tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![training_module(), module_prerequisite(), module_trainer(), completion(), requirement(), evidence()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        super::index("completion", &["champion_id"]),
        super::index("completion", &["module_id"]),
        super::index("evidence", &["champion_id"]),
    ]
}

fn training_module() -> TableCreateStatement {
    Table::create()
        .table("training_module")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("code").text().not_null().unique_key())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("summary").text().not_null())
        .col(ColumnDef::new("minutes").integer().not_null())
        .col(ColumnDef::new("valid_months").integer())
        .col(ColumnDef::new("version").integer().not_null())
        .col(ColumnDef::new("active").boolean().not_null())
        .primary_key(Index::create().col("id"))
        .take()
}

fn module_prerequisite() -> TableCreateStatement {
    Table::create()
        .table("module_prerequisite")
        .col(ColumnDef::new("module_id").uuid().not_null())
        .col(ColumnDef::new("prerequisite_id").uuid().not_null())
        .primary_key(Index::create().col("module_id").col("prerequisite_id"))
        .foreign_key(ForeignKey::create().from("module_prerequisite", "module_id").to("training_module", "id"))
        .foreign_key(ForeignKey::create().from("module_prerequisite", "prerequisite_id").to("training_module", "id"))
        .take()
}

fn module_trainer() -> TableCreateStatement {
    Table::create()
        .table("module_trainer")
        .col(ColumnDef::new("module_id").uuid().not_null())
        .col(ColumnDef::new("account_id").uuid().not_null())
        .primary_key(Index::create().col("module_id").col("account_id"))
        .foreign_key(ForeignKey::create().from("module_trainer", "module_id").to("training_module", "id"))
        .foreign_key(ForeignKey::create().from("module_trainer", "account_id").to("account", "id"))
        .take()
}

fn completion() -> TableCreateStatement {
    Table::create()
        .table("completion")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("module_id").uuid().not_null())
        .col(ColumnDef::new("module_version").integer().not_null())
        .col(ColumnDef::new("completed_on").date().not_null())
        .col(ColumnDef::new("expires_on").date())
        .col(ColumnDef::new("trainer_id").uuid())
        .col(ColumnDef::new("note").text().not_null())
        .col(ColumnDef::new("recorded_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("revoked_at").timestamp_with_time_zone())
        .col(ColumnDef::new("revoked_by").uuid())
        .col(ColumnDef::new("revoke_reason").text())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("completion", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("completion", "module_id").to("training_module", "id"))
        .foreign_key(ForeignKey::create().from("completion", "trainer_id").to("account", "id"))
        .foreign_key(ForeignKey::create().from("completion", "revoked_by").to("account", "id"))
        .take()
}

fn requirement() -> TableCreateStatement {
    Table::create()
        .table("requirement")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .col(ColumnDef::new("module_id").uuid())
        .col(ColumnDef::new("count").integer().not_null())
        .col(ColumnDef::new("valid_months").integer())
        .col(ColumnDef::new("in_force_from").date().not_null())
        .col(ColumnDef::new("superseded_on").date())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("requirement", "module_id").to("training_module", "id"))
        .take()
}

fn evidence() -> TableCreateStatement {
    Table::create()
        .table("evidence")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("requirement_id").uuid().not_null())
        .col(ColumnDef::new("outcome").text().not_null())
        .col(ColumnDef::new("given_on").date().not_null())
        .col(ColumnDef::new("note").text().not_null())
        .col(ColumnDef::new("recorded_by").uuid())
        .col(ColumnDef::new("recorded_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("evidence", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("evidence", "requirement_id").to("requirement", "id"))
        .foreign_key(ForeignKey::create().from("evidence", "recorded_by").to("account", "id"))
        .take()
}

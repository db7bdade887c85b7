//! What is kept of people on their way in.

use sea_orm_migration::prelude::*;

use super::instant;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![referee_reference(), stage_limit(), emergency_contact(), duplicate(), champion_mailbox(), acceptance(), join_reminder()]
}

fn referee_reference() -> TableCreateStatement {
    Table::create()
        .table("referee_reference")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("level").text().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("referee_name").text())
        .col(ColumnDef::new("email").text())
        .col(ColumnDef::new("email_key").text())
        .col(ColumnDef::new("how_known").text())
        .col(ColumnDef::new("asked_by").uuid())
        .col(instant("asked_at").not_null())
        .col(ColumnDef::new("reminders").integer().not_null())
        .col(instant("next_at"))
        .col(instant("expires_at").not_null())
        .col(instant("answered_at"))
        .col(ColumnDef::new("known_for").text())
        .col(ColumnDef::new("recommends").text())
        .col(ColumnDef::new("concerns").boolean())
        .col(ColumnDef::new("comment").text())
        .col(ColumnDef::new("decided_by").uuid())
        .col(instant("decided_at"))
        .col(ColumnDef::new("evidence_id").uuid())
        .col(instant("removed_at"))
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("referee_reference", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("referee_reference", "asked_by").to("account", "id"))
        .foreign_key(ForeignKey::create().from("referee_reference", "decided_by").to("account", "id"))
        .foreign_key(ForeignKey::create().from("referee_reference", "evidence_id").to("evidence", "id"))
        .take()
}

fn stage_limit() -> TableCreateStatement {
    Table::create()
        .table("stage_limit")
        .col(ColumnDef::new("stage").text().not_null())
        .col(ColumnDef::new("ideal_days").integer().not_null())
        .col(ColumnDef::new("most_days").integer().not_null())
        .col(ColumnDef::new("changed_by").uuid())
        .col(instant("changed_at").not_null())
        .primary_key(Index::create().col("stage"))
        .foreign_key(ForeignKey::create().from("stage_limit", "changed_by").to("account", "id"))
        .take()
}

fn emergency_contact() -> TableCreateStatement {
    Table::create()
        .table("emergency_contact")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("full_name").text().not_null())
        .col(ColumnDef::new("relation").text().not_null())
        .col(ColumnDef::new("phone_raw").text().not_null())
        .col(ColumnDef::new("phone_e164").text().not_null())
        .col(instant("updated_at").not_null())
        .primary_key(Index::create().col("champion_id"))
        .foreign_key(ForeignKey::create().from("emergency_contact", "champion_id").to("champion", "id"))
        .take()
}

fn duplicate() -> TableCreateStatement {
    Table::create()
        .table("duplicate")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("first_id").uuid().not_null())
        .col(ColumnDef::new("second_id").uuid().not_null())
        .col(ColumnDef::new("reasons").text().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(instant("found_at").not_null())
        .col(ColumnDef::new("decided_by").uuid())
        .col(instant("decided_at"))
        .col(ColumnDef::new("survivor_id").uuid())
        .col(ColumnDef::new("comment").text().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("duplicate", "first_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("duplicate", "second_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("duplicate", "survivor_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("duplicate", "decided_by").to("account", "id"))
        .take()
}

fn champion_mailbox() -> TableCreateStatement {
    Table::create()
        .table("champion_mailbox")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("mailbox").text().not_null())
        .col(instant("looked_at"))
        .primary_key(Index::create().col("champion_id"))
        .foreign_key(ForeignKey::create().from("champion_mailbox", "champion_id").to("champion", "id"))
        .take()
}

fn acceptance() -> TableCreateStatement {
    Table::create()
        .table("acceptance")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("organisation_id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("accepted").boolean().not_null())
        .col(ColumnDef::new("relies_on").text().not_null())
        .col(ColumnDef::new("decided_by").uuid())
        .col(instant("decided_at").not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("acceptance", "organisation_id").to("organisation", "id"))
        .foreign_key(ForeignKey::create().from("acceptance", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("acceptance", "decided_by").to("account", "id"))
        .take()
}

fn join_reminder() -> TableCreateStatement {
    Table::create()
        .table("join_reminder")
        .col(ColumnDef::new("check_id").uuid().not_null())
        .col(instant("sent_at").not_null())
        .primary_key(Index::create().col("check_id"))
        .foreign_key(ForeignKey::create().from("join_reminder", "check_id").to("dbs_check", "id"))
        .take()
}

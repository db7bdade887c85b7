//! Rota tables.

use sea_orm_migration::prelude::*;

/// The tables, each after those it refers to.
pub fn tables() -> Vec<TableCreateStatement> {
    vec![session(), session_topic(), place(), place_module(), champion_request(), offer(), assignment()]
}

/// Indexes that queries use.
pub fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        super::index("session", &["starts_at"]),
        super::index("session", &["group_id", "starts_at"]),
        super::index("session", &["venue_id", "starts_at"]),
        super::index("place", &["session_id"]),
        super::index("champion_request", &["group_id"]),
        super::index("offer", &["champion_id", "sent_at"]),
        super::index("offer", &["session_id"]),
        super::index("offer", &["request_id"]),
        super::index("assignment", &["champion_id", "starts_at"]),
        super::index("assignment", &["session_id"]),
    ]
}

fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("group_id").uuid().not_null())
        .col(ColumnDef::new("venue_id").uuid())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("modality").text().not_null())
        .col(ColumnDef::new("setting").text().not_null())
        .col(ColumnDef::new("audience").text().not_null())
        .col(ColumnDef::new("weekly").boolean().not_null())
        .col(ColumnDef::new("handles_money").boolean().not_null())
        .col(ColumnDef::new("overnight").boolean().not_null())
        .col(ColumnDef::new("responsible_adult").boolean().not_null())
        .col(ColumnDef::new("language").text())
        .col(ColumnDef::new("local_date").date().not_null())
        .col(ColumnDef::new("local_start").time().not_null())
        .col(ColumnDef::new("minutes").integer().not_null())
        .col(ColumnDef::new("zone").text().not_null())
        .col(ColumnDef::new("starts_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("ends_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("dbs_level").text())
        .col(ColumnDef::new("dbs_workforce").text())
        .col(ColumnDef::new("dbs_adults_barred").boolean().not_null())
        .col(ColumnDef::new("dbs_children_barred").boolean().not_null())
        .col(ColumnDef::new("cancel_reason").text())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("session", "group_id").to("community_group", "id"))
        .foreign_key(ForeignKey::create().from("session", "venue_id").to("venue", "id"))
        .take()
}

fn session_topic() -> TableCreateStatement {
    Table::create()
        .table("session_topic")
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("topic").text().not_null())
        .primary_key(Index::create().col("session_id").col("topic"))
        .foreign_key(ForeignKey::create().from("session_topic", "session_id").to("session", "id"))
        .take()
}

fn place() -> TableCreateStatement {
    Table::create()
        .table("place")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("place", "session_id").to("session", "id"))
        .take()
}

fn place_module() -> TableCreateStatement {
    Table::create()
        .table("place_module")
        .col(ColumnDef::new("place_id").uuid().not_null())
        .col(ColumnDef::new("module_id").uuid().not_null())
        .primary_key(Index::create().col("place_id").col("module_id"))
        .foreign_key(ForeignKey::create().from("place_module", "place_id").to("place", "id"))
        .foreign_key(ForeignKey::create().from("place_module", "module_id").to("training_module", "id"))
        .take()
}

fn champion_request() -> TableCreateStatement {
    Table::create()
        .table("champion_request")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("number").integer().not_null().unique_key())
        .col(ColumnDef::new("group_id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("requested_by").uuid())
        .col(ColumnDef::new("message").text().not_null())
        .col(ColumnDef::new("withdrawn_at").timestamp_with_time_zone())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("champion_request", "group_id").to("community_group", "id"))
        .foreign_key(ForeignKey::create().from("champion_request", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("champion_request", "requested_by").to("account", "id"))
        .take()
}

fn offer() -> TableCreateStatement {
    Table::create()
        .table("offer")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("request_id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("message").text().not_null())
        .col(ColumnDef::new("sent_by").uuid())
        .col(ColumnDef::new("sent_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("responded_at").timestamp_with_time_zone())
        .col(ColumnDef::new("decline_reason").text())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("offer", "request_id").to("champion_request", "id"))
        .foreign_key(ForeignKey::create().from("offer", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("offer", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("offer", "sent_by").to("account", "id"))
        .take()
}

fn assignment() -> TableCreateStatement {
    Table::create()
        .table("assignment")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("place_id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("offer_id").uuid())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("starts_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("ends_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("ended_at").timestamp_with_time_zone())
        .col(ColumnDef::new("ended_reason").text())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("assignment", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("assignment", "place_id").to("place", "id"))
        .foreign_key(ForeignKey::create().from("assignment", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("assignment", "offer_id").to("offer", "id"))
        .take()
}

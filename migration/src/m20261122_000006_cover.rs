//! Waves of offers and why each was sent, champions' own pace, searches for stand-ins, and swaps.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [stand_in(), offer_waves(), asking(), champion_pace(), swap()] {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// What queries use, and what must not be there twice.
const INDEXES: [&str; 10] = [
    "CREATE UNIQUE INDEX stand_in_one_search ON stand_in (assignment_id) WHERE status = 'SEEKING'",
    "CREATE INDEX stand_in_session ON stand_in (session_id)",
    "CREATE UNIQUE INDEX offer_waves_one_run ON offer_waves (session_id, kind) WHERE status = 'RUNNING' AND stand_in_id IS NULL",
    "CREATE UNIQUE INDEX offer_waves_one_a_search ON offer_waves (stand_in_id) WHERE status = 'RUNNING' AND stand_in_id IS NOT NULL",
    "CREATE INDEX offer_waves_next ON offer_waves (status, next_at)",
    "CREATE INDEX asking_stand_in ON asking (stand_in_id)",
    "CREATE UNIQUE INDEX swap_once ON swap (gives_id, takes_id) WHERE status = 'PROPOSED'",
    "CREATE INDEX swap_gives ON swap (gives_id)",
    "CREATE INDEX swap_takes ON swap (takes_id)",
    "CREATE INDEX offer_sent_at ON offer (sent_at)",
];

fn instant(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

fn stand_in() -> TableCreateStatement {
    Table::create()
        .table("stand_in")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("assignment_id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("named_id").uuid())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("reason").text())
        .col(instant("sought_at").not_null())
        .col(instant("ended_at"))
        .col(ColumnDef::new("taken_by").uuid())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("stand_in", "assignment_id").to("assignment", "id"))
        .foreign_key(ForeignKey::create().from("stand_in", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("stand_in", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("stand_in", "named_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("stand_in", "taken_by").to("assignment", "id"))
        .take()
}

fn offer_waves() -> TableCreateStatement {
    Table::create()
        .table("offer_waves")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("request_id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("stand_in_id").uuid())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("urgent").boolean().not_null())
        .col(ColumnDef::new("size").integer().not_null())
        .col(ColumnDef::new("every_minutes").integer().not_null())
        .col(ColumnDef::new("message").text().not_null())
        .col(ColumnDef::new("wave").integer().not_null())
        .col(instant("next_at").not_null())
        .col(ColumnDef::new("started_by").uuid())
        .col(instant("started_at").not_null())
        .col(instant("ended_at"))
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("offer_waves", "request_id").to("champion_request", "id"))
        .foreign_key(ForeignKey::create().from("offer_waves", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("offer_waves", "stand_in_id").to("stand_in", "id"))
        .foreign_key(ForeignKey::create().from("offer_waves", "started_by").to("account", "id"))
        .take()
}

fn asking() -> TableCreateStatement {
    Table::create()
        .table("asking")
        .col(ColumnDef::new("offer_id").uuid().not_null())
        .col(ColumnDef::new("waves_id").uuid())
        .col(ColumnDef::new("wave").integer())
        .col(ColumnDef::new("because").text())
        .col(ColumnDef::new("stand_in_id").uuid())
        .primary_key(Index::create().col("offer_id"))
        .foreign_key(ForeignKey::create().from("asking", "offer_id").to("offer", "id"))
        .foreign_key(ForeignKey::create().from("asking", "waves_id").to("offer_waves", "id"))
        .foreign_key(ForeignKey::create().from("asking", "stand_in_id").to("stand_in", "id"))
        .take()
}

fn champion_pace() -> TableCreateStatement {
    Table::create()
        .table("champion_pace")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("most_per_month").integer())
        .col(instant("quiet_until"))
        .primary_key(Index::create().col("champion_id"))
        .foreign_key(ForeignKey::create().from("champion_pace", "champion_id").to("champion", "id"))
        .take()
}

fn swap() -> TableCreateStatement {
    Table::create()
        .table("swap")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("proposer_id").uuid().not_null())
        .col(ColumnDef::new("gives_id").uuid().not_null())
        .col(ColumnDef::new("other_id").uuid().not_null())
        .col(ColumnDef::new("takes_id").uuid().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("message").text().not_null())
        .col(instant("proposed_at").not_null())
        .col(instant("ended_at"))
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("swap", "proposer_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("swap", "gives_id").to("assignment", "id"))
        .foreign_key(ForeignKey::create().from("swap", "other_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("swap", "takes_id").to("assignment", "id"))
        .take()
}

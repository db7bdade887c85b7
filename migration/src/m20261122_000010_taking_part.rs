//! Taking part: places champions take themselves, waiting lists, how many a session needs, who came, for how long, and what it did.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let modality = Table::alter().table("availability_window").add_column(ColumnDef::new("modality").text()).take();
        manager.alter_table(modality).await?;
        for table in [group_sign_up(), session_sign_up(), staffing(), waiting(), attendance(), outcome(), outcome_mark()] {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// What queries use, and what must not be there twice.
const INDEXES: [&str; 5] = [
    "CREATE UNIQUE INDEX waiting_once ON waiting (session_id, champion_id) WHERE status IN ('WAITING', 'OFFERED')",
    "CREATE INDEX waiting_status ON waiting (status, session_id)",
    "CREATE INDEX waiting_champion ON waiting (champion_id)",
    "CREATE UNIQUE INDEX attendance_step ON attendance (assignment_id, step)",
    "CREATE UNIQUE INDEX outcome_step ON outcome (session_id, step)",
];

fn instant(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

fn group_sign_up() -> TableCreateStatement {
    Table::create()
        .table("group_sign_up")
        .col(ColumnDef::new("group_id").uuid().not_null())
        .col(ColumnDef::new("open").boolean().not_null())
        .primary_key(Index::create().col("group_id"))
        .foreign_key(ForeignKey::create().from("group_sign_up", "group_id").to("community_group", "id"))
        .take()
}

fn session_sign_up() -> TableCreateStatement {
    Table::create()
        .table("session_sign_up")
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("open").boolean().not_null())
        .primary_key(Index::create().col("session_id"))
        .foreign_key(ForeignKey::create().from("session_sign_up", "session_id").to("session", "id"))
        .take()
}

fn staffing() -> TableCreateStatement {
    Table::create()
        .table("staffing")
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("minimum").integer().not_null())
        .col(ColumnDef::new("ideal").integer().not_null())
        .primary_key(Index::create().col("session_id").col("kind"))
        .foreign_key(ForeignKey::create().from("staffing", "session_id").to("session", "id"))
        .take()
}

fn waiting() -> TableCreateStatement {
    Table::create()
        .table("waiting")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("offer_id").uuid())
        .col(instant("joined_at").not_null())
        .col(instant("ended_at"))
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("waiting", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("waiting", "champion_id").to("champion", "id"))
        .foreign_key(ForeignKey::create().from("waiting", "offer_id").to("offer", "id"))
        .take()
}

/// One row a step: the last one stands, the others are its history.
fn attendance() -> TableCreateStatement {
    Table::create()
        .table("attendance")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("assignment_id").uuid().not_null())
        .col(ColumnDef::new("step").integer().not_null())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("minutes").integer().not_null())
        .col(ColumnDef::new("approved").boolean().not_null())
        .col(ColumnDef::new("recorded_by").uuid())
        .col(instant("recorded_at").not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("attendance", "assignment_id").to("assignment", "id"))
        .foreign_key(ForeignKey::create().from("attendance", "recorded_by").to("account", "id"))
        .take()
}

/// One row a step: the last one stands, the others are its history.
fn outcome() -> TableCreateStatement {
    Table::create()
        .table("outcome")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("step").integer().not_null())
        .col(ColumnDef::new("learners").integer().not_null())
        .col(ColumnDef::new("recorded_by").uuid())
        .col(instant("recorded_at").not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("outcome", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("outcome", "recorded_by").to("account", "id"))
        .take()
}

fn outcome_mark() -> TableCreateStatement {
    Table::create()
        .table("outcome_mark")
        .col(ColumnDef::new("outcome_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("code").text().not_null())
        .col(ColumnDef::new("learners").integer().not_null())
        .primary_key(Index::create().col("outcome_id").col("kind").col("code"))
        .foreign_key(ForeignKey::create().from("outcome_mark", "outcome_id").to("outcome", "id"))
        .take()
}

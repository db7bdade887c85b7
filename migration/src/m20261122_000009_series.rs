//! Series of sessions, what closes a group, what changed about a session and when, and the secret addresses of calendars.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [series(), series_date(), occurrence(), session_change(), group_calendar(), group_closure(), calendar_feed()] {
            manager.create_table(table).await?;
        }
        let clashing = ColumnDef::new("clashing").boolean().not_null().default(false).take();
        manager.alter_table(Table::alter().table("assignment").add_column(clashing).take()).await?;
        let connection = manager.get_connection();
        let double_booking: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &DOUBLE_BOOKING_POSTGRES,
            _ => &DOUBLE_BOOKING_SQLITE,
        };
        for statement in INDEXES.iter().chain(double_booking) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const INDEXES: [&str; 6] = [
    "CREATE INDEX series_group ON series (group_id, title)",
    "CREATE INDEX series_to_extend ON series (made_until) WHERE ended_at IS NULL",
    "CREATE UNIQUE INDEX occurrence_once ON occurrence (series_id, on_date)",
    "CREATE INDEX group_closure_group ON group_closure (group_id, from_on)",
    "CREATE UNIQUE INDEX calendar_feed_secret ON calendar_feed (secret_hash)",
    "CREATE INDEX calendar_feed_account ON calendar_feed (account_id)",
];

/// A session that is moved onto another duty of a champion takes neither duty away: it is flagged, and people decide. Nothing else may
/// be in two places at once.
const DOUBLE_BOOKING_POSTGRES: [&str; 2] = [
    "ALTER TABLE assignment DROP CONSTRAINT assignment_no_double_booking",
    "ALTER TABLE assignment ADD CONSTRAINT assignment_no_double_booking \
     EXCLUDE USING gist (champion_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'CONFIRMED' AND NOT clashing)",
];

const DOUBLE_BOOKING_SQLITE: [&str; 4] = [
    "DROP TRIGGER assignment_no_double_booking_insert",
    "DROP TRIGGER assignment_no_double_booking_update",
    "CREATE TRIGGER assignment_no_double_booking_insert BEFORE INSERT ON assignment WHEN NEW.status = 'CONFIRMED' AND NOT NEW.clashing AND EXISTS \
     (SELECT 1 FROM assignment a WHERE a.champion_id = NEW.champion_id AND a.status = 'CONFIRMED' AND NOT a.clashing AND a.starts_at < NEW.ends_at AND NEW.starts_at < a.ends_at) \
     BEGIN SELECT RAISE(ABORT, 'assignment_no_double_booking'); END",
    "CREATE TRIGGER assignment_no_double_booking_update BEFORE UPDATE ON assignment WHEN NEW.status = 'CONFIRMED' AND NOT NEW.clashing AND EXISTS \
     (SELECT 1 FROM assignment a WHERE a.id <> NEW.id AND a.champion_id = NEW.champion_id AND a.status = 'CONFIRMED' AND NOT a.clashing AND a.starts_at < NEW.ends_at AND NEW.starts_at < a.ends_at) \
     BEGIN SELECT RAISE(ABORT, 'assignment_no_double_booking'); END",
];

fn instant(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

fn id(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

fn series() -> TableCreateStatement {
    Table::create()
        .table("series")
        .col(id("id"))
        .col(id("group_id"))
        .col(ColumnDef::new("venue_id").uuid())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("rule").text().not_null())
        .col(ColumnDef::new("first_on").date().not_null())
        .col(ColumnDef::new("until_on").date())
        .col(ColumnDef::new("local_start").time().not_null())
        .col(ColumnDef::new("minutes").integer().not_null())
        .col(ColumnDef::new("zone").text().not_null())
        .col(ColumnDef::new("nature").text().not_null())
        .col(ColumnDef::new("continues_id").uuid())
        .col(ColumnDef::new("made_until").date())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(instant("created_at").not_null())
        .col(instant("ended_at"))
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("series", "group_id").to("community_group", "id"))
        .foreign_key(ForeignKey::create().from("series", "venue_id").to("venue", "id"))
        .foreign_key(ForeignKey::create().from("series", "continues_id").to("series", "id"))
        .take()
}

fn series_date() -> TableCreateStatement {
    Table::create()
        .table("series_date")
        .col(id("series_id"))
        .col(ColumnDef::new("on_date").date().not_null())
        .col(ColumnDef::new("added").boolean().not_null())
        .primary_key(Index::create().col("series_id").col("on_date"))
        .foreign_key(ForeignKey::create().from("series_date", "series_id").to("series", "id"))
        .take()
}

fn occurrence() -> TableCreateStatement {
    Table::create()
        .table("occurrence")
        .col(id("session_id"))
        .col(id("series_id"))
        .col(ColumnDef::new("on_date").date().not_null())
        .col(ColumnDef::new("moved").boolean().not_null())
        .primary_key(Index::create().col("session_id"))
        .foreign_key(ForeignKey::create().from("occurrence", "session_id").to("session", "id"))
        .foreign_key(ForeignKey::create().from("occurrence", "series_id").to("series", "id"))
        .take()
}

fn session_change() -> TableCreateStatement {
    Table::create()
        .table("session_change")
        .col(id("session_id"))
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(instant("at").not_null())
        .col(instant("was_starts_at").not_null())
        .primary_key(Index::create().col("session_id").col("version"))
        .foreign_key(ForeignKey::create().from("session_change", "session_id").to("session", "id"))
        .take()
}

fn group_calendar() -> TableCreateStatement {
    Table::create()
        .table("group_calendar")
        .col(id("group_id"))
        .col(ColumnDef::new("bank_holidays").text().not_null())
        .primary_key(Index::create().col("group_id"))
        .foreign_key(ForeignKey::create().from("group_calendar", "group_id").to("community_group", "id"))
        .take()
}

fn group_closure() -> TableCreateStatement {
    Table::create()
        .table("group_closure")
        .col(id("id"))
        .col(id("group_id"))
        .col(ColumnDef::new("from_on").date().not_null())
        .col(ColumnDef::new("until_on").date().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(instant("created_at").not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("group_closure", "group_id").to("community_group", "id"))
        .take()
}

fn calendar_feed() -> TableCreateStatement {
    Table::create()
        .table("calendar_feed")
        .col(id("id"))
        .col(id("account_id"))
        .col(ColumnDef::new("group_id").uuid())
        .col(ColumnDef::new("secret_hash").text().not_null())
        .col(instant("created_at").not_null())
        .col(instant("reset_at"))
        .col(instant("revoked_at"))
        .primary_key(Index::create().col("id"))
        .foreign_key(ForeignKey::create().from("calendar_feed", "account_id").to("account", "id"))
        .foreign_key(ForeignKey::create().from("calendar_feed", "group_id").to("community_group", "id"))
        .take()
}

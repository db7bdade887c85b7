//! The first schema. Tables come before those that refer to them.
//!
//! What a rule promises, a constraint stands behind: one confirmed champion a place, one place a champion a session, no
//! two overlapping sessions a champion (an exclusion constraint on PostgreSQL, triggers on SQLite).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

mod availability;
mod champion;
mod dbs;
mod directory;
mod operations;
mod rota;
mod training;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for tables in [
            directory::tables(),
            champion::tables(),
            training::tables(),
            dbs::tables(),
            availability::tables(),
            rota::tables(),
            operations::tables(),
        ] {
            for table in tables {
                manager.create_table(table).await?;
            }
        }
        for indexes in [
            directory::indexes(),
            champion::indexes(),
            training::indexes(),
            dbs::indexes(),
            availability::indexes(),
            rota::indexes(),
            operations::indexes(),
        ] {
            for index in indexes {
                manager.create_index(index).await?;
            }
        }
        let connection = manager.get_connection();
        for statement in PARTIAL_UNIQUE {
            connection.execute_unprepared(statement).await?;
        }
        let no_double_booking: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &NO_DOUBLE_BOOKING_POSTGRES,
            _ => &NO_DOUBLE_BOOKING_SQLITE,
        };
        for statement in no_double_booking {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index.take()
}

/// Uniqueness among the rows that are live.
const PARTIAL_UNIQUE: [&str; 7] = [
    "CREATE UNIQUE INDEX assignment_one_champion_a_place ON assignment (place_id) WHERE status = 'CONFIRMED'",
    "CREATE UNIQUE INDEX assignment_one_place_a_champion ON assignment (session_id, champion_id) WHERE status = 'CONFIRMED'",
    "CREATE UNIQUE INDEX offer_one_pending ON offer (session_id, champion_id) WHERE status = 'PENDING'",
    "CREATE UNIQUE INDEX champion_request_one_live ON champion_request (session_id) WHERE withdrawn_at IS NULL",
    "CREATE UNIQUE INDEX completion_once_a_day ON completion (champion_id, module_id, completed_on) WHERE revoked_at IS NULL",
    "CREATE UNIQUE INDEX role_grant_once ON role_grant (account_id, role) WHERE group_id IS NULL",
    "CREATE UNIQUE INDEX role_grant_once_a_group ON role_grant (account_id, role, group_id) WHERE group_id IS NOT NULL",
];

const NO_DOUBLE_BOOKING_POSTGRES: [&str; 2] = [
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    "ALTER TABLE assignment ADD CONSTRAINT assignment_no_double_booking \
     EXCLUDE USING gist (champion_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'CONFIRMED')",
];

/// Instants are stored as RFC 3339 text in UTC, which sorts as time does.
const NO_DOUBLE_BOOKING_SQLITE: [&str; 2] = [
    "CREATE TRIGGER assignment_no_double_booking_insert BEFORE INSERT ON assignment WHEN NEW.status = 'CONFIRMED' AND EXISTS \
     (SELECT 1 FROM assignment a WHERE a.champion_id = NEW.champion_id AND a.status = 'CONFIRMED' AND a.starts_at < NEW.ends_at AND NEW.starts_at < a.ends_at) \
     BEGIN SELECT RAISE(ABORT, 'assignment_no_double_booking'); END",
    "CREATE TRIGGER assignment_no_double_booking_update BEFORE UPDATE ON assignment WHEN NEW.status = 'CONFIRMED' AND EXISTS \
     (SELECT 1 FROM assignment a WHERE a.id <> NEW.id AND a.champion_id = NEW.champion_id AND a.status = 'CONFIRMED' AND a.starts_at < NEW.ends_at AND NEW.starts_at < a.ends_at) \
     BEGIN SELECT RAISE(ABORT, 'assignment_no_double_booking'); END",
];

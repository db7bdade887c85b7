//! A copy of the whole database, and what is in one.

use std::collections::BTreeMap;
use std::path::Path;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Db;
use super::pool::Pool;

impl Db {
    /// Writes a consistent copy of an SQLite database to a new file while others read and write (`VACUUM INTO`).
    pub async fn copy_into(&self, file: &Path) -> Result<(), DbErr> {
        let file = file.to_str().ok_or_else(|| DbErr::Custom("the file's name is not UTF-8".to_owned()))?;
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [file.into()]);
        self.read.execute_raw(statement).await.map(|_| ())
    }

    /// How many rows each table has; fails if an SQLite file is damaged or a reference in it leads nowhere.
    pub async fn contents(&self) -> Result<BTreeMap<String, i64>, DbErr> {
        let conn = &self.read;
        let tables = match self.backend() {
            DbBackend::Sqlite => {
                intact(conn).await?;
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            _ => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()",
        };
        let mut counts = BTreeMap::new();
        for row in all(conn, tables).await? {
            let table: String = row.try_get("", "name")?;
            // The name comes from the catalogue, so quoting it is enough.
            let count = all(conn, &format!("SELECT COUNT(*) AS rows FROM \"{table}\"")).await?;
            let count = count.first().ok_or_else(|| DbErr::Custom(format!("{table} can't be counted")))?;
            counts.insert(table, count.try_get("", "rows")?);
        }
        Ok(counts)
    }
}

async fn all(conn: &Pool, sql: &str) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
    conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await
}

async fn intact(conn: &Pool) -> Result<(), DbErr> {
    let found = all(conn, "PRAGMA integrity_check").await?;
    let verdict: String = found.first().map_or_else(|| Ok(String::new()), |row| row.try_get("", "integrity_check"))?;
    if verdict != "ok" {
        return Err(DbErr::Custom(format!("the file is damaged: {verdict}")));
    }
    match all(conn, "PRAGMA foreign_key_check").await?.len() {
        0 => Ok(()),
        astray => Err(DbErr::Custom(format!("{astray} references lead nowhere"))),
    }
}

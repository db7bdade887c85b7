//! F4: the version before goes on working while the next has migrated already. Every step of the schema may only add: what the older
//! version reads is still there, and what it writes is still enough.

use std::collections::BTreeMap;

use migration::Migrator;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

/// Columns by table: whether an insert has to name it.
type Tables = BTreeMap<String, BTreeMap<String, bool>>;

async fn texts(db: &DatabaseConnection, sql: String) -> Vec<sea_orm::QueryResult> {
    db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.expect("rows")
}

async fn tables(db: &DatabaseConnection) -> Tables {
    let mut tables = Tables::new();
    for row in texts(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'".to_owned()).await {
        let name: String = row.try_get_by_index(0).expect("a name");
        let columns = texts(db, format!("SELECT name, \"notnull\" = 1 AND dflt_value IS NULL FROM pragma_table_info('{name}')")).await;
        let columns = columns.iter().map(|c| (c.try_get_by_index(0).expect("a name"), c.try_get_by_index(1).expect("a flag")));
        tables.insert(name, columns.collect());
    }
    tables
}

#[tokio::test]
async fn f4_every_step_of_the_schema_leaves_the_version_before_working() {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).min_connections(1);
    let db = Database::connect(options).await.expect("a database");
    let mut before = Tables::new();
    for migration in Migrator::migrations() {
        Migrator::up(&db, Some(1)).await.expect("a step");
        let after = tables(&db).await;
        for (table, columns) in &before {
            let now = after.get(table).unwrap_or_else(|| panic!("{} takes {table} away", migration.name()));
            for column in columns.keys() {
                assert!(now.contains_key(column), "{} takes {table}.{column} away", migration.name());
            }
            for (column, needed) in now.iter().filter(|(column, _)| !columns.contains_key(*column)) {
                assert!(!needed, "{} asks the version before for {table}.{column}", migration.name());
            }
        }
        before = after;
    }
    assert!(before.len() > 30 && before["champion"].len() > 20, "the whole schema was looked at");
}

/// Replicas that start together take turns: the schema is made once, and all of them find it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_replicas_that_start_together_migrate_once() {
    if std::env::var_os("DIGIKNOW_TEST_POSTGRES_URL").is_none() {
        return eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
    }
    let url = crate::harness::database::empty().await;
    let start = |_| async {
        let db = api::store::Db::open(&url, 2).await.expect("a database");
        let now = api::clock::Clock::System.now();
        db.migrate().await.expect("a schema");
        api::baseline::install(&db, now).await.expect("the baseline");
        db
    };
    let all = futures_util::future::join_all((0..4).map(start)).await;
    let applied = Migrator::get_applied_migrations(all[0].single()).await.expect("a list");
    assert_eq!(applied.len(), Migrator::migrations().len(), "each once");
    let sql = "SELECT count(*), count(DISTINCT code) FROM training_module";
    let row = all[1].read().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("a count").expect("a row");
    let counts: (i64, i64) = (row.try_get_by_index(0).expect("a number"), row.try_get_by_index(1).expect("a number"));
    assert_eq!(counts, (14, 14), "the baseline once");
    for db in all {
        db.close().await.expect("closed");
    }
}

//! Which champions changed since when, so that what replicas keep of them in memory can be held to the tables.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(champion_change()).await?;
        let mut statements = vec!["CREATE INDEX champion_change_changed ON champion_change (changed)".to_owned()];
        match manager.get_database_backend() {
            DbBackend::Postgres => postgres(&mut statements),
            _ => sqlite(&mut statements),
        }
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// No foreign key: it outlives the champion, whose going is a change too.
fn champion_change() -> TableCreateStatement {
    Table::create()
        .table("champion_change")
        .col(ColumnDef::new("champion_id").uuid().not_null())
        .col(ColumnDef::new("changed").big_integer().not_null())
        .primary_key(Index::create().col("champion_id"))
        .take()
}

/// What matching reads of a champion, and the column that says of whom.
const FACTS: [(&str, &str); 11] = [
    ("champion", "id"),
    ("champion_pace", "champion_id"),
    ("champion_language", "champion_id"),
    ("champion_topic", "champion_id"),
    ("evidence", "champion_id"),
    ("completion", "champion_id"),
    ("exemption", "champion_id"),
    ("dbs_check", "champion_id"),
    ("availability_window", "champion_id"),
    ("availability_exception", "champion_id"),
    ("assignment", "champion_id"),
];
/// What a booking reads of its session.
const OF_SESSION: &str = "starts_at, ends_at, local_date, group_id, audience, modality, venue_id";

/// A transaction's number, not the order of commits: whoever reads asks for everything since the oldest that was still under way.
fn postgres(statements: &mut Vec<String>) {
    let told = |who: &str| {
        format!(
            "INSERT INTO champion_change (champion_id, changed) {who} \
             ON CONFLICT (champion_id) DO UPDATE SET changed = EXCLUDED.changed WHERE champion_change.changed <> EXCLUDED.changed;"
        )
    };
    let now = "pg_current_xact_id()::text::bigint";
    for column in ["id", "champion_id"] {
        let (new, old) = (told(&format!("VALUES (NEW.{column}, {now})")), told(&format!("VALUES (OLD.{column}, {now})")));
        statements.push(format!(
            "CREATE FUNCTION champion_changed_{column}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_OP = 'DELETE' THEN {old} RETURN NULL; END IF; \
             IF TG_OP = 'UPDATE' AND OLD.{column} <> NEW.{column} THEN {old} END IF; \
             {new} RETURN NULL; END $$"
        ));
    }
    statements.extend(FACTS.iter().flat_map(|(table, column)| triggers(DbBackend::Postgres, table, column)));
    let booked = told(&format!("SELECT DISTINCT a.champion_id, {now} FROM assignment a WHERE a.session_id = NEW.id"));
    statements.push(format!(
        "CREATE FUNCTION champion_changed_session() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {booked} RETURN NULL; END $$"
    ));
    statements.push(format!(
        "CREATE TRIGGER session_changes_champion AFTER UPDATE OF {OF_SESSION} ON session FOR EACH ROW \
         WHEN (({}) IS DISTINCT FROM ({})) EXECUTE FUNCTION champion_changed_session()",
        prefixed("OLD"),
        prefixed("NEW")
    ));
}

/// The next number, on SQLite: one writes at a time.
const NEXT: &str = "(SELECT COALESCE(MAX(changed), 0) + 1 FROM champion_change)";

fn told_sqlite(who: &str) -> String {
    format!("INSERT INTO champion_change (champion_id, changed) {who} ON CONFLICT (champion_id) DO UPDATE SET changed = excluded.changed;")
}

/// What notes every change of a table, whose column says of which champion it is.
pub(super) fn triggers(backend: DbBackend, table: &str, column: &str) -> Vec<String> {
    if backend == DbBackend::Postgres {
        return vec![format!(
            "CREATE TRIGGER {table}_changes_champion AFTER INSERT OR UPDATE OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION champion_changed_{column}()"
        )];
    }
    let of = |row: &str| told_sqlite(&format!("VALUES ({row}.{column}, {NEXT})"));
    let events = [("INSERT", of("NEW")), ("UPDATE", format!("{} {}", of("OLD"), of("NEW"))), ("DELETE", of("OLD"))];
    let trigger = |(event, body): (&str, String)| {
        let name = format!("{table}_changes_champion_{}", event.to_lowercase());
        format!("CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {body} END")
    };
    events.into_iter().map(trigger).collect()
}

fn sqlite(statements: &mut Vec<String>) {
    statements.extend(FACTS.iter().flat_map(|(table, column)| triggers(DbBackend::Sqlite, table, column)));
    let booked = told_sqlite(&format!("SELECT DISTINCT a.champion_id, {NEXT} FROM assignment a WHERE a.session_id = NEW.id"));
    statements.push(format!(
        "CREATE TRIGGER session_changes_champion AFTER UPDATE OF {OF_SESSION} ON session \
         WHEN ({}) IS NOT ({}) BEGIN {booked} END",
        prefixed("OLD"),
        prefixed("NEW")
    ));
}

fn prefixed(row: &str) -> String {
    OF_SESSION.split(", ").map(|column| format!("{row}.{column}")).collect::<Vec<_>>().join(", ")
}

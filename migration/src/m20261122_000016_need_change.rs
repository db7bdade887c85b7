//! Which sessions ask for something else since when, so that what replicas keep of their needs in memory can be held to the tables.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(need_change()).await?;
        let mut statements = vec!["CREATE INDEX need_change_changed ON need_change (changed)".to_owned()];
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

/// No foreign key: it outlives the session, whose going is a change too. The session of zeros stands for all.
fn need_change() -> TableCreateStatement {
    Table::create()
        .table("need_change")
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("changed").big_integer().not_null())
        .primary_key(Index::create().col("session_id"))
        .take()
}

/// A venue that is elsewhere is a booking that is elsewhere: whoever is booked there has changed.
fn booked(now: &str) -> String {
    format!(
        "INSERT INTO champion_change (champion_id, changed) SELECT DISTINCT a.champion_id, {now} \
         FROM assignment a JOIN session s ON s.id = a.session_id WHERE s.venue_id = NEW.id"
    )
}

/// What a session asks for, and the column that says which session.
const OWN: [(&str, &str); 3] = [("session", "id"), ("place", "session_id"), ("session_topic", "session_id")];
/// What all sessions share.
const SHARED: [&str; 6] = ["venue", "community_group", "organisation", "requirement", "training_module", "setting"];

/// A transaction's number, not the order of commits: whoever reads asks for everything since the oldest that was still under way.
fn postgres(statements: &mut Vec<String>) {
    let now = "pg_current_xact_id()::text::bigint";
    let told = |who: &str| {
        format!(
            "INSERT INTO need_change (session_id, changed) {who} \
             ON CONFLICT (session_id) DO UPDATE SET changed = EXCLUDED.changed WHERE need_change.changed <> EXCLUDED.changed;"
        )
    };
    for column in ["id", "session_id"] {
        let (new, old) = (told(&format!("VALUES (NEW.{column}, {now})")), told(&format!("VALUES (OLD.{column}, {now})")));
        statements.push(format!(
            "CREATE FUNCTION need_changed_{column}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_OP = 'DELETE' THEN {old} RETURN NULL; END IF; \
             IF TG_OP = 'UPDATE' AND OLD.{column} <> NEW.{column} THEN {old} END IF; \
             {new} RETURN NULL; END $$"
        ));
    }
    for (table, column) in OWN {
        statements.push(trigger(table, "INSERT OR UPDATE OR DELETE", &format!("FOR EACH ROW EXECUTE FUNCTION need_changed_{column}()")));
    }
    let of_place = told(&format!("SELECT p.session_id, {now} FROM place p WHERE p.id IN (NEW.place_id, OLD.place_id)"));
    let all = told(&format!("VALUES ('{ALL}', {now})"));
    for (name, body) in [("place", of_place), ("all", all)] {
        statements.push(format!(
            "CREATE FUNCTION need_changed_by_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
        ));
    }
    statements.push(trigger("place_module", "INSERT OR UPDATE OR DELETE", "FOR EACH ROW EXECUTE FUNCTION need_changed_by_place()"));
    for table in SHARED {
        statements.push(trigger(table, "INSERT OR UPDATE OR DELETE", "FOR EACH STATEMENT EXECUTE FUNCTION need_changed_by_all()"));
    }
    let booked = format!(
        "{} ON CONFLICT (champion_id) DO UPDATE SET changed = EXCLUDED.changed WHERE champion_change.changed <> EXCLUDED.changed;",
        booked(now)
    );
    statements.push(format!(
        "CREATE FUNCTION champion_changed_venue() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {booked} RETURN NULL; END $$"
    ));
    statements.push(
        "CREATE TRIGGER venue_changes_champion AFTER UPDATE OF latitude, longitude ON venue FOR EACH ROW \
         EXECUTE FUNCTION champion_changed_venue()"
            .to_owned(),
    );
}

const ALL: &str = "00000000-0000-0000-0000-000000000000";

fn trigger(table: &str, event: &str, body: &str) -> String {
    format!("CREATE TRIGGER {table}_changes_need AFTER {event} ON {table} {body}")
}

fn sqlite(statements: &mut Vec<String>) {
    let now = "(SELECT COALESCE(MAX(changed), 0) + 1 FROM need_change)";
    let told = |who: &str| {
        format!("INSERT INTO need_change (session_id, changed) {who} ON CONFLICT (session_id) DO UPDATE SET changed = excluded.changed;")
    };
    let mut each = |table: &str, of: &dyn Fn(&str) -> String| {
        for (event, body) in [("INSERT", of("NEW")), ("UPDATE", format!("{} {}", of("OLD"), of("NEW"))), ("DELETE", of("OLD"))] {
            statements
                .push(format!("CREATE TRIGGER {table}_changes_need_{} AFTER {event} ON {table} BEGIN {body} END", event.to_lowercase()));
        }
    };
    for (table, column) in OWN {
        each(table, &|row| told(&format!("VALUES ({row}.{column}, {now})")));
    }
    each("place_module", &|row| told(&format!("SELECT p.session_id, {now} FROM place p WHERE p.id = {row}.place_id")));
    for table in SHARED {
        each(table, &|_| told(&format!("VALUES (zeroblob(16), {now})")));
    }
    let booked = booked("(SELECT COALESCE(MAX(changed), 0) + 1 FROM champion_change)");
    statements.push(format!(
        "CREATE TRIGGER venue_changes_champion AFTER UPDATE OF latitude, longitude ON venue BEGIN \
         {booked} ON CONFLICT (champion_id) DO UPDATE SET changed = excluded.changed; END"
    ));
}

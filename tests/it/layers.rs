//! Each room keeps to itself: what Cargo can't hold inside one crate, this reads out of the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|e| e.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&entry).expect("a source");
                found.push((entry, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing to read in {folder}");
    found
}

/// No source of a room says what belongs to another.
fn never(folder: &str, words: &[&str]) {
    for (path, text) in sources(folder) {
        for word in words {
            let line = text.lines().position(|line| line.contains(word) && !line.trim_start().starts_with("//"));
            assert_eq!(line.map(|l| l + 1), None, "{} says {word:?}", path.display());
        }
    }
}

#[test]
fn rules_know_no_runtime_no_clock_and_no_table() {
    never("rules/src", &["async fn", "tokio", "Utc::now", "entity::", "sqlx", "std::fs", "std::net", "SystemTime", "Instant::now"]);
}

#[test]
fn the_store_knows_nobody_above_it() {
    never("api/src/store", &["crate::service", "crate::graphql", "crate::http"]);
}

#[test]
fn use_cases_write_no_query_and_know_no_adapter() {
    never("api/src/service", &["crate::graphql", "crate::http", "Entity::find", "Entity::insert", "Entity::update", "Entity::delete"]);
}

#[test]
fn the_graphql_adapter_writes_no_query_and_opens_no_transaction() {
    never(
        "api/src/graphql",
        &["crate::http", "Entity::find", "Entity::insert", "Entity::update", "Entity::delete", "transact!", "execute_unprepared"],
    );
}

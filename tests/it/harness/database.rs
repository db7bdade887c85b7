//! One seeded database a run, copied for each test: a file copy on SQLite, a template on PostgreSQL.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Keeps a test's database until it ends.
pub enum Home {
    File(#[allow(dead_code, reason = "held for its Drop")] TempDir),
    Server(#[allow(dead_code, reason = "held for its Drop")] Copied),
    /// It is another world's.
    Shared,
}

/// A copy on the server. It goes when the next is made: hundreds of them would take gigabytes.
pub struct Copied(String);

impl Drop for Copied {
    fn drop(&mut self) {
        DONE.lock().expect("a list").push(std::mem::take(&mut self.0));
    }
}

static FILE: OnceCell<PathBuf> = OnceCell::const_new();
static TEMPLATE: OnceCell<Option<(String, String)>> = OnceCell::const_new();
/// PostgreSQL copies a template only while nobody else does.
static COPYING: Mutex<()> = Mutex::const_new(());
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Copies that nobody needs any more.
static DONE: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// A copy of the seeded database; none without a PostgreSQL server.
pub async fn copy(backend: Backend) -> Option<(String, Home)> {
    match backend {
        Backend::Sqlite => {
            let template = FILE.get_or_init(seeded_file).await;
            let folder = TempDir::new().expect("a folder");
            let file = folder.path().join("it.sqlite");
            std::fs::copy(template, &file).expect("a copy");
            Some((format!("sqlite:{}", file.display()), Home::File(folder)))
        }
        Backend::Postgres => {
            let (server, template) = TEMPLATE.get_or_init(seeded_template).await.as_ref()?;
            let name = format!("{template}_{}", COUNT.fetch_add(1, Ordering::Relaxed));
            let _turn = COPYING.lock().await;
            let admin = Database::connect(format!("{server}/postgres")).await.expect("the server");
            let done = std::mem::take(&mut *DONE.lock().expect("a list"));
            for done in done {
                admin.execute_unprepared(&format!("DROP DATABASE {done} WITH (FORCE)")).await.expect("dropped");
            }
            admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.expect("a copy");
            admin.close().await.expect("closed");
            Some((format!("{server}/{name}"), Home::Server(Copied(name))))
        }
    }
}

/// A PostgreSQL database with nothing in it.
pub async fn empty() -> String {
    let server = std::env::var("DIGIKNOW_TEST_POSTGRES_URL").expect("a server").trim_end_matches('/').to_owned();
    let name = format!("digiknow_empty_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = Database::connect(format!("{server}/postgres")).await.expect("the server");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    admin.close().await.expect("closed");
    format!("{server}/{name}")
}

async fn seed(url: &str) {
    let app = super::app(url).await;
    app.db.migrate().await.expect("a schema");
    api::baseline::install(&app.db, app.clock.now()).await.expect("a baseline");
    api::demo::ensure(&app).await.expect("a demo");
    app.db.close().await.expect("closed");
}

async fn seeded_file() -> PathBuf {
    let folder = TempDir::new().expect("a folder").keep();
    let file = folder.join("template.sqlite");
    seed(&format!("sqlite:{}", file.display())).await;
    file
}

async fn seeded_template() -> Option<(String, String)> {
    let server = std::env::var("DIGIKNOW_TEST_POSTGRES_URL").ok()?.trim_end_matches('/').to_owned();
    let template = format!("digiknow_it_{}", std::process::id());
    let admin = Database::connect(format!("{server}/postgres")).await.expect("DIGIKNOW_TEST_POSTGRES_URL names a server that answers");
    admin.execute_unprepared(&format!("CREATE DATABASE {template}")).await.expect("a database");
    admin.close().await.expect("closed");
    seed(&format!("{server}/{template}")).await;
    Some((server, template))
}

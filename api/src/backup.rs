//! `digiknow backup` and `digiknow restore`: the whole database in one file, and back.
//!
//! SQLite copies itself (`VACUUM INTO`) while the service serves. PostgreSQL's own `pg_dump` and `pg_restore` do the work there;
//! they must be on the PATH, of the server's version or newer. A backup is opened and counted before it counts as one. The key
//! file is not in it: keep that elsewhere, for without it links, tokens and sealed columns of the copy open nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::store::Db;

/// Writes a backup to a file that does not exist yet; answers how many rows of each table it holds.
pub async fn backup(url: &str, file: &Path) -> Result<BTreeMap<String, i64>> {
    if file.exists() {
        bail!("{} exists: name another file", file.display());
    }
    let partial = partial(file);
    let _ = std::fs::remove_file(&partial);
    let db = Db::open(url, 1).await.context("the database can't be opened")?;
    let counted = if on_sqlite(url) {
        db.copy_into(&partial).await.context("the database can't be copied")?;
        opened(&partial).await?
    } else {
        let text = partial.to_str().context("the file's name is not UTF-8")?;
        run(Command::new("pg_dump").args(["--format=custom", "--no-owner", "--no-privileges", "--file", text]), Some(url)).await?;
        run(Command::new("pg_restore").args(["--list", text]), None).await.context("the backup can't be read")?;
        db.contents().await?
    };
    db.close().await?;
    put(&partial, file)?;
    Ok(counted)
}

/// Puts a backup where there is no database yet; answers how many rows of each table there are.
pub async fn restore(url: &str, file: &Path) -> Result<BTreeMap<String, i64>> {
    if !file.is_file() {
        bail!("{} is not a file", file.display());
    }
    if let Some(target) = sqlite_file(url) {
        if target.exists() {
            bail!("{} exists: restore never overwrites a database; move it away first", target.display());
        }
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let partial = partial(&target);
        std::fs::copy(file, &partial).context("the backup can't be copied")?;
        let counted = opened(&partial).await?;
        put(&partial, &target)?;
        return Ok(counted);
    }
    let db = Db::open(url, 1).await.context("the database can't be opened")?;
    if !db.contents().await?.is_empty() {
        bail!("the database has tables: restore never overwrites; make an empty one");
    }
    let all_or_nothing = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"];
    run(Command::new("pg_restore").args(all_or_nothing).arg(file), Some(url)).await?;
    let counted = db.contents().await?;
    db.close().await?;
    Ok(counted)
}

/// What there is, a table a line.
pub fn report(counted: &BTreeMap<String, i64>) -> String {
    counted.iter().map(|(table, rows)| format!("{rows:>10}  {table}\n")).collect()
}

fn on_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// The file of an SQLite URL.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite:").map(|path| PathBuf::from(path.split('?').next().unwrap_or(path)))
}

fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// What is in an SQLite file, which must be whole.
async fn opened(file: &Path) -> Result<BTreeMap<String, i64>> {
    let db = Db::open(&format!("sqlite:{}", file.display()), 1).await.context("the copy can't be opened")?;
    let counted = db.contents().await.context("the copy is not sound")?;
    db.close().await?;
    if !counted.contains_key("champion") {
        bail!("this is not a backup of DigiKnow: it has no champions' table");
    }
    Ok(counted)
}

/// Gives a file its name once it is whole, on the disk.
fn put(partial: &Path, file: &Path) -> Result<()> {
    std::fs::File::open(partial)?.sync_all()?;
    std::fs::rename(partial, file).with_context(|| format!("{} can't be written", file.display()))?;
    // SQLite leaves these beside a file it opened in WAL mode.
    for ending in ["-wal", "-shm"] {
        let mut beside = partial.as_os_str().to_owned();
        beside.push(ending);
        let _ = std::fs::remove_file(beside);
    }
    Ok(())
}

/// Runs one of PostgreSQL's tools. The password goes by its environment: a command line is for everybody to see.
async fn run(tool: &mut Command, database: Option<&str>) -> Result<()> {
    let name = tool.as_std().get_program().to_string_lossy().into_owned();
    if let Some(database) = database {
        let mut url = url::Url::parse(database).context("the database's URL can't be read")?;
        if let Some(password) = url.password() {
            tool.env("PGPASSWORD", &*percent_encoding::percent_decode_str(password).decode_utf8()?);
        }
        if url.set_password(None).is_err() {
            bail!("the database's URL can't be read");
        }
        tool.args(["--dbname", url.as_str()]);
    }
    let ended = tool.output().await.with_context(|| format!("{name} can't be run: is it installed?"))?;
    if !ended.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(())
}

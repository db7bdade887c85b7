//! Promise D4: a backup restores, and is tested to.

use api::backup::{backup, restore};
use serde_json::json;
use tempfile::TempDir;

use crate::both;
use crate::champion::{SIGN_UP, form};
use crate::harness::World;
use crate::harness::database;

/// A place for a restored database, on the same kind of server.
async fn elsewhere(world: &World, folder: &TempDir) -> String {
    if world.url.starts_with("sqlite:") {
        format!("sqlite:{}", folder.path().join("restored.sqlite").display())
    } else {
        database::empty().await
    }
}

both!(d4_a_backup_made_while_people_sign_up_restores_whole, |world| async move {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("monday.backup");
    let partner = world.partner();
    let sign_ups = async {
        for index in 0..10 {
            partner.done(SIGN_UP, json!({ "input": form(&format!("person{index}@example.org")) })).await;
        }
    };
    let (copied, ()) = tokio::join!(backup(&world.url, &file), sign_ups);
    let copied = copied.expect("a backup");
    assert!(copied["champion"] >= 60 && copied["assignment"] > 0, "{copied:?}");

    let target = elsewhere(&world, &folder).await;
    let restored = restore(&target, &file).await.expect("restored");
    assert!((60..=70).contains(&restored["champion"]), "a moment between before and after: {restored:?}");
    let again = restore(&target, &file).await.expect_err("never over a database");
    assert!(again.to_string().contains("never overwrites"), "{again:#}");
    let db = api::store::Db::open(&target, 2).await.expect("the restored database");
    db.migrate().await.expect("nothing is left to migrate");
    assert_eq!(db.contents().await.expect("contents"), restored);
    db.close().await.expect("closed");
});

both!(d4_what_is_no_backup_is_refused_and_changes_nothing, |world| async move {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("monday.backup");
    backup(&world.url, &file).await.expect("a backup");
    let before = std::fs::read(&file).expect("the backup");
    let refused = backup(&world.url, &file).await.expect_err("a backup is never overwritten");
    assert!(refused.to_string().contains("exists"), "{refused:#}");
    assert_eq!(std::fs::read(&file).expect("the backup"), before);

    let target = elsewhere(&world, &folder).await;
    let missing = folder.path().join("none.backup");
    assert!(restore(&target, &missing).await.expect_err("no such file").to_string().contains("not a file"));
    let mut damaged = before;
    let half = damaged.len() / 2;
    damaged.truncate(half);
    let torn = folder.path().join("torn.backup");
    std::fs::write(&torn, damaged).expect("half a backup");
    assert!(restore(&target, &torn).await.is_err(), "half a backup");
    restore(&target, &file).await.expect("the whole one still goes there");
});

//! What the demo promises.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{assignment, offer, place, session};
use rules::session::PlaceKind;
use sea_orm::{EntityTrait, PaginatorTrait};

use super::*;
use crate::auth::Passwords;
use crate::baseline;
use crate::clock::Clock;
use crate::config::Policy;
use crate::keys::Keys;
use crate::postcodes::Postcodes;
use crate::store::Db;

struct Demo {
    app: App,
    _folder: tempfile::TempDir,
}

const NOW: &str = "2026-11-21T12:00:00Z";

/// A database with the baseline and nothing else.
async fn empty() -> Demo {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("demo.sqlite").display());
    let db = Db::open(&url, 2).await.expect("a database");
    db.migrate().await.expect("a schema");
    let now: DateTime<Utc> = NOW.parse().expect("an instant");
    baseline::install(&db, now).await.expect("the baseline");
    let app = App {
        db,
        clock: Clock::held(now),
        keys: Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key"),
        passwords: Passwords::new().expect("argon2"),
        postcodes: Postcodes::load().expect("the shipped data"),
        policy: Policy::default(),
        demo: true,
    };
    Demo { app, _folder: folder }
}

async fn seeded() -> Demo {
    let demo = empty().await;
    ensure(&demo.app).await.expect("seeded");
    demo
}

#[tokio::test]
async fn probe() {
    let demo = empty().await;
    let t = std::time::Instant::now();
    ensure(&demo.app).await.expect("seeded");
    println!("seeded in {:?}", t.elapsed());
    let db = demo.app.db.read();
    let today: NaiveDate = "2026-11-21".parse().unwrap();
    let sessions = session::Entity::find().all(db).await.unwrap();
    let places = place::Entity::find().all(db).await.unwrap();
    let taken = assignment::Entity::find().all(db).await.unwrap();
    let offers = offer::Entity::find().all(db).await.unwrap();
    println!("{} sessions {} places {} assignments {} offers", sessions.len(), places.len(), taken.len(), offers.len());
    let by: HashMap<_, _> = sessions.iter().map(|s| (s.id, s)).collect();
    let filled: HashSet<_> = taken.iter().map(|a| a.place_id).collect();
    let mut weeks: std::collections::BTreeMap<i64, (usize, usize)> = Default::default();
    let mut titles: std::collections::BTreeMap<&str, (usize, usize)> = Default::default();
    for p in places.iter().filter(|p| p.kind != PlaceKind::Shadow) {
        let s = by[&p.session_id];
        let w = (s.local_date - today).num_days().div_euclid(7);
        let e = weeks.entry(w).or_default();
        e.0 += 1;
        e.1 += usize::from(filled.contains(&p.id));
        if w >= 0 {
            let e = titles.entry(&s.title).or_default();
            e.0 += 1;
            e.1 += usize::from(filled.contains(&p.id));
        }
    }
    println!("{weeks:?}");
    println!("{titles:#?}");
    let mut st: std::collections::BTreeMap<String, usize> = Default::default();
    for o in &offers {
        *st.entry(o.status.to_string()).or_default() += 1;
    }
    println!("{st:?}");
    let mut per: std::collections::BTreeMap<String, usize> = Default::default();
    let ch: HashMap<_, _> = champion::Entity::find().all(db).await.unwrap().into_iter().map(|c| (c.id, c)).collect();
    for a in &taken {
        *per.entry(format!("{} {}", ch[&a.champion_id].full_name, ch[&a.champion_id].membership)).or_default() += 1;
    }
    println!("{per:#?}");
    for o in offers.iter().filter(|o| o.status == rules::offer::OfferStatus::Pending) {
        println!(
            "{} -> {} {} {} exp {}",
            ch[&o.champion_id].full_name, by[&o.session_id].title, by[&o.session_id].local_date, o.kind, o.expires_at
        );
    }
}

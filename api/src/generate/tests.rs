//! What a generated database promises.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{assignment, champion, offer, place, session};
use rules::matching::ChampionRecord;
use rules::offer::{Acceptance, OfferStatus, Openings, accept};
use rules::session::SessionStatus;
use rules::staffing::Team;
use sea_orm::EntityTrait;

use super::*;
use crate::config::{Policy, Storage};
use crate::service::clearance::outlook;
use crate::store::facts::{self, Which};
use crate::{baseline, operate};

const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");

async fn generated(seed: u64) -> (std::sync::Arc<App>, Made, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let key_file = folder.path().join("key.pem");
    operate::make_key(&key_file).expect("a key");
    let database_url = format!("sqlite:{}", folder.path().join("load.sqlite").display());
    let app = operate::open(&Storage { database_url, connections: 2, key_file }, Policy::default(), false).await.expect("an app");
    app.db.migrate().await.expect("a schema");
    baseline::install(&app.db, app.clock.now()).await.expect("the baseline");
    let made = generate(&app, Size::Tiny, seed, Some(FIRST)).await.expect("rows");
    (app, made, folder)
}

async fn all<E: EntityTrait>(app: &App, _: E) -> Vec<E::Model> {
    E::find().all(app.db.read()).await.expect("rows")
}

#[tokio::test]
async fn there_is_as_much_as_the_size_says_and_no_second_helping() {
    let (app, made, _folder) = generated(7).await;
    assert_eq!((made.champions, made.groups, made.sessions, made.assignments), (80, 8, 40, 80));
    assert_eq!(made.offers, 80 + 8 * 2, "two weeks ahead somebody is asked");
    assert_eq!(all(&app, session::Entity).await.len(), 40);
    let again = generate(&app, Size::Tiny, 7, Some(FIRST)).await.expect_err("refused");
    assert!(again.to_string().contains("refusing"), "{again}");
    for (size, expected) in [(Size::Small, (500, 60, 3_000)), (Size::Large, (50_000, 5_000, 500_000))] {
        let shape = size.shape();
        let groups = shape.towns * shape.groups;
        assert_eq!((shape.towns * shape.champions, groups, groups as i64 * (shape.weeks.0 + shape.weeks.1)), expected);
        let helps = |index: &usize| person::membership(*index, shape.groups) == rules::champion::Membership::Active;
        for group in 0..shape.groups {
            let helpers = (group..shape.champions).step_by(shape.groups).filter(helps).count();
            assert!(helpers >= 3, "{size:?}: {helpers} take turns at group {group}, and a session has three places");
        }
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_rows_and_another_gives_others() {
    let (one, two, three) = (generated(7).await, generated(7).await, generated(8).await);
    assert!(all(&one.0, champion::Entity).await == all(&two.0, champion::Entity).await);
    assert!(all(&one.0, session::Entity).await == all(&two.0, session::Entity).await);
    assert!(all(&one.0, place::Entity).await == all(&two.0, place::Entity).await);
    assert!(all(&one.0, offer::Entity).await == all(&two.0, offer::Entity).await);
    assert!(all(&one.0, assignment::Entity).await == all(&two.0, assignment::Entity).await);
    assert!(all(&one.0, champion::Entity).await != all(&three.0, champion::Entity).await);
}

#[tokio::test]
async fn everybody_placed_is_cleared_and_everybody_asked_can_accept() {
    let (app, _, _folder) = generated(7).await;
    let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().expect("an instant");
    let sessions = facts::needs(app.db.read(), all(&app, session::Entity).await).await.expect("needs");
    let sessions: HashMap<_, _> = sessions.into_iter().map(|s| (s.session.id, s)).collect();
    let ids: Vec<ChampionId> = all(&app, champion::Entity).await.iter().map(|c| c.id).collect();
    let people: HashMap<_, ChampionRecord> =
        facts::champions(app.db.read(), Which::These(&ids)).await.expect("records").into_iter().map(|p| (p.id, p)).collect();
    let placed = all(&app, assignment::Entity).await;
    let taken: HashSet<_> = placed.iter().map(|a| a.place_id).collect();
    for one in placed.iter().filter(|a| a.starts_at > now) {
        let facts = &sessions[&one.session_id];
        let kind = facts.places.iter().find(|(id, _)| *id == one.place_id).expect("a place").1;
        let seen = outlook(&people[&one.champion_id], facts.need(kind), &[], facts.session.local_date);
        assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
    }
    let asked: Vec<_> = all(&app, offer::Entity).await.into_iter().filter(|o| o.status == OfferStatus::Pending).collect();
    for one in &asked {
        let facts = &sessions[&one.session_id];
        let places = facts.places.iter().filter(|(id, kind)| *kind == one.kind && !taken.contains(id)).map(|(id, _)| *id).collect();
        let openings = Openings { status: SessionStatus::Scheduled, places, team: Team { others: Vec::new(), open: 1 } };
        let need = facts.need(one.kind).expect("a need");
        let verdict = accept(crate::service::offer::fact(one), &openings, need, &people[&one.champion_id], now);
        assert!(matches!(verdict, Ok(Acceptance::Takes(_))), "{verdict:?}");
        // What only says where and when somebody likes to help changes no verdict, nor does what nobody asks about: it is not read.
        let bound = facts::binding(app.db.read(), one.champion_id, need).await.expect("a record");
        assert_eq!(accept(crate::service::offer::fact(one), &openings, need, &bound, now), verdict);
    }
    assert!(!asked.is_empty());
}

//! What a query costs the database: as many statements for a thousand rows as for ten.

use std::collections::BTreeMap;

use api::clock::new_id;
use chrono::{Days, TimeDelta};
use rules::id::{AssignmentId, PlaceId, SessionId};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use crate::both;
use crate::harness::{Persona, World};

const CHAMPIONS: &str = "query($first: Int!) { champions(first: $first) { totalCount nodes { reference displayName contact { ward } languages { name } topics
    trainingCompletions { completedOn module { code prerequisites { code } } } onboarding { doneCount steps { title status requirement { name } } }
    availability { windows { weekday } } } } }";
const SESSIONS: &str = "query($first: Int!, $filter: SessionFilter!) { sessions(first: $first, filter: $filter) { nodes { title cover group { name organisation { name } topics }
    venue { name ward } topics places { kind filled modules { code } } assignments { status clearedForSession champion { displayName languages { code } } }
    request { status offers { status } } } } }";
const MATCHES: &str = "query($id: ID!, $first: Int!) { session(id: $id) { matches(first: $first) { totalCount blocked { kind count }
    edges { score node { displayName languages { name } topics } } } } }";
const ROTA: &str = "query($id: ID!, $first: Int!) { rota(week: \"2026-11-23\", of: {venueId: $id}) { sessions(first: $first) { nodes { title group { name } assignments { champion { reference } } } } } }";
const OFFERS: &str = "query($first: Int!) { champions(first: $first, filter: {memberships: [ACTIVE]}) { nodes { offers(first: 5) { nodes { status session { title } } } assignments(first: 5) { nodes { session { title } } } } } }";

/// The statements a document takes, by table, and what it answers, once a process has read what it keeps.
async fn cost(who: &Persona<'_>, query: &str, variables: Value) -> (BTreeMap<String, usize>, Value) {
    who.ask(query, variables.clone()).await;
    cost_now(who, query, variables).await
}

/// The same, as things are.
async fn cost_now(who: &Persona<'_>, query: &str, variables: Value) -> (BTreeMap<String, usize>, Value) {
    who.world.statements.lock().expect("a list").clear();
    let data = who.ask(query, variables).await;
    let mut by_table = BTreeMap::new();
    for statement in who.world.statements.lock().expect("a list").iter() {
        let table =
            statement.split_once("FROM ").map_or(statement.as_str(), |(_, rest)| rest).split_whitespace().next().unwrap_or_default();
        *by_table.entry(table.trim_matches('"').to_owned()).or_default() += 1;
    }
    (by_table, data)
}

/// As many statements for many rows as for few, table by table.
fn as_many(few: &BTreeMap<String, usize>, many: &BTreeMap<String, usize>, what: &str) {
    assert_eq!(few, many, "{what}");
}

/// How many statements there were in all.
fn total(by_table: &BTreeMap<String, usize>) -> usize {
    by_table.values().sum()
}

both!(champions_cost_the_same_however_many_there_are, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let (few, data) = cost(&coordinator, CHAMPIONS, json!({ "first": 10 })).await;
    assert_eq!(data["champions"]["nodes"].as_array().map(Vec::len), Some(10));
    let (many, data) = cost(&coordinator, CHAMPIONS, json!({ "first": 60 })).await;
    assert!(data["champions"]["nodes"].as_array().is_some_and(|n| n.len() > 40));
    as_many(&few, &many, "the same");
    assert!(total(&many) <= 40, "{many:?}");
});

both!(sessions_cost_the_same_for_ten_a_hundred_and_among_a_thousand, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let all = json!({ "range": { "from": "2026-11-01T00:00:00Z", "until": "2028-01-01T00:00:00Z" } });
    let (few, data) = cost(&coordinator, SESSIONS, json!({ "first": 10, "filter": all })).await;
    assert_eq!(data["sessions"]["nodes"].as_array().map(Vec::len), Some(10));
    let (many, data) = cost(&coordinator, SESSIONS, json!({ "first": 100, "filter": all })).await;
    let nodes = data["sessions"]["nodes"].as_array().cloned().expect("sessions");
    assert_eq!(nodes.len(), 100);
    assert!(nodes.iter().filter(|n| n["assignments"] != json!([])).count() > 30, "there is a rota to read");
    as_many(&few, &many, "a hundred rows like ten");
    multiply(&world, 1_000).await;
    let (among, data) = cost(&coordinator, SESSIONS, json!({ "first": 100, "filter": all })).await;
    assert_eq!(data["sessions"]["nodes"].as_array().map(Vec::len), Some(100));
    as_many(&few, &among, "and among a thousand more");
    assert!(total(&many) <= 50, "{many:?}");
});

both!(matches_cost_the_same_however_many_are_shown, |world| async move {
    world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let (cold, _) = cost_now(&leader, MATCHES, json!({ "id": asked.session, "first": 5 })).await;
    assert!(cold.contains_key("evidence") && cold.contains_key("dbs_check"), "champions are read once: {cold:?}");
    let (few, _) = cost(&leader, MATCHES, json!({ "id": asked.session, "first": 5 })).await;
    let (many, data) = cost(&leader, MATCHES, json!({ "id": asked.session, "first": 20 })).await;
    assert_eq!(data["session"]["matches"]["edges"].as_array().map(Vec::len), Some(20));
    as_many(&few, &many, "the same");
    multiply(&world, 1_000).await;
    let (changed, _) = cost_now(&leader, MATCHES, json!({ "id": asked.session, "first": 20 })).await;
    assert!(total(&changed) <= total(&cold) + 1, "whoever has changed is read at once: {changed:?}");
    let (among, _) = cost(&leader, MATCHES, json!({ "id": asked.session, "first": 20 })).await;
    as_many(&few, &among, "a thousand more assignments cost nothing more");
    let facts = ["evidence", "completion", "dbs_check", "availability_window", "availability_exception", "assignment"];
    assert!(facts.iter().all(|table| !few.contains_key(*table)), "and no fact of a champion is read again: {few:?}");
    assert_eq!(few.get("champion_change"), Some(&1), "but whether there is any news: {few:?}");
});

both!(a_rota_costs_the_same_for_one_and_for_all_its_sessions, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let (_, venue) = world.group("first-house-get-online").await;
    let (one, _) = cost(&coordinator, ROTA, json!({ "id": venue, "first": 1 })).await;
    let (all, data) = cost(&coordinator, ROTA, json!({ "id": venue, "first": 100 })).await;
    assert!(data["rota"]["sessions"]["nodes"].as_array().is_some_and(|n| n.len() > 1));
    assert_eq!(one, all);
});

both!(a_page_inside_a_page_costs_a_statement_for_each_line_and_no_more, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    for lines in [10, 20] {
        let (found, data) = cost(&coordinator, OFFERS, json!({ "first": lines })).await;
        assert_eq!(data["champions"]["nodes"].as_array().map(Vec::len), Some(lines));
        assert_eq!((found["offer"], found["assignment"]), (lines, lines), "the cost of the document counts them so");
    }
});

/// So many sessions more, each with a place and somebody in it, copied from the demo's own, a day apart.
async fn multiply(world: &World, count: u64) {
    let db = &world.app.db;
    let sessions = entity::session::Entity::find().all(db.read()).await.expect("sessions");
    let taken = entity::assignment::Entity::find().all(db.read()).await.expect("assignments");
    let places = entity::place::Entity::find().all(db.read()).await.expect("places");
    let sample = taken.iter().filter(|a| a.starts_at > world.now()).filter_map(|a| {
        let session = sessions.iter().find(|s| s.id == a.session_id)?;
        Some((session, places.iter().find(|p| p.id == a.place_id)?, a))
    });
    let sample: Vec<_> = sample.collect();
    let (mut more, mut more_places, mut more_taken) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..count {
        let (session, place, assignment) = sample[usize::try_from(index).expect("a number") % sample.len()];
        // A minute at night each, so that nobody is in two places: a database constraint stands behind that.
        let starts_at = world.now() + TimeDelta::days(1) + TimeDelta::minutes(i64::try_from(index).expect("a number"));
        let (id, place_id): (SessionId, PlaceId) = (new_id(world.now()), new_id(world.now()));
        let ends_at = starts_at + TimeDelta::minutes(1);
        let local_date = starts_at.date_naive().checked_add_days(Days::new(0)).expect("a date");
        more.push(entity::session::Model { id, starts_at, ends_at, local_date, ..session.clone() }.into_active_model());
        more_places.push(entity::place::Model { id: place_id, session_id: id, ..place.clone() }.into_active_model());
        let assignment = entity::assignment::Model {
            id: new_id::<AssignmentId>(world.now()),
            session_id: id,
            place_id,
            offer_id: None,
            starts_at,
            ends_at,
            ..assignment.clone()
        };
        more_taken.push(assignment.into_active_model());
    }
    let tx = db.begin().await.expect("a transaction");
    for (sessions, (places, taken)) in more.chunks(100).zip(more_places.chunks(100).zip(more_taken.chunks(100))) {
        entity::session::Entity::insert_many(sessions.to_vec()).exec(&tx).await.expect("sessions");
        entity::place::Entity::insert_many(places.to_vec()).exec(&tx).await.expect("places");
        entity::assignment::Entity::insert_many(taken.to_vec()).exec(&tx).await.expect("assignments");
    }
    tx.commit().await.expect("committed");
}

//! What is read ahead and answered at once is what the library answers, for every viewer; and costs no more statements.

use std::sync::PoisonError;

use serde_json::{Value, json};

use crate::both;
use crate::harness::Persona;

const ALL: &str = "query($range: DateTimeRangeInput!) { sessions(filter: {range: $range}, first: 60) { nodes { id assignments { __typename id status createdAt \
    who: champion { __typename id reference displayName fullName membership trainingCompletions { __typename id completedOn expiresOn \
    moduleVersion module { __typename id code title summary durationMinutes validMonths version } } } } } } }";
/// What the dashboard of a group asks.
const DASHBOARD: &str = "query($range: DateTimeRangeInput!) { sessions(filter: {range: $range}, first: 60) { nodes { id title startsAt status \
    assignments { id status champion { id displayName trainingCompletions { completedOn module { code title } } } } } } }";

/// Everything of a session that may be at hand.
const SESSIONS: &str = "query($range: DateTimeRangeInput!, $groups: [ID!], $first: Int, $after: String, $last: Int, $before: String) { \
    sessions(filter: {range: $range, groupIds: $groups}, first: $first, after: $after, last: $last, before: $before) { totalCount \
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { __typename id title modality startsAt endsAt date startTime \
    durationMinutes timeZone status version assignments { id champion { displayName trainingCompletions { completedOn } } } } } } }";

/// Who could help at a session, and what is known of them.
const MATCHES: &str = "query($id: ID!) { session(id: $id) { matches(first: 20) { totalCount edges { __typename cursor score distanceBand node { __typename id \
    reference displayName fullName membership languages { __typename code name } availability { next { __typename startsAt endsAt } } } } } } }";

/// The same document with every object in a fragment, which is the library's.
fn slow(document: &str) -> String {
    let at = ["nodes ", "edges "].iter().find_map(|field| Some(document.find(field)? + field.len())).expect("a list");
    let (head, tail) = document.split_at(at);
    let (mut slow, mut depth) = (head.to_owned(), 0);
    for letter in tail.chars() {
        match letter {
            '{' => {
                depth += 1;
                slow.push_str("{ ... {");
            }
            '}' if depth > 0 => {
                depth -= 1;
                slow.push_str("} }");
            }
            other => slow.push(other),
        }
    }
    slow
}

fn range() -> Value {
    json!({ "range": { "from": "2026-11-10T00:00:00Z", "until": "2027-01-01T00:00:00Z" } })
}

async fn same(who: &Persona<'_>, document: &str) -> Value {
    same_with(who, document, range()).await
}

async fn same_with(who: &Persona<'_>, document: &str, variables: Value) -> Value {
    let at_once = who.ask(document, variables.clone()).await;
    let by_the_library = who.ask(&slow(document), variables).await;
    assert_eq!(at_once, by_the_library);
    at_once
}

both!(every_viewer_is_answered_as_by_the_library, |world| async move {
    for name in ["coordinator", "leader", "champion", "trainer", "safeguarding", "admin"] {
        let who = world.sign_in(name).await;
        for _ in 0..2 {
            same(&who, ALL).await;
        }
        same(&who, DASHBOARD).await;
    }
    let seen = same(&world.sign_in("coordinator").await, ALL).await;
    let placed: Vec<&Value> =
        seen["sessions"]["nodes"].as_array().expect("sessions").iter().flat_map(|s| s["assignments"].as_array()).flatten().collect();
    assert!(placed.len() > 20, "there is something to compare");
    assert!(placed.iter().all(|a| a["who"]["trainingCompletions"].as_array().is_some_and(|list| !list.is_empty())));
});

both!(pages_of_sessions_are_the_librarys_wherever_they_begin_and_end, |world| async move {
    for name in ["coordinator", "leader", "champion", "trainer"] {
        let who = world.sign_in(name).await;
        let own = who.ask("{ viewer { leads { id } } }", json!({})).await["viewer"]["leads"].clone();
        let own: Vec<&Value> = own.as_array().into_iter().flatten().map(|group| &group["id"]).collect();
        for groups in [Value::Null, json!(own), json!([])] {
            let page = async |arguments: Value| {
                let mut variables = range();
                variables["groups"] = groups.clone();
                variables.as_object_mut().expect("an object").extend(arguments.as_object().expect("an object").clone());
                same_with(&who, SESSIONS, variables).await["sessions"].clone()
            };
            let first = page(json!({ "first": 3 })).await;
            let end = first["pageInfo"]["endCursor"].clone();
            page(json!({ "first": 3, "after": end })).await;
            page(json!({ "last": 4 })).await;
            page(json!({ "last": 2, "before": end })).await;
            page(json!({ "first": 0 })).await;
        }
    }
});

both!(keys_that_repeat_and_arguments_are_the_librarys, |world| async move {
    let who = world.sign_in("coordinator").await;
    let query = "query($range: DateTimeRangeInput!) { sessions(filter: {range: $range}, first: 5) { nodes { assignments { champion { id } champion { id \
        displayName } champion { clearance(on: \"2026-12-01\") { on } } status @include(if: true) id @skip(if: true) } } } }";
    let seen = who.ask(query, range()).await;
    let first = &seen["sessions"]["nodes"].as_array().expect("sessions").iter().find_map(|s| s["assignments"].get(0)).expect("somebody")["champion"];
    assert!(first["id"].is_string() && first["displayName"].is_string() && first["clearance"]["on"] == "2026-12-01", "{first}");
    // A page of which only what a list tells was read, and then the library is asked for it.
    let twice = "query($range: DateTimeRangeInput!) { sessions(filter: {range: $range}, first: 5) { nodes { title title date timeZone assignments { status \
        champion { id } } } } }";
    assert!(same(&who, twice).await["sessions"]["nodes"][0]["date"].is_string());
});

both!(a_groups_dashboard_takes_two_statements_or_three_and_one_for_who_asks, |world| async move {
    let who = world.sign_in("coordinator").await;
    who.ask(DASHBOARD, range()).await;
    world.statements.lock().unwrap_or_else(PoisonError::into_inner).clear();
    who.ask(DASHBOARD, range()).await;
    let sent = world.statements.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let together = world.app.db.backend() == sea_orm::DbBackend::Postgres;
    assert_eq!(sent.len(), if together { 3 } else { 4 }, "who asks, the page with who is placed, their training: {sent:#?}");
});

both!(whoever_may_match_is_answered_as_by_the_library, |world| async move {
    world.everybody_comes().await;
    let asked = world.sign_in("leader").await.ask_for(&world.free_session().await).await;
    for (name, free) in [("coordinator", true), ("leader", false)] {
        let seen = same_with(&world.sign_in(name).await, MATCHES, json!({ "id": asked.session })).await;
        let edges = seen["session"]["matches"]["edges"].as_array().expect("champions");
        assert_eq!(edges.len(), 20, "there is something to compare");
        assert_eq!(edges.iter().any(|edge| edge["node"]["availability"]["next"].is_object()), free, "{name}");
    }
    assert_eq!(
        same_with(&world.sign_in("champion").await, MATCHES, json!({ "id": asked.session })).await["session"]["matches"],
        Value::Null
    );
});

both!(matches_take_one_statement_and_one_for_who_asks, |world| async move {
    world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let id = json!({ "id": leader.ask_for(&world.free_session().await).await.session });
    leader.ask(MATCHES, id.clone()).await;
    world.statements.lock().unwrap_or_else(PoisonError::into_inner).clear();
    leader.ask(MATCHES, id).await;
    let sent = world.statements.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(sent.len(), 2, "who asks, and what has changed: {sent:#?}");
});

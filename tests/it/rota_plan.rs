//! Rota planning: proposing, changing by hand, publishing, and what stays true of all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rules::policy::Role;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::with;
use crate::harness::{Persona, World, uuid};

const PROPOSE: &str = "mutation($keep: ID, $key: String) { rotaPropose(input: {from: \"2026-11-23\", until: \"2026-12-06\", seed: 7, seconds: 20, keepLockedOf: $keep, idempotencyKey: $key}) { proposal { id status } userErrors { code message } } }";
const READ: &str = "query($id: ID!) { rotaProposal(id: $id) { id status version gap progress { objective bound work } problems { explanation line { id champion { id } } }
    figures { places filled needed neededFilled unfilledPlaces dropped score { unfilled fairness travel continuity } fairness { loads most unfairness } }
    unfilled { kind missing needed noLead lackingCompany reasons { kind count } remedy { kind what champion { id } } session { id startsAt } } shadowPrices { explanation fills }
    diff { added { kind } removed { kind } kept { kind champion { id } session { id } } }
    lines(first: 100) { totalCount nodes { id kind locked origin session { id startsAt endsAt } champion { id } offer { id status } } } } }";
const PUBLISH: &str = "mutation($id: ID!, $version: Int!) { rotaPublish(input: {proposalId: $id, expectedVersion: $version}) { proposal { id status version } userErrors { code message field } } }";
const ADD: &str = "mutation($id: ID!, $session: ID!, $champion: ID!, $kind: PlaceKind!) { rotaLineAdd(input: {proposalId: $id, sessionId: $session, championId: $champion, kind: $kind}) { line { id origin } proposal { version } userErrors { code message field } } }";
const REMOVE: &str = "mutation($id: ID!) { rotaLineRemove(input: {lineId: $id}) { proposal { version } userErrors { code } } }";
pub const LOCK: &str = "mutation($id: ID!) { rotaLineLock(input: {lineId: $id}) { line { locked } userErrors { code } } }";

/// Proposes the next two weeks and waits for the planner.
pub async fn planned(coordinator: &Persona<'_>, keep: Option<&Value>) -> Value {
    let id = coordinator.done(PROPOSE, json!({ "keep": keep })).await["proposal"]["id"].clone();
    answered(coordinator, &id).await
}

/// The rota once its planner has answered.
async fn answered(coordinator: &Persona<'_>, id: &Value) -> Value {
    for _ in 0..240 {
        let proposal = read(coordinator, id).await;
        match proposal["status"].as_str() {
            Some("QUEUED" | "RUNNING") => tokio::time::sleep(Duration::from_millis(250)).await,
            _ => return proposal,
        }
    }
    panic!("the planner did not answer");
}

async fn read(coordinator: &Persona<'_>, id: &Value) -> Value {
    coordinator.ask(READ, json!({ "id": id })).await["rotaProposal"].clone()
}

pub fn lines(proposal: &Value) -> Vec<Value> {
    proposal["lines"]["nodes"].as_array().cloned().expect("lines")
}

/// Who goes where, without the ids of the lines.
fn places(proposal: &Value) -> BTreeSet<String> {
    lines(proposal).iter().map(|l| format!("{} {} {}", l["session"]["id"], l["kind"], l["champion"]["id"])).collect()
}

async fn mails(world: &World) -> usize {
    api::store::ledger::newest(world.app.db.read(), "mail", 10_000).await.expect("the outbox").len()
}

both!(a_rota_is_planned_published_and_every_offer_can_be_accepted, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    assert_eq!(proposal["status"], "DONE", "{proposal:#}");
    let score = |term: &str| proposal["figures"]["score"][term].as_i64().expect("a term");
    let objective = score("unfilled") + score("fairness") + score("travel") - score("continuity");
    assert_eq!(proposal["progress"]["objective"], objective, "the terms add up");
    assert_eq!(proposal["problems"], json!([]));
    assert!(proposal["progress"]["bound"].as_i64() <= proposal["progress"]["objective"].as_i64());
    assert!(!lines(&proposal).is_empty());
    assert_eq!(proposal["figures"]["filled"], proposal["lines"]["totalCount"]);
    no_champion_is_in_two_places(&proposal);
    let version = proposal["version"].clone();
    let before = mails(&world).await;
    let published = coordinator.done(PUBLISH, json!({ "id": proposal["id"], "version": version })).await;
    assert_eq!(published["proposal"]["status"], "PUBLISHED");
    let after = read(&coordinator, &proposal["id"]).await;
    let sent = mails(&world).await - before;
    let added = proposal["diff"]["added"].as_array().map_or(0, Vec::len);
    assert_eq!(sent, added, "a mail for each line that nobody had been asked for");
    coordinator.done(PUBLISH, json!({ "id": proposal["id"], "version": version })).await;
    assert_eq!(mails(&world).await, before + sent, "publishing again sends nothing");
    assert_eq!(places(&read(&coordinator, &proposal["id"]).await), places(&after));
    for line in lines(&after) {
        assert_eq!(line["offer"]["status"], "PENDING", "{line:#}");
        accept(&world, &line).await;
    }
});

both!(a_session_is_planned_up_to_its_ideal_and_filled_beyond_by_hand_alone, |world| async move {
    const STAFFING: &str =
        "mutation($input: SessionStaffingSetInput!) { sessionStaffingSet(input: $input) { userErrors { code message } } }";
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let wide = with(world.free_session().await, json!({ "places": [{ "kind": "HELPER", "count": 4 }] }));
    let session = leader.ask_for(&wide).await.session;
    let set = json!({ "input": { "sessionId": session, "kind": "HELPER", "minimum": 1, "ideal": 2 } });
    leader.done(STAFFING, set).await;
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    let here: Vec<Value> = lines(&proposal).into_iter().filter(|l| l["session"]["id"] == session).collect();
    assert_eq!(here.len(), 2, "as many as would be best, of four places");
    let figure = |name: &str| proposal["figures"][name].as_u64().expect("a figure");
    assert_eq!(figure("places") - figure("needed"), 1, "all but one of the places are needed");
    assert_eq!(figure("filled") - figure("neededFilled"), 1);
    let missing = |name: &str| proposal["unfilled"].as_array().expect("places").iter().filter_map(|u| u[name].as_u64()).sum::<u64>();
    assert_eq!((missing("missing"), missing("needed")), (figure("unfilledPlaces"), figure("needed") - figure("neededFilled")));
    let free =
        world.matched(&session, &volunteers).await.into_iter().find(|v| here.iter().all(|l| l["champion"]["id"] != v.id)).expect("a third");
    let add = json!({ "id": proposal["id"], "session": session, "champion": free.id, "kind": "HELPER" });
    assert_eq!(coordinator.done(ADD, add).await["line"]["origin"], "ADDED");
});

fn no_champion_is_in_two_places(proposal: &Value) {
    let mut diary: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for line in lines(proposal) {
        let session = &line["session"];
        let mine = diary.entry(line["champion"]["id"].to_string()).or_default();
        let (from, until) = (session["startsAt"].to_string(), session["endsAt"].to_string());
        assert!(mine.iter().all(|(f, u)| *u <= from || until <= *f), "double booked: {line:#}");
        mine.push((from, until));
    }
}

/// Accepts as the champion would; most champions of the demo have no account, so the call is made for them below HTTP.
async fn accept(world: &World, line: &Value) {
    let call = api::app::Call {
        caller: rules::policy::Caller {
            champion: Some(rules::id::ChampionId(uuid(&line["champion"]["id"]))),
            roles: vec![Role::Champion],
            ..Default::default()
        },
        now: world.now(),
        request_id: "test".into(),
    };
    let accepted = api::service::offer::accept(&world.app, &call, rules::id::OfferId(uuid(&line["offer"]["id"]))).await;
    assert!(accepted.is_ok(), "{accepted:?} {line:#}");
}

both!(no_place_stays_empty_that_somebody_idle_could_take, |world| async move {
    const MATCHES: &str = "query($id: ID!, $kind: PlaceKind!) { session(id: $id) { matches(kind: $kind, first: 100) { edges { node { id assignments(first: 100) { nodes { status session { startsAt } } } } } } request { offers { status champion { id } } } } }";
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    let busy: BTreeSet<String> = lines(&proposal).iter().map(|l| l["champion"]["id"].to_string()).collect();
    for empty in proposal["unfilled"].as_array().expect("a list") {
        let data = coordinator.ask(MATCHES, json!({ "id": empty["session"]["id"], "kind": empty["kind"] })).await;
        let declined: BTreeSet<String> = data["session"]["request"]["offers"]
            .as_array()
            .map(|all| all.iter().filter(|o| o["status"] == "DECLINED").map(|o| o["champion"]["id"].to_string()).collect())
            .unwrap_or_default();
        let edges = data["session"]["matches"]["edges"].as_array().cloned().unwrap_or_default();
        let day = empty["session"]["startsAt"].as_str().expect("an instant")[..10].to_owned();
        // Who is placed that day may be too far away to come on time.
        let placed = |node: &Value| {
            let of = node["assignments"]["nodes"].as_array().expect("a list");
            of.iter().any(|a| a["status"] == "CONFIRMED" && a["session"]["startsAt"].as_str().is_some_and(|at| at.starts_with(&day)))
        };
        let free = edges.iter().filter(|e| !placed(&e["node"])).map(|e| e["node"]["id"].to_string());
        let idle = free.filter(|id| !busy.contains(id) && !declined.contains(id)).count();
        assert!(idle <= usize::try_from(empty["lackingCompany"].as_u64().expect("a count")).expect("few"), "{empty:#} {edges:#?}");
        assert!(!empty["reasons"].as_array().expect("a list").is_empty());
    }
    assert!(proposal["shadowPrices"][0]["explanation"].as_str().is_some_and(|words| words.contains("One more champion")));
});

both!(what_changes_in_the_world_shows_at_once_and_stops_publishing, |world| async move {
    const PAUSE: &str = "mutation($id: ID!) { championMembershipChange(input: {championId: $id, to: PAUSED}) { userErrors { code } } }";
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    let gone = lines(&proposal)[0]["champion"]["id"].clone();
    coordinator.done(PAUSE, json!({ "id": gone })).await;
    let now = read(&coordinator, &proposal["id"]).await;
    let problems = now["problems"].as_array().cloned().expect("a list");
    let theirs = lines(&proposal).iter().filter(|l| l["champion"]["id"] == gone).count();
    assert_eq!(problems.iter().filter(|p| p["line"]["champion"]["id"] == gone).count(), theirs, "{problems:#?}");
    let (before, version) = (mails(&world).await, now["version"].clone());
    let refused = coordinator.payload(PUBLISH, json!({ "id": proposal["id"], "version": version })).await;
    assert_eq!(refused["userErrors"][0]["code"], "LINE_BROKEN", "{refused:#}");
    assert_eq!(refused["userErrors"][0]["field"], json!(["lines", "0"]));
    assert_eq!(mails(&world).await, before, "all of it or nothing");
    for problem in problems {
        coordinator.done(REMOVE, json!({ "id": problem["line"]["id"] })).await;
    }
    let version = read(&coordinator, &proposal["id"]).await["version"].clone();
    coordinator.done(PUBLISH, json!({ "id": proposal["id"], "version": version })).await;
});

/// Puts a rota where it stands when its planner dies, heard of so many seconds ago for the last time.
pub async fn orphan(world: &World, proposal: &Value, attempts: i32, silent: i64) {
    use entity::{rota_line, rota_proposal};
    use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
    let id = rules::id::RotaProposalId(uuid(&proposal["id"]));
    let tx = world.app.db.begin().await.expect("a transaction");
    rota_line::Entity::delete_many().filter(rota_line::Column::ProposalId.eq(id)).exec(&tx).await.expect("deleted");
    let row = rota_proposal::Entity::find_by_id(id).one(&tx).await.expect("a row").expect("a row");
    let dead = rota_proposal::Model {
        status: rules::proposal::ProposalStatus::Running,
        runner: Some(uuid::Uuid::from_u128(9)),
        attempts,
        heard_at: world.now() - chrono::TimeDelta::seconds(silent),
        ..row
    };
    rota_proposal::Entity::update(dead.into_active_model().reset_all()).exec(&tx).await.expect("updated");
    tx.commit().await.expect("committed");
}

both!(a_plan_whose_replica_dies_is_taken_up_by_another_and_fails_clearly_in_the_end, |world| async move {
    const CANCEL: &str = "mutation($id: ID!) { rotaProposalCancel(input: {proposalId: $id}) { proposal { status } userErrors { code } } }";
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    let first = places(&proposal);
    orphan(&world, &proposal, 1, 19).await;
    world.work().await;
    assert_eq!(read(&coordinator, &proposal["id"]).await["status"], "RUNNING", "its planner may be alive");
    assert_eq!(coordinator.refused(PROPOSE, json!({})).await, ["BUSY"]);
    orphan(&world, &proposal, 1, 21).await;
    world.pass(chrono::TimeDelta::seconds(11));
    world.work().await;
    let taken = read(&coordinator, &proposal["id"]).await;
    assert_eq!(taken["status"], "DONE");
    assert_eq!(places(&taken), first, "the same seed, the same plan");
    orphan(&world, &proposal, 3, 21).await;
    world.pass(chrono::TimeDelta::seconds(11));
    world.work().await;
    assert_eq!(read(&coordinator, &proposal["id"]).await["status"], "FAILED");
    orphan(&world, &proposal, 1, 0).await;
    assert_eq!(coordinator.done(CANCEL, json!({ "id": proposal["id"] })).await["proposal"]["status"], "CANCELLED");
    let tx = world.app.db.begin().await.expect("a transaction");
    let id = rules::id::RotaProposalId(uuid(&proposal["id"]));
    let heard = api::store::rota::heard(&tx, id, uuid::Uuid::from_u128(9), None, world.now()).await.expect("an answer");
    assert!(!heard, "its planner is told to stop");
});

both!(publishing_takes_as_many_statements_for_many_lines_as_for_few, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    world.everybody_comes().await;
    let mut cost = Vec::new();
    for (from, until) in [("2026-11-23", "2026-11-23"), ("2026-11-24", "2026-12-18")] {
        let wide = "mutation($from: LocalDate!, $until: LocalDate!) { rotaPropose(input: {from: $from, until: $until}) { proposal { id } userErrors { code } } }";
        let id = coordinator.done(wide, json!({ "from": from, "until": until })).await["proposal"]["id"].clone();
        let proposal = answered(&coordinator, &id).await;
        world.statements.lock().expect("a list").clear();
        coordinator.done(PUBLISH, json!({ "id": id, "version": proposal["version"] })).await;
        cost.push((lines(&proposal).len(), world.statements.lock().expect("a list").len()));
    }
    let [(few, cheap), (many, dear)] = cost[..] else { unreachable!("two rotas") };
    assert!(few > 0 && many > few + 5, "{cost:?}");
    assert!(dear <= cheap + 5 && dear < 90, "{cost:?}");
});

both!(the_same_seed_plans_the_same_and_locked_lines_stay, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let first = planned(&coordinator, None).await;
    assert_eq!(places(&first), places(&planned(&coordinator, None).await));
    let line = lines(&first)[0].clone();
    coordinator.done(LOCK, json!({ "id": line["id"] })).await;
    assert_eq!(coordinator.refused(REMOVE, json!({ "id": line["id"] })).await, ["LOCKED"]);
    let next = planned(&coordinator, Some(&first["id"])).await;
    let locked: Vec<Value> = lines(&next).into_iter().filter(|l| l["locked"] == json!(true)).collect();
    assert_eq!(locked.len(), 1);
    assert_eq!((&locked[0]["session"]["id"], &locked[0]["champion"]["id"]), (&line["session"]["id"], &line["champion"]["id"]));
});

both!(a_line_by_hand_is_judged_at_once_and_a_second_coordinator_is_stale, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    let line = lines(&proposal)[0].clone();
    let on =
        |champion: &Value| json!({ "id": proposal["id"], "session": line["session"]["id"], "kind": line["kind"], "champion": champion });
    coordinator.done(REMOVE, json!({ "id": line["id"] })).await;
    let (open, stale) = (coordinator.done(ADD, on(&line["champion"]["id"])).await, proposal["version"].clone());
    assert_eq!(open["line"]["origin"], "ADDED");
    coordinator.done(REMOVE, json!({ "id": open["line"]["id"] })).await;
    let prospect = coordinator.ask("{ champions(first: 1, filter: {memberships: [PAUSED]}) { nodes { id } } }", json!({})).await;
    let refused = coordinator.payload(ADD, on(&prospect["champions"]["nodes"][0]["id"])).await;
    assert_eq!(refused["userErrors"][0]["code"], "CANNOT_TAKE_PLACE", "{refused:#}");
    let password = "correct horse battery staple".to_owned();
    api::operate::add_account(&world.app, "second@demo.digiknow.example", "Second", Role::Coordinator, password).await.expect("added");
    let second = world.sign_in("second").await;
    assert_eq!(second.refused(PUBLISH, json!({ "id": proposal["id"], "version": stale })).await, ["STALE"]);
    let version = read(&coordinator, &proposal["id"]).await["version"].clone();
    let (one, two) = tokio::join!(
        coordinator.payload(PUBLISH, json!({ "id": proposal["id"], "version": version })),
        second.payload(PUBLISH, json!({ "id": proposal["id"], "version": version }))
    );
    let codes: BTreeSet<String> = [one, two].iter().map(|p| p["userErrors"][0]["code"].to_string()).collect();
    assert_eq!(codes, BTreeSet::from(["null".to_owned(), "\"STALE\"".to_owned()]));
});

both!(planned_rotas_are_for_coordinators, |world| async move {
    let coordinator = world.sign_in("coordinator").await;
    let key = json!({ "key": "a-key-of-this-test" });
    let id = coordinator.done(PROPOSE, key.clone()).await["proposal"]["id"].clone();
    assert_eq!(coordinator.done(PROPOSE, key).await["proposal"]["id"], id, "the same key, the same rota");
    for other in ["champion", "leader", "trainer"] {
        let other = world.sign_in(other).await;
        assert_eq!(other.fault(PROPOSE, json!({})).await, "FORBIDDEN");
        assert_eq!(other.fault(PUBLISH, json!({ "id": id, "version": 1 })).await, "FORBIDDEN");
        assert_eq!(other.ask(READ, json!({ "id": id })).await["rotaProposal"], Value::Null);
    }
    assert_eq!(world.stranger().fault(PROPOSE, json!({})).await, "UNAUTHENTICATED");
});

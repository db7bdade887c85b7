//! A planned rota that is followed: how far its planner is, what becomes of it, and who may know.

use api::http::Settings;
use api::http::server::Patience;
use rules::id::RotaProposalId;
use rules::rota::Progress;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::both;
use crate::harness::server::{Server, Socket};
use crate::harness::{Backend, Persona, World, uuid};
use crate::rota_plan::{LOCK, lines, orphan, planned};

const FOLLOW: &str = "subscription($id: ID!) { rotaProposalChanged(id: $id) {
    kind eventId proposal { id status version progress { objective bound work } } } }";
const CANCEL: &str = "mutation($id: ID!) { rotaProposalCancel(input: {proposalId: $id}) { proposal { status } userErrors { code } } }";
const ARCHIVE: &str = "mutation($id: ID!) { rotaArchive(input: {proposalId: $id}) { proposal { status } userErrors { code } } }";

/// A socket that follows a rota, once it does.
async fn follow(server: &Server, who: &Persona<'_>, id: &Value) -> Socket {
    let mut socket = server.open_as(who).await;
    let before = who.world.app.news.followers();
    socket.subscribe("follow", FOLLOW, json!({ "id": id })).await;
    who.world.followed(before + 1).await;
    socket
}

async fn change(socket: &mut Socket) -> Value {
    let message = socket.hear().await;
    assert_eq!((&message["type"], &message["payload"]["errors"]), (&json!("next"), &Value::Null), "{message:#}");
    message["payload"]["data"]["rotaProposalChanged"].clone()
}

/// What happened, and the status then.
fn what(change: &Value) -> (&str, &str) {
    (change["kind"].as_str().expect("a kind"), change["proposal"]["status"].as_str().expect("a status"))
}

/// The planner of an orphaned rota says how far it is.
async fn progress(world: &World, id: &Value, known: Option<Progress>, progress: Progress) -> bool {
    let attempt = (RotaProposalId(uuid(id)), Uuid::from_u128(9));
    api::service::rota_job::heard(&world.app, attempt, Some(progress), known).await.expect("an answer")
}

both!(progress_and_every_change_of_a_rota_arrive_for_coordinators_alone, |world| async move {
    let server = world.serve(Settings::default(), Patience::default()).await;
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    let id = &proposal["id"];
    let mut screen = follow(&server, &coordinator, id).await;
    let mut other = follow(&server, &coordinator, &json!("bm90aGluZw")).await;
    coordinator.done(LOCK, json!({ "id": lines(&proposal)[0]["id"] })).await;
    let locked = change(&mut screen).await;
    assert_eq!(what(&locked), ("LINES", "DONE"));
    assert!(locked["proposal"]["version"].as_i64() > proposal["version"].as_i64());
    orphan(&world, &proposal, 1, 0).await;
    let first = Progress { work: 10, objective: 900, bound: i64::MIN };
    let better = Progress { work: 30, objective: 800, bound: 700 };
    assert!(progress(&world, id, None, first).await);
    assert!(progress(&world, id, Some(first), Progress { work: 20, ..first }).await, "more work alone is no news");
    assert!(progress(&world, id, Some(first), better).await);
    let (one, two) = (change(&mut screen).await, change(&mut screen).await);
    assert_eq!((what(&one), what(&two)), (("PROGRESS", "RUNNING"), ("PROGRESS", "RUNNING")));
    assert_eq!(two["proposal"]["progress"], json!({ "objective": 800, "bound": 700, "work": 30 }));
    assert_ne!(one["eventId"], two["eventId"]);
    coordinator.done(CANCEL, json!({ "id": id })).await;
    assert_eq!(what(&change(&mut screen).await), ("STATUS", "CANCELLED"));
    assert!(!progress(&world, id, None, better).await, "nobody waits for the planner");
    coordinator.done(ARCHIVE, json!({ "id": id })).await;
    assert_eq!(what(&change(&mut screen).await), ("STATUS", "ARCHIVED"));
    other.say(json!({ "type": "ping" })).await;
    assert_eq!(other.hear().await, json!({ "type": "pong" }), "nothing of a rota that is not there");
    for (who, code) in [
        (world.sign_in("leader").await, "FORBIDDEN"),
        (world.sign_in("champion").await, "FORBIDDEN"),
        (world.stranger(), "UNAUTHENTICATED"),
    ] {
        let mut socket = server.open_as(&who).await;
        socket.subscribe("1", FOLLOW, json!({ "id": id })).await;
        let refused = socket.hear().await;
        assert_eq!((&refused["type"], &refused["payload"][0]["extensions"]["code"]), (&json!("error"), &json!(code)));
    }
});

both!(a_rota_is_followed_from_its_queue_to_its_answer, |world| async move {
    let server = world.serve(Settings::default(), Patience::default()).await;
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    orphan(&world, &proposal, 1, 21).await;
    let mut screen = follow(&server, &coordinator, &proposal["id"]).await;
    world.pass(chrono::TimeDelta::seconds(11));
    world.work().await;
    assert_eq!(what(&change(&mut screen).await).0, "STATUS", "somebody took it up");
    let last = loop {
        let next = change(&mut screen).await;
        if next["kind"] == "STATUS" {
            break next;
        }
        assert_eq!(next["kind"], "PROGRESS");
    };
    assert_eq!(last["proposal"]["status"], "DONE");
    assert_eq!(last["proposal"]["progress"], proposal["progress"], "the same seed, the same plan");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_made_on_one_replica_arrives_on_another() {
    let Some(world) = World::new(Backend::Postgres).await else {
        return eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
    };
    let replica = world.replica().await;
    let there = replica.serve(Settings::default(), Patience::default()).await;
    let coordinator = world.sign_in("coordinator").await;
    let proposal = planned(&coordinator, None).await;
    orphan(&world, &proposal, 1, 0).await;
    let mut far = follow(&there, &replica.sign_in("coordinator").await, &proposal["id"]).await;
    assert!(progress(&world, &proposal["id"], None, Progress { work: 1, objective: 5, bound: 4 }).await);
    let heard = change(&mut far).await;
    assert_eq!(what(&heard), ("PROGRESS", "RUNNING"));
    assert_eq!(heard["proposal"]["progress"], json!({ "objective": 5, "bound": 4, "work": 1 }));
}

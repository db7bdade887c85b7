//! Subscriptions: what arrives, for whom, and from which replica.

use api::http::Settings;
use api::http::server::Patience;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::both;
use crate::harness::booking::CANCEL;
use crate::harness::server::{Server, Socket};
use crate::harness::{Backend, Persona, World};

const FOLLOW: &str = "subscription($filter: SessionChangeFilter!) { sessionChanged(filter: $filter) {
    kind eventId session { id status cover group { slug } request { id } } } }";

/// A socket that follows sessions, once it does.
async fn follow(server: &Server, who: &Persona<'_>, filter: Value) -> Socket {
    let mut socket = server.open_as(who).await;
    let before = who.world.app.news.followers();
    socket.subscribe("follow", FOLLOW, json!({ "filter": filter })).await;
    who.world.followed(before + 1).await;
    socket
}

impl World {
    /// Waits until so many follow the news.
    pub(super) async fn followed(&self, count: usize) {
        let enough = async {
            while self.app.news.followers() < count {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(crate::harness::server::PATIENCE, enough).await.expect("it is followed");
    }
}

async fn change(socket: &mut Socket) -> Value {
    let message = socket.hear().await;
    assert_eq!((&message["type"], &message["payload"]["errors"]), (&json!("next"), &Value::Null), "{message:#}");
    message["payload"]["data"]["sessionChanged"].clone()
}

/// The kinds of what arrives until a session is called off.
async fn kinds(socket: &mut Socket) -> Vec<String> {
    let mut kinds = Vec::new();
    loop {
        let kind = change(socket).await["kind"].as_str().expect("a kind").to_owned();
        let over = kind == "CANCELLED";
        kinds.push(kind);
        if over {
            return kinds;
        }
    }
}

both!(a2_changes_arrive_for_those_who_may_see_them_and_for_nobody_else, |world| async move {
    let server = world.serve(Settings::default(), Patience::default()).await;
    let leader = world.sign_in("leader").await;
    let (group, _) = world.group("stockroom-digital-desk").await;
    let (other, _) = world.group("first-house-get-online").await;
    let mut theirs = follow(&server, &leader, json!({ "groupIds": [group] })).await;
    let mut champions = follow(&server, &world.sign_in("champion").await, json!({})).await;
    let mut elsewhere = follow(&server, &world.sign_in("coordinator").await, json!({ "groupIds": [other] })).await;
    let asked = leader.ask_for(&world.free_session().await).await;
    leader.done(CANCEL, json!({ "input": { "sessionId": asked.session, "reason": "The room is flooded." } })).await;
    let session = {
        let created = change(&mut theirs).await;
        assert_eq!(created["kind"], "CREATED");
        created["session"].clone()
    };
    assert_eq!((&session["id"], &session["group"]["slug"]), (&asked.session, &json!("stockroom-digital-desk")));
    assert_eq!(kinds(&mut theirs).await, ["REQUEST", "CANCELLED"]);
    let created = change(&mut champions).await;
    assert_eq!((&created["kind"], &created["session"]["request"]), (&json!("CREATED"), &Value::Null));
    assert_eq!(kinds(&mut champions).await, ["CANCELLED"], "requests are for the group's leaders");
    elsewhere.say(json!({ "type": "ping" })).await;
    assert_eq!(elsewhere.hear().await, json!({ "type": "pong" }), "nothing of another group");
    for (who, code) in [(world.stranger(), "UNAUTHENTICATED"), (world.partner(), "UNAUTHENTICATED")] {
        let mut socket = server.open_as(&who).await;
        socket.subscribe("1", FOLLOW, json!({ "filter": {} })).await;
        let refused = socket.hear().await;
        assert_eq!((&refused["type"], &refused["payload"][0]["extensions"]["code"]), (&json!("error"), &json!(code)));
    }
});

both!(a_subscription_may_stand_in_a_fragment, |world| async move {
    let server = world.serve(Settings::default(), Patience::default()).await;
    let mut socket = server.open_as(&world.sign_in("coordinator").await).await;
    let query = "subscription { ...Changes } fragment Changes on Subscription { ... on Subscription { sessionChanged { kind } } }";
    socket.subscribe("1", query, json!({})).await;
    world.followed(1).await;
    world.sign_in("leader").await.ask_for(&world.free_session().await).await;
    assert_eq!(change(&mut socket).await, json!({ "kind": "CREATED" }));
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_changes_made_on_one_replica_arrive_on_another_and_a_gap_is_told() {
    let Some(world) = World::new(Backend::Postgres).await else {
        return eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
    };
    let replica = world.replica().await;
    let (here, there) =
        (world.serve(Settings::default(), Patience::default()).await, replica.serve(Settings::default(), Patience::default()).await);
    let mut near = follow(&here, &world.sign_in("coordinator").await, json!({})).await;
    let mut far = follow(&there, &replica.sign_in("coordinator").await, json!({})).await;
    let asked = world.sign_in("leader").await.ask_for(&world.free_session().await).await;
    let (one, two) = (change(&mut near).await, change(&mut far).await);
    assert_eq!(one, two, "the same event, with the same id");
    assert_eq!((&one["kind"], &one["session"]["id"]), (&json!("CREATED"), &asked.session));
    assert_eq!((change(&mut near).await["kind"].clone(), change(&mut far).await["kind"].clone()), (json!("REQUEST"), json!("REQUEST")));
    // The listeners are cut off, as by a database that restarts.
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
    world.app.db.begin().await.expect("a connection").execute_unprepared(cut).await.expect("cut off");
    for socket in [&mut near, &mut far] {
        let missed = change(socket).await;
        assert_eq!((&missed["kind"], &missed["session"], &missed["eventId"]), (&json!("MISSED"), &Value::Null, &Value::Null));
    }
    world.sign_in("leader").await.done(CANCEL, json!({ "input": { "sessionId": asked.session } })).await;
    assert_eq!((kinds(&mut near).await, kinds(&mut far).await), (vec!["CANCELLED".to_owned()], vec!["CANCELLED".to_owned()]));
}

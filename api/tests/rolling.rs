//! Restarts replicas one after the other under a load of writers, as a new version is rolled out.
//!
//! A small balancer stands in front, as in production. A client that sends the same request with the same key again, when it
//! was not answered or was told to, has no final error, and what it was told is there once. Each replica that is asked to
//! stop ends with 0 in 15 seconds.

use std::net::{SocketAddr, TcpListener as Port};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

const SIGN_UP: &str =
    "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { nextStep userErrors { code field message } } }";
const FOUND: &str = "query($name: String!) { champions(filter: {nameContains: $name, memberships: [ENQUIRED]}) { totalCount } }";
/// The longest a replica may take to end.
const DRAIN: Duration = Duration::from_secs(15);
/// What the service sets for itself before it starts over (docs/decisions/0030).
const PURGE: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "1");
/// How long a client goes on trying.
const PATIENCE: Duration = Duration::from_secs(60);

fn free() -> SocketAddr {
    Port::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port")
}

/// One process of the service.
struct Replica {
    process: Child,
    address: SocketAddr,
}

impl Replica {
    async fn start(folder: &Path, database: Option<&str>, address: SocketAddr) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_digiknow"));
        command.arg("demo").arg("--folder").arg(folder).args(["--listen", &address.to_string()]).env_remove(PURGE.0);
        if let Some(url) = database {
            command.args(["--database-url", url]);
        }
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the service");
        let replica = Self { process, address };
        let began = Instant::now();
        while !matches!(reqwest::get(format!("http://{address}/health/ready")).await, Ok(answer) if answer.status().is_success()) {
            assert!(began.elapsed() < Duration::from_secs(120), "the service does not become ready");
            sleep(Duration::from_millis(20)).await;
        }
        replica
    }

    /// Asks it to stop, as whoever rolls a version out does; it ends by itself, in time, and content.
    async fn stop(&mut self) {
        let asked = Instant::now();
        let told = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().expect("kill");
        assert!(told.success());
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a state") {
                break status;
            }
            assert!(asked.elapsed() < DRAIN, "it does not end");
            sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(status.code(), Some(0), "asked to stop, it ends with 0");
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Passes each connection on to the replica whose turn it is, or to the next that takes it.
async fn balance(replicas: Vec<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        for turn in 0.. {
            let Ok((mut near, _)) = listener.accept().await else { return };
            let order: Vec<SocketAddr> = replicas.iter().cycle().skip(turn % replicas.len()).take(replicas.len()).copied().collect();
            tokio::spawn(async move {
                for replica in order {
                    if let Ok(mut far) = TcpStream::connect(replica).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        return;
                    }
                }
            });
        }
    });
    address
}

/// What one client went through.
#[derive(Default)]
struct Log {
    done: AtomicUsize,
    again: AtomicUsize,
}

async fn try_once(http: &reqwest::Client, url: &str, header: (&str, &str), body: &str) -> Option<Value> {
    let request = http.post(url).header("content-type", "application/json").header(header.0, header.1);
    let answer = request.body(body.to_owned()).send().await.ok()?;
    let answer: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
    match answer.pointer("/errors/0/extensions/code") {
        None => answer["data"].as_object()?.values().next().cloned(),
        Some(code) => {
            assert_eq!(code, "SERVICE_UNAVAILABLE", "no other error is to be tried again: {answer}");
            None
        }
    }
}

/// Signs people up, each with a key, and tries again until it is told.
async fn client(url: String, tag: String, stop: Arc<AtomicBool>, log: Arc<Log>) -> usize {
    let http = reqwest::Client::new();
    for index in 0.. {
        if stop.load(Ordering::Acquire) {
            return index;
        }
        let name = format!("{tag}-{index}");
        let input = json!({ "idempotencyKey": name, "fullName": format!("{name}."), "email": format!("{name}@example.org"), "postcode": "SK1 3XE",
            "birthDate": "1970-05-17", "languages": ["eng"], "topics": [], "windows": [],
            "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-01", "given": true }] });
        let body = json!({ "query": SIGN_UP, "variables": { "input": input } }).to_string();
        let began = Instant::now();
        let payload = loop {
            if let Some(payload) = try_once(&http, &url, ("digiknow-client-key", api::demo::DEMO_KEY), &body).await {
                break payload;
            }
            log.again.fetch_add(1, Ordering::Relaxed);
            assert!(began.elapsed() < PATIENCE, "a final error");
            sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(payload["userErrors"], json!([]), "{name}");
        log.done.fetch_add(1, Ordering::Relaxed);
    }
    0
}

async fn coordinator(url: &str) -> String {
    let body = json!({ "email": "coordinator@demo.digiknow.example", "password": api::demo::DEMO_PASSWORD }).to_string();
    let request = reqwest::Client::new().post(format!("{url}/auth/sign-in")).header("content-type", "application/json").body(body);
    let answer = request.send().await.expect("an answer").text().await.expect("a body");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    format!("Bearer {}", answer["accessToken"].as_str().expect("a token"))
}

/// Restarts each of so many replicas under load.
async fn roll(database: Option<String>, many: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut replicas = Vec::new();
    for _ in 0..many {
        replicas.push(Replica::start(folder.path(), database.as_deref(), free()).await);
    }
    let front = format!("http://{}", balance(replicas.iter().map(|replica| replica.address).collect()).await);
    let (stop, log) = (Arc::new(AtomicBool::new(false)), Arc::new(Log::default()));
    let tag = |index: usize| format!("Rolling-{}-{index}", std::process::id());
    let clients: Vec<_> =
        (0..4).map(|index| tokio::spawn(client(format!("{front}/graphql"), tag(index), stop.clone(), log.clone()))).collect();
    let more = async |log: &Log| {
        let before = log.done.load(Ordering::Relaxed);
        while log.done.load(Ordering::Relaxed) < before + 12 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    for _ in 0..2 {
        for replica in &mut replicas {
            more(&log).await;
            replica.stop().await;
            *replica = Replica::start(folder.path(), database.as_deref(), replica.address).await;
        }
    }
    more(&log).await;
    stop.store(true, Ordering::Release);
    let token = coordinator(&front).await;
    let http = reqwest::Client::new();
    for (index, client) in clients.into_iter().enumerate() {
        for number in 0..client.await.expect("no final error") {
            let name = format!("{}-{number}.", tag(index));
            let body = json!({ "query": FOUND, "variables": { "name": name } }).to_string();
            let found = try_once(&http, &format!("{front}/graphql"), ("authorization", &token), &body).await.expect("an answer");
            assert_eq!(found["totalCount"], 1, "{name}");
        }
    }
    let (done, again) = (log.done.load(Ordering::Relaxed), log.again.load(Ordering::Relaxed));
    eprintln!("{done} acknowledged writes while {many} replicas restarted twice, {again} of them sent again, none lost");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_service_starts_over_in_its_own_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let replica = Replica::start(folder.path(), None, free()).await;
    // As it was when the program that runs now began; the process is the one that was started.
    let set = std::fs::read(format!("/proc/{}/environ", replica.process.id())).expect("proc");
    let (name, value) = PURGE;
    assert!(set.split(|byte| *byte == 0).any(|variable| variable == format!("{name}={value}").as_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_restarts_and_whoever_tries_again_has_no_final_error_sqlite() {
    roll(None, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_restart_in_turn_and_nobody_has_a_final_error_postgres() {
    let Ok(server) = std::env::var("DIGIKNOW_TEST_POSTGRES_URL") else {
        eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
        return;
    };
    let server = server.trim_end_matches('/').to_owned();
    let name = format!("digiknow_rolling_{}", std::process::id());
    let admin = Database::connect(format!("{server}/postgres")).await.expect("the server");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    admin.close().await.expect("closed");
    roll(Some(format!("{server}/{name}")), 2).await;
}

//! Kills the running service, and on PostgreSQL the database under it, while clients write; starts it again and looks.
//!
//! Promises B4, B5, F1 and F2: every acknowledged write is there, no refused one left a trace, a retry with the same key
//! makes one thing, and no place is over-filled. `DIGIKNOW_CRASH_ROUNDS=50 cargo test -p api --test crash` goes on for longer.

use std::collections::{HashMap, HashSet};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::clock::Clock;
use sea_orm::{ConnectionTrait, Database, EntityTrait};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const SIGN_UP: &str =
    "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { nextStep userErrors { code field message } } }";
const SIGNED_UP: &str = "query($name: String!) { champions(filter: {nameContains: $name, memberships: [ENQUIRED]}) { totalCount } }";
const ASK: &str = "mutation($input: ChampionRequestCreateInput!) { championRequestCreate(input: $input) {
    request { id session { id } } userErrors { code field message } } }";
const BEST: &str = "query($id: ID!) { session(id: $id) { matches(first: 1) { nodes { id contact { email } } } } }";
const SEND: &str = "mutation($input: OfferSendInput!) { offerSend(input: $input) { offers { id } userErrors { code field message } } }";
const ACCEPT: &str = "mutation($id: ID!) { offerAccept(input: {offerId: $id}) { assignment { id } userErrors { code field message } } }";
const NODE: &str = "query($id: ID!) { node(id: $id) { id ... on Assignment { status } } }";
const KEY_HEADER: &str = "digiknow-client-key";

/// The running service, as an operator runs it.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    async fn start(folder: &Path, database: Option<&str>, listen: SocketAddr) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_digiknow"));
        command.arg("demo").arg("--folder").arg(folder).args(["--listen", &listen.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(url) = database {
            command.args(["--database-url", url]);
        }
        let service = Self { process: command.spawn().expect("the service"), url: format!("http://{listen}") };
        service.ready().await;
        service
    }

    async fn ready(&self) {
        let began = Instant::now();
        while !matches!(reqwest::get(format!("{}/health/ready", self.url)).await, Ok(answer) if answer.status().is_success()) {
            assert!(began.elapsed() < Duration::from_secs(120), "the service does not become ready");
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn kill(&mut self) {
        self.process.kill().expect("SIGKILL");
        self.process.wait().expect("its end");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Access tokens by address, and when they were got: they are good for ten minutes.
type Tokens = HashMap<String, (Instant, String)>;

/// What clients were told, and what they were not told about.
#[derive(Default)]
struct Told {
    /// Writes with an answer: the document, its variables, the payload.
    done: Vec<(&'static str, Value, Value)>,
    /// Writes that were sent and not answered.
    open: Vec<(&'static str, &'static str, Value)>,
}

/// Somebody with a key or a token, who keeps account of what was answered.
#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    url: String,
    header: &'static str,
    secret: String,
    told: Arc<Mutex<Told>>,
}

impl Client {
    /// The payload of a document's one field; none when the service is gone.
    async fn send(&self, query: &str, variables: &Value) -> Option<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.http.post(format!("{}/graphql", self.url)).header("content-type", "application/json");
        let answer = request.header(self.header, &self.secret).body(body).send().await.ok()?;
        let answer: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        // With the database gone the answer is an error: as open as no answer.
        if let Some(code) = answer.pointer("/errors/0/extensions/code") {
            assert!(code == "SERVICE_UNAVAILABLE" || code == "INTERNAL_SERVER_ERROR", "{answer}");
            return None;
        }
        answer["data"].as_object().and_then(|fields| fields.values().next()).cloned()
    }

    /// A write whose answer counts.
    async fn write(&self, query: &'static str, variables: Value) -> Option<Value> {
        let answer = self.send(query, &variables).await;
        let mut told = self.told.lock().expect("a list");
        match &answer {
            Some(payload) => told.done.push((query, variables, payload.clone())),
            None => told.open.push((query, self.header, variables)),
        }
        answer
    }
}

/// One round's people.
struct Cast {
    partner: Client,
    leader: Client,
    coordinator: Client,
    /// Tokens by address, as they are needed.
    tokens: Arc<tokio::sync::Mutex<Tokens>>,
    place: (Value, Value),
    /// Set once something was killed: whoever was not in the middle of anything may never notice.
    over: AtomicBool,
}

impl Cast {
    async fn gather(url: &str, tokens: &Arc<tokio::sync::Mutex<Tokens>>) -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let http = reqwest::Client::new();
        let partner = Client { http, url: url.to_owned(), header: KEY_HEADER, secret: api::demo::DEMO_KEY.to_owned(), told };
        let mut cast = Self {
            leader: partner.clone(),
            coordinator: partner.clone(),
            partner,
            tokens: tokens.clone(),
            place: Default::default(),
            over: AtomicBool::new(false),
        };
        cast.leader = cast.holder("leader@demo.digiknow.example").await.expect("the leader");
        cast.coordinator = cast.holder("coordinator@demo.digiknow.example").await.expect("the coordinator");
        let groups = cast.partner.send("{ groups(first: 100) { nodes { id slug venue { id } } } }", &json!({})).await.expect("groups");
        let desk = groups["nodes"].as_array().expect("groups").iter().find(|g| g["slug"] == "stockroom-digital-desk").expect("a group");
        cast.place = (desk["id"].clone(), desk["venue"]["id"].clone());
        cast
    }

    /// An account of the demo, signed in for several rounds.
    async fn holder(&self, email: &str) -> Option<Client> {
        let mut tokens = self.tokens.lock().await;
        tokens.retain(|_, (got, _)| got.elapsed() < Duration::from_secs(300));
        if !tokens.contains_key(email) {
            let body = json!({ "email": email, "password": api::demo::DEMO_PASSWORD }).to_string();
            let request = self.partner.http.post(format!("{}/auth/sign-in", self.partner.url));
            let answer = request.header("content-type", "application/json").body(body).send().await.ok()?;
            let answer: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
            tokens.insert(email.to_owned(), (Instant::now(), answer["accessToken"].as_str()?.to_owned()));
        }
        Some(Client { header: "authorization", secret: format!("Bearer {}", tokens[email].1), ..self.partner.clone() })
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Acquire)
    }

    /// Strangers sign up, one after the other.
    async fn sign_ups(&self, tag: &str) {
        for index in (0..).take_while(|_| self.goes_on()) {
            let input = json!({
                "idempotencyKey": format!("{tag}-{index}"), "fullName": format!("{tag}-{index}."), "email": format!("{tag}-{index}@example.org"),
                "postcode": "SK1 3XE", "birthDate": "1970-05-17", "languages": ["eng"], "topics": [], "windows": [], "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-01", "given": true }],
            });
            let Some(payload) = self.partner.write(SIGN_UP, json!({ "input": input })).await else { return };
            assert_eq!(payload["userErrors"], json!([]), "{tag}-{index}");
        }
    }

    /// A leader asks for a champion, offers the place to the best match, who takes it.
    async fn bookings(&self, tag: &str, (first_day, hour): (chrono::NaiveDate, u32)) {
        for (index, day) in first_day.iter_days().enumerate().take_while(|_| self.goes_on()) {
            let session = json!({ "groupId": self.place.0, "venueId": self.place.1, "title": tag, "date": day, "startTime": format!("{hour:02}:00"),
                "durationMinutes": 60, "dbs": null, "places": [{ "kind": "HELPER", "count": 1 }] });
            let key = format!("{tag}-{index}");
            let Some(asked) =
                self.leader.write(ASK, json!({ "input": { "idempotencyKey": key, "target": { "newSession": session } } })).await
            else {
                return;
            };
            assert_eq!(asked["userErrors"], json!([]), "{key}");
            let id = &asked["request"]["session"]["id"];
            let Some(found) = self.coordinator.send(BEST, &json!({ "id": id })).await else { return };
            let Some(best) = found["matches"]["nodes"].as_array().and_then(|nodes| nodes.first().cloned()) else { continue };
            let sent = json!({ "input": { "idempotencyKey": format!("{key}-offer"), "requestId": asked["request"]["id"], "championIds": [best["id"]] } });
            let Some(sent) = self.leader.write(SEND, sent).await else { return };
            let Some(champion) = self.holder(best["contact"]["email"].as_str().expect("an address")).await else { return };
            if champion.write(ACCEPT, json!({ "id": sent["offers"][0]["id"] })).await.is_none() {
                return;
            }
        }
    }

    /// Everything that was acknowledged is there; what was not is sent again, and is there once.
    async fn check(&self) -> usize {
        let told = std::mem::take(&mut *self.partner.told.lock().expect("a list"));
        for (query, variables, payload) in &told.done {
            if *query == SIGN_UP {
                self.signed_up_once(&variables["input"]).await;
            } else if payload["userErrors"] == json!([]) {
                for pointer in ["/request/id", "/request/session/id", "/offers/0/id", "/assignment/id"] {
                    let Some(id) = payload.pointer(pointer) else { continue };
                    let found = self.coordinator.send(NODE, &json!({ "id": id })).await.expect("an answer");
                    assert_eq!(&found["id"], id, "acknowledged and lost: {payload}");
                }
            }
        }
        for (query, header, variables) in told.open {
            // An accept is safe to repeat too, and only its champion may; the others have keys.
            if query == ACCEPT {
                continue;
            }
            let who = if header == KEY_HEADER { &self.partner } else { &self.leader };
            let first = who.send(query, &variables).await.expect("an answer");
            let second = who.send(query, &variables).await.expect("an answer");
            assert_eq!(first, second, "the same key, the same answer");
            if query == SIGN_UP {
                self.signed_up_once(&variables["input"]).await;
            }
        }
        told.done.len()
    }

    async fn signed_up_once(&self, form: &Value) {
        let found = self.coordinator.send(SIGNED_UP, &json!({ "name": form["fullName"] })).await.expect("an answer");
        assert_eq!(found["totalCount"], 1, "{form}");
    }
}

/// What must be so in the tables whatever happened: no place taken twice, nobody in two places, a row in the audit for each.
async fn invariants(url: &str, began: chrono::DateTime<chrono::Utc>) {
    let db = Database::connect(url).await.expect("the database");
    let assignments = entity::assignment::Entity::find().all(&db).await.expect("assignments");
    let audit = entity::audit_event::Entity::find().all(&db).await.expect("audit");
    let audited: HashSet<_> = audit.iter().filter_map(|row| row.subject_id).collect();
    let mut taken = HashSet::new();
    let mut busy: HashMap<_, Vec<_>> = HashMap::new();
    for row in assignments.iter().filter(|row| row.ended_at.is_none()) {
        assert!(taken.insert(row.place_id), "a place is taken twice");
        busy.entry(row.champion_id).or_default().push((row.starts_at, row.ends_at));
        let ours = row.created_at >= began;
        assert!(!ours || row.offer_id.is_some_and(|offer| audited.contains(&offer.0)), "an acceptance without its audit row");
    }
    for spans in busy.values_mut() {
        spans.sort_unstable();
        assert!(spans.windows(2).all(|two| two[0].1 <= two[1].0), "somebody is in two places");
    }
    db.close().await.expect("closed");
}

fn rounds() -> u32 {
    std::env::var("DIGIKNOW_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// Kills what `crash` kills in the midst of each round, then looks.
async fn rounds_of(database: Option<String>, mut crash: impl FnMut(u32, &mut Service)) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = database.clone().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("demo.sqlite").display()));
    let tokens = Arc::default();
    let listen = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut service = Service::start(folder.path(), database.as_deref(), listen).await;
    let began = Clock::System.now();
    let mut acknowledged = 0;
    for round in 0..rounds() {
        let cast = Cast::gather(&service.url, &tokens).await;
        // A year is as far as the calendar goes: after eight rounds the next hour is taken.
        let when = (began.date_naive() + chrono::Days::new(7 + 40 * u64::from(round % 8)), 9 + round / 8);
        let tag = format!("Round-{round}-{}", std::process::id());
        let (one, two) = (format!("{tag}-one"), format!("{tag}-two"));
        let load = async { tokio::join!(cast.sign_ups(&one), cast.sign_ups(&two), cast.bookings(&tag, when)) };
        tokio::pin!(load);
        let killed = sleep(Duration::from_millis(300 + 170 * u64::from(round % 5)));
        tokio::select! { _ = &mut load => panic!("the service ended by itself"), () = killed => {} }
        crash(round, &mut service);
        cast.over.store(true, Ordering::Release);
        // Whoever is in the middle of something learns that nobody answers, and everybody stops.
        load.await;
        if service.process.try_wait().expect("a state").is_some() {
            service = Service::start(folder.path(), database.as_deref(), listen).await;
        }
        service.ready().await;
        acknowledged += cast.check().await;
        invariants(&url, began).await;
    }
    assert!(acknowledged > 0, "nothing was written");
    eprintln!("{acknowledged} acknowledged writes in {} rounds, none lost", rounds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_service_is_killed_sqlite() {
    rounds_of(None, |_, service| service.kill()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_service_or_database_is_killed_postgres() {
    let Ok(server) = std::env::var("DIGIKNOW_TEST_POSTGRES_URL") else {
        eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
        return;
    };
    let server = server.trim_end_matches('/').to_owned();
    let name = format!("digiknow_crash_{}", std::process::id());
    let admin = Database::connect(format!("{server}/postgres")).await.expect("the server");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    admin.close().await.expect("closed");
    // Kills the database and starts it again; `.ci/postgres` gives one for its cluster.
    let kill_database = std::env::var("DIGIKNOW_TEST_POSTGRES_CRASH").ok();
    rounds_of(Some(format!("{server}/{name}")), |round, service| match &kill_database {
        Some(command) if round % 2 == 1 => {
            let ended = Command::new("sh").args(["-c", command]).stdout(Stdio::null()).status().expect("a shell");
            assert!(ended.success(), "{command}");
        }
        _ => service.kill(),
    })
    .await;
}

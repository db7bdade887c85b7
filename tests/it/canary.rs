//! A5: whatever is logged, at whatever level, holds no personal or secret value.

use std::io::Write;
use std::sync::{Arc, Mutex};

use api::http::Settings;
use api::http::server::Patience;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::dbs::update_service::{Fake, cleared, round};
use crate::harness::{Backend, World};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that is logged on this thread, until the guard is dropped.
fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

// One thread, so that every task writes to this log.
#[tokio::test]
async fn a5_no_log_line_holds_a_personal_or_secret_value() {
    let (log, _listening) = listen();
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let secrets = drive(&world).await;
    let text = String::from_utf8_lossy(&log.0.lock().expect("the log")).into_owned();
    // Something was logged, or this would prove nothing: a refusal, and a fault.
    assert!(text.contains("refused: nobody is signed in"), "{text}");
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[tokio::test]
async fn the_update_services_address_never_reaches_a_log() {
    let (log, _listening) = listen();
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let fake = Fake::of(&world, 30_000).await;
    cleared(&world, &world.sign_in("safeguarding").await).await;
    fake.says(StatusCode::INTERNAL_SERVER_ERROR, "no");
    assert_eq!(round(&world).await, 1);
    let asked = fake.asked.lock().expect("a list").clone();
    let text = String::from_utf8_lossy(&log.0.lock().expect("the log")).into_owned();
    assert!(asked[0].contains("001234567890") && asked[0].contains("surname=Rossi"), "the address holds all of it: {asked:?}");
    for secret in ["crsc/api/status", "001234567890", "surname=Rossi", "dateOfBirth="] {
        assert_eq!(text.lines().find(|line| line.contains(secret)), None, "{secret}");
    }
}

/// Requests of every kind, good and bad; answers what must not be found.
async fn drive(world: &World) -> Vec<String> {
    let (email, birth, postcode, password) = ("canary.bird@example.org", "1961-07-23", "SK4 3DT", "canary-in-the-mine-1");
    let input = json!({ "fullName": "Canary Birdsong", "email": email, "birthDate": birth, "languages": ["eng"], "postcode": postcode,
        "phone": "+441614960123", "consents": [{ "purpose": "PRIVACY_NOTICE", "wordingVersion": "2026-11", "given": true }] });
    let sign_up = "mutation($input: ChampionSignUpInput!) { championSignUp(input: $input) { userErrors { code field message } } }";
    for who in [world.stranger(), world.partner(), world.partner()] {
        who.send(sign_up, json!({ "input": input })).await;
    }
    let letters = world.letters(email).await;
    let token = letters.iter().find(|l| l.body.contains("token")).expect("a letter").token();
    let confirm = "mutation($t: String!, $p: String!) { championEmailConfirm(input: {token: $t, password: $p}) { userErrors { code } } }";
    for _ in 0..2 {
        world.stranger().send(confirm, json!({ "t": token, "p": password })).await;
    }
    for tried in [password, "canary-in-the-mine-2"] {
        let body = json!({ "email": email, "password": tried }).to_string();
        world
            .http(Request::post("/auth/sign-in").header("content-type", "application/json").body(Body::from(body)).expect("a request"))
            .await;
    }
    let lead = world.sign_in("safeguarding").await;
    let certificate = "009912345678";
    for (query, variables) in [
        ("query($e: String!) { account(email: $e) { id } }", json!({ "e": email })),
        ("query($e: Int) { champions(first: $e) { totalCount } }", json!({ "e": email })),
        ("{ champions(filter: {nameContains: \"Canary Birdsong\"}) { nodes { contact { email birthDate postcode phone } } } }", json!({})),
        ("{ champions(first: 3) { nodes { dbsChecks { certificateNumber } } } }", json!({})),
        ("{ nothing(certificate: \"009912345678\") }", json!({})),
        ("{ syntax 009912345678 \"canary.bird@example.org\"", json!({})),
        (
            "mutation($n: String!) { dbsCheckAdvance(input: {checkId: \"x\", step: {certificateSeen: {certificateNumber: $n, certificateDate: \"2026-11-21\", clear: true}}}) { userErrors { code } } }",
            json!({ "n": certificate }),
        ),
    ] {
        lead.send(query, variables).await;
    }
    let cancel = "mutation($r: String!) { sessionCancel(input: {sessionId: \"x\", reason: $r}) { userErrors { code } } }";
    let absent = crate::harness::introspection::nobody("Session");
    world.stranger().send(&cancel.replace("\"x\"", &format!("\"{absent}\"")), json!({ "r": "Canary Birdsong" })).await;
    let (head, forged) = (lead.headers[0].1.clone(), format!("{}x", lead.headers[0].1));
    world
        .http(
            Request::post("/graphql")
                .header("authorization", &forged)
                .header("content-type", "application/json")
                .body(Body::from("{"))
                .expect("a request"),
        )
        .await;
    let made = "mutation { calendarFeedCreate(input: {}) { url } }";
    let made = world.sign_in("champion").await.ask(made, json!({})).await;
    let url = made["calendarFeedCreate"]["url"].as_str().expect("an address").to_owned();
    let calendar = url[url.find("/calendar/").expect("a path")..].to_owned();
    for path in [calendar.clone(), format!("{calendar}x"), calendar.replace(".ics", "canary.ics")] {
        world.http(Request::get(path).body(Body::empty()).expect("a request")).await;
    }
    let secret = calendar.trim_start_matches("/calendar/").trim_end_matches(".ics").to_owned();
    let server = world.serve(Settings::default(), Patience::default()).await;
    let mut socket = server.open_as(&lead).await;
    socket.subscribe("1", "query($e: String!) { account(email: $e) { id } }", json!({ "e": email })).await;
    socket.hear().await;
    let key = api::demo::DEMO_KEY.to_owned();
    let bearer = head.trim_start_matches("Bearer ").to_owned();
    [email, birth, postcode, password, "canary-in-the-mine-2", certificate, "+441614960123", "Canary Birdsong"]
        .map(str::to_owned)
        .into_iter()
        .chain([token, key, bearer, secret])
        .collect()
}

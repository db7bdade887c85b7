//! R8: clients that are slow, or many, are closed in time, and nobody else notices.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use api::http::Settings;
use api::http::server::Patience;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::server::PATIENCE;
use crate::harness::{Backend, World};

const HEAD: &str = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n";

fn hasty() -> (Settings, Patience) {
    let settings = Settings { upload: Duration::from_millis(1500), ..Settings::default() };
    (settings, Patience { head: Duration::from_millis(1500), answer: Duration::from_millis(1500), ..Patience::default() })
}

/// Connects and sends a beginning at once: whoever waited for a turn in between could be closed as too slow with nothing said.
fn begun(server: SocketAddr, beginning: &str) -> TcpStream {
    let mut stream = std::net::TcpStream::connect(server).expect("a connection");
    stream.write_all(beginning.as_bytes()).expect("sent");
    stream.set_nonblocking(true).expect("a socket");
    TcpStream::from_std(stream).expect("a stream")
}

/// Sends a byte now and then, until the server closes; answers what it said.
async fn drip(stream: TcpStream) -> String {
    let (mut from, mut to) = stream.into_split();
    let dripping = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if to.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let mut said = Vec::new();
    // A reset ends it as well as a close does.
    let _ = tokio::time::timeout(PATIENCE, from.read_to_end(&mut said)).await.expect("closed in time");
    dripping.abort();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_hundreds_of_slow_clients_are_closed_and_a_normal_one_is_served() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    // A head has longer than what follows it: on a crowded machine, too, those who have sent one are told why they are closed.
    let (settings, patience) = hasty();
    let server = world.serve(settings, Patience { head: Duration::from_secs(6), ..patience }).await;
    let mut slow = Vec::new();
    for number in 0..400 {
        let beginning = match number % 4 {
            0 => String::new(),
            1 => HEAD.to_owned() + "x-slow: ",
            2 => HEAD.to_owned() + "\r\n",
            _ => HEAD.to_owned() + "\r\n{\"query\": \"",
        };
        slow.push(tokio::spawn(drip(begun(server.address, &beginning))));
    }
    let url = format!("http://{}/graphql", server.address);
    let mut served = 0;
    while !slow.iter().all(tokio::task::JoinHandle::is_finished) {
        let answer = reqwest::Client::new().post(&url).header("content-type", "application/json").body("{\"query\":\"{server{version}}\"}");
        let answer = tokio::time::timeout(PATIENCE, answer.send()).await.expect("served").expect("an answer");
        assert_eq!(answer.status(), 200);
        served += 1;
    }
    assert!(served > 0);
    for (number, client) in slow.into_iter().enumerate() {
        let said = client.await.expect("no panic");
        if number % 4 >= 2 {
            assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("took too long"), "{number}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_a_client_that_does_not_take_its_answers_is_closed() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let (settings, patience) = hasty();
    let server = world.serve(settings, Patience { connections: 1, ..patience }).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    // Megabytes of answers, more than the network holds.
    let asked = 400;
    let requests = "GET /schema.graphql HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(asked);
    stream.write_all(requests.as_bytes()).await.expect("sent");
    let other = reqwest::Client::new().get(format!("http://{}/health/live", server.address)).send();
    let other = tokio::time::timeout(PATIENCE, other).await.expect("the one place is given on").expect("an answer");
    assert_eq!(other.status(), 200);
    let mut said = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("closed");
    assert!(said.len() < asked * api::graphql::sdl().len(), "not everything was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_connections_are_bounded_and_a_place_is_given_on() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let (settings, patience) = hasty();
    let server = world.serve(settings, Patience { connections: 2, ..patience }).await;
    let idle =
        [TcpStream::connect(server.address).await.expect("a connection"), TcpStream::connect(server.address).await.expect("another")];
    let answer = reqwest::Client::new().get(format!("http://{}/health/live", server.address)).send();
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("served once an idle one is closed").expect("an answer");
    assert_eq!(answer.status(), 200);
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f3_a_server_that_is_asked_to_stop_finishes_what_it_serves_and_ends() {
    let world = World::new(Backend::Sqlite).await.expect("a world");
    let server = world.serve(Settings::default(), Patience::default()).await;
    let body = r#"{"query":"{server{version}}"}"#;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let head = HEAD.replace("1000", &body.len().to_string());
    stream.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.expect("sent");
    let mut go_on = [0; 25];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut go_on)).await.expect("it is being served").expect("a line");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.stop();
    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut said = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut said)).await.expect("an answer").expect("text");
    assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("version"), "{said}");
    tokio::time::timeout(PATIENCE, server.task).await.expect("it ends").expect("no panic");
}

/// The test above is in a hurry; this is what is served.
#[test]
fn r8_a_slow_client_has_thirty_seconds_at_most() {
    let (settings, patience) = (Settings::default(), Patience::default());
    let (head, upload) = (patience.head, settings.upload);
    assert!(head + upload <= Duration::from_secs(30), "a head and a body: {head:?} and {upload:?}");
    assert!(patience.answer <= Duration::from_secs(30), "an answer that is not taken: {:?}", patience.answer);
    assert!(patience.connections > 400, "400 of them leave room for others");
}

//! F2: the database goes away and comes back.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::harness::server::PATIENCE;
use crate::harness::{Backend, World};

/// Passes connections on to the database, until it is cut.
struct Wire {
    address: SocketAddr,
    to: String,
    going: Arc<Mutex<Option<JoinSet<()>>>>,
}

impl Wire {
    async fn to(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, going) = (listener.local_addr().expect("an address"), Arc::new(Mutex::new(Some(JoinSet::new()))));
        let wire = Self { address, to, going };
        let (to, going) = (wire.to.clone(), wire.going.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if let Some(going) = going.lock().await.as_mut() {
                    let to = to.clone();
                    going.spawn(async move {
                        let mut far = TcpStream::connect(to).await.expect("the database");
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    });
                }
            }
        });
        wire
    }

    async fn cut(&self) {
        *self.going.lock().await = None;
    }

    async fn mend(&self) {
        *self.going.lock().await = Some(JoinSet::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f2_without_the_database_answers_are_503_and_can_be_retried_and_it_comes_back_by_itself() {
    let Some(world) = World::new(Backend::Postgres).await else {
        return eprintln!("left out: PostgreSQL (set DIGIKNOW_TEST_POSTGRES_URL)");
    };
    let wire = Wire::to(world.database_host().to_owned()).await;
    let far = world.replica_through(wire.address).await;
    let key = far.partner();
    const ASK: &str = "{ groups(first: 1) { nodes { name } } }";
    assert!(key.ask(ASK, json!({})).await["groups"]["nodes"][0]["name"].is_string());
    wire.cut().await;
    // A signed-in caller fails before the operation; the stranger's confirmation only inside it.
    for (who, query) in [
        (far.partner(), ASK),
        (far.stranger(), "mutation($i: ChampionEmailConfirmInput!) { championEmailConfirm(input: $i) { userErrors { code } } }"),
    ] {
        let variables = if query == ASK {
            json!({})
        } else {
            json!({ "i": { "token": world.app.keys.link_token(uuid::Uuid::nil()), "password": "a-long-enough-one" } })
        };
        let (status, body) = who.send(query, variables).await;
        assert_eq!((status.as_u16(), &body["errors"][0]["extensions"]["code"]), (503, &json!("SERVICE_UNAVAILABLE")), "{body:#}");
        assert_eq!(body.get("data"), None);
    }
    // Whoever asks whether it is ready is not kept: alive, and not ready.
    let get = |path: &str| far.http(axum::http::Request::get(path.to_owned()).body(axum::body::Body::empty()).expect("a request"));
    assert_eq!(get("/health/ready").await.status().as_u16(), 503);
    assert_eq!(get("/health/live").await.status().as_u16(), 200);
    wire.mend().await;
    let back = async {
        loop {
            let (status, body) = key.send(ASK, Value::Null).await;
            if status.is_success() {
                return body;
            }
            assert_eq!(status.as_u16(), 503);
        }
    };
    let body = tokio::time::timeout(PATIENCE, back).await.expect("it comes back");
    assert!(body["data"]["groups"]["nodes"][0]["name"].is_string(), "{body:#}");
    assert_eq!(get("/health/ready").await.status().as_u16(), 200);
}

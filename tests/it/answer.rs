//! One tap: links that need no account. GET shows, POST answers, and each is good for one answer to one offer.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::both;
use crate::harness::World;
use crate::harness::booking::{SEND, Volunteer};

const STATUS: &str = "query($id: ID!) { node(id: $id) { ... on Offer { status } } }";

struct Asked {
    request: Value,
    offer: Value,
    who: Volunteer,
    links: Vec<String>,
}

async fn asked(world: &World) -> Asked {
    let volunteers = world.everybody_comes().await;
    let leader = world.sign_in("leader").await;
    let asked = leader.ask_for(&world.free_session().await).await;
    let who = world.matched(&asked.session, &volunteers).await.remove(0);
    let offer = leader.offer(&asked.request, std::slice::from_ref(&who)).await.remove(0);
    let letter = world.letters(&format!("{}@demo.digiknow.example", who.mailbox)).await.remove(0);
    let links = letter.body.lines().filter(|line| line.starts_with("/answer/")).map(str::to_owned).collect();
    Asked { request: asked.request, offer, who, links }
}

impl World {
    async fn tap(&self, method: &str, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = self.http(request).await;
        let (status, policy) = (response.status(), response.headers().get("content-security-policy").is_some());
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a page");
        assert!(policy, "{path} has a content policy");
        (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    async fn offer_status(&self, asked: &Asked) -> Value {
        self.sign_in("leader").await.ask(STATUS, json!({ "id": asked.offer })).await["node"]["status"].clone()
    }
}

both!(looking_changes_nothing_and_a_tap_accepts_twice_the_same, |world| async move {
    let asked = asked(&world).await;
    assert_eq!(asked.links.len(), 3, "yes, not this one, not now");
    for _ in 0..2 {
        let (status, page) = world.tap("GET", &asked.links[0]).await;
        assert!(status == StatusCode::OK && page.contains("Sunday Desk") && page.contains("<form method=\"post\">"), "{page}");
    }
    assert_eq!(world.offer_status(&asked).await, "PENDING", "scanners and previews answer nothing");
    for _ in 0..2 {
        let (status, page) = world.tap("POST", &asked.links[0]).await;
        assert!(status == StatusCode::OK && page.contains("on the rota"), "{page}");
    }
    assert_eq!(world.offer_status(&asked).await, "ACCEPTED");
    let (status, page) = world.tap("POST", &asked.links[1]).await;
    assert!(status == StatusCode::CONFLICT && page.contains("withdraw from the session instead"), "{page}");
});

both!(an_answer_by_link_is_the_champions_own_and_nobodys_whose_account_is_off, |world| async move {
    use sea_orm::EntityTrait;
    let asked = asked(&world).await;
    let admin = world.sign_in("admin").await;
    const FIND: &str = "query($e: String!) { account(email: $e) { id } }";
    let email = format!("{}@demo.digiknow.example", asked.who.mailbox);
    let account = admin.ask(FIND, json!({ "e": email })).await["account"]["id"].clone();
    let switch = |how: &str| format!("mutation($id: ID!) {{ {how}(input: {{accountId: $id}}) {{ userErrors {{ code }} }} }}");
    admin.done(&switch("accountDeactivate"), json!({ "id": account })).await;
    for link in &asked.links {
        for method in ["GET", "POST"] {
            assert_eq!(world.tap(method, link).await.0, StatusCode::NOT_FOUND, "{method}");
        }
    }
    assert_eq!(world.offer_status(&asked).await, "PENDING");
    admin.done(&switch("accountReactivate"), json!({ "id": account })).await;
    assert_eq!(world.tap("POST", &asked.links[0]).await.0, StatusCode::OK);
    let rows = entity::audit_event::Entity::find().all(world.app.db.read()).await.expect("rows");
    let accepted = rows.iter().find(|row| row.action == "OfferAccept" && row.outcome == "DONE").expect("a row");
    let champion = entity::account::Entity::find().all(world.app.db.read()).await.expect("rows").into_iter().find(|a| a.email == email);
    assert_eq!(accepted.actor_id, champion.map(|account| account.id), "the row says who");
});

both!(not_now_by_link_is_not_now, |world| async move {
    let asked = asked(&world).await;
    assert_eq!(world.tap("POST", &asked.links[2]).await.0, StatusCode::OK);
    assert_eq!(world.offer_status(&asked).await, "DECLINED");
    let again = json!({ "input": { "requestId": asked.request, "championIds": [asked.who.id] } });
    assert_eq!(world.sign_in("leader").await.refused(SEND, again).await, ["RESTING"]);
});

both!(a_link_ends_with_its_offer_and_a_changed_one_is_none, |world| async move {
    let asked = asked(&world).await;
    let (mut middle, end) = (asked.links[0].clone(), asked.links[0].len());
    let flipped = if middle.ends_with('A') { "B" } else { "A" };
    middle.replace_range(20..21, if &middle[20..21] == "A" { "B" } else { "A" });
    for wrong in [middle, format!("{}{flipped}", &asked.links[0][..end - 1]), "/answer/AAAA".to_owned()] {
        for method in ["GET", "POST"] {
            assert_eq!(world.tap(method, &wrong).await.0, StatusCode::NOT_FOUND, "{method} {wrong}");
        }
    }
    world.pass(TimeDelta::days(7));
    for link in &asked.links {
        for method in ["GET", "POST"] {
            assert_eq!(world.tap(method, link).await.0, StatusCode::NOT_FOUND);
        }
    }
    assert_eq!(world.offer_status(&asked).await, "EXPIRED");
});

//! Partner clients: keys, secrets, and tokens with scopes.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::door::{Answer, send};
use crate::both;
use crate::harness::{Persona, World};

const CREATE: &str = "mutation($input: ApiClientCreateInput!) { apiClientCreate(input: $input) {
    key apiClient { id oauthClientId kind scopes origins keys { id prefix expiresAt lastUsedAt } } userErrors { code field message } } }";
const ROTATE: &str = "mutation($id: ID!) { apiClientKeyRotate(input: {clientId: $id}) {
    key apiClient { keys { id expiresAt } } userErrors { code field message } } }";
const REVOKE: &str =
    "mutation($id: ID!) { apiClientKeyRevoke(input: {keyId: $id}) { apiClient { id } userErrors { code field message } } }";
const DISABLE: &str =
    "mutation($id: ID!) { apiClientDisable(input: {clientId: $id}) { apiClient { disabledAt } userErrors { code field message } } }";

/// A client of an administrator's making.
async fn made(world: &World, scopes: &[&str]) -> Value {
    let input = json!({ "name": "Booking system", "kind": "SECRET", "scopes": scopes });
    world.sign_in("admin").await.done(CREATE, json!({ "input": input })).await
}

async fn form(world: &World, basic: Option<(&str, &str)>, body: &str) -> Answer {
    let mut request = Request::post("/auth/token").header("content-type", "application/x-www-form-urlencoded");
    if let Some((id, secret)) = basic {
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    }
    send(world, request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn token(world: &World, made: &Value) -> Value {
    let (id, key) = (made["apiClient"]["oauthClientId"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let answer = form(world, Some((id, key)), "grant_type=client_credentials").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

/// Whether the client may read and write sessions, and read the directory, by what it gets.
async fn rights(caller: &Persona<'_>) -> [bool; 3] {
    let read = caller.ask("{ sessions(first: 1) { nodes { id } } groups(first: 1) { nodes { id } } }", json!({})).await;
    let input = json!({ "slug": "by-a-client", "name": "By a client", "kind": "CHARITY" });
    let write = "mutation($input: OrganisationCreateInput!) { organisationCreate(input: $input) { userErrors { code } } }";
    let (_, body) = caller.send(write, json!({ "input": input })).await;
    [!read["sessions"].is_null(), !read["groups"].is_null(), body["errors"].is_null()]
}

both!(a_client_token_has_exactly_its_scopes, |world| async move {
    for (scopes, expected) in [
        (vec!["SESSIONS_READ"], [true, false, false]),
        (vec!["DIRECTORY_READ"], [false, true, false]),
        (vec!["DIRECTORY_WRITE"], [false, false, true]),
        (vec!["SIGN_UP"], [false, false, false]),
        (vec!["SESSIONS_READ", "DIRECTORY_READ"], [true, true, false]),
    ] {
        let made = made(&world, &scopes).await;
        let answer = token(&world, &made).await;
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(600)));
        let caller = world.holder(&answer["access_token"]);
        assert_eq!(rights(&caller).await, expected, "{scopes:?}");
        assert_eq!(
            caller.ask("{ viewer { roles } champions { totalCount } }", json!({})).await,
            json!({ "viewer": null, "champions": null })
        );
        let revoke = "mutation($id: ID!) { roleRevoke(input: {membershipId: $id}) { userErrors { code } } }";
        let nobodys = crate::harness::introspection::nobody("RoleMembership");
        assert_eq!(caller.fault(revoke, json!({ "id": nobodys })).await, "FORBIDDEN");
    }
});

both!(a_token_asks_for_less_but_never_for_more, |world| async move {
    let made = made(&world, &["SESSIONS_READ", "DIRECTORY_READ"]).await;
    let (id, key) = (made["apiClient"]["oauthClientId"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let less = form(&world, Some((id, key)), "grant_type=client_credentials&scope=DIRECTORY_READ").await.json();
    assert_eq!(less["scope"], "DIRECTORY_READ");
    assert_eq!(rights(&world.holder(&less["access_token"])).await, [false, true, false]);
    for scope in ["SIGN_UP", "DIRECTORY_READ+SIGN_UP", "directory_read", "admin"] {
        let answer = form(&world, Some((id, key)), &format!("grant_type=client_credentials&scope={scope}")).await;
        assert_eq!((answer.status, &answer.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_scope")), "{scope}");
    }
});

both!(the_token_endpoint_speaks_oauth, |world| async move {
    let made = made(&world, &["SESSIONS_READ"]).await;
    let (id, key) = (made["apiClient"]["oauthClientId"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let in_body = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
    let good = form(&world, None, &in_body).await;
    assert_eq!((good.status, good.header("cache-control")), (StatusCode::OK, "no-store"));
    let credentials = "grant_type=client_credentials";
    for (basic, body, status, error) in [
        (None, "", StatusCode::BAD_REQUEST, "invalid_request"),
        (Some((id, key)), "grant_type=password", StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        (Some((id, key)), "grant_type=client_credentials&grant_type=client_credentials", StatusCode::BAD_REQUEST, "invalid_request"),
        (Some((id, key)), in_body.as_str(), StatusCode::BAD_REQUEST, "invalid_request"),
        (None, credentials, StatusCode::UNAUTHORIZED, "invalid_client"),
        (Some((id, "dk_sec_wrong")), credentials, StatusCode::UNAUTHORIZED, "invalid_client"),
        (Some((id, "")), credentials, StatusCode::UNAUTHORIZED, "invalid_client"),
        (Some(("0190f7a0-1111-7000-8000-000000000001", key)), credentials, StatusCode::UNAUTHORIZED, "invalid_client"),
        (Some(("nobody", key)), credentials, StatusCode::UNAUTHORIZED, "invalid_client"),
    ] {
        let answer = form(&world, basic, body).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{basic:?} {body}");
        assert_eq!(answer.header("www-authenticate").starts_with("Basic"), status == StatusCode::UNAUTHORIZED);
    }
    let json = Request::post("/auth/token").header("content-type", "application/json").body(Body::from("{}")).expect("a request");
    assert_eq!(send(&world, json).await.json()["error"], "invalid_request");
});

both!(i3_secrets_are_not_guessed_for_long, |world| async move {
    let mut stopped = 0;
    for _ in 0..105 {
        let guess = Some(("0190f7a0-1111-7000-8000-000000000001", "dk_sec_guess"));
        stopped += usize::from(form(&world, guess, "grant_type=client_credentials").await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(stopped, 5);
});

both!(keys_are_shown_once_rotate_with_overlap_and_end, |world| async move {
    let admin = world.sign_in("admin").await;
    let first = made(&world, &["SESSIONS_READ"]).await;
    let id = &first["apiClient"]["id"];
    let old_token = token(&world, &first).await["access_token"].clone();
    let second = admin.done(ROTATE, json!({ "id": id })).await;
    assert_ne!(second["key"], first["key"]);
    assert_eq!(second["apiClient"]["keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(admin.refused(ROTATE, json!({ "id": id })).await, ["TWO_KEYS"]);
    let mut renewed = first.clone();
    renewed["key"] = second["key"].clone();
    token(&world, &renewed).await;
    token(&world, &first).await;
    let list = admin.ask("{ apiClients { nodes { name keys { id prefix expiresAt lastUsedAt } } } }", json!({})).await.to_string();
    for key in [&first["key"], &second["key"]] {
        assert!(!list.contains(key.as_str().expect("a key")), "shown once");
    }
    assert!(list.contains("\"lastUsedAt\":\"2026"), "{list}");

    let old_key = &first["apiClient"]["keys"][0]["id"];
    admin.done(REVOKE, json!({ "id": old_key })).await;
    let answer = form(
        &world,
        Some((first["apiClient"]["oauthClientId"].as_str().expect("an id"), first["key"].as_str().expect("a key"))),
        "grant_type=client_credentials",
    )
    .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        world.holder(&old_token).send("{ server { version } }", json!({})).await.0,
        StatusCode::UNAUTHORIZED,
        "its tokens end with it"
    );
    let live = token(&world, &renewed).await["access_token"].clone();
    admin.done(DISABLE, json!({ "id": id })).await;
    assert_eq!(world.holder(&live).send("{ server { version } }", json!({})).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(admin.refused(ROTATE, json!({ "id": id })).await, ["DISABLED"]);
});

both!(a_replaced_key_ends_after_seven_days, |world| async move {
    let first = made(&world, &["SESSIONS_READ"]).await;
    world.sign_in("admin").await.done(ROTATE, json!({ "id": first["apiClient"]["id"] })).await;
    world.pass(TimeDelta::days(7) - TimeDelta::seconds(1));
    token(&world, &first).await;
    world.pass(TimeDelta::seconds(1));
    let (id, key) = (first["apiClient"]["oauthClientId"].as_str().expect("an id"), first["key"].as_str().expect("a key"));
    assert_eq!(form(&world, Some((id, key)), "grant_type=client_credentials").await.status, StatusCode::UNAUTHORIZED);
});

both!(a_publishable_key_is_bound_to_its_origins_and_gets_no_token, |world| async move {
    let admin = world.sign_in("admin").await;
    for (input, code, field) in [
        (json!({ "name": "Site", "kind": "PUBLISHABLE" }), "ORIGIN_NEEDED", "origins"),
        (
            json!({ "name": "Site", "kind": "PUBLISHABLE", "scopes": ["SIGN_UP"], "origins": ["https://a.example"] }),
            "SCOPES_MISMATCH",
            "scopes",
        ),
        (json!({ "name": "Site", "kind": "SECRET" }), "SCOPES_MISMATCH", "scopes"),
        (json!({ "name": "Site", "kind": "PUBLISHABLE", "origins": ["https://a.example", "*"] }), "INVALID", "origins.1"),
        (json!({ "name": " ", "kind": "PUBLISHABLE", "origins": ["https://a.example"] }), "INVALID", "name"),
    ] {
        let expected = vec![(code.to_owned(), field.to_owned())];
        assert_eq!(admin.problems(CREATE, json!({ "input": input })).await, expected, "{input}");
    }
    let input = json!({ "name": "Site", "kind": "PUBLISHABLE", "origins": ["https://site.example"] });
    let made = admin.done(CREATE, json!({ "input": input })).await;
    let key = made["key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("dk_pub_"));
    for (origin, status) in
        [("https://site.example", StatusCode::OK), ("https://evil.example", StatusCode::FORBIDDEN), ("null", StatusCode::FORBIDDEN)]
    {
        let caller = Persona { world: &world, headers: vec![("digiknow-client-key", key.clone()), ("origin", origin.to_owned())] };
        assert_eq!(caller.send("{ groups { totalCount } }", json!({})).await.0, status, "{origin}");
    }
    let answer =
        form(&world, Some((made["apiClient"]["oauthClientId"].as_str().expect("an id"), &key)), "grant_type=client_credentials").await;
    assert_eq!(answer.json()["error"], "unauthorized_client");
});

both!(the_key_is_not_shown_to_a_retry, |world| async move {
    let admin = world.sign_in("admin").await;
    let input = json!({ "name": "Twice", "kind": "SECRET", "scopes": ["SIGN_UP"], "idempotencyKey": "a-client-once" });
    let (first, again) = (admin.done(CREATE, json!({ "input": input })).await, admin.done(CREATE, json!({ "input": input })).await);
    assert_eq!(first["apiClient"]["id"], again["apiClient"]["id"]);
    assert!(first["key"].is_string() && again["key"].is_null());
});

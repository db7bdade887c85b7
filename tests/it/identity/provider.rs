//! Signing in through an identity provider, against one of our own over real HTTP.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::door::{Answer, From, address, post, works};
use super::fake::{Begun, CLIENT, Fake, Key, Mood, get_page, options};
use crate::both;
use crate::harness::World;

/// Somebody at the provider: the same subject is the same person.
fn person(name: &str, groups: &[&str]) -> Value {
    json!({ "sub": format!("sub-{name}"), "email": address(name), "email_verified": true, "name": "Somebody New", "groups": groups })
}

/// Signs in from beginning to end.
async fn sign_in(world: &World, fake: &Fake, person: Value) -> Answer {
    let begun = Begun::at(world).await;
    let code = fake.agrees(&begun, fake.claims(world, &begun, person));
    begun.back(world, &code).await
}

/// The access token of the page a sign-in ends with.
fn access(page: &Answer) -> Value {
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    json!(page.text.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).expect("a token"))
}

async fn me(world: &World, token: &Value) -> Value {
    const ME: &str = "{ viewer { account { id email displayName memberships { id role group { id } } } } }";
    world.holder(token).ask(ME, json!({})).await["viewer"]["account"].clone()
}

async fn roles(world: &World, token: &Value) -> Vec<String> {
    let mut found: Vec<String> = me(world, token).await["memberships"]
        .as_array()
        .expect("roles")
        .iter()
        .map(|r| r["role"].as_str().expect("a role").to_owned())
        .collect();
    found.sort();
    found
}

both!(somebody_new_with_a_group_gets_an_account_and_its_roles, |world| async move {
    let fake = Fake::of(&world).await;
    let begun = Begun::at(&world).await;
    for (name, value) in
        [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256"), ("scope", "openid email profile")]
    {
        assert_eq!(begun.param(name), value);
    }
    assert_eq!(begun.param("redirect_uri"), "http://127.0.0.1:8080/auth/oidc/callback");
    let secrets: Vec<String> = ["state", "nonce", "code_challenge"].iter().map(|name| begun.param(name)).collect();
    assert!(secrets.iter().all(|secret| secret.len() >= 43) && secrets[0] != secrets[1], "{secrets:?}");
    let code = fake.agrees(&begun, fake.claims(&world, &begun, person("newcomer", &["staff", "another"])));
    let page = begun.back(&world, &code).await;
    assert!(page.header("set-cookie").contains("Max-Age=0"), "the browser forgets");
    let token = access(&page);
    let found = me(&world, &token).await;
    assert_eq!((&found["email"], &found["displayName"]), (&json!(address("newcomer")), &json!("Somebody New")));
    assert_eq!(roles(&world, &token).await, ["COORDINATOR"]);
    let listed = From::with(&token).call(&world, axum::http::Method::GET, "/auth/sessions", None).await.json();
    assert_eq!((&listed["sessions"][0]["method"], &listed["sessions"][0]["current"]), (&json!("PROVIDER"), &json!(true)));
    let again = access(&sign_in(&world, &fake, person("newcomer", &["staff"])).await);
    assert_eq!(me(&world, &again).await["id"], found["id"], "the same account");
    assert_eq!(fake.asked(), ["discovery", "keys", "token", "token"], "what it says of itself is kept");
});

both!(i8_a_verified_address_links_to_its_account_and_the_providers_name_counts_from_then_on, |world| async move {
    let fake = Fake::of(&world).await;
    let token = access(&sign_in(&world, &fake, person("trainer", &[])).await);
    let trainer = me(&world, &token).await;
    assert_eq!(trainer["email"], address("trainer"));
    let renamed = json!({ "sub": "sub-trainer", "email": address("admin"), "email_verified": true });
    assert_eq!(me(&world, &access(&sign_in(&world, &fake, renamed).await)).await["id"], trainer["id"], "whatever address they have now");
    let nameless = json!({ "sub": "sub-trainer" });
    assert_eq!(me(&world, &access(&sign_in(&world, &fake, nameless).await)).await["id"], trainer["id"]);
    // The address was given to somebody else.
    let successor = json!({ "sub": "sub-another", "email": address("trainer"), "email_verified": true, "groups": ["staff"] });
    assert_eq!(sign_in(&world, &fake, successor.clone()).await.status, StatusCode::FORBIDDEN);
    assert!(api::operate::unlink(&world.app, &address("trainer")).await.is_ok(), "an operator decides");
    assert_eq!(me(&world, &access(&sign_in(&world, &fake, successor).await)).await["id"], trainer["id"]);
    assert_eq!(sign_in(&world, &fake, json!({ "sub": "sub-trainer" })).await.status, StatusCode::FORBIDDEN);
});

both!(i8_addresses_nobody_vouches_for_and_look_alikes_stay_out, |world| async move {
    let fake = Fake::of(&world).await;
    let trainer = address("trainer");
    for (claims, why) in [
        (json!({ "sub": "x", "email": trainer, "groups": ["staff"] }), "not said to be verified"),
        (json!({ "sub": "x", "email": trainer, "email_verified": false, "groups": ["staff"] }), "said not to be"),
        (
            json!({ "sub": "x", "preferred_username": trainer, "upn": trainer, "email_verified": true, "groups": ["staff"] }),
            "another claim",
        ),
        (json!({ "sub": "x", "email": "trаiner@demo.digiknow.example", "email_verified": true, "groups": ["staff"] }), "a Cyrillic a"),
        (json!({ "sub": "x", "email": "ｔrainer@demo.digiknow.example", "email_verified": true, "groups": ["staff"] }), "full width"),
        (json!({ "sub": "x", "email": "trainer\u{200b}@demo.digiknow.example", "email_verified": true, "groups": ["staff"] }), "invisible"),
        (json!({ "sub": "x", "email": format!("{trainer}\u{0000}"), "email_verified": true, "groups": ["staff"] }), "a zero byte"),
        (json!({ "sub": "x", "email": "nobody@elsewhere.example", "email_verified": true, "groups": ["unknown"] }), "no account, no role"),
        (json!({ "sub": "x", "email": "nobody@elsewhere.example", "email_verified": true }), "no groups at all"),
    ] {
        let page = sign_in(&world, &fake, claims).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{why}: {page:?}");
        assert!(!page.text.contains("trainer") && !page.text.contains("<code>"), "{why}");
    }
    let upper = json!({ "sub": "y", "email": "TRAINER@Demo.DigiKnow.example", "email_verified": true });
    assert_eq!(me(&world, &access(&sign_in(&world, &fake, upper).await)).await["email"], trainer, "one mailbox, one account");
});

both!(i2_an_account_that_is_switched_off_stays_out, |world| async move {
    let fake = Fake::of(&world).await;
    let token = access(&sign_in(&world, &fake, person("trainer", &["staff"])).await);
    let admin = world.sign_in("admin").await;
    const OFF: &str = "mutation($id: ID!) { accountDeactivate(input: {accountId: $id}) { userErrors { code } } }";
    admin.done(OFF, json!({ "id": me(&world, &token).await["id"] })).await;
    assert!(!works(&world, &token).await);
    assert_eq!(sign_in(&world, &fake, person("trainer", &["staff"])).await.status, StatusCode::FORBIDDEN, "linked");
    let leader = admin.ask("query($e: String!) { account(email: $e) { id } }", json!({ "e": address("leader") })).await;
    admin.done(OFF, json!({ "id": leader["account"]["id"] })).await;
    assert_eq!(sign_in(&world, &fake, person("leader", &["staff"])).await.status, StatusCode::FORBIDDEN, "not linked");
});

both!(roles_of_groups_come_and_go_and_those_given_by_hand_stay, |world| async move {
    let fake = Fake::of(&world).await;
    let first = access(&sign_in(&world, &fake, person("trainer", &["staff", "dbs"])).await);
    assert_eq!(roles(&world, &first).await, ["COORDINATOR", "SAFEGUARDING_LEAD", "TRAINER"], "TRAINER was given by hand before");
    let second = access(&sign_in(&world, &fake, person("trainer", &["dbs"])).await);
    assert_eq!(roles(&world, &second).await, ["SAFEGUARDING_LEAD", "TRAINER"]);
    assert!(!works(&world, &first).await, "a role that is lost ends what was open");
    let admin = world.sign_in("admin").await;
    const GIVE: &str = "mutation($id: ID!, $role: Role!) { roleGrant(input: {accountId: $id, role: $role}) { userErrors { code } } }";
    let id = me(&world, &second).await["id"].clone();
    admin.done(GIVE, json!({ "id": id, "role": "SAFEGUARDING_LEAD" })).await;
    assert_eq!(admin.refused(GIVE, json!({ "id": id, "role": "SAFEGUARDING_LEAD" })).await, ["ALREADY"], "by hand, and now it stays");
    let third = access(&sign_in(&world, &fake, person("trainer", &[])).await);
    assert_eq!(roles(&world, &third).await, ["SAFEGUARDING_LEAD", "TRAINER"]);
    assert!(works(&world, &second).await, "nothing was lost this time");
    let wordy = json!({ "sub": "sub-trainer", "groups": "staff" });
    assert_eq!(roles(&world, &access(&sign_in(&world, &fake, wordy).await)).await, ["COORDINATOR", "SAFEGUARDING_LEAD", "TRAINER"]);
    // Entra ID leaves a long list out: that must not take roles away.
    let elsewhere = json!({ "sub": "sub-trainer", "_claim_names": { "groups": "src1" } });
    assert_eq!(sign_in(&world, &fake, elsewhere).await.status, StatusCode::BAD_REQUEST);
    let implicit = json!({ "sub": "sub-trainer", "hasgroups": true });
    assert_eq!(sign_in(&world, &fake, implicit).await.status, StatusCode::BAD_REQUEST);
});

both!(a_state_is_good_once_for_minutes_and_in_the_browser_that_began, |world| async move {
    let fake = Fake::of(&world).await;
    let begun = Begun::at(&world).await;
    let code = fake.agrees(&begun, fake.claims(&world, &begun, person("trainer", &[])));
    let state = begun.param("state");
    let elsewhere = Begun::at(&world).await;
    for (state, cookie, why) in [
        (state.as_str(), "", "no cookie"),
        (state.as_str(), elsewhere.cookie.as_str(), "another browser's"),
        ("", begun.cookie.as_str(), "no state"),
        ("dk_state_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", begun.cookie.as_str(), "a made-up one"),
    ] {
        let page = get_page(&world, &format!("/auth/oidc/callback?state={state}&code={code}"), cookie).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{why}");
        assert!(page.text.contains("/auth/oidc/start") && page.header("cache-control") == "no-store", "{why}");
    }
    assert!(!fake.asked().contains(&"token".to_owned()), "nothing was exchanged");
    access(&begun.back(&world, &code).await);
    assert_eq!(begun.back(&world, &code).await.status, StatusCode::BAD_REQUEST, "the state was used");
    let (one, other) = tokio::join!(twice(&world, &fake, &elsewhere), twice(&world, &fake, &elsewhere));
    let mut both = [one.status, other.status];
    both.sort();
    assert_eq!(both, [StatusCode::OK, StatusCode::BAD_REQUEST], "at once");
    let late = Begun::at(&world).await;
    world.pass(TimeDelta::minutes(10));
    assert_eq!(twice(&world, &fake, &late).await.status, StatusCode::BAD_REQUEST, "ten minutes");
    let said_no = Begun::at(&world).await;
    let page = get_page(
        &world,
        &format!("/auth/oidc/callback?state={}&error=access_denied&error_description=%3Cscript%3E", said_no.param("state")),
        &said_no.cookie,
    )
    .await;
    assert!(page.status == StatusCode::BAD_REQUEST && !page.text.contains("<script"), "{page:?}");
    // A code that was exchanged before, or is somebody's from elsewhere, is the provider's to refuse.
    let again = Begun::at(&world).await;
    assert_eq!(again.back(&world, &code).await.status, StatusCode::BAD_REQUEST, "the code was used");
    let (mine, theirs) = (Begun::at(&world).await, Begun::at(&world).await);
    let stolen = fake.agrees(&theirs, fake.claims(&world, &theirs, person("admin", &[])));
    assert_eq!(mine.back(&world, &stolen).await.status, StatusCode::BAD_REQUEST, "the verifier is another");
});

async fn twice(world: &World, fake: &Fake, begun: &Begun) -> Answer {
    let code = fake.agrees(begun, fake.claims(world, begun, person("trainer", &[])));
    begun.back(world, &code).await
}

both!(a_token_that_is_not_just_right_signs_nobody_in, |world| async move {
    let fake = Fake::of(&world).await;
    let now = world.now().timestamp();
    let admin = person("admin", &[]);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    type Forge = Box<dyn Fn(Value) -> String + Send + Sync>;
    let changed =
        |change: Value| -> Forge { Box::new(move |good| Key::first().sign(&crate::harness::booking::with(good, change.clone()))) };
    let without = |name: &'static str| -> Forge {
        Box::new(move |mut good| {
            good.as_object_mut().expect("claims").remove(name);
            Key::first().sign(&good)
        })
    };
    let hmac = |secret: Vec<u8>| -> Forge {
        Box::new(move |good| {
            let header = Header { kid: Some("first".into()), ..Header::new(Algorithm::HS256) };
            jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(&secret)).expect("a token")
        })
    };
    let forgeries: Vec<(&str, Forge)> = vec![
        ("another nonce", changed(json!({ "nonce": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }))),
        ("no nonce", without("nonce")),
        ("for another client", changed(json!({ "aud": "another-client" }))),
        ("for us and another", changed(json!({ "aud": [CLIENT, "another-client"] }))),
        ("for nobody", without("aud")),
        ("another issuer", changed(json!({ "iss": "https://evil.example/tenant/v2.0" }))),
        ("another tenant", changed(json!({ "iss": fake.issuer().replace("tenant", "tenant2") }))),
        ("no issuer", without("iss")),
        ("expired now", changed(json!({ "exp": now }))),
        ("expired long ago", changed(json!({ "exp": now - 86_400, "iat": now - 90_000 }))),
        ("no end", without("exp")),
        ("issued tomorrow", changed(json!({ "iat": now + 86_400, "exp": now + 90_000 }))),
        ("good from tomorrow", changed(json!({ "nbf": now + 86_400 }))),
        ("good from a word", changed(json!({ "nbf": "now" }))),
        ("nobody", without("sub")),
        ("an empty name", changed(json!({ "sub": "" }))),
        ("a name without end", changed(json!({ "sub": "x".repeat(300) }))),
        ("alg none", Box::new(move |good| format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&good)))),
        ("alg None", Box::new(move |good| format!("{}.{}.", part(&json!({ "alg": "None", "typ": "JWT" })), part(&good)))),
        ("no signature", Box::new(|good| Key::first().sign(&good).rsplit_once('.').map(|(start, _)| format!("{start}.")).expect("parts"))),
        ("a broken signature", Box::new(|good| Key::first().sign(&good) + "A")),
        (
            "another key by the same name",
            Box::new(|good| {
                let (start, _) = Key::first().sign(&good).rsplit_once('.').map(|(s, e)| (s.to_owned(), e.to_owned())).expect("parts");
                let (_, end) = Key::second().sign(&good).rsplit_once('.').map(|(s, e)| (s.to_owned(), e.to_owned())).expect("parts");
                format!("{start}.{end}")
            }),
        ),
        ("a key it does not publish", Box::new(|good| Key::second().sign(&good))),
        ("signed with the client's secret", hmac(b"a secret: with odd/characters&".to_vec())),
        ("signed with the public key", hmac(Key::first().sign(&json!({})).into_bytes())),
        ("no token", Box::new(|_| String::new())),
        ("no JWT", Box::new(|_| "e30.e30".into())),
    ];
    for (why, forge) in forgeries {
        let begun = Begun::at(&world).await;
        let good = fake.claims(&world, &begun, admin.clone());
        fake.is(Mood::With(forge(good)));
        let page = begun.back(&world, "any").await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{why}: {page:?}");
        assert!(!page.text.contains("<code>"), "{why}");
    }
    fake.is(Mood::Well);
    assert_eq!(me(&world, &access(&sign_in(&world, &fake, admin).await)).await["email"], address("admin"), "and one that is");
});

both!(a_provider_that_is_away_is_said_to_be_and_trying_again_works, |world| async move {
    let fake = Fake::of(&world).await;
    fake.is(Mood::Ill(StatusCode::INTERNAL_SERVER_ERROR));
    let page = get_page(&world, "/auth/oidc/start", "").await;
    assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert!(page.text.contains("try again in a moment") && page.text.contains("/auth/oidc/start"), "{}", page.text);
    fake.is(Mood::Well);
    for mood in [Mood::Ill(StatusCode::BAD_GATEWAY), Mood::Ill(StatusCode::TOO_MANY_REQUESTS), Mood::Silent] {
        let begun = Begun::at(&world).await;
        let code = fake.agrees(&begun, fake.claims(&world, &begun, person("trainer", &[])));
        fake.is(mood.clone());
        let page = begun.back(&world, &code).await;
        assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"), "{mood:?}");
        fake.is(Mood::Well);
        access(&sign_in(&world, &fake, person("trainer", &[])).await);
    }
    let gone = world.replica().await;
    fake.join(&gone, options("http://127.0.0.1:9/tenant"));
    assert_eq!(get_page(&gone, "/auth/oidc/start", "").await.status, StatusCode::SERVICE_UNAVAILABLE, "nobody listens");
});

both!(keys_that_change_are_found, |world| async move {
    let fake = Fake::of(&world).await;
    access(&sign_in(&world, &fake, person("trainer", &[])).await);
    world.pass(TimeDelta::minutes(1));
    fake.publishes(&[Key::second()]);
    let begun = Begun::at(&world).await;
    fake.is(Mood::With(Key::second().sign(&fake.claims(&world, &begun, person("trainer", &[])))));
    access(&begun.back(&world, "any").await);
    let begun = Begun::at(&world).await;
    fake.is(Mood::With(Key::first().sign(&fake.claims(&world, &begun, person("trainer", &[])))));
    assert_eq!(begun.back(&world, "any").await.status, StatusCode::BAD_REQUEST, "the old one is over");
    assert_eq!(fake.asked().iter().filter(|what| *what == "keys").count(), 2, "a wrong token does not make us ask each time");
});

both!(it_is_off_until_it_is_named_and_replicas_share_what_was_begun, |world| async move {
    assert_eq!(get_page(&world, "/auth/oidc/start", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get_page(&world, "/auth/oidc/callback?state=x&code=y", "").await.status, StatusCode::NOT_FOUND);
    let fake = Fake::of(&world).await;
    let other = world.replica().await;
    fake.join(&other, options(fake.issuer()));
    let begun = Begun::at(&world).await;
    let code = fake.agrees(&begun, fake.claims(&world, &begun, person("trainer", &[])));
    access(&begun.back(&other, &code).await);
    assert_eq!(begun.back(&world, &code).await.status, StatusCode::BAD_REQUEST, "once, wherever");
});

both!(i3_tries_without_a_sign_in_fill_the_addresss_bucket, |world| async move {
    Fake::of(&world).await;
    for _ in 0..100 {
        assert_eq!(get_page(&world, "/auth/oidc/callback?state=x&code=y", "digiknow-sign-in=z").await.status, StatusCode::BAD_REQUEST);
    }
    let full = get_page(&world, "/auth/oidc/start", "").await;
    assert!(full.status == StatusCode::TOO_MANY_REQUESTS && !full.header("retry-after").is_empty());
});

both!(i6_what_is_on_the_way_is_kept_as_hashes_and_what_was_refused_is_audited, |world| async move {
    use sea_orm::EntityTrait;
    let fake = Fake::of(&world).await;
    let begun = Begun::at(&world).await;
    let rows = entity::provider_attempt::Entity::find().all(world.app.db.read()).await.expect("rows");
    let text = format!("{rows:?}");
    let browser = begun.cookie.split_once('=').expect("a cookie").1;
    assert!(rows.len() == 1 && !text.contains(&begun.param("state")) && !text.contains(browser) && !text.contains(&begun.param("nonce")));
    sign_in(&world, &fake, json!({ "sub": "x", "email": address("admin"), "groups": ["staff"] })).await;
    let audit = entity::audit_event::Entity::find().all(world.app.db.read()).await.expect("rows");
    let denied = audit.iter().find(|row| row.action == "SignIn" && row.outcome == "DENIED").expect("a row");
    assert!(denied.detail.contains("NotVouched") && !denied.detail.contains('@'), "{}", denied.detail);
    world.pass(TimeDelta::hours(1));
    api::service::sign_in::tidy(&world.app, world.now()).await.expect("tidied");
    assert_eq!(entity::provider_attempt::Entity::find().all(world.app.db.read()).await.expect("rows"), []);
    let answer = post(&world, "/auth/oidc/start", json!({})).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
});

/// Entra ID says xms_edov where others say email_verified, and lists app roles under roles.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entra_id_vouches_by_another_claim() {
    let world = World::new(crate::harness::Backend::Sqlite).await.expect("a world");
    let fake = Fake::start().await;
    fake.join(
        &world,
        api::config::ProviderOptions {
            oidc_verified_claim: "xms_edov".into(),
            oidc_groups_claim: "roles".into(),
            ..options(fake.issuer())
        },
    );
    for (edov, status) in [
        (json!(false), StatusCode::FORBIDDEN),
        (json!("0"), StatusCode::FORBIDDEN),
        (Value::Null, StatusCode::FORBIDDEN),
        (json!(true), StatusCode::OK),
        (json!("1"), StatusCode::OK),
    ] {
        let claims = json!({ "sub": "entra", "email": address("newcomer"), "email_verified": true, "xms_edov": edov, "roles": ["staff"], "tid": "t" });
        let begun = Begun::at(&world).await;
        let known = entity_links(&world).await;
        let code = fake.agrees(&begun, fake.claims(&world, &begun, claims));
        let page = begun.back(&world, &code).await;
        // Once linked, the provider's own name for them is enough.
        assert_eq!(page.status, if known { StatusCode::OK } else { status }, "{edov}");
    }
}

async fn entity_links(world: &World) -> bool {
    use sea_orm::EntityTrait;
    !entity::provider_link::Entity::find().all(world.app.db.read()).await.expect("rows").is_empty()
}

#[test]
fn an_issuer_without_tls_elsewhere_is_refused_at_the_start() {
    for (issuer, good) in [
        ("https://login.microsoftonline.com/tenant/v2.0", true),
        ("http://127.0.0.1:9000", true),
        ("http://[::1]:9000", true),
        ("http://localhost:9000", true),
        ("http://login.example", false),
        ("http://127.0.0.1.evil.example", false),
        ("not an address", false),
    ] {
        assert_eq!(api::provider::Provider::new(&options(issuer), "https://digiknow.example").is_ok(), good, "{issuer}");
    }
}

//! I7: seventy tokens and more that are not ours, and keys that take over from one another.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::door::{From, signed_in, works};
use crate::both;
use crate::harness::World;

fn part(value: &Value) -> String {
    B64.encode(value.to_string())
}

/// A token of any header and claims, signed with the service's own key as Ed25519.
fn signed(world: &World, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let key = world.app.keys.signing(world.now()).signing;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).expect("a signature");
    format!("{message}.{signature}")
}

/// An object with one field laid over, or taken away where it is null.
fn with(base: &Value, field: &str, value: Value) -> String {
    let mut object = base.clone();
    if value.is_null() {
        object.as_object_mut().expect("an object").remove(field);
    } else {
        object[field] = value;
    }
    object.to_string()
}

/// Wrong headers, each signed with the right key.
fn headers(header: &Value, jwk: &Value) -> Vec<String> {
    let other = json!({ "kid": "0000000000000000" });
    let mut forged = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS256", "PS256", "ES256", "ES384", "eddsa", "Ed448"] {
        forged.push(with(header, "alg", json!(alg)));
    }
    forged.push(with(header, "alg", Value::Null));
    forged.push(with(header, "alg", json!(["EdDSA"])));
    for kid in [
        "",
        "unknown",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "' OR '1'='1",
        "x' UNION SELECT 'key",
        "\u{0}",
        "0000000000000000",
        "https://evil.example/key",
    ] {
        forged.push(with(header, "kid", json!(kid)));
    }
    forged.push(with(header, "kid", Value::Null));
    forged.push(with(header, "kid", json!([header["kid"]])));
    forged.push(with(header, "kid", json!(header["kid"].as_str().expect("a kid").to_uppercase())));
    forged.push(with(header, "kid", other));
    for (field, value) in [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("jwk", jwk.clone()),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("typ", json!("JWT")),
        ("typ", json!("id+jwt")),
        ("typ", Value::Null),
        ("b64", json!(false)),
    ] {
        forged.push(with(header, field, value));
    }
    let kid = header["kid"].as_str().expect("a kid");
    forged.push(format!(r#"{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#));
    forged.push(format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"evil","kid":"{kid}"}}"#));
    forged
}

/// Wrong claims, each signed with the right key under the right header.
fn claims(good: &Value, now: i64) -> Vec<String> {
    let mut forged = Vec::new();
    for field in ["iss", "aud", "sub", "iat", "exp", "nbf", "epoch"] {
        forged.push(with(good, field, Value::Null));
        forged.push(with(good, field, json!("")));
        forged.push(with(good, field, json!({ "a": 1 })));
    }
    for (field, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(["digiknow"])),
        ("aud", json!("another-api")),
        ("aud", json!(["digiknow-api", "another-api"])),
        ("sub", json!("00000000-0000-0000-0000-000000000000")),
        ("sub", json!("admin")),
        ("sub", json!("' OR 1=1 --")),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(-1)),
        ("exp", json!("9999999999")),
        ("exp", json!(1e300)),
        ("nbf", json!(now + 1)),
        ("nbf", json!(now + 3_600)),
        ("epoch", json!(7)),
        ("epoch", json!(-1)),
        ("epoch", json!("0")),
        ("sid", json!("0190f7a0-1111-7000-8000-000000000001")),
        ("scope", json!("SESSIONS_READ")),
        ("client_id", good["sub"].clone()),
        ("roles", json!(["ADMINISTRATOR"])),
    ] {
        forged.push(with(good, field, value));
    }
    let text = good.to_string();
    forged.push(text.replacen('{', r#"{"sub":"0190f7a0-1111-7000-8000-000000000001","#, 1));
    forged.push(text.replacen('{', &format!(r#"{{"exp":{},"#, now + 9_000), 1));
    forged.extend(["[]", "null", "\"x\"", "", "{"].map(str::to_owned));
    forged
}

/// A good token, cut and bent.
fn bent(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let flipped = |text: &str| format!("{}{}", if text.starts_with('A') { "B" } else { "A" }, &text[1..]);
    vec![
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}..{signature}"),
        format!(".{body}.{signature}"),
        "..".to_owned(),
        String::new(),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!(".{token}"),
        format!("{head}.{body}.{}", &signature[..signature.len() / 2]),
        format!("{head}.{body}.{}", &signature[..signature.len() - 1]),
        format!("{head}.{body}.{signature}A"),
        format!("{head}.{body}.{}", flipped(signature)),
        format!("{head}.{}.{signature}", flipped(body)),
        format!("{head}.{body}.{}", "A".repeat(86)),
        format!("{head}.{body}.{signature}=="),
        format!("{head}.{body}.!{}", &signature[1..]),
        format!("{head} .{body}.{signature}"),
        format!("{head}.{body}.{signature}{}", "A".repeat(100_000)),
        format!("{}.{head}.{body}.{signature}", part(&json!({ "alg": "dir", "enc": "A256GCM" }))),
    ]
}

both!(i7_forged_tokens_are_refused, |world| async move {
    let account = signed_in(&world, "admin").await;
    let good = account["accessToken"].as_str().expect("a token").to_owned();
    let decode = |part: &str| -> Value { serde_json::from_slice(&B64.decode(part).expect("base64")).expect("JSON") };
    let parts: Vec<&str> = good.split('.').collect();
    let (header, body) = (decode(parts[0]), decode(parts[1]));
    let now = world.now().timestamp();
    let jwks = From::default().call(&world, axum::http::Method::GET, "/.well-known/jwks.json", None).await.json();
    let jwk = &jwks["keys"][0];
    assert_eq!((&jwk["kid"], &jwk["alg"], &jwk["crv"]), (&header["kid"], &json!("EdDSA"), &json!("Ed25519")));
    assert!(works(&world, &json!(signed(&world, &header.to_string(), &body.to_string()))).await, "the forger's tools are sound");

    let mut forged: Vec<String> = headers(&header, jwk).iter().map(|h| signed(&world, h, &body.to_string())).collect();
    forged.extend(claims(&body, now).iter().map(|c| signed(&world, &header.to_string(), c)));
    forged.extend(bent(&good));
    // The public key as the secret of an HMAC: as it is, as base64url, and as it stands in the key set.
    let public = B64.decode(jwk["x"].as_str().expect("x")).expect("base64");
    for secret in [public.clone(), jwk["x"].as_str().expect("x").as_bytes().to_vec(), jwk.to_string().into_bytes()] {
        let head = Header { typ: Some("at+jwt".into()), kid: header["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::HS256) };
        forged.push(jsonwebtoken::encode(&head, &body, &EncodingKey::from_secret(&secret)).expect("a token"));
    }
    // Another service's key, under our key's name.
    let other = api::keys::Keys::from_pem(&api::keys::Keys::generate_pem().expect("a key")).expect("a key").signing(world.now());
    let head = Header { typ: Some("at+jwt".into()), kid: header["kid"].as_str().map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    forged.push(jsonwebtoken::encode(&head, &body, &other.signing).expect("a token"));
    // What else we hand out is no access token.
    forged.extend([&account["refreshToken"], &account["deviceToken"]].map(|t| t.as_str().expect("a token").to_owned()));

    assert!(forged.len() >= 70, "{}", forged.len());
    for token in &forged {
        let caller = From { address: "", token: Some(token.clone()) };
        let answer = caller.call(&world, axum::http::Method::GET, "/auth/sessions", None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
    }
    assert!(works(&world, &json!(good)).await, "the real one is still good");
});

both!(i7_a_new_key_takes_over_without_anybody_noticing, |world| async move {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("key.pem");
    api::operate::make_key(&file).expect("a key");
    let keys = api::keys::Keys::read(&file).expect("a key");
    let bearer = |world: &World| api::token::Bearer::Account {
        account: rules::id::AccountId(uuid::Uuid::from_u128(1)),
        epoch: i64::from(world.now().timestamp() > 0),
        sign_in: None,
    };
    let issue = |world: &World| api::token::issue(&keys, &bearer(world), world.now(), 10).expect("a token");
    let good = |world: &World, token: &str| api::token::check(&keys, token, world.now()).is_some();
    let old = issue(&world);
    api::operate::rotate_key(&file, 10, &world.app.clock).expect("rotated");
    keys.reload().expect("read again");
    assert_eq!(keys.states(world.now()).len(), 2);
    world.pass(TimeDelta::minutes(9));
    let still_old = issue(&world);
    assert!(good(&world, &old) && good(&world, &still_old));
    world.pass(TimeDelta::minutes(1));
    let new = issue(&world);
    assert_ne!(still_old.split('.').next(), new.split('.').next(), "another kid");
    assert!(good(&world, &still_old) && good(&world, &new) && !good(&world, &old), "the old key's tokens end when they end");
    let listed = api::operate::list_keys(&file, &world.app.clock).expect("a list");
    assert!(listed.contains("verifies until") && listed.contains("signs"), "{listed}");
    world.pass(TimeDelta::minutes(60));
    assert!(api::operate::list_keys(&file, &world.app.clock).expect("a list").contains("over"));
});

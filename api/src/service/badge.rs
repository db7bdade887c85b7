//! A completion as an Open Badges 3.0 credential: a JWT that anybody can check with the published keys, and that names nobody.

use anyhow::Context;
use entity::{champion, completion, training_module};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Fault;
use crate::keys::sha256_hex;

/// The credential of a completion. The holder is a salted hash of their address; the address itself stands in it only if they ask.
pub fn issue(
    app: &App,
    completion: &completion::Model,
    module: &training_module::Model,
    holder: &champion::Model,
    with_email: bool,
) -> Result<String, Fault> {
    let key = app.keys.badges();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(key.id.clone());
    let claims = credential(app, completion, module, holder, with_email);
    Ok(jsonwebtoken::encode(&header, &claims, &key.signing).context("a badge could not be signed")?)
}

/// The credential, with the claims that a JWT repeats (Open Badges 3.0, 8.2).
fn credential(
    app: &App,
    completion: &completion::Model,
    module: &training_module::Model,
    holder: &champion::Model,
    with_email: bool,
) -> Value {
    let issuer = app.policy.identity.public_url.trim_end_matches('/');
    let (id, subject) = (format!("urn:uuid:{}", completion.id.0), format!("urn:uuid:{}", holder.id.0));
    let from = completion.completed_on.and_time(chrono::NaiveTime::MIN).and_utc();
    let until = completion.expires_on.and_then(|last| last.and_hms_opt(23, 59, 59)).map(|end| end.and_utc());
    let salt = app.keys.fingerprint(completion.id.0.as_bytes());
    let identity = if with_email {
        json!({ "type": "IdentityObject", "hashed": false, "identityHash": holder.email, "identityType": "emailAddress" })
    } else {
        let hash = sha256_hex(format!("{}{salt}", holder.email_key).as_bytes());
        json!({ "type": "IdentityObject", "hashed": true, "identityHash": format!("sha256${hash}"), "salt": salt, "identityType": "emailAddress" })
    };
    let mut claims = json!({
        "iss": issuer,
        "jti": id,
        "sub": subject,
        "nbf": from.timestamp(),
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": module.title,
        "issuer": { "id": issuer, "type": ["Profile"], "name": "DigiKnow" },
        "validFrom": from.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "credentialSubject": {
            "id": subject,
            "type": ["AchievementSubject"],
            "identifier": [identity],
            "achievement": {
                "id": format!("urn:uuid:{}", module.id.0),
                "type": ["Achievement"],
                "name": module.title,
                "description": if module.summary.is_empty() { &module.title } else { &module.summary },
                "criteria": { "narrative": format!("Marked complete by a trainer of the module {}, version {}.", module.code, completion.module_version) },
            },
        },
    });
    if let Some(until) = until {
        claims["exp"] = json!(until.timestamp());
        claims["validUntil"] = json!(until.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    claims
}

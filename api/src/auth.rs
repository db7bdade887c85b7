//! Who is asking: passwords, access tokens, client keys.

use std::sync::Arc;

use anyhow::{Context, Result};
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use rules::id::AccountId;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::keys::Keys;

/// Names us in tokens.
const ISSUER: &str = "digiknow";
/// Names what tokens are for.
const AUDIENCE: &str = "digiknow-api";

/// The longest password that is looked at, in bytes: longer ones are refused before any hashing.
pub const PASSWORD_BYTES: usize = 512;

/// Password hashing with argon2id (RFC 9106; 19 MiB, 2 passes: OWASP's first choice), two at a time, off the async threads.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
    /// What a sign-in to an unknown account is checked against, so that it takes as long.
    decoy: Arc<str>,
}

impl Passwords {
    /// Ready to hash.
    pub fn new() -> Result<Self> {
        let decoy = hash("a password nobody has")?;
        Ok(Self { places: Arc::new(Semaphore::new(2)), decoy: decoy.into() })
    }

    /// Hashes a password.
    pub async fn hash(&self, password: String) -> Result<String> {
        let _place = self.places.acquire().await?;
        tokio::task::spawn_blocking(move || hash(&password)).await?
    }

    /// Whether a password is the account's. An unknown account takes as long, and never matches.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        let known = stored.is_some();
        let against = stored.unwrap_or_else(|| self.decoy.to_string());
        let _place = self.places.acquire().await?;
        let matches = tokio::task::spawn_blocking(move || verify(&password, &against)).await??;
        Ok(matches && known)
    }
}

fn hash(password: &str) -> Result<String> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(|e| anyhow::anyhow!("hashing failed: {e}"))?.to_string())
}

fn verify(password: &str, stored: &str) -> Result<bool> {
    let parsed = PasswordHash::new(stored).map_err(|e| anyhow::anyhow!("a stored hash is broken: {e}"))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// What an access token says (RFC 7519); every claim is required.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// Must equal the account's: raising that ends every token at once.
    epoch: i64,
}

/// What a good token says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token {
    /// The account.
    pub account: AccountId,
    /// The account's epoch when the token was made.
    pub epoch: i64,
}

/// Makes an access token.
pub fn issue(keys: &Keys, token: Token, now: DateTime<Utc>, minutes: i64) -> Result<String> {
    let header = Header { kid: Some(keys.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
    let now_seconds = now.timestamp();
    let exp = (now + TimeDelta::minutes(minutes)).timestamp();
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: token.account.0,
        iat: now_seconds,
        nbf: now_seconds,
        exp,
        epoch: token.epoch,
    };
    jsonwebtoken::encode(&header, &claims, &keys.signing).context("a token could not be signed")
}

/// Checks an access token: one algorithm, a known key, and every claim; times are judged by `now`.
pub fn check(keys: &Keys, token: &str, now: DateTime<Utc>) -> Option<Token> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.kid.as_deref() != Some(&keys.key_id) {
        return None;
    }
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    // The library judges times by the machine's clock; ours is an argument.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &keys.verifying, &validation).ok()?.claims;
    let at = now.timestamp();
    (claims.nbf <= at && at < claims.exp).then_some(Token { account: AccountId(claims.sub), epoch: claims.epoch })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key")
    }

    #[test]
    fn a_token_is_good_from_its_birth_to_its_end_and_for_its_key_alone() {
        let (keys, now) = (keys(), "2026-11-21T12:00:00Z".parse().expect("an instant"));
        let token = Token { account: AccountId(Uuid::from_u128(5)), epoch: 3 };
        let text = issue(&keys, token, now, 10).expect("a token");
        assert_eq!(check(&keys, &text, now), Some(token));
        assert_eq!(check(&keys, &text, now + TimeDelta::seconds(599)), Some(token));
        assert_eq!(check(&keys, &text, now + TimeDelta::seconds(600)), None, "ended");
        assert_eq!(check(&keys, &text, now - TimeDelta::seconds(1)), None, "not yet");
        assert_eq!(check(&self::keys(), &text, now), None, "another key");
        let (head, rest) = text.split_once('.').expect("three parts");
        let (body, _) = rest.split_once('.').expect("three parts");
        for forged in [format!("{head}.{body}."), format!("eyJhbGciOiJub25lIn0.{body}."), String::new(), "a.b.c".into()] {
            assert_eq!(check(&keys, &forged, now), None, "{forged}");
        }
    }

    #[tokio::test]
    async fn passwords_match_themselves_alone() {
        let passwords = Passwords::new().expect("argon2");
        let stored = passwords.hash("correct horse battery".into()).await.expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        for (password, stored, expected) in [
            ("correct horse battery", Some(stored.clone()), true),
            ("wrong horse battery", Some(stored), false),
            ("a password nobody has", None, false),
        ] {
            assert_eq!(passwords.verify(password.into(), stored).await.expect("an answer"), expected, "{password}");
        }
    }
}

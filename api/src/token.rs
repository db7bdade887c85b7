//! Access tokens: JWT (RFC 7519, RFC 9068) of one algorithm, Ed25519. A token says who; what they may do is read from the
//! database (docs/decisions/0007).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use rules::id::{AccountId, ClientId, ClientKeyId, SignInId};
use rules::policy::Scope;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::Keys;

/// Names us in tokens.
const ISSUER: &str = "digiknow";
/// Names what tokens are for.
const AUDIENCE: &str = "digiknow-api";
/// The longest token that is looked at, in bytes; ours are a third of it.
const LONGEST: usize = 2048;

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Bearer {
    /// Somebody who signed in.
    Account {
        /// The account.
        account: AccountId,
        /// The account's epoch when the token was made: raising that ends every token at once.
        epoch: i64,
        /// The sign-in it belongs to; none for one that an operator made.
        sign_in: Option<SignInId>,
    },
    /// A partner's program.
    Client {
        /// The client.
        client: ClientId,
        /// The secret it was got with: revoking that ends the token.
        key: ClientKeyId,
        /// What it allows.
        scopes: Vec<Scope>,
    },
}

/// Every claim that may stand in a token, and no other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Claims {
    fn new(bearer: &Bearer, now: DateTime<Utc>, minutes: i64) -> Self {
        let (at, exp) = (now.timestamp(), (now + TimeDelta::minutes(minutes)).timestamp());
        let base = |sub| Self {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub,
            iat: at,
            nbf: at,
            exp,
            epoch: None,
            sid: None,
            client_id: None,
            key: None,
            scope: None,
        };
        match bearer {
            Bearer::Account { account, epoch, sign_in } => Self { epoch: Some(*epoch), sid: sign_in.map(|id| id.0), ..base(account.0) },
            Bearer::Client { client, key, scopes } => {
                let scope = scopes.iter().map(|scope| scope.code()).collect::<Vec<_>>().join(" ");
                Self { client_id: Some(client.0), key: Some(key.0), scope: Some(scope), ..base(client.0) }
            }
        }
    }

    /// Whom the claims are about; none if they are of neither form, or a bit of both.
    fn bearer(self) -> Option<Bearer> {
        match (self.epoch, self.client_id, self.key, self.scope) {
            (Some(epoch), None, None, None) => {
                Some(Bearer::Account { account: AccountId(self.sub), epoch, sign_in: self.sid.map(SignInId) })
            }
            (None, Some(client), Some(key), Some(scope)) if client == self.sub && self.sid.is_none() => {
                let scopes = scope.split_whitespace().map(Scope::from_code).collect::<Option<_>>()?;
                Some(Bearer::Client { client: ClientId(client), key: ClientKeyId(key), scopes })
            }
            _ => None,
        }
    }
}

/// The header of our tokens (RFC 9068), and the only one that is taken: no other algorithm, no key or address of one in it.
fn header(key_id: &str) -> Header {
    Header { typ: Some("at+jwt".into()), kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) }
}

/// Makes an access token.
pub fn issue(keys: &Keys, bearer: &Bearer, now: DateTime<Utc>, minutes: i64) -> Result<String> {
    let key = keys.signing(now);
    jsonwebtoken::encode(&header(&key.id), &Claims::new(bearer, now, minutes), &key.signing).context("a token could not be signed")
}

/// Tokens whose signatures were found good, and what they say: a text that comes again would be found the same. Whether its key and
/// its time are still good is asked each time.
#[derive(Default)]
pub struct Signed(RwLock<HashMap<String, Arc<(String, Claims)>>>);

/// The most tokens that are remembered: beyond, none are.
const MOST: usize = 2_000;

impl Signed {
    fn find(&self, token: &str) -> Option<Arc<(String, Claims)>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn keep(&self, token: &str, said: Arc<(String, Claims)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(token.to_owned(), said);
    }
}

/// Checks an access token: our header, a known key, and every claim; times are judged by `now`.
pub fn check(keys: &Keys, token: &str, now: DateTime<Utc>) -> Option<Bearer> {
    if token.len() > LONGEST {
        return None;
    }
    let known = keys.signed().find(token);
    let is_new = known.is_none();
    let said = known.or_else(|| verified(keys, token, now).map(Arc::new))?;
    let (key_id, claims) = &*said;
    let at = now.timestamp();
    if !(claims.nbf <= at && at < claims.exp) || keys.verifying(key_id, now).is_none() {
        return None;
    }
    if is_new {
        keys.signed().keep(token, said.clone());
    }
    claims.clone().bearer()
}

/// What a token says, and the name of the key that signed it; none if it is not of ours.
fn verified(keys: &Keys, token: &str, now: DateTime<Utc>) -> Option<(String, Claims)> {
    let given = jsonwebtoken::decode_header(token).ok()?;
    let key_id = given.kid.clone()?;
    if given != header(&key_id) {
        return None;
    }
    let key = keys.verifying(&key_id, now)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    // The library judges times by the machine's clock; ours is an argument.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims;
    Some((key_id, claims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::rotated;

    fn keys() -> Keys {
        Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key")
    }

    #[test]
    fn a_token_is_good_from_its_birth_to_its_end_and_for_its_key_alone() {
        let (keys, now) = (keys(), "2026-11-21T12:00:00Z".parse().expect("an instant"));
        let account = Bearer::Account { account: AccountId(Uuid::from_u128(5)), epoch: 3, sign_in: Some(SignInId(Uuid::from_u128(6))) };
        let client = Bearer::Client {
            client: ClientId(Uuid::from_u128(7)),
            key: ClientKeyId(Uuid::from_u128(8)),
            scopes: vec![Scope::SessionsRead, Scope::SignUp],
        };
        for bearer in [account, client] {
            let text = issue(&keys, &bearer, now, 10).expect("a token");
            assert!(text.len() < LONGEST / 3, "{}", text.len());
            assert_eq!(check(&keys, &text, now), Some(bearer.clone()));
            assert_eq!(check(&keys, &text, now + TimeDelta::seconds(599)), Some(bearer));
            assert_eq!(check(&keys, &text, now + TimeDelta::seconds(600)), None, "ended");
            assert_eq!(check(&keys, &text, now - TimeDelta::seconds(1)), None, "not yet");
            assert_eq!(check(&self::keys(), &text, now), None, "another key");
        }
    }

    #[test]
    fn a_token_that_was_found_good_ends_with_its_key() {
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let later = now + TimeDelta::minutes(10);
        let keys = Keys::from_pem(&rotated(&Keys::generate_pem().expect("a key"), later, now).expect("rotated")).expect("keys");
        let bearer = Bearer::Account { account: AccountId(Uuid::from_u128(5)), epoch: 3, sign_in: None };
        let text = issue(&keys, &bearer, now, 600).expect("a token");
        assert_eq!(
            [0, 0, 69, 70].map(|minutes| check(&keys, &text, now + TimeDelta::minutes(minutes)).is_some()),
            [true, true, true, false]
        );
        assert_eq!(check(&keys, &(text.clone() + "A"), now), None, "another text");
    }
}

//! The service's secret key, and what is derived from it. It lives in a file and never in the database, so a dump of the
//! database holds nothing that signs a token or opens a link.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use uuid::Uuid;

/// The keys of one service.
pub struct Keys {
    /// Signs access tokens (Ed25519, RFC 8037).
    pub signing: EncodingKey,
    /// Checks them.
    pub verifying: DecodingKey,
    /// Names the key in a token's header.
    pub key_id: String,
    /// The public half, for `/.well-known/jwks.json`.
    pub public: Vec<u8>,
    links: hmac::Key,
    inputs: hmac::Key,
    answers: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

const PEM_HEAD: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_FOOT: &str = "-----END PRIVATE KEY-----";

impl Keys {
    /// Makes a new key as a PEM text (PKCS #8, RFC 5958).
    pub fn generate_pem() -> Result<String> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| anyhow!("no randomness to make a key with"))?;
        Ok(format!("{PEM_HEAD}\n{}\n{PEM_FOOT}\n", STANDARD.encode(pkcs8.as_ref())))
    }

    /// Reads a key from its PEM text.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let body: String = pem
            .trim()
            .strip_prefix(PEM_HEAD)
            .and_then(|rest| rest.strip_suffix(PEM_FOOT))
            .context("not a PEM private key")?
            .split_whitespace()
            .collect();
        let der = STANDARD.decode(body).context("the key's PEM is broken")?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|e| anyhow!("not an Ed25519 key: {e}"))?;
        let public = pair.public_key().as_ref().to_vec();
        // Purpose-bound: knowing one derived key says nothing of the others.
        let derived = |purpose: &str| {
            let secret = digest::digest(&digest::SHA256, &[purpose.as_bytes(), &der].concat());
            hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref())
        };
        Ok(Self {
            signing: EncodingKey::from_ed_der(&der),
            verifying: DecodingKey::from_ed_der(&public),
            key_id: sha256_text(&public)[..16].to_owned(),
            links: derived("digiknow e-mail links v1"),
            inputs: derived("digiknow inputs v1"),
            answers: derived("digiknow one-tap answers v1"),
            public,
        })
    }

    /// Reads the key from a file.
    pub fn read(path: &Path) -> Result<Self> {
        let pem = std::fs::read_to_string(path).with_context(|| format!("no key in {}: make one with `digiknow key`", path.display()))?;
        Self::from_pem(&pem)
    }

    /// The token of an e-mail link: its row's id and a MAC over it.
    pub fn link_token(&self, id: Uuid) -> String {
        let mac = hmac::sign(&self.links, id.as_bytes());
        URL_SAFE_NO_PAD.encode([id.as_bytes(), mac.as_ref()].concat())
    }

    /// The token of a one-tap link: one answer to one thing, until a time in seconds since the epoch, and a MAC over all of it.
    pub fn answer_token(&self, answer: u8, id: Uuid, until: i64) -> String {
        let said = [&[answer], id.as_bytes().as_slice(), &until.to_be_bytes()].concat();
        let mac = hmac::sign(&self.answers, &said);
        URL_SAFE_NO_PAD.encode([said.as_slice(), mac.as_ref()].concat())
    }

    /// Answer, thing and time of a one-tap link, if it is ours.
    pub fn answer_of(&self, token: &str) -> Option<(u8, Uuid, i64)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, mac) = bytes.split_at_checked(25)?;
        hmac::verify(&self.answers, said, mac).ok()?;
        Some((said[0], Uuid::from_slice(&said[1..17]).ok()?, i64::from_be_bytes(said[17..].try_into().ok()?)))
    }

    /// A fingerprint of an input, to tell it from another. Keyed: an input may hold a password, which a dump must not let anybody
    /// try out.
    pub fn fingerprint(&self, input: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.inputs, input))
    }

    /// The row a link's token names, if the token is ours.
    pub fn link_id(&self, token: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
        let (id, mac) = bytes.split_at_checked(16)?;
        hmac::verify(&self.links, id, mac).ok()?;
        Uuid::from_slice(id).ok()
    }
}

/// A new client key: 160 random bits behind a prefix that says what it is.
pub fn new_client_key(publishable: bool) -> Result<String> {
    let mut bytes = [0u8; 20];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("no randomness to make a key with"))?;
    let kind = if publishable { "pub" } else { "sec" };
    Ok(format!("dk_{kind}_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// SHA-256 as base64url: enough for secrets of 128 random bits and more, which need no slow hash.
pub fn sha256_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_token_is_ours_or_nothing() {
        let keys = Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key");
        let other = Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key");
        let id = Uuid::from_u128(42);
        let token = keys.link_token(id);
        assert_eq!(keys.link_id(&token), Some(id));
        assert_eq!(other.link_id(&token), None);
        let answer = keys.answer_token(2, id, 1_800_000_000);
        assert_eq!(keys.answer_of(&answer), Some((2, id, 1_800_000_000)));
        assert_eq!((other.answer_of(&answer), keys.link_id(&answer), keys.answer_of(&token)), (None, None, None), "each for its purpose");
        for wrong in ["", "AAAA", &token[..token.len() - 1], "💥"] {
            assert_eq!(keys.link_id(wrong), None, "{wrong}");
        }
    }
}

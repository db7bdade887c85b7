//! The service's secret keys, and what is derived from them. They live in a file and never in the database, so a dump of the
//! database holds nothing that signs a token or opens a link.
//!
//! The file is PEM. Its first key is the root: links and fingerprints are bound to it for good. Keys that `digiknow key rotate`
//! adds say on a line before them from when they sign; each verifies before that, so that every replica knows it in time, and
//! after its successor took over, until its last token is over.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use uuid::Uuid;

use crate::token::Signed;

/// The longest any token is good for, and so how long a key verifies after it has stopped signing.
pub const LONGEST_TOKEN: TimeDelta = TimeDelta::minutes(60);

/// A key that signs access tokens (Ed25519, RFC 8037).
#[derive(Clone)]
pub struct SigningKey {
    /// Names it in a token's header.
    pub id: String,
    /// The public half.
    pub public: Vec<u8>,
    /// Signs.
    pub signing: EncodingKey,
    /// Checks.
    pub verifying: DecodingKey,
    /// Since when it signs; the root always did.
    signs_from: DateTime<Utc>,
    pem: String,
}

/// What a key does at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It verifies, and will sign from this instant.
    Next(DateTime<Utc>),
    /// It signs.
    Signs,
    /// It verifies until this instant.
    Verifies(DateTime<Utc>),
    /// Nothing of it is left.
    Over,
}

/// The keys of one service.
pub struct Keys {
    file: Option<PathBuf>,
    ring: RwLock<Arc<[SigningKey]>>,
    links: hmac::Key,
    inputs: hmac::Key,
    answers: hmac::Key,
    devices: hmac::Key,
    badges: SigningKey,
    arrivals: hmac::Key,
    signed: Signed,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.ring().iter().map(|key| key.id.clone()).collect();
        f.debug_struct("Keys").field("ids", &ids).finish_non_exhaustive()
    }
}

const PEM_HEAD: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_FOOT: &str = "-----END PRIVATE KEY-----";
const SIGNS_FROM: &str = "Signs-From: ";

impl Keys {
    /// Makes a new key as a PEM text (PKCS #8, RFC 5958).
    pub fn generate_pem() -> Result<String> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| anyhow!("no randomness to make a key with"))?;
        Ok(format!("{PEM_HEAD}\n{}\n{PEM_FOOT}\n", STANDARD.encode(pkcs8.as_ref())))
    }

    /// Reads keys from their PEM text.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let ring = parse(pem)?;
        let root = der(&ring[0].pem)?;
        // Purpose-bound: knowing one derived key says nothing of the others.
        let derived = |purpose: &str| {
            let secret = digest::digest(&digest::SHA256, &[purpose.as_bytes(), &root].concat());
            hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref())
        };
        Ok(Self {
            file: None,
            links: derived("digiknow e-mail links v1"),
            inputs: derived("digiknow inputs v1"),
            answers: derived("digiknow one-tap answers v1"),
            devices: derived("digiknow devices v1"),
            badges: badge_key(&root)?,
            arrivals: derived("digiknow identity providers v1"),
            ring: RwLock::new(ring.into()),
            signed: Signed::default(),
        })
    }

    /// Reads the keys from a file.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self { file: Some(path.to_owned()), ..Self::from_pem(&read(path)?)? })
    }

    /// Reads the file again; a rotation takes effect without a restart. Another root does not: it would end every link.
    pub fn reload(&self) -> Result<()> {
        let Some(path) = &self.file else { return Ok(()) };
        let ring = parse(&read(path)?)?;
        ensure!(ring[0].id == self.ring()[0].id, "{} has another first key: restart to use it", path.display());
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring.into();
        Ok(())
    }

    fn ring(&self) -> Arc<[SigningKey]> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that signs.
    pub fn signing(&self, now: DateTime<Utc>) -> SigningKey {
        let ring = self.ring();
        ring.iter().rfind(|key| key.signs_from <= now).unwrap_or(&ring[0]).clone()
    }

    /// The key that signs badges: it never changes, since badges are checked for years.
    pub fn badges(&self) -> &SigningKey {
        &self.badges
    }

    /// The key of this name, if tokens it signed may still be good.
    pub fn verifying(&self, id: &str, now: DateTime<Utc>) -> Option<DecodingKey> {
        self.states(now).into_iter().find(|(key, state)| key.id == id && *state != State::Over).map(|(key, _)| key.verifying)
    }

    /// Tokens whose signatures were found to be ours.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Every key, oldest first, and what it does.
    pub fn states(&self, now: DateTime<Utc>) -> Vec<(SigningKey, State)> {
        states(&self.ring(), now)
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

    /// The row a link's token names, if the token is ours.
    pub fn link_id(&self, token: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
        let (id, mac) = bytes.split_at_checked(16)?;
        hmac::verify(&self.links, id, mac).ok()?;
        Uuid::from_slice(id).ok()
    }

    /// A fingerprint of an input, to tell it from another. Keyed: an input may hold a password, which a dump must not let anybody
    /// try out.
    pub fn fingerprint(&self, input: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.inputs, input))
    }

    /// A secret that goes with a sign-in through an identity provider: made from its state, so that no row has to hold it.
    pub fn of_attempt(&self, what: &str, state: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.arrivals, format!("{what}\n{state}").as_bytes()))
    }

    /// A token that says: this device has signed in to this mailbox before.
    pub fn device_token(&self, mailbox: &str) -> Result<String> {
        let id = random::<16>()?;
        let mac = hmac::sign(&self.devices, &[&id[..], mailbox.as_bytes()].concat());
        Ok(URL_SAFE_NO_PAD.encode([&id[..], mac.as_ref()].concat()))
    }

    /// The device a token names, if it is ours and for this mailbox.
    pub fn device(&self, token: &str, mailbox: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
        let (id, mac) = bytes.split_at_checked(16)?;
        hmac::verify(&self.devices, &[id, mailbox.as_bytes()].concat(), mac).ok()?;
        Uuid::from_slice(id).ok()
    }
}

fn states(ring: &[SigningKey], now: DateTime<Utc>) -> Vec<(SigningKey, State)> {
    let state = |place: usize, key: &SigningKey| match ring.get(place + 1).map(|next| next.signs_from) {
        _ if key.signs_from > now => State::Next(key.signs_from),
        Some(taken_over) if taken_over + LONGEST_TOKEN <= now => State::Over,
        Some(taken_over) if taken_over <= now => State::Verifies(taken_over + LONGEST_TOKEN),
        _ => State::Signs,
    };
    ring.iter().enumerate().map(|(place, key)| (key.clone(), state(place, key))).collect()
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("no key in {}: make one with `digiknow key make`", path.display()))
}

/// The keys of a file, in its order, which is that of signing.
fn parse(text: &str) -> Result<Vec<SigningKey>> {
    let mut keys: Vec<SigningKey> = Vec::new();
    for block in text.trim().split_inclusive(PEM_FOOT) {
        let (before, _) = block.split_once(PEM_HEAD).context("not a PEM private key")?;
        let signs_from = match before.lines().find_map(|line| line.strip_prefix(SIGNS_FROM)) {
            None if keys.is_empty() => DateTime::UNIX_EPOCH,
            None => bail!("a key after the first says from when it signs: `{SIGNS_FROM}…` on a line before it"),
            Some(instant) => instant.trim().parse().context("Signs-From is no instant")?,
        };
        ensure!(keys.last().is_none_or(|last| last.signs_from < signs_from), "keys stand in the order in which they sign");
        keys.push(key(&block[before.len()..], signs_from)?);
    }
    ensure!(!keys.is_empty(), "not a PEM private key");
    Ok(keys)
}

/// The key of the badges, derived from the root. It is in no token's ring: what it signed opens nothing here.
fn badge_key(root: &[u8]) -> Result<SigningKey> {
    let seed = digest::digest(&digest::SHA256, &[b"digiknow badges v1".as_slice(), root].concat());
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|e| anyhow!("no key for badges: {e}"))?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| anyhow!("no key for badges"))?;
    key(&format!("{PEM_HEAD}\n{}\n{PEM_FOOT}\n", STANDARD.encode(pkcs8.as_ref())), DateTime::UNIX_EPOCH)
}

fn der(pem: &str) -> Result<Vec<u8>> {
    let body = pem.trim().strip_prefix(PEM_HEAD).and_then(|rest| rest.strip_suffix(PEM_FOOT)).context("not a PEM private key")?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).context("the key's PEM is broken")
}

fn key(pem: &str, signs_from: DateTime<Utc>) -> Result<SigningKey> {
    let der = der(pem)?;
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|e| anyhow!("not an Ed25519 key: {e}"))?;
    let public = pair.public_key().as_ref().to_vec();
    Ok(SigningKey {
        id: sha256_text(&public)[..16].to_owned(),
        signing: EncodingKey::from_ed_der(&der),
        verifying: DecodingKey::from_ed_der(&public),
        public,
        signs_from,
        pem: pem.to_owned(),
    })
}

/// The text of a key file with a further key, which signs from `from` on. Keys that are over go, but for the root, whose links
/// may be out.
pub fn rotated(text: &str, from: DateTime<Utc>, now: DateTime<Utc>) -> Result<String> {
    let states = states(&parse(text)?, now);
    if let Some((key, State::Next(from))) = states.iter().find(|(_, state)| matches!(state, State::Next(_))) {
        bail!("key {} is still waiting to sign, from {from}: rotate again after that", key.id);
    }
    ensure!(from > now, "a key must be known before it signs");
    let mut file = String::new();
    for (place, (key, state)) in states.iter().enumerate() {
        if place > 0 && *state == State::Over {
            continue;
        }
        if place > 0 {
            file.push_str(&format!("{SIGNS_FROM}{}\n", key.signs_from.to_rfc3339()));
        }
        file.push_str(key.pem.trim());
        file.push('\n');
    }
    Ok(format!("{file}{SIGNS_FROM}{}\n{}", from.to_rfc3339(), Keys::generate_pem()?))
}

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0u8; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("no randomness to make a secret with"))?;
    Ok(bytes)
}

/// A new secret: 256 random bits behind a prefix that says what it is, so that scanners of leaked text know it.
pub fn new_secret(prefix: &str) -> Result<String> {
    Ok(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// A new client key: 160 random bits behind a prefix that says what it is.
pub fn new_client_key(publishable: bool) -> Result<String> {
    let kind = if publishable { "pub" } else { "sec" };
    Ok(format!("dk_{kind}_{}", URL_SAFE_NO_PAD.encode(random::<20>()?)))
}

/// SHA-256 as base64url: enough for secrets of 128 random bits and more, which need no slow hash.
pub fn sha256_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes))
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    digest::digest(&digest::SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An id made of a hash: the same hash, the same id.
pub fn id_of(hash: &str) -> Uuid {
    let bytes = URL_SAFE_NO_PAD.decode(hash).unwrap_or_default();
    bytes.get(..16).and_then(|bytes| Uuid::from_slice(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("an instant")
    }

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

    #[test]
    fn a_device_token_is_for_one_mailbox() {
        let keys = Keys::from_pem(&Keys::generate_pem().expect("a key")).expect("a key");
        let token = keys.device_token("ada@example.org").expect("a token");
        assert!(keys.device(&token, "ada@example.org").is_some());
        for (token, mailbox) in [(token.as_str(), "eve@example.org"), ("", "ada@example.org"), (&token[1..], "ada@example.org")] {
            assert_eq!(keys.device(token, mailbox), None, "{token} {mailbox}");
        }
    }

    #[test]
    fn keys_take_over_from_one_another_with_overlap() {
        let first = Keys::generate_pem().expect("a key");
        let second = rotated(&first, at(10), at(0)).expect("rotated");
        assert!(rotated(&second, at(20), at(5)).is_err(), "one at a time");
        let third = rotated(&second, at(110), at(100)).expect("rotated");
        let keys = Keys::from_pem(&third).expect("three keys");
        let ids: Vec<String> = keys.states(at(0)).into_iter().map(|(key, _)| key.id).collect();
        let table = |minute: i64| keys.states(at(minute)).into_iter().map(|(_, state)| state).collect::<Vec<_>>();
        assert_eq!(table(0), [State::Signs, State::Next(at(10)), State::Next(at(110))]);
        assert_eq!(table(10), [State::Verifies(at(70)), State::Signs, State::Next(at(110))]);
        assert_eq!(table(69), table(10));
        assert_eq!(table(70), [State::Over, State::Signs, State::Next(at(110))]);
        assert_eq!(table(110), [State::Over, State::Verifies(at(170)), State::Signs]);
        assert_eq!([9, 10, 109, 110].map(|minute| keys.signing(at(minute)).id), [&ids[0], &ids[1], &ids[1], &ids[2]].map(String::clone));
        assert!(keys.verifying(&ids[0], at(69)).is_some() && keys.verifying(&ids[0], at(70)).is_none());
        let fourth = Keys::from_pem(&rotated(&third, at(310), at(300)).expect("rotated")).expect("keys");
        let kept: Vec<String> = fourth.states(at(300)).into_iter().map(|(key, _)| key.id).collect();
        assert_eq!((&kept[..2], kept.len()), (&[ids[0].clone(), ids[2].clone()][..], 3), "the root stays, the second went");
    }

    #[test]
    fn links_outlive_a_rotation() {
        let first = Keys::generate_pem().expect("a key");
        let before = Keys::from_pem(&first).expect("a key");
        let after = Keys::from_pem(&rotated(&first, at(10), at(0)).expect("rotated")).expect("keys");
        assert_eq!(after.link_id(&before.link_token(Uuid::from_u128(7))), Some(Uuid::from_u128(7)));
    }

    #[test]
    fn a_broken_key_file_is_refused() {
        let pem = Keys::generate_pem().expect("a key");
        let no_line = format!("{pem}{pem}");
        let backwards = format!("{SIGNS_FROM}2030-01-01T00:00:00Z\n{pem}{SIGNS_FROM}2029-01-01T00:00:00Z\n{pem}");
        for broken in ["", "hello", PEM_HEAD, &pem[..40], &no_line, &backwards] {
            assert!(Keys::from_pem(broken).is_err(), "{broken}");
        }
    }
}

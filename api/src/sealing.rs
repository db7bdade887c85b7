//! Seals what must not be readable in a dump of the database: certificate numbers (AES-256-GCM, RFC 5116).
//!
//! A sealed value names its key: `v1.KEY_ID.BASE64URL(nonce, text, tag)`. It is bound to the row it belongs to, so that it can't be
//! moved to another. Keys live in a file beside the service's key; the first line seals, every line opens. A lost key is a lost
//! number, and nothing else: the clearance stands.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

const VERSION: &str = "v1";

/// The keys that seal and open.
pub struct Sealing {
    keys: Vec<(String, RandomizedNonceKey)>,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealing").field("key_ids", &self.keys.iter().map(|(id, _)| id).collect::<Vec<_>>()).finish()
    }
}

/// The sealing keys beside a service's key file.
pub fn beside(key_file: &Path) -> PathBuf {
    key_file.with_file_name("sealing.keys")
}

/// A new key as a line of the file: an id and 32 random bytes.
pub fn new_line() -> Result<String> {
    let (mut id, mut bytes) = ([0u8; 6], [0u8; 32]);
    let no_randomness = |_| anyhow!("no randomness to make a key with");
    aws_lc_rs::rand::fill(&mut id).map_err(no_randomness)?;
    aws_lc_rs::rand::fill(&mut bytes).map_err(no_randomness)?;
    Ok(format!("{} {}\n", URL_SAFE_NO_PAD.encode(id), URL_SAFE_NO_PAD.encode(bytes)))
}

impl Sealing {
    /// Reads the keys from the text of their file.
    pub fn parse(text: &str) -> Result<Self> {
        let mut keys: Vec<(String, RandomizedNonceKey)> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (id, key) = line.split_once(' ').context("a line of the sealing keys is an id, a space and a key")?;
            let bytes = URL_SAFE_NO_PAD
                .decode(key.trim())
                .ok()
                .filter(|bytes| bytes.len() == 32)
                .context("a sealing key is 32 bytes in base64url")?;
            if id.contains('.') || keys.iter().any(|(known, _)| known == id) {
                bail!("each sealing key has an id of its own, without a dot");
            }
            keys.push((
                id.to_owned(),
                RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| anyhow!("a sealing key is no AES-256 key"))?,
            ));
        }
        if keys.is_empty() {
            bail!("there is no sealing key");
        }
        Ok(Self { keys })
    }

    /// Reads the keys from their file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("no sealing keys in {}: make some with `digiknow key sealing`", path.display()))?;
        Self::parse(&text)
    }

    /// Seals a text for one row.
    pub fn seal(&self, row: Uuid, text: &str) -> Result<String> {
        let (id, key) = self.keys.first().context("there is no sealing key")?;
        let mut bytes = text.as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(row.as_bytes()), &mut bytes).map_err(|_| anyhow!("sealing failed"))?;
        let whole = [nonce.as_ref(), &bytes[..]].concat();
        Ok(format!("{VERSION}.{id}.{}", URL_SAFE_NO_PAD.encode(whole)))
    }

    /// Opens what was sealed for this row.
    pub fn open(&self, row: Uuid, sealed: &str) -> Result<String> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(VERSION), Some(id), Some(body)) = (parts.next(), parts.next(), parts.next()) else { bail!("not a sealed value") };
        let (_, key) = self.keys.iter().find(|(known, _)| known == id).with_context(|| format!("the sealing key {id} is not there"))?;
        let bytes = URL_SAFE_NO_PAD.decode(body).context("a sealed value is broken")?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).context("a sealed value is too short")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow!("a sealed value has no nonce"))?;
        let mut rest = rest.to_vec();
        let text = key
            .open_in_place(nonce, Aad::from(row.as_bytes()), &mut rest)
            .map_err(|_| anyhow!("a sealed value is not for this row, or was changed"))?;
        Ok(std::str::from_utf8(text).context("a sealed value is no text")?.to_owned())
    }

    /// Whether a value was sealed by another key than the one that seals now.
    pub fn is_old(&self, sealed: &str) -> bool {
        let current = self.keys.first().map(|(id, _)| format!("{VERSION}.{id}."));
        current.is_none_or(|prefix| !sealed.starts_with(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(42);

    fn keys(lines: &[&str]) -> Sealing {
        Sealing::parse(&lines.concat()).expect("keys")
    }

    #[test]
    fn what_is_sealed_opens_for_its_row_and_shows_nothing() {
        let line = new_line().expect("a key");
        let sealing = keys(&[&line]);
        let sealed = sealing.seal(ROW, "001234567890").expect("sealed");
        assert!(!sealed.contains("1234567890"));
        assert_ne!(sealed, sealing.seal(ROW, "001234567890").expect("sealed"), "the same number twice does not look the same");
        assert_eq!(sealing.open(ROW, &sealed).expect("opened"), "001234567890");
        assert!(sealing.open(Uuid::from_u128(43), &sealed).is_err(), "moved to another row");
        for broken in ["001234567890", "v1.x.AAAA", &sealed[..sealed.len() - 2], ""] {
            assert!(sealing.open(ROW, broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn an_old_key_opens_and_the_first_one_seals() {
        let (old, new) = (new_line().expect("a key"), new_line().expect("a key"));
        let sealed = keys(&[&old]).seal(ROW, "001234567890").expect("sealed");
        let rotated = keys(&[&new, &old]);
        assert_eq!(rotated.open(ROW, &sealed).expect("opened"), "001234567890");
        assert!(rotated.is_old(&sealed));
        let again = rotated.seal(ROW, "001234567890").expect("sealed");
        assert!(!rotated.is_old(&again));
        assert!(keys(&[&old]).open(ROW, &again).is_err(), "without its key it stays shut");
    }

    #[test]
    fn a_file_that_is_no_list_of_keys_is_refused() {
        let line = new_line().expect("a key");
        for text in
            ["", "# nothing\n", "just-one-word", "id AAAA", &format!("{line}{line}"), "a.b AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert!(Sealing::parse(text).is_err(), "{text:?}");
        }
    }
}

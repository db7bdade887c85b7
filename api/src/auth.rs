//! Passwords.

use std::sync::Arc;

use anyhow::Result;
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

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

#[cfg(test)]
mod tests {
    use super::*;

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

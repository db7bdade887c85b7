//! Refusing costs little and not nothing: whoever is refused again and again from one address waits for each answer. Nobody else at
//! that address does, and what is good is never kept waiting.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After the first so many refusals at once,
const AT_ONCE: u32 = 200;
/// an address gets one each so often,
const EACH: Duration = Duration::from_millis(20);
/// and nobody waits longer than this.
const LONGEST: Duration = Duration::from_secs(5);
/// The most addresses that are remembered: beyond, all are forgiven.
const MOST: usize = 10_000;

/// Until when each address has used up its refusals.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<String, Instant>>);

impl Refusals {
    /// Counts a refusal, and waits as long as it has to.
    pub async fn add(&self, address: &str) {
        let wait = self.wait(address, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// A leaky bucket, told by the time at which it will be empty (GCRA).
    fn wait(&self, address: &str, now: Instant) -> Duration {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MOST {
            used.retain(|_, until| *until > now);
        }
        if used.len() >= MOST {
            used.clear();
        }
        let until = used.entry(address.to_owned()).or_insert(now);
        let next = (*until).max(now) + EACH;
        let wait = next.saturating_duration_since(now + EACH * AT_ONCE);
        if wait > LONGEST {
            return LONGEST;
        }
        *until = next;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_answered_at_once_and_the_rest_one_by_one() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        for _ in 0..AT_ONCE {
            assert_eq!(refusals.wait("192.0.2.1", now), Duration::ZERO);
        }
        assert_eq!([1, 2, 3].map(|_| refusals.wait("192.0.2.1", now)), [EACH, EACH * 2, EACH * 3]);
        assert_eq!(refusals.wait("192.0.2.2", now), Duration::ZERO, "nobody else waits");
    }

    #[test]
    fn nobody_waits_for_ever_and_time_forgives() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        for _ in 0..5_000 {
            assert!(refusals.wait("192.0.2.1", now) <= LONGEST);
        }
        assert_eq!(refusals.wait("192.0.2.1", now), LONGEST);
        let later = now + LONGEST + EACH * AT_ONCE;
        assert_eq!(refusals.wait("192.0.2.1", later), Duration::ZERO);
    }

    #[test]
    fn addresses_are_not_remembered_without_end() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        for n in 0..MOST * 2 {
            refusals.wait(&n.to_string(), now);
        }
        assert!(refusals.0.lock().unwrap_or_else(PoisonError::into_inner).len() <= MOST);
    }
}

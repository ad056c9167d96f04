//! Failed attempts are slowed for everyone, this machine included: a page or a program on the same host guesses as fast as any.

use super::AuthError;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use wingman_message::Clock;

/// Failures that are free.
const FREE: u32 = 10;
/// How long they count, and how long whoever used them up must wait.
const WINDOW_MS: i64 = 60_000;
/// Addresses that are remembered; beyond that the oldest are forgotten.
const ADDRESSES: usize = 10_000;

struct Failures {
    count: u32,
    since_ms: i64,
}

/// Counts failed attempts by address.
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

impl Throttle {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, failures: Mutex::default() }
    }

    /// Whether `peer` may try.
    ///
    /// # Errors
    /// [`AuthError::Throttled`]
    pub(crate) fn check(&self, peer: IpAddr) -> Result<(), AuthError> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failed) = failures.get(&peer) else { return Ok(()) };
        let left_ms = failed.since_ms + WINDOW_MS - self.clock.now_ms();
        if failed.count < FREE || left_ms <= 0 {
            return Ok(());
        }
        Err(AuthError::Throttled { retry_after_s: u64::try_from(left_ms).unwrap_or(0).div_ceil(1000) })
    }

    /// `peer` tried and failed.
    pub(crate) fn failed(&self, peer: IpAddr) {
        let now = self.clock.now_ms();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES && !failures.contains_key(&peer) {
            failures.retain(|_, failed| failed.since_ms + WINDOW_MS > now);
            if failures.len() >= ADDRESSES
                && let Some(oldest) = failures.iter().min_by_key(|(_, failed)| failed.since_ms).map(|(peer, _)| *peer)
            {
                failures.remove(&oldest);
            }
        }
        let failed = failures.entry(peer).or_insert(Failures { count: 0, since_ms: now });
        if failed.since_ms + WINDOW_MS <= now {
            *failed = Failures { count: 0, since_ms: now };
        }
        failed.count += 1;
        if failed.count == FREE {
            tracing::warn!(%peer, "too many failed attempts; refusing more for a minute");
            // The wait begins with the failure that used up the free ones.
            failed.since_ms = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wingman_message::ManualClock;

    #[test]
    fn guessing_is_stopped_even_from_this_machine_and_only_for_a_while() {
        let clock = ManualClock::at(0);
        let throttle = Throttle::new(Arc::new(clock.clone()));
        let (guesser, other) = ("127.0.0.1".parse().unwrap(), "::1".parse().unwrap());
        for _ in 0..FREE {
            assert_eq!(throttle.check(guesser), Ok(()));
            throttle.failed(guesser);
        }
        assert_eq!(throttle.check(guesser), Err(AuthError::Throttled { retry_after_s: 60 }));
        assert_eq!(throttle.check(other), Ok(()));
        clock.advance_ms(WINDOW_MS);
        assert_eq!(throttle.check(guesser), Ok(()));
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let throttle = Throttle::new(Arc::new(ManualClock::at(0)));
        for index in 0..u32::try_from(ADDRESSES).unwrap() + 10 {
            throttle.failed(IpAddr::from(index.to_be_bytes()));
        }
        assert_eq!(throttle.failures.lock().unwrap().len(), ADDRESSES);
    }
}

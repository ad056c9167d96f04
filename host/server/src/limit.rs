//! How many messages a client may send.

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use wingman_message::{ClientId, NodeId};

/// After how many checks the limiter forgets clients that have been silent long enough.
const SWEEP_EVERY: u32 = 10_000;

/// Whose messages are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// A client, over all of its connections.
    Client(ClientId),
    /// A node that is no client, for as long as its connection lasts.
    Node(NodeId),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => id.fmt(f),
            Self::Node(id) => id.fmt(f),
        }
    }
}

/// Limits messages by caller: a steady sender goes on at the allowed pace, and a new connection does not begin anew.
pub(crate) struct RateLimit {
    limiter: Option<DefaultKeyedRateLimiter<Caller>>,
    checks: AtomicU32,
}

impl RateLimit {
    /// `messages_per_minute` messages a caller; 0 means no limit.
    pub(crate) fn new(messages_per_minute: u32) -> Self {
        let limiter = NonZeroU32::new(messages_per_minute).map(|quota| DefaultKeyedRateLimiter::keyed(Quota::per_minute(quota)));
        Self { limiter, checks: AtomicU32::new(0) }
    }

    /// Counts one message of `caller`; an error says how long it must wait, in milliseconds.
    pub(crate) fn check(&self, caller: &Caller) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(caller).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_at_its_limit_does_not_hold_up_another() {
        let limit = RateLimit::new(3);
        let [eager, calm] = ["eager", "calm"].map(|id| Caller::Client(ClientId::new(id).unwrap()));
        for _ in 0..3 {
            assert_eq!(limit.check(&eager), Ok(()));
        }
        let wait = limit.check(&eager).unwrap_err();
        assert!((1..=20_000).contains(&wait), "{wait}");
        assert_eq!(limit.check(&calm), Ok(()));
    }
}

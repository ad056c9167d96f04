//! When to try a delivery again, and when to give it up: the meaning of each failure that the contract knows. Pure, but for the
//! jitter.

use std::time::Duration;
use wingman_message::PluginFailure;

/// How often a component may misbehave on one reply. It may have been a bad moment; more often it is the reply.
const MISBEHAVIOURS: u32 = 3;

/// How undelivered replies are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The pause after the first failure; it doubles with each that follows.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long a reply is tried before it becomes a dead letter.
    pub give_up_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(600),
            give_up_after: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Try again after so long.
    RetryAfter(Duration),
    /// It is a dead letter.
    GiveUp,
}

impl RetryPolicy {
    /// What to do after `failure`, the attempt after `earlier` others, when the attempts began `for_so_long` ago.
    pub(crate) fn after(&self, failure: &PluginFailure, earlier: u32, for_so_long: Duration) -> Next {
        let pause = match failure {
            PluginFailure::InvalidInput(_)
            | PluginFailure::Unauthorized(_)
            | PluginFailure::Permanent(_)
            | PluginFailure::Unsupported(_) => return Next::GiveUp,
            PluginFailure::Deadline { .. }
            | PluginFailure::OutOfMemory { .. }
            | PluginFailure::Trapped(_)
            | PluginFailure::InvalidOutput(_)
                if earlier + 1 >= MISBEHAVIOURS =>
            {
                return Next::GiveUp;
            }
            // The network's word counts, however long: to come earlier makes it worse.
            PluginFailure::RateLimited { retry_after_ms } => Duration::from_millis(*retry_after_ms).max(self.first_pause),
            _ => jittered(self.pause(earlier)),
        };
        if for_so_long >= self.give_up_after { Next::GiveUp } else { Next::RetryAfter(pause) }
    }

    fn pause(&self, earlier: u32) -> Duration {
        self.first_pause.saturating_mul(2_u32.saturating_pow(earlier.min(30))).min(self.longest_pause)
    }
}

/// Between three and five quarters of it, so that what failed together is not tried again together.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [128];
    // Without random bytes there is no jitter, which is no reason not to try again.
    let _ = getrandom::fill(&mut byte);
    pause.mul_f64(0.75 + f64::from(byte[0]) / 510.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn after(failure: &PluginFailure, earlier: u32, for_so_long: Duration) -> Next {
        RetryPolicy::default().after(failure, earlier, for_so_long)
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_differ_a_little() {
        let down = PluginFailure::Temporary("down".into());
        for (earlier, seconds) in [(0, 1.0), (1, 2.0), (5, 32.0), (10, 600.0), (4_000_000_000, 600.0)] {
            let Next::RetryAfter(pause) = after(&down, earlier, HOUR) else { panic!("{earlier} was given up") };
            let of = pause.as_secs_f64() / seconds;
            assert!((0.74..=1.26).contains(&of), "{pause:?} after {earlier}");
        }
        let pauses: std::collections::HashSet<_> = (0..20).map(|_| format!("{:?}", after(&down, 5, HOUR))).collect();
        assert!(pauses.len() > 1, "no jitter");
    }

    #[test]
    fn each_failure_means_what_the_contract_says() {
        let text = || "why".to_owned();
        for failure in [
            PluginFailure::InvalidInput(text()),
            PluginFailure::Unauthorized(text()),
            PluginFailure::Permanent(text()),
            PluginFailure::Unsupported(text()),
        ] {
            assert_eq!(after(&failure, 0, Duration::ZERO), Next::GiveUp, "{failure}");
        }
        for failure in [
            PluginFailure::Busy,
            PluginFailure::NotFound { kind: "channel", name: text() },
            PluginFailure::Quarantined { name: wingman_message::PluginName::new("parlor").unwrap(), reason: text() },
            PluginFailure::Temporary(text()),
        ] {
            assert!(matches!(after(&failure, 100, HOUR), Next::RetryAfter(_)), "{failure}");
            assert_eq!(after(&failure, 100, HOUR * 24), Next::GiveUp, "{failure} after a day");
        }
    }

    #[test]
    fn a_rate_limit_is_kept_to_the_letter() {
        let limited = PluginFailure::RateLimited { retry_after_ms: 7_500_000 };
        assert_eq!(after(&limited, 9, HOUR), Next::RetryAfter(Duration::from_millis(7_500_000)));
    }

    #[test]
    fn a_component_that_crashes_on_a_reply_gets_two_more_chances() {
        let crash = PluginFailure::Trapped("unreachable".into());
        assert!(matches!(after(&crash, 1, Duration::ZERO), Next::RetryAfter(_)));
        assert_eq!(after(&crash, 2, Duration::ZERO), Next::GiveUp);
    }
}

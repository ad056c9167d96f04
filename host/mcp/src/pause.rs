//! When a server is tried again. Pure, but for the jitter.

use crate::settings::Limits;
use std::time::Duration;

/// The pause after `failures` attempts in a row that failed; 1 is the first.
pub(crate) fn after(failures: u32, limits: &Limits) -> Duration {
    let mut byte = [128];
    // Without random bytes there is no jitter, which is no reason not to try again.
    let _ = getrandom::fill(&mut byte);
    jittered(pause(failures, limits), byte[0])
}

fn pause(failures: u32, limits: &Limits) -> Duration {
    limits.first_pause.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(30))).min(limits.longest_pause)
}

/// Between three and five quarters of it, so that servers that went together are not started together.
fn jittered(pause: Duration, random: u8) -> Duration {
    pause.mul_f64(0.75 + f64::from(random) / 510.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pauses_never_shrink_and_never_exceed_the_longest(failures in 1_u32.., random: u8) {
            let limits = Limits::default();
            let (this, next) = (pause(failures, &limits), pause(failures.saturating_add(1), &limits));
            prop_assert!(limits.first_pause <= this && this <= next && next <= limits.longest_pause);
            let jittered = jittered(this, random);
            prop_assert!(this.mul_f64(0.74) <= jittered && jittered <= this.mul_f64(1.26));
        }
    }
}

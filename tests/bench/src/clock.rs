//! Time: one monotonic clock in nanoseconds, the same in all processes of the machine, and the window that is measured.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

/// Nanoseconds of the machine's monotonic clock.
pub(crate) fn now() -> u64 {
    nanos(clock_gettime(ClockId::Monotonic))
}

/// Processor time of this process so far, in seconds.
pub(crate) fn processor_seconds() -> f64 {
    nanos(clock_gettime(ClockId::ProcessCPUTime)) as f64 / SECOND as f64
}

/// Neither clock is ever negative.
fn nanos(time: Timespec) -> u64 {
    u64::try_from(time.tv_sec).unwrap_or(0) * SECOND + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// The time that is measured: what happens before is warm-up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Its first nanosecond.
    pub(crate) begins: u64,
    /// The first nanosecond behind it; nothing new is begun from here on.
    pub(crate) ends: u64,
}

impl Window {
    /// `seconds` long, after `warmup` seconds from now.
    pub(crate) fn after(warmup: f64, seconds: f64) -> Self {
        let begins = now() + (warmup * SECOND as f64) as u64;
        Self { begins, ends: begins + (seconds * SECOND as f64) as u64 }
    }

    pub(crate) fn contains(&self, at: u64) -> bool {
        (self.begins..self.ends).contains(&at)
    }

    pub(crate) fn seconds(&self) -> f64 {
        (self.ends - self.begins) as f64 / SECOND as f64
    }
}

/// From now until `at`.
pub(crate) fn until(at: u64) -> Duration {
    Duration::from_nanos(at.saturating_sub(now()))
}

//! When the next operation is due: at once (closed loop), or at its time on a schedule that no slow server can stretch (open loop).

use crate::clock;
use crate::error::Result;
use crate::timer::Timer;

/// A schedule of one client.
pub(crate) enum Pace {
    /// The next begins when the last has ended.
    Closed,
    /// The next begins at its time, or as soon as possible after it. Latency counts from that time, so that a server which stands
    /// still is charged for everything that should have happened meanwhile (no coordinated omission).
    Open { timer: Timer, first: u64, interval: f64, number: u64 },
}

impl Pace {
    /// The schedule of client `number` of `clients`, which together begin `rate` operations a second, evenly spread, from `begins`
    /// on. Without a rate, a closed loop.
    pub(crate) fn new(rate: Option<f64>, number: usize, clients: usize, begins: u64) -> Result<Self> {
        let Some(rate) = rate else { return Ok(Self::Closed) };
        let between = 1e9 / rate;
        let first = begins + (between * number as f64) as u64;
        Ok(Self::Open { timer: Timer::new()?, first, interval: between * clients as f64, number: 0 })
    }

    /// Waits for the next operation's time, and returns it; none where it is not before `ends`.
    pub(crate) async fn next(&mut self, ends: u64) -> Result<Option<u64>> {
        let due = match self {
            Self::Closed => clock::now(),
            Self::Open { timer, first, interval, number } => {
                let due = *first + (*interval * *number as f64) as u64;
                *number += 1;
                if due < ends && clock::now() < due {
                    timer.until(due).await?;
                }
                due
            }
        };
        Ok((due < ends).then_some(due))
    }
}

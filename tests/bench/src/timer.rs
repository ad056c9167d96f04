//! Waiting for a point in time, to the microsecond: the runtime's own timer rounds up to a millisecond, which is more than most of
//! what is measured here.

use crate::clock;
use crate::error::Result;
#[cfg(target_os = "linux")]
use {
    crate::BenchError,
    rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime},
    std::os::fd::OwnedFd,
    tokio::io::unix::AsyncFd,
};

/// One timer of the kernel's, watched by the runtime like a socket.
#[cfg(target_os = "linux")]
pub(crate) struct Timer(AsyncFd<OwnedFd>);

#[cfg(target_os = "linux")]
impl Timer {
    pub(crate) fn new() -> Result<Self> {
        const WHAT: &str = "a timer";
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)
            .map_err(BenchError::system(WHAT))?;
        #[expect(deprecated, reason = "its successor is unsafe, for types that may close their descriptor; an OwnedFd does not")]
        let watched = AsyncFd::new(timer);
        Ok(Self(watched.map_err(BenchError::system(WHAT))?))
    }

    /// Waits until the clock shows `at`.
    pub(crate) async fn until(&mut self, at: u64) -> Result<()> {
        const WHAT: &str = "waiting for a timer";
        let value = Timespec { tv_sec: (at / 1_000_000_000) as _, tv_nsec: (at % 1_000_000_000) as _ };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &once).map_err(BenchError::system(WHAT))?;
        while clock::now() < at {
            let mut ready = self.0.readable().await.map_err(BenchError::system(WHAT))?;
            // How often it has expired is of no interest; reading makes it quiet until it is set again.
            match rustix::io::read(ready.get_inner(), &mut [0; 8]) {
                Ok(_) | Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(BenchError::system(WHAT)(error)),
            }
        }
        Ok(())
    }
}

/// The runtime's timer, where the kernel has none that can be watched: latencies of paced runs are up to a millisecond too high.
#[cfg(not(target_os = "linux"))]
pub(crate) struct Timer(());

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(()))
    }

    /// Waits until the clock shows `at`.
    pub(crate) async fn until(&mut self, at: u64) -> Result<()> {
        tokio::time::sleep(clock::until(at)).await;
        Ok(())
    }
}

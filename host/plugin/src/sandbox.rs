//! One call: a fresh store under limits, driven until it returns, crashes or runs out of time, and the reason why it failed.
//!
//! What the guest is asked, and in which version of the contract, is not here.

use crate::guest_log::{GuestLog, printable};
use crate::lane::{SlowLane, Turns};
use crate::limits::{Limiter, Limits};
use crate::wasi::EmptyWasi;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtxView, WasiView};
use wingman_message::{Clock, PluginFailure, PluginName};

const MAX_DETAIL: usize = 1_000;

/// Where calls are made. Shared by all plugins.
pub(crate) struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lane: SlowLane,
}

/// What the host keeps for one call.
pub(crate) struct CallState {
    pub(crate) log: GuestLog,
    pub(crate) clock: Arc<dyn Clock>,
    limiter: Limiter,
    limits: Limits,
    wasi: EmptyWasi,
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

/// A call's time. Kept apart from its store, which the guest borrows while it runs.
pub(crate) struct Timer {
    deadline: Instant,
    turns: Turns,
}

/// Why a guest did not return.
pub(crate) enum Stop {
    Deadline,
    Error(wasmtime::Error),
}

/// The guest was interrupted because its time is up.
#[derive(Debug, thiserror::Error)]
#[error("the deadline has passed")]
struct TimeIsUp;

impl Sandbox {
    /// A fresh store for one call, and its timer, which runs from now on.
    pub(crate) fn enter(&self, plugin: &PluginName, limits: Limits) -> (Store<CallState>, Timer) {
        let state = CallState {
            log: GuestLog::new(plugin.clone()),
            clock: Arc::clone(&self.clock),
            limiter: Limiter::new(&limits),
            limits,
            wasi: EmptyWasi::default(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(hostcall_fuel(&limits));
        let timer = Timer { deadline: Instant::now() + limits.deadline(), turns: self.lane.turns() };
        let (deadline, turns) = (timer.deadline, timer.turns.clone());
        // Two ticks: the first may come at once, and a short call should never have to queue in the lane behind long ones.
        store.set_epoch_deadline(2);
        store.epoch_deadline_callback(move |_| {
            if Instant::now() >= deadline {
                return Err(TimeIsUp.into());
            }
            Ok(UpdateDeadline::YieldCustom(1, turns.next()))
        });
        (store, timer)
    }
}

impl Timer {
    /// Runs the guest until it returns or has to be stopped. The epoch stops it while it computes, the timeout while it waits in
    /// a host call, where epochs do not tick.
    pub(crate) async fn drive<R>(&self, guest: impl Future<Output = wasmtime::Result<R>> + Send) -> Result<R, Stop> {
        let mut guest = pin!(guest);
        let in_turn = std::future::poll_fn(|context| {
            let polled = guest.as_mut().poll(context);
            self.turns.end();
            polled
        });
        match tokio::time::timeout_at(self.deadline.into(), in_turn).await {
            Ok(Ok(returned)) => Ok(returned),
            Ok(Err(error)) if error.is::<TimeIsUp>() => Err(Stop::Deadline),
            Ok(Err(error)) => Err(Stop::Error(error)),
            Err(_) => Err(Stop::Deadline),
        }
    }
}

/// Lists cost their in-memory size and strings their bytes, so the room is wider than what a plugin may return: the exact count
/// comes later, and this keeps the host's memory safe until then.
fn hostcall_fuel(limits: &Limits) -> usize {
    limits.output_bytes().saturating_mul(2).saturating_add(1024 * 1024)
}

/// Says why a guest failed. The limiter is asked before the trap: a stack overflow shows as an access out of bounds, and an
/// allocator that gave up as `unreachable`.
pub(crate) fn explain(stop: Stop, state: &CallState) -> PluginFailure {
    let limits = &state.limits;
    let error = match stop {
        Stop::Deadline => return PluginFailure::Deadline { deadline_ms: limits.deadline_ms },
        Stop::Error(error) => error,
    };
    if state.limiter.refused_memory() {
        return PluginFailure::OutOfMemory { limit_mib: limits.memory_mib };
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return PluginFailure::Busy;
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return PluginFailure::Trapped(format!("it exited with status {}", exit.0));
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let last_words = state.log.last_error().map(|line| format!("; it last logged: {line}")).unwrap_or_default();
        return PluginFailure::Trapped(format!("{trap}{last_words}"));
    }
    // No trap: the guest returned, or called the host, with something that the host cannot read.
    let detail = format!("{error:#}");
    if detail.contains("fuel allocated for hostcalls") {
        return PluginFailure::InvalidOutput(format!("it handed over more than {} KiB at once", hostcall_fuel(limits) / 1024));
    }
    PluginFailure::InvalidOutput(printable(&detail, MAX_DETAIL))
}

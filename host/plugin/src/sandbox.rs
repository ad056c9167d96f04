//! One call: a fresh store under limits, driven until it returns, crashes or runs out of time, and the reason why it failed.
//!
//! What the guest is asked, and in which version of the contract, is not here.

use crate::access::Access;
use crate::guest_log::{GuestLog, printable};
use crate::lane::{SlowLane, Turns};
use crate::limits::Limiter;
use crate::services::Services;
use crate::wasi::EmptyWasi;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtxView, WasiView};
use wingman_manifest::{Limits, Manifest};
use wingman_message::{Clock, PluginFailure, ToolProgress};

const MAX_DETAIL: usize = 1_000;
/// How long the calls out of one call may take together: any grant's time, twice over.
const MAX_PAUSE: Duration = Duration::from_secs(600);

/// Where calls are made. Shared by all plugins.
pub(crate) struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lane: SlowLane,
    pub(crate) services: Arc<Services>,
}

/// Who is called, and on whose behalf.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) access: Arc<Access>,
    /// Where a tool reports its output while it comes.
    pub(crate) progress: Option<ToolProgress>,
}

/// What the host keeps for one instance: for one call, or for an actor's life.
pub(crate) struct CallState {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) services: Arc<Services>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) access: Arc<Access>,
    pub(crate) progress: Option<ToolProgress>,
    /// What is left of the call that is being made.
    pub(crate) budget: Budget,
    limiter: Limiter,
    limits: Limits,
    wasi: EmptyWasi,
}

/// What one call may still use up.
pub(crate) struct Budget {
    pub(crate) log: GuestLog,
    /// Bytes of progress.
    pub(crate) progress: usize,
    pub(crate) http_calls: u64,
    pub(crate) time: CallTime,
    /// What the call was refused for want of something that the operator can give.
    pub(crate) lacks: Option<String>,
}

impl Budget {
    /// A call's whole budget; its time runs from now on.
    fn new(manifest: &Manifest, limits: &Limits) -> Self {
        Self {
            log: GuestLog::new(manifest.name.clone()),
            progress: limits.output_bytes(),
            http_calls: limits.http_calls,
            time: CallTime::until(Instant::now() + limits.deadline()),
            lacks: None,
        }
    }
}

/// What the host's own functions work with while a guest waits for them.
pub(crate) struct Reach {
    pub(crate) services: Arc<Services>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) access: Arc<Access>,
}

impl CallState {
    pub(crate) fn reach(&self) -> Reach {
        let Self { services, manifest, access, .. } = self;
        Reach { services: Arc::clone(services), manifest: Arc::clone(manifest), access: Arc::clone(access) }
    }

    /// The failure of a call that the host refused something: the plugin cannot know that it need not be for ever.
    pub(crate) fn blamed(&self, failure: PluginFailure) -> PluginFailure {
        match &self.budget.lacks {
            Some(lacks) if !failure.is_misbehaviour() => {
                PluginFailure::Unavailable(format!("`{}` waits for the operator: {lacks}", self.manifest.name))
            }
            _ => failure,
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

/// How long the guest may still go on. It stands still while the host calls out for the guest, but not for ever.
#[derive(Debug, Clone)]
pub(crate) struct CallTime(Arc<Mutex<Deadline>>);

#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    /// However often the time stood still.
    latest: Instant,
}

impl CallTime {
    fn until(at: Instant) -> Self {
        Self(Arc::new(Mutex::new(Deadline { at, latest: at + MAX_PAUSE })))
    }

    // A std mutex: held to read or write one value, never across an await.
    fn lock(&self) -> MutexGuard<'_, Deadline> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deadline(&self) -> Instant {
        self.lock().at
    }

    /// Stands still until the pause is dropped.
    pub(crate) fn pause(&self) -> Pause {
        let mut deadline = self.lock();
        let pause = Pause { time: self.clone(), began: Instant::now(), before: deadline.at };
        deadline.at = deadline.latest;
        pause
    }
}

/// The guest's time stands still.
pub(crate) struct Pause {
    time: CallTime,
    began: Instant,
    before: Instant,
}

impl Drop for Pause {
    fn drop(&mut self) {
        let mut deadline = self.time.lock();
        deadline.at = (self.before + self.began.elapsed()).min(deadline.latest);
    }
}

/// A call's time. Kept apart from its store, which the guest borrows while it runs.
pub(crate) struct Timer {
    time: CallTime,
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
    /// A fresh store, and the timer of its first call, which runs from now on.
    pub(crate) fn enter(&self, subject: Subject, limits: Limits) -> (Store<CallState>, Timer) {
        let Subject { manifest, access, progress } = subject;
        let state = CallState {
            clock: Arc::clone(&self.clock),
            services: Arc::clone(&self.services),
            budget: Budget::new(&manifest, &limits),
            manifest,
            access,
            progress,
            limiter: Limiter::new(&limits),
            limits,
            wasi: EmptyWasi::default(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(hostcall_fuel(&limits));
        let timer = self.timer(&mut store);
        (store, timer)
    }

    /// The timer of one more call in the same store, with a budget of its own.
    pub(crate) fn arm(&self, store: &mut Store<CallState>) -> Timer {
        let state = store.data_mut();
        state.budget = Budget::new(&state.manifest, &state.limits);
        self.timer(store)
    }

    fn timer(&self, store: &mut Store<CallState>) -> Timer {
        let timer = Timer { time: store.data().budget.time.clone(), turns: self.lane.turns() };
        let (time, turns) = (timer.time.clone(), timer.turns.clone());
        // Two ticks: the first may come at once, and a short call should never have to queue in the lane behind long ones.
        store.set_epoch_deadline(2);
        store.epoch_deadline_callback(move |_| {
            if Instant::now() >= time.deadline() {
                return Err(TimeIsUp.into());
            }
            Ok(UpdateDeadline::YieldCustom(1, turns.next()))
        });
        timer
    }
}

impl Timer {
    /// Runs the guest until it returns or has to be stopped. The epoch stops it while it computes, the timeout while it waits in
    /// a host call, where epochs do not tick.
    pub(crate) async fn drive<R>(&self, guest: impl Future<Output = wasmtime::Result<R>> + Send) -> Result<R, Stop> {
        let mut guest = pin!(guest);
        let mut in_turn = pin!(std::future::poll_fn(|context| {
            let polled = guest.as_mut().poll(context);
            self.turns.end();
            polled
        }));
        loop {
            let deadline = self.time.deadline();
            match tokio::time::timeout_at(deadline.into(), in_turn.as_mut()).await {
                Ok(Ok(returned)) => return Ok(returned),
                Ok(Err(error)) if error.is::<TimeIsUp>() => return Err(Stop::Deadline),
                Ok(Err(error)) => return Err(Stop::Error(error)),
                // A call out has moved the deadline meanwhile.
                Err(_) if self.time.deadline() > deadline => {}
                Err(_) => return Err(Stop::Deadline),
            }
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
        let last_words = state.budget.log.last_error().map(|line| format!("; it last logged: {line}")).unwrap_or_default();
        return PluginFailure::Trapped(format!("{trap}{last_words}"));
    }
    // No trap: the guest returned, or called the host, with something that the host cannot read.
    let detail = format!("{error:#}");
    if detail.contains("fuel allocated for hostcalls") {
        return PluginFailure::InvalidOutput(format!("it handed over more than {} KiB at once", hostcall_fuel(limits) / 1024));
    }
    PluginFailure::InvalidOutput(printable(&detail, MAX_DETAIL))
}

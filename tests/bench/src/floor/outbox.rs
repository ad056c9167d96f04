//! What waits for a connection: a bounded queue that its task takes whole. Whoever finds it full waits, and nothing is dropped.

use axum::extract::ws::Utf8Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// How many frames may wait.
const MOST: usize = 512;

/// The lock is a std one: it is held for a push or a swap, and never across an await.
#[derive(Default)]
pub(super) struct Outbox(Mutex<State>);

#[derive(Default)]
struct State {
    frames: VecDeque<Utf8Bytes>,
    /// The connection's task, where it sleeps and nothing waits.
    sleeper: Option<Waker>,
    /// Tasks that found the queue full.
    blocked: Vec<Waker>,
    is_closed: bool,
}

impl Outbox {
    /// Adds a frame. False where there is no room: the task of `context` is woken when there is.
    pub(super) fn offer(&self, frame: &Utf8Bytes, context: &Context<'_>) -> bool {
        let mut state = self.lock();
        if state.is_closed {
            return true;
        }
        if state.frames.len() >= MOST {
            if !state.blocked.iter().any(|waker| waker.will_wake(context.waker())) {
                state.blocked.push(context.waker().clone());
            }
            return false;
        }
        state.frames.push_back(frame.clone());
        let sleeper = state.sleeper.take();
        drop(state);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
        true
    }

    /// Swaps all that waits into `batch`, which is empty. Where nothing waits, the task of `context` is woken by the next frame.
    pub(super) fn take(&self, batch: &mut VecDeque<Utf8Bytes>, context: &Context<'_>) {
        let mut state = self.lock();
        if state.frames.is_empty() {
            state.sleeper = Some(context.waker().clone());
            return;
        }
        std::mem::swap(&mut state.frames, batch);
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        blocked.into_iter().for_each(Waker::wake);
    }

    /// Takes no more; those who wait are let go.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.frames.clear();
        let blocked = std::mem::take(&mut state.blocked);
        drop(state);
        blocked.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

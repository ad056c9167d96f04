//! What waits to be written. One task takes, any number of tasks put.
//!
//! It is not a channel of tokio's, because its bound is in bytes (256 frames of a mebibyte each are no bound), because the
//! writer takes all that waits at once under one lock, and because a connection can be cut past what waits.

use axum::extract::ws::Message;
use futures::task::AtomicWaker;
use std::future::poll_fn;
use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Frames that may wait. As many again may be in the writer's hands.
const FRAMES: usize = 1024;
/// Bytes that may wait; one frame may wait alone, however large it is.
const BYTES: usize = 128 * 1024;

#[derive(Default)]
pub(super) struct Queue {
    /// Held to put and to take, never across an await.
    waiting: Mutex<Waiting>,
    /// The writer, while nothing waits.
    writer: AtomicWaker,
    /// The writer has taken what waited.
    room: Notify,
    /// The stage has changed to one in which nothing more is written.
    over: Notify,
    /// Something came in since this was last looked at.
    pub(super) heard: AtomicBool,
    pub(super) is_node: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    frames: Vec<Message>,
    bytes: usize,
    stage: Stage,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// What waits is the last.
    Ending,
    /// What waits is a close; nobody waits for what was in the writer's hands.
    Cut,
    /// Nobody writes any more.
    Over,
}

/// What became of a frame that was put.
pub(super) enum Push {
    Done,
    /// No room: here it is again.
    Full(Message),
    /// Nothing more is taken.
    Gone,
}

/// What the writer has in its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// More may follow.
    Some,
    /// Nothing follows.
    TheLast,
    /// Nothing follows, and the other side was too slow before.
    Cut,
}

impl Queue {
    pub(super) fn push(&self, message: Message) -> Push {
        let size = size(&message);
        let mut waiting = self.lock();
        if waiting.stage != Stage::Open {
            return Push::Gone;
        }
        let is_first = waiting.frames.is_empty();
        if !is_first && (waiting.frames.len() >= FRAMES || waiting.bytes + size > BYTES) {
            return Push::Full(message);
        }
        waiting.frames.push(message);
        waiting.bytes += size;
        drop(waiting);
        if is_first {
            self.writer.wake();
        }
        Push::Done
    }

    /// Resolves once the writer has taken what waits now. Ask before looking: what is taken in between counts.
    pub(super) fn room(&self) -> Notified<'_> {
        self.room.notified()
    }

    /// Nothing is taken behind `last`.
    pub(super) fn end(&self, last: Option<Message>) {
        let mut waiting = self.lock();
        if waiting.stage == Stage::Open {
            waiting.frames.extend(last);
            waiting.stage = Stage::Ending;
        }
        drop(waiting);
        self.wake_all();
    }

    /// Drops what waits; `last` is all that is still said.
    pub(super) fn cut(&self, last: Message) {
        let mut waiting = self.lock();
        if matches!(waiting.stage, Stage::Open | Stage::Ending) {
            waiting.frames = vec![last];
            waiting.stage = Stage::Cut;
        }
        drop(waiting);
        self.wake_all();
    }

    /// Nobody writes any more.
    pub(super) fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.frames = Vec::new();
        waiting.stage = Stage::Over;
        drop(waiting);
        self.wake_all();
    }

    /// All that waits, into the empty `batch`; waits for it.
    pub(super) async fn take(&self, batch: &mut Vec<Message>) -> Taken {
        poll_fn(|context| {
            self.writer.register(context.waker());
            let mut waiting = self.lock();
            if waiting.frames.is_empty() && waiting.stage == Stage::Open {
                return Poll::Pending;
            }
            mem::swap(batch, &mut waiting.frames);
            waiting.bytes = 0;
            let taken = match waiting.stage {
                Stage::Open => Taken::Some,
                Stage::Ending | Stage::Over => Taken::TheLast,
                Stage::Cut => Taken::Cut,
            };
            drop(waiting);
            self.room.notify_waiters();
            Poll::Ready(taken)
        })
        .await
    }

    /// Ends when the connection was cut, or nobody writes any more.
    pub(super) async fn gone(&self) {
        loop {
            let over = self.over.notified();
            if matches!(self.lock().stage, Stage::Cut | Stage::Over) {
                return;
            }
            over.await;
        }
    }

    /// Gives back what a burst has left.
    pub(super) fn shrink(&self) {
        self.lock().frames.shrink_to(8);
    }

    fn wake_all(&self) {
        self.writer.wake();
        self.room.notify_waiters();
        self.over.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

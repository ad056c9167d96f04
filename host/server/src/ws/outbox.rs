//! The way out of a connection: a bounded queue, and the one task that writes to the socket.
//!
//! Whoever sends waits while the queue is full, or goes on and comes back; nothing is skipped. All frames that wait go out in one
//! write. A reader who takes nothing for too long is cut, with a reason.

mod queue;
#[cfg(test)]
mod tests;
mod writer;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures::stream::SplitSink;
use queue::{Push, Queue};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::{Instant, timeout_at};
use wingman_protocol::ServerFrame;

/// "Policy violation" (RFC 6455, 7.4.1).
const POLICY: u16 = 1008;

/// Sends frames to one client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Queue>);

/// The connection is gone; whoever sends to it stops.
#[derive(Debug)]
pub(crate) struct Gone;

/// The queue is full: the frame comes back.
#[derive(Debug)]
pub(crate) struct Full(Message);

impl Outbox {
    /// A way out through `sink`, and the task that writes. The task ends with [`Self::finish`], after a close, or when a write fails.
    pub(crate) fn new(
        sink: SplitSink<WebSocket, Message>,
        now_ms: impl Fn() -> i64 + Send,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let queue = Arc::new(Queue::default());
        (Self(Arc::clone(&queue)), writer::write(sink, queue, now_ms))
    }

    pub(crate) async fn frame(&self, frame: &ServerFrame) -> Result<(), Gone> {
        self.text(frame.to_json()).await
    }

    pub(crate) async fn text(&self, json: impl Into<Utf8Bytes>) -> Result<(), Gone> {
        self.send(Message::Text(json.into())).await
    }

    /// Puts a frame in the queue if there is room. A connection that is gone takes it, too: nobody is left to miss it.
    pub(crate) fn try_text(&self, json: Utf8Bytes) -> Result<(), Full> {
        match self.0.push(Message::Text(json)) {
            Push::Done | Push::Gone => Ok(()),
            Push::Full(message) => Err(Full(message)),
        }
    }

    /// Sends what came back before; who has no room by `deadline` reads too slowly, and is cut.
    pub(crate) async fn insist(&self, Full(message): Full, deadline: Instant) {
        // Gone is gone, by whatever way.
        if timeout_at(deadline, self.send(message)).await.is_err() {
            tracing::info!("a connection reads too slowly and is cut");
            self.0.cut(close(POLICY, "frames were read too slowly"));
        }
    }

    /// Closes the connection with a code (RFC 6455, 7.4) and a reason, behind what already waits.
    pub(crate) fn close(&self, code: u16, reason: &'static str) {
        self.0.end(Some(close(code, reason)));
    }

    /// Nothing more comes; what waits still goes out.
    pub(crate) fn finish(&self) {
        self.0.end(None);
    }

    /// A frame came in: somebody is there.
    pub(crate) fn heard(&self) {
        self.0.heard.store(true, Ordering::Relaxed);
    }

    /// The connection is a node's: it is asked by `ping` frames, too, whether it is there.
    pub(crate) fn mark_as_node(&self) {
        self.0.is_node.store(true, Ordering::Relaxed);
    }

    /// Ends when the connection was cut, or cannot be written to any more.
    pub(crate) async fn gone(&self) {
        self.0.gone().await;
    }

    async fn send(&self, mut message: Message) -> Result<(), Gone> {
        loop {
            let room = self.0.room();
            message = match self.0.push(message) {
                Push::Done => return Ok(()),
                Push::Gone => return Err(Gone),
                Push::Full(message) => message,
            };
            room.await;
        }
    }
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

//! The way out of a connection: a bounded queue and the one task that writes to the socket.

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::SinkExt;
use futures::stream::SplitSink;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use wingman_protocol::ServerFrame;

/// Frames that may wait for a slow reader before its watchers wait, too.
const QUEUE: usize = 256;
/// How long one write may take before the reader counts as gone.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How often a silent connection is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// Sends frames to one client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox(mpsc::Sender<Message>);

/// The connection is gone; whoever sends to it stops.
#[derive(Debug)]
pub(crate) struct Gone;

impl Outbox {
    /// A way out through `sink`, and the task that writes. The task ends when all senders are gone or a write fails.
    pub(crate) fn new(sink: SplitSink<WebSocket, Message>) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (Self(sender), write(sink, queue))
    }

    pub(crate) async fn frame(&self, frame: &ServerFrame) -> Result<(), Gone> {
        self.text(frame.to_json()).await
    }

    pub(crate) async fn text(&self, json: String) -> Result<(), Gone> {
        self.0.send(Message::Text(json.into())).await.map_err(|_| Gone)
    }

    /// Closes the connection with a code (RFC 6455, 7.4) and a reason, behind what already waits.
    pub(crate) async fn close(&self, code: u16, reason: &'static str) {
        // Gone already: then it is closed.
        let _ = self.0.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    }
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: mpsc::Receiver<Message>) {
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping.reset();
    loop {
        let message = tokio::select! {
            message = queue.recv() => match message {
                Some(message) => message,
                None => break,
            },
            _ = ping.tick() => Message::Ping(axum::body::Bytes::new()),
        };
        let written = timeout(WRITE_LIMIT, write_all_that_waits(&mut sink, message, &mut queue)).await;
        if !matches!(written, Ok(Ok(Wrote::Frames))) {
            break;
        }
    }
    let _ = timeout(WRITE_LIMIT, sink.close()).await;
}

enum Wrote {
    Frames,
    TheLastOne,
}

/// Writes `next` and what waits behind it in one flush; nothing follows a close.
async fn write_all_that_waits(
    sink: &mut SplitSink<WebSocket, Message>,
    next: Message,
    queue: &mut mpsc::Receiver<Message>,
) -> Result<Wrote, axum::Error> {
    let mut next = Some(next);
    while let Some(message) = next {
        let is_last = matches!(message, Message::Close(_));
        sink.feed(message).await?;
        if is_last {
            sink.flush().await?;
            return Ok(Wrote::TheLastOne);
        }
        next = queue.try_recv().ok();
    }
    sink.flush().await?;
    Ok(Wrote::Frames)
}

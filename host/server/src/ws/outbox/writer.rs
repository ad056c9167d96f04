//! The task that writes: all that waits in one flush, and a question now and then whether anybody is there.

use super::queue::{Queue, Taken};
use super::{POLICY, close};
use axum::extract::ws::Message;
use futures::{Sink, SinkExt};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use wingman_protocol::ServerFrame;

/// How long one write may take before the reader counts as gone.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection that was cut has to take its last words.
const CUT_LIMIT: Duration = Duration::from_secs(2);
/// How often it is looked whether anything was heard.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Every so many looks the other side is asked.
const LOOKS_PER_PING: u32 = 2;
/// After so many looks without a sign of life it counts as gone.
const SILENT_LOOKS: u32 = 4;
/// "Going away" (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1001;

/// Writes until nothing more comes, or nobody reads.
pub(super) async fn write<S: Sink<Message> + Unpin + Send>(mut sink: S, queue: Arc<Queue>, now_ms: impl Fn() -> i64 + Send) {
    let _over = Over(&queue);
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.reset();
    let mut watch = LifeWatch::default();
    let mut batch = Vec::new();
    loop {
        let taken = tokio::select! {
            taken = queue.take(&mut batch) => taken,
            _ = look.tick() => {
                queue.shrink();
                batch.shrink_to(8);
                watch.look(&queue, &mut batch, &now_ms)
            }
        };
        if write_all(&mut sink, &mut batch, taken, &queue).await.is_err() || taken != Taken::Some {
            break;
        }
    }
    // Whether the other side takes the end in good order or not, this is the end.
    let _ = timeout(CUT_LIMIT, sink.close()).await;
}

/// Writes everything in one flush. An error means that nothing more can be written.
async fn write_all<S: Sink<Message> + Unpin>(
    sink: &mut S,
    batch: &mut Vec<Message>,
    taken: Taken,
    queue: &Queue,
) -> Result<(), ()> {
    let write = async {
        for message in batch.drain(..) {
            sink.feed(message).await?;
        }
        sink.flush().await
    };
    if taken == Taken::Cut {
        return timeout(CUT_LIMIT, write).await.ok().and_then(Result::ok).ok_or(());
    }
    let written = tokio::select! {
        biased;
        written = timeout(WRITE_LIMIT, write) => written.ok().and_then(Result::ok),
        () = queue.gone() => None,
    };
    if written.is_some() {
        return Ok(());
    }
    // It was cut in the middle, or is stuck: if it reads again, it is told why this is the end.
    let _ = timeout(CUT_LIMIT, sink.send(close(POLICY, "frames were read too slowly"))).await;
    Err(())
}

/// Notices when nobody is there.
#[derive(Default)]
struct LifeWatch {
    looks: u32,
    silent: u32,
}

impl LifeWatch {
    fn look(&mut self, queue: &Queue, batch: &mut Vec<Message>, now_ms: impl Fn() -> i64) -> Taken {
        self.looks = self.looks.wrapping_add(1);
        self.silent = if queue.heard.swap(false, Ordering::Relaxed) { 0 } else { self.silent + 1 };
        if self.silent >= SILENT_LOOKS {
            batch.push(close(GOING_AWAY, "nothing was heard for 60 seconds"));
            return Taken::TheLast;
        }
        if self.looks.is_multiple_of(LOOKS_PER_PING) {
            batch.push(Message::Ping(axum::body::Bytes::new()));
            if queue.is_node.load(Ordering::Relaxed) {
                batch.push(Message::Text(ServerFrame::ping(now_ms()).to_json().into()));
            }
        }
        Taken::Some
    }
}

/// However the writer ends, senders are told.
struct Over<'a>(&'a Queue);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

//! The way out of a connection, with a reader that the test plays and a clock that the test moves.

use super::queue::Queue;
use super::{Outbox, writer};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use futures::Sink;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// The other side: takes everything, or nothing.
#[derive(Clone, Default)]
struct Reader(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    frames: Vec<Message>,
    flushes: usize,
    is_stuck: bool,
    waiting: Option<Waker>,
}

impl Reader {
    fn texts(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap();
        let text = |frame: &Message| if let Message::Text(text) = frame { Some(text.to_string()) } else { None };
        seen.frames.iter().filter_map(text).collect()
    }

    fn close(&self) -> Option<CloseFrame> {
        let seen = self.0.lock().unwrap();
        seen.frames.iter().find_map(|frame| if let Message::Close(close) = frame { close.clone() } else { None })
    }

    fn pings(&self) -> usize {
        self.0.lock().unwrap().frames.iter().filter(|frame| matches!(frame, Message::Ping(_))).count()
    }

    fn stick(&self, is_stuck: bool) {
        let mut seen = self.0.lock().unwrap();
        seen.is_stuck = is_stuck;
        seen.waiting.take().into_iter().for_each(Waker::wake);
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Result<(), axum::Error>> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_stuck {
            seen.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl Sink<Message> for Reader {
    type Error = axum::Error;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.poll(context)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), axum::Error> {
        self.0.lock().unwrap().frames.push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        let polled = self.poll(context);
        if polled.is_ready() {
            self.0.lock().unwrap().flushes += 1;
        }
        polled
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.poll(context)
    }
}

fn open() -> (Outbox, Reader, JoinHandle<()>) {
    let (queue, reader) = (Arc::new(Queue::default()), Reader::default());
    let task = tokio::spawn(writer::write(reader.clone(), Arc::clone(&queue), || 7));
    (Outbox(queue), reader, task)
}

/// Sends until no more can be taken; how many were.
fn fill(outbox: &Outbox) -> usize {
    (0..10_000).take_while(|n| outbox.try_text(text(&n.to_string())).is_ok()).count()
}

fn text(text: &str) -> Utf8Bytes {
    text.into()
}

#[tokio::test(start_paused = true)]
async fn all_that_waits_goes_out_in_order_and_in_one_write() {
    let (outbox, reader, task) = open();
    for n in 0..100 {
        outbox.try_text(text(&n.to_string())).unwrap();
    }
    outbox.finish();
    task.await.unwrap();
    assert_eq!(reader.texts(), (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(reader.0.lock().unwrap().flushes, 1);
}

#[tokio::test(start_paused = true)]
async fn who_sends_to_a_full_queue_waits_and_nothing_is_skipped() {
    let (outbox, reader, task) = open();
    reader.stick(true);
    let taken = fill(&outbox);
    assert!((100..10_000).contains(&taken), "{taken}");
    let late = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.text("the last").await }
    });
    assert!(timeout(Duration::from_secs(1), outbox.gone()).await.is_err(), "nobody is cut for a second");
    reader.stick(false);
    late.await.unwrap().unwrap();
    outbox.finish();
    task.await.unwrap();
    let expected = (0..taken).map(|n| n.to_string()).chain(["the last".to_owned()]).collect::<Vec<_>>();
    assert!(reader.texts().starts_with(&expected[..taken]) && reader.texts().ends_with(&expected[taken..]));
}

#[tokio::test(start_paused = true)]
async fn one_frame_passes_however_large_it_is_and_the_bound_is_in_bytes() {
    let (outbox, reader, task) = open();
    let large = "x".repeat(1 << 20);
    outbox.try_text(text(&large)).unwrap();
    assert!(outbox.try_text(text("more")).is_err(), "one large frame fills the queue");
    outbox.finish();
    task.await.unwrap();
    assert_eq!(reader.texts(), [large]);
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_cut_and_told_why_and_the_one_who_sends_goes_on() {
    let (outbox, reader, task) = open();
    reader.stick(true);
    // Once into the writer's hands, once into the queue.
    for _ in 0..2 {
        fill(&outbox);
        tokio::task::yield_now().await;
    }
    let full = outbox.try_text(text("more")).unwrap_err();
    let begun = Instant::now();
    outbox.insist(full, begun + Duration::from_secs(5)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    outbox.gone().await;
    assert!(outbox.text("more").await.is_err());
    // It wakes up at last: the reason is there.
    reader.stick(false);
    task.await.unwrap();
    assert_eq!(reader.close().unwrap().reason.as_str(), "frames were read too slowly");
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_never_wakes_up_does_not_keep_the_writer() {
    let (outbox, reader, task) = open();
    reader.stick(true);
    outbox.try_text(text("one")).unwrap();
    timeout(Duration::from_secs(60), task).await.unwrap().unwrap();
    assert!(outbox.text("two").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_heard_of_for_a_minute_is_closed() {
    let (outbox, reader, task) = open();
    for _ in 0..20 {
        outbox.heard();
        // The clock of the test; nobody waits.
        sleep(Duration::from_secs(15)).await;
    }
    assert!(!task.is_finished(), "it was heard of all the time");
    assert!((9..=10).contains(&reader.pings()), "every 30 seconds in 300: {}", reader.pings());
    let silent_since = Instant::now();
    task.await.unwrap();
    let silent_for = silent_since.elapsed().as_secs();
    assert!((45..=75).contains(&silent_for), "{silent_for} s");
    assert_eq!(reader.close().unwrap().reason.as_str(), "nothing was heard for 60 seconds");
    assert!(reader.texts().is_empty(), "a client is not sent frames that it does not know");
}

#[tokio::test(start_paused = true)]
async fn a_node_is_asked_by_a_frame_that_it_can_answer() {
    let (outbox, reader, task) = open();
    outbox.mark_as_node();
    task.await.unwrap();
    assert_eq!(reader.texts(), [r#"{"type":"ping","timestamp":7}"#]);
}

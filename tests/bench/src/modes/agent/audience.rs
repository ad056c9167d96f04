//! Those who watch a session, and what has reached them.

use super::stream::{Seen, see};
use crate::clock::{self, Window};
use crate::error::{BenchError, Result};
use crate::link::Link;
use crate::{Setup, model};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Notify;

/// How long the last watcher may take to see the end of a run that its requester has seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// What has reached the watchers of one session, and its requester. The counters order nothing else, hence relaxed.
pub(crate) struct Audience {
    watchers: u64,
    window: OnceLock<Window>,
    tokens: AtomicU64,
    frames: AtomicU64,
    snapshots: AtomicU64,
    lacking: AtomicU64,
    /// Ends of runs that were seen, by all watchers together.
    ends: AtomicU64,
    progress: Notify,
}

impl Audience {
    pub(crate) fn new(watchers: usize) -> Self {
        let [tokens, frames, snapshots, lacking, ends] = std::array::from_fn(|_| AtomicU64::new(0));
        let (window, progress) = (OnceLock::new(), Notify::new());
        Self { watchers: watchers as u64, window, tokens, frames, snapshots, lacking, ends, progress }
    }

    /// From now on, what happens in `window` counts.
    pub(super) fn count_in(&self, window: Window) {
        // Set once, before anything is asked.
        let _ = self.window.set(window);
    }

    /// Adds what came in one read.
    pub(super) fn add(&self, frames: u64, tokens: u64) {
        if self.window.get().is_some_and(|window| window.contains(clock::now())) {
            self.frames.fetch_add(frames, Ordering::Relaxed);
            self.tokens.fetch_add(tokens, Ordering::Relaxed);
        }
    }

    /// Waits until every watcher has seen the end of so many runs.
    pub(super) async fn has_seen(&self, runs: u64) -> Result<()> {
        let seen = async {
            loop {
                let progress = self.progress.notified();
                if self.ends.load(Ordering::Relaxed) >= runs * self.watchers {
                    return;
                }
                progress.await;
            }
        };
        let late = |_| BenchError::TimedOut { what: "the end of a run, at a watcher", seconds: PATIENCE.as_secs() };
        tokio::time::timeout(PATIENCE, seen).await.map_err(late)
    }

    pub(super) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    pub(super) fn snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }

    pub(super) fn lacking(&self) -> u64 {
        self.lacking.load(Ordering::Relaxed)
    }

    fn end(&self, lacking: u64) {
        self.lacking.fetch_add(lacking, Ordering::Relaxed);
        self.ends.fetch_add(1, Ordering::Relaxed);
        self.progress.notify_waiters();
    }
}

/// A connection that watches a session.
pub(super) struct Watcher {
    link: Link,
    audience: Arc<Audience>,
    /// Tokens of one answer.
    expected: u64,
}

impl Watcher {
    pub(super) async fn subscribe(
        setup: &Setup,
        session: &str,
        name: &str,
        tokens: usize,
        audience: &Arc<Audience>,
    ) -> Result<Self> {
        let mut link = Link::sign_in(setup, name).await?;
        let payload = json!({ "sessionId": session });
        let frame = json!({ "type": "session_subscribe", "id": "watch", "payload": payload, "timestamp": 0 });
        link.ask(&frame, |reply| reply.kind == "ack").await?;
        Ok(Self { link, audience: Arc::clone(audience), expected: tokens as u64 })
    }

    /// Watches for ever; to be cancelled.
    pub(super) async fn watch(&mut self) -> Result<()> {
        let Self { link, audience, expected } = self;
        let (mut so_far, mut is_whole) = (0, true);
        loop {
            let (mut frames, mut tokens) = (0, 0);
            link.receive(|frame| {
                match see(frame)? {
                    Seen::Tokens(number) => {
                        frames += 1;
                        tokens += number as u64;
                        so_far += number as u64;
                    }
                    Seen::Snapshot => {
                        is_whole = false;
                        audience.snapshots.fetch_add(1, Ordering::Relaxed);
                    }
                    Seen::Complete => {
                        audience.end(if is_whole { expected.abs_diff(so_far) } else { 0 });
                        (so_far, is_whole) = (0, true);
                    }
                    Seen::Other => {}
                }
                Ok(())
            })
            .await?;
            audience.add(frames, tokens);
        }
    }
}

/// What the agent is asked, so that the scripted model answers with `tokens` tokens.
pub(super) fn prompt(tokens: usize) -> String {
    format!("{}{tokens}", model::ASK)
}

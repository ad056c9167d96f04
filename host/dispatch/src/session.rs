//! A session's task: the one owner of its queue and of its running turn.
//!
//! The store is the truth: the task reads what is unfinished when it starts, so that a queue lost with a process, or with a
//! panic, is a queue found again. Turns run one at a time, in the order in which deliveries were accepted.

use crate::courier::Couriers;
use crate::hub::{Feed, RequestRef};
use crate::requests::Requests;
use crate::roster::SessionAgent;
use crate::turn::{self, Ended, TurnHandle};
use crate::{Limits, event::What};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wingman_message::{ClientId, Clock, DeliveryId, Origin, RequestId, SessionKey};
use wingman_store::{AgentStore, StoreError};

/// How long a session's task lives on without work.
const IDLE: Duration = Duration::from_secs(60);

/// What a session's task is asked.
pub(crate) enum Command {
    /// A delivery was accepted. Answers how many stand before it.
    Enqueue { ordinal: i64, waiting: Waiting, reply: oneshot::Sender<usize> },
    /// A client wants its request stopped.
    Cancel { client: ClientId, request: RequestId, reply: oneshot::Sender<Cancelled> },
}

/// What came of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The run is being stopped.
    Running,
    /// It waited, and will not be run.
    Queued,
    /// Nothing of that id is running or waiting.
    NotFound,
    /// It is another client's.
    Foreign,
}

/// A delivery that waits for its turn.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) delivery: DeliveryId,
    pub(crate) origin: RequestRef,
    /// It came through a channel, where its reply goes.
    pub(crate) is_channel: bool,
    /// Its client was told that it waits.
    pub(crate) was_queued: bool,
}

impl From<&Origin> for RequestRef {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Client { client, request } => Self { request: Some(request.clone()), client: Some(client.clone()) },
            Origin::Webhook { .. } | Origin::Channel { .. } => Self::default(),
        }
    }
}

/// What every session's task works with.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    /// One permit a run, over all sessions.
    pub(crate) runs: Arc<Semaphore>,
    pub(crate) requests: Requests,
    /// Replies on their way out.
    pub(crate) couriers: Arc<Couriers>,
    pub(crate) finished_runs: AtomicU64,
    /// No new turns.
    pub(crate) stop: CancellationToken,
    /// Drop the running ones, too: the next start resumes them.
    pub(crate) abort: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// A session's task, before it runs.
pub(crate) struct SessionTask {
    pub(crate) session: SessionKey,
    pub(crate) agent: SessionAgent,
    pub(crate) store: AgentStore,
    pub(crate) feed: Arc<Feed>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) mailbox: mpsc::Receiver<Command>,
}

struct Running {
    waiting: Waiting,
    turn: TurnHandle,
}

impl SessionTask {
    /// Runs until the session has been idle for a while and `retire` agrees that nobody is about to write to it.
    pub(crate) async fn run(mut self, retire: impl Fn(&mpsc::Receiver<Command>) -> bool) {
        let shared = Arc::clone(&self.shared);
        let Some(mut queue) = self.read_queue().await else { return };
        let mut running: Option<Running> = None;
        loop {
            let may_start = running.is_none() && !queue.is_empty() && !shared.stop.is_cancelled();
            // In order of urgency: a turn's end and the start of the next must not wait behind a flood of commands.
            tokio::select! {
                biased;
                () = shared.abort.cancelled() => return,
                () = shared.stop.cancelled(), if running.is_none() => return,
                ended = ended(&mut running), if running.is_some() => {
                    if let Some(finished) = running.take() {
                        self.finish(finished, ended).await;
                    }
                }
                permit = Arc::clone(&shared.runs).acquire_owned(), if may_start => {
                    // The semaphore is never closed.
                    let Ok(permit) = permit else { return };
                    if let Some((_, waiting)) = queue.pop_first() {
                        running = self.start(waiting, queue.len(), permit).await;
                    }
                }
                command = self.mailbox.recv() => match command {
                    Some(command) => self.obey(command, &mut queue, running.as_mut()).await,
                    None => return,
                },
                () = tokio::time::sleep(IDLE), if running.is_none() && queue.is_empty() => {
                    if retire(&self.mailbox) {
                        return;
                    }
                }
            }
        }
    }

    async fn read_queue(&self) -> Option<BTreeMap<i64, Waiting>> {
        let unfinished = turn::persist(&self.shared.abort, || self.store.unfinished_of(&self.session)).await?;
        let waiting = unfinished.into_iter().map(|one| {
            let is_channel = matches!(one.origin, Origin::Channel { .. });
            let origin = RequestRef::from(&one.origin);
            let waiting = Waiting { delivery: one.delivery, origin, is_channel, was_queued: false };
            self.shared.requests.insert(&waiting.origin, &self.session);
            (one.ordinal, waiting)
        });
        Some(waiting.collect())
    }

    async fn obey(&self, command: Command, queue: &mut BTreeMap<i64, Waiting>, running: Option<&mut Running>) {
        match command {
            Command::Enqueue { ordinal, waiting, reply } => {
                let is_running = running.as_ref().is_some_and(|running| running.waiting.delivery == waiting.delivery);
                // The task may have read it from the store already.
                let is_new = !is_running && !queue.contains_key(&ordinal);
                let position = if is_running { 0 } else { usize::from(running.is_some()) + queue.range(..ordinal).count() };
                if is_new {
                    queue.insert(ordinal, Waiting { was_queued: position > 0, ..waiting.clone() });
                }
                if position > 0 {
                    self.feed.publish(&waiting.origin, What::Queued { position });
                }
                let _ = reply.send(position);
            }
            Command::Cancel { client, request, reply } => {
                let _ = reply.send(self.cancel(&client, &request, queue, running).await);
            }
        }
    }

    async fn cancel(
        &self,
        client: &ClientId,
        request: &RequestId,
        queue: &mut BTreeMap<i64, Waiting>,
        running: Option<&mut Running>,
    ) -> Cancelled {
        let names = |waiting: &Waiting| waiting.origin.request.as_ref() == Some(request);
        let is_own = |waiting: &Waiting| waiting.origin.client.as_ref() == Some(client);
        if let Some(running) = running
            && names(&running.waiting)
        {
            if !is_own(&running.waiting) {
                return Cancelled::Foreign;
            }
            running.turn.cancel();
            return Cancelled::Running;
        }
        let Some((ordinal, waiting)) = queue.iter().find(|(_, waiting)| names(waiting)).map(|(o, w)| (*o, w.clone())) else {
            return Cancelled::NotFound;
        };
        if !is_own(&waiting) {
            return Cancelled::Foreign;
        }
        match self.store.cancel_pending(waiting.delivery).await {
            Ok(was_pending) => {
                queue.remove(&ordinal);
                self.shared.requests.remove(&waiting.origin);
                if !was_pending {
                    return Cancelled::NotFound;
                }
                self.feed.publish(&waiting.origin, What::Failed { answer: None, error: "the request was cancelled".into() });
                Cancelled::Queued
            }
            Err(error) => {
                tracing::warn!(session = %self.session, %error, "a waiting request could not be cancelled");
                Cancelled::NotFound
            }
        }
    }

    async fn start(&self, waiting: Waiting, remaining: usize, permit: OwnedSemaphorePermit) -> Option<Running> {
        if waiting.was_queued && waiting.origin.request.is_some() {
            self.feed.publish(&waiting.origin, What::Dequeued { remaining });
        }
        let Some(turn) = turn::start(self, &waiting, permit).await else {
            // The process is ending, or the store refuses for good and has said why to the log.
            let error = "the request could not be started; the gateway's log says why".into();
            self.feed.publish(&waiting.origin, What::Failed { answer: None, error });
            self.shared.requests.remove(&waiting.origin);
            return None;
        };
        Some(Running { waiting, turn })
    }

    async fn finish(&self, running: Running, ended: Ended) {
        turn::finish(self, &running.waiting, ended).await;
        self.shared.requests.remove(&running.waiting.origin);
        self.shared.finished_runs.fetch_add(1, Ordering::Relaxed);
    }

    /// Does what `write` does until it is done; none when the process ends first.
    pub(crate) async fn persist<T, F>(&self, write: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        turn::persist(&self.shared.abort, write).await
    }
}

async fn ended(running: &mut Option<Running>) -> Ended {
    match running {
        Some(running) => running.turn.ended().await,
        None => std::future::pending().await,
    }
}

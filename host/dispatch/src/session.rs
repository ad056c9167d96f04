//! A session's task: the one owner of its queue and of its running turn.
//!
//! The store is the truth: the task reads what is unfinished when it starts, so that a queue lost with a process, or with a
//! panic, is a queue found again. Turns run one at a time; `queue` says in which order.

use crate::courier::Couriers;
use crate::hub::{Feed, RequestRef};
use crate::queue::{Party, Queue, Waiting};
use crate::registry::Registry;
use crate::requests::Requests;
use crate::roster::SessionAgent;
use crate::turn::{self, Ended, News, TurnHandle};
use crate::{Folders, Limits, event::What};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wingman_message::{ClientId, Clock, DeliveryId, Message, Origin, QueueMode, RequestId, RunId, SessionKey};
use wingman_store::{AgentStore, Amended, NewDelivery, StoreError};

/// How long a session's task lives on without work.
const IDLE: Duration = Duration::from_secs(60);
/// Why a request that was cancelled before its turn has no answer.
const CANCELLED: &str = "the request was cancelled";

/// What a session's task is asked.
pub(crate) enum Command {
    /// A delivery was accepted. Answers how many stand before it.
    Enqueue { ordinal: i64, waiting: Waiting, reply: oneshot::Sender<usize> },
    /// A client wants its request stopped.
    Cancel { client: ClientId, request: RequestId, reply: oneshot::Sender<Cancelled> },
    /// Nobody waits for the delivery any more.
    Stop { delivery: DeliveryId, reply: oneshot::Sender<()> },
    /// A question of the session was answered; the store knows which, and how.
    Answered,
    /// A network edits, deletes or reacts to what came in before.
    Amend { new: Box<NewDelivery>, reply: oneshot::Sender<Result<Amended, StoreError>> },
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

impl From<&Origin> for RequestRef {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Client { client, request } => Self { request: Some(request.clone()), client: Some(client.clone()) },
            Origin::Webhook { .. } | Origin::Channel { .. } | Origin::Delegate { .. } => Self::default(),
        }
    }
}

/// What every session's task works with.
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) folders: Folders,
    /// One permit a run that does something, over all sessions.
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
    pub(crate) registry: Weak<Registry>,
    pub(crate) mailbox: mpsc::Receiver<Command>,
}

struct Running {
    party: Party,
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
                news = news(&mut running), if running.is_some() => match news {
                    News::Ended(ended) => if let Some(finished) = running.take() {
                        self.finish(finished, *ended).await;
                    },
                    News::Boundary(boundary) => if let Some(running) = running.as_mut() {
                        let messages = self.let_join(&mut queue, running, boundary.number).await;
                        let _ = boundary.reply.send(messages);
                    },
                },
                permit = Arc::clone(&shared.runs).acquire_owned(), if may_start => {
                    // The semaphore is never closed.
                    let Ok(permit) = permit else { return };
                    if let Some(party) = queue.take_next() {
                        running = self.start(party, &queue, permit).await;
                    }
                }
                command = self.mailbox.recv() => match command {
                    Some(command) => self.obey(command, &mut queue, &mut running).await,
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

    async fn read_queue(&self) -> Option<Queue> {
        let unfinished = turn::persist(&self.shared.abort, || self.store.unfinished_of(&self.session)).await?;
        let queue = Queue::read(&unfinished);
        for waiting in queue.all() {
            self.shared.requests.insert(&waiting.origin, &self.session);
        }
        Some(queue)
    }

    async fn obey(&self, command: Command, queue: &mut Queue, running: &mut Option<Running>) {
        match command {
            Command::Enqueue { ordinal, waiting, reply } => {
                let _ = reply.send(self.enqueue(ordinal, waiting, queue, running.as_ref()));
            }
            Command::Cancel { client, request, reply } => {
                let _ = reply.send(self.cancel(&client, &request, queue, running.as_mut()).await);
            }
            Command::Stop { delivery, reply } => {
                match running.as_ref().filter(|running| running.party.lead.delivery == delivery) {
                    Some(running) => running.turn.cancel(),
                    None => {
                        if let Some((ordinal, waiting)) = queue.find_delivery(delivery).map(|(o, w)| (o, w.clone())) {
                            self.cancel_waiting(ordinal, &waiting, queue).await;
                        }
                    }
                }
                let _ = reply.send(());
            }
            Command::Answered => {
                if let Some(running) = running {
                    running.turn.answered();
                }
            }
            Command::Amend { new, reply } => {
                let _ = reply.send(self.amend(*new, queue).await);
            }
        }
    }

    /// Returns how many stand before the delivery.
    fn enqueue(&self, ordinal: i64, waiting: Waiting, queue: &mut Queue, running: Option<&Running>) -> usize {
        let is_running = running.is_some_and(|running| {
            let Party { lead, joined } = &running.party;
            lead.delivery == waiting.delivery || joined.iter().any(|joined| joined.delivery == waiting.delivery)
        });
        if is_running {
            return 0;
        }
        let position = usize::from(running.is_some()) + queue.before(ordinal, waiting.mode);
        let (origin, mode) = (waiting.origin.clone(), waiting.mode);
        // The task may have read it from the store already.
        if !queue.contains(ordinal) {
            queue.insert(ordinal, Waiting { was_queued: position > 0, ..waiting });
        }
        if position > 0 {
            self.feed.publish(&origin, What::Queued { position });
        }
        if let (Some(running), QueueMode::Interrupt) = (running, mode) {
            running.turn.cancel();
        }
        position
    }

    async fn cancel(
        &self,
        client: &ClientId,
        request: &RequestId,
        queue: &mut Queue,
        running: Option<&mut Running>,
    ) -> Cancelled {
        let is_own = |waiting: &Waiting| waiting.origin.client.as_ref() == Some(client);
        let in_turn = running.as_ref().and_then(|running| running.party.find(client, request)).cloned();
        if let (Some(running), Some(waiting)) = (running, in_turn.as_ref().filter(|waiting| is_own(waiting))) {
            if waiting.delivery == running.party.lead.delivery {
                running.turn.cancel();
            } else if self.leave(waiting).await {
                running.party.joined.retain(|joined| joined.delivery != waiting.delivery);
            }
            return Cancelled::Running;
        }
        let found = queue.find(client, request).map(|(ordinal, waiting)| (ordinal, waiting.clone()));
        if let Some((ordinal, waiting)) = found.as_ref().filter(|(_, waiting)| is_own(waiting)) {
            return self.cancel_waiting(*ordinal, waiting, queue).await;
        }
        let joined = queue.find_joined(client, request).cloned();
        if let Some(waiting) = joined.as_ref().filter(|waiting| is_own(waiting)) {
            if self.leave(waiting).await {
                queue.remove_joined(waiting.delivery);
            }
            return Cancelled::Running;
        }
        let is_foreign = in_turn.is_some() || found.is_some() || joined.is_some();
        if is_foreign { Cancelled::Foreign } else { Cancelled::NotFound }
    }

    async fn cancel_waiting(&self, ordinal: i64, waiting: &Waiting, queue: &mut Queue) -> Cancelled {
        match self.store.cancel_pending(waiting.delivery).await {
            Ok(true) => {
                self.forget_waiting(ordinal, waiting, queue);
                Cancelled::Queued
            }
            Ok(false) if waiting.is_open => {
                queue.stop(ordinal);
                Cancelled::Running
            }
            Ok(false) => {
                queue.remove(ordinal);
                Cancelled::NotFound
            }
            Err(error) => {
                tracing::warn!(session = %self.session, %error, "a waiting request could not be cancelled");
                Cancelled::NotFound
            }
        }
    }

    /// The delivery was cancelled before its turn.
    fn forget_waiting(&self, ordinal: i64, waiting: &Waiting, queue: &mut Queue) {
        queue.remove(ordinal);
        self.shared.requests.remove(&waiting.origin);
        self.feed.publish(&waiting.origin, What::Failed { answer: None, error: CANCELLED.into() });
    }

    /// Takes an edit, a deletion or a reaction. Here and nowhere else, so that no turn begins meanwhile with what it takes back.
    async fn amend(&self, new: NewDelivery, queue: &mut Queue) -> Result<Amended, StoreError> {
        let amended = self.store.amend(new).await?;
        if let Amended::Cancelled(delivery) = amended
            && let Some((ordinal, waiting)) = queue.find_delivery(delivery).map(|(ordinal, waiting)| (ordinal, waiting.clone()))
        {
            self.forget_waiting(ordinal, &waiting, queue);
        }
        Ok(amended)
    }

    /// A request that has joined a turn ends here; the turn goes on for the others.
    async fn leave(&self, waiting: &Waiting) -> bool {
        match self.store.leave_turn(waiting.delivery).await {
            Ok(_) => {
                self.shared.requests.remove(&waiting.origin);
                self.feed
                    .publish(&waiting.origin, What::JoinedEnded { answer: None, error: Some(CANCELLED.into()), usage: None });
                true
            }
            Err(error) => {
                tracing::warn!(session = %self.session, %error, "a request could not leave the turn that it joined");
                false
            }
        }
    }

    /// Lets those who want to join the turn, whose journal has `number` steps; returns what they say.
    async fn let_join(&self, queue: &mut Queue, running: &mut Running, number: u32) -> Vec<Message> {
        let mut said = Vec::new();
        let (run, store) = (running.turn.run(), &self.store);
        for (ordinal, waiting) in queue.steers() {
            let number = number.saturating_add(u32::try_from(said.len()).unwrap_or(u32::MAX));
            let first_seq = self.feed.allocate(wingman_store::MAX_MESSAGES_PER_DELIVERY);
            let joined = self.persist(|| store.join_turn(run, waiting.delivery, number, first_seq)).await;
            let Some(messages) = joined else { break };
            queue.remove(ordinal);
            if messages.is_empty() {
                continue;
            }
            for message in &messages {
                self.feed.publish_at(message.seq, &waiting.origin, What::UserMessage(Arc::new(message.clone())));
            }
            let into = running.party.lead.origin.request.clone();
            self.feed.publish(&waiting.origin, What::Joined { run, into, steered: true });
            said.extend(messages);
            running.party.joined.push(waiting);
        }
        said
    }

    async fn start(&self, party: Party, queue: &Queue, permit: OwnedSemaphorePermit) -> Option<Running> {
        let lead = &party.lead;
        if lead.was_queued && lead.origin.request.is_some() {
            self.feed.publish(&lead.origin, What::Dequeued { remaining: queue.len() });
        }
        // One that was begun before somebody interrupted it, or whose parent has ended, is taken up only to be stopped.
        let is_stopped = lead.is_stopped || (lead.is_open && queue.interrupts()) || self.is_orphan(lead).await;
        let Some(turn) = turn::start(self, &party, permit, is_stopped).await else {
            // The process is ending, or the store refuses for good and has said why to the log.
            let error: Arc<str> = "the request could not be started; the gateway's log says why".into();
            self.feed.publish(&lead.origin, What::Failed { answer: None, error: Arc::clone(&error) });
            for joined in &party.joined {
                self.feed
                    .publish(&joined.origin, What::JoinedEnded { answer: None, error: Some(Arc::clone(&error)), usage: None });
            }
            self.forget(&party);
            return None;
        };
        Some(Running { party, turn })
    }

    /// The run that waited for this one has ended.
    async fn is_orphan(&self, lead: &Waiting) -> bool {
        let (Some(parent), Some(registry)) = (&lead.parent, self.registry.upgrade()) else { return false };
        let (agent, run): (_, RunId) = (parent.session.agent(), parent.run);
        let is_open = self.persist(|| async { registry.store.agent(agent).await?.is_open(run).await }).await;
        is_open == Some(false)
    }

    async fn finish(&self, running: Running, ended: Ended) {
        if ended.is_suspended() {
            return;
        }
        turn::finish(self, &running.party, ended).await;
        self.forget(&running.party);
        self.shared.finished_runs.fetch_add(1, Ordering::Relaxed);
    }

    fn forget(&self, party: &Party) {
        for waiting in std::iter::once(&party.lead).chain(&party.joined) {
            self.shared.requests.remove(&waiting.origin);
        }
    }

    /// Does what `write` does until it is done; none when the process ends first.
    pub(crate) async fn persist<T, F>(&self, write: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        turn::persist(&self.shared.abort, write).await
    }
}

async fn news(running: &mut Option<Running>) -> News {
    match running {
        Some(running) => running.turn.news().await,
        None => std::future::pending().await,
    }
}

//! Which sessions have a task, and how to reach it.

use crate::error::Refused;
use crate::hub::{Hub, lock};
use crate::queue::Waiting;
use crate::roster::{Roster, SessionAgent};
use crate::session::{Command, SessionTask, Shared};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use wingman_message::{AgentId, AgentRuntime, SessionKey};
use wingman_store::{Amended, NewDelivery, Store};

/// How many commands may wait for a session's task; senders wait beyond that.
const MAILBOX: usize = 64;
/// The pause before a session's task that crashed a second time is started again; it doubles with each that follows.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A session's task on its way to life.
type Starting<'a> = Pin<Box<dyn Future<Output = Result<mpsc::Sender<Command>, Refused>> + Send + 'a>>;

/// The tasks of live sessions.
pub(crate) struct Registry {
    pub(crate) roster: Roster,
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) shared: Arc<Shared>,
    /// Held to look up, add and remove, never across an await.
    tasks: Mutex<HashMap<SessionKey, mpsc::Sender<Command>>>,
    /// Itself: what tasks that it starts reach it by.
    own: Weak<Registry>,
}

impl Registry {
    pub(crate) fn new(roster: Roster, store: Store, hub: Hub, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new_cyclic(|own| Self { roster, store, hub, shared, tasks: Mutex::default(), own: Weak::clone(own) })
    }

    pub(crate) fn agent(&self, id: &AgentId) -> Result<Arc<dyn AgentRuntime>, Refused> {
        self.roster.agent(id)
    }

    pub(crate) fn agents(&self) -> Vec<Arc<dyn AgentRuntime>> {
        self.roster.agents()
    }

    /// The mailbox of the session's task, which is started where there is none.
    pub(crate) async fn task(&self, session: &SessionKey) -> Result<mpsc::Sender<Command>, Refused> {
        self.task_after(session, 0).await
    }

    /// Tells the session's task of an accepted delivery; returns how many stand before it.
    pub(crate) async fn enqueue(&self, session: &SessionKey, ordinal: i64, waiting: Waiting) -> Result<usize, Refused> {
        self.shared.requests.insert(&waiting.origin, session);
        let (reply, position) = oneshot::channel();
        let mailbox = self.task(session).await?;
        let told = mailbox.send(Command::Enqueue { ordinal, waiting, reply }).await;
        // A task that just ended has left the delivery in the store, where the next one finds it.
        Ok(if told.is_ok() { position.await.unwrap_or(0) } else { 0 })
    }

    /// Has the session's task take an edit, a deletion or a reaction.
    pub(crate) async fn amend(&self, new: NewDelivery) -> Result<Amended, Refused> {
        let mailbox = self.task(&new.session).await?;
        let (reply, amended) = oneshot::channel();
        // A task that ends has stored it or not; whoever hands it over again is told the same.
        mailbox.send(Command::Amend { new: Box::new(new), reply }).await.map_err(|_| Refused::ShuttingDown)?;
        Ok(amended.await.map_err(|_| Refused::ShuttingDown)??)
    }

    /// As [`Self::task`], where the session's task has crashed so often in a row. Boxed, because a session's task starts others:
    /// for tasks that are handed over, and for those that crashed.
    fn task_after<'a>(&'a self, session: &'a SessionKey, crashes: u32) -> Starting<'a> {
        Box::pin(self.start_task(session, crashes))
    }

    async fn start_task(&self, session: &SessionKey, crashes: u32) -> Result<mpsc::Sender<Command>, Refused> {
        if let Some(mailbox) = self.live_task(session) {
            return Ok(mailbox);
        }
        let agent = SessionAgent::new(session.agent().clone(), self.roster.clone())?;
        let store = self.store.agent(session.agent()).await?;
        let feed = self.hub.feed(session).await?;

        let mut tasks = lock(&self.tasks);
        if let Some(mailbox) = tasks.get(session).filter(|mailbox| !mailbox.is_closed()) {
            return Ok(mailbox.clone());
        }
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        tasks.insert(session.clone(), sender.clone());
        let (shared, registry) = (Arc::clone(&self.shared), Weak::clone(&self.own));
        let task = SessionTask { session: session.clone(), agent, store, feed, shared, registry, mailbox };
        let (own, key) = (Weak::clone(&self.own), session.clone());
        let retire = move |mailbox: &mpsc::Receiver<Command>| {
            let Some(registry) = own.upgrade() else { return true };
            let mut all = lock(&registry.tasks);
            // The registry's own sender is one; any other belongs to somebody who is about to write.
            let unused = mailbox.is_empty() && mailbox.sender_strong_count() == 1;
            if unused {
                all.remove(&key);
            }
            unused
        };
        let running = self.shared.tasks.spawn(task.run(retire));
        let (own, key, of_task) = (Weak::clone(&self.own), session.clone(), sender.downgrade());
        self.shared.tasks.spawn(async move {
            let ended = running.await;
            let Some(registry) = own.upgrade() else { return };
            {
                let mut all = lock(&registry.tasks);
                let is_own = of_task.upgrade().is_some_and(|own| all.get(&key).is_some_and(|current| current.same_channel(&own)));
                if is_own {
                    all.remove(&key);
                }
            }
            if let Err(panic) = ended {
                tracing::error!(session = %key, %panic, crashes, "a session's task crashed; the next one finds its work in the store");
                registry.take_up_again(&key, crashes).await;
            }
        });
        Ok(sender)
    }

    /// Starts the task of a session whose last one crashed: at once, and, where that helps nothing, after ever longer pauses.
    async fn take_up_again(&self, session: &SessionKey, crashes: u32) {
        if let Some(again) = crashes.checked_sub(1) {
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(again)).min(LONGEST_PAUSE);
            tokio::select! {
                () = self.shared.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
        if self.shared.stop.is_cancelled() {
            return;
        }
        if let Err(refused) = self.task_after(session, crashes.saturating_add(1)).await {
            tracing::error!(%session, %refused, "a session's task could not be started again");
        }
    }

    pub(crate) fn live_task(&self, session: &SessionKey) -> Option<mpsc::Sender<Command>> {
        lock(&self.tasks).get(session).filter(|mailbox| !mailbox.is_closed()).cloned()
    }

    pub(crate) fn live_count(&self) -> usize {
        lock(&self.tasks).len()
    }
}

//! Which sessions have a task, and how to reach it.

use crate::error::Refused;
use crate::hub::{Hub, lock};
use crate::roster::{Roster, SessionAgent};
use crate::session::{Command, SessionTask, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use wingman_message::{AgentId, AgentRuntime, SessionKey};
use wingman_store::Store;

/// How many commands may wait for a session's task; senders wait beyond that.
const MAILBOX: usize = 64;

/// The tasks of live sessions.
pub(crate) struct Registry {
    pub(crate) roster: Roster,
    store: Store,
    pub(crate) hub: Hub,
    pub(crate) shared: Arc<Shared>,
    /// Held to look up, add and remove, never across an await.
    tasks: Arc<Mutex<HashMap<SessionKey, mpsc::Sender<Command>>>>,
}

impl Registry {
    pub(crate) fn new(roster: Roster, store: Store, hub: Hub, shared: Arc<Shared>) -> Self {
        Self { roster, store, hub, shared, tasks: Arc::default() }
    }

    pub(crate) fn agent(&self, id: &AgentId) -> Result<Arc<dyn AgentRuntime>, Refused> {
        self.roster.agent(id)
    }

    pub(crate) fn agents(&self) -> Vec<Arc<dyn AgentRuntime>> {
        self.roster.agents()
    }

    /// The mailbox of the session's task, which is started where there is none.
    pub(crate) async fn task(&self, session: &SessionKey) -> Result<mpsc::Sender<Command>, Refused> {
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
        let task = SessionTask { session: session.clone(), agent, store, feed, shared: Arc::clone(&self.shared), mailbox };
        let (all, key) = (Arc::clone(&self.tasks), session.clone());
        let retire = move |mailbox: &mpsc::Receiver<Command>| {
            let mut all = lock(&all);
            // The registry's own sender is one; any other belongs to somebody who is about to write.
            let unused = mailbox.is_empty() && mailbox.sender_strong_count() == 1;
            if unused {
                all.remove(&key);
            }
            unused
        };
        let (all, key, own) = (Arc::clone(&self.tasks), session.clone(), sender.downgrade());
        let running = self.shared.tasks.spawn(task.run(retire));
        self.shared.tasks.spawn(async move {
            if let Err(panic) = running.await {
                // The next command, or the next start, finds the queue in the store.
                tracing::error!(session = %key, %panic, "a session's task crashed");
            }
            let mut all = lock(&all);
            let is_own = own.upgrade().is_some_and(|own| all.get(&key).is_some_and(|current| current.same_channel(&own)));
            if is_own {
                all.remove(&key);
            }
        });
        Ok(sender)
    }

    pub(crate) fn live_task(&self, session: &SessionKey) -> Option<mpsc::Sender<Command>> {
        lock(&self.tasks).get(session).filter(|mailbox| !mailbox.is_closed()).cloned()
    }

    pub(crate) fn live_count(&self) -> usize {
        lock(&self.tasks).len()
    }
}
